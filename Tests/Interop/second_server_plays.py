"""What our Service Bus client sends for each operation, frame by frame: the plays of `amqp-exchange play` against the responder."""

import uuid

from proton import int32

import second_server
from recorder import sections
from second_server import ANNOTATIONS, DATA, PROPERTIES, checks, equal, is_kind, kind, only, served

ACCEPTED, REJECTED, RELEASED, MODIFIED, DECLARED, TRANSACTIONAL = 0x24, 0x25, 0x26, 0x27, 0x33, 0x34
COORDINATOR, DECLARE, DISCHARGE = 0x30, 0x31, 0x32
CUT_OFF = 4_102_444_800_000


def play(server, name, entity="q"):
    """Runs a play; gives what it said."""
    return second_server.play(name, server.connection_string, entity)


def request(server, operation):
    """The one request of an operation: (body, properties, transaction)."""
    _, _, message, transaction = only([each for each in server.responder.requests if each[1] == operation])
    return message.body, message.properties, transaction


def requests(server, operation):
    return [each[2].body for each in server.responder.requests if each[1] == operation]


def array_of(value, element, expected):
    is_kind(value, f"array of {element}")
    equal(list(value.elements), expected)


def fill(server, count, name="q", **fields):
    entity = server.responder.entity(name)
    for number in range(1, count + 1):
        entity.put(f"body {number}".encode(), id=f"m-{number}", inferred=True, **fields)
    return entity


def link_properties(attach):
    return {str(key): value for key, value in (attach["properties"] or {}).items()}


def receiver_attach(server, address="q"):
    return only([each for each in server.recorder.attaches(address) if each["role"] is True])


def flows_of(server, attach):
    """The flows of a link."""
    return [each for each in server.recorder.all("flow") if (each.channel, each["handle"]) == (attach.channel, attach["handle"])]


def dispositions(server):
    """What our client settled: [(first, last, settled, state's descriptor, its fields)]."""
    return [
        (each["first"], each["last"], each["settled"], int(each["state"].descriptor), each["state"].value)
        for each in server.recorder.all("disposition", role=True)
        if each["state"] is not None and int(each["state"].descriptor) in (ACCEPTED, REJECTED, RELEASED, MODIFIED, TRANSACTIONAL)
    ]


def settlements(server):
    """Those of the entity's messages, without the answers that were accepted."""
    return [each for each in dispositions(server) if not (each[3] == ACCEPTED and each[2])]


@checks.step("three messages are three transfers, each unsettled and with a tag of its own")
def send():
    with served() as server:
        equal(play(server, "send"), [["ok", "ok", "ok"]])
        transfers = server.recorder.transfers("q")
        equal(len(transfers), 3)
        equal(len({bytes(frame["delivery-tag"]) for frame, _ in transfers}), 3)
        first = transfers[0][0]["delivery-id"]
        equal([frame["delivery-id"] for frame, _ in transfers], [first, first + 1, first + 2])
        equal(server.responder.entity("q").bodies, [b"a", b"b", b"c"])


@checks.step("a batch is one transfer of format 0x80013700, its data sections whole messages")
def batch():
    with served() as server:
        equal(play(server, "batch"), [5])
        frame, payload = only(server.recorder.transfers("q"))
        equal(frame["message-format"], 0x80013700)
        inner = [value for descriptor, value in sections(payload) if descriptor == DATA]
        equal(len(inner), 5)
        for number, encoded in enumerate(inner):
            fields = dict(sections(encoded))
            equal((fields[PROPERTIES][0], bytes(fields[DATA])), (f"id {number}", str(number).encode()))


@checks.step("schedule-message: a list of maps with id, session and the message, whose time is an annotation of type timestamp")
def schedule():
    with served() as server:
        equal(play(server, "schedule"), [[1, 2, 3], [1, 2]])
        body, properties, _ = request(server, "schedule-message")
        equal(list(body), ["messages"])
        is_kind(body["messages"], "list")
        for entry, name in zip(body["messages"], "abc"):
            is_kind(entry, "map")
            assert set(entry) <= {"message-id", "session-id", "partition-key", "via-partition-key", "message"}, entry
            equal(entry["message-id"], f"id {name}")
            equal(entry.get("session-id"), "s" if name == "a" else None)
            is_kind(entry["message"], "binary")
            fields = dict(sections(bytes(entry["message"])))
            due = {str(key): value for key, value in fields[ANNOTATIONS].items()}["x-opt-scheduled-enqueue-time"]
            is_kind(due, "timestamp")
            equal(due, CUT_OFF)
        is_kind(properties["com.microsoft:server-timeout"], "uint")
        body, _, _ = request(server, "cancel-scheduled-message")
        equal(list(body), ["sequence-numbers"])
        array_of(body["sequence-numbers"], "long", [1, 2])
        equal(server.responder.entity("q").bodies, [b"c"])


@checks.step("a receiver attaches in settle mode second, and grants as much credit as it asks for messages")
def receives():
    with served() as server:
        entity = fill(server, 5)
        play(server, "settle")
        attach = receiver_attach(server)
        equal(attach["rcv-settle-mode"], 1)
        assert attach["snd-settle-mode"] in (None, 0, 2)
        flows = [each["link-credit"] for each in flows_of(server, attach) if each["link-credit"]]
        equal(max(flows), 5, "no more credit than asked for")
        equal(len(entity.stored), 3)


@checks.step("each way to settle is the outcome the service wants: accepted, modified, modified, rejected, released")
def settle():
    with served() as server:
        entity = fill(server, 5)
        play(server, "settle")
        found = [each for each in dispositions(server) if not each[2]]
        equal([each[3] for each in found], [ACCEPTED, MODIFIED, MODIFIED, REJECTED, RELEASED])
        abandon, defer, dead = found[1][4], found[2][4], found[3][4]
        equal(list(abandon)[0], True, "delivery-failed")
        assert list(abandon)[1] in (None, False), "undeliverable-here"
        equal({str(key): value for key, value in abandon[2].items()}, {"tried": 1}, "properties to change")
        equal(list(defer)[1], True, "undeliverable-here")
        condition, description, info = dead[0].value
        is_kind(condition, "symbol")
        equal((condition, description), ("com.microsoft:dead-letter", "of a test"))
        equal({str(key): value for key, value in info.items()}, {"DeadLetterReason": "Because", "DeadLetterErrorDescription": "of a test"})
        for key in info:
            is_kind(key, "symbol", "a key of the info")
        equal([each[1] for each in server.responder.settled], ["complete", "abandon", "defer", "dead-letter", "release"])
        equal([(each.number, each.state, each.deliveries) for each in entity.stored.values()], [(2, 0, 1), (3, 1, 0), (5, 0, 0)])


@checks.step("renew-lock: an array of uuid, in the order of RFC 4122 although the tag is in .NET's")
def renew():
    with served() as server:
        entity = fill(server, 2)
        equal(play(server, "renew"), [2, ["ok", "ok"]])
        body, properties, _ = request(server, "renew-lock")
        equal(list(body), ["lock-tokens"])
        is_kind(body["lock-tokens"], "array of uuid")
        tags = [bytes(each["delivery-tag"] or b"") for each in server.recorder.all("transfer", sender="server")]
        equal(list(body["lock-tokens"].elements), [uuid.UUID(bytes_le=tag) for tag in tags if len(tag) == 16])
        is_kind(properties["associated-link-name"], "string")
        equal(properties["associated-link-name"], receiver_attach(server)["name"])
        equal(entity.stored, {})


@checks.step("deferred messages: an array of long and a settle mode, settled by lock token")
def deferred():
    with served() as server:
        entity = server.responder.entity("q")
        for number in range(3):
            entity.put(str(number).encode(), state=1, inferred=True)
        equal(play(server, "deferred"), [3])
        body, _, _ = request(server, "receive-by-sequence-number")
        array_of(body["sequence-numbers"], "long", [1, 2, 3])
        assert kind(body["receiver-settle-mode"]) in ("uint", "ubyte"), body
        equal(int(body["receiver-settle-mode"]), 1)
        settled = requests(server, "update-disposition")
        equal([each["disposition-status"] for each in settled], ["completed", "suspended", "abandoned"])
        for each in settled:
            is_kind(each["disposition-status"], "string")
            is_kind(each["lock-tokens"], "array of uuid")
        equal((settled[1]["deadletter-reason"], settled[1]["deadletter-description"]), ("Because", "of a test"))
        equal(only(entity.dead)[0].number, 2)
        equal(list(entity.stored), [3])


@checks.step("credit that brought nothing is taken back before the receiver leaves")
def drains():
    with served() as server:
        fill(server, 3)
        equal(play(server, "drain"), [3])
        attach = receiver_attach(server)
        flows = flows_of(server, attach)
        assert any(each["drain"] for each in flows) or server.recorder.all("detach"), "neither drained nor detached"
        equal([each.lock for each in server.responder.entity("q").stored.values()], [None] * 3, "nothing stays locked")
        equal({each.deliveries for each in server.responder.entity("q").stored.values()}, {0}, "nor counted")


@checks.step("receive and delete attaches with settled transfers and settles nothing")
def delete_on_receipt():
    with served() as server:
        entity = fill(server, 3)
        equal(play(server, "delete-on-receipt"), [3])
        equal(receiver_attach(server)["snd-settle-mode"], 1)
        equal(settlements(server), [])
        equal(entity.stored, {})


@checks.step("a session is asked for by a plain filter, the next one by null, with the time it may take")
def sessions():
    for name, wanted in (("session", "a"), ("next-session", None)):
        with served() as server:
            entity = fill(server, 2, group_id="a")
            equal(play(server, name), ["a", "state", True])
            attach = receiver_attach(server)
            filters = {str(key): value for key, value in attach.source["filter"].items()}
            equal(filters, {"com.microsoft:session-filter": wanted})
            if wanted is not None:
                is_kind(list(attach.source["filter"].values())[0], "string", "a filter that is not described")
            timeout = link_properties(attach).get("com.microsoft:timeout")
            is_kind(timeout, "uint", "com.microsoft:timeout")
            assert 0 < timeout <= 3000, timeout
            first, second = requests(server, "set-session-state")
            equal(first["session-id"], "a")
            is_kind(first["session-state"], "binary")
            assert "session-state" in second and second["session-state"] is None, "cleared by null"
            for operation in ("get-session-state", "renew-session-lock"):
                body, properties, _ = request(server, operation)
                equal(body, {"session-id": "a"})
                equal(properties.get("associated-link-name"), attach["name"], operation)
            equal(entity.stored, {})


@checks.step("sessions are listed in pages, with the year 10000 for all that hold messages")
def session_ids():
    with served() as server:
        entity = server.responder.entity("q")
        names = [f"s-{n:03}" for n in range(150)]
        for name in names:
            entity.put(b"x", group_id=name)
        equal(play(server, "session-ids"), [names])
        pages = requests(server, "get-message-sessions")
        equal([each["skip"] for each in pages][:2], [0, 100])
        for each in pages:
            is_kind(each["last-updated-time"], "timestamp")
            equal(each["last-updated-time"], 253_402_300_800_000)
            is_kind(each["skip"], "int")
            is_kind(each["top"], "int")
            assert 0 < each["top"] <= 100


@checks.step("batch delete asks with an int and a timestamp until nothing is left")
def batch_delete():
    with served() as server:
        fill(server, 1200)
        equal(play(server, "batch-delete"), [1200])
        asked = requests(server, "batch-delete-messages")
        for each in asked:
            is_kind(each["message-count"], "int")
            is_kind(each["enqueued-time-utc"], "timestamp")
            equal(each["enqueued-time-utc"], CUT_OFF)
            equal(set(each), {"message-count", "enqueued-time-utc"})
            assert 0 < each["message-count"] <= 4000
        equal(len(asked), 4, "until none is left")


@checks.step("batch delete asks for less where a tier allows less, and never twice where no answer came")
def batch_delete_limits():
    with served() as server:
        fill(server, 600)
        server.responder.script("batch-delete-messages", (400, "com.microsoft:argument-out-of-range", {}))
        equal(play(server, "batch-delete"), [600])
        equal([each["message-count"] for each in requests(server, "batch-delete-messages")][:2], [4000, 500])
    with served() as server:
        fill(server, 10)
        server.responder.script("batch-delete-messages", None)
        said = play(server, "batch-delete")
        equal(said[0], 0)
        equal(said[1]["outcome"], "unknown")
        equal(len(requests(server, "batch-delete-messages")), 1, "asked once")


def coordinator(server):
    """The attach to the coordinator, which must be the first on its session."""
    targeted = [each for each in server.recorder.all("attach") if each["target"] is not None]
    found = only([each for each in targeted if int(each["target"].descriptor) == COORDINATOR])
    equal(found["role"], False)
    same = [each for each in server.recorder.all("attach") if each.channel == found.channel and each.address not in ("$cbs", None)]
    others = [each for each in same if server.recorder.frames.index(each) < server.recorder.frames.index(found)]
    equal(others, [], "links of entities attached before the coordinator")
    return found


def control(server):
    """What was sent to the coordinator: [(descriptor, fields)]."""
    attach = coordinator(server)
    sent = [each for each in server.recorder.all("transfer") if each.channel == attach.channel and each["handle"] == attach["handle"]]
    bodies = []
    for frame in sent:
        assert frame["settled"] in (None, False), "a request to the coordinator is unsettled"
        descriptor, value = only([each for each in sections(frame.payload) if each[0] == 0x77])
        is_kind(value.descriptor, "ulong", "the descriptor of a request to the coordinator")
        bodies.append((int(value.descriptor), list(value.value)))
    return bodies


@checks.step("a transaction: declare, a transfer and a disposition with its id, discharge")
def commits():
    with served() as server:
        source = fill(server, 1, properties={"kept": int32(7)})
        equal(play(server, "commit"), [["ok"], ["ok"], "committed"])
        declared, discharged = control(server)
        equal(declared[0], DECLARE)
        assert not any(each is not None for each in declared[1]), "declare has no fields"
        identity = server.responder.discharged[0][0]
        equal(discharged[0], DISCHARGE)
        equal((bytes(discharged[1][0]), discharged[1][1]), (identity, False))
        is_kind(discharged[1][0], "binary")
        frame, payload = only(server.recorder.transfers("target"))
        equal(int(frame["state"].descriptor), TRANSACTIONAL)
        equal(bytes(frame["state"].value[0]), identity)
        in_transaction = only([each for each in dispositions(server) if each[3] == TRANSACTIONAL])
        equal(in_transaction[2] or False, False, "unsettled until the service answers")
        equal(bytes(in_transaction[4][0]), identity)
        equal(int(in_transaction[4][1].descriptor), ACCEPTED)
        equal((source.stored, server.responder.entity("target").bodies), ({}, [b"body 1"]))
        moved = only(list(server.responder.entity("target").stored.values())).message
        equal((moved.id, moved.properties), ("m-1", {"kept": 7}))
        is_kind(moved.properties["kept"], "int")
        annotations = {str(key) for key in (dict(sections(payload)).get(ANNOTATIONS) or {})}
        stamped = {"x-opt-sequence-number", "x-opt-enqueued-time", "x-opt-locked-until", "x-opt-message-state"}
        equal(annotations & stamped, set(), "what the service stamped on it is not sent on")


@checks.step("a transaction that fails is discharged with fail, and nothing has happened")
def rolls_back():
    with served() as server:
        source = fill(server, 1)
        equal(play(server, "roll-back")[-1], "rolled back")
        _, discharged = control(server)
        equal(discharged[1][1], True)
        equal((source.bodies, server.responder.entity("target").bodies), ([b"body 1"], []))


@checks.step("a commit that the service refuses is a failure in which nothing has happened")
def refused_commit():
    with served() as server:
        source = fill(server, 1)
        server.responder.script("discharge", ("amqp:transaction:rollback", "The transaction was rolled back."))
        failure = play(server, "commit")[-1]
        equal(failure["outcome"], "notCarriedOut")
        equal((source.bodies, server.responder.entity("target").bodies), ([b"body 1"], []))


@checks.step("every outcome may be given in a transaction")
def transactional_settlements():
    with served() as server:
        entity = fill(server, 3)
        equal(play(server, "transactional-settlements"), [["ok"], ["ok"], ["ok"]])
        found = [each for each in dispositions(server) if each[3] == TRANSACTIONAL]
        equal([int(each[4][1].descriptor) for each in found], [MODIFIED, MODIFIED, REJECTED])
        equal([(each.number, each.state, each.deliveries) for each in entity.stored.values()], [(1, 0, 1), (2, 1, 0)])
        equal(only(entity.dead)[0].number, 3)


@checks.step("requests in a transaction: their transfers carry its id, and they happen with it or not at all")
def requests_in_transaction():
    with served() as server:
        source = fill(server, 1)
        said = play(server, "requests-in-transaction")
        equal(said, [2, ["ok"], "rolled back", 2, ["ok"], "committed"])
        found = [each for each in server.responder.requests if each[1] in ("schedule-message", "update-disposition")]
        equal([each[1] for each in found], ["schedule-message", "update-disposition"] * 2)
        (first, failed), (second, kept) = server.responder.discharged
        equal((failed, kept), (True, False))
        equal([each[3].identity for each in found], [first, first, second, second])
        transfers = [frame for frame, _ in server.recorder.transfers("q/$management") if frame["state"] is not None]
        equal([int(frame["state"].descriptor) for frame in transfers], [TRANSACTIONAL] * 4)
        equal([bytes(frame["state"].value[0]) for frame in transfers], [first, first, second, second])
        equal([(each.number, each.state) for each in source.stored.values()], [(2, 2), (3, 2)], "what is left: two, scheduled")


@checks.step("rules: maps to the service, described lists from it")
def rules():
    with served() as server:
        said = play(server, "rules", "t/Subscriptions/s")
        assert len(said[0]) == 3 and said[0][0].startswith("$Default: all"), said[0]
        assert "SET b = 2" in said[0][2], said[0]
        equal(said[1]["outcome"], "notCarriedOut")
        equal(said[2], ["$Default", "sql"])
        first, second = requests(server, "add-rule")
        equal(first["rule-name"], "red")
        selects = first["rule-description"]["correlation-filter"]
        given = {key: value for key, value in selects.items() if value is not None}
        equal(given, {"label": "red", "session-id": "s", "properties": {"tenant": "emea", "priority": 3}})
        is_kind(selects["properties"]["priority"], "int")
        equal(second["rule-description"]["sql-filter"], {"expression": "a = 1"})
        equal(second["rule-description"]["sql-rule-action"], {"expression": "SET b = 2"})
        for body in requests(server, "enumerate-rules"):
            is_kind(body["top"], "int")
            is_kind(body["skip"], "int")
        equal([each["rule-name"] for each in requests(server, "remove-rule")], ["red", "red"])


@checks.step("exactly one message is deleted, dead-lettered or moved, and no other one's delivery count changes")
def exactly_one():
    for name, left in (("exact-delete", []), ("exact-dead-letter", ["dead"]), ("exact-move", ["moved"])):
        with served() as server:
            entity = fill(server, 6)
            said = only(play(server, name))
            # Three stand before it, two come behind it in the same batch.
            equal(said, {"passedOver": 5, "stillLocked": 0}, name)
            equal([(each.number, each.deliveries, each.lock) for each in entity.stored.values()], [(n, 0, None) for n in (1, 2, 3, 5, 6)])
            equal(["dead"] * len(entity.dead) + ["moved"] * len(server.responder.entity("target").stored), left, name)


@checks.step("where releases count, an exact operation stops at the first message")
def counted_releases():
    with served() as server:
        entity = fill(server, 6)
        entity.counts_releases = True
        failure = only(play(server, "exact-delete"))
        equal(failure["code"], "releaseRaisesCount")
        equal([(each.number, each.deliveries) for each in entity.stored.values()], [(1, 1)] + [(n, 0) for n in range(2, 7)])
