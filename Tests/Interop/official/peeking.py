"""Peeking: in pages, from a number, in every state, of every sub-queue, and that it disturbs nothing."""

import datetime

from azure.servicebus import ServiceBusMessage, ServiceBusMessageState

from official.scenarios import scenario, text, texts


@scenario()
async def peeking_goes_on_where_it_stopped(play):
    async with play.sender() as sender:
        await sender.send_messages([ServiceBusMessage(str(n)) for n in range(250)], timeout=10)
    async with play.receiver() as receiver:
        seen = []
        while page := await receiver.peek_messages(max_message_count=60, timeout=10):
            play.between(1, len(page), 60, "a page")
            seen += texts(page)
        play.equal(seen, [str(n) for n in range(250)])
        (first,) = await receiver.peek_messages(sequence_number=1, timeout=10)
        play.equal(text(first), "0")
        tail = await play.peek(receiver, start=249)
        play.equal(texts(tail), ["248", "249"])
        play.equal(await play.peek(receiver, start=251), [])


@scenario()
async def peeking_disturbs_nothing(play):
    await play.send(ServiceBusMessage("a"), ServiceBusMessage("b"))
    async with play.receiver() as receiver:
        for _ in range(3):
            play.equal(texts(await play.peek(receiver)), ["a", "b"])
        peeked = (await play.peek(receiver))[0]
        play.equal(peeked.lock_token, None)
        play.equal(peeked.locked_until_utc, None)
        a, b = await play.take(receiver, 2)
        play.equal((a.delivery_count, b.delivery_count), (0, 0))
        await receiver.complete_message(a)
        await receiver.complete_message(b)
        play.equal(await play.peek(receiver), [])


@scenario()
async def every_state_is_told_apart(play):
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    await play.send(*(ServiceBusMessage(each) for each in ("deferred", "locked", "active")))
    await play.send(ServiceBusMessage("scheduled", scheduled_enqueue_time_utc=later))
    async with play.receiver() as receiver:
        deferred, locked = await play.take(receiver, 2)
        await receiver.defer_message(deferred)
        states = {text(each): each.state for each in await play.peek(receiver)}
        play.equal(
            states,
            {
                "deferred": ServiceBusMessageState.DEFERRED,
                "locked": ServiceBusMessageState.ACTIVE,
                "active": ServiceBusMessageState.ACTIVE,
                "scheduled": ServiceBusMessageState.SCHEDULED,
            },
        )
        await receiver.complete_message(locked)


@scenario()
async def a_peeked_message_is_the_whole_message(play):
    await play.send(ServiceBusMessage(b"\x00\x01body", message_id="m", subject="s", application_properties={"a": 1, "b": "two"}))
    async with play.receiver() as receiver:
        (peeked,) = await play.peek(receiver)
        (received,) = await play.take(receiver, 1)
        for name in ("message_id", "subject", "application_properties", "sequence_number", "enqueued_time_utc", "expires_at_utc"):
            play.equal(getattr(peeked, name), getattr(received, name), name)
        play.equal(b"".join(peeked.body), b"".join(received.body))


@scenario(MaxDeliveryCount=5)
async def a_peeked_message_says_how_often_it_was_delivered(play):
    await play.send(ServiceBusMessage("a"))
    async with play.receiver() as receiver:
        for count in range(1, 4):
            (message,) = await play.take(receiver, 1)
            await receiver.abandon_message(message)
            (peeked,) = await play.peek(receiver)
            play.equal(peeked.delivery_count, count)


@scenario()
async def an_empty_queue_peeks_empty(play):
    async with play.receiver() as receiver:
        play.equal(await play.peek(receiver), [])
        play.equal(await receiver.peek_messages(timeout=5), [])
    async with play.dead_letters() as receiver:
        play.equal(await play.peek(receiver), [])


@scenario(seconds=90)
async def large_messages_are_peeked_in_pages_that_fit(play):
    bodies = [bytes([n]) * 150_000 for n in range(12)]
    for body in bodies:
        await play.send(ServiceBusMessage(body))
    async with play.receiver() as receiver:
        seen = []
        while page := await receiver.peek_messages(max_message_count=100, timeout=10):
            seen += [b"".join(each.body) for each in page]
        play.equal(seen, bodies)
