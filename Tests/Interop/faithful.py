"""Compares a message that came back with the one that was sent: on the wire, byte for byte and type for type, and as the official client shows
it. `redrive.py` says what for.
"""

import collections
import uuid

from azure.servicebus._pyamqp import _decode as amqp_decode
from azure.servicebus._pyamqp import receiver as amqp_receiver
from azure.servicebus._pyamqp import sender as amqp_sender
from azure.servicebus._pyamqp._encode import encode_payload
from azure.servicebus._transport import _pyamqp_transport as amqp_transport
from azure.servicebus.amqp import AmqpAnnotatedMessage

from amqp_sections import ANNOTATIONS, APPLICATION_PROPERTIES, FOOTER, Sections
from built_messages import reason_strips, typed

ORIGINAL_ID = "x-original-message-id"

# What the broker writes on a message, and a copy therefore does not take along (ForwardedMessage.written).
BROKERS = {
    "x-opt-sequence-number", "x-opt-enqueued-time", "x-opt-locked-until", "x-opt-enqueue-sequence-number", "x-opt-offset", "x-opt-message-state",
    "x-opt-deadletter-source", "x-opt-lock-token", "x-opt-partition-id", "x-opt-scheduled-enqueue-time", "x-opt-via-partition-key",
}


# --- what the client sends and receives, byte for byte -----------------------------------------------------------------------

sent_bytes = []
received_bytes = {}


def listen_in():
    """Keeps what the official client encodes to be sent, and what it decodes when it receives."""
    encode, decode = amqp_sender.encode_payload, amqp_receiver.decode_payload

    def encoding(output, payload):
        encoded = encode(output, payload)
        sent_bytes.append(bytes(output))
        return encoded

    def decoding(buffer):
        encoded = bytes(buffer)
        message = decode(buffer)
        # The message is kept too: nothing else may get its id meanwhile.
        received_bytes[id(message)] = (message, encoded)
        return message

    amqp_sender.encode_payload = encoding
    amqp_receiver.decode_payload = amqp_transport.decode_payload = decoding
    # The client sends a decimal128 that it cannot read again: it takes any exponent for too large. Here it stays the bytes it is.
    amqp_decode._DECODE_BY_CONSTRUCTOR[0x94] = lambda buffer, depth=0: (buffer[16:], ("decimal128", bytes(buffer[:16])))


class Received:
    """A message as the official client received it."""

    def __init__(self, message):
        self.message = message
        self.sections = Sections(received_bytes[id(message._message)][1])


def shown(value):
    """A value as the client shows it, with its type, and that of everything in it."""
    descriptor = getattr(value, "descriptor", None)
    if isinstance(value, dict):
        value = [(shown(key), shown(each)) for key, each in value.items()]
    elif isinstance(value, (list, tuple)):
        value = [shown(each) for each in value]
    return type(value).__name__, descriptor, repr(value)


def text(name):
    return name.decode() if isinstance(name, bytes) else name


def nothing(_name):
    return False


def what_is_shown(message, leaves_out):
    """Everything that a user of the client can see of a message and that is the sender's."""
    raw = message.raw_amqp_message
    found = {f"properties.{name}": shown(value) for name, value in (raw.properties.items() if raw.properties else ())}
    found |= {f"header.{name}": shown(raw.header.get(name)) for name in ("durable", "priority", "time_to_live")}
    for name, value in (raw.application_properties or {}).items():
        if not leaves_out(text(name)):
            found[f"application property {text(name)!r}"] = shown(value)
    for name, value in (raw.annotations or {}).items():
        if text(name) not in BROKERS:
            found[f"annotation {text(name)!r}"] = shown(value)
    found["footer"] = shown(raw.footer)
    found["kind of body"] = raw.body_type
    found["body"] = shown(list(raw.body) if raw.body_type.name in ("DATA", "SEQUENCE") else raw.body)
    for name in "session_id partition_key time_to_live content_type correlation_id subject message_id reply_to reply_to_session_id to".split():
        found[name] = shown(getattr(message, name))
    # A section that is not there and one in which nothing is said look alike, but for what is in a body or a property of the sender.
    return {name: value for name, value in found.items() if value != shown(None) or name == "body" or name.startswith("application property")}


# --- comparing ---------------------------------------------------------------------------------------------------------------


def kept(pairs, leaves_out):
    return [pair for pair in pairs or () if not leaves_out(pair[0][1])]


def differences(sent, second, new_id=False, leaves_out=reason_strips):
    """What is otherwise in a message that came back than in the one that was sent, on the wire."""

    def compare(what, one, other):
        if one != other:
            yield f"{what}: sent {one!r:.300}, came back {other!r:.300}"

    yield from compare("body", sent.body, second.body)
    yield from compare("footer", sent.encoded.get(FOOTER), second.encoded.get(FOOTER))
    for name in ("durable", "priority", "ttl"):
        yield from compare(f"header.{name}", sent.header.get(name), second.header.get(name))
    one, other = sent.properties, second.properties
    properties = kept(second.pairs(APPLICATION_PROPERTIES), leaves_out)
    if new_id:
        old = one.get("message-id")
        yield from compare("the old id", old, dict((name[1], value) for name, value in properties).get(ORIGINAL_ID))
        if other.get("message-id", ("null",))[0] != "string" or other["message-id"] == old:
            yield f"no new id, but {other.get('message-id')}"
        one, other = ({name: value for name, value in each.items() if name != "message-id"} for each in (one, other))
        properties = [pair for pair in properties if pair[0] != ("string", ORIGINAL_ID)]
    yield from compare("properties", one, other)
    yield from compare("application properties", kept(sent.pairs(APPLICATION_PROPERTIES), leaves_out), properties)
    left = [name for (_, name), _ in second.pairs(APPLICATION_PROPERTIES) or () if leaves_out(name)]
    yield from compare("properties that are to be left out", [], left)
    one, other = (kept(each.pairs(ANNOTATIONS), BROKERS.__contains__) for each in (sent, second))
    # The order of annotations belongs to the broker, which mixes its own in; one that is null says nothing.
    yield from compare("annotations", sorted((pair for pair in one if pair[1][0] != "null"), key=repr), sorted(other, key=repr))


def fingerprint(sections, is_renamed, leaves_out):
    """All that `differences` compares: a copy and its original have the same, and hardly another message."""
    header = [sections.header.get(name) for name in ("durable", "priority", "ttl")]
    properties = sections.properties
    named = kept(sections.pairs(APPLICATION_PROPERTIES), leaves_out)
    if is_renamed:
        properties["message-id"] = dict((name[1], value) for name, value in named).get(ORIGINAL_ID)
        named = [pair for pair in named if pair[0][1] != ORIGINAL_ID]
    properties = sorted((name, value) for name, value in properties.items() if value is not None)
    annotations = (pair for pair in kept(sections.pairs(ANNOTATIONS), BROKERS.__contains__) if pair[1][0] != "null")
    return repr((sections.body, sections.encoded.get(FOOTER), header, properties, named, sorted(annotations, key=repr)))


def matched(sent, second, new_id, leaves_out):
    """What came back in the order of what was sent: copies arrive in another order where there are no sessions. What has no match is put
    beside what has none, so that its differences are seen."""
    places = collections.defaultdict(list)
    for place, each in enumerate(sent):
        places[fingerprint(each.sections, False, leaves_out)].append(place)
    found, alone = [None] * len(sent), []
    for each in second:
        free = places[fingerprint(each.sections, new_id, leaves_out)]
        if free:
            found[free.pop(0)] = each
        else:
            alone.append(each)
    return [each or alone.pop(0) for each in found]


def shown_differences(first, second, new_id=False, leaves_out=reason_strips):
    one, other = what_is_shown(first, leaves_out), what_is_shown(second, leaves_out)
    for name in sorted(one.keys() | other.keys()):
        if new_id and name in ("message_id", "properties.message_id", f"application property {ORIGINAL_ID!r}"):
            continue
        if one.get(name) != other.get(name):
            yield f"{name}: was shown as {one.get(name)!r:.300}, now as {other.get(name)!r:.300}"


# --- whether that can fail ---------------------------------------------------------------------------------------------------

# Pairs of messages that differ in no more than one thing.
ALIKE = {
    "a byte": ({"data_body": b"x"}, {"data_body": b"y"}),
    "one section or two": ({"data_body": b"xy"}, {"data_body": [b"x", b"y"]}),
    "text or bytes": ({"value_body": "x"}, {"value_body": b"x"}),
    "data or value": ({"data_body": b"x"}, {"value_body": b"x"}),
    "value or sequence": ({"value_body": [1]}, {"sequence_body": [1]}),
    "int or long": ({"value_body": [typed("INT", 1)]}, {"value_body": [typed("LONG", 1)]}),
    "int or long in a property": ({"application_properties": {"a": 1}}, {"application_properties": {"a": typed("LONG", 1)}}),
    "float or double": ({"application_properties": {"a": typed("FLOAT", 1.5)}}, {"application_properties": {"a": 1.5}}),
    "zero or less than zero": ({"application_properties": {"a": 0.0}}, {"application_properties": {"a": -0.0}}),
    "string or symbol": ({"application_properties": {"a": "x"}}, {"application_properties": {"a": typed("SYMBOL", "x")}}),
    "null or not there": ({"application_properties": {"a": None, "b": 1}}, {"application_properties": {"b": 1}}),
    "the order of properties": ({"application_properties": {"a": 1, "b": 2}}, {"application_properties": {"b": 2, "a": 1}}),
    "a descriptor": (
        {"application_properties": {"a": (typed("SYMBOL", b"com.microsoft:uri"), "x")}}, {"application_properties": {"a": "x"}}),
    "the type of an id": ({"properties": {"message_id": str(uuid.UUID(int=1))}}, {"properties": {"message_id": uuid.UUID(int=1)}}),
    "an empty id or none": ({"properties": {"message_id": "", "to": "x"}}, {"properties": {"to": "x"}}),
    "the session": ({"properties": {"group_id": "a"}}, {"properties": {"group_id": "b"}}),
    "the priority": ({"header": {"priority": 4}}, {"header": {"priority": 5}}),
    "durable": ({"header": {"durable": True}}, {"header": {"durable": False}}),
    "the time to live": ({"header": {"time_to_live": 1000}}, {"header": {"time_to_live": 1001}}),
    "an annotation": ({"annotations": {"x-opt-a": 1}}, {"annotations": {"x-opt-a": typed("LONG", 1)}}),
    "the partition key": ({"annotations": {"x-opt-partition-key": "a"}}, {}),
    "the footer": ({"footer": {"x-opt-a": "x"}}, {}),
    "a property that was to be left out": ({}, {"application_properties": {"DeadLetterReason": "x"}}),
}


def pairs_alike():
    """Those pairs, as they would be sent."""

    def sections(parts):
        body = {} if any(name.endswith("_body") for name in parts) else {"data_body": b"x"}
        output = bytearray()
        encode_payload(output, amqp_transport.PyamqpTransport.to_outgoing_amqp_message(AmqpAnnotatedMessage(**body, **parts)))
        return Sections(output)

    for what, (one, other) in ALIKE.items():
        yield what, sections(one), sections(other)
