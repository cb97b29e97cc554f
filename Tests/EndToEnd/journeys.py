#!/usr/bin/env python3
"""Whole journeys through the console, in a real terminal (tmux): from a service to its queue, into its dead letters, to one body and back,
small and large; hostile text; help, filter, resizing, stopping and coming back; and every way out leaves the terminal as it was.

usage: journeys.py [PART OF A STEP'S NAME]      CALLBOARD names the executable (default .build/debug/callboard);
                                                with CALLBOARD_ALL_SIZES set, every journey is made small and large
"""

import json
import os
import pathlib
import re
import signal
import sys
import tempfile
import threading

from terminal import Terminal, alive, stopped  # puts Tests/Interop on the path

import callboard
from checks import Checks

checks = Checks("journeys")

DEMO = f"{callboard.EXECUTABLE} demo"
SMALL, LARGE = (24, 80), (60, 200)
# Journeys that look at all fifty thousand dead letters take half a minute a size in a debug build: the large one on demand.
WHOLE_SCANS = (SMALL, LARGE) if os.environ.get("CALLBOARD_ALL_SIZES") else (SMALL,)

# What stands on each screen of the demo and on no other.
BOARD = r"\b12 services\b"
CHECKOUT = r"Takes orders and payments"
FIRST_PAINT = 2.0
LOADED = 30


def open_demo(terminal, command=DEMO):
    terminal.start(command, BOARD, seconds=LOADED)


def choose(terminal, name):
    """Narrows the list to one line by the filter, and opens it."""
    terminal.type("/" + name)
    terminal.keys("Enter")
    terminal.wait_for(rf"/{name}")
    terminal.keys("Enter")


def to_dead_letters(terminal, service, queue):
    """From the board to the loaded dead letters of a service's queue."""
    choose(terminal, service)
    terminal.wait_for(rf"▌ {queue}\b")
    choose(terminal, queue)
    terminal.wait_for(rf"^ {queue} · queue")
    terminal.keys("d")
    terminal.wait_for(rf"{queue} › dead letters")
    terminal.wait_for(r"dead letters? · all", seconds=LOADED)


def leave(terminal, what="the console"):
    terminal.keys("Q")
    terminal.expect_restored(what)
    assert not alive(terminal.program), "the process is still there"


def walk(rows, columns):
    with Terminal(rows, columns) as terminal:
        open_demo(terminal)
        assert terminal.flags("alternate_on")["alternate_on"] == "1"
        board = terminal.screen()
        assert "checkout" in board and "dead" in board, "the board shows services and their dead letters"

        # service -> queue -> dead letters
        choose(terminal, "checkout")
        terminal.wait_for(CHECKOUT)
        terminal.wait_for(r"\borders\b.*\b50,012\b")
        choose(terminal, "orders")
        terminal.wait_for(r"^ orders · queue")
        terminal.wait_for(r"dead letters +50,012")
        terminal.keys("d")
        terminal.wait_for(r"orders › dead letters")
        terminal.wait_for(r"TTLExpired|ValidationFail|MaxDelivery")
        terminal.wait_for(r"50,012 dead letters · all", seconds=LOADED)

        # -> body, of the last one and the one before it
        terminal.keys("G")
        terminal.wait_for(r"50,012 of 50,012")
        terminal.keys("Enter")
        terminal.wait_for(r"Reason +\S+")
        terminal.wait_for(r"body · ")
        last = terminal.wait_for(r"Sequence +(#\d+)").group(1)
        for _ in range(5):
            if terminal.line(r'"orderId"'):
                break
            terminal.keys("C-d")
        terminal.wait_for(r'"orderId"')
        terminal.keys("K")
        terminal.until(lambda: not re.search(rf"{last}\b", terminal.screen()) and terminal.line("body · "), 10, "the one before")

        # and back, a screen at a time
        terminal.keys("q")
        terminal.wait_gone(r"body · ")
        terminal.wait_for(r"orders › dead letters")
        terminal.keys("q")
        terminal.wait_for(r"^ orders · queue")
        terminal.keys("q")
        terminal.wait_for(CHECKOUT)
        terminal.keys("q")
        terminal.wait_for(BOARD)
        leave(terminal)


@checks.step("service, queue, dead letters, body and back at 80x24", seconds=150)
def walk_small():
    walk(*SMALL)


@checks.step("service, queue, dead letters, body and back at 200x60", seconds=150)
def walk_large():
    walk(*LARGE)


@checks.step("an incident: board, entity, groups, sample, explanation and back", seconds=180)
def incident():
    for rows, columns in WHOLE_SCANS:
        with Terminal(rows, columns) as terminal:
            open_demo(terminal)
            choose(terminal, "checkout")
            terminal.wait_for(CHECKOUT)
            choose(terminal, "orders")
            terminal.wait_for(r"^ orders · queue")

            # -> groups: live, then five causes
            terminal.keys("c")
            terminal.wait_for(r"orders › dead letters › groups")
            terminal.wait_for(r"scanned 50,012 in .* up to #\d+", seconds=LOADED)
            terminal.wait_for(r"^ by fingerprint · \d+ causes")
            terminal.wait_for(r"^▌ +48,110 +96 %.*TimeoutException")
            terminal.wait_for(r"sample #\d+")
            terminal.wait_for(r"here +MaxDeliveryCount is 10 here; delivered 10 times\.")

            # -> another cause, its explanation, and back to it
            terminal.keys("j")
            terminal.wait_for(r"^▌ +1,402 +3 %")
            terminal.keys("p")
            terminal.wait_for(r"groups › explained")
            terminal.wait_for(r"Reason +MaxDeliveryCountExceeded")
            terminal.wait_for(r"Here +MaxDeliveryCount is 10 here")
            terminal.wait_for(r"Try +Look for the exception")
            terminal.keys("q")
            terminal.wait_for(r"^▌ +1,402 +3 %")

            # -> exactly its messages, one of them, why it died, and back
            terminal.keys("Enter")
            terminal.wait_for(r"^ 1,402 dead letters of one group · all", seconds=LOADED)
            terminal.keys("Enter")
            terminal.wait_for(r"Error +SqlException")
            terminal.keys("p")
            terminal.wait_for(r"#\d+ explained")
            terminal.wait_for(r"Whose word +the service's")
            terminal.keys("q")
            terminal.wait_for(r"Error +SqlException")
            terminal.keys("q")
            terminal.wait_gone(r"Error +SqlException")
            terminal.keys("q")
            terminal.wait_for(r"^▌ +1,402 +3 %")

            # other keys, another order, a filter
            terminal.keys("z")
            terminal.wait_for(r"^group by: fingerprint")
            terminal.keys("C-u")
            terminal.type("reason")
            terminal.keys("Enter")
            terminal.wait_for(r"^ by reason")
            terminal.wait_for(r"scanned 50,012 in", seconds=LOADED)
            terminal.wait_for(r"TTLExpiredException")
            terminal.keys("s")
            terminal.wait_for(r"latest first")
            terminal.type("/valid")
            terminal.keys("Enter")
            terminal.wait_for(r"1 shown")
            terminal.wait_for(r"^▌.* ValidationFailed")
            terminal.keys("Escape")
            terminal.wait_gone(r"1 shown")
            for place in (r"^ orders · queue", CHECKOUT, BOARD):
                terminal.keys("q")
                terminal.wait_for(place)
            leave(terminal)


@checks.step("over a slow link: groups from the first page on, stopped, gone on with, and complete", seconds=150)
def slow_groups():
    with callboard.Sandbox("--seed", "demo", "--latency", "250ms", ready_within=60) as sandbox:
        environment = {"SERVICEBUS_CONNECTION_STRING": sandbox.connection_string}
        with Terminal(*SMALL, environment=environment) as terminal:
            terminal.start(callboard.EXECUTABLE, r"services", seconds=LOADED)
            terminal.wait_gone("loading", seconds=LOADED)
            terminal.type(":groups orders")
            terminal.keys("Enter")
            terminal.wait_for(r"^▌ .*TimeoutException")
            terminal.wait_for(r"scanned [\d,]+ of ~50,012 · \d+ % of the way")
            terminal.keys("Escape")
            terminal.wait_for(r"stopped \(\+\)")
            terminal.wait_for(r"^▌ .*TimeoutException")
            terminal.keys("+")
            terminal.wait_gone(r"stopped \(\+\)")
            terminal.wait_for(r"scanned 50,012 in", seconds=90)
            terminal.wait_for(r"^▌ +48,110 +96 %")
            leave(terminal)


@checks.step("the frame is painted before anything is connected", seconds=60)
def first_paint():
    with Terminal(*SMALL) as terminal:
        terminal.type(f"clear; {DEMO}")
        terminal.keys("Enter")
        terminal.until(lambda: terminal.flags("alternate_on")["alternate_on"] == "1", 10, "the alternate screen")
        terminal.wait_for(r"services", seconds=FIRST_PAINT)
        terminal.wait_for(BOARD, seconds=LOADED)
        leave(terminal)


HOSTILE_QUEUE = ("notifications", "emails")


@checks.step("a message that tries to drive the terminal leaves no trace", seconds=120)
def hostile():
    for rows, columns in (SMALL, LARGE):
        with Terminal(rows, columns) as terminal:
            open_demo(terminal)
            inside, title, clipboard = terminal.state(), terminal.title, terminal.clipboard()
            to_dead_letters(terminal, *HOSTILE_QUEUE)
            terminal.wait_for(r"TemplateRejected")
            # The list shows hostile subjects and reasons; then every message is read, in every form its body has.
            terminal.keys("g", "g")
            terminal.keys("Enter")
            shown = ""
            for number in range(1, 13):
                terminal.wait_for(rf"message {number} of 12")
                terminal.wait_for(r"body · ")
                for _ in range(3):
                    shown += read_all(terminal)
                    form = terminal.line(r"shown as")
                    terminal.keys("v")
                    terminal.until(lambda: terminal.line(r"shown as") != form or terminal.line(r"only be shown|^ ✕"), 5, "another form")
                    terminal.keys("g", "g")
                terminal.keys("J")
            assert re.search(r"\^\[", shown), f"ESC is shown as ^[: {shown}"
            # Long lines are wrapped anywhere, so blanks and line ends do not count.
            packed = re.sub(r"\s", "", shown)
            for text in ("Dearcustomer", "^[[31;7mALLQUEUESPURGED", "U+202E", "^[]52;c;"):
                assert text in packed, f"{text!r} is not shown: {shown}"
            for character in "\x1b\x9b\x9d\x90\u202e\u202c\u2066\u2069\u200b\u200d\ufeff\x07\x0e\x08":
                assert character not in shown, f"{character!r} reached the screen"
            assert terminal.title == title, f"the title became {terminal.title!r}"
            assert terminal.clipboard() == clipboard, f"the clipboard was written: {terminal.clipboard()}"
            now = terminal.state()
            changed = {name: (inside[name], now[name]) for name in inside if inside[name] != now[name]}
            assert not changed, f"modes changed (before, now): {changed}"
            assert not re.search(r"\x1b\[[\d;]*\b(5|8)m", terminal.styled()), "blinking or hidden text"
            leave(terminal)


def read_all(terminal):
    """The open message from top to end, a screen at a time: the console says which lines of how many it shows."""
    position = re.compile(r"line (\d+)-(\d+) of (\d+)")
    terminal.keys("g", "g")
    terminal.wait_for(r"line 1-\d+ of \d+")
    pages = [terminal.screen()]
    while True:
        _, end, count = map(int, position.search(pages[-1]).groups())
        if end >= count or len(pages) > 20:
            return "\n".join(pages)
        terminal.keys("C-f")
        terminal.until(
            lambda: (found := position.search(terminal.screen())) and int(found.group(2)) > end, 5, "the next page of the message"
        )
        pages.append(terminal.screen())


@checks.step("developer: peek, body, path, copy, pager, and the difference of two messages", seconds=150)
def reading_bodies():
    for rows, columns in (SMALL, LARGE):
        with Terminal(rows, columns, environment={"PAGER": "less -X"}) as terminal:
            open_demo(terminal)
            to_dead_letters(terminal, *HOSTILE_QUEUE)
            # A compressed body is decoded through.
            terminal.keys("g", "g")
            terminal.keys("Enter")
            terminal.wait_for(r"body · gzip › JSON .*shown as pretty")
            first = terminal.wait_for(r"Sequence +(#\d+)").group(1)

            # -> path -> copy
            terminal.type("gpbody.pa")
            terminal.wait_for(r"^ +body\.parcel")
            terminal.type("rcel")
            terminal.keys("Enter")
            terminal.wait_for(r"^ #\d+ · peeked, not locked · body\.parcel")
            value = re.search(r'"parcel": (\d+)', terminal.screen()).group(1)
            terminal.keys("y", "p")
            terminal.wait_for(r"Copied body\.parcel")
            terminal.until(lambda: "body.parcel" in terminal.clipboard(), 5, "the path in the clipboard")
            terminal.keys("y", "v")
            terminal.until(lambda: f'"{value}"' in terminal.clipboard(), 5, "the value in the clipboard")
            terminal.type(f":save-value {terminal.folder}/value")
            terminal.keys("Enter")
            terminal.wait_for(r"were written to")
            saved = terminal.folder / "value"
            assert saved.read_text() == value and saved.stat().st_mode & 0o777 == 0o600, "the saved value"

            # fold, find
            terminal.keys("Z")
            terminal.type("/sv-SE")
            terminal.keys("Enter")
            terminal.wait_for(r"1 of 1 place with 'sv-se'|1 of 1 places with 'sv-se'")
            terminal.wait_for(r"body\.locale")

            # the pager has it all, and leaves nothing behind
            terminal.keys("|")
            terminal.wait_for(r'"template": "order-shipped"|END')
            terminal.until(lambda: terminal.flags("alternate_on")["alternate_on"] == "0", 5, "the pager on the plain screen")
            terminal.keys("q")
            terminal.wait_for(r"body · gzip › JSON")

            # -> the difference from the next one
            terminal.keys("m")
            terminal.wait_for(rf"{first} is marked")
            terminal.keys("J")
            terminal.until(lambda: not re.search(rf"Sequence +{first}\b", terminal.screen()) and terminal.line("body · "), 10, "the next one")
            terminal.keys("d")
            terminal.wait_for(rf"{first} ↔ #\d+")
            terminal.wait_for(r"\d+ differences · ")
            terminal.wait_for(r"~ body\.parcel")
            terminal.wait_for(rf"- {value}\b")
            terminal.keys("q")
            terminal.wait_for(r"body · gzip › JSON")
            leave(terminal)


@checks.step("the tree of entities, a topic, a subscription with its rules, and the rule tester", seconds=150)
def entities_to_rules():
    for rows, columns in (SMALL, LARGE):
        with Terminal(rows, columns) as terminal:
            open_demo(terminal)
            terminal.keys("g", "e")
            terminal.wait_for(r"^ 30 entities · worst first")
            terminal.wait_for(r"▌ !! +orders\b.* 50,012 .*<1 min")
            terminal.keys("s")
            terminal.wait_for(r"by name")
            terminal.wait_for(r"└ fraud")
            terminal.keys("Z")
            terminal.wait_gone(r"└ fraud")
            terminal.wait_for(r"▸ payment-events")

            # topic -> subscription -> rules
            choose(terminal, "payment-events")
            terminal.wait_for(r"^ payment-events · topic")
            terminal.wait_for(r"fraud +\d+ dead +\d+ active +<1 min")
            choose(terminal, "fraud")
            terminal.wait_for(r"^ payment-events/fraud · subscription")
            terminal.wait_for(r"when +amount > 500")
            terminal.wait_for(r"or +country NOT IN \('DE', 'AT', 'CH'\)")
            terminal.wait_for(r"then +SET review = 'manual'")

            # -> tester: an empty message, then one with properties
            terminal.keys("g", "t")
            terminal.wait_for(r"payment-events › rule tester")
            terminal.wait_for(r"2 of 3 subscriptions would get it")
            terminal.wait_for(r"✕ fraud +nothing")
            terminal.keys("a")
            terminal.type("amount:=900")
            terminal.keys("Enter")
            terminal.wait_for(r"3 of 3 subscriptions would get it")
            terminal.wait_for(r"✓ fraud +1 copy")

            # a filter of one's own; what is wrong with it is pointed at
            terminal.type("/try")
            terminal.keys("Enter")
            terminal.wait_for(r"/try")
            terminal.keys("Enter")
            terminal.type("amount > ")
            terminal.wait_for(r"↓ ! expected")
            terminal.type("1000")
            terminal.keys("Enter")
            terminal.wait_for(r"amount > 1000 +no")
            terminal.keys("Escape")
            terminal.wait_for(r"✓ fraud")
            for place in (r"^ payment-events/fraud ·", r"^ payment-events ·", r"^ 30 entities"):
                terminal.keys("q")
                terminal.wait_for(place)
            leave(terminal)


@checks.step("a queue is created through the form, changed and removed, and nothing is sent unseen", seconds=180)
def changing():
    for rows, columns in (SMALL, LARGE):
        with Terminal(rows, columns) as terminal:
            open_demo(terminal)
            terminal.keys("g", "e")
            terminal.wait_for(r"^ 30 entities")

            # a new queue: a name, a setting, the difference, and then it is there and selected
            terminal.keys("a")
            terminal.wait_for(r"^new: ?$")
            terminal.type("queue")
            terminal.keys("Enter")
            terminal.wait_for(r"^ new queue · needs a name")
            terminal.keys("Enter")
            terminal.type("orders-eu")
            terminal.keys("Enter")
            terminal.wait_for(r"^ new queue · orders-eu")
            choose(terminal, "lock-duration")
            terminal.wait_for(r"^lock-duration:")
            terminal.keys("C-u")
            terminal.type("1h")
            terminal.wait_for(r"! lock-duration must be from 1s to 5m")
            terminal.keys("C-u")
            terminal.type("30s")
            terminal.keys("Enter")
            terminal.wait_for(r"\* lock-duration +30s")
            terminal.keys("C-s")
            terminal.wait_for(r"^ create queue orders-eu · 1 setting · nothing was sent yet")
            terminal.wait_for(r"lock-duration +– → 30s")
            terminal.keys("Enter")
            terminal.wait_for(r"Created queue orders-eu\.")
            terminal.wait_for(r"^ 31 entities")
            terminal.wait_for(r"^▌ .*\borders-eu\b")

            # changed: its page has the new setting
            terminal.keys("Enter")
            terminal.wait_for(r"^ orders-eu · queue · active")
            terminal.wait_for(r"LockDuration +PT30S +30 s")
            terminal.keys("e")
            terminal.wait_for(r"^ queue orders-eu · nothing is different yet")
            # The frame is there before the settings are.
            terminal.wait_for(r"^▌ +status +active")
            terminal.keys("Enter")
            terminal.wait_for(r"^status: active")
            terminal.keys("C-u")
            terminal.type("receive-disabled")
            terminal.keys("Enter")
            terminal.wait_for(r"was active")
            terminal.keys("C-s")
            terminal.wait_for(r"status +active → receive-disabled")
            terminal.wait_for(r"! Nobody can receive from it\.")
            terminal.keys("Enter")
            terminal.wait_for(r"Changed queue orders-eu\.")
            terminal.wait_for(r"^ orders-eu · queue · ! ReceiveDisabled")

            # removed: only with its name, and the page goes with it
            terminal.keys("D")
            terminal.wait_for(r"^ remove queue orders-eu · nothing was sent yet")
            terminal.wait_for(r"settings that go with it")
            terminal.keys("Enter")
            terminal.wait_for(r"^type orders-eu to go on:")
            terminal.type("orders")
            terminal.keys("Enter")
            terminal.wait_for(r"that is not orders-eu: nothing was sent")
            terminal.type("-eu")
            terminal.keys("Enter")
            terminal.wait_for(r"Removed queue orders-eu\.")
            terminal.wait_for(r"^ 30 entities")
            terminal.wait_gone(r"\borders-eu\b.*<1 min")
            leave(terminal)


GROWING = {
    "UserConfig": {
        "Namespaces": [
            {
                "Name": "sbemulatorns",
                "Queues": [
                    {"Name": "calm", "Properties": {}},
                    # What is sent to it is dead a second later.
                    {"Name": "leak", "Properties": {"DefaultMessageTimeToLive": "PT1S", "DeadLetteringOnMessageExpiration": True}},
                    {"Name": "pile", "Properties": {}},
                ],
            }
        ],
        "Logging": {"Type": "File"},
    }
}

CATALOGUE = "".join(
    "---\napiVersion: backstage.io/v1alpha1\nkind: Component\n"
    f"metadata: {{name: {name}, annotations: {{callboard.dev/entities: {name}}}}}\nspec: {{type: service, owner: team-{name}}}\n"
    for name in ("calm", "leak")
)


class Growth:
    """Sends to queues again and again until it is told to stop."""

    def __init__(self, sandbox, folder):
        self.sandbox, self.stopped, self.failure = sandbox, threading.Event(), None
        self.file = folder / "messages.jsonl"
        self.file.write_text("".join(json.dumps({"body": {"text": f"{number}"}}) + "\n" for number in range(20)), encoding="utf-8")
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stopped.wait(0.5):
            for queue in ("leak", "pile"):
                done = callboard.run("send", queue, "--jsonl", str(self.file), connection_string=self.sandbox.connection_string)
                if done.returncode != 0:
                    self.failure = done.stderr
                    return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join(timeout=30)
        assert self.failure is None, self.failure


@checks.step("the board while a queue leaks: growth with an arrow, the worst first, a backlog that never drains", seconds=240)
def growing():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "Config.json").write_text(json.dumps(GROWING), encoding="utf-8")
        (folder / "catalogue.yaml").write_text(CATALOGUE, encoding="utf-8")
        (folder / "callboard.yaml").write_text(
            "contexts:\n"
            "  growing:\n"
            "    connection-string: {env: GROWING}\n"
            "    catalogue: [catalogue.yaml]\n",
            encoding="utf-8",
        )
        with callboard.Sandbox(config=folder / "Config.json") as sandbox, Growth(sandbox, folder):
            for rows, columns in (SMALL, LARGE):
                environment = {"GROWING": sandbox.connection_string, "CALLBOARD_CONFIG": str(folder / "callboard.yaml")}
                with Terminal(rows, columns, environment=environment) as terminal:
                    terminal.start(f"{callboard.EXECUTABLE} console --context growing", r"2 services", seconds=LOADED)
                    terminal.type(":watch 5s")
                    terminal.keys("Enter")
                    terminal.wait_for(r"every 5 s while")
                    # Nobody presses a key: the second listing comes by itself, and makes rates of counts.
                    terminal.wait_for(r"^▌ !! +leak +team-leak .* ~?▲[\d.,]+ ", seconds=40)
                    terminal.wait_for(r"dead ~?▲[\d.,]+/min")
                    terminal.wait_for(r"^ +! +\(no service\).* ▲never")
                    terminal.wait_for(r"^ +ok +calm ")
                    if columns >= 200:
                        terminal.wait_for(r"dead, last \d+ s")
                        terminal.wait_for(r"leak .*▁.*█")
                    # The tree has the same growth, entity by entity.
                    terminal.keys("g", "e")
                    terminal.wait_for(r"^▌ !! +leak .* ~?▲[\d.,]+ ")
                    terminal.keys("w")
                    terminal.wait_for(r"stay as they are until")
                    leave(terminal)


@checks.step("sessions of a queue, one session with its state, deferred messages, and a count by looking", seconds=150)
def sessions():
    for rows, columns in (SMALL, LARGE):
        with Terminal(rows, columns) as terminal:
            open_demo(terminal)
            terminal.type(":entity payments")
            terminal.keys("Enter")
            terminal.wait_for(r"^ payments · queue")
            terminal.wait_for(r"^. +sessions +– +enter lists them")
            terminal.keys("g", "s")
            terminal.wait_for(r"payments › sessions")
            terminal.wait_for(r"^ \d+ sessions · [\d,]+ messages? · states not read")
            terminal.wait_for(r"customer-\d+ +\d+ +\d+ +\d+ +\S+ .*not read")
            terminal.keys("S")
            terminal.wait_for(r"customer-\d+ .*\d+ B  \{")
            terminal.wait_gone(r"reading states")
            choose(terminal, "customer-4")
            terminal.wait_for(r"session customer-4 of payments")
            terminal.wait_for(r"state · \d+ B")
            terminal.wait_for(r'"lastStep"')
            terminal.wait_for(r"messages \(\d+\)")
            terminal.keys("m")
            terminal.wait_for(r"session customer-4")
            terminal.wait_for(r"messages? · all", seconds=LOADED)
            for place in (r"session customer-4 of payments", r"payments › sessions", r"^ payments · queue"):
                terminal.keys("q")
                terminal.wait_for(place)

            # what the service says, and what is there
            terminal.keys("C")
            terminal.wait_for(r"messages · counted <1 min ago in", seconds=LOADED)
            terminal.wait_for(r"^. messages +[\d,]+ +counted [\d,]+, the same")
            terminal.wait_for(r"deferred messages +\d+ +counted, among the messages")
            leave(terminal)


@checks.step("messages are picked by a condition: completed, mended, counted, opened, and all shown again", seconds=300)
def conditions():
    for rows, columns in WHOLE_SCANS:
        with Terminal(rows, columns) as terminal:
            open_demo(terminal)
            to_dead_letters(terminal, "checkout", "orders")
            terminal.keys("w")
            terminal.wait_for(r"^where: ?$")
            terminal.wait_for(r"DeadLetterReason = '\w+'")
            terminal.type("DeadLetterR")
            terminal.keys("Tab")
            terminal.wait_for(r"^where: DeadLetterReason ?$")
            terminal.type("== ")
            terminal.wait_for(r"↓ ! there is no operator ==")
            terminal.wait_for(r"^ ?Write = to compare")
            terminal.keys("BSpace", "BSpace")
            terminal.type(" 'Valid")
            terminal.keys("Tab")
            terminal.wait_for(r"^where: DeadLetterReason = 'ValidationFailed' ?$")
            terminal.keys("Enter")
            terminal.wait_for(r"matched 388 of 50,012 looked at .* all", seconds=LOADED)
            terminal.wait_for(r"^ where DeadLetterReason = 'ValidationFailed' +esc shows all")

            # with bodies, on what a body says
            terminal.keys("w")
            terminal.type("AND body.lines[0].qty = 3")
            terminal.keys("Enter")
            terminal.wait_for(r"matched 28 of 50,012 looked at .* all", seconds=LOADED * 2)
            terminal.keys("Enter")
            terminal.wait_for(r"Reason +ValidationFailed")
            terminal.keys("Escape")
            terminal.wait_gone(r"Reason +ValidationFailed")
            terminal.keys("Escape")
            terminal.wait_for(r"^ 50,012 dead letters · all")
            leave(terminal)


ORDER = "5d0c3f0e-2b41-4c8a-9e57-088000a1f3b2"


@checks.step("an order is traced across five entities, its dead letter read, and its event traced from there", seconds=300)
def tracing():
    for rows, columns in WHOLE_SCANS:
        with Terminal(rows, columns) as terminal:
            open_demo(terminal)
            terminal.keys("t")
            terminal.wait_for(r"^trace: ?$")
            terminal.type(ORDER)
            terminal.keys("Enter")
            terminal.wait_for(rf"› trace {ORDER[:8]}")
            terminal.wait_for(r"^ 5 messages in 5 places · all \d+ places", seconds=LOADED * 2)
            terminal.wait_for(r"▌ .* orders +dead letter .*FraudSuspec")
            for entity in ("payment-events/fraud", "order-events/search-index", "order-events/billing", "invoices"):
                terminal.wait_for(rf"  .* {entity} +active")

            # the dead letter, in its queue
            terminal.keys("Enter")
            terminal.wait_for(r"orders › dead letters › #\d+")
            terminal.wait_for(r"Reason +FraudSuspected")
            terminal.keys("q")
            terminal.wait_gone(r"Reason +FraudSuspected")
            terminal.keys("q")
            terminal.wait_for(r"^ 5 messages in 5 places")

            # a copy of an event, and from it the other copies of the same event
            terminal.keys("G", "k")
            terminal.wait_for(r"4 of 5")
            terminal.keys("/")
            terminal.type("billing")
            terminal.keys("Enter")
            terminal.wait_for(r"1 of 1")
            terminal.keys("Enter")
            terminal.wait_for(r"order-events/billing › messages › #\d+")
            terminal.wait_for(r"Correlation +5d0c3f0e")
            terminal.keys("t")
            terminal.wait_for(r"^trace: e7a1b9c4-")
            terminal.wait_for(rf"{ORDER} +correlation id")
            terminal.wait_for(r"7c1d52e08fb94a3d9a60c2f81e5b7d34 +trace id of Diagnostic-Id")
            terminal.keys("Enter")
            terminal.wait_for(r"^ 2 messages in 2 places · all", seconds=LOADED * 2)
            terminal.wait_for(r"order-events/billing +active")
            terminal.wait_for(r"order-events/search-index +active")

            # stopped, and gone on with; an id that is nowhere
            terminal.keys("C-r")
            terminal.wait_for(r"^ 2 messages in 2 places · all", seconds=LOADED * 2)
            terminal.type(":trace nobody-has-this")
            terminal.keys("Enter")
            terminal.wait_for(r"No message bears this id: all \d+ places were looked through", seconds=LOADED * 2)
            leave(terminal)


PHRASE = "orders/$deadletterqueue"


@checks.step("a group is redriven: plan, typed confirmation, job, paused, cancelled, gone on with, and the history of it", seconds=420)
def redriving():
    for rows, columns in WHOLE_SCANS:
        with Terminal(rows, columns) as terminal:
            open_demo(terminal)
            terminal.type(":groups orders")
            terminal.keys("Enter")
            terminal.wait_for(r"scanned 50,012 in .* up to #\d+", seconds=LOADED * 3)
            terminal.keys("j")
            terminal.wait_for(r"^▌ +1,402 +3 %")

            # -> the plan of exactly its messages, made slow, and agreed to by name
            terminal.keys("r")
            terminal.wait_for(r"^ Redrive 1,402 dead letters of orders to orders · nothing was done yet", seconds=LOADED * 3)
            terminal.wait_for(r"^ policy +allowed by built-in:emulator")
            terminal.keys("e")
            terminal.wait_for(r"^ redrive · 1,402 messages of orders/\$deadletterqueue")
            terminal.keys("j", "j", "j")
            terminal.wait_for(r"^▌ +rate +what is usual here")
            terminal.keys("Enter")
            terminal.wait_for(r"^rate: ?$")
            terminal.type("100/s")
            terminal.keys("Enter")
            terminal.wait_for(r"\* rate +100/s")
            terminal.keys("C-s")
            terminal.wait_for(r"100/s at most", seconds=LOADED * 3)
            terminal.keys("Enter")
            terminal.wait_for(r"^type orders/\$deadletterqueue to go on:")
            terminal.type("orders")
            terminal.keys("Enter")
            terminal.wait_for(r"! that is not orders/\$deadletterqueue: nothing was done")
            terminal.keys("C-u")
            terminal.type(PHRASE)
            terminal.keys("Enter")

            # -> the job, which goes on whatever is shown
            terminal.wait_for(r"^▌ +#1 .* running")
            terminal.wait_for(r"▶ #1 \d+ %")
            terminal.keys("g", "b")
            terminal.wait_for(BOARD)
            terminal.wait_for(r"▶ #1 \d+ %")
            terminal.keys("Q")
            terminal.wait_for(r"^a job runs; quit\?:")
            terminal.wait_for(r"#1 stops between messages and can be gone on with")
            terminal.keys("Escape")
            terminal.wait_gone(r"quit\?")
            terminal.keys("g", "j")
            terminal.wait_for(r"^▌ +#1 .* running")
            terminal.wait_for(r"▶ #1 [1-9]\d* %", seconds=LOADED)
            terminal.keys("p")
            terminal.wait_for(r"^▌ +#1 .* paused", seconds=LOADED)
            terminal.wait_for(r"▶ #1 paused")
            terminal.keys("p")
            terminal.wait_for(r"^▌ +#1 .* running")
            terminal.keys("c")
            terminal.wait_for(r"Job 1 cancelled: [\d,]+ of 1,402")
            terminal.wait_for(r"^▌ +#1 .* cancelled")
            done = int(re.search(r"Job 1 cancelled: ([\d,]+) of", terminal.screen()).group(1).replace(",", ""))
            assert 0 < done < 1402, f"{done} were done when it was cancelled"
            terminal.wait_gone(r"▶ #1")

            # -> gone on with, to the end
            terminal.keys("R")
            terminal.wait_for(r"^▌ +#1 .* running")
            terminal.wait_for(r"Job 1 done: 1,402 of 1,402", seconds=60)
            terminal.keys("Enter")
            terminal.wait_for(r"^ Job 1 · done · 1,402 of 1,402")
            terminal.wait_for(r"^ where +demo")

            # -> what the ledger says
            terminal.keys("g", "h")
            terminal.wait_for(r"4 records · the ledger is whole")
            stages = [line.split() for line in terminal.lines() if " redrive " in line]
            outcomes = [next(word for word in line if word in ("intended", "done", "partly")) for line in stages]
            assert outcomes == ["done", "intended", "partly", "intended"], f"the ledger says {outcomes}"
            terminal.keys("Enter")
            terminal.wait_for(r"counts\.done +1402")
            terminal.wait_for(r"job +1")

            # -> and the dead letters of the group are gone
            terminal.type(":groups orders")
            terminal.keys("Enter")
            terminal.wait_for(r"scanned 48,610 in", seconds=LOADED * 3)
            terminal.wait_gone(r"^. +1,402 ")
            leave(terminal)


@checks.step("the body of a dead letter is edited in $EDITOR and sent again", seconds=120)
def resubmitting():
    for rows, columns in (SMALL, LARGE):
        with Terminal(rows, columns, environment={"EDITOR": "sed -i s/EUR/USD/"}) as terminal:
            open_demo(terminal)
            to_dead_letters(terminal, "billing", "invoices")
            terminal.keys("Enter")
            terminal.wait_for(r"body · ")
            number = terminal.wait_for(r"Sequence +#(\d+)").group(1)
            terminal.keys("e")
            terminal.wait_for(r"^ Redrive 1 dead letter of invoices to invoices · nothing was done yet", seconds=LOADED)
            terminal.wait_for(rf"^ snapshot +#{number}, taken")
            terminal.wait_for(r"^ keeps +all but the body, which was edited")
            terminal.keys("Enter")
            terminal.wait_for(r"^type yes to go on:")
            terminal.type("yes")
            terminal.keys("Enter")
            terminal.wait_for(r"Job 1 done: 1 of 1", seconds=LOADED)
            leave(terminal)


POLICY = """version: 1
allow:
  - {id: look, who: [anyone], action: [catalog.read, entity.read, message.peek, audit.verify], scope: "**"}
  - {id: redrive-some, who: [anyone], action: [message.redrive], scope: "**", max_messages: 10}
  - {id: export-few, who: [anyone], action: [message.export], scope: "**", max_messages: 10, reason: required}
deny:
  - {id: nobody-purges, action: [message.purge]}
"""


@checks.step("a refused action shows the rule's name and what would allow it", seconds=180)
def refused():
    with tempfile.TemporaryDirectory() as name, callboard.Sandbox("--seed", "demo", ready_within=60) as sandbox:
        folder = pathlib.Path(name)
        (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
        (folder / "policy.yaml").chmod(0o600)
        (folder / "callboard.yaml").write_text(
            f"policy: {folder}/policy.yaml\ncontexts:\n  guarded:\n    connection-string: {{env: GUARDED}}\n", encoding="utf-8"
        )
        environment = {"GUARDED": sandbox.connection_string, "CALLBOARD_CONFIG": str(folder / "callboard.yaml")}
        for rows, columns in (SMALL, LARGE):
            with Terminal(rows, columns, environment=environment) as terminal:
                terminal.start(f"{callboard.EXECUTABLE} console --context guarded", r"services", seconds=LOADED)
                terminal.type(":entity invoices")
                terminal.keys("Enter")
                terminal.wait_for(r"^ invoices · queue")
                terminal.keys("d")
                terminal.wait_for(r"dead letters? · all", seconds=LOADED)
                terminal.type("*")
                terminal.wait_for(r"● 188 marked")

                # the menu: what is possible, and what is not with the rule's name; below, the whole of it
                terminal.keys("a")
                terminal.wait_for(r"^. D +delete +✕ refused by default\.")
                terminal.wait_for(r"^. P +purge +✕ refused by nobody-purges\.")
                terminal.wait_for(r"^. r +redrive +(?!✕)")
                terminal.keys("P")
                terminal.wait_for(r"purge: refused by nobody-purges\. \w+")
                terminal.keys("j", "j", "j", "j")
                terminal.wait_for(r"^. P .*\n(.*\n)+ +✕ message\.purge on ")

                # a limit is known when the messages are: the plan names it, and cannot be confirmed
                terminal.keys("r")
                terminal.wait_for(r"^ Redrive 188 dead letters of invoices to invoices · refused", seconds=LOADED)
                terminal.wait_for(r"\[messages>10\]")
                terminal.wait_for(r"✕ cannot be confirmed: refused by messages>10")
                terminal.keys("Enter")
                terminal.wait_for(r"confirm: refused by messages>10")
                terminal.keys("q")
                terminal.wait_for(r"● 188 marked")

                # and the history knows that it was tried
                terminal.keys("g", "h")
                terminal.wait_for(r"1 record · the ledger is whole")
                terminal.wait_for(r"^▌ .* redrive +refused")

                # an export of few is written once the reason is given that the rule wants; more are not
                terminal.keys("q")
                terminal.wait_for(r"● 188 marked")
                file = folder / f"kept-{rows}.cbx"
                terminal.keys("x")
                terminal.wait_for(r"^export to file:")
                terminal.type(str(file))
                terminal.keys("Enter")
                terminal.wait_for(r"message\.export of 188 messages is denied: the most at once is 10", seconds=LOADED)
                terminal.keys("u", "Space", "x")
                terminal.wait_for(r"^export to file:")
                terminal.type(str(file))
                terminal.keys("Enter")
                terminal.wait_for(r"^reason:", seconds=LOADED)
                assert not file.exists(), "nothing is written without the reason"
                terminal.type("evidence")
                terminal.keys("Enter")
                terminal.wait_for(r"1 message \(.*\) were written to", seconds=LOADED)
                assert file.exists()
                leave(terminal)


@checks.step("? shows the keys of the screen, made from the command table", seconds=60)
def help_screen():
    with Terminal(*SMALL) as terminal:
        open_demo(terminal)
        terminal.keys("?")
        terminal.wait_for(r"Help · ")
        terminal.wait_for(r":open")
        terminal.type("/quit")
        terminal.keys("Enter")
        terminal.wait_for(r":quit")
        terminal.wait_gone(r":open\b")
        terminal.keys("Escape")
        terminal.wait_for(r":open\b")
        terminal.keys("q")
        terminal.wait_for(BOARD)
        leave(terminal)


@checks.step("/ narrows a list as it is typed, Esc widens it again", seconds=60)
def filters():
    with Terminal(*SMALL) as terminal:
        open_demo(terminal)
        terminal.wait_for(r"\bbilling\b")
        terminal.type("/ledg")
        terminal.wait_gone(r"^.?.?\s*billing\b")
        terminal.wait_for(r"\bledger\b")
        terminal.keys("Escape")
        terminal.wait_for(r"\bbilling\b")
        terminal.type("/no such service")
        terminal.keys("Enter")
        terminal.wait_for(r"(?i)no service fits|nothing fits|fits the filter")
        terminal.keys("Escape")
        terminal.wait_for(r"\bbilling\b")
        leave(terminal)


@checks.step(": runs a command by name", seconds=60)
def command_line():
    with Terminal(*SMALL) as terminal:
        open_demo(terminal)
        terminal.type(":entity orders")
        terminal.keys("Enter")
        terminal.wait_for(r"orders · queue")
        terminal.type(":nonsense")
        terminal.keys("Enter")
        terminal.wait_for(r"nonsense")
        terminal.keys("Escape")
        # An Esc and a key right behind it would be Alt and that key.
        terminal.wait_gone(r"^:nonsense")
        terminal.type(":board")
        terminal.keys("Enter")
        terminal.wait_for(BOARD)
        leave(terminal)


@checks.step("vim keys and arrows move the same selection", seconds=60)
def moving():
    with Terminal(*SMALL) as terminal:
        open_demo(terminal)
        # Where ages come in, the order may change once more.
        terminal.wait_for(r"checkout .* \d+ d ")
        for keys in (("j",), ("Down",), ("k",), ("Up",), ("G",), ("g", "g"), ("End",), ("Home",)):
            before = terminal.flags("cursor_y")["cursor_y"]
            terminal.keys(*keys)
            terminal.until(lambda: terminal.flags("cursor_y")["cursor_y"] != before, 3, f"{keys} moving the cursor")
        leave(terminal)


@checks.step("Esc stops loading, and what was loaded stays", seconds=90)
def stops_loading():
    with Terminal(*SMALL) as terminal:
        open_demo(terminal)
        terminal.type(":entity orders")
        terminal.keys("Enter")
        terminal.wait_for(r"orders · queue")
        terminal.keys("d")
        terminal.wait_for(r"orders › dead letters")
        terminal.keys("Escape")
        terminal.wait_for(r"(?i)stopped| all", seconds=LOADED)
        terminal.wait_for(r"orders › dead letters")
        leave(terminal)


@checks.step("a storm of sizes down to 1x1 and back", seconds=120)
def resizing():
    with Terminal(*SMALL) as terminal:
        open_demo(terminal)
        to_dead_letters(terminal, "checkout", "orders")
        terminal.keys("Enter")
        terminal.wait_for(r"body · |Reason")
        sizes = [(rows, columns) for rows, columns in zip((50, 3, 17, 1, 9, 24, 2, 40, 1, 5) * 4, (200, 10, 61, 1, 33, 80, 300, 4, 1, 120) * 4)]
        for rows, columns in sizes:
            terminal.resize(rows, columns)
        terminal.resize(1, 1)
        terminal.until(lambda: terminal.size == (1, 1), 5, "the window being 1x1")
        terminal.resize(*SMALL)
        terminal.wait_for(r"orders › dead letters|› #")
        assert alive(terminal.program), "the console did not survive"
        terminal.resize(*LARGE)
        terminal.until(lambda: any(len(line) > 100 for line in terminal.lines()), 5, "the new width being used")
        terminal.wait_for(r"body · ")
        leave(terminal)


@checks.step("^Z gives the shell back, fg the console", seconds=90)
def suspends():
    with Terminal(*SMALL) as terminal:
        open_demo(terminal)
        choose(terminal, "checkout")
        terminal.wait_for(CHECKOUT)
        before = terminal.state()
        terminal.keys("C-z")
        terminal.wait_for_shell()
        assert stopped(terminal.program), "the process is not stopped"
        terminal.expect_restored("^Z")
        terminal.type("fg")
        terminal.keys("Enter")
        terminal.wait_for(CHECKOUT)
        terminal.until(lambda: terminal.state() == before, 5, "the console's modes being back")
        terminal.keys("q")
        terminal.wait_for(BOARD)
        leave(terminal)


@checks.step("stopped and continued from outside, and resized meanwhile", seconds=90)
def stopped_from_outside():
    with Terminal(*SMALL) as terminal:
        open_demo(terminal)
        os.kill(terminal.program, signal.SIGTSTP)
        terminal.wait_for_shell()
        terminal.resize(30, 100)
        terminal.type("fg")
        terminal.keys("Enter")
        terminal.wait_for(BOARD)
        terminal.until(lambda: any(len(line) > 80 for line in terminal.lines()), 5, "the new width being used")
        leave(terminal)


@checks.step("q, Q, ^C and :quit leave the terminal as it was", seconds=120)
def ways_out():
    for name, keys in (("Q", ["Q"]), ("^C", ["C-c"]), (":quit", [":", "q", "u", "i", "t", "Enter"])):
        with Terminal(*SMALL) as terminal:
            open_demo(terminal)
            terminal.keys(*keys)
            terminal.expect_restored(name)
            assert not alive(terminal.program)
            (status,) = terminal.shell("echo $?")[-1:]
            assert status.isdigit()


@checks.step("^C while it loads", seconds=60)
def out_while_loading():
    with Terminal(*SMALL) as terminal:
        terminal.type(f"clear; {DEMO}")
        terminal.keys("Enter")
        terminal.until(lambda: terminal.flags("alternate_on")["alternate_on"] == "1", 10, "the alternate screen")
        terminal.keys("C-c")
        terminal.expect_restored("^C while loading")


@checks.step("SIGTERM and SIGHUP end it in order", seconds=90)
def signals():
    for number in (signal.SIGTERM, signal.SIGHUP):
        with Terminal(*SMALL) as terminal:
            open_demo(terminal)
            os.kill(terminal.program, number)
            terminal.expect_restored(number.name)
            assert not alive(terminal.program)


@checks.step("a trap, a segmentation fault and an abort give the terminal back", seconds=150)
def crashes():
    for number in (signal.SIGTRAP, signal.SIGSEGV, signal.SIGILL, signal.SIGABRT, signal.SIGBUS):
        with Terminal(*SMALL) as terminal:
            open_demo(terminal)
            choose(terminal, "checkout")
            terminal.wait_for(CHECKOUT)
            os.kill(terminal.program, number)
            terminal.expect_restored(number.name)
            assert not alive(terminal.program)


@checks.step("it draws without colour, with 8, 16 and 256 colours", seconds=180)
def terminals():
    for term in ("vt100", "linux", "xterm-256color", "screen-256color", "tmux-256color"):
        with Terminal(*SMALL, term=term) as terminal:
            open_demo(terminal)
            assert "checkout" in terminal.screen(), term
            leave(terminal, f"TERM={term}")
    with Terminal(*SMALL, environment={"NO_COLOR": "1"}) as terminal:
        open_demo(terminal)
        colours = re.findall(r"\x1b\[(?:[\d;]*;)?(?:[34][0-7]|9[0-7]|10[0-7]|[34]8[;:][25][;:][\d;:]+)(?:;[\d;]*)?m", terminal.styled())
        assert not colours, f"NO_COLOR is set, and yet: {colours[:5]}"
        leave(terminal, "NO_COLOR")


@checks.step("nothing is written while nothing happens", seconds=90)
def idle():
    with Terminal(*SMALL) as terminal:
        open_demo(terminal)
        terminal.wait_gone("loading")
        terminal.wait_for(r"checkout .* \d+ d ")
        terminal.type(":watch off")
        terminal.keys("Enter")
        terminal.wait_for(r"stay as they are until")
        counters = f"/proc/{terminal.program}/io"
        if not os.path.exists(counters):
            return
        # Ages on screen change in steps of a second at first, later of a minute: what is measured here is that no frame timer runs.
        with open(counters, encoding="ascii") as file:
            before = int(re.search(r"wchar: (\d+)", file.read()).group(1))
        terminal.until(ticking(3), 5, "three seconds passing")
        with open(counters, encoding="ascii") as file:
            after = int(re.search(r"wchar: (\d+)", file.read()).group(1))
        assert after - before < 3000, f"{after - before} bytes written in three idle seconds"
        leave(terminal)


def ticking(seconds):
    """A condition that comes true after some seconds: for the one test that is about time passing."""
    import time

    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


if __name__ == "__main__":
    sys.exit(checks.run())
