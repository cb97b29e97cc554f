#!/usr/bin/env python3
"""Access that ends by itself, in two terminals (tmux) on one sandbox cloud: somebody who may read one queue only is refused another, presses R there and
asks for it; an administrator on the board is told, looks at everything that is known of the request, and agrees with keys; the first one peeks. Also: two
who decide about the same, less than was asked, a role ended early, and what is told when its time is over.

usage: access_requests_console.py [PART OF A STEP'S NAME]      CALLBOARD names the executable (default .build/debug/callboard)
"""

import contextlib
import sys

import requests
from terminal import alive  # puts Tests/Interop on the path

import access_screens
import callboard
from access_screens import READ, ask, decide, flat, open_request, says
from checks import Checks
from cloud import ADMIN, ON_CALL, ONE_QUEUE, Cloud, console

checks = Checks("asking for roles and deciding, in terminals")

SMALL, LARGE = (24, 80), (60, 200)
BOARD = r"\b12 services\b"

cloud = None
# {user: a home in which they are signed in}
homes = {}


@checks.cleanup
def stop_cloud():
    if cloud is not None:
        cloud.stop()


@checks.step("a sandbox with its cloud, and three people signed in", seconds=90, essential=True)
def begin():
    global cloud
    cloud = Cloud()
    for user in (ONE_QUEUE, ADMIN, ON_CALL):
        homes[user] = cloud.home(is_recorded=False, mode="read-write")
        homes[user].sign_in(user)


@contextlib.contextmanager
def on_board(user, size):
    """A console of somebody's, on its board; left in the end."""
    with console(homes[user], *size) as terminal:
        terminal.start(callboard.EXECUTABLE, BOARD, seconds=READ)
        yield terminal
        terminal.keys("Q")
        terminal.expect_restored("the console")
        assert not alive(terminal.program), "the process is still there"


def advance(seconds):
    """Lets time pass in the cloud."""
    answer = requests.post(f"{cloud.origin}/$sandbox/cloud/advance", json={"seconds": seconds}, verify=cloud.ready["caFile"], timeout=5)
    assert answer.status_code == 200, answer.text


def to_refusal(terminal):
    """board → entity → its messages, which may not be looked into: what an earlier step left in force is over."""
    advance(7201)
    access_screens.to_refusal(terminal)


def whole_way(size):
    with on_board(ADMIN, size) as agreeing, on_board(ONE_QUEUE, size) as asking:
        to_refusal(asking)
        ask(asking, "INC-4471 checkout stuck")
        # Nobody looked: the board tells, and says how many wait.
        agreeing.wait_for(r"Layla Haddad asks for Data Receiver on orders for 30 min", seconds=90)
        agreeing.keys("Escape")
        agreeing.wait_for(r"a access \(1 waiting\)")
        open_request(agreeing)
        said = flat(agreeing)
        for words in ("INC-4471 checkout stuck", "Data Receiver on invoices", "can also complete (delete) messages", "Entra PIM"):
            assert words in said, f"{words!r} is not shown: {said}"
        decide(agreeing, "A", "on call, go ahead")
        agreeing.wait_for(r"Approved: Data Receiver on orders", seconds=READ)
        # The first is told, and until when is in the top line.
        asking.wait_for(r"Data Receiver on orders: granted", seconds=READ)
        if size == LARGE:
            # On 80 columns errors and who one is go first.
            asking.wait_for(r"PIM until (\d\d-\d\d )?\d\d:\d\d")
        asking.keys("Tab")
        asking.wait_for(r"access › in force")
        asking.wait_for(r"^▌ Layla Haddad \(you\).* left", seconds=READ)
        asking.keys("q")
        asking.wait_for(r"› orders › messages|› orders\b|… › messages")
        asking.keys("C-r")
        asking.wait_for(r"^▌ +\d+ ", seconds=READ)
        # Its time comes: it is told, and the queue is closed again.
        advance(1801)
        # The console's own clock says that half an hour is left; a look at the lists tells it.
        asking.keys("g", "a")
        asking.wait_for(r"Your Data Receiver on orders has ended", seconds=90)
        asking.keys("q")
        asking.wait_for(r"› messages")
        asking.keys("C-r")
        says(asking, "R asks for Data Receiver on orders")
        assert "PIM until" not in asking.screen()


@checks.step("refused, asked, told, agreed, peeked, over, at 80x24", seconds=240)
def whole_way_small():
    whole_way(SMALL)


@checks.step("refused, asked, told, agreed, peeked, over, at 200x60", seconds=240)
def whole_way_large():
    whole_way(LARGE)


@checks.step("two have the form open: the second is told who decided, and nothing breaks", seconds=200)
def two_decide():
    with on_board(ONE_QUEUE, SMALL) as asking:
        to_refusal(asking)
        ask(asking, "who is first?")
    with on_board(ADMIN, SMALL) as first, on_board(ON_CALL, LARGE) as second:
        for terminal in (first, second):
            open_request(terminal)
            terminal.keys("X")
            terminal.wait_for(r"^reason to deny:")
        for terminal in (first, second):
            terminal.type("the dashboard shows the same")
            terminal.keys("Enter")
            terminal.wait_for(r"\^S: deny")
        first.keys("C-s")
        first.wait_for(r"Denied: Data Receiver on orders", seconds=READ)
        second.keys("C-s")
        says(second, "already decided: denied by Karin Brandt")
        second.keys("q")
        second.wait_for(r"access › waiting for you")
        second.wait_for(r"Nothing waits for you", seconds=READ)


@checks.step("less than was asked, never more; and a role ended before its time", seconds=240)
def narrowed_and_ended():
    with on_board(ADMIN, SMALL) as agreeing, on_board(ONE_QUEUE, SMALL) as asking:
        to_refusal(asking)
        ask(asking, "a look", time="2h")
        open_request(agreeing)
        agreeing.keys("N")
        agreeing.wait_for(r"^[▌ ] +for +2h")
        agreeing.keys("Enter", "C-u")
        agreeing.type("3h")
        says(agreeing, "never widened")
        agreeing.keys("C-u")
        agreeing.type("10m")
        agreeing.keys("Enter")
        agreeing.wait_for(r"^[▌ ] ?\* for +10m")
        agreeing.keys("j", "Enter")
        agreeing.wait_for(r"^reason to narrow:")
        agreeing.type("a look is enough")
        agreeing.keys("Enter")
        agreeing.wait_for(r"\^S: narrow|\^S, then type")
        agreeing.keys("C-s")
        agreeing.wait_for(r"^type orders to narrow:")
        agreeing.type("orders")
        agreeing.keys("Enter")
        says(agreeing, "given instead: Data Receiver on orders for 10m")
        asking.wait_for(r"Data Receiver on orders: denied", seconds=READ)
        asking.keys("Tab")
        asking.wait_for(r"^▌ Layla Haddad \(you\).* left", seconds=READ)
        # Ended before its time by who gave it: the one who had it is told.
        agreeing.keys("Tab", "Tab")
        agreeing.wait_for(r"access › in force")
        agreeing.wait_for(r"^▌ Layla Haddad", seconds=READ)
        decide(agreeing, "D", "the incident is over")
        agreeing.wait_for(r"Ended\. Links that are open live", seconds=READ)
        asking.wait_for(r"Your Data Receiver on orders has ended", seconds=READ)


if __name__ == "__main__":
    sys.exit(checks.run())
