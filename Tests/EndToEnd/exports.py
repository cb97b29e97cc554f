#!/usr/bin/env python3
"""`export` as an operator and a script use it: what is in the file by an independent reader (the one of docs/export-format.md) and an
independent AMQP decoder (the official client's), what becomes of the file when it is interrupted, killed or refused.

usage: exports.py [PART OF A STEP'S NAME]
"""

import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Interop"))

import callboard
from azure.servicebus import ServiceBusClient
from azure.servicebus._pyamqp._decode import decode_payload
from azure.servicebus.amqp import AmqpAnnotatedMessage
from checks import Checks, eventually

checks = Checks("exact exports")

PROBLEM, REFUSED, NOT_FOUND, INTERRUPTED = 1, 3, 4, 130
root = tempfile.TemporaryDirectory(prefix="callboard-exports-")
# Its header is of no interest here.
reader = {"print": lambda header: None}
exec(re.search(r"```python\n(.*?)```", (callboard.ROOT / "docs/export-format.md").read_text(encoding="utf-8"), re.S)[1], reader)


def run(*arguments, status=0, environment=None, connection_string=None):
    connection_string = None if environment else connection_string or sandbox.connection_string
    done = callboard.run("export", *arguments, connection_string=connection_string, environment=environment, seconds=60)
    assert done.returncode == status, f"export {' '.join(map(str, arguments))} ended with {done.returncode}: {done.stdout}{done.stderr}"
    return done


def decoded(path):
    return [decode_payload(memoryview(record)) for record in reader["messages"](path)]


def number(message):
    return message.message_annotations[b"x-opt-sequence-number"]


def place(name):
    """A file in a folder of its own."""
    return pathlib.Path(tempfile.mkdtemp(dir=root.name)) / name


def beside(path):
    return sorted(os.listdir(path.parent))


@checks.step("the messages of a queue, every one, for its owner alone")
def everything():
    path = place("orders.cbx")
    answer = json.loads(run("orders", path, "--output", "json").stdout)
    seen = callboard.peek("orders", "--all", "--headers-only", connection_string=sandbox.connection_string, output="jsonl")
    messages = decoded(path)
    assert [number(message) for message in messages] == [int(message["sequenceNumber"]) for message in seen]
    data = path.read_bytes()
    assert answer == {
        "file": str(path), "messages": len(seen), "sizeBytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}, answer
    assert path.stat().st_mode & 0o777 == 0o600, oct(path.stat().st_mode)
    assert beside(path) == ["orders.cbx"], beside(path)


@checks.step("its dead letters, with what they died of")
def dead():
    path = place("dead.cbx")
    run("invoices", "--dead-letter", path)
    seen = callboard.peek("invoices", "--dead-letter", "--all", connection_string=sandbox.connection_string)
    reasons = [message.application_properties[b"DeadLetterReason"].decode() for message in decoded(path)]
    assert len(reasons) > 100 and reasons == [message["deadLetterReason"] for message in seen], reasons


@checks.step("what the official client sent is in the file as it sent it")
def exact():
    properties = {"n": 7, "f": 0.5, "b": b"\x01", "t": True}
    bodies = [{"data_body": [b"\x00\xff", b"two"]}, {"value_body": "text"}, {"sequence_body": [[1, b"a"], [None]]}]
    with ServiceBusClient.from_connection_string(sandbox.connection_string) as client, client.get_queue_sender("price-updates") as sender:
        for number, body in enumerate(bodies):
            sender.send_messages(
                AmqpAnnotatedMessage(
                    **body, properties={"message_id": f"m{number}", "subject": "mine"}, application_properties=properties))
    path = place("mine.cbx")
    line = run("price-updates", path, "--where", "sys.Label = 'mine'").stdout
    assert re.fullmatch(r"3 messages, \d+ bytes, sha256 [0-9a-f]{64} written to .*mine\.cbx\n", line), line
    data, value, sequence = decoded(path)
    assert list(data.data) == [b"\x00\xff", b"two"], data
    assert value.value == b"text", value
    assert [list(part) for part in sequence.sequence] == [[1, b"a"], [None]], sequence
    for number, message in enumerate((data, value, sequence)):
        assert message.properties.message_id == f"m{number}".encode(), message.properties
        assert message.application_properties == {b"n": 7, b"f": 0.5, b"b": b"\x01", b"t": True}, message.application_properties


@checks.step("a file that is there stays as it is, unless it is to be replaced")
def existing():
    path = place("mine.cbx")
    path.write_text("mine", encoding="utf-8")
    assert "mine.cbx" in run("invoices", path, status=PROBLEM).stderr
    assert path.read_text(encoding="utf-8") == "mine"
    run("invoices", path, "--overwrite")
    assert len(decoded(path)) > 0
    path = place("none.cbx")
    run("nowhere", path, status=NOT_FOUND)
    assert beside(path) == [], beside(path)


def started(path):
    """An export that goes on for a while, once it has begun to write."""
    variables = {**callboard.ENVIRONMENT, "SERVICEBUS_CONNECTION_STRING": slow.connection_string}
    process = subprocess.Popen(
        [callboard.EXECUTABLE, "export", "orders", str(path)], env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    eventually(lambda: beside(path) == [f"{path.name}.partial"], what="the partial file")
    return process


@checks.step("interrupted, it leaves nothing")
def interrupted():
    path = place("slow.cbx")
    with started(path) as process:
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
    assert process.returncode == INTERRUPTED, (process.returncode, errors)
    assert output == b"" and beside(path) == [], (output, beside(path))


@checks.step("killed, it leaves no file of that name, and nothing in the way of the next", seconds=60)
def killed():
    path = place("slow.cbx")
    with started(path) as process:
        process.kill()
    assert beside(path) == ["slow.cbx.partial"], beside(path)
    run("orders", path, connection_string=slow.connection_string)
    assert beside(path) == ["slow.cbx"] and len(decoded(path)) > 0, beside(path)


@checks.step("in a context that masks there is none")
def masked():
    configuration, path = place("config.yaml"), place("shop.cbx")
    configuration.write_text("contexts:\n  shop:\n    production: true\n    connection-string: {env: SHOP}\n", encoding="utf-8")
    environment = {**callboard.ENVIRONMENT, "CALLBOARD_CONFIG": str(configuration), "SHOP": sandbox.connection_string}
    done = run("--context", "shop", "invoices", path, status=REFUSED, environment=environment)
    assert "masks messages" in done.stderr and "peek" in done.stderr, done.stderr
    assert beside(path) == [], beside(path)


with callboard.Sandbox("--seed", "demo") as sandbox, callboard.Sandbox("--seed", "demo", "--latency", "300ms") as slow:
    status = checks.run()
root.cleanup()
sys.exit(status)
