#!/usr/bin/env python3
"""Our commands judged by the official Azure client (azure-servicebus), on one sandbox: what the client sent and settled must come out of
`callboard peek` with the same properties, types and states, and what our commands change the client must see. Everything else the client can do
is in official/.

usage: data_plane.py [PART OF A STEP'S NAME]      CALLBOARD names the executable (default .build/debug/callboard)
"""

import base64
import datetime
import json
import pathlib
import re
import sys
import tempfile
import urllib.parse
import uuid

from azure.servicebus import (
    ServiceBusClient,
    ServiceBusMessage,
    ServiceBusMessageState,
    ServiceBusReceiveMode,
    ServiceBusSubQueue,
)
from azure.servicebus.amqp import AmqpAnnotatedMessage
from azure.servicebus.exceptions import (
    MessageAlreadySettled,
    MessageSizeExceededError,
    MessagingEntityNotFoundError,
    ServiceBusAuthenticationError,
    ServiceBusAuthorizationError,
    ServiceBusError,
)

import callboard
from checks import Checks, eventually
from proxies import PASSWORD, Proxy

checks = Checks("official client against the sandbox")

# Read as Microsoft's emulator reads it: JSON with // comments.
CONFIGURATION = """
// A namespace for these tests, in the format of the emulator's Config.json.
{
  "UserConfig": {
    "Namespaces": [
      {
        "Name": "sbemulatorns", // the only name the emulator knows
        "Queues": [
          // one queue a step, so that no step can disturb another
%s
        ],
        "Topics": [
          {
            "Name": "events",
            "Properties": { "DefaultMessageTimeToLive": "PT1H" },
            "Subscriptions": [
              { "Name": "audit", "Properties": { "MaxDeliveryCount": 3 } },
              { "Name": "billing", "Properties": { "MaxDeliveryCount": 3 } }
            ]
          },
          {
            "Name": "conditions",
            "Subscriptions": [
%s
            ]
          }
        ]
      }
    ],
    "Logging": { "Type": "Console" } // nothing else is read here
  }
}
"""

QUEUES = (
    "alarm single list batch large types bodies peeking complete abandon poison defer dead-letter schedule expiry refused pages filtered proxied "
    "traced-a traced-b"
).split()

# Conditions, as rules of a topic's subscriptions and for `peek --where`.
CONDITIONS = (
    "sys.Label = 'red'",
    "priority > 3 AND tenant <> 'apac'",
    "tenant LIKE 'e%' OR tenant IS NULL",
    "tenant IN ('apac', 'emea')",
    "EXISTS(priority) AND NOT (priority = 5)",
)

sandbox = None
client = None
work = tempfile.TemporaryDirectory(prefix="callboard-interop-")


def configuration():
    properties = {"LockDuration": "PT1M", "DefaultMessageTimeToLive": "PT1H", "MaxDeliveryCount": 3, "DeadLetteringOnMessageExpiration": True}
    queues = [{"Name": name, "Properties": properties} for name in QUEUES]
    queues += [{"Name": name, "Properties": {"RequiresSession": True}} for name in ("sessions", "stateful")]
    path = pathlib.Path(work.name) / "Config.json"
    subscriptions = [
        {"Name": f"s{number}", "Rules": [{"Name": "only", "Properties": {"FilterType": "Sql", "SqlFilter": {"SqlExpression": condition}}}]}
        for number, condition in enumerate(CONDITIONS)
    ]
    lines = tuple(",\n".join(f"          {json.dumps(each)}" for each in entities) for entities in (queues, subscriptions))
    path.write_text(CONFIGURATION % lines, encoding="utf-8")
    return path


def new_client(connection_string=None):
    return ServiceBusClient.from_connection_string(
        connection_string or sandbox.connection_string, retry_total=0, logging_enable=False
    )


def send(queue, messages):
    with client.get_queue_sender(queue) as sender:
        sender.send_messages(messages, timeout=15)


def receiver(queue, **options):
    return client.get_queue_receiver(queue, max_wait_time=10, **options)


def take(open_receiver, count, seconds=10):
    """Exactly `count` messages, however many calls that needs; receive_messages may give fewer than asked."""
    taken = []
    while len(taken) < count:
        more = open_receiver.receive_messages(max_message_count=count - len(taken), max_wait_time=seconds)
        assert more, f"{len(taken)} of {count} messages came"
        taken += more
    return taken


def texts(messages):
    return [b"".join(message.body).decode() for message in messages]


def ours(entity, *arguments, output="json"):
    return callboard.peek(entity, *(arguments or ("--all",)), connection_string=sandbox.connection_string, output=output)


def moment(text):
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text), f"not an RFC 3339 time in UTC: {text!r}"
    text = re.sub(r"(\.\d{6})\d*", r"\1", text)
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def same_moment(text, expected, within=0.002):
    if expected.tzinfo is None:
        expected = expected.replace(tzinfo=datetime.timezone.utc)
    assert abs((moment(text) - expected).total_seconds()) <= within, f"{text} is not {expected.isoformat()}"


def long_number(value):
    """A sequence number of the JSON: a number, or a string where a double could not hold it."""
    if isinstance(value, str):
        assert int(value) > 2**53, f"{value!r} fits a JSON number and is a string"
    else:
        assert value <= 2**53, f"{value!r} does not fit a JSON number and is one"
    return int(value)


KEYS = (
    "sequenceNumber enqueuedSequenceNumber messageId correlationId sessionId partitionKey subject to replyTo replyToSessionId contentType "
    "contentEncoding timeToLiveMilliseconds enqueuedTime expiresAt scheduledEnqueueTime deliveryCount state deadLetterReason "
    "deadLetterErrorDescription deadLetterSource applicationProperties body"
).split()


def well_formed(message):
    """The keys of docs/commands.md and no others, with the types scripts rely on."""
    unknown = set(message) - set(KEYS)
    assert not unknown, f"keys nobody documented: {sorted(unknown)}"
    for key in ("sequenceNumber", "enqueuedTime", "deliveryCount", "state", "applicationProperties"):
        assert message.get(key) is not None, f"{key} is missing"
    long_number(message["sequenceNumber"])
    moment(message["enqueuedTime"])
    assert isinstance(message["deliveryCount"], int)
    assert message["state"] in ("active", "deferred", "scheduled"), message["state"]
    for name, value in message["applicationProperties"].items():
        assert set(value) == {"type", "value"}, f"{name}: {value}"
    if message.get("body") is not None:
        assert message["body"]["kind"] in ("data", "value", "sequence"), message["body"]
    return message


@checks.step("the sandbox starts with the emulator's Config.json and says that it is ready", seconds=60, essential=True)
def starts():
    global sandbox, client
    sandbox = callboard.Sandbox(config=configuration()).start()
    client = new_client()
    for key in ("ready", "amqpPort", "httpPort", "httpsPort", "cloudPort", "connectionString", "caFile"):
        assert key in sandbox.ready, f"the ready line lacks {key}: {sandbox.ready}"
    assert "UseDevelopmentEmulator=true" in sandbox.connection_string, sandbox.ready


@checks.step("a single message with every property reaches our peek unchanged")
def single():
    sent_at = datetime.datetime.now(datetime.timezone.utc)
    message = ServiceBusMessage(
        '{"orderId": 88213, "total": 129.9, "note": "größer, 漢字 \\u0000"}',
        message_id="order-88213",
        correlation_id="corr-4471",
        partition_key="emea",
        subject="OrderPlaced",
        to="fulfilment",
        reply_to="replies",
        reply_to_session_id="reply-session",
        content_type="application/json",
        time_to_live=datetime.timedelta(minutes=30),
        application_properties={"tenant": "emea", "attempt": 3},
    )
    send("single", message)

    (seen,) = [well_formed(each) for each in ours("single")]
    assert {key: seen.get(key) for key in ("messageId", "correlationId", "partitionKey", "subject", "to", "replyTo")} == {
        "messageId": "order-88213",
        "correlationId": "corr-4471",
        "partitionKey": "emea",
        "subject": "OrderPlaced",
        "to": "fulfilment",
        "replyTo": "replies",
    }
    assert seen.get("replyToSessionId") == "reply-session"
    assert seen.get("contentType") == "application/json"
    assert seen.get("contentEncoding") is None
    assert seen.get("sessionId") is None
    assert seen.get("scheduledEnqueueTime") is None
    assert seen.get("deadLetterReason") is None and seen.get("deadLetterSource") is None
    assert seen["timeToLiveMilliseconds"] == 30 * 60 * 1000
    assert seen["state"] == "active"
    assert abs((moment(seen["enqueuedTime"]) - sent_at).total_seconds()) < 30
    # The client wrote an expiry time of its own, in whole seconds.
    same_moment(seen["expiresAt"], moment(seen["enqueuedTime"]) + datetime.timedelta(minutes=30), within=1.5)
    assert seen["applicationProperties"] == {"tenant": {"type": "string", "value": "emea"}, "attempt": {"type": "int", "value": 3}}
    body = '{"orderId": 88213, "total": 129.9, "note": "größer, 漢字 \\u0000"}'
    assert seen["body"] == {"kind": "data", "encoding": "utf-8", "text": body, "sizeBytes": len(body.encode())}

    # The official client's own view of the same message has to agree.
    with receiver("single") as looking:
        (theirs,) = looking.peek_messages(max_message_count=5, timeout=10)
    assert theirs.sequence_number == long_number(seen["sequenceNumber"])
    assert theirs.enqueued_sequence_number == long_number(seen["enqueuedSequenceNumber"])
    same_moment(seen["enqueuedTime"], theirs.enqueued_time_utc)
    same_moment(seen["expiresAt"], theirs.expires_at_utc, within=1)
    assert theirs.delivery_count in (0, None) and seen["deliveryCount"] == 0
    assert theirs.state == ServiceBusMessageState.ACTIVE
    assert theirs.message_id == "order-88213" and theirs.partition_key == "emea"


@checks.step("--headers-only leaves the body out, and jsonl says the same as json")
def headers_only():
    (whole,) = ours("single")
    (header,) = ours("single", "--all", "--headers-only")
    assert "body" not in header
    assert header == {key: value for key, value in whole.items() if key != "body"}
    assert ours("single", "--all", output="jsonl") == [whole]


@checks.step("a list is sent as a batch and arrives as single messages in order")
def sends_list():
    send("list", [ServiceBusMessage(f"line {n}", message_id=f"list-{n}", application_properties={"n": n}) for n in range(25)])
    seen = [well_formed(each) for each in ours("list")]
    assert [each["messageId"] for each in seen] == [f"list-{n}" for n in range(25)]
    assert [each["applicationProperties"]["n"]["value"] for each in seen] == list(range(25))
    assert [each["body"]["text"] for each in seen] == [f"line {n}" for n in range(25)]
    numbers = [long_number(each["sequenceNumber"]) for each in seen]
    assert numbers == sorted(set(numbers)), "sequence numbers grow"


@checks.step("a batch that the client fills to its size arrives whole", seconds=60)
def sends_batch():
    with client.get_queue_sender("batch") as sender:
        batch = sender.create_message_batch()
        count = 0
        try:
            while count < 2000:
                batch.add_message(ServiceBusMessage("x" * 200, message_id=f"batch-{count}", subject="Batched"))
                count += 1
        except MessageSizeExceededError:
            pass
        assert count > 100, f"only {count} messages of 200 bytes fit a batch"
        sender.send_messages(batch, timeout=20)
    seen = ours("batch", "--all", "--headers-only")
    assert [each["messageId"] for each in seen] == [f"batch-{n}" for n in range(count)]


@checks.step("a message larger than a frame comes through byte for byte")
def large():
    body = bytes(range(256)) * 800  # 200 kB, not UTF-8
    send("large", ServiceBusMessage(body, content_type="application/octet-stream", message_id="large"))
    (seen,) = ours("large")
    assert seen["body"]["encoding"] == "base64" and seen["body"]["sizeBytes"] == len(body)
    assert base64.b64decode(seen["body"]["text"]) == body
    with receiver("large") as taking:
        (message,) = take(taking, 1)
        assert b"".join(message.body) == body
        taking.complete_message(message)


@checks.step("every type an application property may have keeps its type and value")
def property_types():
    when = datetime.datetime(2026, 11, 23, 3, 12, 44, 123000, tzinfo=datetime.timezone.utc)
    some = uuid.UUID("8f0e1c2d-3b4a-4f6e-9a55-2f1d8c3ba21c")

    def typed(name, value):
        # The wire type by name, the client's own convention for a value whose Python type does not say enough.
        return {"TYPE": name, "VALUE": value}

    table = {
        "text": ("string", "emea", "emea"),
        "empty": ("string", "", ""),
        "hostile": ("string", "\x1b]0;owned\x07\u202e", "\x1b]0;owned\x07\u202e"),
        "yes": ("boolean", True, True),
        "no": ("boolean", False, False),
        "int": ("int", -3, -3),
        "intLow": ("int", -(2**31), -(2**31)),
        "double": ("double", 129.9, 129.9),
        "uuid": ("uuid", some, str(some)),
        "time": ("timestamp", when, when),
        "ubyte": ("ubyte", typed("UBYTE", 255), 255),
        "byte": ("byte", typed("BYTE", -128), -128),
        "ushort": ("ushort", typed("USHORT", 65535), 65535),
        "short": ("short", typed("SHORT", -32768), -32768),
        "uint": ("uint", typed("UINT", 4294967295), 4294967295),
        "long": ("long", typed("LONG", 4503599627370497), 4503599627370497),
        "longLow": ("long", typed("LONG", -(2**63)), -(2**63)),
        "ulong": ("ulong", typed("ULONG", 2**64 - 1), 2**64 - 1),
        "float": ("float", typed("FLOAT", 0.5), 0.5),
        "binary": ("binary", typed("BINARY", b"\x00\xff\x1b"), b"\x00\xff\x1b"),
        "symbol": ("symbol", typed("SYMBOL", b"emea-1"), "emea-1"),
        # What Microsoft's SDKs for .NET and Java wrap: a described value under a symbol.
        "timespan": ("timespan", (typed("SYMBOL", b"com.microsoft:timespan"), typed("LONG", 936_005_000_000)), "1.02:00:00.5000000"),
        "uri": ("uri", (typed("SYMBOL", b"com.microsoft:uri"), "https://example.org/a?b"), "https://example.org/a?b"),
    }
    send("types", ServiceBusMessage("typed", application_properties={name: sent for name, (_, sent, _) in table.items()}))
    (seen,) = [well_formed(each) for each in ours("types")]
    found = seen["applicationProperties"]
    assert list(found) == list(table), "the properties stand in the order they were sent in"
    wrong = []
    for name, (type_name, _, expected) in table.items():
        value = found[name]["value"]
        if isinstance(expected, datetime.datetime):
            same = moment(value) == expected
        elif isinstance(expected, bytes):
            same = base64.b64decode(value) == expected
        elif isinstance(expected, int) and not isinstance(expected, bool) and abs(expected) > 2**53:
            same = str(value) == str(expected)
        else:
            same = value == expected and isinstance(value, type(expected))
        if found[name]["type"] != type_name or not same:
            wrong.append(f"{name}: {found[name]}, sent as {type_name} {expected!r}")
    assert not wrong, "; ".join(wrong)


@checks.step("bodies of every kind are shown as what they are")
def bodies():
    send("bodies", ServiceBusMessage("", message_id="empty"))
    with client.get_queue_sender("bodies") as sender:
        for message_id, content in {
            "two-data": {"data_body": [b"one,", b"two"]},
            "value-string": {"value_body": "text as a value"},
            "value-map": {"value_body": {"orderId": 88213, "tier": "gold"}},
            "sequence": {"sequence_body": [[1, "two"], [True]]},
        }.items():
            annotated = AmqpAnnotatedMessage(**content, properties={"message_id": message_id})
            sender.send_messages(annotated, timeout=15)
    seen = {each["messageId"]: each["body"] for each in map(well_formed, ours("bodies"))}
    assert seen["empty"] == {"kind": "data", "encoding": "utf-8", "text": "", "sizeBytes": 0}
    assert seen["two-data"] == {"kind": "data", "encoding": "utf-8", "text": "one,two", "sizeBytes": 7}
    assert seen["value-string"]["kind"] == "value" and "text as a value" in seen["value-string"]["text"]
    assert seen["value-map"]["kind"] == "value" and "88213" in seen["value-map"]["text"] and "gold" in seen["value-map"]["text"]
    assert seen["sequence"]["kind"] == "sequence" and "two" in seen["sequence"]["text"]


@checks.step("peeking disturbs nothing: no lock, no delivery count, from any number, in pages", seconds=60)
def peeking():
    send("peeking", [ServiceBusMessage(str(n)) for n in range(300)])
    with receiver("peeking") as looking:
        first = looking.peek_messages(max_message_count=10, timeout=10)
        assert texts(first) == [str(n) for n in range(10)]
        again = looking.peek_messages(max_message_count=10, sequence_number=first[5].sequence_number, timeout=10)
        assert again[0].sequence_number == first[5].sequence_number
        pages, cursor = [], 1
        while True:
            page = looking.peek_messages(max_message_count=100, sequence_number=cursor, timeout=10)
            if not page:
                break
            pages += page
            cursor = page[-1].sequence_number + 1
        assert texts(pages) == [str(n) for n in range(300)]
    seen = ours("peeking")
    assert [each["body"]["text"] for each in seen] == [str(n) for n in range(300)], "--all goes on until an empty page"
    tail = ours("peeking", "--from", str(pages[-1].sequence_number))
    assert [each["body"]["text"] for each in tail] == ["299"]
    assert len(ours("peeking", "--count", "7")) == 7
    with receiver("peeking", receive_mode=ServiceBusReceiveMode.PEEK_LOCK) as taking:
        message = take(taking, 1)[0]
        assert texts([message]) == ["0"] and message.delivery_count == 0
        taking.abandon_message(message)


@checks.step("a completed message is gone")
def completes():
    send("complete", [ServiceBusMessage("a"), ServiceBusMessage("b"), ServiceBusMessage("c")])
    with receiver("complete") as taking:
        a, b, c = take(taking, 3)
        assert texts([a, b, c]) == ["a", "b", "c"]
        assert a.lock_token and a.locked_until_utc > datetime.datetime.now(datetime.timezone.utc)
        assert len({a.lock_token, b.lock_token, c.lock_token}) == 3
        taking.complete_message(b)
        try:
            taking.complete_message(b)
            raise AssertionError("a message was settled twice")
        except MessageAlreadySettled:
            pass
        taking.complete_message(a)
        taking.complete_message(c)
        assert not taking.receive_messages(max_message_count=1, max_wait_time=1)
    assert ours("complete") == []


@checks.step("an abandoned message comes back with its delivery counted")
def abandons():
    send("abandon", ServiceBusMessage("again"))
    with receiver("abandon") as taking:
        (message,) = take(taking, 1)
        assert message.delivery_count == 0
        taking.abandon_message(message)
        (message,) = take(taking, 1)
        assert message.delivery_count == 1
        (seen,) = ours("abandon")
        assert seen["deliveryCount"] >= 1 and seen["state"] == "active"
        taking.complete_message(message)


@checks.step("too many deliveries end in the dead-letter queue, with the reason")
def poison():
    send("poison", ServiceBusMessage("never works", message_id="poison-1"))
    with receiver("poison") as taking:
        for _ in range(3):
            (message,) = take(taking, 1)
            taking.abandon_message(message)
        assert not taking.receive_messages(max_message_count=1, max_wait_time=1)
    (seen,) = ours("poison", "--dead-letter", "--all")
    assert seen["messageId"] == "poison-1" and seen["deadLetterReason"] == "MaxDeliveryCountExceeded", seen
    assert ours("poison") == []


@checks.step("a deferred message waits for its number")
def defers():
    send("defer", ServiceBusMessage("later", message_id="defer-1"))
    with receiver("defer") as taking:
        (message,) = take(taking, 1)
        number = message.sequence_number
        taking.defer_message(message)
        assert not taking.receive_messages(max_message_count=1, max_wait_time=1)
        (seen,) = ours("defer")
        assert seen["state"] == "deferred" and long_number(seen["sequenceNumber"]) == number
        (peeked,) = taking.peek_messages(max_message_count=1, sequence_number=number, timeout=10)
        assert peeked.state == ServiceBusMessageState.DEFERRED
        (message,) = taking.receive_deferred_messages(sequence_numbers=[number], timeout=10)
        assert texts([message]) == ["later"] and message.message_id == "defer-1"
        taking.complete_message(message)
        try:
            taking.receive_deferred_messages(sequence_numbers=[number], timeout=10)
            raise AssertionError("a completed message was received again")
        except ServiceBusError:
            pass
    assert ours("defer") == []


@checks.step("a dead letter carries its reason, description and the rest of the message")
def dead_letters():
    send(
        "dead-letter",
        ServiceBusMessage("bad order", message_id="dl-1", subject="OrderPlaced", application_properties={"tenant": "emea"}),
    )
    with receiver("dead-letter") as taking:
        (message,) = take(taking, 1)
        taking.dead_letter_message(message, reason="ValidationFailed", error_description="$.lines[3].sku is empty")
    with receiver("dead-letter", sub_queue=ServiceBusSubQueue.DEAD_LETTER) as looking:
        (theirs,) = looking.peek_messages(max_message_count=5, timeout=10)
        assert theirs.dead_letter_reason == "ValidationFailed"
        assert theirs.dead_letter_error_description == "$.lines[3].sku is empty"
    for entity, arguments in (("dead-letter", ("--dead-letter", "--all")), ("dead-letter/$deadletterqueue", ("--all",))):
        (seen,) = [well_formed(each) for each in ours(entity, *arguments)]
        assert seen["deadLetterReason"] == "ValidationFailed"
        assert seen["deadLetterErrorDescription"] == "$.lines[3].sku is empty"
        assert seen["messageId"] == "dl-1" and seen["subject"] == "OrderPlaced"
        assert seen["applicationProperties"]["tenant"] == {"type": "string", "value": "emea"}
        assert seen["body"]["text"] == "bad order"
    assert ours("dead-letter") == []


@checks.step("a scheduled message is seen, cancelled, or comes in time")
def schedules():
    now = datetime.datetime.now(datetime.timezone.utc)
    with client.get_queue_sender("schedule") as sender:
        far = now + datetime.timedelta(hours=1)
        kept, cancelled = sender.schedule_messages(
            [ServiceBusMessage("kept", message_id="kept"), ServiceBusMessage("cancelled", message_id="cancelled")], far, timeout=10
        )
        seen = {each["messageId"]: each for each in map(well_formed, ours("schedule"))}
        assert set(seen) == {"kept", "cancelled"} and seen["kept"]["state"] == "scheduled"
        assert long_number(seen["kept"]["sequenceNumber"]) == kept
        same_moment(seen["kept"]["scheduledEnqueueTime"], far)
        sender.cancel_scheduled_messages(cancelled, timeout=10)
        assert [each["messageId"] for each in ours("schedule")] == ["kept"]
        sender.schedule_messages(ServiceBusMessage("soon"), now + datetime.timedelta(seconds=2), timeout=10)
    with receiver("schedule") as taking:
        (message,) = take(taking, 1)
        assert texts([message]) == ["soon"]
        assert datetime.datetime.now(datetime.timezone.utc) >= now + datetime.timedelta(seconds=1.9)
        taking.complete_message(message)


@checks.step("an expired message moves to the dead letters")
def expires():
    send("expiry", ServiceBusMessage("too late", time_to_live=datetime.timedelta(seconds=1), message_id="expired"))
    (seen,) = eventually(lambda: ours("expiry", "--dead-letter", "--all"), seconds=20, every=0.3, what="the message expiring")
    assert seen["messageId"] == "expired" and seen["deadLetterReason"] == "TTLExpiredException", seen
    assert ours("expiry") == []


@checks.step("a topic gives each subscription its copy")
def topics():
    with client.get_topic_sender("events") as sender:
        sender.send_messages(ServiceBusMessage("happened", subject="OrderPlaced"), timeout=15)
    for name in ("audit", "billing"):
        (seen,) = [well_formed(each) for each in ours(f"events/{name}")]
        assert seen["body"]["text"] == "happened" and seen["subject"] == "OrderPlaced"
    with client.get_subscription_receiver("events", "audit", max_wait_time=10) as taking:
        (message,) = take(taking, 1)
        taking.dead_letter_message(message, reason="NotForUs")
    assert ours("events/audit") == [] and len(ours("events/billing")) == 1
    (dead,) = ours("events/Subscriptions/audit", "--dead-letter", "--all")
    assert dead["deadLetterReason"] == "NotForUs"


@checks.step("peek --where lets through what a rule with that condition does, and 'rules test' foretells it", seconds=60)
def conditions():
    messages = [
        ServiceBusMessage("red", message_id="red", subject="red", application_properties={"tenant": "emea", "priority": 5}),
        ServiceBusMessage("blue", message_id="blue", subject="blue", application_properties={"tenant": "apac", "priority": 4}),
        ServiceBusMessage("bare", message_id="bare"),
    ]
    send("filtered", messages)
    with client.get_topic_sender("conditions") as sender:
        sender.send_messages(messages, timeout=15)
    sent = callboard.run("peek", "filtered", "--all", "--output", "jsonl", connection_string=sandbox.connection_string).stdout
    for number, condition in enumerate(CONDITIONS):
        passed = [each["messageId"] for each in ours("filtered", "--all", "--where", condition)]
        ruled = [each["messageId"] for each in ours(f"conditions/s{number}")]
        assert passed == ruled and 0 < len(ruled) < 3, f"{condition}: --where lets {passed} through, the rule {ruled}"
        done = callboard.run(
            "rules", f"conditions/s{number}", "test", "-", "--output", "json", connection_string=sandbox.connection_string, stdin=sent
        )
        assert done.returncode == 0, done.stderr
        foretold = json.loads(done.stdout)
        assert [each["message"] for each in foretold] == [1, 2, 3] and all(each["because"] for each in foretold), foretold
        gets = [["red", "blue", "bare"][each["message"] - 1] for each in foretold if each["copies"] == 1 and each["selects"]]
        assert gets == ruled, f"{condition}: 'rules test' says {gets}, {ruled} came: {foretold}"


def trace(identifier, *options, status=0):
    done = callboard.run("trace", identifier, "--output", "json", *options, connection_string=sandbox.connection_string)
    assert done.returncode == status, f"trace {identifier} ended with {done.returncode}: {done.stdout}{done.stderr}"
    return [(each["entity"], each["subQueue"], each["state"], each["foundBy"]) for each in json.loads(done.stdout)], done.stderr


@checks.step("an id is traced through queues, copies in subscriptions, dead letters, deferred and scheduled messages", seconds=90)
def traces():
    order, span = "7e0c8b1a-5d34-4f0a-9b8e-1f2d3c4b5a69", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert trace(order, status=4)[0] == [], "nothing was sent yet"
    send("traced-a", [ServiceBusMessage("dies", message_id=order)])
    with receiver("traced-a") as open_receiver:
        open_receiver.dead_letter_message(take(open_receiver, 1)[0], reason="Refused")
    send("traced-b", [ServiceBusMessage("waits", correlation_id=order), ServiceBusMessage("other", message_id="x" + order)])
    with receiver("traced-b") as open_receiver:
        first, second = take(open_receiver, 2)
        open_receiver.defer_message(first)
        open_receiver.abandon_message(second)
    with client.get_topic_sender("events") as sender:
        sender.send_messages(
            ServiceBusMessage("fans out", message_id="e1", correlation_id=order.upper(), application_properties={"traceparent": span}))
        later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        sender.schedule_messages(ServiceBusMessage("later", correlation_id=order), later)

    expected = [
        ("traced-a", "deadLetter", "active", "messageId"),
        ("traced-b", "active", "deferred", "correlationId"),
        ("events/audit", "active", "active", "correlationId"),
        ("events/billing", "active", "active", "correlationId"),
        ("events", "active", "scheduled", "correlationId"),
    ]
    found, told = trace(order)
    assert found == expected, f"{found}: {told}"
    assert trace(order.replace("-", ""))[0] == expected, "a GUID is the same without hyphens"
    assert {each[0] for each in trace(span.split("-")[1])[0]} == {"events/audit", "events/billing"}, "by the trace id"
    assert trace(order, "--entity", "traced-a", "--entity", "events/billing")[0] == [expected[0], expected[3]]
    with receiver("traced-a", sub_queue=ServiceBusSubQueue.DEAD_LETTER) as open_receiver:
        assert texts(take(open_receiver, 1)) == ["dies"], "looking locks nothing"

    lines = callboard.run("trace", order, "--output", "jsonl", connection_string=sandbox.connection_string)
    assert sorted(json.loads(line)["entity"] for line in lines.stdout.splitlines()) == sorted(each[0] for each in expected)
    found, told = trace(order, "--budget", "1", status=5)
    assert "budget of 1 messages" in told, told
    assert trace(order, "--entity", "no-such-queue", status=4)[1], "an entity that is not there is named"


def session(*arguments, status=0, stdin=None):
    done = callboard.run(*arguments, connection_string=sandbox.connection_string, stdin=stdin)
    assert done.returncode == status, f"{arguments} ended with {done.returncode}: {done.stdout}{done.stderr}"
    return done


@checks.step("sessions are listed, counted and shown, and disturb nobody", seconds=60)
def sessions():
    send("sessions", [ServiceBusMessage(f"{n}", session_id=name) for name, count in (("a", 3), ("b", 1)) for n in range(count)])
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    with client.get_queue_sender("sessions") as sender:
        sender.schedule_messages(ServiceBusMessage("later", session_id="c"), later, timeout=10)
    with receiver("sessions", session_id="d") as holder:
        holder.session.set_state("only a state")
    with receiver("sessions", session_id="a") as holder:
        (message,) = take(holder, 1)
        holder.defer_message(message)
    listed = json.loads(session("sessions", "sessions", "--output", "json").stdout)
    assert [each["sessionId"] for each in listed] == ["a", "b", "c", "d"] and listed[0]["counts"] is None, listed
    counted = [json.loads(line) for line in session("sessions", "sessions", "--counts", "-o", "jsonl").stdout.splitlines()]
    assert [each["sessionId"] for each in counted] == ["a", "b", "c", "d"], counted
    assert counted[0]["counts"] == {"active": 2, "deferred": 1, "scheduled": 0}, counted[0]
    assert counted[2]["counts"] == {"active": 0, "deferred": 0, "scheduled": 1}, counted[2]
    same_moment(counted[1]["oldestEnqueuedTime"], datetime.datetime.now(datetime.timezone.utc), within=60)
    shown = json.loads(session("session", "show", "sessions", "d", "-o", "json").stdout)
    assert shown["stateStatus"] == "set" and shown["state"] == {"encoding": "utf-8", "text": "only a state", "sizeBytes": 12}, shown
    assert shown["counts"] == {"active": 0, "deferred": 0, "scheduled": 0}
    table = session("session", "show", "sessions", "a").stdout
    assert re.search(r"SESSION +ACTIVE +DEFERRED +SCHEDULED +OLDEST +STATE\na +2 +1 +0 +\S+ +none", table), table
    with receiver("sessions", session_id="a") as holder:
        held = json.loads(session("session", "show", "sessions", "a", "-o", "json").stdout)
        assert (held["stateStatus"], held["state"]) == ("heldElsewhere", None), held
        assert [message.delivery_count for message in take(holder, 2)] == [0, 0], "nothing was counted"
    missing = session("session", "show", "sessions", "nobody", status=4)
    assert "nobody" in missing.stderr and "callboard sessions sessions" in missing.stderr, missing.stderr
    assert "sessionful" in session("sessions", "single", status=1).stderr


@checks.step("a cron job learns of dead letters by the exit status, and by a line for its mail", seconds=60)
def cron():
    def entities(*arguments, status):
        done = callboard.run("entities", *arguments, connection_string=sandbox.connection_string)
        assert done.returncode == status, f"{arguments} ended with {done.returncode}: {done.stdout}{done.stderr}"
        return done

    with receiver("alarm", sub_queue=ServiceBusSubQueue.DEAD_LETTER) as dead:
        assert not dead.receive_messages(max_message_count=1, max_wait_time=1)
    assert entities("--fail-if-any", "disabled", status=0).stderr == ""
    send("alarm", [ServiceBusMessage("a"), ServiceBusMessage("b")])
    with receiver("alarm") as holder:
        for message in take(holder, 2):
            holder.dead_letter_message(message, reason="Cron")
    done = entities("--fail-if-any", "dead-letter", status=1)
    assert re.search(r"^callboard: \d+ dead letters in \d+ entit(y|ies): .*\balarm 2\b", done.stderr), done.stderr
    assert re.search(r"^alarm +queue +Active +0 +2 ", done.stdout, re.MULTILINE), "standard output is the list, as without the option"
    streamed = entities("--fail-if-any", "dead-letter", "--fail-if-any", "disabled", "-o", "jsonl", status=1)
    (alarm,) = [each for each in map(json.loads, streamed.stdout.splitlines()) if each["path"] == "alarm"]
    assert alarm["counts"]["deadLetter"] == 2, alarm
    same_moment(alarm["asOf"], datetime.datetime.now(datetime.timezone.utc), within=30)
    entities("--fail-if-any", "transfer-dead-letter", status=0)
    entities("--fail-if-any", "deadletter", status=2)
    # What the service says beside what is there.
    shown = json.loads(session("show", "alarm", "--count", "-o", "json").stdout)
    assert shown["counted"]["deadLetter"] == 2 and shown["counted"]["active"] == 0, shown
    assert shown["counted"]["difference"] == {"active": 0, "scheduled": 0, "deadLetter": 0, "transferDeadLetter": 0}, shown
    assert re.search(r"^dead letters +service says 2, counted 2, the same$", session("show", "alarm", "--count").stdout, re.MULTILINE)


@checks.step("the state of a session is set and cleared by our command, unless somebody holds it", seconds=60)
def session_state():
    state = bytes(range(256))
    file = pathlib.Path(work.name) / "state"
    file.write_bytes(state)
    session("session", "set-state", "stateful", "s", "--file", str(file))
    with receiver("stateful", session_id="s") as holder:
        assert holder.session.get_state() == state
        refused = session("session", "set-state", "stateful", "s", "--text", "mine", status=1)
        assert "holds the session" in refused.stderr, refused.stderr
        assert holder.session.get_state() == state
    session("session", "set-state", "stateful", "s", stdin="from a pipe")
    with receiver("stateful", session_id="s") as holder:
        assert holder.session.get_state() == b"from a pipe"
    session("session", "clear", "stateful", "s")
    with receiver("stateful", session_id="s") as holder:
        assert holder.session.get_state() is None
    session("session", "show", "stateful", "s", status=4)
    session("session", "set-state", "stateful", "s", "--text", "a", "--file", "b", status=2)


@checks.step("our commands reach the sandbox through an HTTP proxy, on AMQP's own port and in a WebSocket")
def proxied():
    send("proxied", ServiceBusMessage("behind a proxy"))
    port = sandbox.ready["webSocketPort"]
    web = sandbox.connection_string.replace(f":{sandbox.amqp_port}", f":{port}") + "TransportType=AmqpWebSockets;"
    with Proxy() as proxy:
        for connection_string, target in ((sandbox.connection_string, sandbox.amqp_port), (web, port)):
            proxy.requests.clear()
            (seen,) = callboard.peek("proxied", "--all", "--proxy", proxy.url, connection_string=connection_string)
            assert seen["body"]["text"] == "behind a proxy"
            assert proxy.requests == [("CONNECT", f"127.0.0.1:{target}", True)], proxy.requests
        done = callboard.run("peek", "proxied", "--proxy", proxy.url.replace("operator", "nobody"), connection_string=web)
        assert done.returncode == 1 and "407" in done.stderr, done.stderr
        assert urllib.parse.quote(PASSWORD, safe="") not in done.stderr and PASSWORD not in done.stderr, "a password was shown"


@checks.step("our send is received by the official client")
def our_send():
    file = pathlib.Path(work.name) / "body.json"
    file.write_text('{"hello": "wörld"}', encoding="utf-8")
    done = callboard.run("send", "refused", "--file", str(file), connection_string=sandbox.connection_string)
    assert done.returncode == 0, done.stderr
    with receiver("refused") as taking:
        (message,) = take(taking, 1)
        assert texts([message]) == ['{"hello": "wörld"}']
        taking.complete_message(message)


@checks.step("an unknown queue and a wrong key are refused in the client's own terms", seconds=60)
def refusals():
    try:
        with client.get_queue_receiver("no-such-queue", max_wait_time=3) as looking:
            looking.peek_messages(timeout=10)
        raise AssertionError("an unknown queue was peeked")
    except MessagingEntityNotFoundError:
        pass
    wrong = re.sub(r"SharedAccessKey=[^;]*", "SharedAccessKey=bm90IHRoZSBrZXk=", sandbox.connection_string)
    assert wrong != sandbox.connection_string
    with new_client(wrong) as other:
        try:
            with other.get_queue_sender("refused") as sender:
                sender.send_messages(ServiceBusMessage("no"), timeout=10)
            raise AssertionError("a wrong key was accepted")
        except (ServiceBusAuthenticationError, ServiceBusAuthorizationError):
            pass


@checks.step("the sandbox ends when it is told to", seconds=20)
def ends():
    client.close()
    status = sandbox.stop()
    assert status == 0, f"exit status {status}: {sandbox.diagnostics()}"


@checks.cleanup
def stop():
    if client is not None:
        client.close()
    if sandbox is not None:
        sandbox.stop()
    work.cleanup()


if __name__ == "__main__":
    sys.exit(checks.run())
