"""Stands between a client and a server, passes every byte on, and writes down the AMQP frames, decoded by Apache Qpid Proton's codec."""

import contextlib
import socket
import threading

from proton import Data, Described

PERFORMATIVES = {
    0x10: "open",
    0x11: "begin",
    0x12: "attach",
    0x13: "flow",
    0x14: "transfer",
    0x15: "disposition",
    0x16: "detach",
    0x17: "end",
    0x18: "close",
    0x40: "sasl-mechanisms",
    0x41: "sasl-init",
    0x44: "sasl-outcome",
}
FIELDS = {
    "open": "container-id hostname max-frame-size channel-max idle-time-out outgoing-locales incoming-locales offered-capabilities "
    "desired-capabilities properties",
    "begin": "remote-channel next-outgoing-id incoming-window outgoing-window handle-max offered-capabilities desired-capabilities properties",
    "attach": "name handle role snd-settle-mode rcv-settle-mode source target unsettled incomplete-unsettled initial-delivery-count "
    "max-message-size offered-capabilities desired-capabilities properties",
    "flow": "next-incoming-id incoming-window next-outgoing-id outgoing-window handle delivery-count link-credit available drain echo properties",
    "transfer": "handle delivery-id delivery-tag message-format settled more rcv-settle-mode state resume aborted batchable",
    "disposition": "role first last settled state batchable",
    "detach": "handle closed error",
    "end": "error",
    "close": "error",
    "sasl-mechanisms": "mechanisms",
    "sasl-init": "mechanism initial-response hostname",
    "sasl-outcome": "code additional-data",
}
# The sections of a message and the fields of a source, by which frames are looked through.
SOURCE = "address durable expiry-policy timeout dynamic dynamic-node-properties distribution-mode filter default-outcome outcomes capabilities"


def decode(data):
    """(value, bytes consumed) of the first AMQP value of some bytes."""
    codec = Data()
    used = codec.decode(bytes(data))
    codec.rewind()
    codec.next()
    return owned(codec.get_object()), used


def owned(value):
    """A value whose binaries are bytes: proton gives views of memory that ends with the codec."""
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, Described):
        return Described(value.descriptor, owned(value.value))
    if isinstance(value, dict):
        return {owned(key): owned(each) for key, each in value.items()}
    if type(value) is list:
        return [owned(each) for each in value]
    return value


class Frame:
    """A performative with its fields by name (absent ones are None), and what follows it."""

    def __init__(self, sender, channel, body):
        value, used = decode(body)
        self.sender, self.channel, self.payload = sender, channel, bytes(body[used:])
        self.name = PERFORMATIVES[int(value.descriptor)]
        names = FIELDS[self.name].split()
        self.fields = dict(zip(names, list(value.value) + [None] * len(names)))

    def __getitem__(self, field):
        return self.fields[field]

    def __repr__(self):
        return f"{self.sender} {self.channel} {self.name} {({key: value for key, value in self.fields.items() if value is not None})}"

    @property
    def source(self):
        """The fields of an attach's source, by name."""
        if self["source"] is None:
            return None
        names = SOURCE.split()
        return dict(zip(names, list(self["source"].value) + [None] * len(names)))

    @property
    def address(self):
        """The address an attach leads to: the target's of a sender, the source's of a receiver."""
        terminus = self["target"] if self["role"] is False else self["source"]
        return terminus.value[0] if terminus is not None and terminus.value else None


def sections(payload):
    """The sections of a message: [(descriptor, value)]."""
    found = []
    while payload:
        value, used = decode(payload)
        assert isinstance(value, Described), value
        found.append((int(value.descriptor), value.value))
        payload = payload[used:]
    return found


class Recorder:
    """Listens on a free loopback port and relays each connection to the server's.

    with Recorder(server_port) as recorder:
        ... a client of recorder.port
        recorder.frames
    """

    def __init__(self, server_port):
        self.server_port = server_port
        self.frames = []
        self.errors = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open = []

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.cut()
        self.listener.close()

    def cut(self):
        """Breaks every connection."""
        with self.lock:
            connections, self.open = self.open, []
        for each in connections:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.server_port))
            with self.lock:
                self.open += [client, server]
            for name, source, target in (("client", client, server), ("server", server, client)):
                threading.Thread(target=self._relay, args=(name, source, target), daemon=True).start()

    def _relay(self, name, source, target):
        pending = bytearray()
        try:
            while data := source.recv(65536):
                # Written down before it is passed on: what the other side answers comes later in the list.
                pending += data
                self._note(name, pending)
                target.sendall(data)
        except OSError:
            pass
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _note(self, name, pending):
        while len(pending) >= 8:
            if pending[:4] == b"AMQP":
                del pending[:8]
                continue
            size = int.from_bytes(pending[:4], "big")
            if len(pending) < size:
                return
            channel, offset = int.from_bytes(pending[6:8], "big"), pending[4] * 4
            if size > offset:  # else it only keeps the connection alive
                try:
                    frame = Frame(name, channel, pending[offset:size])
                    with self.lock:
                        self.frames.append(frame)
                except Exception as error:  # a frame that proton cannot decode is a finding
                    self.errors.append(f"{name}: {error}: {bytes(pending[:size]).hex()}")
            del pending[:size]

    def all(self, name, sender="client", **fields):
        """The frames of a kind, whose fields (with _ for -) have the given values."""
        with self.lock:
            frames = list(self.frames)
        wanted = {key.replace("_", "-"): value for key, value in fields.items()}
        return [
            each
            for each in frames
            if each.name == name and each.sender == sender and all(each[key] == value for key, value in wanted.items())
        ]

    def attaches(self, address):
        return [each for each in self.all("attach") if each.address == address]

    def transfers(self, address):
        """The transfers a client sent to an address: [(first frame, whole payload)]."""
        handles = {(each.channel, each["handle"]) for each in self.attaches(address) if each["role"] is False}
        found, more = [], False
        for frame in self.all("transfer"):
            if (frame.channel, frame["handle"]) not in handles:
                continue
            if more:
                found[-1] = (found[-1][0], found[-1][1] + frame.payload)
            else:
                found.append((frame, frame.payload))
            more = bool(frame["more"])
        return found
