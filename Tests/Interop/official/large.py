"""The premium tier: large messages and large batches."""

import asyncio
import datetime
import urllib.request

from azure.servicebus import ServiceBusMessage, ServiceBusReceiveMode
from azure.servicebus.exceptions import MessageSizeExceededError, ServiceBusQuotaExceededError

from callboard import signature
from official.scenarios import scenario, subscription, texts


def pattern(size):
    """Bytes in which a lost, doubled or moved frame shows."""
    return b"".join(n.to_bytes(4, "big") for n in range(size // 4))


@scenario(stage="premium", seconds=60)
async def a_body_of_a_megabyte_comes_through_byte_for_byte(play):
    body = pattern(1 << 20)
    await play.send(ServiceBusMessage(body, message_id="large", content_type="application/octet-stream"))
    async with play.receiver() as receiver:
        (peeked,) = await play.peek(receiver)
        play.equal(b"".join(peeked.body) == body, True, "peeked")
        (message,) = await play.take(receiver, 1)
        play.equal(b"".join(message.body) == body, True, "received")
        play.equal(message.content_type, "application/octet-stream")
        await receiver.complete_message(message)
    play.equal(await play.left(), [])


@scenario(stage="premium", seconds=90)
async def a_body_of_eight_megabytes_comes_through(play):
    body = pattern(8 << 20)
    await play.send(ServiceBusMessage(body))
    async with play.receiver(receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE) as receiver:
        (message,) = await play.take(receiver, 1, seconds=30)
        play.equal(b"".join(message.body) == body, True, "every byte")


@scenario(stage="premium", seconds=60)
async def a_premium_batch_holds_a_megabyte(play):
    async with play.sender() as sender:
        batch = await sender.create_message_batch()
        play.between(1_000_000, batch.max_size_in_bytes, 1_048_576, "the premium tier's batch")
        with play.raises(MessageSizeExceededError):
            while True:
                batch.add_message(ServiceBusMessage(b"x" * 20_000))
        count = len(batch)
        play.between(45, count, 53, "messages of 20 kB")
        await sender.send_messages(batch, timeout=20)
    async with play.receiver(receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE) as receiver:
        messages = await play.take(receiver, count, seconds=15)
        play.equal({len(b"".join(each.body)) for each in messages}, {20_000})


@scenario(stage="premium", seconds=60)
async def large_messages_between_small_ones_keep_their_order(play):
    sizes = [10, 300_000, 20, 1_000_000, 30, 600_000, 40]
    await play.send(*(ServiceBusMessage(bytes([n]) * size) for n, size in enumerate(sizes)))
    async with play.receiver() as receiver:
        messages = await play.take(receiver, len(sizes), seconds=15)
        play.equal([len(b"".join(each.body)) for each in messages], sizes)
        for each in messages:
            await receiver.complete_message(each)
    play.equal(await play.left(), [])


@scenario(stage="premium", seconds=60, RequiresSession=True)
async def the_state_of_a_session_may_be_a_megabyte(play):
    state = pattern(1_000_000)
    async with play.receiver(session_id="a") as receiver:
        await receiver.session.set_state(state, timeout=15)
        play.equal(await receiver.session.get_state(timeout=15) == state, True, "every byte")


@scenario(stage="premium", seconds=60)
async def a_scheduled_message_may_be_large(play):
    due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
    async with play.sender() as sender:
        await sender.schedule_messages([ServiceBusMessage(b"x" * 700_000), ServiceBusMessage("small")], due, timeout=15)
    async with play.receiver() as receiver:
        large, small = await play.take(receiver, 2, seconds=15)
        play.equal(len(b"".join(large.body)), 700_000)
        play.equal(texts([small]), ["small"])


def remove(play, path):
    """Deletes an entity, as an administrator does over HTTP."""
    url = f"http://127.0.0.1:{play.sandbox.http_port}/{path}"
    request = urllib.request.Request(f"{url}?api-version=2021-05", headers={"Authorization": signature(url)}, method="DELETE")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200, answer.status


COPIES = 50


@scenario(stage="premium", seconds=120, queue=False, topics={"": {"Subscriptions": [subscription(f"s{n}") for n in range(COPIES)]}})
async def an_entity_that_is_full_refuses_what_is_sent(play):
    # The smallest quota there is is a gigabyte. The copies of all subscriptions count: five messages of 5 MB are more than that.
    message, size = ServiceBusMessage(b"x" * (5 << 20)), COPIES * (5 << 20)
    full = "The maximum entity size has been reached or exceeded for Topic: '"
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    async with play.sender(topic=True) as sender:
        for _ in range(5):
            await sender.send_messages(message, timeout=20)
        with play.raises(ServiceBusQuotaExceededError, text=full) as refused:
            await sender.send_messages(message, timeout=20)
        play.true(f"Max entity size in bytes: {1 << 30}." in str(refused.value), "the quota is named")
        used = int(str(refused.value).partition("Size of entity in bytes:")[2].partition(",")[0])
        play.between(5 * size, used, 6 * size, "and what is used of it")
        with play.raises(ServiceBusQuotaExceededError, text=full):
            await sender.send_messages([ServiceBusMessage("small")], timeout=20)
        with play.raises(ServiceBusQuotaExceededError, text=full):
            await sender.schedule_messages(ServiceBusMessage("small"), later, timeout=20)
        for number in range(10, COPIES):
            await asyncio.to_thread(remove, play, f"{play.name()}/subscriptions/s{number}")
        await sender.send_messages(ServiceBusMessage("there is room again"), timeout=20)
    async with play.receiver(subscription="s0") as receiver:
        (first,) = await play.peek(receiver)
        play.equal(len(b"".join(first.body)), 5 << 20, "a page ends with a message of that size")
        (last,) = await play.peek(receiver, start=first.sequence_number + 5)
        play.equal(texts([last]), ["there is room again"], "five came before it, and none that was refused")
