"""Scheduling: one and many, seen before they are due, cancelled, arriving in time."""

import datetime

from azure.servicebus import ServiceBusMessage, ServiceBusMessageState
from azure.servicebus.exceptions import MessageNotFoundError

from official.scenarios import scenario, subscription, text, texts


def after(seconds):
    """The time so many seconds from now, in whole milliseconds: AMQP carries no more, and the client cuts off the rest."""
    time = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


@scenario()
async def scheduled_messages_are_numbered_and_seen_but_not_received(play):
    due = after(3600)
    async with play.sender() as sender:
        (one,) = await sender.schedule_messages(ServiceBusMessage("one", message_id="m-1"), due, timeout=10)
        two, three = await sender.schedule_messages([ServiceBusMessage("two"), ServiceBusMessage("three")], due, timeout=10)
    play.equal(len({one, two, three}), 3)
    play.true(all(isinstance(number, int) and number > 0 for number in (one, two, three)), "sequence numbers")
    async with play.receiver() as receiver:
        peeked = await play.peek(receiver)
        play.equal([each.sequence_number for each in peeked], [one, two, three])
        play.equal(texts(peeked), ["one", "two", "three"])
        for each in peeked:
            play.equal(each.state, ServiceBusMessageState.SCHEDULED)
            play.equal(each.scheduled_enqueue_time_utc, due, "the time asked for")
        play.equal(peeked[0].message_id, "m-1")
        play.equal(await receiver.receive_messages(max_message_count=1, max_wait_time=1), [])
        with play.raises(MessageNotFoundError):
            await receiver.receive_deferred_messages(one, timeout=10)


@scenario()
async def scheduled_messages_are_cancelled_one_and_many(play):
    async with play.sender() as sender:
        numbers = await sender.schedule_messages([ServiceBusMessage(str(n)) for n in range(5)], after(3600), timeout=10)
        await sender.cancel_scheduled_messages(numbers[1], timeout=10)
        play.equal(await play.left(), ["0", "2", "3", "4"])
        await sender.cancel_scheduled_messages([numbers[0], numbers[3]], timeout=10)
        play.equal(await play.left(), ["2", "4"])
        with play.raises(MessageNotFoundError, text="Failed to cancel one or more scheduled messages."):
            await sender.cancel_scheduled_messages(numbers[1], timeout=10)
        with play.raises(MessageNotFoundError, text="Failed to cancel one or more scheduled messages."):
            await sender.cancel_scheduled_messages([numbers[2], numbers[3]], timeout=10)
        play.equal(await play.left(), ["2", "4"], "all or none")


@scenario()
async def a_scheduled_message_arrives_in_time_and_not_before(play):
    due = after(2)
    async with play.sender() as sender:
        (number,) = await sender.schedule_messages(ServiceBusMessage("soon", subject="s"), due, timeout=10)
    async with play.receiver() as receiver:
        (message,) = await play.take(receiver, 1)
        play.between(0, (after(0) - due).total_seconds(), 5, "it comes when it is due")
        play.equal((text(message), message.subject, message.state), ("soon", "s", ServiceBusMessageState.ACTIVE))
        play.true(message.enqueued_time_utc >= due, "enqueued when it was due")
        play.equal(message.scheduled_enqueue_time_utc, due, "what was asked for is still said")
        play.equal(message.delivery_count, 0)
        await receiver.complete_message(message)
        with play.raises(MessageNotFoundError, text="Failed to cancel one or more scheduled messages."):
            async with play.sender() as sender:
                await sender.cancel_scheduled_messages(number, timeout=10)


@scenario()
async def a_message_sent_with_a_time_is_scheduled(play):
    far, near = after(3600), after(4)
    await play.send(
        ServiceBusMessage("far", scheduled_enqueue_time_utc=far),
        ServiceBusMessage("near", scheduled_enqueue_time_utc=near),
        ServiceBusMessage("past", scheduled_enqueue_time_utc=after(-60)),
        ServiceBusMessage("now"),
    )
    async with play.receiver() as receiver:
        messages = await play.take(receiver, 3)
        play.equal(texts(messages), ["past", "now", "near"])
        play.true(after(0) >= near, "not before its time")
        play.true(messages[2].enqueued_time_utc >= near, "enqueued when it was due")
        for each in messages:
            await receiver.complete_message(each)
    play.equal(await play.left(), ["far"])


@scenario()
async def a_batch_may_hold_scheduled_messages(play):
    async with play.sender() as sender:
        batch = await sender.create_message_batch()
        batch.add_message(ServiceBusMessage("later", scheduled_enqueue_time_utc=after(3600)))
        batch.add_message(ServiceBusMessage("now"))
        await sender.send_messages(batch, timeout=10)
    async with play.receiver() as receiver:
        (message,) = await play.take(receiver, 1)
        play.equal(text(message), "now")
        await receiver.complete_message(message)
        (left,) = await play.peek(receiver)
        play.equal((text(left), left.state), ("later", ServiceBusMessageState.SCHEDULED))


@scenario()
async def what_comes_due_together_comes_in_the_order_of_its_numbers(play):
    async with play.sender() as sender:
        await sender.schedule_messages([ServiceBusMessage(str(n)) for n in range(20)], after(1.5), timeout=10)
    async with play.receiver() as receiver:
        play.equal(texts(await play.take(receiver, 20)), [str(n) for n in range(20)])


@scenario(queue=False, topics={"": {"Subscriptions": [subscription("one"), subscription("two")]}})
async def a_scheduled_message_of_a_topic_reaches_its_subscriptions_when_due(play):
    async with play.sender(topic=True) as sender:
        kept, cancelled = await sender.schedule_messages([ServiceBusMessage("kept"), ServiceBusMessage("cancelled")], after(4), timeout=10)
        await sender.cancel_scheduled_messages(cancelled, timeout=10)
    play.true(kept != cancelled, "numbers of their own")
    play.equal(await play.left(subscription="one"), [], "not before it is due")
    for name in ("one", "two"):
        async with play.receiver(subscription=name) as receiver:
            (message,) = await play.take(receiver, 1)
            play.equal(text(message), "kept")
            await receiver.complete_message(message)
            play.equal(await play.peek(receiver), [])
