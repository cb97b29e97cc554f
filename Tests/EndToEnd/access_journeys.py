#!/usr/bin/env python3
"""Who has access, and where that is not as it should be: journeys through the console in a real terminal (tmux), small and large. An administrator
finds out who can read a queue and what one of them can do besides, and goes from a list of findings to the plan that would mend one; somebody who
may read one queue only is told what may not be known, and by which right it could be. The cloud is the sandbox's own.

usage: access_journeys.py [PART OF A STEP'S NAME]      CALLBOARD names the executable (default .build/debug/callboard)
"""

import json
import re
import sys

from terminal import alive  # puts Tests/Interop on the path

import callboard
from checks import Checks
from cloud import ADMIN, ONE_QUEUE, Cloud, console

checks = Checks("who has access")

SMALL, LARGE = (24, 80), (60, 200)
BOARD = r"\b12 services\b"
# Azure is asked for some dozens of things, by a debug build, on a machine that does other things too.
READ = 30

cloud = None
# {user: a home in which they are signed in}
homes = {}


@checks.cleanup
def stop_cloud():
    if cloud is not None:
        cloud.stop()


@checks.step("a sandbox with its cloud, an administrator and somebody with one queue signed in", seconds=60, essential=True)
def begin():
    global cloud
    cloud = Cloud()
    for user in (ADMIN, ONE_QUEUE):
        homes[user] = cloud.home()
        homes[user].sign_in(user)


def open_board(terminal):
    terminal.start(callboard.EXECUTABLE, BOARD, seconds=READ)


def leave(terminal):
    terminal.keys("Q")
    terminal.expect_restored("the console")
    assert not alive(terminal.program), "the process is still there"


def to_invoices(terminal):
    """board → service → queue, as somebody goes who does not know the names of commands."""
    terminal.type("/billing")
    terminal.keys("Enter")
    terminal.wait_for(r"^ /billing")
    terminal.keys("Enter")
    terminal.wait_for(r"owner team-fin")
    terminal.wait_for(r"^▌ invoices\b")
    terminal.keys("Enter")
    terminal.wait_for(r"^ invoices\b")


def flat(terminal):
    """The text on the screen without line ends: what is wrapped is one sentence still."""
    return " ".join(terminal.screen().split())


def select(terminal, name):
    """Filters the list by a name, so that its line is the first, and leaves it there."""
    terminal.type("/" + name)
    terminal.keys("Enter")
    terminal.wait_for(rf"^ /{re.escape(name)}  esc clears")


def signed_in_name(user):
    """What the top line calls somebody, where there is little room or much."""
    name = user.split("@")[0]
    return rf"({re.escape(user)}|as {re.escape(name)}@…)"


def who_can_read(rows, columns):
    with console(homes[ADMIN], rows, columns) as terminal:
        open_board(terminal)
        terminal.wait_for(signed_in_name(ADMIN) + r" · read-only")
        to_invoices(terminal)
        terminal.keys("b")
        terminal.wait_for(r"invoices › bindings")
        terminal.wait_for(r"^ invoices .*· send \d+\+? · receive \d+", seconds=READ)
        terminal.wait_for(r"as of \d\d:\d\d:\d\dZ, ")

        # What reaches further than the queue names where it comes from.
        select(terminal, "Dana")
        line = terminal.wait_for(r"^▌ Dana Moreau .*$").group(0)
        assert "↓ namespace" in line, f"a role on the namespace does not say so: {line}"
        terminal.keys("Escape")
        terminal.wait_gone(r"esc clears the filter")

        # Who can receive: Layla is there, by a role on the queue itself.
        terminal.keys("w", "w")
        terminal.wait_for(r"where they can receive")
        select(terminal, "Layla")
        line = terminal.wait_for(r"^▌ Layla Haddad .*$").group(0)
        assert "direct" in line and re.search(r"·\s+yes\s+·", line), f"she can receive, by a role on the queue itself: {line}"
        if columns >= 120:
            assert "Data Receiver" in line, line
        said = flat(terminal)
        assert "Azure Service Bus Data Receiver, assigned at queue invoices" in said, "below the list it is said in full"

        # And what else she can do.
        terminal.keys("Enter")
        terminal.wait_for(r"› Layla Haddad\b")
        terminal.wait_for(r"^ Layla Haddad · person · \d+ roles? here")
        terminal.wait_for(r"^[▌ ] +invoices\b|^▌ invoices\b")
        terminal.keys("q")
        terminal.wait_for(r"invoices › bindings")
        leave(terminal)


@checks.step("who can read this queue, at 80x24: board, service, queue, bindings, one identity", seconds=90)
def who_can_read_small():
    who_can_read(*SMALL)


@checks.step("who can read this queue, at 200x60", seconds=90)
def who_can_read_large():
    who_can_read(*LARGE)


@checks.step("the console's bindings are those of the command", seconds=60)
def same_as_command():
    done = homes[ADMIN].run("bindings", "invoices", "--output", "json")
    assert done.returncode == 0, done.stderr
    holders = json.loads(done.stdout)
    with console(homes[ADMIN], *LARGE) as terminal:
        open_board(terminal)
        terminal.type(":bindings invoices")
        terminal.keys("Enter")
        terminal.wait_for(rf"^ +1 of {len(holders)}$", seconds=READ)
        for holder in holders:
            assert terminal.line(re.escape(holder["principal"])), f"{holder['principal']} is not on the screen"
        leave(terminal)


def drift_to_plan(rows, columns):
    done = homes[ADMIN].run("drift", "--severity", "high", "--output", "json")
    assert done.returncode == 0, done.stderr
    findings = [finding for finding in json.loads(done.stdout) if finding["checked"]]
    # One whose plan has a request with a body.
    finding = next(each for each in findings if any(step.get("request", {}).get("method") == "PUT" for step in each["fix"]))
    with console(homes[ADMIN], rows, columns) as terminal:
        open_board(terminal)
        terminal.keys("b")
        terminal.wait_for(r"› bindings")
        terminal.wait_for(r"^ \d+ entities .*findings?[ ,]", seconds=READ)
        terminal.keys("f")
        terminal.wait_for(r"drift")
        terminal.wait_for(r"^▌ high +[A-Z_]+")
        terminal.keys("s", "s")
        terminal.wait_for(rf"where it is high .* 1 of {len(findings)}$")
        # The words of a filter must all occur; an id occurs once.
        select(terminal, finding["id"])
        terminal.wait_for(rf"^▌ high +{finding['finding']}\b.*")
        terminal.keys("Enter")
        terminal.wait_for(rf"› {finding['finding']}\b")
        terminal.wait_for(re.escape(finding["id"]))
        assert "what shows it" in terminal.screen()

        # The plan, step by step, as far down as it goes.
        seen = flat(terminal)
        while terminal.line(r"line \d+-\d+ of \d+"):
            before = terminal.line(r"line \d+-\d+ of \d+")
            if re.search(r"-(\d+) of \1\b", before):
                break
            terminal.keys("C-f")
            terminal.until(lambda: terminal.line(r"line \d+-\d+ of \d+") != before, 5, "the next page")
            seen += " " + flat(terminal)
        assert "nothing of this is done here" in seen, seen
        joined = seen.replace(" ", "")
        for number, step in enumerate(finding["fix"], 1):
            assert f"{number}.{step['step'][:30].replace(' ', '')}" in joined, f"step {number} is missing: {step['step']}"
            if "request" in step:
                request = step["request"]
                start = f"{request['method']} /subscriptions/"
                assert start in seen, f"the request of step {number} is missing: {start}"
                assert request["path"].rsplit("?", 1)[1] in joined, request["path"]
        terminal.type("yv")
        terminal.wait_for(r"Copied the requests \(")
        asked = cloud.recorder.requests(r"^(PUT|DELETE|PATCH) ")
        assert not asked, f"looking at a plan changed something: {asked}"
        leave(terminal)


@checks.step("from a finding to its plan with the requests, at 80x24", seconds=90)
def drift_small():
    drift_to_plan(*SMALL)


@checks.step("from a finding to its plan with the requests, at 200x60", seconds=90)
def drift_large():
    drift_to_plan(*LARGE)


def one_queue(rows, columns):
    with console(homes[ONE_QUEUE], rows, columns) as terminal:
        open_board(terminal)
        terminal.wait_for(signed_in_name(ONE_QUEUE))
        to_invoices(terminal)
        terminal.keys("b")
        terminal.wait_for(r"invoices › bindings")
        terminal.wait_for(r"^ invoices · ✕ who has access is not known", seconds=READ)
        said = flat(terminal)
        needed = r"✕ not known: (role assignments|the namespace): not permitted: needs Microsoft\.\S+/read at "
        assert re.search(needed, said), f"it does not say which right is needed: {said}"
        assert "nobody" not in said.lower(), f"what may not be known is told as nobody: {said}"
        assert not re.search(r"\b(send|receive|manage) 0\b", said), said

        # Nor is a list of findings that could not be looked for an all-clear.
        terminal.keys("f")
        terminal.wait_for(r"› drift")
        terminal.wait_for(r"kinds? not checked")
        terminal.keys("G")
        terminal.wait_for(r"not checked: [A-Z_]+")
        leave(terminal)


@checks.step("with one queue only, at 80x24: what may not be known is named with the right it takes, and is never nobody", seconds=60)
def one_queue_small():
    one_queue(*SMALL)


@checks.step("with one queue only, at 200x60", seconds=60)
def one_queue_large():
    one_queue(*LARGE)


if __name__ == "__main__":
    sys.exit(checks.run())
