"""Messages through a WebSocket and an HTTP proxy, for networks that let nothing but the web out."""

from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import ServiceBusError

from official.scenarios import scenario, text
from proxies import PASSWORD, USER, Proxy


def through(play, proxy, password=PASSWORD):
    # The asynchronous client hands the name to aiohttp, which wants a URL.
    name = "127.0.0.1" if play.official.name == "sync" else "http://127.0.0.1"
    return play.connect(
        http_proxy={"proxy_hostname": name, "proxy_port": proxy.port, "username": USER, "password": password},
        custom_endpoint_address=f"http://127.0.0.1:{play.sandbox.ready['webSocketPort']}",
    )


@scenario()
async def messages_pass_through_a_proxy(play):
    with Proxy() as proxy:
        async with through(play, proxy) as client:
            async with client.get_queue_sender(play.name()) as sender:
                await sender.send_messages([ServiceBusMessage("x" * 100_000), ServiceBusMessage("small")], timeout=15)
            async with client.get_queue_receiver(play.name(), max_wait_time=8) as receiver:
                play.equal(len(await receiver.peek_messages(max_message_count=5, timeout=10)), 2)
                large, small = await play.take(receiver, 2)
                play.equal((len(text(large)), text(small)), (100_000, "small"))
                for each in (large, small):
                    await receiver.complete_message(each)
        play.equal(len(proxy.requests), 2, "a connection for each of sender and receiver")
        # Without TLS aiohttp asks the proxy to pass its request on; the other opens a tunnel.
        method = "CONNECT" if play.official.name == "sync" else "GET"
        play.equal({(each[0], each[2]) for each in proxy.requests}, {(method, True)})
        play.true(all(str(play.sandbox.ready["webSocketPort"]) in each[1] for each in proxy.requests), "to the sandbox")
    play.equal(await play.left(), [])


@scenario()
async def a_proxy_that_does_not_know_us_lets_nothing_through(play):
    with Proxy() as proxy:
        with play.raises(ServiceBusError, text="407"):
            async with through(play, proxy, password="wrong") as client, client.get_queue_sender(play.name()) as sender:
                await sender.send_messages(ServiceBusMessage("x"), timeout=10)
        play.true(len(proxy.requests) >= 1, "it was asked")
    play.equal(await play.left(), [])
