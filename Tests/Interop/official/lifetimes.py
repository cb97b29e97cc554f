"""What becomes of messages by themselves: they expire, are recognised as duplicates, and are passed on."""

import asyncio
import datetime

from azure.servicebus import ServiceBusMessage, ServiceBusSubQueue
from azure.servicebus.exceptions import ServiceBusError

from official.scenarios import scenario, subscription, text, texts

SECOND = datetime.timedelta(seconds=1)


@scenario(DeadLetteringOnMessageExpiration=True)
async def an_expired_message_moves_to_the_dead_letters(play):
    await play.send(ServiceBusMessage("short", time_to_live=SECOND, message_id="e-1"), ServiceBusMessage("long"))
    async with play.dead_letters() as receiver:
        (dead,) = await play.take(receiver, 1)
        play.equal((text(dead), dead.message_id), ("short", "e-1"))
        play.equal(dead.dead_letter_reason, "TTLExpiredException")
        play.equal(dead.dead_letter_error_description, "The message expired and was dead lettered.")
        await receiver.complete_message(dead)
    play.equal(await play.left(), ["long"])


@scenario()
async def an_expired_message_is_dropped_where_nobody_asked_for_dead_letters(play):
    await play.send(ServiceBusMessage("short", time_to_live=SECOND))

    async def gone():
        return await play.left() == []

    await play.eventually(gone, what="the message expiring")
    async with play.dead_letters() as receiver:
        play.equal(await play.peek(receiver), [])


@scenario(DefaultMessageTimeToLive="PT2S", DeadLetteringOnMessageExpiration=True)
async def the_shorter_of_the_two_lives_counts(play):
    await play.send(ServiceBusMessage("long", time_to_live=datetime.timedelta(hours=1)), ServiceBusMessage("default"))
    async with play.receiver() as receiver:
        for each in await play.peek(receiver):
            play.between(1.9, (each.expires_at_utc - each.enqueued_time_utc).total_seconds(), 2.1, text(each))
    async with play.dead_letters() as receiver:
        play.equal(sorted(texts(await play.take(receiver, 2))), ["default", "long"])


@scenario(DeadLetteringOnMessageExpiration=True, LockDuration="PT5S")
async def a_locked_message_does_not_expire_under_its_receiver(play):
    async with play.receiver() as receiver:
        waiting = asyncio.ensure_future(receiver.receive_messages(max_message_count=1, max_wait_time=8))
        await play.send(ServiceBusMessage("short", time_to_live=2 * SECOND))
        (message,) = await waiting
        await asyncio.sleep(2.5)
        await receiver.complete_message(message)
    async with play.dead_letters() as receiver:
        play.equal(await play.peek(receiver), [], "it was completed in time")


@scenario(RequiresDuplicateDetection=True, DuplicateDetectionHistoryTimeWindow="PT1M")
async def a_duplicate_is_accepted_and_dropped(play):
    await play.send(
        ServiceBusMessage("first", message_id="a"),
        ServiceBusMessage("second", message_id="a"),
        ServiceBusMessage("other", message_id="b"),
        ServiceBusMessage("no id"),
        ServiceBusMessage("no id"),
    )
    play.equal(await play.left(), ["first", "other", "no id", "no id"])
    async with play.sender() as sender:
        await sender.send_messages([ServiceBusMessage("batched", message_id="b"), ServiceBusMessage("new", message_id="c")], timeout=10)
    async with play.receiver() as receiver:
        messages = await play.take(receiver, 5)
        play.equal(texts(messages), ["first", "other", "no id", "no id", "new"])
        for each in messages:
            await receiver.complete_message(each)
    await play.send(ServiceBusMessage("third", message_id="a"))
    play.equal(await play.left(), [], "remembered although it was completed")


@scenario(RequiresDuplicateDetection=True, DuplicateDetectionHistoryTimeWindow="PT1S")
async def a_duplicate_is_forgotten_after_the_window(play):
    await play.send(ServiceBusMessage("first", message_id="a"))
    await asyncio.sleep(1.5)
    await play.send(ServiceBusMessage("again", message_id="a"))
    play.equal(await play.left(), ["first", "again"])


@scenario(queue=False, topics={"": {"Properties": {"RequiresDuplicateDetection": True}, "Subscriptions": [subscription("one")]}})
async def a_topic_recognises_duplicates_before_it_copies(play):
    await play.send(ServiceBusMessage("first", message_id="a"), ServiceBusMessage("second", message_id="a"), topic=True)
    play.equal(await play.left(subscription="one"), ["first"])


@scenario(ForwardTo="@middle", queues={"middle": {"ForwardTo": "@last"}, "last": {}})
async def messages_are_passed_on_from_queue_to_queue(play):
    await play.send(ServiceBusMessage("a", message_id="m", application_properties={"n": 1}), ServiceBusMessage("b"))
    async with play.receiver("last") as receiver:
        a, b = await play.take(receiver, 2)
        play.equal(texts([a, b]), ["a", "b"])
        play.equal((a.message_id, a.application_properties), ("m", {b"n": 1}))
        play.equal(a.delivery_count, 0)
        await receiver.complete_message(a)
        await receiver.complete_message(b)
    with play.raises(ServiceBusError, text="auto-forwarding"):
        async with play.receiver() as receiver:
            await receiver.receive_messages(max_wait_time=2)


@scenario(topics={"events": {"Subscriptions": [subscription("forwards", ForwardTo="@main"), subscription("keeps")]}})
async def a_subscription_passes_on_to_a_queue(play):
    await play.send(ServiceBusMessage("event", subject="s"), to="events", topic=True)
    async with play.receiver() as receiver:
        (message,) = await play.take(receiver, 1)
        play.equal((text(message), message.subject), ("event", "s"))
        await receiver.complete_message(message)
    play.equal(await play.left("events", subscription="keeps"), ["event"])


@scenario(ForwardDeadLetteredMessagesTo="@morgue", queues={"morgue": {}}, MaxDeliveryCount=1)
async def dead_letters_are_passed_on(play):
    await play.send(ServiceBusMessage("explicit"), ServiceBusMessage("poison"))
    async with play.receiver() as receiver:
        explicit, poison = await play.take(receiver, 2)
        await receiver.dead_letter_message(explicit, reason="Test", error_description="passed on")
        await receiver.abandon_message(poison)
    async with play.receiver("morgue") as receiver:
        explicit, poison = await play.take(receiver, 2)
        play.equal((text(explicit), explicit.dead_letter_reason, explicit.dead_letter_error_description), ("explicit", "Test", "passed on"))
        play.equal((text(poison), poison.dead_letter_reason), ("poison", "MaxDeliveryCountExceeded"))
        play.equal(explicit.dead_letter_source.lower(), play.name().lower(), "where it died")
        await receiver.complete_message(explicit)
        await receiver.complete_message(poison)


@scenario(
    ForwardTo="@1",
    queues={"1": {"ForwardTo": "@2"}, "2": {"ForwardTo": "@3"}, "3": {"ForwardTo": "@4"}, "4": {"ForwardTo": "@5"}, "5": {}},
)
async def a_message_that_is_passed_on_too_often_ends_in_the_transfer_dead_letters(play):
    await play.send(ServiceBusMessage("tired"))
    play.equal(await play.left("5"), [])
    found = []
    for role in ("", "1", "2", "3", "4"):
        async with play.receiver(role, sub_queue=ServiceBusSubQueue.TRANSFER_DEAD_LETTER) as receiver:
            found += [(role, each.dead_letter_reason) for each in await play.peek(receiver)]
    play.equal(found, [("4", "MaxTransferHopCountExceeded")])


@scenario()
async def a_message_with_too_large_properties_is_dead_lettered(play):
    await play.send(ServiceBusMessage("x", application_properties={f"p{n}": "v" * 1000 for n in range(70)}))
    async with play.dead_letters() as receiver:
        (dead,) = await play.take(receiver, 1)
        play.equal(dead.dead_letter_reason, "HeaderSizeExceeded")
    play.equal(await play.left(), [])
