"""Sessions: accepted by name or the next one, their order, locks, state and list, and that nobody else gets into one."""

import asyncio
import datetime
import time

from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusMessage, ServiceBusMessageState, ServiceBusReceiveMode, ServiceBusSubQueue
from azure.servicebus.exceptions import (
    MessageNotFoundError,
    OperationTimeoutError,
    ServiceBusError,
    SessionCannotBeLockedError,
    SessionLockLostError,
)

from official.scenarios import scenario, subscription, text, texts


def of(session, *bodies):
    return [ServiceBusMessage(body, session_id=session) for body in bodies]


def now():
    return datetime.datetime.now(datetime.timezone.utc)


@scenario(RequiresSession=True)
async def a_named_session_gives_its_own_messages_in_order(play):
    await play.send(*of("a", "a1", "a2"), *of("b", "b1"), *of("a", "a3"))
    async with play.receiver(session_id="a") as receiver:
        play.equal(receiver.session.session_id, "a")
        play.between(50, (receiver.session.locked_until_utc - now()).total_seconds(), 61, "the session's lock")
        messages = await play.take(receiver, 3)
        play.equal(texts(messages), ["a1", "a2", "a3"])
        play.equal({each.session_id for each in messages}, {"a"})
        play.equal([each.partition_key for each in messages], [None] * 3, "a key that its sender did not set")
        for each in messages:
            await receiver.complete_message(each)
        play.equal(await play.peek(receiver), [], "only its own session")
    async with play.receiver(session_id="b") as receiver:
        (message,) = await play.take(receiver, 1)
        play.equal(text(message), "b1")
        await receiver.complete_message(message)


@scenario(RequiresSession=True)
async def a_partition_key_beside_a_session_is_kept(play):
    await play.send(ServiceBusMessage("x", session_id="a", partition_key="a"))
    async with play.receiver(session_id="a") as receiver:
        (message,) = await play.take(receiver, 1)
        play.equal((message.session_id, message.partition_key), ("a", "a"))
        await receiver.complete_message(message)
    with play.raises(ValueError):
        ServiceBusMessage("x", session_id="a", partition_key="b")


@scenario(RequiresSession=True)
async def the_next_session_is_one_with_messages_that_nobody_holds(play):
    await play.send(*of("a", "a1"), *of("b", "b1"))
    async with play.receiver(session_id=NEXT_AVAILABLE_SESSION) as first:
        async with play.receiver(session_id=NEXT_AVAILABLE_SESSION) as second:
            play.equal((first.session.session_id, second.session.session_id), ("a", "b"))
            for receiver, body in ((first, "a1"), (second, "b1")):
                (message,) = await play.take(receiver, 1)
                play.equal(text(message), body)
                await receiver.complete_message(message)


@scenario(RequiresSession=True)
async def no_next_session_is_a_timeout_in_time(play):
    start = time.monotonic()
    with play.raises(OperationTimeoutError):
        async with play.receiver(session_id=NEXT_AVAILABLE_SESSION, max_wait_time=2):
            pass
    play.between(1, time.monotonic() - start, 8, "it waits about two seconds")


@scenario(RequiresSession=True)
async def a_receiver_that_waits_for_the_next_session_gets_one_that_comes(play):
    async def accept():
        async with play.receiver(session_id=NEXT_AVAILABLE_SESSION, max_wait_time=10) as receiver:
            (message,) = await play.take(receiver, 1)
            await receiver.complete_message(message)
            return receiver.session.session_id, text(message)

    waiting = asyncio.ensure_future(accept())
    await asyncio.sleep(0.5)
    await play.send(*of("late", "l1"))
    play.equal(await waiting, ("late", "l1"))


@scenario(RequiresSession=True)
async def a_held_session_is_refused_and_free_again_when_its_receiver_closes(play):
    await play.send(*of("a", "a1", "a2"))
    async with play.receiver(session_id="a") as holder:
        (message,) = await play.take(holder, 1)
        with play.raises(SessionCannotBeLockedError, text="cannot be accepted"):
            async with play.receiver(session_id="a"):
                pass
    async with play.receiver(session_id="a") as next_one:
        messages = await play.take(next_one, 2)
        play.equal(texts(messages), ["a1", "a2"], "what was not settled is there again, in order")
        play.equal(messages[0].sequence_number, message.sequence_number)
        for each in messages:
            await next_one.complete_message(each)


@scenario(RequiresSession=True)
async def a_session_may_be_accepted_before_it_has_messages(play):
    async with play.receiver(session_id="new") as receiver:
        play.equal(receiver.session.session_id, "new")
        waiting = asyncio.ensure_future(receiver.receive_messages(max_message_count=1, max_wait_time=8))
        await asyncio.sleep(0.3)
        await play.send(*of("other", "o1"), *of("new", "n1"))
        (message,) = await waiting
        play.equal(text(message), "n1")
        await receiver.complete_message(message)


@scenario(RequiresSession=True)
async def the_state_of_a_session_outlives_its_receivers(play):
    await play.send(*of("a", "a1"))
    async with play.receiver(session_id="a") as receiver:
        play.equal(await receiver.session.get_state(), None, "no state at first")
        await receiver.session.set_state("step 1")
        play.equal(await receiver.session.get_state(), b"step 1")
        await receiver.session.set_state(bytes(range(256)))
        play.equal(await receiver.session.get_state(timeout=5), bytes(range(256)))
    async with play.receiver(session_id="a") as receiver:
        play.equal(await receiver.session.get_state(), bytes(range(256)), "for the next receiver")
        await receiver.session.set_state(b"")
        play.equal(await receiver.session.get_state(), b"", "empty is a state")
        await receiver.session.set_state(None)
        play.equal(await receiver.session.get_state(), None, "cleared")
    async with play.receiver(session_id="b") as receiver:
        play.equal(await receiver.session.get_state(), None, "another session's state is another one")


@scenario(RequiresSession=True)
async def the_state_of_a_session_may_be_200_kb(play):
    state = b"s" * 200_000
    async with play.receiver(session_id="a") as receiver:
        await receiver.session.set_state(state, timeout=10)
        play.equal(await receiver.session.get_state(timeout=10), state)


@scenario(RequiresSession=True, LockDuration="PT4S")
async def a_session_lock_is_renewed(play):
    await play.send(*of("a", "a1"))
    async with play.receiver(session_id="a") as receiver:
        (message,) = await play.take(receiver, 1)
        first = receiver.session.locked_until_utc
        for _ in range(3):
            await asyncio.sleep(1.5)
            until = await receiver.session.renew_lock(timeout=5)
            play.equal(until, receiver.session.locked_until_utc)
        play.true(receiver.session.locked_until_utc > first + datetime.timedelta(seconds=4), "longer than one lock")
        await receiver.complete_message(message)
        play.equal(await play.peek(receiver), [])


@scenario(RequiresSession=True, LockDuration="PT1S")
async def a_session_lock_that_ran_out_is_lost_with_all_its_messages(play):
    await play.send(*of("a", "a1"))
    async with play.receiver(session_id="a") as receiver:
        (message,) = await play.take(receiver, 1)
        await asyncio.sleep(1.6)
        # The client looks at its own clock first: it must ask the service here.
        receiver.session._locked_until_utc = now() + datetime.timedelta(minutes=1)
        plain = getattr(receiver, "wrapped", receiver)
        plain._session._locked_until_utc = now() + datetime.timedelta(minutes=1)
        with play.raises(SessionLockLostError):
            await receiver.session.renew_lock(timeout=5)
        with play.raises(SessionLockLostError):
            await receiver.complete_message(message)
    async with play.receiver(session_id="a") as receiver:
        (again,) = await play.take(receiver, 1)
        play.equal((text(again), again.delivery_count), ("a1", 1))
        await receiver.complete_message(again)


@scenario(RequiresSession=True, LockDuration="PT5S")
async def a_renewer_keeps_a_session(play):
    await play.send(*of("a", "a1"))
    async with play.official.renewer() as renewer, play.receiver(session_id="a", auto_lock_renewer=renewer) as receiver:
        (message,) = await play.take(receiver, 1)
        first = receiver.session.locked_until_utc
        await asyncio.sleep(6)
        play.true(receiver.session.locked_until_utc > first + datetime.timedelta(seconds=1), "the lock was renewed")
        await receiver.complete_message(message)
        play.equal(await play.peek(receiver), [])


@scenario(RequiresSession=True)
async def sessions_side_by_side_keep_each_its_own_order(play):
    names = [f"s{n}" for n in range(4)]
    async with play.sender() as sender:
        for part in range(4):
            await sender.send_messages([message for name in names for message in of(name, *(f"{name} {part * 5 + n}" for n in range(5)))])
    seen = {}

    async def work():
        while True:
            try:
                async with play.receiver(session_id=NEXT_AVAILABLE_SESSION, max_wait_time=1.5) as receiver:
                    async for message in receiver:
                        seen.setdefault(receiver.session.session_id, []).append(text(message))
                        await receiver.complete_message(message)
            except OperationTimeoutError:
                return

    await asyncio.gather(work(), work())
    play.equal(sorted(seen), names)
    for name in names:
        play.equal(seen[name], [f"{name} {n}" for n in range(20)], "the order of a session")


@scenario(RequiresSession=True)
async def an_abandoned_message_is_the_next_of_its_session(play):
    await play.send(*of("a", "a1", "a2"))
    async with play.receiver(session_id="a") as receiver:
        (message,) = await play.take(receiver, 1)
        await receiver.abandon_message(message)
        again, other = await play.take(receiver, 2)
        play.equal(texts([again, other]), ["a1", "a2"])
        play.equal((again.delivery_count, other.delivery_count), (1, 0))
        for each in (again, other):
            await receiver.complete_message(each)


@scenario(RequiresSession=True)
async def a_deferred_message_belongs_to_its_session(play):
    await play.send(*of("a", "a1", "a2"))
    async with play.receiver(session_id="a") as receiver:
        (message,) = await play.take(receiver, 1)
        await receiver.defer_message(message)
        (other,) = await play.take(receiver, 1)
        play.equal(text(other), "a2")
        await receiver.complete_message(other)
        (peeked,) = await play.peek(receiver)
        play.equal((text(peeked), peeked.state), ("a1", ServiceBusMessageState.DEFERRED))
    async with play.receiver(session_id="b") as stranger:
        with play.raises(MessageNotFoundError):
            await stranger.receive_deferred_messages(message.sequence_number, timeout=10)
    async with play.receiver(session_id="a") as receiver:
        (later,) = await receiver.receive_deferred_messages(message.sequence_number, timeout=10)
        play.equal((text(later), later.session_id), ("a1", "a"))
        await receiver.complete_message(later)
        play.equal(await play.peek(receiver), [])


@scenario(RequiresSession=True, MaxDeliveryCount=2)
async def the_dead_letters_of_a_session_entity_have_no_sessions(play):
    await play.send(*of("a", "a1"), *of("b", "b1"))
    async with play.receiver(session_id="a") as receiver:
        (message,) = await play.take(receiver, 1)
        await receiver.dead_letter_message(message, reason="Test", error_description="of a session")
    async with play.receiver(session_id="b") as receiver:
        for _ in range(2):
            (message,) = await play.take(receiver, 1)
            await receiver.abandon_message(message)
    async with play.dead_letters() as receiver:
        a, b = await play.take(receiver, 2)
        play.equal((text(a), a.session_id, a.dead_letter_reason), ("a1", "a", "Test"))
        play.equal((text(b), b.session_id, b.dead_letter_reason), ("b1", "b", "MaxDeliveryCountExceeded"))
        await receiver.complete_message(a)
        await receiver.complete_message(b)
    with play.raises(ValueError):
        play.receiver(session_id="a", sub_queue=ServiceBusSubQueue.DEAD_LETTER)


@scenario(RequiresSession=True)
async def a_session_is_received_and_deleted(play):
    await play.send(*of("a", "a1", "a2"), *of("b", "b1"))
    async with play.receiver(session_id="a", receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE) as receiver:
        play.equal(texts(await play.take(receiver, 2)), ["a1", "a2"])
        play.equal(await play.peek(receiver), [])


@scenario(RequiresSession=True)
async def a_session_receiver_peeks_its_own_session(play):
    await play.send(*of("a", "a1"), *of("b", "b1"), *of("a", "a2"))
    async with play.receiver(session_id="a") as receiver:
        peeked = await play.peek(receiver)
        play.equal(texts(peeked), ["a1", "a2"])
        play.equal([each.session_id for each in peeked], ["a", "a"])
        (second,) = await play.peek(receiver, start=peeked[0].sequence_number + 1)
        play.equal(text(second), "a2")


@scenario(RequiresSession=True)
async def a_session_entity_wants_sessions(play):
    with play.raises(ServiceBusError, text="requires sessions"):
        async with play.receiver() as receiver:
            await receiver.receive_messages(max_wait_time=2)
    with play.raises(ServiceBusError, text="SessionId"):
        await play.send(ServiceBusMessage("without a session"))
    async with play.receiver(session_id="a") as receiver:
        await play.send(*of("a", "a1"))
        (message,) = await play.take(receiver, 1)
        with play.raises(TypeError):
            await receiver.renew_message_lock(message)
        await receiver.complete_message(message)


@scenario()
async def an_entity_without_sessions_wants_none(play):
    with play.raises(ServiceBusError, text="sessionful"):
        async with play.receiver(session_id="a"):
            pass
    await play.send(*of("just a property", "x"))
    async with play.receiver() as receiver:
        (message,) = await play.take(receiver, 1)
        play.equal(message.session_id, "just a property")
        await receiver.complete_message(message)


async def listed(pages):
    return [each async for each in pages]


@scenario(RequiresSession=True)
async def sessions_with_messages_or_state_are_listed(play):
    play.equal(await listed(play.client.list_queue_sessions(play.name())), [])
    await play.send(*of("a", "a1"), *of("b", "b1"))
    async with play.receiver(session_id="only state") as receiver:
        await receiver.session.set_state("x")
    play.equal(sorted(await listed(play.client.list_queue_sessions(play.name(), timeout=10))), ["a", "b", "only state"])
    async with play.receiver(session_id="a") as receiver:
        (message,) = await play.take(receiver, 1)
        await receiver.complete_message(message)
    play.equal(sorted(await listed(play.client.list_queue_sessions(play.name()))), ["b", "only state"])


@scenario(RequiresSession=True)
async def sessions_are_listed_by_when_their_state_changed(play):
    await play.send(*of("no state", "x"))
    async with play.receiver(session_id="old") as receiver:
        await receiver.session.set_state("1")
    await asyncio.sleep(0.1)
    between = now()
    await asyncio.sleep(0.1)
    async with play.receiver(session_id="new") as receiver:
        await receiver.session.set_state("2")
    hour = datetime.timedelta(hours=1)

    async def since(time):
        return sorted(await listed(play.client.list_queue_sessions(play.name(), state_updated_after=time)))

    play.equal(await since(between - hour), ["new", "old"])
    play.equal(await since(between), ["new"])
    play.equal(await since(between + hour), [])


@scenario(RequiresSession=True)
async def more_sessions_than_a_page_are_listed_once_each(play):
    names = [f"s-{n:03}" for n in range(230)]
    async with play.sender() as sender:
        await sender.send_messages([message for name in names for message in of(name, "x")], timeout=20)
    found = await listed(play.client.list_queue_sessions(play.name()))
    play.equal(len(found), 230)
    play.equal(sorted(found), names)


@scenario(queue=False, topics={"": {"Subscriptions": [subscription("one", RequiresSession=True), subscription("two")]}})
async def a_subscription_has_sessions_of_its_own(play):
    await play.send(*of("a", "a1", "a2"), *of("b", "b1"), topic=True)
    play.equal(sorted(await listed(play.client.list_subscription_sessions(play.name(), "one"))), ["a", "b"])
    async with play.receiver(subscription="one", session_id="a") as receiver:
        play.equal(receiver.session.session_id, "a")
        messages = await play.take(receiver, 2)
        play.equal(texts(messages), ["a1", "a2"])
        await receiver.session.set_state("done")
        play.equal(await receiver.session.get_state(), b"done")
        for each in messages:
            await receiver.complete_message(each)
    async with play.receiver(subscription="two") as receiver:
        play.equal(texts(await play.take(receiver, 3)), ["a1", "a2", "b1"], "the other one does not group")


@scenario(RequiresSession=True)
async def a_scheduled_message_comes_into_its_session(play):
    async with play.sender() as sender:
        await sender.schedule_messages(of("a", "a1"), now() + datetime.timedelta(seconds=1), timeout=10)
    async with play.receiver(session_id="a") as receiver:
        (message,) = await play.take(receiver, 1)
        play.equal((text(message), message.session_id), ("a1", "a"))
        await receiver.complete_message(message)
