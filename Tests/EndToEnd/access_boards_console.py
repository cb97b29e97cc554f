#!/usr/bin/env python3
"""Two things that a console says of access to whoever looks, in terminals (tmux) on a sandbox cloud: how old the keys of shared access rules are, and that
somebody broke the glass. The keys are never on the screen; the glass is broken in another terminal, and every screen says so.

usage: access_boards_console.py [PART OF A STEP'S NAME]      CALLBOARD names the executable (default .build/debug/callboard)
"""

import contextlib
import json
import re
import sys

from terminal import alive  # puts Tests/Interop on the path

import callboard
from access_screens import READ, flat, says
from checks import Checks
from cloud import ADMIN, ON_CALL, ONE_QUEUE, Cloud, console

checks = Checks("keys and emergencies, in terminals")

SMALL, LARGE = (24, 80), (60, 200)
BOARD = r"\b12 services\b"
# A key of Service Bus: 32 bytes in base64.
KEY = re.compile(r"[A-Za-z0-9+/]{43}=")
POLICY = """version: 1
allow:
  - {id: look, who: [anyone], action: [entity.read, message.peek], scope: "**"}
  - {id: rotate, who: [anyone], action: [secret.rotate], scope: "**", max_key_age: 90d}
break_glass:
  - {id: bg, who: [anyone], role: receiver, max_ttl: 1h, reason: required, notify: [topic:order-events], review_within: 24h}
"""

cloud = None
# {user: a home in which they are signed in}
homes = {}


@checks.cleanup
def stop_cloud():
    if cloud is not None:
        cloud.stop()


@checks.step("a sandbox with its cloud, and three people signed in under a policy", seconds=120, essential=True)
def begin():
    global cloud
    cloud = Cloud()
    policy = cloud.folder / "policy.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    policy.chmod(0o600)
    for user in (ADMIN, ON_CALL, ONE_QUEUE):
        homes[user] = cloud.home(is_recorded=False, policy=str(policy), environment=None)
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


def keys_board(size):
    with on_board(ADMIN, size) as terminal:
        terminal.keys("g", "k")
        terminal.wait_for(r"› keys\b")
        terminal.wait_for(r"^▌ not known .*RootManageSh", seconds=READ)
        terminal.wait_for(r"\d+ rules? · ✕ \d+ (of no known age|age unknown) · keys (are )?taken")
        terminal.wait_for(r"as of \d\d:\d\d:\d\dZ|, <1 min")
        assert not KEY.search(terminal.screen()), "a key is on the screen"
        terminal.keys("G")
        says(terminal, "callboard keys refuse --context retail")
        terminal.keys("g", "g", "Enter")
        terminal.wait_for(r"› RootManageSharedAccessKey")
        says(terminal, "nothing of this is done here")
        says(terminal, "callboard keys rotate --context retail --rule RootManageSharedAccessKey --active '<primary or secondary>'")
        assert not KEY.search(terminal.screen()), "a key is on the screen"
        terminal.keys("y", "y")
        terminal.wait_for(r"Copied the command line")
        terminal.keys("q")
        terminal.wait_for(r"RootManageSh.*\(namespace\)")
        # What was read is shown again with its age, and is read anew when somebody asks.
        terminal.keys("q")
        terminal.wait_for(BOARD)
        terminal.type(":keys")
        terminal.keys("Enter")
        terminal.wait_for(r"^▌ .*RootManageSh")


@checks.step("the age of keys, worst first, with the command that makes them anew, at 80x24", seconds=180)
def keys_small():
    keys_board(SMALL)


@checks.step("the age of keys, worst first, with the command that makes them anew, at 200x60", seconds=180)
def keys_large():
    keys_board(LARGE)


@checks.step("who may not read the rules is told the right that it takes, and no empty list", seconds=120)
def keys_refused():
    with on_board(ONE_QUEUE, SMALL) as terminal:
        terminal.keys("g", "k")
        says(terminal, "Microsoft.ServiceBus/namespaces")
        assert "There is no shared access rule" not in flat(terminal)


def broken(user):
    """Breaks the glass from a shell, for half an hour."""
    done = homes[user].run(
        "access", "request", "emails", "--role", "receiver", "--for", "30m", "--reason", "INC-4471 mail stuck", "--break-glass", "--output", "json"
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)[0]["id"]


@checks.step("the glass is broken elsewhere: every screen says who, until when and what is owed, and no longer when it is reviewed", seconds=300)
def break_glass():
    with on_board(ON_CALL, SMALL) as small, on_board(ON_CALL, LARGE) as large:
        assert "BREAK-GLASS" not in small.screen() + large.screen()
        used = broken(ON_CALL)
        # Within half a minute, on the second line.
        banner = r"^ ! BREAK-GLASS +r\.osei@.* until .*(29|30) min.* · review owed by \d\d-\d\d \d\d:\d\d"
        small.wait_for(banner, seconds=READ)
        large.wait_for(r"^ ! BREAK-GLASS +r\.osei@contoso\.example has Data Receiver on emails until", seconds=READ)
        large.wait_for(rf"callboard access review {used[:8]}")
        for terminal in (small, large):
            assert "BREAK-GLASS" in terminal.screen().splitlines()[1], terminal.screen()
        for keys in (("g", "e"), ("g", "a"), ("L",), ("?",), ("g", "j"), ("g", "k")):
            small.keys(*keys)
            small.until(lambda: "12 services" not in small.screen().splitlines()[2], READ, f"the screen of {keys}")
            assert "BREAK-GLASS" in small.screen().splitlines()[1], (keys, small.screen())
            small.keys("g", "b")
            small.wait_for(BOARD)
        done = homes[ON_CALL].run("access", "review", used[:8], "--reason", "looked at three messages; nothing follows")
        assert done.returncode == 0, done.stderr
        # What is owed is settled; it is in force still.
        small.until(lambda: "review owed" not in small.screen(), READ, "no review owed any more")
        assert re.search(r"^ ! BREAK-GLASS +r\.osei@.* until ", small.screen(), re.MULTILINE), small.screen()


if __name__ == "__main__":
    sys.exit(checks.run())
