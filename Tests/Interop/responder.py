"""A second Service Bus for our client to talk to, made of Apache Qpid Proton: as much of the protocol as a client can see, in memory,
answering as Microsoft's documents say. It shares no line and no codec with the sandbox. What it was asked is checked by the tests.

    with Responder() as responder:
        responder.entity("orders").put("a body")
        ... a client of responder.port

Everything in it happens on the thread that runs the container; the tests look at it when the client has ended, or ask `on_thread`.
"""

import collections
import queue
import threading
import time
import uuid

from proton import Condition, Data, Delivery, Described, Message, Terminus, int32, symbol, timestamp, ulong
from proton import Array as ArrayValue
from proton.handlers import MessagingHandler
from proton.reactor import ApplicationEvent, Container, EventInjector

LOCK_MILLISECONDS = 60_000
TICKS_OF_1970 = 621_355_968_000_000_000
ACCEPTED, REJECTED, RELEASED, MODIFIED, DECLARED, TRANSACTIONAL = 0x24, 0x25, 0x26, 0x27, 0x33, 0x34
RULE, EMPTY_ACTION, SQL_ACTION = ulong(0x13700000004), ulong(0x13700000005), ulong(0x13700000006)
SQL, TRUE, CORRELATION = ulong(0x1370000006), ulong(0x1370000007), ulong(0x1370000009)
CORRELATION_FIELDS = "correlation-id message-id to reply-to label session-id reply-to-session-id content-type properties".split()


def now():
    return int(time.time() * 1000)


class Stored:
    """A message in an entity."""

    def __init__(self, number, message, state=0):
        self.number, self.message, self.state = number, message, state
        self.deliveries, self.lock = 0, None
        self.enqueued = now()

    def encoded(self, peeked=False):
        message = self.message
        message.annotations = {
            **(message.annotations or {}),
            symbol("x-opt-sequence-number"): self.number,
            symbol("x-opt-enqueued-time"): timestamp(self.enqueued),
            symbol("x-opt-message-state"): int32(self.state),
        }
        message.delivery_count = self.deliveries
        message.instructions = None
        if not peeked:
            message.annotations[symbol("x-opt-locked-until")] = timestamp(now() + LOCK_MILLISECONDS)
            message.instructions = {symbol("x-opt-lock-token"): self.lock}
        return message.encode()


class Entity:
    """A queue, or a subscription with its rules."""

    def __init__(self):
        self.stored = {}
        self.number = 0
        self.dead = []
        self.sessions = {}
        self.state_times = {}
        self.counts_releases = False
        self.rules = {"$Default": {"sql-filter": {"expression": "1=1"}}}

    def put(self, body, state=0, **fields):
        return self.add(body if isinstance(body, Message) else Message(body=body, **fields), state)

    def add(self, message, state=0):
        self.number += 1
        self.stored[self.number] = Stored(self.number, message, state)
        return self.number

    def ready(self, session=None):
        for each in self.stored.values():
            if each.state == 0 and each.lock is None and (session is None or each.message.group_id == session):
                return each
        return None

    def locked(self, token):
        return next((each for each in self.stored.values() if each.lock == token), None)

    def settle(self, stored, outcome, details=None):
        """Gives a locked message its outcome."""
        stored.lock = None
        if outcome == "complete":
            del self.stored[stored.number]
        elif outcome == "defer":
            stored.state = 1
        elif outcome == "dead-letter":
            del self.stored[stored.number]
            self.dead.append((stored, details))
        elif outcome == "abandon" or (outcome == "release" and self.counts_releases):
            stored.deliveries += 1

    @property
    def bodies(self):
        return [each.message.body for each in self.stored.values()]


class Transaction:
    """What happens when a transaction is committed, and the log of what was done in it."""

    def __init__(self):
        self.identity = uuid.uuid4().bytes
        self.work = []
        self.log = []


class Responder(MessagingHandler):
    """The server. `requests`, `sent`, `settled`, `discharged` are what clients asked, in order."""

    def __init__(self):
        super().__init__(prefetch=0, auto_accept=False, auto_settle=False)
        self.entities = collections.defaultdict(Entity)
        self.requests = []
        self.sent = []
        self.settled = []
        self.discharged = []
        self.tokens = []
        self.transactions = {}
        self.scripts = collections.defaultdict(collections.deque)
        self.replies = {}
        self.receivers = []
        self.out = {}
        self.failures = []
        self.ready = threading.Event()
        self.injector = EventInjector()

    def entity(self, name):
        return self.entities[name.lower()]

    def script(self, operation, *answers):
        """The next answers to an operation, instead of what it would do: (status, condition, body), or None for silence."""
        self.scripts[operation].extend(answers)

    # Running

    def __enter__(self):
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        assert self.ready.wait(10), "the responder does not listen"
        return self

    def __exit__(self, *_):
        self.injector.trigger(ApplicationEvent("stop"))
        self.thread.join(10)
        assert not self.failures, self.failures

    def _run(self):
        container = Container(self)
        container.selectable(self.injector)
        container.run()

    def on_start(self, event):
        self.container = event.container
        self.acceptor = event.container.listen("127.0.0.1:0")
        self.port = self.acceptor._selectable._delegate.getsockname()[1]
        self.ready.set()

    def on_stop(self, _event):
        self.acceptor.close()
        self.container.stop()

    def on_thread(self, function):
        """Runs a function where the server runs, and gives its result."""
        answer = queue.Queue()
        self.injector.trigger(ApplicationEvent("call", subject=lambda: answer.put(function())))
        return answer.get(timeout=10)

    def on_call(self, event):
        event.subject()

    # Links

    def on_connection_opening(self, event):
        event.connection.container = f"{uuid.uuid4().hex}_G1"

    def on_link_opening(self, event):
        link = event.link
        link.source.copy(link.remote_source)
        link.target.copy(link.remote_target)
        link.snd_settle_mode, link.rcv_settle_mode = link.remote_snd_settle_mode, link.remote_rcv_settle_mode
        address = self.address_of(link)
        if link.is_receiver:
            link.max_message_size = 262_144
            link.flow(1000)
            return
        if address.endswith("$management") or address == "$cbs":
            self.replies[(event.connection, link.remote_target.address)] = link
            self.replies.setdefault((event.connection, address), link)
            return
        link.session_held = None
        asked, session = session_filter(link)
        if asked:
            if session is None:
                entity = self.entity(address)
                session = next((each.message.group_id for each in entity.stored.values() if each.message.group_id), "s-1")
            link.session_held = session
            link.source.filter.clear()
            link.source.filter.put_dict({symbol("com.microsoft:session-filter"): session})
            link.properties = {symbol("com.microsoft:locked-until-utc"): (now() + LOCK_MILLISECONDS) * 10_000 + TICKS_OF_1970}
        self.receivers.append(link)

    @staticmethod
    def address_of(link):
        """The path an address names: without scheme, host and leading slash."""
        terminus = link.remote_source if link.is_sender else link.remote_target
        address = terminus.address or ""
        if "://" in address:
            address = address.split("://", 1)[1].partition("/")[2]
        return address.lstrip("/").lower()

    def on_link_closing(self, event):
        self.receivers = [each for each in self.receivers if each != event.link]
        if event.link.remote_target.type == Terminus.COORDINATOR:
            self.transactions.clear()
        event.link.close()

    def on_sendable(self, event):
        if event.link in self.receivers:
            self.pump(event.link)

    def on_link_flow(self, event):
        link = event.link
        if link.is_sender and link in self.receivers:
            self.pump(link)
            if link.drain_mode and link.credit:
                link.drained()

    def pump(self, link):
        entity = self.entity(self.address_of(link).partition("/$")[0])
        while link.credit > 0:
            stored = entity.ready(link.session_held)
            if stored is None:
                return
            settled = link.snd_settle_mode == 1
            stored.lock = uuid.uuid4()
            delivery = link.delivery(stored.lock.bytes_le)
            self.out[self.key(delivery)] = (entity, stored)
            link.send(stored.encoded())
            link.advance()
            if settled:
                del self.out[self.key(delivery)]
                delivery.settle()
                entity.settle(stored, "complete")

    @staticmethod
    def key(delivery):
        return hash(delivery)

    def pump_all(self):
        for link in self.receivers:
            self.pump(link)

    # What clients send

    def on_message(self, event):
        try:
            self.take(event, event.link, event.message, event.delivery)
        except Exception as error:
            self.failures.append(f"{type(error).__name__}: {error}")
            raise

    def take(self, event, link, message, delivery):
        link.flow(1)
        if link.remote_target.type == Terminus.COORDINATOR:
            return self.coordinate(message, delivery)
        transaction = self.transaction_of(delivery)
        if transaction is False:
            return self.reject(delivery, "amqp:transaction:unknown-id", "The transaction is not known.")
        address = self.address_of(link)
        if address == "$cbs":
            self.accept_delivery(delivery, None)
            self.tokens.append(message)
            answer = {"status-code": int32(202), "status-description": "Accepted"}
            return self.reply(event, link, message, answer, None)
        if address.endswith("/$management"):
            self.accept_delivery(delivery, transaction)
            return self.manage(event, link, message, address.removesuffix("/$management"), transaction)
        if self.scripts["send"]:
            condition, text = self.scripts["send"].popleft()
            return self.reject(delivery, condition, text)
        self.sent.append((address, message, transaction))
        self.do(transaction, lambda: (self.entity(address).add(message), self.pump_all()))
        return self.accept_delivery(delivery, transaction)

    def transaction_of(self, delivery):
        """The transaction of a transfer or settlement; None without one, False when it is unknown."""
        if int(delivery.remote_state or 0) != TRANSACTIONAL:
            return None
        return self.transactions.get(bytes(delivery.remote.data[0]), False)

    def do(self, transaction, work):
        """Does something now, or when its transaction is committed."""
        if transaction is None:
            work()
        else:
            transaction.work.append(work)

    def accept_delivery(self, delivery, transaction):
        if transaction is None:
            delivery.update(Delivery.ACCEPTED)
        else:
            delivery.local.data = [transaction.identity, Described(ulong(ACCEPTED), [])]
            delivery.update(TRANSACTIONAL)
        delivery.settle()

    def reject(self, delivery, condition, text):
        delivery.local.condition = Condition(condition, text, {})
        delivery.update(Delivery.REJECTED)
        delivery.settle()

    def coordinate(self, message, delivery):
        request = message.body
        if int(request.descriptor) == 0x31:
            transaction = Transaction()
            self.transactions[transaction.identity] = transaction
            delivery.local.data = [transaction.identity]
            delivery.update(DECLARED)
            return delivery.settle()
        identity, fail = request.value
        transaction = self.transactions.pop(bytes(identity), None)
        self.discharged.append((bytes(identity), fail))
        if self.scripts["discharge"]:
            return self.reject(delivery, *self.scripts["discharge"].popleft())
        if transaction is None:
            return self.reject(delivery, "amqp:transaction:unknown-id", "The transaction is not known.")
        if not fail:
            for work in transaction.work:
                work()
        delivery.update(Delivery.ACCEPTED)
        return delivery.settle()

    # How clients settle

    def on_delivery(self, event):
        delivery = event.delivery
        if not event.link.is_sender or not delivery.updated:
            return
        known = self.out.pop(self.key(delivery), None)
        if known is None:
            delivery.settle()
            return
        entity, stored = known
        state, data = int(delivery.remote_state), delivery.remote.data
        transaction = self.transaction_of(delivery)
        outcome, details = outcome_of(delivery, state, data)
        self.settled.append((stored.number, outcome, details, transaction))
        if stored.lock is None:
            self.reject(delivery, "com.microsoft:message-lock-lost", "The lock supplied is invalid.")
            return
        if transaction:
            self.do(transaction, lambda: entity.settle(stored, outcome, details))
            delivery.local.data = [transaction.identity, Described(ulong(int(data[1].descriptor)), [])]
            delivery.update(TRANSACTIONAL)
        else:
            entity.settle(stored, outcome, details)
            if state in (ACCEPTED, REJECTED, RELEASED, MODIFIED):
                delivery.update(state)
        delivery.settle()
        self.pump_all()

    # Management nodes

    def manage(self, event, link, message, path, transaction):
        operation = message.properties["operation"].removeprefix("com.microsoft:")
        self.requests.append((path, operation, message, transaction))
        if self.scripts[operation]:
            scripted = self.scripts[operation].popleft()
            if scripted is None:
                return
            status, condition, body = scripted
        else:
            method = getattr(self, operation.replace("-", "_"), None)
            if method is None:
                status, condition, body = 501, "amqp:not-implemented", {}
            else:
                status, condition, body = method(self.entity(path.partition("/$")[0]), message.body, transaction)
        properties = {"statusCode": int32(status), "statusDescription": "OK" if status == 200 else f"status {status}"}
        if condition:
            properties["errorCondition"] = symbol(condition)
        self.reply(event, link, message, properties, body)

    def reply(self, event, link, message, properties, body):
        target = self.replies.get((event.connection, message.reply_to)) or self.replies.get((event.connection, self.address_of(link)))
        assert target is not None, f"nowhere to answer {message.reply_to} to"
        target.send(Message(correlation_id=message.id, properties=properties, body=body))

    def peek_message(self, entity, request, _):
        found = [each for each in entity.stored.values() if each.number >= request["from-sequence-number"]]
        if not found:
            return 204, "com.microsoft:message-not-found", {}
        return 200, None, {"messages": [{"message": each.encoded(peeked=True)} for each in found[: request["message-count"]]]}

    def receive_by_sequence_number(self, entity, request, _):
        found = [entity.stored.get(number) for number in elements(request["sequence-numbers"])]
        if not all(each and each.state == 1 and each.lock is None for each in found):
            return 404, "com.microsoft:message-not-found", {}
        for each in found:
            each.lock = uuid.uuid4()
        return 200, None, {"messages": [{"lock-token": each.lock, "message": each.encoded()} for each in found]}

    def renew_lock(self, entity, request, _):
        tokens = elements(request["lock-tokens"])
        if not all(entity.locked(token) for token in tokens):
            return 410, "com.microsoft:message-lock-lost", {}
        return 200, None, {"expirations": ArrayValue(None, Data.TIMESTAMP, *(now() + LOCK_MILLISECONDS for _ in tokens))}

    def update_disposition(self, entity, request, transaction):
        names = {"completed": "complete", "abandoned": "abandon", "defered": "defer", "suspended": "dead-letter"}
        found = [entity.locked(token) for token in elements(request["lock-tokens"])]
        if not all(found):
            return 410, "com.microsoft:message-lock-lost", {}
        for each in found:
            self.do(transaction, lambda each=each: entity.settle(each, names[request["disposition-status"]], dict(request)))
        return 200, None, {}

    def schedule_message(self, entity, request, transaction):
        numbers = []
        for entry in request["messages"]:
            message = Message()
            message.decode(bytes(entry["message"]))
            numbers.append(entity.add(message, 2) if transaction is None else entity.number + len(numbers) + 1)
            if transaction is not None:
                transaction.work.append(lambda message=message: entity.add(message, 2))
        return 200, None, {"sequence-numbers": ArrayValue(None, Data.LONG, *numbers)}

    def cancel_scheduled_message(self, entity, request, _):
        numbers = elements(request["sequence-numbers"])
        if not all(number in entity.stored for number in numbers):
            return 404, "com.microsoft:message-not-found", {}
        for number in numbers:
            del entity.stored[number]
        return 200, None, {}

    def renew_session_lock(self, *_):
        return 200, None, {"expiration": timestamp(now() + LOCK_MILLISECONDS)}

    def get_session_state(self, entity, request, _):
        return 200, None, {"session-state": entity.sessions.get(request["session-id"])}

    def set_session_state(self, entity, request, _):
        state = request["session-state"]
        entity.sessions[request["session-id"]] = None if state is None else bytes(state)
        return 200, None, {}

    def get_message_sessions(self, entity, request, _):
        names = sorted({each.message.group_id for each in entity.stored.values() if each.message.group_id} | set(entity.sessions))
        page = names[request["skip"] : request["skip"] + request["top"]]
        if not page:
            return 204, "com.microsoft:session-not-found", {}
        return 200, None, {"skip": int32(request["skip"] + len(page)), "sessions-ids": ArrayValue(None, Data.STRING, *page)}

    def batch_delete_messages(self, entity, request, _):
        doomed = [
            each.number
            for each in entity.stored.values()
            if each.state == 0 and each.lock is None and each.enqueued < request["enqueued-time-utc"]
        ][: min(request["message-count"], 500)]
        for number in doomed:
            del entity.stored[number]
        return (200 if doomed else 204), None, {"message-count": int32(len(doomed))}

    def add_rule(self, entity, request, _):
        if request["rule-name"] in entity.rules:
            return 409, "com.microsoft:entity-already-exists", {}
        entity.rules[request["rule-name"]] = request["rule-description"]
        return 200, None, {}

    def remove_rule(self, entity, request, _):
        if entity.rules.pop(request["rule-name"], None) is None:
            return 404, "com.microsoft:entity-not-found", {}
        return 200, None, {}

    def enumerate_rules(self, entity, request, _):
        page = list(entity.rules.items())[request["skip"] : request["skip"] + request["top"]]
        if not page:
            return 204, None, {}
        return 200, None, {"rules": [{"rule-description": described_rule(name, rule)} for name, rule in page]}


def described_rule(name, rule):
    if "correlation-filter" in rule:
        selects = Described(CORRELATION, [rule["correlation-filter"].get(field) for field in CORRELATION_FIELDS])
    else:
        expression = rule["sql-filter"]["expression"]
        selects = Described(TRUE, []) if expression == "1=1" else Described(SQL, [expression, int32(20)])
    action = rule.get("sql-rule-action")
    acts = Described(SQL_ACTION, [action["expression"], int32(20)]) if action else Described(EMPTY_ACTION, [])
    return Described(RULE, [selects, acts, name, timestamp(1_700_000_000_000)])


def elements(value):
    return list(value.elements) if isinstance(value, ArrayValue) else list(value)


def session_filter(link):
    """(whether a session is asked for, which: None for the next)"""
    filters = link.remote_source.filter
    filters.rewind()
    if not filters.next():
        return False, None
    found = filters.get_object() or {}
    key = symbol("com.microsoft:session-filter")
    return key in found, found.get(key)


def outcome_of(delivery, state, data):
    """(name, details) of a settlement, alone or in a transaction."""
    fields = None
    if state == TRANSACTIONAL:
        state, fields = int(data[1].descriptor), data[1].value
    if state == ACCEPTED:
        return "complete", None
    if state == RELEASED:
        return "release", None
    if state == REJECTED:
        error = fields[0].value if fields else None
        condition = delivery.remote.condition
        return "dead-letter", error if error is not None else condition and (condition.name, condition.description, condition.info)
    if fields is None:
        failed, undeliverable, changes = delivery.remote.failed, delivery.remote.undeliverable, delivery.remote.annotations
    else:
        failed, undeliverable, changes = (list(fields) + [None, None, None])[:3]
    return ("defer" if undeliverable else "abandon"), {"failed": failed, "changes": changes}


