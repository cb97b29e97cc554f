"""Whole commands against a second server that is slow where the standard lets it be: late answers, drains without one, halves of messages.
How many messages there are is the administration's to say, which is a sandbox's here."""

import contextlib
import json
import pathlib
import tempfile

from proton import Condition, Described, ulong

import callboard
import responder
from responder import TRANSACTIONAL, Responder
from second_server import checks, equal

BUSY = ("com.microsoft:server-busy", "The request was terminated because the namespace is being throttled. Error code : 50009.")


class Later:
    """Calls a function when its time has come."""

    def __init__(self, function):
        self.function = function

    def on_timer_task(self, _event):
        self.function()


class LateInTransactions(Responder):
    """Answers settlements in transactions half a second late, in the words of each one's own transaction; takes no "body 5"."""

    def on_delivery(self, event):
        delivery = event.delivery
        if not (event.link.is_sender and delivery.updated and int(delivery.remote_state or 0) == TRANSACTIONAL):
            super().on_delivery(event)
            return
        known, transaction = self.out.pop(self.key(delivery), None), self.transaction_of(delivery)
        if known is None:
            return
        entity, stored = known
        outcome, details = responder.outcome_of(delivery, int(delivery.remote_state), delivery.remote.data)
        self.settled.append((stored.number, outcome, details, transaction))
        self.do(transaction, lambda: entity.settle(stored, outcome, details))

        def answer():
            delivery.local.data = [transaction.identity, Described(ulong(responder.ACCEPTED), [])]
            delivery.update(TRANSACTIONAL)
            delivery.settle()

        event.container.schedule(0.5, Later(answer))

    def take(self, event, link, message, delivery):
        if self.address_of(link) == "r" and message.body == "body 5":
            link.flow(1)
            self.reject(delivery, "amqp:link:message-size-exceeded", "The message is too large.")
            return
        super().take(event, link, message, delivery)


class BusyAndSilent(Responder):
    """Of what is sent to 'r', refuses the second as it is busy, takes the next three without a word, and detaches, as busy as before."""

    count = 0

    def take(self, event, link, message, delivery):
        if self.address_of(link) == "r":
            self.count += 1
            if self.count == 2:
                link.flow(1)
                self.reject(delivery, *BUSY)
                return
            if self.count in (3, 4, 5):
                link.flow(1)
                self.entity("r").add(message)
                if self.count == 5:
                    link.condition = Condition(*BUSY, {})
                    link.close()
                return
        super().take(event, link, message, delivery)


class DrainsUnanswered(Responder):
    """Never answers a drain, which it only should (part 2, 2.6.7)."""

    def on_link_flow(self, event):
        if event.link.is_sender and event.link in self.receivers:
            self.pump(event.link)


class Halves(Responder):
    """Sends half of each message, gives back the credit that is left when that is asked for, and sends the rest a moment later."""

    def pump(self, link):
        entity = self.entity(self.address_of(link).partition("/$")[0])
        if link.credit <= 0 or getattr(link, "half", None) or (stored := entity.ready()) is None:
            return
        stored.lock = responder.uuid.uuid4()
        delivery = link.delivery(stored.lock.bytes_le)
        self.out[self.key(delivery)] = (entity, stored)
        content = stored.encoded()
        link.send(content[: len(content) // 2])
        link.half = True

        def rest():
            if link.state & link.REMOTE_CLOSED:
                return
            link.send(content[len(content) // 2 :])
            link.advance()
            link.half = None
            self.pump(link)

        self.container.schedule(1.5, Later(rest))


@contextlib.contextmanager
def served(kind, **properties):
    """A server of a kind beside a sandbox that knows of the queues q and r; gives the server, and a connection string."""
    queues = [{"Name": name, "Properties": properties} for name in ("q", "r")]
    with tempfile.TemporaryDirectory() as folder, kind() as server:
        config = pathlib.Path(folder) / "Config.json"
        config.write_text(json.dumps({"UserConfig": {"Namespaces": [{"Name": "sbemulatorns", "Queues": queues}]}}))
        with callboard.Sandbox(config=config) as sandbox:
            yield server, (
                f"Endpoint=sb://127.0.0.1:{server.port};SharedAccessKeyName={callboard.ROOT_RULE};SharedAccessKey={callboard.KEY};"
                f"ManagementPort={sandbox.http_port};UseDevelopmentEmulator=true;"
            )


def fill(server, count):
    entity = server.entity("q")
    server.entity("r")
    for number in range(1, count + 1):
        entity.put(f"body {number}")
    return entity


def left(entity):
    """What is in an entity: [(number, delivery count, whether it is locked)]."""
    return [(each.number, each.deliveries, each.lock is not None) for each in entity.stored.values()]


@checks.step("an answer of a transaction that was rolled back is not taken for the next one's: nothing is there twice", seconds=40)
def late_answers():
    with served(LateInTransactions) as (server, connection_string):
        entity = fill(server, 5)
        done = callboard.run("move", "q", "--all", "--to", "r", "--yes", connection_string=connection_string, seconds=35)
        equal(done.returncode, 5, done.stdout + done.stderr)
        assert "4 of 5 done" in done.stdout, done.stdout
        equal(sorted(server.entity("r").bodies), ["body 1", "body 2", "body 3", "body 4"])
        # A release is no word about what was settled, so it is abandoned by its token, which counts.
        equal([(number, is_locked) for number, _, is_locked in left(entity)], [(5, False)])


@checks.step("copies of which nobody knows are not sent again because all the others were refused by a busy service", seconds=60)
def busy_and_unknown():
    with served(BusyAndSilent) as (server, connection_string):
        entity = fill(server, 5)
        options = ("--all", "--to", "r", "--yes", "--without-transactions")
        done = callboard.run("move", "q", *options, connection_string=connection_string, seconds=55)
        equal(done.returncode, 5, done.stdout + done.stderr)
        bodies = server.entity("r").bodies
        equal(sorted(bodies), sorted(set(bodies)), "what is there")
        equal([number for number, _, _ in left(entity)], [3, 4, 5])


@checks.step("a service that answers no drain: what was passed over is given back all the same", seconds=60)
def drains_unanswered():
    with served(DrainsUnanswered) as (server, connection_string):
        entity = fill(server, 6)
        options = ("--seq", "1,6", "--yes", "--no-export")
        done = callboard.run("delete", "q", *options, connection_string=connection_string, seconds=55)
        equal(done.returncode, 0, done.stdout + done.stderr)
        equal(left(entity), [(number, 0, False) for number in (2, 3, 4, 5)])


@checks.step("a message of which half has come when patience ends is waited for, also where the credit came back before it", seconds=60)
def halves():
    with served(Halves) as (server, connection_string):
        entity = fill(server, 4)
        options = ("--seq", "1", "--yes", "--no-export")
        done = callboard.run("delete", "q", *options, connection_string=connection_string, seconds=55)
        equal(done.returncode, 0, done.stdout + done.stderr)
        equal(left(entity), [(number, 0, False) for number in (2, 3, 4)])
