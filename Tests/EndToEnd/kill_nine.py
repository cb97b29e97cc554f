#!/usr/bin/env python3
"""`callboard sandbox --data`: killed with kill -9 at points that chance chooses, in the middle of sends, settlements, changes and its own
start, and opened again. Every send that was acknowledged must be there, nothing whose settlement was acknowledged may return, and what was
under way may be either, but not both. The official Azure client (azure-servicebus) does the work. Then what else is promised of the folder.

usage: kill_nine.py [--kills N] [--seed N] [PART OF A STEP'S NAME]
"""

import argparse
import logging
import pathlib
import random
import re
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Interop"))

import callboard  # noqa: E402
from checks import Checks  # noqa: E402
from kept_ledger import ACTIVE, DEAD, Ledger  # noqa: E402
from kill_workers import CONFIGURATION, PLACES, Workers  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--kills", type=int, default=6)
parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
parser.add_argument("only", nargs="?", default="")
options = parser.parse_args()

checks = Checks("kill -9 of a durable sandbox")
scratch = pathlib.Path(tempfile.mkdtemp(prefix="callboard-kill-"))
# What the client has to say about connections that break is no news here.
logging.getLogger("azure").setLevel(logging.CRITICAL)


@checks.cleanup
def remove_scratch():
    shutil.rmtree(scratch, ignore_errors=True)


def configuration():
    file = scratch / "Config.json"
    file.write_text(CONFIGURATION, encoding="utf-8")
    return file


def durable(folder, *arguments, **more):
    """A sandbox, still to be started, on a folder."""
    return callboard.Sandbox("--data", str(folder), *arguments, **more)


def seen(sandbox, place, *where):
    """What is in a place: id, where, delivery count, sequence number.

    A scheduled message that becomes active while somebody looks can be seen in both its places or in neither: two looks must agree."""
    before = None
    while True:
        messages = callboard.peek(place, "--all", "--headers-only", *where, connection_string=sandbox.connection_string, output="jsonl")
        found = [
            (message["messageId"], DEAD if where else message.get("state", ACTIVE), message["deliveryCount"], int(message["sequenceNumber"]))
            for message in messages
        ]
        if place != "later" or found == before:
            return found
        before = found


def compare(sandbox, ledger):
    """Everything that is there against everything that may be."""
    wrong = []
    for place in PLACES:
        wrong += ledger.compare(place, seen(sandbox, place) + seen(sandbox, place, "--dead-letter"))
    done = callboard.run("entities", "--output", "jsonl", connection_string=sandbox.connection_string)
    names = set(re.findall(r"made-\d+", done.stdout))
    for name, may in ledger.entities.items():
        if (True if name in names else None) not in may:
            wrong.append(f"the queue {name} is {'there' if name in names else 'missing'}")
        ledger.entities[name] = {True if name in names else None}
    return wrong


@checks.step(f"{options.kills} kills, seed {options.seed}", seconds=60 + 30 * options.kills, essential=True)
def kills():
    chance = random.Random(options.seed)
    folder, file, ledger = scratch / "data", configuration(), Ledger()
    longest_start = 0.0
    began = time.monotonic()
    for kill in range(options.kills):
        begin = time.monotonic()
        sandbox = durable(folder, config=file).start()
        longest_start = max(longest_start, time.monotonic() - begin)
        wrong = compare(sandbox, ledger)
        assert not wrong, f"after {kill} kills: " + "\n".join(wrong[:20])
        workers = Workers(sandbox, ledger, f"{options.seed}-{kill}")
        workers.start()
        # From before the first connection is open until all are hard at work.
        time.sleep(chance.choice([0.3, 1.6, 1.6, 1.6]) * chance.random() + 0.2)
        workers.over.set()
        sandbox.kill()
        errors = workers.join()
        assert not errors, f"before kill {kill + 1}: " + "; ".join(errors)
        if chance.random() < 0.2:
            kill_while_it_starts(folder, chance)
        if (kill + 1) % 20 == 0:
            print(f"        {kill + 1} kills: {ledger.counted}", flush=True)
    with durable(folder, config=file) as sandbox:
        wrong = compare(sandbox, ledger)
        assert not wrong, "in the end: " + "\n".join(wrong[:20])
    assert sandbox.process.returncode == 0, sandbox.diagnostics()
    size = (folder / "namespace.sqlite").stat().st_size
    print(
        f"        {options.kills} kills in {time.monotonic() - began:.0f} s; "
        + ", ".join(f"{number} {name}" for name, number in ledger.counted.items())
        + f"; opened again in {longest_start:.2f} s at most, {size >> 10} KiB in the end"
    )
    assert ledger.counted["sends acknowledged"] >= 20 * options.kills, "too little was sent to tell anything"
    assert ledger.counted["settlements acknowledged"] >= 5 * options.kills, "too little was settled to tell anything"


def kill_while_it_starts(folder, chance):
    process = subprocess.Popen(
        [callboard.EXECUTABLE, "sandbox", "--amqp-port", "0", "--http-port", "0", "--data", str(folder)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=callboard.ENVIRONMENT,
    )  # fmt: skip
    time.sleep(0.3 * chance.random())
    process.kill()
    process.wait(timeout=10)


def refused(folder, status, *words):
    """A sandbox on that folder must end at once with this status and a message that has these words."""
    begin = time.monotonic()
    done = callboard.run("sandbox", "--amqp-port", "0", "--http-port", "0", "--data", str(folder))
    assert time.monotonic() - begin < 5, "it took longer than 5 s to say so"
    assert done.returncode == status, f"exit status {done.returncode}: {done.stderr}"
    assert done.stdout == "", done.stdout
    for word in words:
        assert re.search(word, done.stderr), f"/{word}/ is missing: {done.stderr}"


@checks.step("a folder in use is refused, and the one who uses it does not notice")
def in_use():
    folder = scratch / "shared"
    with durable(folder, config=configuration()) as sandbox:
        refused(folder, 1, "in use by another sandbox", "namespace.sqlite", "--data")
        assert callboard.run("send", "work", stdin="still here", connection_string=sandbox.connection_string).returncode == 0


@checks.step("only this user can read what is kept")
def private():
    folder = scratch / "private" / "deep"
    with durable(folder, config=configuration()) as sandbox:
        callboard.run("send", "work", stdin="a secret", connection_string=sandbox.connection_string)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, oct(folder.stat().st_mode)
        names = sorted(file.name for file in folder.iterdir())
        assert names == ["namespace.sqlite", "namespace.sqlite-wal"], names
        for file in folder.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, (file.name, oct(file.stat().st_mode))


@checks.step("a kept namespace is not seeded again, and it says so")
def seeded_once():
    folder = scratch / "seeded"
    with durable(folder, "--seed", "demo") as sandbox:
        count = len(seen(sandbox, "orders"))
    with durable(folder, "--seed", "demo", config=configuration()) as sandbox:
        assert len(seen(sandbox, "orders")) == count > 0
        assert "work" not in callboard.run("entities", connection_string=sandbox.connection_string).stdout
        assert re.search("has a namespace already.*--config and --seed", sandbox.diagnostics()), sandbox.diagnostics()


@checks.step("a damaged file, a newer one, another program's and a folder that is none are refused and stay as they are")
def not_ours():
    with durable(scratch / "whole", config=configuration()):
        pass
    for name, spoil, words in (
        ("garbage", lambda file: file.write_bytes(b"no database, only text. " * 400), ("damaged", "Move the file")),
        ("holes", make_holes, ("damaged", "Move the file")),
        ("newer", lambda file: run_sql(file, "INSERT INTO grdb_migrations VALUES ('99')"), ("newer version", "99")),
        ("foreign", lambda file: (file.unlink(), run_sql(file, "CREATE TABLE album (title TEXT)")), ("not one of a sandbox",)),
    ):
        folder = scratch / name
        shutil.copytree(scratch / "whole", folder)
        file = folder / "namespace.sqlite"
        spoil(file)
        before = file.read_bytes()
        refused(folder, 1, re.escape(str(file)), *words)
        assert file.read_bytes() == before, f"{name}: the file was changed"
    refused(scratch / "Config.json", 2, "cannot be used", "it is a file")
    refused("/proc/nowhere", 2, "cannot be used")


def make_holes(file):
    """Overwrites every second page but the first."""
    content = bytearray(file.read_bytes())
    for page in range(4096, len(content), 8192):
        content[page : page + 4096] = b"\xa5" * 4096
    file.write_bytes(content)


def run_sql(file, statement):
    with sqlite3.connect(file) as database:
        database.execute(statement)
    database.close()


@checks.step("a file that may grow no further ends the sandbox, and what was acknowledged is there")
def full():
    folder = scratch / "full"
    with durable(folder, config=configuration()):
        pass
    # As full as a disk can be for one process alone.
    limit = (folder / "namespace.sqlite").stat().st_size + (1 << 19)

    def fill():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    sandbox = durable(folder, before=fill).start()
    sent = 0
    while sandbox.process.poll() is None and sent < 200:
        done = callboard.run("send", "work", stdin="x" * 30_000, connection_string=sandbox.connection_string)
        if done.returncode != 0:
            break
        sent += 1
    assert 0 < sent < 200, f"{sent} messages were taken"
    assert sandbox.process.wait(timeout=10) == 1, sandbox.process.returncode
    assert re.search("namespace.sqlite cannot be (read or )?written", sandbox.diagnostics()), sandbox.diagnostics()
    with durable(folder) as sandbox:
        assert len(seen(sandbox, "work")) == sent


if __name__ == "__main__":
    sys.exit(checks.run(options.only))
