"""Transactions: declared and discharged on a coordinator link; what is sent and settled in one happens as a whole or not at all."""

import uuid

from proton import Described, Message, symbol, timestamp, ulong

import wire
from wire import uuids
from wire_management import fill
from wire_protocol import checks, client, equal, is_kind, queue, well_formed


def done(transaction, state=wire.ACCEPTED):
    """What a send or a settlement in a transaction is answered with: its id and the provisional outcome."""
    return wire.TRANSACTIONAL, [transaction, state]


def provisional(found):
    """A transactional answer with its outcome as a descriptor: (0x34, [id, 0x24])."""
    state, data = found
    assert state == wire.TRANSACTIONAL, f"{state:#x} {data}"
    transaction, result = data
    assert isinstance(result, Described) and wire.kind(result.descriptor) == "ulong", result
    return state, [transaction, int(result.descriptor)]


def open_transaction(raw):
    coordinator = raw.coordinator()
    return coordinator, raw.begin(coordinator)


@checks.step("declare is answered with declared and a binary id, each time another; discharge with accepted")
def declares():
    with client() as raw:
        coordinator = raw.coordinator()
        state, data = raw.declare(coordinator)
        equal(state, wire.DECLARED)
        equal(len(data), 1)
        is_kind(data[0], "binary", "the id")
        other = raw.begin(coordinator)
        assert bytes(other) != bytes(data[0]), "two transactions of one id"
        equal(raw.discharge(coordinator, data[0], False), (wire.ACCEPTED, None))
        equal(raw.discharge(coordinator, other, True), (wire.ACCEPTED, None))


@checks.step("what is sent in a transaction is there when it is committed, and not before")
def commits_sends():
    name = queue.ledger
    with client() as raw:
        coordinator, transaction = open_transaction(raw)
        sender = raw.sender(name)
        for number in range(3):
            equal(provisional(raw.send(sender, Message(body=number), transaction)), done(transaction))
        equal(raw.bodies(name), [])
        equal(raw.send(sender, Message(body="outside"))[0], wire.ACCEPTED)
        equal(raw.bodies(name), ["outside"])
        equal(raw.discharge(coordinator, transaction, False), (wire.ACCEPTED, None))
        equal(sorted(raw.bodies(name), key=str), [0, 1, 2, "outside"])


@checks.step("what is sent in a transaction that is rolled back never was")
def rolls_back_sends():
    name = queue.rolled
    with client() as raw:
        coordinator, transaction = open_transaction(raw)
        equal(provisional(raw.send(raw.sender(name), Message(body="never"), transaction)), done(transaction))
        equal(raw.discharge(coordinator, transaction, True), (wire.ACCEPTED, None))
        equal(raw.bodies(name), [])


@checks.step("what is settled in a transaction is settled when it is committed, and stays locked till then")
def commits_settlements():
    name = queue.settled
    with client() as raw:
        fill(raw, name, 4)
        coordinator, transaction = open_transaction(raw)
        (_, complete), (_, abandon), (_, defer), (_, dead) = raw.take(raw.receiver(name), 4)
        ways = (
            (complete, wire.ACCEPTED, []),
            (abandon, wire.MODIFIED, [True, False]),
            (defer, wire.MODIFIED, [True, True]),
            (dead, wire.REJECTED, [dead_letter("Transacted", "in a transaction")]),
        )
        for delivery, state, fields in ways:
            delivery.local.data = [transaction, Described(ulong(state), fields)]
            delivery.update(wire.TRANSACTIONAL)
            raw.until(lambda delivery=delivery: delivery.remote_state or delivery.settled, "the answer to a settlement")
            equal(provisional(wire.outcome(delivery)), done(transaction, state))
        equal(len(raw.peek(name)), 4, "nothing is settled yet")
        equal(raw.discharge(coordinator, transaction, False), (wire.ACCEPTED, None))
        left = raw.peek(name)
        equal([each.body for each in left], [f"{name} 1", f"{name} 2"])
        equal([int(each.annotations[symbol("x-opt-message-state")]) for each in left], [0, 1])
        equal(left[0].delivery_count, 1, "the abandoned one was delivered once")
        (buried,) = raw.peek(f"{name}/$DeadLetterQueue")
        equal(buried.properties, {"DeadLetterReason": "Transacted", "DeadLetterErrorDescription": "in a transaction"})


def dead_letter(reason, description):
    """The error of a rejection that dead-letters, as the service's clients send it."""
    info = {symbol("DeadLetterReason"): reason, symbol("DeadLetterErrorDescription"): description}
    return Described(ulong(0x1D), [symbol("com.microsoft:dead-letter"), description, info])


@checks.step("what was settled in a transaction that is rolled back is locked as before")
def rolls_back_settlements():
    name = queue.lost
    with client() as raw:
        fill(raw, name, 1)
        coordinator, transaction = open_transaction(raw)
        receiver = raw.receiver(name)
        ((message, delivery),) = raw.take(receiver, 1)
        token = message.instructions[symbol("x-opt-lock-token")]
        delivery.local.data = [transaction, Described(ulong(wire.ACCEPTED), [])]
        delivery.update(wire.TRANSACTIONAL)
        raw.until(lambda: delivery.remote_state, "the answer to a settlement")
        equal(raw.discharge(coordinator, transaction, True), (wire.ACCEPTED, None))
        equal(raw.bodies(name), [f"{name} 0"])
        settled = well_formed(raw.manage(name, "update-disposition", {"disposition-status": "completed", "lock-tokens": uuids(token)}))
        equal(settled.status, 200, f"the lock is still held: {settled.text}")
        equal(raw.bodies(name), [])


@checks.step("a message moves from one queue to two others in one transaction, or stays")
def moves():
    source, first, second = queue.orders, queue.audit, queue.work
    with client() as raw:
        fill(raw, source, 2)
        receiver, to_first, to_second = raw.receiver(source), raw.sender(first), raw.sender(second)
        for fail in (True, False):
            coordinator, transaction = open_transaction(raw)
            ((message, delivery),) = raw.take(receiver, 1)
            for sender in (to_first, to_second):
                equal(provisional(raw.send(sender, Message(body=message.body), transaction)), done(transaction))
            delivery.local.data = [transaction, Described(ulong(wire.ACCEPTED), [])]
            delivery.update(wire.TRANSACTIONAL)
            raw.until(lambda delivery=delivery: delivery.remote_state, "the answer to a settlement")
            equal((len(raw.peek(source)), raw.bodies(first), raw.bodies(second)), (2, [], []), "before the discharge")
            equal(raw.discharge(coordinator, transaction, fail), (wire.ACCEPTED, None))
            expected = (2, [], []) if fail else (1, [message.body], [message.body])
            equal((len(raw.peek(source)), raw.bodies(first), raw.bodies(second)), expected, f"rolled back: {fail}")


@checks.step("an unknown transaction is rejected, in a send, a settlement and a discharge")
def unknown():
    name = queue.mixed
    with client() as raw:
        coordinator = raw.coordinator()
        stranger = uuid.uuid4().bytes
        for state, data in (raw.discharge(coordinator, stranger, False), raw.send(raw.sender(name), Message(body="x"), stranger)):
            equal(state, wire.REJECTED)
            equal(data.name, "amqp:transaction:unknown-id")
            assert data.description, "a text"
        equal(raw.bodies(name), [])
        transaction = raw.begin(coordinator)
        equal(raw.discharge(coordinator, transaction, False), (wire.ACCEPTED, None))
        state, data = raw.discharge(coordinator, transaction, False)
        equal((state, data.name), (wire.REJECTED, "amqp:transaction:unknown-id"), "discharged twice")


@checks.step("a transaction is rolled back when its coordinator link ends, and when its connection breaks")
def rolls_back_on_loss():
    name = queue.dropped
    with client() as looking:
        with client() as raw:
            coordinator, transaction = open_transaction(raw)
            equal(provisional(raw.send(raw.sender(name), Message(body="link"), transaction)), done(transaction))
            raw.close(coordinator)
            equal(looking.bodies(name), [])
            again = raw.coordinator()
            state, data = raw.discharge(again, transaction, False)
            equal((state, data.name), (wire.REJECTED, "amqp:transaction:unknown-id"), "it ended with its link")
        raw = client()
        _, transaction = open_transaction(raw)
        equal(provisional(raw.send(raw.sender(name), Message(body="connection"), transaction)), done(transaction))
        raw.drop()
        fill(looking, name, 1)
        equal(looking.bodies(name), [f"{name} 0"])


@checks.step("scheduling and settling over the management node belong to a transaction too")
def management_in_a_transaction():
    name = queue.scheduled
    due = timestamp(wire.now() + 3_600_000)
    entry = {"message-id": "s", "message": Message(id="s", body="s", annotations={symbol("x-opt-scheduled-enqueue-time"): due}).encode()}
    with client() as raw:
        fill(raw, name, 1)
        ((message, _),) = raw.take(raw.receiver(name), 1)
        token = message.instructions[symbol("x-opt-lock-token")]
        for fail, left in ((True, [f"{name} 0"]), (False, ["s"])):
            coordinator, transaction = open_transaction(raw)
            answer = well_formed(raw.manage(name, "schedule-message", {"messages": [entry]}, transaction=transaction))
            equal(answer.status, 200, answer.text)
            is_kind(answer.body["sequence-numbers"], "array of long")
            completed = {"disposition-status": "completed", "lock-tokens": uuids(token)}
            equal(well_formed(raw.manage(name, "update-disposition", completed, transaction=transaction)).status, 200)
            equal(raw.bodies(name), [f"{name} 0"], "before the discharge")
            equal(raw.discharge(coordinator, transaction, fail), (wire.ACCEPTED, None))
            equal(raw.bodies(name), left, f"rolled back: {fail}")


def refused(found, transaction, condition):
    """A provisional rejection for this reason."""
    state, [identity, result] = provisional(found)
    equal((state, identity, result), (wire.TRANSACTIONAL, transaction, wire.REJECTED))
    error = found[1][1].value[0]
    is_kind(error.value[0], "symbol", "the condition")
    equal(error.value[0], condition)
    assert error.value[1], "a text"


@checks.step("a send that fails in a transaction is told as a part of it, and spoils the commit: nothing of it happens")
def failed_send():
    name = queue.limited
    with client() as raw:
        coordinator, transaction = open_transaction(raw)
        sender = raw.sender(name)
        equal(provisional(raw.send(sender, Message(body="good"), transaction)), done(transaction))
        refused(raw.send(sender, Message(body=b"x" * 300_000), transaction), transaction, "amqp:link:message-size-exceeded")
        equal(provisional(raw.send(sender, Message(body="good too"), transaction)), done(transaction))
        state, error = raw.discharge(coordinator, transaction, False)
        equal((state, error.name), (wire.REJECTED, "amqp:transaction:rollback"))
        assert "exceeds the limit" in error.description, error.description
        equal(raw.bodies(name), [])
        state, error = raw.discharge(coordinator, transaction, False)
        equal((state, error.name), (wire.REJECTED, "amqp:transaction:unknown-id"), "it is over")


@checks.step("a settlement that fails in a transaction spoils the commit")
def failed_settlement():
    name = queue.spoiled
    with client() as raw:
        fill(raw, name, 1)
        ((message, _),) = raw.take(raw.receiver(name), 1)
        token = message.instructions[symbol("x-opt-lock-token")]
        completed = {"disposition-status": "completed", "lock-tokens": uuids(token)}
        equal(well_formed(raw.manage(name, "update-disposition", completed)).status, 200)
        coordinator, transaction = open_transaction(raw)
        equal(provisional(raw.send(raw.sender(name), Message(body="good"), transaction)), done(transaction))
        answer = well_formed(raw.manage(name, "update-disposition", completed, transaction=transaction))
        equal((answer.status, answer.condition), (410, "com.microsoft:message-lock-lost"))
        state, error = raw.discharge(coordinator, transaction, False)
        equal((state, error.name), (wire.REJECTED, "amqp:transaction:rollback"))
        equal(raw.bodies(name), [])


@checks.step("a sender that names where to transfer to sends via another entity")
def send_via():
    via, target = queue.via, queue.timed
    with client() as raw:
        coordinator, transaction = open_transaction(raw)
        sender = raw.sender(via, **{"com.microsoft:transfer-destination-address": target})
        equal(provisional(raw.send(sender, Message(body="via"), transaction)), done(transaction))
        equal((raw.bodies(via), raw.bodies(target)), ([], []))
        equal(raw.discharge(coordinator, transaction, False), (wire.ACCEPTED, None))
        equal((raw.bodies(via), raw.bodies(target)), ([], ["via"]))
