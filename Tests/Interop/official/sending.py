"""Sending: one message, lists, batches, sizes, bodies of every kind, and that nothing of a message changes on the way."""

import asyncio
import datetime
import uuid

from azure.servicebus import ServiceBusMessage, ServiceBusMessageBatch, ServiceBusMessageState, ServiceBusReceiveMode
from azure.servicebus.amqp import AmqpAnnotatedMessage, AmqpMessageBodyType, AmqpMessageHeader, AmqpMessageProperties
from azure.servicebus.exceptions import MessageSizeExceededError, ServiceBusError

from official.scenarios import scenario, text, texts


def now():
    return datetime.datetime.now(datetime.timezone.utc)


@scenario()
async def every_property_of_a_message_arrives(play):
    before = now()
    await play.send(
        ServiceBusMessage(
            '{"orderId": 88213}',
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
    )
    async with play.receiver() as receiver:
        (message,) = await play.take(receiver, 1)
        expected = {
            "message_id": "order-88213",
            "correlation_id": "corr-4471",
            "partition_key": "emea",
            "session_id": None,
            "subject": "OrderPlaced",
            "to": "fulfilment",
            "reply_to": "replies",
            "reply_to_session_id": "reply-session",
            "content_type": "application/json",
            "time_to_live": datetime.timedelta(minutes=30),
            "scheduled_enqueue_time_utc": None,
            "application_properties": {b"tenant": b"emea", b"attempt": 3},
            "body_type": AmqpMessageBodyType.DATA,
            "sequence_number": 1,
            "enqueued_sequence_number": 1,
            "delivery_count": 0,
            "state": ServiceBusMessageState.ACTIVE,
            "dead_letter_reason": None,
            "dead_letter_error_description": None,
            "dead_letter_source": None,
        }
        for name, value in expected.items():
            play.equal(getattr(message, name), value, name)
        play.equal(text(message), '{"orderId": 88213}')
        play.between(before - datetime.timedelta(seconds=1), message.enqueued_time_utc, now(), "enqueued_time_utc")
        play.between(55, (message.locked_until_utc - message.enqueued_time_utc).total_seconds(), 70, "a lock of a minute")
        play.between(1798, (message.expires_at_utc - message.enqueued_time_utc).total_seconds(), 1801, "expiry after half an hour")
        play.true(isinstance(message.lock_token, uuid.UUID), "the lock token is a UUID")
        await receiver.complete_message(message)
    play.equal(await play.left(), [])


@scenario()
async def a_bare_message_gets_nothing_that_was_not_sent(play):
    await play.send(ServiceBusMessage("x"))
    async with play.receiver() as receiver:
        (message,) = await play.take(receiver, 1)
        for name in ("correlation_id", "session_id", "partition_key", "subject", "to", "reply_to", "reply_to_session_id", "content_type"):
            play.equal(getattr(message, name), None, name)
        play.true(not message.application_properties, "no application properties")
        raw = message.raw_amqp_message
        play.equal(set(map(bytes, raw.annotations)) - ANNOTATIONS, set(), "annotations that the service does not have")
        play.true(not raw.footer, "no footer")


ANNOTATIONS = {
    b"x-opt-sequence-number",
    b"x-opt-enqueued-time",
    b"x-opt-locked-until",
    b"x-opt-enqueue-sequence-number",
    b"x-opt-message-state",
}


@scenario()
async def a_list_arrives_as_single_messages_in_order(play):
    async with play.sender() as sender:
        await sender.send_messages([ServiceBusMessage(f"line {n}", message_id=f"list-{n}") for n in range(25)], timeout=15)
    async with play.receiver() as receiver:
        messages = await play.take(receiver, 25)
        play.equal(texts(messages), [f"line {n}" for n in range(25)])
        play.equal([each.message_id for each in messages], [f"list-{n}" for n in range(25)])
        play.equal([each.sequence_number for each in messages], list(range(1, 26)))
        play.equal(len({each.lock_token for each in messages}), 25, "each has a lock of its own")


@scenario()
async def a_batch_is_filled_to_its_size_and_arrives_whole(play):
    async with play.sender() as sender:
        batch = await sender.create_message_batch()
        play.equal(batch.max_size_in_bytes, 262_144, "the standard tier's batch")
        count = 0
        with play.raises(MessageSizeExceededError):
            while True:
                batch.add_message(ServiceBusMessage("x" * 1000, message_id=f"batch-{count}"))
                count += 1
        play.equal(len(batch), count)
        play.between(batch.max_size_in_bytes - 1200, batch.size_in_bytes, batch.max_size_in_bytes, "the batch is full")
        await sender.send_messages(batch, timeout=20)
    async with play.receiver(receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE) as receiver:
        messages = await play.take(receiver, count)
        play.equal([each.message_id for each in messages], [f"batch-{n}" for n in range(count)])


@scenario()
async def a_batch_may_be_smaller_but_not_larger_than_the_link_allows(play):
    async with play.sender() as sender:
        small = await sender.create_message_batch(max_size_in_bytes=500)
        play.equal(small.max_size_in_bytes, 500)
        small.add_message(ServiceBusMessage("a" * 100))
        with play.raises(MessageSizeExceededError):
            small.add_message(ServiceBusMessage("b" * 400))
        await sender.send_messages(small, timeout=10)
        with play.raises(ValueError):
            await sender.create_message_batch(max_size_in_bytes=262_145)
        empty = await sender.create_message_batch()
        play.true(isinstance(empty, ServiceBusMessageBatch) and len(empty) == 0, "an empty batch")
        await sender.send_messages(empty, timeout=10)
        await sender.send_messages([], timeout=10)
    play.equal(await play.left(), ["a" * 100])


@scenario()
async def a_message_above_the_limit_is_refused_and_the_link_lives_on(play):
    async with play.sender() as sender:
        with play.raises(MessageSizeExceededError):
            await sender.send_messages(ServiceBusMessage(b"x" * 262_144), timeout=15)
        with play.raises(MessageSizeExceededError):
            await sender.send_messages([ServiceBusMessage(b"x" * 100_000) for _ in range(3)], timeout=15)
        await sender.send_messages(ServiceBusMessage("small"), timeout=15)
        await sender.send_messages(ServiceBusMessage(b"y" * 261_000), timeout=15)
    async with play.receiver() as receiver:
        small, large = await play.take(receiver, 2)
        play.equal(text(small), "small")
        play.equal(len(text(large)), 261_000)


@scenario()
async def bodies_of_every_kind_stay_what_they_are(play):
    value, sequence, data = AmqpMessageBodyType.VALUE, AmqpMessageBodyType.SEQUENCE, AmqpMessageBodyType.DATA
    table = [
        ({"data_body": b""}, data, [b""]),
        ({"data_body": b"\x00\xff\x1b"}, data, [b"\x00\xff\x1b"]),
        ({"data_body": [b"one,", b"two"]}, data, [b"one,", b"two"]),
        ({"value_body": "text"}, value, b"text"),
        ({"value_body": b"binary"}, value, b"binary"),
        ({"value_body": 4711}, value, 4711),
        ({"value_body": -1.5}, value, -1.5),
        ({"value_body": True}, value, True),
        ({"value_body": None}, None, None),
        ({"value_body": {"orderId": 88213, "tier": "gold"}}, value, {b"orderId": 88213, b"tier": b"gold"}),
        ({"value_body": ["a", 1, False]}, value, [b"a", 1, False]),
        ({"sequence_body": [[1, "two"], [True]]}, sequence, [[1, b"two"], [True]]),
    ]
    await play.send(*(AmqpAnnotatedMessage(**content) for content, _, _ in table))
    async with play.receiver() as receiver:
        for message, (content, kind, expected) in zip(await play.take(receiver, len(table)), table):
            if kind is not None:
                play.equal(message.body_type, kind, str(content))
            found = message.body
            if kind in (data, sequence):
                found = [each if kind == data else list(each) for each in found]
            play.equal(found, expected, str(content))


def typed(name, value):
    """A value with its wire type, as this client wants it where the Python type does not say enough."""
    return {"TYPE": name, "VALUE": value}


WHEN = datetime.datetime(2026, 11, 23, 3, 12, 44, 123000, tzinfo=datetime.timezone.utc)
SOME = uuid.UUID("8f0e1c2d-3b4a-4f6e-9a55-2f1d8c3ba21c")
# name: (what is sent, what arrives)
PROPERTIES = {
    "text": ("emea", b"emea"),
    "empty": ("", b""),
    "long text": ("x" * 300, b"x" * 300),
    "unicode": ("größer, 漢字, \U0001f4a5", "größer, 漢字, \U0001f4a5".encode()),
    "hostile": ("\x1b]0;owned\x07\u202e", "\x1b]0;owned\x07\u202e".encode()),
    "true": (True, True),
    "false": (False, False),
    "zero": (0, 0),
    "int low": (-(2**31), -(2**31)),
    "int high": (2**31 - 1, 2**31 - 1),
    "long": (typed("LONG", 4503599627370497), 4503599627370497),
    "long low": (typed("LONG", -(2**63)), -(2**63)),
    "ulong": (typed("ULONG", 2**64 - 1), 2**64 - 1),
    "uint": (typed("UINT", 2**32 - 1), 2**32 - 1),
    "ushort": (typed("USHORT", 65535), 65535),
    "short": (typed("SHORT", -32768), -32768),
    "ubyte": (typed("UBYTE", 255), 255),
    "byte": (typed("BYTE", -128), -128),
    "double": (129.9, 129.9),
    "float": (typed("FLOAT", 0.5), 0.5),
    "uuid": (SOME, SOME),
    "time": (WHEN, int(WHEN.timestamp() * 1000)),
    "binary": (typed("BINARY", b"\x00\xff\x1b"), b"\x00\xff\x1b"),
    "symbol": (typed("SYMBOL", b"emea-1"), b"emea-1"),
}


@scenario()
async def application_properties_of_every_type_keep_value_and_order(play):
    await play.send(ServiceBusMessage("typed", application_properties={name: sent for name, (sent, _) in PROPERTIES.items()}))
    async with play.receiver() as receiver:
        (message,) = await play.take(receiver, 1)
        play.equal([name.decode() for name in message.application_properties], list(PROPERTIES))
        for name, (_, expected) in PROPERTIES.items():
            found = message.application_properties[name.encode()]
            play.true(found == expected and type(found) is type(expected), f"{name}: {found!r} is not {expected!r}")


@scenario()
async def the_sections_of_an_annotated_message_arrive(play):
    created = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    await play.send(
        AmqpAnnotatedMessage(
            data_body=b"annotated",
            header=AmqpMessageHeader(durable=True, priority=7, time_to_live=600_000, first_acquirer=False),
            properties=AmqpMessageProperties(
                message_id="m-1",
                user_id=b"user",
                to="to",
                subject="subject",
                reply_to="reply",
                correlation_id="c-1",
                content_type="text/plain",
                content_encoding="gzip",
                creation_time=int(created.timestamp() * 1000),
                group_id="group",
                group_sequence=4,
                reply_to_group_id="reply group",
            ),
            annotations={b"x-custom": "kept", b"x-number": 42},
            footer={b"sum": "abc"},
            application_properties={"a": 1},
        )
    )
    async with play.receiver() as receiver:
        (message,) = await play.take(receiver, 1)
        raw = message.raw_amqp_message
        play.equal(raw.header.priority, 7)
        play.equal(raw.header.time_to_live, 600_000)
        play.equal(raw.header.delivery_count, 0)
        expected = {
            "message_id": b"m-1",
            "user_id": b"user",
            "to": b"to",
            "subject": b"subject",
            "reply_to": b"reply",
            "correlation_id": b"c-1",
            "content_type": b"text/plain",
            "content_encoding": b"gzip",
            "group_id": b"group",
            "group_sequence": 4,
            "reply_to_group_id": b"reply group",
        }
        for name, value in expected.items():
            play.equal(getattr(raw.properties, name), value, name)
        play.equal(raw.annotations[b"x-custom"], b"kept")
        play.equal(raw.annotations[b"x-number"], 42)
        play.equal(raw.footer, {b"sum": b"abc"})
        play.equal(raw.application_properties, {b"a": 1})
        play.equal(b"".join(raw.body), b"annotated")


@scenario()
async def a_message_may_be_given_as_a_mapping(play):
    async with play.sender() as sender:
        await sender.send_messages({"body": "one", "subject": "mapped"}, timeout=10)
        await sender.send_messages([{"body": "two"}, {"body": "three", "application_properties": {"n": 3}}], timeout=10)
    async with play.receiver() as receiver:
        one, two, three = await play.take(receiver, 3)
        play.equal(texts([one, two, three]), ["one", "two", "three"])
        play.equal(one.subject, "mapped")
        play.equal(three.application_properties, {b"n": 3})


@scenario()
async def a_received_message_sent_again_is_a_new_message(play):
    await play.send(ServiceBusMessage("again", message_id="same", application_properties={"n": "1"}))
    async with play.receiver() as receiver, play.sender() as sender:
        (first,) = await play.take(receiver, 1)
        await sender.send_messages(first, timeout=10)
        await receiver.complete_message(first)
        (second,) = await play.take(receiver, 1)
        play.equal(second.message_id, "same")
        play.equal(text(second), "again")
        play.equal(second.sequence_number, first.sequence_number + 1)
        play.equal(second.delivery_count, 0)
        play.equal(second.application_properties, {b"n": b"1"})
        play.true(second.lock_token != first.lock_token, "a lock of its own")


@scenario()
async def many_senders_at_once_lose_nothing(play):
    async def send(number):
        async with play.sender() as sender:
            for part in range(5):
                await sender.send_messages([ServiceBusMessage(f"{number}.{part}.{n}") for n in range(10)], timeout=15)

    await asyncio.gather(*(send(number) for number in range(4)))
    async with play.receiver(receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE) as receiver:
        messages = await play.take(receiver, 200)
    play.equal(sorted(texts(messages)), sorted(f"{number}.{part}.{n}" for number in range(4) for part in range(5) for n in range(10)))
    play.equal([each.sequence_number for each in messages], list(range(1, 201)))
    for number in range(4):
        own = [each for each in texts(messages) if each.startswith(f"{number}.")]
        play.equal(own, [f"{number}.{part}.{n}" for part in range(5) for n in range(10)], "the order of one sender")


@scenario()
async def an_identifier_above_128_characters_is_refused(play):
    async with play.sender() as sender:
        # The client checks its own messages, but not annotated ones.
        with play.raises(ServiceBusError, text="MessageId"):
            properties = AmqpMessageProperties(message_id="m" * 129)
            await sender.send_messages(AmqpAnnotatedMessage(data_body=b"x", properties=properties), timeout=10)
        await sender.send_messages(ServiceBusMessage("kept", message_id="m" * 128), timeout=10)
    play.equal(await play.left(), ["kept"])


@scenario()
async def a_closed_sender_sends_nothing(play):
    sender = play.sender(client_identifier="our-sender")
    play.equal(sender.client_identifier, "our-sender")
    async with sender:
        await sender.send_messages(ServiceBusMessage("x"), timeout=10)
    with play.raises(ValueError):
        await sender.send_messages(ServiceBusMessage("y"), timeout=10)
    play.equal(await play.left(), ["x"])


@scenario()
async def forty_messages_of_100_kb_come_through(play):
    bodies = [bytes([n]) * 100_000 for n in range(40)]
    async with play.sender() as sender:
        for n in range(0, 40, 2):
            await sender.send_messages([ServiceBusMessage(each) for each in bodies[n : n + 2]], timeout=20)
    async with play.receiver() as receiver:
        messages = await play.take(receiver, 40)
        play.equal([b"".join(each.body) for each in messages], bodies)
        for each in messages:
            await receiver.complete_message(each)
    play.equal(await play.left(), [])


@scenario()
async def names_of_entities_are_found_whatever_their_case(play):
    async with play.client.get_queue_sender(play.name().upper()) as sender:
        await sender.send_messages(ServiceBusMessage("shouted"), timeout=10)
    play.equal(await play.left(), ["shouted"])
