#!/usr/bin/env python3
"""Ten thousand entities: `callboard entities` beside a sandbox that counts credits and refuses beyond what the Standard tier allows.

What is asserted: every entity is there once, in the commands and in the console's tree, the namespace's budget is never exceeded, and no
call is refused. What is printed: when the first row came, how long the whole took, and the most memory the program held. Times depend on
the machine and are not asserted.

usage: listing.py [NUMBER OF QUEUES]
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Interop"))

import callboard
from checks import Checks
from terminal import Terminal

checks = Checks("listing many entities")

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
TIER_CREDITS = 1000
TOPICS = 20


def configuration():
    queues = [{"Name": f"q-{number:05}"} for number in range(COUNT - 3 * TOPICS)]
    topics = [{"Name": f"t-{number:02}", "Subscriptions": [{"Name": "a"}, {"Name": "b"}]} for number in range(TOPICS)]
    return {"UserConfig": {"Namespaces": [{"Name": "sbemulatorns", "Queues": queues, "Topics": topics}], "Logging": {"Type": "File"}}}


def credits():
    with urllib.request.urlopen(f"http://127.0.0.1:{sandbox.http_port}/$sandbox/credits", timeout=10) as answer:
        return json.load(answer)


def measured(*arguments):
    """Runs a command; gives its lines, the seconds to its first, the seconds to its end and the most memory it held, in MB."""
    variables = {**callboard.ENVIRONMENT, "SERVICEBUS_CONNECTION_STRING": sandbox.connection_string}
    start = time.monotonic()
    process = subprocess.Popen(
        [callboard.EXECUTABLE, *arguments], env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first = process.stdout.readline()
    seconds_to_first = time.monotonic() - start
    lines = [first, *process.stdout.readlines()]
    errors = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"callboard {' '.join(arguments)} ended with {process.returncode}: {errors}"
    megabytes = usage.ru_maxrss / 1024
    print(f"      {' '.join(arguments)}: first row {seconds_to_first:.2f} s, all {len(lines)} {seconds:.2f} s, {megabytes:.0f} MB", flush=True)
    return lines


def stays_within_budget(before):
    after = credits()
    print(f"      {after['calls'] - before['calls']} calls, at most {after['mostCreditsPerSecond']} credits in a second", flush=True)
    assert after["refusedCalls"] == 0, f"calls were refused: {after}"
    assert after["mostCreditsPerSecond"] <= TIER_CREDITS, f"the budget was exceeded: {after}"


@checks.step(f"{COUNT} entities are streamed line by line, each once", seconds=240)
def streamed():
    before = credits()
    names = [json.loads(line)["path"] for line in measured("entities", "--output", "jsonl")]
    assert len(names) == COUNT, len(names)
    assert len(set(names)) == COUNT, "some are there twice"
    stays_within_budget(before)


@checks.step("the same as one table", seconds=240)
def table():
    before = credits()
    lines = measured("entities")
    assert len(lines) == COUNT + 1, len(lines)
    stays_within_budget(before)


@checks.step("the console's tree holds them all", seconds=240)
def tree():
    before = credits()
    variables = {"SERVICEBUS_CONNECTION_STRING": sandbox.connection_string}
    with Terminal(24, 80, environment=variables) as terminal:
        start = time.monotonic()
        terminal.type(f"{callboard.EXECUTABLE}; exit")
        terminal.keys("Enter")
        terminal.wait_for("services", seconds=60)
        terminal.type(":entities")
        terminal.keys("Enter")
        terminal.wait_for(r"\b[qt]-\d+", seconds=60)
        first = time.monotonic() - start
        terminal.wait_for(f"{COUNT:,} entities", seconds=120)
        whole = time.monotonic() - start
        megabytes = peak_megabytes(terminal.foreground())
    print(f"      console: first rows {first:.2f} s after its start, all {whole:.2f} s{megabytes}", flush=True)
    stays_within_budget(before)


def peak_megabytes(process):
    """The most memory a running process has held, as a clause; nothing where there is no /proc."""
    try:
        status = pathlib.Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return ""
    (kilobytes,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return f", {int(kilobytes) // 1024} MB"


with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "Config.json"
    path.write_text(json.dumps(configuration()))
    with callboard.Sandbox("--credits-per-second", str(TIER_CREDITS), config=path, ready_within=60) as sandbox:
        status = checks.run(only="")
sys.exit(status)
