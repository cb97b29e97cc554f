"""Requests to $cbs and to management nodes, with the AMQP type of every field of their answers; and batch delete."""

import re
import time

from proton import Message, int32, symbol, timestamp, uint

import callboard
import wire
from wire import elements, lock_token, longs, uuids
from wire_protocol import checks, client, endpoint, equal, is_kind, queue, well_formed

# The real service's texts end in this: a support engineer asks for it.
TRACKING = re.compile(r"TrackingId:\S+, SystemTracker:\S.*, Timestamp:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def fill(client, name, count, **properties):
    sender = client.sender(name)
    for number in range(count):
        state, _ = client.send(sender, Message(body=f"{name} {number}", id=f"m-{number}", **properties))
        equal(state, wire.ACCEPTED)


@checks.step("$cbs answers put-token with status-code, an int, and status-description, a string")
def put_token():
    name = queue.token
    with client() as raw:
        resource = f"sb://{endpoint()}/{name}"
        answer = raw.put_token(resource, callboard.signature(resource))
        is_kind(answer.properties["status-code"], "int")
        is_kind(answer.properties["status-description"], "string")
        equal(answer.properties["status-code"], 202)
        for token, text in (
            (callboard.signature(resource, key="wrong"), "InvalidSignature"),
            (callboard.signature(resource, seconds=-5), "ExpiredToken"),
            ("nonsense", "InvalidToken"),
        ):
            answer = raw.put_token(resource, token)
            equal(answer.properties["status-code"], 401, text)
            assert text in answer.properties["status-description"], answer.properties


@checks.step("SASL PLAIN with a rule's name and key takes the place of a token")
def plain():
    name = queue.plain
    with client(user="SendOnly") as raw:
        fill(raw, name, 1)
        try:
            raw.receiver(name, credit=1)
            raise AssertionError("a rule that may only send received")
        except wire.Refused as refused:
            equal(refused.condition, "amqp:unauthorized-access")
            assert "'Listen' claim" in refused.text, refused.text
    with client(user="ListenOnly") as raw:
        ((message, _),) = raw.take(raw.receiver(name), 1)
        equal(message.body, f"{name} 0")


@checks.step("addresses are found as a path, with a slash, and as a URI of either scheme")
def addresses():
    name = queue.addresses
    with client() as raw:
        for address in (name, f"/{name}", f"amqps://{endpoint()}/{name}", f"sb://{endpoint()}/{name}", name.upper()):
            fill_one = raw.sender(address)
            equal(raw.send(fill_one, Message(body=address))[0], wire.ACCEPTED)
            equal(fill_one.remote_target.address, address, "the attach echoes the address")
        equal(len(raw.bodies(name)), 5)


@checks.step("a transfer carries the annotations of the service, each with its type, and the lock token as a .NET Guid in its tag")
def annotations():
    name = queue.annotations
    with client() as raw:
        fill(raw, name, 1)
        receiver = raw.receiver(name)
        ((message, delivery),) = raw.take(receiver, 1)
        kinds = {
            "x-opt-sequence-number": "long",
            "x-opt-enqueue-sequence-number": "long",
            "x-opt-enqueued-time": "timestamp",
            "x-opt-locked-until": "timestamp",
        }
        for key, expected in kinds.items():
            is_kind(message.annotations[symbol(key)], expected, key)
        token = message.instructions[symbol("x-opt-lock-token")]
        is_kind(token, "uuid", "x-opt-lock-token")
        equal(lock_token(delivery), token, "the tag is the token with its first three groups turned round")
        equal(message.delivery_count, 0, "delivery-count of a first delivery")
        renewed = well_formed(raw.manage(name, "renew-lock", {"lock-tokens": uuids(token)}))
        equal(renewed.status, 200, renewed.text)
        is_kind(renewed.body["expirations"], "array of timestamp")
        assert elements(renewed.body["expirations"])[0] >= message.annotations[symbol("x-opt-locked-until")]
        equal(raw.settle(delivery, wire.ACCEPTED), (wire.ACCEPTED, None))
        equal(raw.peek(name), [])


@checks.step("peek-message gives a list of maps with the whole message as binary; none is 204")
def peeks():
    name = queue.peeks
    with client() as raw:
        none = well_formed(raw.manage(name, "peek-message", {"from-sequence-number": 1, "message-count": int32(10)}))
        equal((none.status, none.condition), (204, "com.microsoft:message-not-found"))
        fill(raw, name, 3)
        some = well_formed(raw.manage(name, "peek-message", {"from-sequence-number": 2, "message-count": int32(10)}))
        equal(some.status, 200)
        is_kind(some.body["messages"], "list")
        for entry in some.body["messages"]:
            is_kind(entry, "map")
            equal(list(entry), ["message"])
            is_kind(entry["message"], "binary")
        messages = [wire.decoded(entry["message"]) for entry in some.body["messages"]]
        equal([each.body for each in messages], [f"{name} 1", f"{name} 2"])
        equal([each.annotations[symbol("x-opt-sequence-number")] for each in messages], [2, 3])
        is_kind(messages[0].annotations[symbol("x-opt-message-state")], "int")


@checks.step("schedule-message and cancel-scheduled-message deal in arrays of long")
def schedules():
    name = queue.schedules
    due = wire.now() + 3_600_000
    with client() as raw:
        entries = []
        for number in range(3):
            message = Message(id=f"s-{number}", body=number, annotations={symbol("x-opt-scheduled-enqueue-time"): timestamp(due)})
            entries.append({"message-id": f"s-{number}", "message": message.encode()})
        answer = well_formed(raw.manage(name, "schedule-message", {"messages": entries}))
        equal(answer.status, 200, answer.text)
        is_kind(answer.body["sequence-numbers"], "array of long")
        numbers = elements(answer.body["sequence-numbers"])
        equal(len(set(numbers)), 3)
        peeked = raw.peek(name)
        equal([int(each.annotations[symbol("x-opt-message-state")]) for each in peeked], [2, 2, 2])
        equal([int(each.annotations[symbol("x-opt-scheduled-enqueue-time")]) for each in peeked], [due] * 3)
        equal(well_formed(raw.manage(name, "cancel-scheduled-message", {"sequence-numbers": longs(*numbers[:2])})).status, 200)
        gone = well_formed(raw.manage(name, "cancel-scheduled-message", {"sequence-numbers": longs(numbers[0])}))
        equal((gone.status, gone.condition), (404, "com.microsoft:message-not-found"))
        equal(raw.bodies(name), [2])


@checks.step("deferred messages come with lock tokens as uuid, and update-disposition settles them in every way")
def deferred():
    name = queue.deferred
    with client() as raw:
        fill(raw, name, 4)
        for _, delivery in raw.take(raw.receiver(name), 4):
            equal(raw.settle(delivery, wire.MODIFIED, failed=True, undeliverable=True)[0], wire.MODIFIED)
        wanted = {"sequence-numbers": longs(1, 2, 3, 4), "receiver-settle-mode": uint(1)}
        answer = well_formed(raw.manage(name, "receive-by-sequence-number", wanted))
        equal(answer.status, 200, answer.text)
        tokens = []
        for entry in answer.body["messages"]:
            equal(sorted(entry), ["lock-token", "message"])
            is_kind(entry["lock-token"], "uuid")
            tokens.append(entry["lock-token"])
        ways = (
            ("completed", {}),
            ("abandoned", {"properties-to-modify": {"tried": int32(1)}}),
            ("defered", {}),
            ("suspended", {"deadletter-reason": "Because", "deadletter-description": "of a test"}),
        )
        for token, (status, details) in zip(tokens, ways):
            request = {"disposition-status": status, "lock-tokens": uuids(token), **details}
            settled = well_formed(raw.manage(name, "update-disposition", request))
            equal((settled.status, settled.body), (200, {}), status)
        left = raw.peek(name)
        equal([(each.body, int(each.annotations[symbol("x-opt-message-state")])) for each in left], [(f"{name} 1", 1), (f"{name} 2", 1)])
        equal(left[0].properties, {"tried": 1})
        (dead,) = raw.peek(f"{name}/$DeadLetterQueue")
        equal(dead.properties, {"DeadLetterReason": "Because", "DeadLetterErrorDescription": "of a test"})
        lost = well_formed(raw.manage(name, "update-disposition", {"disposition-status": "completed", "lock-tokens": uuids(tokens[0])}))
        equal((lost.status, lost.condition), (410, "com.microsoft:message-lock-lost"))
        assert TRACKING.search(lost.text), lost.text
        absent = well_formed(raw.manage(name, "receive-by-sequence-number", wanted))
        equal((absent.status, absent.condition), (404, "com.microsoft:message-not-found"))


@checks.step("properties changed on abandoning come back with the message, with their types")
def abandons_with_properties():
    name = queue.abandons
    with client() as raw:
        fill(raw, name, 1, properties={"kept": "yes", "changed": "old"})
        receiver = raw.receiver(name)
        ((_, delivery),) = raw.take(receiver, 1)
        changes = {symbol("changed"): "new", symbol("added"): int32(7)}
        equal(raw.settle(delivery, wire.MODIFIED, failed=True, undeliverable=False, annotations=changes)[0], wire.MODIFIED)
        ((message, delivery),) = raw.take(receiver, 1)
        equal(message.properties, {"kept": "yes", "changed": "new", "added": 7})
        is_kind(message.properties["added"], "int")
        equal(message.delivery_count, 1)
        raw.settle(delivery, wire.ACCEPTED)


@checks.step("releasing gives a message back at once and does not count, as does .NET's abandon without delivery-failed count")
def releases():
    name = queue.releases
    with client() as raw:
        fill(raw, name, 1)
        receiver = raw.receiver(name)
        for _ in range(3):
            ((message, delivery),) = raw.take(receiver, 1)
            equal(message.delivery_count, 0)
            equal(raw.settle(delivery, wire.RELEASED), (wire.RELEASED, None))
        ((message, delivery),) = raw.take(receiver, 1)
        equal(message.delivery_count, 0)
        raw.settle(delivery, wire.ACCEPTED)
        equal(raw.peek(name), [])


@checks.step("requests for a session answer with timestamp, binary or null")
def sessions():
    name = queue.sessions
    with client() as raw:
        fill(raw, name, 2, group_id="a")
        receiver = raw.receiver(name, filters={"com.microsoft:session-filter": "a"})
        receiver.remote_source.filter.rewind()
        receiver.remote_source.filter.next()
        accepted = receiver.remote_source.filter.get_dict()
        equal(accepted, {symbol("com.microsoft:session-filter"): "a"}, "the filter of the answer")
        until = receiver.remote_properties[symbol("com.microsoft:locked-until-utc")]
        is_kind(until, "long", "com.microsoft:locked-until-utc")
        seconds = (until - 621_355_968_000_000_000) / 1e7 - time.time()
        assert 50 < seconds < 61, f"the session is locked for {seconds} s"
        got = well_formed(raw.manage(name, "get-session-state", {"session-id": "a"}))
        equal((got.status, got.body), (200, {"session-state": None}))
        equal(well_formed(raw.manage(name, "set-session-state", {"session-id": "a", "session-state": b"state"})).status, 200)
        got = well_formed(raw.manage(name, "get-session-state", {"session-id": "a"}))
        is_kind(got.body["session-state"], "binary")
        equal(bytes(got.body["session-state"]), b"state")
        renewed = well_formed(raw.manage(name, "renew-session-lock", {"session-id": "a"}))
        is_kind(renewed.body["expiration"], "timestamp")
        everything = {"last-updated-time": timestamp(253_402_300_800_000), "skip": int32(0), "top": int32(100)}
        listed = well_formed(raw.manage(name, "get-message-sessions", everything))
        equal(listed.status, 200)
        is_kind(listed.body["skip"], "int")
        is_kind(listed.body["sessions-ids"], "array of string")
        equal(elements(listed.body["sessions-ids"]), ["a"])
        none = well_formed(raw.manage(name, "get-message-sessions", {**everything, "skip": int32(1)}))
        equal((none.status, none.condition), (204, "com.microsoft:session-not-found"))
        lost = well_formed(raw.manage(name, "renew-session-lock", {"session-id": "nobody"}))
        equal((lost.status, lost.condition), (410, "com.microsoft:session-lock-lost"))


@checks.step("an unknown operation, a missing field and a wrong type are refused, and the node lives on")
def bad_requests():
    name = queue.bad
    with client() as raw:
        unknown = well_formed(raw.manage(name, "no-such-operation", {}))
        equal((unknown.status, unknown.condition), (501, "amqp:not-implemented"))
        for operation in ("peek-message", "renew-lock", "update-disposition", "cancel-scheduled-message", "batch-delete-messages"):
            for body in ({}, {"lock-tokens": "text", "from-sequence-number": "text", "sequence-numbers": {}, "message-count": "x"}):
                answer = well_formed(raw.manage(name, operation, body))
                equal((answer.status, answer.condition), (400, "com.microsoft:argument-error"), f"{operation} {body}")
        request = {"from-sequence-number": 1, "message-count": int32(1)}
        tracked = raw.manage(name, "peek-message", request, **{"com.microsoft:tracking-id": "t-1"})
        equal(tracked.properties["com.microsoft:tracking-id"], "t-1", "the tracking id comes back")


def delete(raw, name, count, cutoff=None, **more):
    cutoff = timestamp(wire.now() + 60_000 if cutoff is None else cutoff)
    return well_formed(raw.manage(name, "batch-delete-messages", {"message-count": int32(count), "enqueued-time-utc": cutoff, **more}))


@checks.step("batch delete removes the oldest first, says how many as an int, and 204 when there are none")
def batch_delete():
    name = queue.delete
    with client() as raw:
        fill(raw, name, 10)
        answer = delete(raw, name, 4)
        equal(answer.status, 200, answer.text)
        is_kind(answer.body["message-count"], "int")
        equal(answer.body, {"message-count": 4})
        equal(raw.bodies(name), [f"{name} {n}" for n in range(4, 10)])
        equal(delete(raw, name, 100).body, {"message-count": 6})
        empty = delete(raw, name, 100)
        equal((empty.status, empty.body), (204, {"message-count": 0}))


@checks.step("batch delete keeps what came after its time, and what is locked, deferred or scheduled")
def batch_delete_keeps():
    name = queue.keeps
    with client() as raw:
        fill(raw, name, 3)
        receiver = raw.receiver(name)
        (_, locked), (_, deferred_one) = raw.take(receiver, 2)
        raw.settle(deferred_one, wire.MODIFIED, failed=True, undeliverable=True)
        later = Message(id="later", body="later", annotations={symbol("x-opt-scheduled-enqueue-time"): timestamp(wire.now() + 3_600_000)})
        equal(raw.send(raw.sender(name), later)[0], wire.ACCEPTED)
        cutoff = int(raw.peek(name)[2].annotations[symbol("x-opt-enqueued-time")])
        equal(delete(raw, name, 10, cutoff).status, 204, "enqueued at the cut-off is not before it")
        equal(delete(raw, name, 10).body, {"message-count": 1})
        equal(raw.bodies(name), [f"{name} 0", f"{name} 1", "later"])
        equal(raw.settle(locked, wire.ACCEPTED), (wire.ACCEPTED, None), "its lock was left alone")


@checks.step("batch delete in a session and in dead letters")
def batch_delete_sessions():
    name = queue.grouped
    with client() as raw:
        fill(raw, name, 3, group_id="a")
        fill(raw, name, 2, group_id="b")
        equal(delete(raw, name, 10, **{"session-id": "a"}).body, {"message-count": 3})
        equal(delete(raw, name, 10, **{"session-id": "a"}).status, 204)
        equal(raw.bodies(name), [f"{name} 0", f"{name} 1"])
    name = queue.buried
    with client() as raw:
        fill(raw, name, 5)
        for _, delivery in raw.take(raw.receiver(name), 5):
            raw.settle(delivery, wire.REJECTED)
        equal(delete(raw, f"{name}/$DeadLetterQueue", 3).body, {"message-count": 3})
        equal(raw.bodies(f"{name}/$DeadLetterQueue"), [f"{name} 3", f"{name} 4"])


@checks.step("one batch delete removes 500 messages at most on the standard tier", seconds=60)
def batch_delete_limit():
    name = queue.many
    with client() as raw:
        sender = raw.sender(name)
        raw.until(lambda: sender.credit >= 620, "credit for 620 messages")
        deliveries = [sender.send(Message(body=n)) for n in range(620)]
        raw.until(lambda: all(each.remote_state for each in deliveries), "620 outcomes")
        equal(delete(raw, name, 500).body, {"message-count": 500})
        equal(raw.bodies(name)[0], 500, "the oldest went first")
        equal(delete(raw, name, 500).body, {"message-count": 120})
    with client(user="SendOnly") as raw:
        refused = delete(raw, name, 1)
        equal((refused.status, refused.condition), (401, "amqp:unauthorized-access"))
