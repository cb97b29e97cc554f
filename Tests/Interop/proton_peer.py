#!/usr/bin/env python3
"""Apache Qpid Proton's side of the exchange tests (see exchange.py for the messages).

proton_peer.py send HOST PORT ADDRESS COUNT [--user U --password P]
    sends to a broker, waits until every message is accepted
proton_peer.py receive HOST PORT ADDRESS COUNT [--user U --password P]
    receives from a broker, accepts, prints a line a message; goes on for a second after the last, so that a doubled one shows
proton_peer.py listen COUNT
    is a server: takes what is sent to it, gives COUNT messages to whoever receives, prints {"port": P} at first, and when a client has
    gone a line {"received": [LINE...], "accepted": N, "otherwise": N}
"""

import argparse
import json
import sys

from proton import Endpoint, Message
from proton.handlers import MessagingHandler
from proton.reactor import Container

import exchange

IDLE = 20.0  # seconds without progress after which a side gives up


def message(number):
    return Message(
        id=exchange.identity(number),
        properties={"number": number},
        body=exchange.body(number),
        content_type="application/octet-stream",
        inferred=True,
        durable=True,
    )


def line(received):
    body = received.body
    body = body.tobytes() if isinstance(body, memoryview) else bytes(body)
    number = int(received.properties["number"])
    if body != exchange.body(number):
        return f"{received.id} damaged"
    return f"{received.id} {len(body)}"


class Watched(MessagingHandler):
    """Gives up, with a message, when nothing happens for a while."""

    def __init__(self, **options):
        super().__init__(**options)
        self.progress = 0
        self.last = -1

    def watch(self, container):
        self.container = container
        container.schedule(IDLE, self)

    def on_timer_task(self, event):
        if self.progress == self.last:
            print(f"no progress for {IDLE} s after {self.progress}", file=sys.stderr)
            self.failed = True
            event.container.stop()
            return
        self.last = self.progress
        event.container.schedule(IDLE, self)

    def on_transport_error(self, event):
        print(f"transport: {event.transport.condition}", file=sys.stderr)
        sys.exit(1)

    def on_link_error(self, event):
        print(f"link: {event.link.remote_condition}", file=sys.stderr)
        sys.exit(1)


class Sender(Watched):
    def __init__(self, options):
        super().__init__()
        self.options, self.sent, self.accepted = options, 0, 0

    def on_start(self, event):
        self.watch(event.container)
        connection = connect(event.container, self.options)
        event.container.create_sender(connection, self.options.address)

    def on_sendable(self, event):
        while event.sender.credit and self.sent < self.options.count:
            event.sender.send(message(self.sent))
            self.sent += 1

    def on_accepted(self, event):
        self.accepted += 1
        self.progress += 1
        if self.accepted == self.options.count:
            print(json.dumps({"accepted": self.accepted}))
            event.connection.close()
            event.container.stop()

    def on_rejected(self, event):
        print(f"rejected: {event.delivery.remote.condition}", file=sys.stderr)
        sys.exit(1)


class Receiver(Watched):
    def __init__(self, options):
        super().__init__(prefetch=500)
        self.options = options

    def on_start(self, event):
        self.watch(event.container)
        connection = connect(event.container, self.options)
        event.container.create_receiver(connection, self.options.address)
        if self.options.count == 0:
            event.container.schedule(1.0, Stop())

    def on_message(self, event):
        print(line(event.message))
        self.progress += 1
        if self.progress == self.options.count:
            event.container.schedule(1.0, Stop())


class Stop:
    def on_timer_task(self, event):
        event.container.stop()


class Listener(MessagingHandler):
    def __init__(self, count):
        super().__init__(prefetch=500, auto_accept=True, auto_settle=False)
        self.count = count
        self.fresh()

    def fresh(self):
        self.received, self.sent, self.accepted, self.otherwise = [], 0, 0, 0

    def on_start(self, event):
        self.acceptor = event.container.listen("127.0.0.1:0")
        # The port a listener got is known to its socket only.
        port = self.acceptor._selectable._delegate.getsockname()[1]
        print(json.dumps({"port": port}), flush=True)

    def on_connection_opening(self, event):
        event.connection.container = "proton-peer"

    def on_link_opening(self, event):
        link = event.link
        link.source.copy(link.remote_source)
        link.target.copy(link.remote_target)

    def on_sendable(self, event):
        while event.sender.credit and self.sent < self.count:
            event.sender.send(message(self.sent))
            self.sent += 1

    def on_message(self, event):
        self.received.append(line(event.message))

    def on_accepted(self, event):
        self.accepted += 1
        event.delivery.settle()

    def on_rejected(self, event):
        self.otherwise += 1
        event.delivery.settle()

    on_released = on_rejected

    def on_connection_closed(self, event):
        self.report()

    def on_disconnected(self, event):
        if event.connection is not None and not event.connection.state & Endpoint.REMOTE_CLOSED:
            self.report()

    def report(self):
        print(json.dumps({"received": self.received, "accepted": self.accepted, "otherwise": self.otherwise}), flush=True)
        self.fresh()


def connect(container, options):
    return container.connect(
        f"{options.host}:{options.port}",
        user=options.user,
        password=options.password,
        allowed_mechs="PLAIN" if options.user else "ANONYMOUS",
        allow_insecure_mechs=True,
        reconnect=False,
    )


def main():
    parser = argparse.ArgumentParser(description="Qpid Proton's side of the exchange tests")
    modes = parser.add_subparsers(dest="mode", required=True)
    for mode in ("send", "receive"):
        client = modes.add_parser(mode)
        client.add_argument("host")
        client.add_argument("port", type=int)
        client.add_argument("address")
        client.add_argument("count", type=int)
        client.add_argument("--user")
        client.add_argument("--password")
    modes.add_parser("listen").add_argument("count", type=int)
    options = parser.parse_args()
    if options.mode == "listen":
        handler = Listener(options.count)
    else:
        handler = Sender(options) if options.mode == "send" else Receiver(options)
    Container(handler).run()
    return 1 if getattr(handler, "failed", False) else 0


if __name__ == "__main__":
    sys.exit(main())
