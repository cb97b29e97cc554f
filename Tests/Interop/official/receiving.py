"""Receiving: at once and by waiting, in both modes, by iterating, ahead of need, and several receivers side by side."""

import asyncio
import time

from azure.servicebus import ServiceBusMessage, ServiceBusReceiveMode
from azure.servicebus.exceptions import MessageAlreadySettled

from official.scenarios import scenario, text, texts

DELETE = ServiceBusReceiveMode.RECEIVE_AND_DELETE


def numbered(count):
    return [ServiceBusMessage(str(n)) for n in range(count)]


@scenario()
async def messages_come_in_order_and_no_more_than_asked(play):
    async with play.sender() as sender:
        await sender.send_messages(numbered(20), timeout=10)
    async with play.receiver() as receiver:
        first = await play.take(receiver, 1)
        play.equal(texts(first), ["0"])
        some = await receiver.receive_messages(max_message_count=5, max_wait_time=5)
        play.equal(texts(some), ["1", "2", "3", "4", "5"][: len(some)])
        play.between(1, len(some), 5)
        rest = await play.take(receiver, 19 - len(some))
        play.equal(texts(first + some + rest), [str(n) for n in range(20)])
        for each in first + some + rest:
            await receiver.complete_message(each)
    play.equal(await play.left(), [])


@scenario()
async def nothing_to_receive_is_an_empty_list_in_time(play):
    async with play.receiver() as receiver:
        start = time.monotonic()
        play.equal(await receiver.receive_messages(max_message_count=5, max_wait_time=1), [])
        play.between(0.9, time.monotonic() - start, 6, "it waits a second")
        with play.raises(ValueError):
            await receiver.receive_messages(max_message_count=0)
        with play.raises(ValueError):
            await receiver.receive_messages(max_wait_time=0)


@scenario()
async def a_waiting_receiver_gets_what_comes_meanwhile(play):
    async with play.receiver() as receiver, play.sender() as sender:
        waiting = asyncio.ensure_future(receiver.receive_messages(max_message_count=3, max_wait_time=10))
        await asyncio.sleep(0.5)
        await sender.send_messages(ServiceBusMessage("late"), timeout=10)
        start = time.monotonic()
        messages = await waiting
        play.equal(texts(messages), ["late"])
        play.between(0, time.monotonic() - start, 4, "it does not wait for more than there is")
        await receiver.complete_message(messages[0])


@scenario()
async def receive_and_delete_takes_at_once_and_settles_nothing(play):
    await play.send(*numbered(4))
    async with play.receiver(receive_mode=DELETE) as receiver:
        messages = await play.take(receiver, 3)
        play.equal(texts(messages), ["0", "1", "2"])
        play.equal(messages[0].delivery_count, 0)
        play.equal(messages[0].locked_until_utc, None)
        play.equal(await play.left(), ["3"])
        for settle in ("complete", "abandon", "defer", "dead_letter"):
            with play.raises(ValueError):
                await getattr(receiver, f"{settle}_message")(messages[0])
        with play.raises(ValueError):
            await receiver.renew_message_lock(messages[0])


@scenario()
async def iterating_ends_when_nothing_came_for_max_wait_time(play):
    async with play.sender() as sender:
        await sender.send_messages(numbered(30), timeout=10)
    seen = []
    async with play.receiver(max_wait_time=1) as receiver:
        async for message in receiver:
            seen.append(text(message))
            await receiver.complete_message(message)
    play.equal(seen, [str(n) for n in range(30)])
    play.equal(await play.left(), [])


@scenario()
async def iterating_can_be_broken_off_and_taken_up(play):
    async with play.sender() as sender:
        await sender.send_messages(numbered(6), timeout=10)
    seen = []
    async with play.receiver(max_wait_time=2) as receiver:
        async for message in receiver:
            seen.append(text(message))
            await receiver.complete_message(message)
            if len(seen) == 3:
                break
        async for message in receiver:
            seen.append(text(message))
            await receiver.complete_message(message)
    play.equal(seen, [str(n) for n in range(6)])


@scenario()
async def iterating_in_receive_and_delete_empties_the_queue(play):
    async with play.sender() as sender:
        await sender.send_messages(numbered(15), timeout=10)
    seen = []
    async with play.receiver(max_wait_time=1, receive_mode=DELETE) as receiver:
        async for message in receiver:
            seen.append(text(message))
    play.equal(seen, [str(n) for n in range(15)])
    play.equal(await play.left(), [])


@scenario(seconds=40)
async def what_was_prefetched_and_not_looked_at_is_released_uncounted(play):
    async with play.sender() as sender:
        await sender.send_messages(numbered(20), timeout=10)
    async with play.receiver(prefetch_count=20) as receiver:
        (message,) = await receiver.receive_messages(max_message_count=1, max_wait_time=8)
        play.equal(text(message), "0")
        await receiver.complete_message(message)
    async with play.receiver() as receiver:
        rest = await play.take(receiver, 19)
        play.equal(sorted(texts(rest), key=int), [str(n) for n in range(1, 20)])
        play.equal({each.delivery_count for each in rest}, {0}, "a released message was not delivered")


@scenario()
async def prefetched_messages_come_in_order(play):
    async with play.sender() as sender:
        await sender.send_messages(numbered(50), timeout=10)
    async with play.receiver(prefetch_count=10) as receiver:
        messages = await play.take(receiver, 50)
        play.equal(texts(messages), [str(n) for n in range(50)])
        for each in messages:
            await receiver.complete_message(each)
    play.equal(await play.left(), [])


@scenario()
async def prefetching_with_receive_and_delete_takes_ahead(play):
    async with play.sender() as sender:
        await sender.send_messages(numbered(10), timeout=10)
    async with play.receiver(prefetch_count=4, receive_mode=DELETE) as receiver:
        messages = await play.take(receiver, 10)
        play.equal(texts(messages), [str(n) for n in range(10)])
    play.equal(await play.left(), [])


@scenario()
async def receivers_side_by_side_share_and_never_double(play):
    async with play.sender() as sender:
        await sender.send_messages(numbered(60), timeout=10)
    taken = []

    async def work():
        async with play.receiver(max_wait_time=1.5) as receiver:
            async for message in receiver:
                taken.append(text(message))
                await receiver.complete_message(message)

    await asyncio.gather(work(), work(), work())
    play.equal(sorted(taken, key=int), [str(n) for n in range(60)])
    play.equal(await play.left(), [])


@scenario()
async def a_locked_message_is_hidden_from_others_until_it_is_given_back(play):
    await play.send(ServiceBusMessage("one"))
    async with play.receiver() as first, play.receiver() as second:
        (message,) = await play.take(first, 1)
        play.equal(await second.receive_messages(max_message_count=1, max_wait_time=1), [])
        waiting = asyncio.ensure_future(second.receive_messages(max_message_count=1, max_wait_time=8))
        await first.abandon_message(message)
        (again,) = await waiting
        play.equal(again.sequence_number, message.sequence_number)
        play.equal(again.delivery_count, 1)
        await second.complete_message(again)


@scenario()
async def closing_a_receiver_keeps_what_it_handed_out_locked(play):
    await play.send(*numbered(2))
    async with play.receiver() as receiver:
        messages = await play.take(receiver, 2)
    with play.raises(ValueError):
        await receiver.complete_message(messages[0])
    with play.raises(ValueError):
        await receiver.receive_messages(max_message_count=1)


@scenario()
async def a_receiver_settles_with_another_ones_lock_never(play):
    await play.send(ServiceBusMessage("one"))
    async with play.receiver() as receiver:
        (message,) = await play.take(receiver, 1)
        await receiver.complete_message(message)
        with play.raises(MessageAlreadySettled):
            await receiver.abandon_message(message)
        with play.raises(MessageAlreadySettled):
            await receiver.renew_message_lock(message)


@scenario(seconds=60)
async def three_hundred_messages_are_received_and_completed(play):
    async with play.sender() as sender:
        for start in range(0, 300, 100):
            await sender.send_messages([ServiceBusMessage(str(start + n)) for n in range(100)], timeout=10)
    done = []
    async with play.receiver() as receiver:
        while len(done) < 300:
            messages = await receiver.receive_messages(max_message_count=100, max_wait_time=8)
            play.true(messages, f"{len(done)} of 300 came")
            for each in messages:
                await receiver.complete_message(each)
            done += texts(messages)
    play.equal(done, [str(n) for n in range(300)])
    play.equal(await play.left(), [])
