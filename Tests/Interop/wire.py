"""A client of `callboard sandbox` made of Apache Qpid Proton, one frame at a time: for what no official Python client sends.

It knows nothing of our code, and decodes every answer with proton's codec, so that types can be told apart: see `kind`.
"""

import time
import uuid

import cproton
from proton import (
    Data,
    Delivery,
    Described,
    Link,
    Message,
    SymbolList,
    Terminus,
    byte,
    char,
    float32,
    int32,
    short,
    symbol,
    timestamp,
    ubyte,
    uint,
    ulong,
    ushort,
)
from proton import Array as ArrayValue
from proton.handlers import MessagingHandler
from proton.reactor import LinkOption
from proton.utils import BlockingConnection, LinkDetached

DECLARED, TRANSACTIONAL = 0x33, 0x34
DECLARE, DISCHARGE = ulong(0x31), ulong(0x32)
ACCEPTED, REJECTED, RELEASED, MODIFIED = 0x24, 0x25, 0x26, 0x27

# Subclasses of the plain types come first.
KINDS = (
    (bool, "boolean"),
    (ubyte, "ubyte"),
    (ushort, "ushort"),
    (uint, "uint"),
    (ulong, "ulong"),
    (byte, "byte"),
    (short, "short"),
    (int32, "int"),
    (timestamp, "timestamp"),
    (float32, "float"),
    (symbol, "symbol"),
    (char, "char"),
    (int, "long"),
    (float, "double"),
    (uuid.UUID, "uuid"),
    (str, "string"),
    ((bytes, bytearray, memoryview), "binary"),
    (dict, "map"),
    (ArrayValue, "array"),
    (SymbolList, "array"),
    (list, "list"),
    (Described, "described"),
)
ELEMENTS = {Data.LONG: "long", Data.TIMESTAMP: "timestamp", Data.STRING: "string", Data.UUID: "uuid", Data.SYMBOL: "symbol"}


def kind(value):
    """The AMQP type of a value that proton decoded: "int", "long", "array of timestamp"."""
    if value is None:
        return "null"
    if isinstance(value, ArrayValue):
        return f"array of {ELEMENTS.get(value.type, value.type)}"
    return next(name for types, name in KINDS if isinstance(value, types))


def longs(*values):
    return ArrayValue(None, Data.LONG, *values)


def uuids(*values):
    return ArrayValue(None, Data.UUID, *values)


def elements(value):
    return list(value.elements) if isinstance(value, ArrayValue) else list(value)


def lock_token(delivery):
    """The lock token of a delivery: its tag is a .NET Guid, whose first three groups stand the other way round."""
    tag = cproton.lib.pn_delivery_tag(delivery._impl)  # Delivery.tag takes it for text, which it is not.
    return uuid.UUID(bytes_le=bytes(cproton.ffi.unpack(tag.start, tag.size)))


class Refused(Exception):
    """The sandbox detached a link, with the condition and text it gave."""

    def __init__(self, link):
        condition = link.remote_condition
        self.condition = condition.name if condition else None
        self.text = condition.description if condition else None
        super().__init__(f"{self.condition}: {self.text}")


class Response:
    """What a management node answered."""

    def __init__(self, message):
        self.message = message
        self.properties = message.properties
        self.status = self.properties["statusCode"]
        self.text = self.properties["statusDescription"]
        self.condition = self.properties.get("errorCondition")
        self.body = message.body


class Inbox(MessagingHandler):
    """Keeps what comes on a link; settles nothing."""

    def __init__(self):
        super().__init__(prefetch=0, auto_accept=False, auto_settle=False)
        self.arrived = []

    def on_message(self, event):
        self.arrived.append((event.message, event.delivery))


class Coordinator(LinkOption):
    def apply(self, link):
        link.target.type = Terminus.COORDINATOR
        link.target.capabilities.put_object(symbol("amqp:local-transactions"))

    def test(self, link):
        return True


class Properties(LinkOption):
    """Properties of an attach, a session filter, and settle modes."""

    def __init__(self, properties=None, filters=None, settled=False):
        self.properties, self.filters, self.settled = properties, filters, settled

    def apply(self, link):
        if self.properties:
            link.properties = {symbol(key): value for key, value in self.properties.items()}
        if self.filters:
            link.source.filter.put_dict({symbol(key): value for key, value in self.filters.items()})
        link.snd_settle_mode = Link.SND_SETTLED if self.settled else Link.SND_UNSETTLED
        link.rcv_settle_mode = Link.RCV_FIRST if self.settled or link.is_sender else Link.RCV_SECOND

    def test(self, link):
        return True


class Wire:
    """One connection with one session, on which everything is sent."""

    def __init__(self, sandbox, user="RootManageSharedAccessKey", key="SAS_KEY_VALUE", seconds=10):
        self.seconds = seconds
        self.blocking = BlockingConnection(
            f"127.0.0.1:{sandbox.amqp_port}",
            timeout=seconds,
            user=user,
            password=key,
            allowed_mechs="PLAIN",
            sasl_enabled=True,
            allow_insecure_mechs=True,
        )
        self.container, self.connection = self.blocking.container, self.blocking.conn
        self.nodes = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.blocking.close()

    def drop(self):
        """Closes the socket without a word of AMQP."""
        self.connection.transport.close_tail()
        self.connection.transport.close_head()
        self.container.process()

    def until(self, condition, what):
        try:
            self.blocking.wait(condition, timeout=self.seconds, msg=what)
        except LinkDetached as detached:
            raise Refused(detached.link) from None

    # Links

    def _opened(self, link):
        # A refused link is attached without source and target, and detached at once.
        self.until(lambda: link.state & Link.REMOTE_CLOSED or has_termini(link), "the attach")
        if link.state & Link.REMOTE_CLOSED:
            raise Refused(link)
        return link

    def sender(self, address, **properties):
        return self._opened(self.container.create_sender(self.connection, address, name=str(uuid.uuid4()), options=Properties(properties)))

    def coordinator(self):
        return self._opened(self.container.create_sender(self.connection, None, name=str(uuid.uuid4()), options=Coordinator()))

    def receiver(self, address, credit=0, settled=False, filters=None, properties=None, target=None):
        inbox = Inbox()
        options = Properties(properties, filters, settled)
        name = str(uuid.uuid4())
        link = self.container.create_receiver(self.connection, address, target=target, name=name, handler=inbox, options=options)
        self._opened(link)
        link.inbox = inbox
        if credit:
            link.flow(credit)
        return link

    def close(self, link):
        link.close()
        self.until(lambda: link.state & Link.REMOTE_CLOSED, "the detach")

    # Messages

    def send(self, link, message, transaction=None):
        """Sends, and waits for the outcome: (state, data), the state by its descriptor."""
        self.until(lambda: link.credit > 0, "credit to send")
        delivery = link.send(message)
        if transaction is not None:
            delivery.local.data = [transaction]
            delivery.update(TRANSACTIONAL)
        self.until(lambda: delivery.remote_state, "the outcome of a send")
        return outcome(delivery)

    def take(self, link, count):
        """Grants credit for `count` messages and waits for them: [(message, delivery)]."""
        had = len(link.inbox.arrived)
        link.flow(count)
        self.until(lambda: len(link.inbox.arrived) >= had + count, f"{count} messages")
        return link.inbox.arrived[had:]

    def settle(self, delivery, state, transaction=None, condition=None, **modified):
        """Gives a delivery an outcome, unsettled, and waits for the sandbox's confirmation: (state, data)."""
        if transaction is not None:
            delivery.local.data = [transaction, Described(ulong(state), list(modified.values()))]
            delivery.update(TRANSACTIONAL)
        else:
            for name, value in modified.items():
                setattr(delivery.local, name, value)
            delivery.update(state)
        self.until(lambda: delivery.settled, "the confirmation of a settlement")
        found = outcome(delivery)
        delivery.settle()
        return found

    # Transactions

    def declare(self, coordinator):
        return self.send(coordinator, Message(body=Described(DECLARE, [])))

    def begin(self, coordinator):
        """A new transaction's id."""
        state, data = self.declare(coordinator)
        assert state == DECLARED, f"declare was answered with {state:#x} {data}"
        return data[0]

    def discharge(self, coordinator, transaction, fail):
        return self.send(coordinator, Message(body=Described(DISCHARGE, [transaction, fail])))

    # Requests

    def request(self, node, operation, body, transaction=None, **application):
        """Asks a management node (`<entity>/$management`)."""
        if node not in self.nodes:
            reply_to = f"reply-{uuid.uuid4()}"
            self.nodes[node] = (self.sender(node), self.receiver(node, credit=100, target=reply_to), reply_to)
        sender, receiver, reply_to = self.nodes[node]
        identity = uuid.uuid4()
        message = Message(id=identity, reply_to=reply_to, body=body, properties={"operation": operation, **application})
        state, _ = self.send(sender, message, transaction)
        # The standard (part 4, 4.4.1) has what is sent in a transaction answered as a part of it, and Microsoft's guide, which honours the
        # state of a request's transfer, names no exception for requests.
        wanted = ACCEPTED if transaction is None else TRANSACTIONAL
        assert state == wanted, f"the request was answered with {state:#x}"
        self.until(lambda: any(each.correlation_id == identity for each, _ in receiver.inbox.arrived), f"the answer to {operation}")
        ((answer, delivery),) = [each for each in receiver.inbox.arrived if each[0].correlation_id == identity]
        receiver.inbox.arrived.remove((answer, delivery))
        delivery.update(Delivery.ACCEPTED)
        delivery.settle()
        receiver.flow(1)
        return answer

    def manage(self, entity, operation, body, **options):
        return Response(self.request(f"{entity}/$management", f"com.microsoft:{operation}", body, **options))

    def put_token(self, audience, token, token_type="servicebus.windows.net:sastoken"):
        return self.request("$cbs", "put-token", token, type=token_type, name=audience)

    def peek(self, entity, count=100, start=1):
        """The messages an entity holds, by peeking."""
        answer = self.manage(entity, "peek-message", {"from-sequence-number": start, "message-count": int32(count)})
        if answer.status == 204:
            return []
        return [decoded(each["message"]) for each in answer.body["messages"]]

    def bodies(self, entity):
        return [each.body for each in self.peek(entity)]


def has_termini(link):
    return link.remote_source.address or link.remote_target.address or link.remote_target.type == Terminus.COORDINATOR


def decoded(data):
    message = Message()
    message.decode(bytes(data))
    return message


def outcome(delivery):
    """(descriptor of the state, what it carries): for a transactional state its list, for a rejection the condition."""
    state = int(delivery.remote_state)
    if state == REJECTED:
        return state, delivery.remote.condition
    return state, delivery.remote.data


def now():
    return int(time.time() * 1000)
