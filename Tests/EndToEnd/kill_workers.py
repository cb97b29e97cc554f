"""Those who use a sandbox until it is killed: each worker does one kind of work with the official client, again and again, and tells the
ledger before and after every operation what it asked for.
"""

import contextlib
import datetime
import itertools
import random
import threading
import urllib.error
import urllib.request

from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusClient, ServiceBusMessage, ServiceBusReceiveMode, ServiceBusSubQueue
from azure.servicebus.exceptions import OperationTimeoutError

import callboard
from kept_ledger import ABSENT, ACTIVE, DEAD, DEFERRED, SCHEDULED

LONG = '"LockDuration": "PT5M", "MaxDeliveryCount": 1000'
SUBSCRIPTIONS = ("all", "even")
CONFIGURATION = """{ "UserConfig": { "Namespaces": [ { "Name": "sbemulatorns",
  "Queues": [
    { "Name": "work", "Properties": { %(long)s } },
    { "Name": "later", "Properties": { %(long)s } },
    { "Name": "unique", "Properties": { %(long)s, "RequiresDuplicateDetection": true, "DuplicateDetectionHistoryTimeWindow": "PT1H" } },
    { "Name": "sessions", "Properties": { %(long)s, "RequiresSession": true } },
    { "Name": "fast", "Properties": { %(long)s } }
  ],
  "Topics": [ { "Name": "events", "Subscriptions": [
    { "Name": "all", "Properties": { %(long)s } },
    { "Name": "even", "Properties": { %(long)s }, "Rules": [
      { "Name": "even", "Properties": { "FilterType": "Sql", "SqlFilter": { "SqlExpression": "parity = 0" } } } ] }
  ] } ]
} ] } }""" % {"long": LONG}

PLACES = ["work", "later", "unique", "sessions", "fast", *(f"events/{name}" for name in SUBSCRIPTIONS)]

ENTITY = (
    '<entry xmlns="http://www.w3.org/2005/Atom"><content type="application/xml"><QueueDescription '
    'xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect"/></content></entry>'
)


class Workers:
    """All of them, from the start to the kill."""

    def __init__(self, sandbox, ledger, seed):
        self.sandbox = sandbox
        self.ledger = ledger
        self.seed = seed
        self.over = threading.Event()
        self.errors = []
        self.names = itertools.count()
        kinds = (
            self.send_one, self.send_many, self.publish, self.settle_work, self.settle_events, self.take_up_deferred, self.bury_dead,
            self.schedule, self.sessions, self.repeat, self.receive_once, self.administer,
        )  # fmt: skip
        self.threads = [threading.Thread(target=self._loop, args=(kind,), name=kind.__name__, daemon=True) for kind in kinds]

    def start(self):
        for thread in self.threads:
            thread.start()

    def join(self):
        """Waits for all to notice; gives what went wrong before the kill."""
        for thread in self.threads:
            thread.join(timeout=30)
        stuck = [thread.name for thread in self.threads if thread.is_alive()]
        return self.errors + [f"{name} still runs 30 s after the kill" for name in stuck]

    def _loop(self, kind):
        chance = random.Random(f"{self.seed} {kind.__name__}")
        try:
            with self._client() as client:
                while not self.over.is_set():
                    kind(client, chance)
        except AssertionError as error:
            self.errors.append(f"{kind.__name__}: {error}")
        except Exception as error:  # after the kill anything may fail; before it nothing may
            if not self.over.is_set():
                self.errors.append(f"{kind.__name__}: {type(error).__name__}: {error}")

    @contextlib.contextmanager
    def _client(self):
        client = ServiceBusClient.from_connection_string(self.sandbox.connection_string, retry_total=0)
        try:
            yield client
        finally:
            with contextlib.suppress(Exception):
                client.close()

    def _name(self):
        return f"{self.seed}-{next(self.names)}"

    # Sending

    def send_one(self, client, chance):
        with client.get_queue_sender("work") as sender:
            while not self.over.is_set():
                name = self._name()
                with self.ledger.sending([("work", name)]):
                    sender.send_messages(ServiceBusMessage(chance.randbytes(chance.choice([0, 40, 3000])), message_id=name))

    def send_many(self, client, chance):
        place = chance.choice(["work", "fast"])
        with client.get_queue_sender(place) as sender:
            for _ in range(5):
                names = [self._name() for _ in range(chance.randint(2, 40))]
                with self.ledger.sending([(place, name) for name in names], mortal=place == "fast"):
                    sender.send_messages([ServiceBusMessage(b"many", message_id=name) for name in names])
                if self.over.wait(0.02):
                    return

    def publish(self, client, chance):
        with client.get_topic_sender("events") as sender:
            while not self.over.wait(0.02):
                batch = [(self._name(), chance.randint(0, 1)) for _ in range(chance.randint(1, 10))]
                keys = [("events/all", name) for name, _ in batch] + [("events/even", name) for name, parity in batch if parity == 0]
                with self.ledger.sending(keys):
                    sender.send_messages(
                        [ServiceBusMessage(b"event", message_id=name, application_properties={"parity": parity}) for name, parity in batch]
                    )

    def schedule(self, client, chance):
        with client.get_queue_sender("later") as sender:
            far = []
            while not self.over.wait(0.05):
                name = self._name()
                now = datetime.datetime.now(datetime.timezone.utc)
                if chance.random() < 0.5:
                    with self.ledger.sending([("later", name)], to=(SCHEDULED, ACTIVE)):
                        sender.schedule_messages(ServiceBusMessage(b"soon", message_id=name), now + datetime.timedelta(seconds=chance.random() * 4))
                else:
                    with self.ledger.sending([("later", name)], to=(SCHEDULED,)):
                        far.append((name, sender.schedule_messages(ServiceBusMessage(b"far", message_id=name), now + datetime.timedelta(days=1))))
                if len(far) > 1:
                    name, numbers = far.pop(chance.randrange(len(far)))
                    with self.ledger.settling(("later", name), ABSENT):
                        sender.cancel_scheduled_messages(numbers)

    def repeat(self, client, chance):
        """Sends each message a second time, which duplicate detection has to notice whatever became of the first."""
        with client.get_queue_sender("unique") as sender, client.get_queue_receiver("unique", max_wait_time=0.2) as receiver:
            while not self.over.is_set():
                name = self._name()
                with self.ledger.sending([("unique", name)]):
                    sender.send_messages(ServiceBusMessage(b"once", message_id=name))
                settled = self.ledger.settled.get("unique", [])
                for again in [name, *chance.sample(settled, min(2, len(settled)))]:
                    sender.send_messages(ServiceBusMessage(b"twice", message_id=again))
                for message in receiver.receive_messages(max_message_count=3, max_wait_time=0.2):
                    if chance.random() < 0.6:
                        self._settle(receiver, "unique", message, "complete")

    # Receiving

    def _settle(self, receiver, place, message, how):
        key = (place, message.message_id)
        self.ledger.received(key)
        if how == "complete":
            with self.ledger.settling(key, ABSENT):
                receiver.complete_message(message)
        elif how == "abandon":
            with self.ledger.settling(key, ACTIVE, counts=True):
                receiver.abandon_message(message)
        elif how == "dead-letter":
            with self.ledger.settling(key, DEAD):
                receiver.dead_letter_message(message, reason="Killed", error_description="by a test")
        elif how == "defer":
            with self.ledger.settling(key, DEFERRED, counts=True):
                receiver.defer_message(message)
        # Else it stays locked, until the sandbox is killed.

    def _settle_some(self, receiver, place, chance):
        for message in receiver.receive_messages(max_message_count=20, max_wait_time=0.2):
            ways = ["complete", "abandon", "dead-letter", "defer", "leave"]
            self._settle(receiver, place, message, chance.choices(ways, weights=[60, 10, 12, 12, 6])[0])
            if self.over.is_set():
                return

    def settle_work(self, client, chance):
        place = chance.choice(["work", "work", "later"])
        with client.get_queue_receiver(place, max_wait_time=0.2) as receiver:
            for _ in range(5):
                self._settle_some(receiver, place, chance)

    def settle_events(self, client, chance):
        name = chance.choice(SUBSCRIPTIONS)
        with client.get_subscription_receiver("events", name, max_wait_time=0.2) as receiver:
            for _ in range(3):
                self._settle_some(receiver, f"events/{name}", chance)

    def take_up_deferred(self, client, chance):
        """Messages that an earlier run, or this one, has deferred: found by peeking, received by number, settled over the management link."""
        place = chance.choice(["work", "work", "later"])
        with client.get_queue_receiver(place, max_wait_time=0.2) as receiver:
            for _ in range(3):
                numbers = [m.sequence_number for m in receiver.peek_messages(max_message_count=100) if m.state.name == "DEFERRED"][:10]
                for message in receiver.receive_deferred_messages(numbers) if numbers else []:
                    self._settle(receiver, place, message, chance.choice(["complete", "complete", "dead-letter"]))
                if self.over.wait(0.1):
                    return

    def bury_dead(self, client, chance):
        place = chance.choice(["work", "later", "events/all", "events/even"])
        options = {"sub_queue": ServiceBusSubQueue.DEAD_LETTER, "max_wait_time": 0.2}
        if "/" in place:
            open_receiver = client.get_subscription_receiver(*place.split("/"), **options)
        else:
            open_receiver = client.get_queue_receiver(place, **options)
        with open_receiver as receiver:
            for message in receiver.receive_messages(max_message_count=20, max_wait_time=0.2):
                self._settle(receiver, place, message, chance.choice(["complete", "complete", "leave"]))

    def receive_once(self, client, chance):
        with client.get_queue_receiver("fast", receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE, max_wait_time=0.2) as receiver:
            while not self.over.is_set():
                for message in receiver.receive_messages(max_message_count=10, max_wait_time=0.2):
                    self.ledger.removed(("fast", message.message_id))

    def sessions(self, client, chance):
        session = f"s{chance.randint(0, 4)}"
        with client.get_queue_sender("sessions") as sender:
            names = [self._name() for _ in range(3)]
            with self.ledger.sending([("sessions", name) for name in names]):
                sender.send_messages([ServiceBusMessage(b"step", message_id=name, session_id=session) for name in names])
        with contextlib.suppress(OperationTimeoutError), client.get_queue_receiver(
            "sessions", session_id=chance.choice([session, NEXT_AVAILABLE_SESSION]), max_wait_time=0.5
        ) as receiver:
            session = receiver.session.session_id
            state = receiver.session.get_state()
            allowed = self.ledger.states.get(session, {None})
            assert state in allowed, f"session {session} has the state {state!r}, which may be {allowed}"
            self.ledger.states[session] = {state}
            state = self._name().encode()
            with self.ledger.changing(self.ledger.states, session, state):
                receiver.session.set_state(state)
            for message in receiver.receive_messages(max_message_count=5, max_wait_time=0.2):
                self._settle(receiver, "sessions", message, chance.choice(["complete", "complete", "abandon", "leave"]))

    # Administration

    def administer(self, _client, chance):
        name = f"made-{chance.randint(0, 9)}"
        present = self.ledger.entities.get(name, {None}) == {True}
        with self.ledger.changing(self.ledger.entities, name, None if present else True):
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.sandbox.http_port}/{name}?api-version=2021-05",
                method="DELETE" if present else "PUT",
                data=None if present else ENTITY.encode(),
                headers={
                    "Authorization": callboard.signature(f"http://127.0.0.1/{name}"),
                    "Content-Type": "application/atom+xml;type=entry;charset=utf-8",
                },
            )
            try:
                urllib.request.urlopen(request, timeout=10).close()
            except urllib.error.HTTPError as error:
                # After a change whose answer never came it may be there already, or not any more.
                if error.code not in (404, 409):
                    raise
        self.over.wait(0.03)
