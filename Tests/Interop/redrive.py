#!/usr/bin/env python3
"""Whether copies are faithful: for messages of every kind that azure-servicebus can build (built_messages.py), the official client sends them,
receives them and dead-letters or defers them; `callboard` redrives, moves, receives or deletes and imports them; the official client receives them
again. What it receives then is to be what it sent: the body's bytes and its kind, the properties and their types, the ids, the session, the
sender's annotations, the footer, and of the header durability, priority and time to live. It is compared in three ways, because each sees what
another does not: the bytes on the wire as they were sent and as they came back; the typed values in them; and what the client shows of the two
times that it received the message (`raw_amqp_message`).

Left out, as documented: what dead-lettering and frameworks wrote (`CopyChanges.traces`), what the broker writes (sequence number, enqueued time,
lock, state, delivery count), the time it was once scheduled for.

usage: redrive.py [--messages N] [--seed N] [PART OF A STEP'S NAME]      CALLBOARD names the executable (default .build/debug/callboard)
"""

import argparse
import collections
import json
import math
import pathlib
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time

from azure.servicebus import ServiceBusClient, ServiceBusMessage

import callboard
from amqp_sections import APPLICATION_PROPERTIES, DATA, VALUE, Sections
from built_messages import Builder, reason_strips
from checks import Checks
from faithful import Received, differences, listen_in, matched, nothing, pairs_alike, received_bytes, sent_bytes, shown_differences

parser = argparse.ArgumentParser()
parser.add_argument("--messages", type=int, default=300, help="random ones, besides those by hand, for each step")
parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
parser.add_argument("only", nargs="?", default="")
options = parser.parse_args()
SECONDS = 120 + options.messages // 2

checks = Checks("copies are faithful")
scratch = tempfile.TemporaryDirectory(prefix="callboard-copies-")
SESSIONS = ("s-1", "zwei", "日本", "s" * 128, "5")
REASON, DESCRIPTION = "poison", "could not be processed: ü"

sandbox = client = None


# --- the journey of messages -------------------------------------------------------------------------------------------------


class Sent:
    def __init__(self, what, encoded):
        self.what, self.sections = what, Sections(encoded)

    @property
    def session(self):
        return self.sections.properties.get("group-id")


def sender_of(entity):
    topic, _, subscription = entity.partition("/")
    return client.get_topic_sender(topic) if subscription else client.get_queue_sender(entity)


def receiver_of(entity, **how):
    topic, _, subscription = entity.partition("/")
    return client.get_subscription_receiver(topic, subscription, **how) if subscription else client.get_queue_receiver(entity, **how)


def send(entity, sessions=None):
    """Sends the random messages and those by hand, each by itself."""
    builder = Builder(f"{options.seed} {entity}")
    messages = [(f"random {number}", builder.one(sessions)) for number in range(options.messages)]
    messages += builder.corners(sessions)
    found = []
    with sender_of(entity) as sender:
        for what, message in messages:
            sent_bytes.clear()
            try:
                sender.send_messages(message, timeout=15)
            except Exception as error:
                raise AssertionError(f"{what} could not be sent: {error}") from error
            assert len(sent_bytes) == 1, f"{what} was encoded {len(sent_bytes)} times"
            found.append(Sent(what, sent_bytes[0]))
    return found


def drain(receiver, count, settle):
    found = []
    while len(found) < count:
        messages = receiver.receive_messages(max_message_count=100, max_wait_time=10)
        if not messages:
            break
        for message in messages:
            found.append(Received(message))
            settle(receiver, message)
    return found


def look(receiver, count):
    """The messages as they lie there, for what is not to be touched before it is changed."""
    found = []
    while len(found) < count:
        messages = receiver.peek_messages(100, sequence_number=found[-1].message.sequence_number + 1 if found else 1)
        if not messages:
            break
        found += map(Received, messages)
    return found


def receive(entity, count, settle, sessions=None):
    """All messages of an entity in their order, session by session where there are sessions; settled in the way given, or only looked at."""
    if sessions is None:
        with receiver_of(entity) as receiver:
            return {None: drain(receiver, count, settle) if settle else look(receiver, count)}
    found = {}
    for session, expected in sessions.items():
        with receiver_of(entity, session_id=session) as receiver:
            found[session] = drain(receiver, expected, settle)
    return found


def complete(receiver, message):
    receiver.complete_message(message)


def defer(receiver, message):
    receiver.defer_message(message)


def dead_letter(receiver, message):
    receiver.dead_letter_message(message, reason=REASON, error_description=DESCRIPTION)


def do(*arguments):
    done = callboard.run(*arguments, "--yes", "--rate", "0", "--output", "json", connection_string=sandbox.connection_string, seconds=SECONDS)
    assert done.returncode == 0, f"callboard {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return json.loads(done.stdout)


def is_empty(entity, *where):
    return not callboard.peek(entity, "--count", "1", "--headers-only", *where, connection_string=sandbox.connection_string)


def journey(queue, change, settle=dead_letter, arrives=None, new_id=False, sessions=None, leaves_out=reason_strips):
    """Sends, receives and settles, changes, receives again, and compares: everything, and all that differs in one failure."""
    received_bytes.clear()
    sent = collections.defaultdict(list)
    for each in send(queue, sessions):
        sent[each.session[1] if sessions else None].append(each)
    counts = {session: len(messages) for session, messages in sent.items()}
    total = sum(counts.values())
    first = receive(queue, total, settle, sessions and counts)
    for session, messages in first.items():
        assert len(messages) == counts[session], f"{len(messages)} of {counts[session]} messages of {session} were received the first time"
    change(queue, total)
    second = receive(arrives or queue, total, complete, sessions and counts)
    wrong = []
    for session, expected in sent.items():
        assert len(second[session]) == len(expected), f"{len(second[session])} of {len(expected)} messages of session {session} came back"
        after_all = second[session] if sessions else matched(expected, second[session], new_id, leaves_out)
        for one, before, after in zip(expected, first[session], after_all, strict=True):
            wrong += [f"{one.what}: {each}" for each in differences(one.sections, after.sections, new_id, leaves_out)]
            wrong += [f"{one.what}: {each}" for each in shown_differences(before.message, after.message, new_id, leaves_out)]
    if new_id:
        ids = [after.sections.properties["message-id"] for messages in second.values() for after in messages]
        assert len(set(ids)) == len(ids), "two copies got the same new id"
    assert is_empty(arrives or queue), "more came back than were sent"
    assert is_empty(queue, "--dead-letter"), "something stayed behind"
    received_bytes.clear()
    assert not wrong, f"seed {options.seed}: {len(wrong)} differences\n" + "\n".join(wrong[:40])


QUEUES = "redrive stepwise renamed moved moved-to moved-alive moved-alive-to deferred imported imported-renamed edited printed printed-to".split()


def configuration():
    # Its longest lock: all messages are received before the first copy is made.
    # And no time to live but that of the message: a broker writes its own into those that have none.
    properties = {"LockDuration": "PT5M", "MaxDeliveryCount": 10, "DefaultMessageTimeToLive": "P10675199DT2H48M5.4775807S"}
    queues = [{"Name": name, "Properties": properties} for name in QUEUES]
    queues += [{"Name": name, "Properties": {**properties, "RequiresSession": True}} for name in ("sessions", "sessions-stepwise", "ordered")]
    lasting = {"DefaultMessageTimeToLive": properties["DefaultMessageTimeToLive"]}
    topics = [{"Name": "topic", "Properties": lasting, "Subscriptions": [{"Name": "only", "Properties": properties}]}]
    path = pathlib.Path(scratch.name) / "Config.json"
    namespace = {"Name": "sbemulatorns", "Queues": queues, "Topics": topics}
    path.write_text(json.dumps({"UserConfig": {"Namespaces": [namespace], "Logging": {"Type": "Console"}}}), encoding="utf-8")
    return path


@checks.step("a sandbox is there", seconds=60, essential=True)
def starts():
    global sandbox, client
    print(f"    seed {options.seed}", flush=True)
    sandbox = callboard.Sandbox(config=configuration()).start()
    listen_in()
    client = ServiceBusClient.from_connection_string(sandbox.connection_string, retry_total=0)


@checks.cleanup
def ends():
    if client is not None:
        client.close()
    if sandbox is not None:
        sandbox.stop()
    scratch.cleanup()


@checks.step("the comparison sees what it is to see, each by itself")
def sees():
    for what, one, other in pairs_alike():
        assert list(differences(one, other)), f"{what}: not seen"
        assert not list(differences(one, one)), f"{what}: seen where it is not"


def done_all(job, total):
    assert job["done"] == total and job["failed"] == 0, job


def redrive(*how):
    return lambda queue, total: done_all(do("redrive", queue, "--dead-letter", "--all", *how), total)


@checks.step("redrive", seconds=SECONDS)
def redriven():
    journey("redrive", redrive())


@checks.step("redrive without transactions", seconds=SECONDS)
def redriven_stepwise():
    journey("stepwise", redrive("--without-transactions"))


@checks.step("redrive with new ids: the old one is kept with its type", seconds=SECONDS)
def redriven_renamed():
    journey("renamed", redrive("--new-id"), new_id=True)


@checks.step("redrive in a queue with sessions", seconds=SECONDS)
def redriven_sessions():
    journey("sessions", redrive(), sessions=SESSIONS)


@checks.step("redrive in a queue with sessions, without transactions", seconds=SECONDS)
def redriven_sessions_stepwise():
    journey("sessions-stepwise", redrive("--without-transactions"), sessions=SESSIONS)


@checks.step("redrive from a subscription to its topic", seconds=SECONDS)
def redriven_topic():
    journey("topic/only", redrive())


@checks.step("move dead letters to another queue", seconds=SECONDS)
def moved():
    def change(queue, total):
        done_all(do("move", queue, "--dead-letter", "--all", "--to", "moved-to"), total)

    journey("moved", change, arrives="moved-to")


@checks.step("move messages that are alive: nothing at all is left out", seconds=SECONDS)
def moved_alive():
    def change(queue, total):
        done_all(do("move", queue, "--all", "--to", "moved-alive-to"), total)

    journey("moved-alive", change, settle=None, arrives="moved-alive-to", leaves_out=nothing)


@checks.step("receive what was deferred: nothing at all is left out", seconds=SECONDS)
def deferred():
    def change(queue, total):
        done_all(do("receive-deferred", queue, "--all"), total)

    journey("deferred", change, settle=defer, leaves_out=nothing)


@checks.step("delete with an export, and import it", seconds=SECONDS)
def imported():
    journey("imported", delete_and_import())


@checks.step("delete with an export, and import it with new ids", seconds=SECONDS)
def imported_renamed():
    journey("imported-renamed", delete_and_import("--new-id"), new_id=True)


def printable(sections):
    """What a line of JSON keeps of a message: the properties of the application, in no order, and the body, its bytes in one piece."""
    properties = sorted(((name[1], value) for name, value in sections.pairs(APPLICATION_PROPERTIES) or ()), key=repr)
    return one_nan(properties), one_nan(sections.values.get(VALUE, ())), b"".join(data for _, data in sections.values.get(DATA, ()))


def one_nan(value):
    """JSON has one word for all numbers that are none."""
    if isinstance(value, (tuple, list)):
        if len(value) == 2 and value[0] in FLOATS and math.isnan(struct.unpack(FLOATS[value[0]], value[1])[0]):
            return value[0], "NaN"
        return tuple(one_nan(each) for each in value)
    return value


FLOATS = {"float": ">f", "double": ">d"}


@checks.step("what peek prints is sent again with every type; what a line cannot say is refused", seconds=SECONDS)
def printed():
    received_bytes.clear()
    sent = send("printed")
    done = callboard.run("peek", "printed", "--all", "--output", "jsonl", connection_string=sandbox.connection_string, seconds=SECONDS)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line]
    assert len(lines) == len(sent), (len(lines), len(sent))
    sequences, long_lived, kept = [], [], []
    for each, line in zip(sent, lines, strict=True):
        message = json.loads(line)
        if message.get("body", {}).get("kind") == "sequence":
            sequences.append(line)
        elif (message["timeToLiveMilliseconds"] or 0) > 2**32 - 2:
            long_lived.append(line)
        else:
            kept.append((each, line))
    for text, status in ((sequences[0], 2), (long_lived[0], 2), ("\n".join(line for _, line in kept), 0)):
        done = callboard.run("send", "printed-to", "--jsonl", "-", stdin=text + "\n", connection_string=sandbox.connection_string, seconds=SECONDS)
        assert done.returncode == status, (status, done.returncode, done.stderr)
    found = receive("printed-to", len(kept), complete)[None]
    assert len(found) == len(kept), (len(found), len(kept))
    wrong = []
    for (one, _), other in zip(kept, found, strict=True):
        for what, before, after in zip(("properties", "value", "data"), printable(one.sections), printable(other.sections), strict=True):
            if before != after:
                wrong.append(f"{one.what}: {what}: sent {before!r:.300}, came back {after!r:.300}")
    assert not wrong, f"seed {options.seed}: {len(wrong)} differences\n" + "\n".join(wrong[:40])


# Says no to signals that are held back and to open connections of ours; and interrupts all that is in the foreground, as a terminal does for Emacs' ^G.
EDITOR = """#!/bin/sh
if [ -r /proc/self/status ]; then
    grep -q '^SigBlk:.*[1-9a-f]$' /proc/self/status && exit 3
    ls -l /proc/$$/fd | grep -q socket && exit 4
fi
trap : INT
kill -INT 0
sleep 0.2
sed -i s/EUR/USD/ "$1"
"""


@checks.step("the body of one dead letter is edited, and an interrupt meanwhile is the editor's")
def edited():
    editor = pathlib.Path(scratch.name) / "editor"
    editor.write_text(EDITOR, encoding="utf-8")
    editor.chmod(0o700)
    with client.get_queue_sender("edited") as sender:
        sender.send_messages([ServiceBusMessage('{"currency":"EUR"}', content_type="application/json", subject=f"s{n}") for n in range(2)])
    receive("edited", 2, dead_letter)
    first = callboard.peek("edited", "--dead-letter", connection_string=sandbox.connection_string)[0]
    # In a session of its own: what is interrupted is to be callboard and its editor, and not this program.
    done = subprocess.run(
        [callboard.EXECUTABLE, "redrive", "edited", "--dead-letter", "--seq", str(first["sequenceNumber"]), "--edit", "--yes", "--output", "json"],
        env={**callboard.ENVIRONMENT, "SERVICEBUS_CONNECTION_STRING": sandbox.connection_string, "VISUAL": str(editor)},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, start_new_session=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    done_all(json.loads(done.stdout), 1)
    (copy,) = receive("edited", 1, complete)[None]
    assert (str(copy.message), copy.message.subject) == ('{"currency":"USD"}', first["subject"]), str(copy.message)
    (left,) = callboard.peek("edited", "--dead-letter", connection_string=sandbox.connection_string)
    assert "EUR" in json.dumps(left["body"]), left


def delete_and_import(*how):
    def change(queue, total):
        file = str(pathlib.Path(scratch.name) / f"{queue}.cbx")
        done_all(do("delete", queue, "--dead-letter", "--all", "--export", file), total)
        assert is_empty(queue, "--dead-letter"), "not all was deleted"
        done_all(do("import", queue, file, *how), total)

    return change


@checks.step("the order within each of five sessions is kept when five hundred messages are redriven", seconds=SECONDS)
def ordered():
    chance = random.Random(options.seed)
    order = {session: [] for session in SESSIONS}
    with client.get_queue_sender("ordered") as sender:
        for number in range(500):
            session = chance.choice(SESSIONS)
            order[session].append(number)
            sender.send_messages(ServiceBusMessage(str(number), session_id=session))
    counts = {session: len(numbers) for session, numbers in order.items()}
    receive("ordered", 500, dead_letter, counts)
    done_all(do("redrive", "ordered", "--dead-letter", "--all"), 500)
    for session, messages in receive("ordered", 500, complete, counts).items():
        numbers = [int(str(each.message)) for each in messages]
        assert numbers == order[session], f"seed {options.seed}: session {session} is {numbers}, and was {order[session]}"


# Every other message is meant; at ten a second it takes twice as long as a lock lasts until the last is acted on.
SLOW, LOCK = 200, 5


@checks.step("at a pace that is slow for short locks all is done, and nothing else's delivery count goes up", seconds=120)
def slow():
    connection = sandbox.connection_string
    for queue, *settings in (("slow",), ("slow-dead",), ("slow-sessions", "--requires-session", "true"), ("slow-held-up",), ("slow-to",)):
        made = callboard.run("create", "queue", queue, "--lock-duration", f"{LOCK}s", *settings, connection_string=connection)
        assert made.returncode == 0, made.stderr
        message = [{"messageId": f"{'meant' if n % 2 else 'other'}-{n}", **({"sessionId": "one"} if settings else {})} for n in range(SLOW)]
        if queue != "slow-to":
            lines = "".join(json.dumps(each) + "\n" for each in message)
            sent = callboard.run("send", queue, "--jsonl", "-", stdin=lines, connection_string=connection)
            assert sent.returncode == 0, sent.stderr
    do("dead-letter", "slow-dead", "--all", "--because", "test")

    def begin(*arguments):
        command = [callboard.EXECUTABLE, *arguments, "--where", "sys.MessageId LIKE 'meant-%'", "--rate", "10", "--yes", "--output", "json"]
        environment = {**callboard.ENVIRONMENT, "SERVICEBUS_CONNECTION_STRING": connection}
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    jobs = {
        "slow": begin("delete", "slow"),
        "slow-dead": begin("redrive", "slow-dead", "--dead-letter", "--to", "slow-to"),
        "slow-sessions": begin("move", "slow-sessions", "--to", "slow-to"),
    }
    held_up = begin("delete", "slow-held-up")
    time.sleep(4)
    held_up.send_signal(signal.SIGSTOP)
    time.sleep(LOCK + 2)
    held_up.send_signal(signal.SIGCONT)
    for queue, job in jobs.items():
        output, errors = job.communicate(timeout=60)
        assert job.returncode == 0, (queue, job.returncode, output, errors)
        done_all(json.loads(output), SLOW // 2)
    output, errors = held_up.communicate(timeout=60)
    assert held_up.returncode == 5 and "could not be given back" in json.loads(output)["message"], (held_up.returncode, output, errors)
    for queue, *where in (("slow",), ("slow-dead", "--dead-letter"), ("slow-sessions",)):
        left = callboard.peek(queue, "--headers-only", "--all", *where, connection_string=connection)
        counts = collections.Counter((each["messageId"].split("-")[0], each["deliveryCount"]) for each in left)
        assert counts == {("other", 0): SLOW // 2}, (queue, counts)


if __name__ == "__main__":
    sys.exit(checks.run(options.only))
