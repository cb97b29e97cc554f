"""What is refused, in the client's own terms: who may not, and what is not there. And the ways to say who one is."""

import asyncio
import re
import time
import urllib.request

from azure.core.credentials import AccessToken, AzureNamedKeyCredential, AzureSasCredential
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import (
    MessagingEntityDisabledError,
    MessagingEntityNotFoundError,
    ServiceBusAuthenticationError,
    ServiceBusAuthorizationError,
    ServiceBusError,
)

from callboard import KEY, ROOT_RULE, signature
from official.scenarios import scenario, text

def endpoint(play):
    return f"127.0.0.1:{play.sandbox.amqp_port}"


def connection_string(play, credentials):
    return f"Endpoint=sb://{endpoint(play)};{credentials};UseDevelopmentEmulator=true;"


async def round_trip(play, client):
    async with client:
        async with client.get_queue_sender(play.name()) as sender:
            await sender.send_messages(ServiceBusMessage("x"), timeout=10)
        async with client.get_queue_receiver(play.name(), max_wait_time=8) as receiver:
            (message,) = await play.take(receiver, 1)
            play.equal(text(message), "x")
            await receiver.complete_message(message)


@scenario()
async def a_wrong_key_and_an_unknown_rule_are_refused(play):
    for credentials in (f"SharedAccessKeyName={ROOT_RULE};SharedAccessKey=wrong", f"SharedAccessKeyName=Nobody;SharedAccessKey={KEY}"):
        async with play.connect(connection_string(play, credentials)) as client:
            with play.raises(ServiceBusAuthenticationError):
                async with client.get_queue_sender(play.name()) as sender:
                    await sender.send_messages(ServiceBusMessage("no"), timeout=10)
            with play.raises(ServiceBusAuthenticationError):
                async with client.get_queue_receiver(play.name(), max_wait_time=2) as receiver:
                    await receiver.receive_messages(max_wait_time=2)
    play.equal(await play.left(), [])


@scenario()
async def a_rule_that_may_only_send_only_sends(play):
    async with play.connect(connection_string(play, f"SharedAccessKeyName=SendOnly;SharedAccessKey={KEY}")) as client:
        async with client.get_queue_sender(play.name()) as sender:
            await sender.send_messages(ServiceBusMessage("sent"), timeout=10)
        with play.raises(ServiceBusAuthorizationError, text="'Listen' claim"):
            async with client.get_queue_receiver(play.name(), max_wait_time=2) as receiver:
                await receiver.receive_messages(max_wait_time=2)
    play.equal(await play.left(), ["sent"])


@scenario()
async def a_rule_that_may_only_listen_only_listens(play):
    await play.send(ServiceBusMessage("a"))
    async with play.connect(connection_string(play, f"SharedAccessKeyName=ListenOnly;SharedAccessKey={KEY}")) as client:
        with play.raises(ServiceBusAuthorizationError, text="'Send' claim"):
            async with client.get_queue_sender(play.name()) as sender:
                await sender.send_messages(ServiceBusMessage("no"), timeout=10)
        async with client.get_queue_receiver(play.name(), max_wait_time=8) as receiver:
            (peeked,) = await receiver.peek_messages(timeout=10)
            play.equal(text(peeked), "a")
            (message,) = await play.take(receiver, 1)
            await receiver.complete_message(message)
    play.equal(await play.left(), [])


@scenario()
async def a_signature_in_the_connection_string_is_good_for_its_entity(play):
    token = signature(f"sb://{endpoint(play)}/{play.name()}")
    await round_trip(play, play.connect(connection_string(play, f"SharedAccessSignature={token}")))


@scenario(queues={"other": {}})
async def a_signature_for_another_entity_or_out_of_time_is_refused(play):
    own = f"sb://{endpoint(play)}/{play.name()}"
    for token in (
        signature(f"sb://{endpoint(play)}/{play.name('other')}"),
        signature(own, seconds=-10),
        signature(own, key="wrong"),
        re.sub("sig=[^&]*", "sig=AAAA", signature(own)),
    ):
        client = play.with_credential(AzureSasCredential(token))
        async with client:
            with play.raises(ServiceBusAuthenticationError):
                async with client.get_queue_sender(play.name()) as sender:
                    await sender.send_messages(ServiceBusMessage("no"), timeout=10)
    play.equal(await play.left(), [])


@scenario()
async def a_key_and_a_signature_are_credentials(play):
    for credential in (AzureNamedKeyCredential(ROOT_RULE, KEY), AzureSasCredential(signature(f"sb://{endpoint(play)}/{play.name()}"))):
        await round_trip(play, play.with_credential(credential))


@scenario(seconds=60)
async def a_token_is_renewed_before_it_ends(play):
    given = []

    def token():
        given.append(AccessToken(signature(f"sb://{endpoint(play)}/{play.name()}", seconds=12), int(time.time()) + 12))
        return given[-1]

    async with play.with_credential(play.official.credential(token)) as client:
        async with client.get_queue_receiver(play.name(), max_wait_time=20) as receiver:
            play.equal(len(given), 1)
            waiting = asyncio.ensure_future(receiver.receive_messages(max_message_count=1, max_wait_time=20))
            await asyncio.sleep(14)
            await play.send(ServiceBusMessage("later than the first token"))
            (message,) = await waiting
            play.equal(text(message), "later than the first token")
            await receiver.complete_message(message)
            play.between(2, len(given), 4, "tokens were asked for")
    play.equal(await play.left(), [])


@scenario()
async def the_connection_string_may_name_the_entity(play):
    credentials = f"SharedAccessKeyName={ROOT_RULE};SharedAccessKey={KEY};EntityPath={play.name()}"
    await round_trip(play, play.connect(connection_string(play, credentials)))
    client = play.connect(connection_string(play, credentials))
    async with client:
        with play.raises(ValueError):
            client.get_queue_sender("another")


@scenario(queue=False)
async def an_unknown_queue_is_not_found_by_any_operation(play):
    for use in ("send", "receive", "peek", "defer", "sub-queue"):
        with play.raises(MessagingEntityNotFoundError):
            if use == "send":
                async with play.client.get_queue_sender("no-such-queue") as sender:
                    await sender.send_messages(ServiceBusMessage("x"), timeout=10)
            else:
                options = {"sub_queue": "deadletter"} if use == "sub-queue" else {}
                async with play.client.get_queue_receiver("no-such-queue", max_wait_time=2, **options) as receiver:
                    if use == "peek":
                        await receiver.peek_messages(timeout=10)
                    elif use == "defer":
                        await receiver.receive_deferred_messages(1, timeout=10)
                    else:
                        await receiver.receive_messages(max_wait_time=2)
    with play.raises(MessagingEntityNotFoundError):
        async with play.client.get_topic_sender("no-such-topic") as sender:
            await sender.send_messages(ServiceBusMessage("x"), timeout=10)
    # The client's pages open a link of their own, and keep to themselves why it was refused.
    with play.raises(ServiceBusError, text="Failed to open mgmt link"):
        async for _ in play.client.list_queue_sessions("no-such-queue", timeout=10):
            pass


@scenario()
async def sessions_are_not_listed_where_there_are_none(play):
    with play.raises(ServiceBusError):
        async for _ in play.client.list_queue_sessions(play.name(), timeout=10):
            pass


@scenario()
async def nobody_sends_to_a_sub_queue(play):
    with play.raises(ServiceBusError):
        async with play.client.get_queue_sender(play.name() + "/$DeadLetterQueue") as sender:
            await sender.send_messages(ServiceBusMessage("x"), timeout=10)
    async with play.dead_letters() as receiver:
        play.equal(await play.peek(receiver), [])


@scenario()
async def closing_the_client_closes_what_it_opened(play):
    client = play.connect()
    sender, receiver = client.get_queue_sender(play.name()), client.get_queue_receiver(play.name())
    await sender.send_messages(ServiceBusMessage("x"), timeout=10)
    play.equal([text(each) for each in await play.peek(receiver)], ["x"])
    await client.close()
    with play.raises(ValueError):
        await sender.send_messages(ServiceBusMessage("y"), timeout=5)
    with play.raises(ValueError):
        await receiver.receive_messages(max_wait_time=2)


def administer(play, **changes):
    """Changes elements of the queue's description, as an administrator does over HTTP."""
    url = f"http://127.0.0.1:{play.sandbox.http_port}/{play.name()}?api-version=2021-05"
    headers = {"Authorization": signature(f"http://127.0.0.1:{play.sandbox.http_port}/{play.name()}")}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
        description = answer.read().decode()
    for element, value in changes.items():
        description, count = re.subn(f"<{element}>[^<]*</{element}>", f"<{element}>{value}</{element}>", description)
        assert count == 1, f"{element} stands {count} times in {description}"
    headers |= {"If-Match": "*", "Content-Type": "application/atom+xml;type=entry;charset=utf-8"}
    request = urllib.request.Request(url, description.encode(), headers, method="PUT")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200, answer.status


@scenario()
async def a_disabled_queue_takes_and_gives_nothing(play):
    await play.send(ServiceBusMessage("before"))
    await asyncio.to_thread(administer, play, Status="Disabled")
    with play.raises(MessagingEntityDisabledError):
        await play.send(ServiceBusMessage("refused"))
    with play.raises(MessagingEntityDisabledError):
        async with play.receiver() as receiver:
            await receiver.receive_messages(max_wait_time=2)
    await asyncio.to_thread(administer, play, Status="SendDisabled")
    with play.raises(MessagingEntityDisabledError):
        await play.send(ServiceBusMessage("refused"))
    async with play.receiver() as receiver:
        (message,) = await play.take(receiver, 1)
        play.equal(text(message), "before")
        await receiver.complete_message(message)
    await asyncio.to_thread(administer, play, Status="Active")
    await play.send(ServiceBusMessage("after"))
    play.equal(await play.left(), ["after"])
