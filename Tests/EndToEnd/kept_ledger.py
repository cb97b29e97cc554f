"""What must be true of a namespace after its sandbox was killed: for each message, where it may be.

An operation widens what may be before it is asked for and narrows it when it is acknowledged. One whose answer never came leaves both: it may
have happened or not. What is seen after the restart narrows it again, so that a message cannot be in one place today and in another tomorrow.
"""

import contextlib
import threading

ABSENT, ACTIVE, DEFERRED, DEAD, SCHEDULED = "absent", "active", "deferred", "dead", "scheduled"


class Fate:
    """One message in one place (a queue, or a subscription's copy)."""

    def __init__(self, may, mortal=False):
        self.may = set(may)
        self.counts = {0}
        # Seen by a receiver: it arrived, whatever became of the acknowledgement of its sending.
        self.seen = False
        # Somebody receives it at most once: it may be gone whenever it was active.
        self.mortal = mortal
        self.number = None

    def __str__(self):
        return f"may be {'/'.join(sorted(self.may))} with delivery count {'/'.join(map(str, sorted(self.counts)))}, was number {self.number}"


class Ledger:
    def __init__(self):
        self.lock = threading.Lock()
        self.fates = {}
        # What is gone for good, by acknowledgement or by sight: it must never be seen again.
        self.gone = set()
        self.counted = {"sends acknowledged": 0, "settlements acknowledged": 0, "other changes acknowledged": 0, "outcomes unknown": 0}
        # The names of messages whose settlement was acknowledged, by place.
        self.settled = {}
        self.highest = {}
        self.entities = {}
        self.states = {}

    def count(self, name, number=1):
        with self.lock:
            self.counted[name] += number

    # What is asked for

    @contextlib.contextmanager
    def sending(self, keys, to=(ACTIVE,), mortal=False):
        """Messages on their way; when the block ends without an error they have arrived."""
        with self.lock:
            for key in keys:
                self.fates[key] = Fate({ABSENT, *to}, mortal)
        with self._known(len(keys)):
            yield
        with self.lock:
            self.counted["sends acknowledged"] += len(keys)
            for key in keys:
                fate = self.fates.get(key)
                if fate and not fate.seen and not mortal:
                    fate.may.discard(ABSENT)

    def received(self, key):
        """A receiver has it."""
        with self.lock:
            assert key not in self.gone, f"{key} was settled, and comes back"
            fate = self.fates.get(key)
            assert fate, f"{key} was never sent"
            fate.seen = True
            fate.may.discard(ABSENT)
            fate.may.discard(SCHEDULED)

    @contextlib.contextmanager
    def settling(self, key, to, counts=False):
        """A settlement on its way; when the block ends without an error it has happened."""
        with self.lock:
            fate = self.fates[key]
            after = {count + 1 for count in fate.counts} if counts else set(fate.counts)
            fate.may.add(to)
            fate.counts |= after
        with self._known(1):
            yield
        with self.lock:
            self.counted["settlements acknowledged"] += 1
            fate.may, fate.counts = {to}, after
            if to == ABSENT:
                self.settled.setdefault(key[0], []).append(key[1])
                self.bury(key)

    @contextlib.contextmanager
    def changing(self, table, key, to):
        """A change of an entity or of a session's state on its way."""
        with self.lock:
            table.setdefault(key, {None}).add(to)
        with self._known(1):
            yield
        with self.lock:
            self.counted["other changes acknowledged"] += 1
            table[key] = {to}

    def bury(self, key):
        self.fates.pop(key, None)
        self.gone.add(key)

    def removed(self, key):
        """Received by somebody who receives at most once."""
        self.received(key)
        with self.lock:
            self.bury(key)

    @contextlib.contextmanager
    def _known(self, number):
        try:
            yield
        except BaseException:
            self.count("outcomes unknown", number)
            raise

    # What is seen

    def compare(self, place, seen):
        """Holds what is seen in a place (id, where, delivery count, sequence number) against what may be.

        Gives what is wrong, in words."""
        wrong = []
        found = {}
        for name, where, count, number in seen:
            key = (place, name)
            if key in found:
                wrong.append(f"{key} is there twice: {found[key]} and {(where, count, number)}")
            found[key] = (where, count, number)
            if key in self.gone:
                wrong.append(f"{key} was settled and has come back: {where}, number {number}")
            elif key not in self.fates:
                wrong.append(f"{key} was never sent: {where}, number {number}")
        for key in [key for key in self.fates if key[0] == place]:
            fate = self.fates[key]
            if key not in found:
                if ABSENT in fate.may or fate.mortal:
                    self.bury(key)
                else:
                    wrong.append(f"{key} is missing: it {fate}")
                continue
            where, count, number = found[key]
            if where not in fate.may:
                wrong.append(f"{key} is {where}, but {fate}")
            if count not in fate.counts:
                wrong.append(f"{key} has the delivery count {count}, but {fate}")
            # A scheduled message gets another number when it becomes active.
            if fate.number not in (None, number) and SCHEDULED not in fate.may:
                wrong.append(f"{key} has the sequence number {number}, but {fate}")
            if fate.number is None and number <= self.highest.get(place, 0) and where != SCHEDULED:
                wrong.append(f"{key} has the sequence number {number}, which was used before (up to {self.highest[place]})")
            fate.may = {SCHEDULED, ACTIVE} if where == SCHEDULED and ACTIVE in fate.may else {where}
            fate.counts = {count}
            fate.number = number if where != SCHEDULED else None
        if found:
            self.highest[place] = max(self.highest.get(place, 0), *(number for _, _, number in found.values()))
        return wrong
