"""What the client makes of a service in trouble: busy, throttling, silent, slow, and links and connections that break."""

import time

from azure.servicebus import ServiceBusMessage, ServiceBusMessageState
from azure.servicebus.exceptions import MessageLockLostError, OperationTimeoutError, ServiceBusServerBusyError

from official.scenarios import scenario, text, texts


@scenario(stage="faults")
async def a_busy_service_is_reported_and_did_nothing(play):
    await play.faults(serverBusy=1)
    async with play.sender() as sender:
        with play.raises(ServiceBusServerBusyError):
            await sender.send_messages(ServiceBusMessage("refused"), timeout=10)
        await sender.send_messages(ServiceBusMessage("sent"), timeout=10)
    async with play.receiver() as receiver:
        await play.faults(serverBusy=1)
        with play.raises(ServiceBusServerBusyError):
            await receiver.peek_messages(timeout=10)
        play.equal(texts(await play.peek(receiver)), ["sent"])


@scenario(stage="faults", seconds=60)
async def a_busy_service_is_asked_again(play):
    async with play.connect(retry_total=3, retry_backoff_factor=0.1) as client:
        await play.faults(serverBusy=1)
        async with client.get_queue_sender(play.name()) as sender:
            await sender.send_messages(ServiceBusMessage("in the end"), timeout=40)
        async with client.get_queue_receiver(play.name(), max_wait_time=8) as receiver:
            await play.faults(serverBusy=2)
            (peeked,) = await receiver.peek_messages(timeout=40)
            play.equal(text(peeked), "in the end")
    play.equal(await play.left(), ["in the end"], "once")


@scenario(stage="faults")
async def throttling_says_so_with_its_number(play):
    await play.faults(throttle=1)
    async with play.sender() as sender:
        with play.raises(ServiceBusServerBusyError, text="50009"):
            await sender.send_messages(ServiceBusMessage("refused"), timeout=10)
    play.equal(await play.left(), [])


@scenario(stage="faults")
async def a_lost_outcome_of_a_send_is_a_timeout_and_the_message_is_there_once(play):
    async with play.sender() as sender:
        await play.faults(loseDispositions=1)
        with play.raises(OperationTimeoutError):
            await sender.send_messages(ServiceBusMessage("unknown"), timeout=2)
    play.equal(await play.left(), ["unknown"])


@scenario(stage="faults")
async def a_lost_outcome_of_a_settlement_is_looked_for_at_the_management_node(play):
    await play.send(ServiceBusMessage("a"))
    # `timeout` is how long the receiver waits for an outcome on its link.
    async with play.receiver(timeout=2) as receiver:
        (message,) = await play.take(receiver, 1)
        await play.faults(loseDispositions=1)
        # It was carried out, so the node knows no such lock any more.
        with play.raises(MessageLockLostError):
            await receiver.complete_message(message)
    play.equal(await play.left(), [])


@scenario(stage="faults")
async def a_lost_response_is_a_timeout_and_the_next_one_comes(play):
    await play.send(ServiceBusMessage("a"))
    async with play.receiver() as receiver:
        (message,) = await play.take(receiver, 1)
        await play.faults(loseResponses=1)
        with play.raises(OperationTimeoutError):
            await receiver.renew_message_lock(message, timeout=2)
        until = message.locked_until_utc
        await receiver.renew_message_lock(message, timeout=10)
        play.true(message.locked_until_utc > until, "renewed")
        await receiver.complete_message(message)
    play.equal(await play.left(), [])


@scenario(stage="faults")
async def a_slow_service_is_waited_for(play):
    async with play.sender() as sender, play.receiver() as receiver:
        await sender.send_messages(ServiceBusMessage("warm"), timeout=10)
        play.equal(texts(await play.peek(receiver)), ["warm"])
        await play.faults(delayResponsesMilliseconds=700)
        for step in ("send", "peek", "complete"):
            (message,) = await play.take(receiver, 1) if step == "complete" else (None,)
            start = time.monotonic()
            if step == "send":
                await sender.send_messages(ServiceBusMessage("slow"), timeout=10)
            elif step == "peek":
                play.equal(texts(await play.peek(receiver)), ["warm", "slow"])
            else:
                await receiver.complete_message(message)
            play.between(0.65, time.monotonic() - start, 6, step)
        await play.faults()
    play.equal(await play.left(), ["slow"])


@scenario(stage="faults", seconds=60)
async def a_message_is_settled_although_its_link_was_detached(play):
    for way in ("complete", "abandon", "defer", "dead_letter"):
        await play.send(ServiceBusMessage(way))
        async with play.receiver() as receiver:
            await play.faults(detachAfterDeliveries=1)
            (message,) = await play.take(receiver, 1)
            await play.faults()
            # The link is gone, the lock is not: the client turns to the management node.
            await getattr(receiver, f"{way}_message")(message)
            play.equal(text(message), way)
        async with play.receiver() as receiver:
            found = [each.state for each in await play.peek(receiver) if text(each) == way]
            expected = {"abandon": [ServiceBusMessageState.ACTIVE], "defer": [ServiceBusMessageState.DEFERRED]}
            play.equal(found, expected.get(way, []), way)
            if way == "abandon":
                (message,) = await play.take(receiver, 1)
                await receiver.complete_message(message)
    async with play.dead_letters() as receiver:
        play.equal(texts(await play.peek(receiver)), ["dead_letter"])


@scenario(stage="faults", seconds=60)
async def a_detached_receiver_attaches_again_and_goes_on(play):
    async with play.sender() as sender:
        await sender.send_messages([ServiceBusMessage(str(n)) for n in range(10)], timeout=10)
    async with play.connect(retry_total=3, retry_backoff_factor=0.1) as client:
        async with client.get_queue_receiver(play.name(), max_wait_time=8) as receiver:
            await play.faults(detachAfterDeliveries=4)
            seen = []
            for _ in range(10):
                (message,) = await play.take(receiver, 1)
                await receiver.complete_message(message)
                seen.append(text(message))
            await play.faults()
    play.equal(seen, [str(n) for n in range(10)])
    play.equal(await play.left(), [])


@scenario(stage="faults", seconds=60)
async def a_detached_sender_attaches_again_and_goes_on(play):
    async with play.connect(retry_total=3, retry_backoff_factor=0.1) as client:
        async with client.get_queue_sender(play.name()) as sender:
            await play.faults(detachAfterDeliveries=3)
            for n in range(8):
                await sender.send_messages(ServiceBusMessage(str(n)), timeout=20)
            await play.faults()
    found = await play.left()
    play.equal(sorted(set(found)), [str(n) for n in range(8)], "nothing is lost")
    play.between(8, len(found), 11, "doubled only where the outcome was unknown")


@scenario(stage="faults", seconds=90)
async def sending_goes_on_over_broken_connections(play):
    async with play.connect(retry_total=5, retry_backoff_factor=0.1) as client:
        async with client.get_queue_sender(play.name()) as sender:
            await play.faults(dropConnectionAfterFrames=20)
            for n in range(30):
                await sender.send_messages(ServiceBusMessage(str(n)), timeout=30)
            await play.faults()
    found = await play.left()
    play.equal(sorted(set(found), key=int), [str(n) for n in range(30)], "nothing is lost")
    play.between(30, len(found), 36, "doubled only where the outcome was unknown")


@scenario(stage="faults", seconds=90, LockDuration="PT5S")
async def receiving_goes_on_over_broken_connections(play):
    async with play.sender() as sender:
        await sender.send_messages([ServiceBusMessage(str(n)) for n in range(20)], timeout=10)
    seen = []
    async with play.connect(retry_total=5, retry_backoff_factor=0.1) as client:
        async with client.get_queue_receiver(play.name(), max_wait_time=8) as receiver:
            await play.faults(dropConnectionAfterFrames=25)
            while len(set(seen)) < 20:
                messages = await receiver.receive_messages(max_message_count=3, max_wait_time=8)
                assert messages, f"{len(set(seen))} of 20 came"
                for each in messages:
                    seen.append(text(each))
                    try:
                        await receiver.complete_message(each)
                    except MessageLockLostError:
                        pass  # it was carried out and its outcome lost, or it comes again
            await play.faults()
    play.equal(sorted(set(seen), key=int), [str(n) for n in range(20)], "nothing is lost")

    async def empty():
        return await play.left() == []

    async with play.receiver(max_wait_time=1) as receiver:
        async for message in receiver:
            await receiver.complete_message(message)
    await play.eventually(empty, what="the queue being empty")


@scenario(stage="faults", seconds=40)
async def a_service_that_counts_releases_can_be_played(play):
    async with play.sender() as sender:
        await sender.send_messages([ServiceBusMessage(str(n)) for n in range(5)], timeout=10)
    await play.faults(countReleases=True)
    async with play.receiver(prefetch_count=5) as receiver:
        (message,) = await receiver.receive_messages(max_message_count=1, max_wait_time=8)
        await receiver.complete_message(message)
    async with play.receiver() as receiver:
        rest = await play.take(receiver, 4)
        play.equal({each.delivery_count for each in rest}, {1})
    await play.faults()
