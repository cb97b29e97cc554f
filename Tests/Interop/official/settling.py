"""Settling: complete, abandon, defer and dead-letter, over the link and over the management node; locks, their renewal and their loss."""

import asyncio
import datetime

from azure.servicebus import ServiceBusMessage, ServiceBusMessageState, ServiceBusReceiveMode, ServiceBusSubQueue
from azure.servicebus.exceptions import (
    AutoLockRenewTimeout,
    MessageAlreadySettled,
    MessageLockLostError,
    MessageNotFoundError,
    ServiceBusError,
)

from official.scenarios import scenario, text, texts


@scenario()
async def completed_messages_are_gone_in_any_order(play):
    await play.send(*(ServiceBusMessage(each) for each in "abc"))
    async with play.receiver() as receiver:
        a, b, c = await play.take(receiver, 3)
        await receiver.complete_message(b)
        play.equal(await play.left(), ["a", "c"], "what is locked can still be peeked")
        await receiver.complete_message(c)
        await receiver.complete_message(a)
    play.equal(await play.left(), [])


@scenario()
async def an_abandoned_message_comes_back_first_and_counted(play):
    await play.send(ServiceBusMessage("first"), ServiceBusMessage("second"))
    async with play.receiver() as receiver:
        for count in range(3):
            (message,) = await play.take(receiver, 1)
            play.equal(text(message), "first")
            play.equal(message.delivery_count, count)
            await receiver.abandon_message(message)
        with play.raises(MessageAlreadySettled):
            await receiver.complete_message(message)


@scenario(MaxDeliveryCount=3)
async def too_many_deliveries_end_in_the_dead_letters_with_the_reason(play):
    await play.send(ServiceBusMessage("poison", message_id="p-1", application_properties={"tenant": "emea"}))
    async with play.receiver() as receiver:
        tokens = set()
        for _ in range(3):
            (message,) = await play.take(receiver, 1)
            tokens.add(message.lock_token)
            await receiver.abandon_message(message)
        play.equal(len(tokens), 3, "each delivery has a lock token of its own")
        play.equal(await receiver.receive_messages(max_message_count=1, max_wait_time=1), [])
    async with play.dead_letters() as receiver:
        (message,) = await play.take(receiver, 1)
        play.equal(message.dead_letter_reason, "MaxDeliveryCountExceeded")
        play.equal(message.dead_letter_error_description, "Message could not be consumed after 3 delivery attempts.")
        play.equal(message.message_id, "p-1")
        play.equal(message.application_properties[b"tenant"], b"emea")
        await receiver.complete_message(message)
        play.equal(await play.peek(receiver), [])


@scenario()
async def a_dead_letter_carries_reason_and_description_and_the_whole_message(play):
    await play.send(
        ServiceBusMessage("bad", message_id="d-1", subject="OrderPlaced", correlation_id="c", application_properties={"tenant": "emea"})
    )
    async with play.receiver() as receiver:
        (message,) = await play.take(receiver, 1)
        await receiver.dead_letter_message(message, reason="ValidationFailed", error_description="$.lines[3].sku is empty")
    play.equal(await play.left(), [])
    async with play.dead_letters() as receiver:
        (peeked,) = await play.peek(receiver)
        (dead,) = await play.take(receiver, 1)
        for each in (peeked, dead):
            play.equal(each.dead_letter_reason, "ValidationFailed")
            play.equal(each.dead_letter_error_description, "$.lines[3].sku is empty")
            play.equal((each.message_id, each.subject, each.correlation_id), ("d-1", "OrderPlaced", "c"))
            play.equal(each.application_properties[b"tenant"], b"emea")
            play.equal(text(each), "bad")
            play.equal(each.enqueued_sequence_number, message.sequence_number, "the number it had before")
        await receiver.complete_message(dead)
        play.equal(await play.peek(receiver), [])


@scenario()
async def a_message_is_dead_lettered_without_a_reason(play):
    await play.send(ServiceBusMessage("bad"))
    async with play.receiver() as receiver:
        (message,) = await play.take(receiver, 1)
        await receiver.dead_letter_message(message)
    async with play.dead_letters() as receiver:
        (dead,) = await play.take(receiver, 1)
        play.true(not dead.dead_letter_reason, "no reason")
        play.true(not dead.dead_letter_error_description, "no description")


@scenario()
async def the_dead_letter_queue_is_a_queue(play):
    await play.send(*(ServiceBusMessage(each) for each in "abcd"))
    async with play.receiver() as receiver:
        for each in await play.take(receiver, 4):
            await receiver.dead_letter_message(each, reason="Test")
    async with play.dead_letters() as receiver:
        a, b, c, d = await play.take(receiver, 4)
        play.equal(texts([a, b, c, d]), list("abcd"))
        await receiver.complete_message(a)
        await receiver.abandon_message(b)
        await receiver.defer_message(c)
        (b,) = await play.take(receiver, 1)
        play.equal((text(b), b.delivery_count), ("b", 1))
        renewed = await receiver.renew_message_lock(b)
        play.true(renewed > d.locked_until_utc, "a lock in a dead-letter queue is renewed")
        (c,) = await receiver.receive_deferred_messages(c.sequence_number)
        play.equal(text(c), "c")
        for each in (b, c, d):
            await receiver.complete_message(each)
        play.equal(await play.peek(receiver), [])


@scenario()
async def the_transfer_dead_letter_queue_exists_and_is_empty(play):
    async with play.receiver(sub_queue=ServiceBusSubQueue.TRANSFER_DEAD_LETTER) as receiver:
        play.equal(await play.peek(receiver), [])
        play.equal(await receiver.receive_messages(max_message_count=1, max_wait_time=1), [])


@scenario()
async def a_deferred_message_waits_for_its_number(play):
    await play.send(ServiceBusMessage("later", message_id="d-1"), ServiceBusMessage("now"))
    async with play.receiver() as receiver:
        (message,) = await play.take(receiver, 1)
        until = message.locked_until_utc
        await receiver.defer_message(message)
        (other,) = await play.take(receiver, 1)
        play.equal(text(other), "now")
        await receiver.complete_message(other)
        (peeked,) = await play.peek(receiver)
        play.equal(peeked.state, ServiceBusMessageState.DEFERRED)
        play.equal(peeked.sequence_number, message.sequence_number)
        (later,) = await receiver.receive_deferred_messages(sequence_numbers=[message.sequence_number], timeout=10)
        play.equal((text(later), later.message_id), ("later", "d-1"))
        play.true(later.lock_token and later.lock_token != message.lock_token, "a new lock")
        play.true(later.locked_until_utc > until, "locked from now on")
        await receiver.complete_message(later)
        with play.raises(MessageNotFoundError):
            await receiver.receive_deferred_messages(message.sequence_number, timeout=10)
    play.equal(await play.left(), [])


@scenario()
async def a_deferred_message_is_settled_in_every_way(play):
    names = ["complete", "abandon", "defer", "dead-letter"]
    await play.send(*(ServiceBusMessage(name) for name in names))
    async with play.receiver() as receiver:
        messages = await play.take(receiver, 4)
        for each in messages:
            await receiver.defer_message(each)
        numbers = [each.sequence_number for each in messages]
        # These are settled over the management node: a deferred message has no delivery on the link.
        complete, abandon, defer, dead = await receiver.receive_deferred_messages(numbers, timeout=10)
        play.equal(texts([complete, abandon, defer, dead]), names)
        # A lock ends at a whole millisecond, and not everybody needs one to ask.
        await asyncio.sleep(0.002)
        renewed = await receiver.renew_message_lock(complete)
        play.true(renewed > abandon.locked_until_utc, "its lock is renewed")
        await receiver.complete_message(complete)
        await receiver.abandon_message(abandon)
        await receiver.defer_message(defer)
        await receiver.dead_letter_message(dead, reason="Deferred", error_description="over the management node")
        with play.raises(MessageNotFoundError):
            await receiver.receive_deferred_messages(numbers, timeout=10)
        left = await play.peek(receiver)
        play.equal({text(each): each.state for each in left}, dict.fromkeys(["abandon", "defer"], ServiceBusMessageState.DEFERRED))
        again = await receiver.receive_deferred_messages(numbers[1:3], timeout=10)
        play.equal(texts(again), ["abandon", "defer"], "abandoned, it is deferred as before")
        for each in again:
            await receiver.complete_message(each)
    async with play.dead_letters() as receiver:
        (dead,) = await play.take(receiver, 1)
        play.equal((dead.dead_letter_reason, dead.dead_letter_error_description), ("Deferred", "over the management node"))


@scenario()
async def deferred_messages_that_are_locked_or_unknown_are_not_given(play):
    await play.send(ServiceBusMessage("a"), ServiceBusMessage("b"))
    async with play.receiver() as receiver:
        a, b = await play.take(receiver, 2)
        await receiver.defer_message(a)
        with play.raises(MessageNotFoundError):
            await receiver.receive_deferred_messages(b.sequence_number, timeout=10)
        with play.raises(MessageNotFoundError):
            await receiver.receive_deferred_messages([a.sequence_number, 4711], timeout=10)
        (locked,) = await receiver.receive_deferred_messages(a.sequence_number, timeout=10)
        with play.raises(MessageNotFoundError):
            await receiver.receive_deferred_messages(a.sequence_number, timeout=10)
        await receiver.complete_message(locked)
        await receiver.complete_message(b)
    play.equal(await play.left(), [])


@scenario()
async def a_deferred_message_is_received_and_deleted(play):
    await play.send(ServiceBusMessage("a"))
    async with play.receiver() as receiver:
        (message,) = await play.take(receiver, 1)
        await receiver.defer_message(message)
    async with play.receiver(receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE) as receiver:
        (message,) = await receiver.receive_deferred_messages(message.sequence_number, timeout=10)
        play.equal(text(message), "a")
    play.equal(await play.left(), [])


@scenario(LockDuration="PT4S")
async def a_lock_is_renewed_and_the_message_kept(play):
    await play.send(ServiceBusMessage("long work"))
    async with play.receiver() as receiver:
        (message,) = await play.take(receiver, 1)
        first = message.locked_until_utc
        for _ in range(3):
            await asyncio.sleep(1.5)
            until = await receiver.renew_message_lock(message, timeout=5)
            play.equal(until, message.locked_until_utc)
        play.true(message.locked_until_utc > first + datetime.timedelta(seconds=4), "longer than one lock")
        await receiver.complete_message(message)
    play.equal(await play.left(), [])


@scenario(LockDuration="PT3S")
async def a_lock_that_ran_out_is_lost(play):
    await play.send(ServiceBusMessage("slow"))
    async with play.receiver() as receiver, play.receiver() as other:
        (message,) = await play.take(receiver, 1)
        (again,) = await play.take(other, 1)
        play.equal(again.sequence_number, message.sequence_number)
        play.equal(again.delivery_count, 1, "the lost delivery counts")
        # The client looks at its own clock first: it must ask the service here.
        message._expiry = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=1)
        with play.raises(MessageLockLostError, text="The lock supplied is invalid"):
            await receiver.complete_message(message)
        await other.complete_message(again)
        with play.raises(MessageLockLostError, text="The lock supplied is invalid"):
            await receiver.renew_message_lock(message, timeout=5)
        for settle in ("complete", "abandon", "defer", "dead_letter"):
            with play.raises(MessageLockLostError):
                await getattr(receiver, f"{settle}_message")(message)
    play.equal(await play.left(), [])


@scenario(LockDuration="PT1S", MaxDeliveryCount=2)
async def lost_locks_count_towards_the_dead_letters(play):
    await play.send(ServiceBusMessage("slow"))
    async with play.receiver() as receiver:
        (first,) = await play.take(receiver, 1)
        (second,) = await play.take(receiver, 1)
        play.equal((first.delivery_count, second.delivery_count), (0, 1))
    async with play.dead_letters() as receiver:
        (dead,) = await play.take(receiver, 1)
        play.equal(dead.dead_letter_reason, "MaxDeliveryCountExceeded")


@scenario(LockDuration="PT5S")
async def a_renewer_keeps_the_lock_while_work_goes_on(play):
    await play.send(ServiceBusMessage("long work"))
    async with play.official.renewer() as renewer, play.receiver(auto_lock_renewer=renewer) as receiver:
        (message,) = await play.take(receiver, 1)
        first = message.locked_until_utc
        await asyncio.sleep(6)
        play.true(message.locked_until_utc > first + datetime.timedelta(seconds=1), "the lock was renewed")
        play.equal(message.auto_renew_error, None)
        await receiver.complete_message(message)
    play.equal(await play.left(), [])


@scenario(LockDuration="PT2S")
async def a_renewer_gives_up_after_its_time_and_says_so(play):
    failures = []
    note = play.official.on_failure(lambda renewable, error: failures.append((renewable, error)))
    await play.send(ServiceBusMessage("too long"))
    async with play.official.renewer(max_lock_renewal_duration=1, on_lock_renew_failure=note) as renewer, play.receiver() as receiver:
        (message,) = await play.take(receiver, 1)
        renewer.register(receiver, message)

        async def gave_up():
            return message.auto_renew_error

        error = await play.eventually(gave_up, what="the renewer giving up")
        play.equal(type(error), AutoLockRenewTimeout)
        (again,) = await play.take(receiver, 1)
        play.equal(again.delivery_count, 1, "the lock ended")
        await receiver.complete_message(again)
        with play.raises(MessageLockLostError):
            await receiver.complete_message(message)


@scenario()
async def what_was_only_peeked_is_not_settled(play):
    await play.send(ServiceBusMessage("a"))
    async with play.receiver() as receiver:
        (message,) = await play.peek(receiver)
        for settle in ("complete", "abandon", "defer", "dead_letter"):
            with play.raises(ValueError):
                await getattr(receiver, f"{settle}_message")(message)
        with play.raises(ValueError):
            await receiver.renew_message_lock(message)
    play.equal(await play.left(), ["a"])


@scenario()
async def a_dead_letter_is_not_dead_lettered_again(play):
    await play.send(ServiceBusMessage("a"))
    async with play.receiver() as receiver:
        (message,) = await play.take(receiver, 1)
        await receiver.dead_letter_message(message, reason="Once")
    async with play.dead_letters() as receiver:
        (dead,) = await play.take(receiver, 1)
        with play.raises(ServiceBusError):
            await receiver.dead_letter_message(dead, reason="Twice")
