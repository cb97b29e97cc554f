"""Reads an encoded AMQP message into its sections and typed values, by the specification (AMQP 1.0, part 1 section 1.6 and part 3 section 3.2)
and by no client: what the official client decodes has lost its types, an int and a ulong are both an int of Python.

A value is a tuple of its type's name and what it holds: ("ulong", 7), ("map", ((key, value), ...)), ("described", descriptor, value). Numbers of
floating point are their bytes, so that NaN equals NaN. Widths of an encoding are not part of it: a string is a string, short or long.
"""

import struct
import uuid

HEADER, DELIVERY_ANNOTATIONS, ANNOTATIONS, PROPERTIES, APPLICATION_PROPERTIES, DATA, SEQUENCE, VALUE, FOOTER = range(0x70, 0x79)

NAMES = {
    HEADER: "header", DELIVERY_ANNOTATIONS: "delivery annotations", ANNOTATIONS: "annotations", PROPERTIES: "properties",
    APPLICATION_PROPERTIES: "application properties", DATA: "data", SEQUENCE: "sequence", VALUE: "value", FOOTER: "footer",
}

HEADER_FIELDS = "durable priority ttl first-acquirer delivery-count".split()
PROPERTY_FIELDS = (
    "message-id user-id to subject reply-to correlation-id content-type content-encoding absolute-expiry-time creation-time group-id "
    "group-sequence reply-to-group-id"
).split()

# Constructor: type, and how many bytes and as what they are read; None where they are kept as they are.
FIXED = {
    0x40: ("null", 0, None), 0x41: ("boolean", 0, True), 0x42: ("boolean", 0, False), 0x43: ("uint", 0, 0), 0x44: ("ulong", 0, 0),
    0x50: ("ubyte", 1, ">B"), 0x51: ("byte", 1, ">b"), 0x52: ("uint", 1, ">B"), 0x53: ("ulong", 1, ">B"), 0x54: ("int", 1, ">b"),
    0x55: ("long", 1, ">b"), 0x56: ("boolean", 1, ">?"), 0x60: ("ushort", 2, ">H"), 0x61: ("short", 2, ">h"), 0x70: ("uint", 4, ">I"),
    0x71: ("int", 4, ">i"), 0x72: ("float", 4, None), 0x73: ("char", 4, ">I"), 0x74: ("decimal32", 4, None), 0x80: ("ulong", 8, ">Q"),
    0x81: ("long", 8, ">q"), 0x82: ("double", 8, None), 0x83: ("timestamp", 8, ">q"), 0x84: ("decimal64", 8, None),
    0x94: ("decimal128", 16, None), 0x98: ("uuid", 16, None),
}
VARIABLE = {0xA0: ("binary", 1), 0xB0: ("binary", 4), 0xA1: ("string", 1), 0xB1: ("string", 4), 0xA3: ("symbol", 1), 0xB3: ("symbol", 4)}
COMPOUND = {0xC0: ("list", 1), 0xD0: ("list", 4), 0xC1: ("map", 1), 0xD1: ("map", 4)}
ARRAYS = {0xE0: 1, 0xF0: 4}


class Reader:
    def __init__(self, data):
        self.data, self.place = bytes(data), 0

    def take(self, count):
        end = self.place + count
        assert end <= len(self.data), f"{count} bytes wanted at {self.place} of {len(self.data)}"
        taken, self.place = self.data[self.place : end], end
        return taken

    def number(self, width):
        return int.from_bytes(self.take(width), "big")

    def value(self):
        constructor = self.constructor()
        return self.content(constructor)

    def constructor(self):
        code = self.number(1)
        if code != 0:
            return code, None
        descriptor = self.value()
        return self.constructor()[0], descriptor

    def content(self, constructor):
        code, descriptor = constructor
        if descriptor is not None:
            return "described", descriptor, self.content((code, None))
        if code in FIXED:
            name, width, how = FIXED[code]
            if width == 0:
                return name, how
            taken = self.take(width)
            if name == "uuid":
                return name, uuid.UUID(bytes=taken)
            return name, taken if how is None else struct.unpack(how, taken)[0]
        if code in VARIABLE:
            name, width = VARIABLE[code]
            taken = self.take(self.number(width))
            return name, taken if name == "binary" else taken.decode("utf-8")
        if code == 0x45:
            return "list", ()
        if code in COMPOUND:
            name, width = COMPOUND[code]
            size = self.number(width)
            end = self.place + size
            values = tuple(self.value() for _ in range(self.number(width)))
            assert self.place == end, f"a {name} says it has {size} bytes and has {size + self.place - end}"
            return name, values if name == "list" else tuple(zip(values[::2], values[1::2], strict=True))
        if code in ARRAYS:
            width = ARRAYS[code]
            size = self.number(width)
            end = self.place + size
            count = self.number(width)
            element = self.constructor() if self.place < end else (0x40, None)
            values = tuple(self.content(element) for _ in range(count))
            assert self.place == end, f"an array says it has {size} bytes and has {size + self.place - end}"
            return "array", values
        raise AssertionError(f"there is no constructor {code:#x} in AMQP 1.0")


class Sections:
    """The sections of one encoded message: of each code its values, and the bytes they were read from."""

    def __init__(self, encoded):
        self.values, self.encoded = {}, {}
        reader = Reader(encoded)
        while reader.place < len(reader.data):
            start = reader.place
            kind, descriptor, value = reader.value()
            assert kind == "described" and descriptor[0] == "ulong" and descriptor[1] in NAMES, f"no section: {descriptor}"
            self.values.setdefault(descriptor[1], []).append(value)
            self.encoded.setdefault(descriptor[1], []).append(reader.data[start : reader.place])

    def one(self, code):
        """The value of a section that may be there once; None where it is not."""
        values = self.values.get(code, [None])
        assert len(values) == 1, f"{len(values)} sections of {NAMES[code]}"
        return values[0]

    def fields(self, code, names):
        """The fields of header or properties by their names, without those that are null."""
        value = self.one(code)
        return {name: field for name, field in zip(names, value[1]) if field[0] != "null"} if value else {}

    def pairs(self, code):
        """The pairs of a section that is a map, in their order; None where there is no such section."""
        value = self.one(code)
        if value is None:
            return None
        return () if value[0] == "null" else value[1]

    @property
    def header(self):
        return self.fields(HEADER, HEADER_FIELDS)

    @property
    def properties(self):
        return self.fields(PROPERTIES, PROPERTY_FIELDS)

    @property
    def body(self):
        """The sections of the body as bytes, in their order, each with its kind."""
        return [(NAMES[code], encoded) for code in (DATA, SEQUENCE, VALUE) for encoded in self.encoded.get(code, ())]
