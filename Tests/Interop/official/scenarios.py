"""How scenarios are written down.

    @scenario(LockDuration="PT5S")
    async def a_completed_message_is_gone(play):
        await play.send(ServiceBusMessage("a"))
        async with play.receiver() as receiver:
            (message,) = await play.take(receiver, 1)
            await receiver.complete_message(message)
        play.equal(await play.left(), [])

Each scenario has entities of its own, so that many can run at once: a queue with the properties given (None: no queue), and what `queues`
and `topics` name besides. A property whose value begins with @ names another entity of the scenario. Every scenario runs with each of the two
clients, on the sandbox of its `stage`; on the stages of EXCLUSIVE one at a time, because it changes the sandbox as a whole.
"""

import asyncio
import contextlib
import dataclasses
import inspect
import json
import time
import types
import urllib.request

import azure.servicebus

SCENARIOS = []
EXCLUSIVE = ("faults",)

# Short enough that nobody waits long for a lost lock, long enough that a loaded machine does not lose one.
DEFAULTS = {"LockDuration": "PT1M", "DefaultMessageTimeToLive": "PT1H", "MaxDeliveryCount": 10}


@dataclasses.dataclass
class Scenario:
    function: object
    stage: str
    seconds: float
    queues: dict
    topics: dict
    retries: int

    @property
    def name(self):
        return self.function.__name__.replace("_", " ")

    @property
    def theme(self):
        return self.function.__module__.rpartition(".")[2]

    def entity(self, role, client):
        """The name of one of its entities in the namespace: another one for each client."""
        return f"{self.function.__name__}.{client.name}" + (f".{role}" if role else "")

    def configuration(self, client):
        """Its queues and topics in the format of the emulator's Config.json."""

        def resolved(properties):
            return {
                key: self.entity(value[1:].removeprefix("main"), client) if isinstance(value, str) and value.startswith("@") else value
                for key, value in properties.items()
            }

        queues = [
            {"Name": self.entity(role, client), "Properties": resolved({**DEFAULTS, **properties})}
            for role, properties in self.queues.items()
        ]
        topics = [
            {
                "Name": self.entity(role, client),
                "Properties": resolved({"DefaultMessageTimeToLive": "PT1H", **topic.get("Properties", {})}),
                "Subscriptions": [
                    {**subscription, "Properties": resolved({**DEFAULTS, **subscription.get("Properties", {})})}
                    for subscription in topic["Subscriptions"]
                ],
            }
            for role, topic in self.topics.items()
        ]
        return queues, topics


def scenario(stage="standard", seconds=30, queue=True, queues=None, topics=None, retries=0, **properties):
    """Registers a scenario; see the top of this file. `retries` is the client's retry_total."""

    def register(function):
        own = {"": properties} if queue else {}
        SCENARIOS.append(Scenario(function, stage, seconds, {**own, **(queues or {})}, topics or {}, retries))
        return function

    return register


def subscription(name, rules=None, **properties):
    """A subscription of a scenario's topic; without rules it takes everything."""
    made = {"Name": name, "Properties": properties}
    if rules is not None:
        made["Rules"] = rules
    return made


class Play:
    """One run of a scenario with one client: its entities, and what was found true. Every `equal`, `true` and `raises` counts."""

    def __init__(self, scenario, client_class, sandbox, websocket=False):
        self.scenario, self.official, self.sandbox, self.websocket = scenario, client_class, sandbox, websocket
        self.assertions = 0
        self.client = None

    def connect(self, connection_string=None, **options):
        return self.official.connect(connection_string or self.sandbox.connection_string, **self._options(options))

    def with_credential(self, credential, **options):
        namespace = f"127.0.0.1:{self.sandbox.amqp_port}"
        return self.official.with_credential(namespace, credential, use_tls=False, **self._options(options))

    def _options(self, options):
        options.setdefault("retry_total", self.scenario.retries)
        if self.websocket:
            options["transport_type"] = azure.servicebus.TransportType.AmqpOverWebsocket
            options["custom_endpoint_address"] = f"http://127.0.0.1:{self.sandbox.ready['webSocketPort']}"
        return options

    def name(self, role=""):
        return self.scenario.entity(role, self.official)

    # Assertions

    def true(self, held, what):
        assert held, what
        self.assertions += 1

    def equal(self, found, expected, what=None):
        assert found == expected, f"{what + ': ' if what else ''}{found!r} is not {expected!r}"
        self.assertions += 1

    def between(self, low, found, high, what=None):
        assert low <= found <= high, f"{what + ': ' if what else ''}{found!r} is not between {low!r} and {high!r}"
        self.assertions += 1

    @contextlib.contextmanager
    def raises(self, *kinds, text=None):
        """What is in the block must fail with exactly one of these errors, not with one derived from them, and say `text`. Gives a place
        whose `value` is the error then."""
        place = types.SimpleNamespace(value=None)
        try:
            yield place
        except Exception as error:
            place.value = error
            if type(error) not in kinds:
                raise
            if text is not None:
                assert text in str(error), f"{error} does not say {text!r}"
        else:
            raise AssertionError(f"nothing was raised where {' or '.join(kind.__name__ for kind in kinds)} is due")
        self.assertions += 1

    # Faults

    async def faults(self, **switches):
        """Sets the sandbox's fault switches, all others off; see docs/commands.md."""
        await asyncio.to_thread(self._ask_faults, "PUT", switches)

    async def faults_left(self):
        """What of them has not come to pass yet."""
        return await asyncio.to_thread(self._ask_faults, "GET")

    def _ask_faults(self, method, switches=None):
        body = None if switches is None else json.dumps(switches).encode()
        url = f"http://127.0.0.1:{self.sandbox.http_port}/$sandbox/faults"
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=5) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    # Links

    def sender(self, role="", topic=False, **options):
        return (self.client.get_topic_sender if topic else self.client.get_queue_sender)(self.name(role), **options)

    def receiver(self, role="", subscription=None, **options):
        options.setdefault("max_wait_time", 8)
        if subscription is not None:
            return self.client.get_subscription_receiver(self.name(role), subscription, **options)
        return self.client.get_queue_receiver(self.name(role), **options)

    def dead_letters(self, role="", **options):
        return self.receiver(role, sub_queue=azure.servicebus.ServiceBusSubQueue.DEAD_LETTER, **options)

    async def send(self, *messages, to="", topic=False):
        """Sends each message by itself, in order."""
        async with self.sender(to, topic) as sender:
            for message in messages:
                await sender.send_messages(message, timeout=15)

    async def take(self, receiver, count, seconds=8):
        """Exactly `count` messages; receive_messages may give fewer than asked, so it may take several calls."""
        taken = []
        while len(taken) < count:
            more = await receiver.receive_messages(max_message_count=count - len(taken), max_wait_time=seconds)
            assert more, f"{len(taken)} of {count} messages came"
            taken += more
        return taken

    async def peek(self, receiver, count=100, start=1):
        return await receiver.peek_messages(max_message_count=count, sequence_number=start, timeout=10)

    async def left(self, role="", **options):
        """What is in an entity now, by peeking: the bodies as text."""
        async with self.receiver(role, **options) as receiver:
            return texts(await self.peek(receiver))

    async def eventually(self, condition, seconds=10, what="the condition"):
        """Polls an asynchronous condition until it is true, and gives what it returned."""
        deadline = time.monotonic() + seconds
        while True:
            found = await condition()
            if found:
                self.assertions += 1
                return found
            assert time.monotonic() < deadline, f"{what} did not come true within {seconds} s"
            await asyncio.sleep(0.1)


def text(message):
    """A message's body as text: of data sections, or of a value that is text."""
    body = message.body
    if inspect.isgenerator(body) or isinstance(body, (list, tuple)):
        return b"".join(body).decode()
    return body.decode() if isinstance(body, bytes) else str(body)


def texts(messages):
    return [text(message) for message in messages]
