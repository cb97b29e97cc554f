#!/usr/bin/env python3
"""Our client against a second Service Bus, made of Apache Qpid Proton (responder.py): what it sends is written down frame by frame
(recorder.py), decoded by proton's codec, and compared with Microsoft's documents field by field.

usage: second_server.py [PART OF A STEP'S NAME]
CALLBOARD names the command's executable (default .build/debug/callboard), AMQP_EXCHANGE the one that plays
(default .build/debug/amqp-exchange).
"""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
import urllib.parse

from proton import int32

import callboard
from checks import Checks, eventually
from recorder import Recorder, sections
from responder import Responder
from wire import kind

checks = Checks("our client against a second server")

EXCHANGE = os.environ.get("AMQP_EXCHANGE", str(callboard.ROOT / ".build" / "debug" / "amqp-exchange")).split()
HEADER, ANNOTATIONS, PROPERTIES, APPLICATION, DATA, VALUE = 0x70, 0x72, 0x73, 0x74, 0x75, 0x77


class Served:
    """A responder behind a recorder, and how to reach them."""

    def __init__(self, responder, recorder):
        self.responder, self.recorder = responder, recorder
        self.endpoint = f"127.0.0.1:{recorder.port}"
        self.connection_string = (
            f"Endpoint=sb://{self.endpoint};SharedAccessKeyName={callboard.ROOT_RULE};SharedAccessKey={callboard.KEY};"
            "UseDevelopmentEmulator=true;"
        )

    def command(self, *arguments, status=0, **options):
        done = callboard.run(*arguments, connection_string=self.connection_string, **options)
        assert done.returncode == status, f"{arguments} ended with {done.returncode}: {done.stdout}{done.stderr}"
        return done


@contextlib.contextmanager
def served(kind=Responder):
    with kind() as responder, Recorder(responder.port) as recorder:
        yield Served(responder, recorder)
        assert not recorder.errors, recorder.errors


def play(name, connection_string, entity):
    """Runs `amqp-exchange play`; gives what it said, each line decoded."""
    command = [*EXCHANGE, "play", name, connection_string, entity]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=40, check=False, env=callboard.ENVIRONMENT
    )
    assert done.returncode == 0, f"play {name} ended with {done.returncode}: {done.stdout}{done.stderr}"
    return [json.loads(line) for line in done.stdout.splitlines()]


def equal(found, expected, what=""):
    assert found == expected, f"{what}{': ' if what else ''}{found!r} is not {expected!r}"


def is_kind(value, name, what=""):
    assert kind(value) == name, f"{what}{': ' if what else ''}{value!r} is {kind(value)}, not {name}"


def only(values):
    assert len(values) == 1, f"{len(values)} where one is due: {values}"
    return values[0]


@checks.step("a connection is opened as the service wants it: SASL, open, begin, and links of $cbs before those of the entity")
def opens():
    with served() as server:
        server.responder.entity("q").put("a")
        server.command("peek", "q", "--count", "1")
        recorder = server.recorder
        assert only(recorder.all("sasl-init"))["mechanism"] in ("ANONYMOUS", "MSSBCBS")
        opened = only(recorder.all("open"))
        is_kind(opened["container-id"], "string")
        equal(opened["hostname"], "127.0.0.1", "the host without its port")
        assert opened["max-frame-size"] is None or opened["max-frame-size"] >= 512
        addresses = [each.address for each in recorder.all("attach")]
        equal(addresses, ["$cbs", "$cbs", "q/$management", "q/$management"])
        for first, second in zip(recorder.all("attach")[::2], recorder.all("attach")[1::2]):
            equal({first["role"], second["role"]}, {True, False}, "a pair of links, one each way")
        eventually(lambda: recorder.all("close"), what="the close")


@checks.step("put-token brings a signature that is good, with operation, type, name and expiration of their types")
def puts_token():
    with served() as server:
        server.command("peek", "q", "--count", "1")
        request = only(server.responder.tokens)
        properties = request.properties
        equal(properties["operation"], "put-token")
        equal(properties["type"], "servicebus.windows.net:sastoken")
        audience = f"sb://{server.endpoint}/q"
        equal(properties["name"], audience)
        for name in ("operation", "type", "name"):
            is_kind(properties[name], "string", name)
        if "expiration" in properties:
            is_kind(properties["expiration"], "timestamp")
        is_kind(request.body, "string", "the token")
        fields = dict(part.split("=", 1) for part in request.body.removeprefix("SharedAccessSignature ").split("&"))
        equal(sorted(fields), ["se", "sig", "skn", "sr"])
        equal(urllib.parse.unquote(fields["sr"]).rstrip("/"), audience)
        signed = hmac.new(callboard.KEY.encode(), f"{fields['sr']}\n{fields['se']}".encode(), hashlib.sha256).digest()
        equal(base64.b64decode(urllib.parse.unquote(fields["sig"])), signed, "the signature")
        assert time.time() + 60 < int(fields["se"]) < time.time() + 90_000, fields["se"]
        assert request.id is not None and request.reply_to is not None


@checks.step("peek-message asks with a long and an int, and its answers are read from any server")
def peeks():
    with served() as server:
        entity = server.responder.entity("q")
        for number in range(30):
            entity.put(f"body {number}", id=f"m-{number}", subject="s", properties={"n": int32(number)})
        entity.put("deferred", state=1)
        seen = json.loads(server.command("peek", "q", "--all", "--output", "json").stdout)
        equal([each["body"]["text"].strip('"') for each in seen], [f"body {n}" for n in range(30)] + ["deferred"])
        equal([each["state"] for each in seen], ["active"] * 30 + ["deferred"])
        equal(seen[7]["applicationProperties"], {"n": {"type": "int", "value": 7}})
        equal([each["sequenceNumber"] for each in seen], list(range(1, 32)))
        for path, operation, message, transaction in server.responder.requests:
            equal((path, operation, transaction), ("q", "peek-message", None))
            is_kind(message.body["from-sequence-number"], "long")
            is_kind(message.body["message-count"], "int")
            assert set(message.body) <= {"from-sequence-number", "message-count", "omit-message-body"}, message.body
            assert 1 <= message.body["message-count"] <= 250
            is_kind(message.properties["com.microsoft:server-timeout"], "uint")
            equal(message.properties["operation"], "com.microsoft:peek-message")
            assert message.id is not None
        replies = [each for each in server.recorder.attaches("q/$management") if each["role"] is True]
        equal({each[2].reply_to for each in server.responder.requests}, {each["target"].value[0] for each in replies}, "where answers go")


@checks.step("errors of a management node reach the operator with their text")
def management_errors():
    table = (
        ((404, "amqp:not-found", {}), 4),
        ((401, "amqp:unauthorized-access", {}), 3),
        ((500, "amqp:internal-error", {}), 1),
    )
    for answer, status in table:
        with served() as server:
            server.responder.script("peek-message", *[answer] * 20)
            done = callboard.run("peek", "q", "--count", "1", connection_string=server.connection_string)
            equal(done.returncode, status, f"{answer}: {done.stderr}")
            assert done.stderr.strip(), "an error without a word"


@checks.step("what we send is one unsettled transfer on a sender of the entity, with the sections in their order")
def sends():
    with served() as server:
        options = ("--subject", "OrderPlaced", "--message-id", "m-1", "--session", "s-1", "--property", "tenant=emea")
        server.command("send", "orders", *options, stdin='{"a": 1}')
        attach = only(server.recorder.attaches("orders"))
        equal(attach["role"], False)
        frame, payload = only(server.recorder.transfers("orders"))
        assert frame["settled"] in (None, False), "the outcome is asked for"
        is_kind(frame["delivery-tag"], "binary")
        assert 1 <= len(bytes(frame["delivery-tag"])) <= 32
        assert frame["message-format"] in (None, 0)
        descriptors = [descriptor for descriptor, _ in sections(payload)]
        equal(descriptors, sorted(descriptors), "the order of sections")
        fields = dict(sections(payload))
        equal((fields[PROPERTIES][0], fields[PROPERTIES][3], fields[PROPERTIES][10]), ("m-1", "OrderPlaced", "s-1"))
        equal(fields[APPLICATION], {"tenant": "emea"})
        equal(bytes(fields[DATA]), b'{"a": 1}')
        equal(server.responder.entity("orders").bodies, [b'{"a": 1}'])


@checks.step("a rejected send fails with the service's words")
def rejected_send():
    with served() as server:
        server.responder.script("send", ("amqp:resource-limit-exceeded", "The quota of the queue is used up. TrackingId:abc"))
        done = callboard.run("send", "orders", connection_string=server.connection_string, stdin="x")
        assert done.returncode != 0
        assert "quota of the queue is used up" in done.stderr and "abc" in done.stderr, done.stderr
        equal(server.responder.entity("orders").bodies, [])


if __name__ == "__main__":
    # The plays, the jobs and the faults import this module by its name.
    sys.modules["second_server"] = sys.modules["__main__"]
    import second_server_faults  # noqa: F401
    import second_server_jobs  # noqa: F401
    import second_server_plays  # noqa: F401

    sys.exit(checks.run())
