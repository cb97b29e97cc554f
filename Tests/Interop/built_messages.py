"""Messages as azure-servicebus can build them: at random, from a seed, and by hand where chance seldom goes.

Left out is what the client itself cannot send: a timedelta and an int of more than 32 bits in an application property, an array of booleans
or of zeros without a sign, which it encodes wrongly. An AMQP value that is false to Python (None, 0, "", an empty list) is sent without any
body: such messages are here.
"""

import datetime
import decimal
import random
import struct
import uuid

from azure.servicebus import ServiceBusMessage
from azure.servicebus.amqp import AmqpAnnotatedMessage

UTC = datetime.timezone.utc
SAMPLES = ("", "x", "order-17", "ein Süßes", "日本語", "🙂 e\u0301", "a\x00b", "line\r\n\tbreak", "'quoted' \"too\"", "x" * 127, "ö" * 64, "null")

# What a copy has not: properties that dead-lettering and frameworks write (CopyChanges.traces).
TRACES = {
    "DeadLetterReason": "mine", "DeadLetterErrorDescription": "mine too", "MT-Fault-Message": "m", "NServiceBus.ExceptionInfo.Message": "n",
    "NServiceBus.FailedQ": "q", "NServiceBus.TimeOfFailure": "t", "NServiceBus.Transport.Recovery": "r", "rbs2-error-details": "e",
    "rbs2-source-queue": "s",
}


def typed(kind, value):
    """A value of an AMQP type that Python has none for; the client encodes it by this name."""
    return {"TYPE": kind, "VALUE": value}


def reason_strips(name):
    """Whether a copy leaves an application property out."""
    return name in TRACES or name.startswith(("MT-Fault-", "NServiceBus.ExceptionInfo."))


class Builder:
    """Builds messages, the same ones for the same seed."""

    def __init__(self, seed):
        self.chance = random.Random(seed)

    def maybe(self, make, often=0.5):
        return make() if self.chance.random() < often else None

    def text(self):
        if self.chance.random() < 0.6:
            return self.chance.choice(SAMPLES)
        return "".join(chr(self.chance.choice((self.chance.randrange(32, 127), self.chance.randrange(0xA0, 0xD7FF)))) for _ in range(self.chance.randrange(1, 40)))

    def name(self):
        """Text that is not empty: an id, a session."""
        return self.text() or "named"

    def uuid(self):
        return uuid.UUID(int=self.chance.getrandbits(128))

    def bytes(self, most=64):
        return self.chance.randbytes(self.chance.choice((0, 1, 8, self.chance.randrange(most))))

    def moment(self):
        return datetime.datetime(1970, 1, 1, tzinfo=UTC) + datetime.timedelta(milliseconds=self.chance.randrange(4_000_000_000_000))

    def integer(self, bits, is_signed):
        low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if is_signed else (0, (1 << bits) - 1)
        return self.chance.choice((low, high, 1, 0, 127, self.chance.randint(low, high)))

    def float(self):
        some = (0.0, -0.0, 1.5, float("inf"), float("-inf"), float("nan"), 5e-324, 1.7976931348623157e308)
        return self.chance.choice((*some, struct.unpack(">d", self.chance.randbytes(8))[0]))

    def decimal(self):
        digits = self.chance.randrange(10**self.chance.randrange(1, 30))
        return decimal.Decimal((self.chance.randrange(2), tuple(map(int, str(digits))), self.chance.randrange(-30, 30)))

    def simple(self):
        """A value of every type that an application property may have."""
        chance = self.chance
        return chance.choice((
            lambda: None,
            lambda: chance.random() < 0.5,
            lambda: self.integer(32, True),
            self.float,
            self.text,
            self.uuid,
            self.moment,
            self.decimal,
            lambda: typed("BOOL", chance.random() < 0.5),
            lambda: typed("UBYTE", self.integer(8, False)),
            lambda: typed("BYTE", self.integer(8, True)),
            lambda: typed("USHORT", self.integer(16, False)),
            lambda: typed("SHORT", self.integer(16, True)),
            lambda: typed("UINT", self.integer(32, False)),
            lambda: typed("INT", self.integer(32, True)),
            lambda: typed("ULONG", self.integer(64, False)),
            lambda: typed("LONG", self.integer(64, True)),
            lambda: typed("FLOAT", chance.choice((0.1, -2.5, float("nan"), float("inf")))),
            lambda: typed("DOUBLE", self.float()),
            lambda: typed("TIMESTAMP", self.integer(64, True)),
            lambda: typed("UUID", self.uuid()),
            lambda: typed("BINARY", self.bytes()),
            lambda: typed("STRING", self.text()),
            lambda: typed("SYMBOL", chance.choice(("sym", "", "com.example:x"))),
            lambda: (typed("SYMBOL", b"com.microsoft:timespan"), typed("LONG", self.integer(64, True))),
            lambda: (typed("SYMBOL", b"com.microsoft:uri"), "https://example.org/?q=ü"),
            lambda: (typed("SYMBOL", b"com.microsoft:datetime-offset"), typed("LONG", self.integer(63, False))),
            lambda: (typed("ULONG", 77), self.text()),
        ))()

    def array(self):
        chance = self.chance
        kind, make = chance.choice((
            ("INT", lambda: self.integer(32, True)), ("LONG", lambda: self.integer(64, True)), ("STRING", self.text), ("SYMBOL", lambda: "s"),
            ("UUID", self.uuid), ("BINARY", self.bytes), ("DOUBLE", self.float), ("TIMESTAMP", lambda: self.integer(40, False)),
            ("UINT", lambda: chance.randrange(1, 1 << 32)), ("ULONG", lambda: chance.randrange(1, 1 << 64)),
            ("USHORT", lambda: self.integer(16, False)), ("BYTE", lambda: self.integer(8, True)),
        ))
        return typed("ARRAY", [typed(kind, make()) for _ in range(chance.randrange(1, 6))])

    def value(self, depth=0):
        """Any value at all."""
        chance = self.chance
        if depth > 3 or chance.random() < 0.55:
            return self.simple() if chance.random() < 0.9 else self.bytes()
        kind = chance.randrange(4)
        if kind == 0:
            return [self.value(depth + 1) for _ in range(chance.randrange(5))]
        if kind == 1:
            # Not as a dict of Python: its keys are of every type, too.
            pairs = {number: (self.key(), self.value(depth + 1)) for number in range(chance.randrange(5))}
            unique = {repr(key): (key, value) for key, value in pairs.values()}
            return typed("MAP", list(unique.values()))
        if kind == 2:
            return {self.text(): self.value(depth + 1) for _ in range(chance.randrange(5))}
        return self.array()

    def key(self):
        return self.chance.choice((self.text, self.uuid, lambda: typed("ULONG", self.integer(64, False)), lambda: typed("SYMBOL", "key")))()

    def body(self):
        chance = self.chance
        kind = chance.randrange(8)
        if kind < 3:
            return {"data_body": chance.choice((self.text(), self.bytes(400), self.bytes(2000)))}
        if kind == 3:
            return {"data_body": [chance.choice((self.bytes, self.text))() for _ in range(chance.randrange(2, 6))]}
        if kind == 4:
            return {"sequence_body": [self.value(1) for _ in range(chance.randrange(1, 5))]}
        if kind == 5:
            return {"sequence_body": [[self.value(1) for _ in range(chance.randrange(4))] for _ in range(chance.randrange(2, 4))]}
        value = self.value()
        # At the top of a body the client knows no types of its own.
        return {"value_body": [value] if isinstance(value, dict) and "TYPE" in value else value}

    def identity(self):
        """An id of every type that AMQP has for ids."""
        return self.chance.choice((self.name, self.name, self.uuid, lambda: self.integer(64, False), lambda: self.bytes(24) or b"id"))()

    def application_properties(self):
        chance = self.chance
        if chance.random() < 0.2:
            return None
        found = {chance.choice((self.text(), f"p{number}", f"p{number}".encode())): self.simple() for number in range(chance.randrange(1, 9))}
        if chance.random() < 0.15:
            # The client takes bytes in a property for text, unless they are given with their type.
            nested = self.value()
            found["nested"] = typed("BINARY", nested) if isinstance(nested, bytes) else nested
        if chance.random() < 0.1:
            name = chance.choice(list(TRACES))
            found[name] = TRACES[name]
        return found

    def session(self, sessions):
        return self.chance.choice(sessions) if sessions else self.maybe(self.name, 0.3)

    def plain(self, sessions=None):
        """A message built as most are: `ServiceBusMessage`."""
        session = self.session(sessions)
        return ServiceBusMessage(
            self.chance.choice((self.text(), self.bytes(400), None)),
            application_properties=self.application_properties(),
            session_id=session,
            message_id=self.maybe(self.name, 0.8),
            time_to_live=self.maybe(lambda: datetime.timedelta(seconds=self.chance.randrange(3600, 30_000)), 0.3),
            content_type=self.maybe(self.text),
            correlation_id=self.maybe(self.text),
            subject=self.maybe(self.text),
            partition_key=self.maybe(lambda: session if session is not None else self.name(), 0.3),
            to=self.maybe(self.text, 0.3),
            reply_to=self.maybe(self.text, 0.3),
            reply_to_session_id=self.maybe(self.name, 0.3),
        )

    def annotated(self, sessions=None):
        """A message built section by section: `AmqpAnnotatedMessage`."""
        chance, session = self.chance, self.session(sessions)
        header = {
            "time_to_live": self.maybe(lambda: chance.randrange(3_600_000, 30_000_000), 0.3),
            "durable": self.maybe(lambda: chance.random() < 0.5),
            "priority": self.maybe(lambda: chance.randrange(256)),
        }
        properties = {
            "message_id": self.maybe(self.identity, 0.8),
            "user_id": self.maybe(self.bytes, 0.3),
            "to": self.maybe(self.text, 0.3),
            "subject": self.maybe(self.text),
            "reply_to": self.maybe(self.text, 0.3),
            "correlation_id": self.maybe(self.identity),
            "content_type": self.maybe(self.text),
            "content_encoding": self.maybe(lambda: chance.choice(("gzip", "utf-8", ""))),
            "creation_time": self.maybe(lambda: chance.randrange(1, 4_000_000_000_000), 0.2),
            "group_id": session,
            "group_sequence": self.maybe(lambda: self.integer(32, False), 0.3),
            "reply_to_group_id": self.maybe(self.name, 0.3),
        }
        annotations = self.maybe(lambda: {f"x-opt-mine-{number}": self.value() for number in range(chance.randrange(1, 4))}, 0.3) or {}
        if chance.random() < 0.2:
            annotations["x-opt-partition-key"] = session if session is not None else self.name()
        return AmqpAnnotatedMessage(
            **self.body(),
            header=header,
            properties=properties,
            application_properties=self.application_properties(),
            annotations=annotations or None,
            footer=self.maybe(lambda: {f"x-opt-{number}": self.value() for number in range(chance.randrange(1, 4))}, 0.2),
        )

    def one(self, sessions=None):
        return self.plain(sessions) if self.chance.random() < 0.4 else self.annotated(sessions)

    def corners(self, sessions=None):
        """Messages by hand; each with what is special about it."""
        session = sessions[0] if sessions else None
        with_session = {"session_id": session} if session else {}
        grouped = {"group_id": session} if session else {}

        def annotated(properties=None, **sections):
            return AmqpAnnotatedMessage(properties={**grouped, **(properties or {})}, **sections)

        yield "an empty body", ServiceBusMessage(b"", **with_session)
        yield "an empty text", ServiceBusMessage("", message_id="", subject="", content_type="", correlation_id="", to="", reply_to="", **with_session)
        yield "no body at all", ServiceBusMessage(None, **with_session)
        yield "200 kB", ServiceBusMessage(self.chance.randbytes(200_000), **with_session)
        yield "200 kB of text in many sections", annotated(data_body=["ö" * 10_000] * 10)
        yield "empty data sections", annotated(data_body=[b"", b"", b"x", b""])
        yield "a hundred data sections", annotated(data_body=[bytes([number]) for number in range(100)])
        yield "bytes of every value", ServiceBusMessage(bytes(range(256)), **with_session)
        yield "text that is no UTF-8", ServiceBusMessage(b"\xff\xfe\xc3\x28", content_type="text/plain; charset=utf-8", **with_session)
        for value in (0, "", False, [], {}, b""):
            yield f"the value {value!r}, which the client sends without a body", annotated(value_body=value)
        for value in (True, 1, -128, 2**31 - 1, -(2**31), 1.5, float("nan"), "text", "🙂" * 100, b"\x00\xff", self.uuid(), self.moment(), self.decimal()):
            yield f"the value {value!r}", annotated(value_body=value)
        yield "a described value", annotated(value_body=(typed("SYMBOL", b"com.example:thing"), [1, typed("ULONG", 2), None]))
        yield "a value of every type", annotated(value_body=[self.simple() for _ in range(300)])
        yield "a map with keys of every type", annotated(value_body=[typed("MAP", [(typed("ULONG", 1), 1), ("1", 2), (True, 3), (self.uuid(), None), (None, 4)])])
        yield "a list of 300 nulls", annotated(value_body=[None] * 300)
        yield "lists in lists", annotated(value_body=[[[[[[[[], {}]]], typed("ARRAY", [typed("LONG", 5)])]]]])
        yield "an empty sequence", annotated(sequence_body=[[]])
        yield "several sequences", annotated(sequence_body=[[1, typed("LONG", 1), typed("ULONG", 1)], [], ["x", None]])
        for kind, identity in (("uuid", self.uuid()), ("ulong", 2**64 - 1), ("ulong 0", 0), ("binary", b"\x00\x01\xff"), ("string", "ü" * 128)):
            yield f"an id and a correlation id that are {kind}", annotated({"message_id": identity, "correlation_id": identity}, data_body=b"x")
        yield "null properties", ServiceBusMessage("x", application_properties={"null": None, "empty": "", "zero": 0, "false": False}, **with_session)
        yield "a property without a name", ServiceBusMessage("x", application_properties={"": "nameless"}, **with_session)
        yield "two hundred properties", ServiceBusMessage("x", application_properties={f"property {n}": self.simple() for n in range(200)}, **with_session)
        yield "a large property", ServiceBusMessage("x", application_properties={"large": "ü" * 10_000}, **with_session)
        yield "every property that a copy leaves out", ServiceBusMessage("x", application_properties={**TRACES, "kept": 1}, **with_session)
        yield "nothing but what a copy leaves out", ServiceBusMessage("x", application_properties=dict(TRACES), **with_session)
        yield "names nearly like them", ServiceBusMessage(
            "x", application_properties={"deadletterreason": 1, "DeadLetterReason2": 2, "MT-Fault": 3, "NServiceBus.FailedQ.x": 4, "rbs2-": 5}, **with_session)
        yield "every byte of priority", annotated(data_body=b"x", header={"priority": 0, "durable": False})
        yield "durable and urgent", annotated(data_body=b"x", header={"priority": 255, "durable": True})
        yield "four weeks to live", ServiceBusMessage("x", time_to_live=datetime.timedelta(days=28), **with_session)
        yield "the longest time to live", annotated(data_body=b"x", header={"time_to_live": 2**32 - 1})
        yield "a partition key", ServiceBusMessage("x", partition_key=session or "münchen", **with_session)
        yield "annotations of every type", annotated(
            data_body=b"x", annotations={f"x-opt-mine-{number}": self.simple() for number in range(60)} | {"x-opt-nested": [1, {"a": [None]}]})
        yield "an annotation that is null", annotated(data_body=b"x", annotations={"x-opt-null": None, "x-opt-mine": "kept"})
        yield "a footer of every type", annotated(data_body=b"x", footer={f"x-opt-{number}": self.value() for number in range(60)})
        yield "everything that properties have", annotated(
            {
                "message_id": self.uuid(), "user_id": b"\x00user", "to": "to", "subject": "subject", "reply_to": "reply", "correlation_id": 7,
                "content_type": "application/json", "content_encoding": "gzip", "creation_time": 1, "absolute_expiry_time": 32_503_680_000_000,
                "group_sequence": 2**32 - 1, "reply_to_group_id": "back", "group_id": session or "session",
            },
            data_body=b"{}", header={"durable": True, "priority": 9, "time_to_live": 7_200_000},
            application_properties={"a": 1}, annotations={"x-opt-mine": 1}, footer={"x-opt-foot": 1})
