#!/usr/bin/env python3
"""The demo as the documents tell it: in one terminal `callboard demo --as requester` asks for Data Receiver on a queue for 30 minutes, and looking into
it is refused; in another `callboard demo --as approver` agrees with keys; looking works; the clock passes; it is refused again. In the end the ledger of
both and the Activity Log of the demo's cloud say the same.

usage: access_demo_console.py [PART OF A STEP'S NAME]      CALLBOARD names the executable (default .build/debug/callboard)
"""

import json
import pathlib
import shutil
import sys
import tempfile
import types

import requests
from terminal import Terminal, alive  # puts Tests/Interop on the path

import callboard
from access_screens import READ, ask, decide, open_request, peeks, says, to_refusal
from checks import Checks, eventually
from cloud import ADMIN, demo_home, demo_sign_in

checks = Checks("the demo of a role that ends by itself, in two terminals")

BOARD = r"\b12 services\b"
folder = pathlib.Path(tempfile.mkdtemp(prefix="callboard-demo-"))


@checks.cleanup
def remove_folder():
    shutil.rmtree(folder, ignore_errors=True)


def advance(place, seconds):
    """Lets time pass in the demo's cloud."""
    origin = f"https://127.0.0.1:{place['cloudPort']}"
    answer = requests.post(f"{origin}/$sandbox/cloud/advance", json={"seconds": seconds}, verify=place["caFile"], timeout=5)
    assert answer.status_code == 200, answer.text


def leave(terminal):
    terminal.keys("Q")
    terminal.expect_restored("the demo")
    assert not alive(terminal.program), "the process is still there"


def whole_way(rows, columns):
    # Two terminals of one person's machine: the second finds the first one's sandbox by a file in their state folder.
    state = folder / f"state-{columns}"
    environment = {"XDG_STATE_HOME": str(state)}
    with Terminal(rows, columns, environment=environment) as asking, Terminal(rows, columns, environment=environment) as agreeing:
        file = state / "callboard" / "demo.json"
        asking.start(f"{callboard.EXECUTABLE} demo --as requester", BOARD, seconds=60)
        eventually(file.exists, 30, what=f"the file of the demo, beside {asking.screen()}")
        place = json.loads(file.read_text(encoding="utf-8"))
        agreeing.start(f"{callboard.EXECUTABLE} demo --as approver", BOARD, seconds=60)
        assert json.loads(file.read_text(encoding="utf-8")) == place, "the second began a sandbox of its own"
        to_refusal(asking)
        ask(asking, "INC-4471 checkout stuck")
        agreeing.wait_for(r"Layla Haddad asks for Data Receiver on orders for 30 min", seconds=90)
        asking.keys("q")
        asking.wait_for(r"› messages")
        asking.keys("C-r")
        says(asking, "R asks for Data Receiver on orders")
        asking.keys("g", "a")
        agreeing.keys("Escape")
        agreeing.wait_for(r"a access \(1 waiting\)")
        open_request(agreeing)
        decide(agreeing, "A", "on call, go ahead")
        agreeing.wait_for(r"Approved: Data Receiver on orders", seconds=READ)
        asking.wait_for(r"Data Receiver on orders: granted", seconds=READ)
        peeks(asking)
        advance(place, 1801)
        asking.keys("g", "a")
        asking.wait_for(r"Your Data Receiver on orders has ended", seconds=90)
        asking.keys("q")
        asking.wait_for(r"› messages")
        asking.keys("C-r")
        says(asking, "R asks for Data Receiver on orders")
        reconcile(place, state / "callboard" / "audit.jsonl", state)
        leave(agreeing)
        leave(asking)
        assert not file.exists(), "the file is there after the demo's end"


def reconcile(place, ledger, name):
    """What both did is in the ledger, whole, and it and the Activity Log of the demo's cloud say the same."""
    records = [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()]
    done = [(each["type"], each["actor"]["name"]) for each in records if each["type"].endswith(".done")]
    assert done == [("access.request.done", "l.haddad@contoso.example"), ("access.approve.done", ADMIN)], done
    home = demo_home(types.SimpleNamespace(folder=folder), folder / f"home-{name.name}", place)
    demo_sign_in(home, place, ADMIN)
    assert home.run("audit", "verify", "--ledger", str(ledger)).returncode == 0, "the chain of the ledger is broken"
    found = home.run("audit", "reconcile", "--ledger", str(ledger), "--fail-if-any", "--output", "json", seconds=40)
    assert found.returncode == 0, (found.stdout, found.stderr)
    findings = [each["finding"] for each in json.loads(found.stdout)]
    assert findings.count("matched") >= 2 and set(findings) <= {"matched", "by Azure"}, findings


@checks.step("asked for, refused, agreed to, looked into, over, refused again, reconciled, at 80x24", seconds=300)
def small():
    whole_way(24, 80)


@checks.step("the same at 200x60", seconds=300)
def large():
    whole_way(60, 200)


if __name__ == "__main__":
    sys.exit(checks.run())
