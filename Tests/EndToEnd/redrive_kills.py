#!/usr/bin/env python3
"""`callboard redrive` and `jobs resume`: killed with kill -9, or cut off from the service, at points that chance chooses, and gone on with
until all is done. Nothing may be lost. With transactions nothing may be there twice; without, only what the job says may be.

usage: redrive_kills.py [--kills N] [--messages N] [--seed N] [PART OF A STEP'S NAME]
"""

import argparse
import collections
import json
import pathlib
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Interop"))

import callboard  # noqa: E402
from checks import Checks  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--kills", type=int, default=8)
parser.add_argument("--messages", type=int, default=2000)
parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
parser.add_argument("only", nargs="?", default="")
options = parser.parse_args()
chance = random.Random(options.seed)
SECONDS = 120 + 8 * options.kills + options.messages // 50

checks = Checks("redrives that are killed")
scratch = pathlib.Path(tempfile.mkdtemp(prefix="callboard-redrive-"))


@checks.cleanup
def remove_scratch():
    import shutil

    shutil.rmtree(scratch, ignore_errors=True)


def configuration():
    file = scratch / "Config.json"
    queues = [{"Name": name, "Properties": {"LockDuration": "PT5S", "MaxDeliveryCount": 10}} for name in ("orders", "replayed")]
    namespace = {"Name": "sbemulatorns", "Queues": queues, "Topics": []}
    file.write_text(json.dumps({"UserConfig": {"Namespaces": [namespace], "Logging": {"Type": "Console"}}}), encoding="utf-8")
    return file


class Relay:
    """Passes bytes on between a client and the sandbox, and cuts every connection when it is told to."""

    def __init__(self, port):
        self.port = port
        self.pairs = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.port))
            with self.lock:
                self.pairs.append((client, server))
            threading.Thread(target=self._pass, args=(client, server), daemon=True).start()

    def _pass(self, client, server):
        other = {client: server, server: client}
        try:
            while True:
                readable, _, _ = select.select([client, server], [], [])
                for side in readable:
                    data = side.recv(65536)
                    if not data:
                        return
                    other[side].sendall(data)
        except (OSError, ValueError):
            return
        finally:
            self._close(client, server)

    @staticmethod
    def _close(*sockets):
        for side in sockets:
            try:
                # A reset, as of a cable that was pulled: what is in flight is gone.
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                side.close()
            except OSError:
                pass

    def cut(self):
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for side in pair:
                try:
                    side.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.listener.close()
        self.cut()


def ask(*arguments, sandbox, ok=(0,), seconds=300):
    done = callboard.run(*arguments, connection_string=sandbox.connection_string, seconds=seconds)
    assert done.returncode in ok, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def ids(sandbox, entity, *where):
    lines = ask("peek", entity, "--all", "--headers-only", "--output", "jsonl", *where, sandbox=sandbox).splitlines()
    return {int(message["sequenceNumber"]): message["messageId"] for message in map(json.loads, lines)}


def counted(sandbox, entity, *where):
    lines = ask("peek", entity, "--all", "--headers-only", "--output", "jsonl", *where, sandbox=sandbox).splitlines()
    return collections.Counter(json.loads(line)["messageId"] for line in lines)


def fill(sandbox):
    """Dead letters, each with an id of its own."""
    file = scratch / "messages.jsonl"
    with file.open("w", encoding="utf-8") as lines:
        for number in range(options.messages):
            body = {"kind": "data", "encoding": "utf-8", "text": f"body {number}"}
            lines.write(json.dumps({"messageId": f"m{number}", "subject": f"s{number % 3}", "body": body}) + "\n")
    ask("send", "orders", "--jsonl", str(file), sandbox=sandbox)
    ask("dead-letter", "orders", "--all", "--because", "poison", "--yes", sandbox=sandbox)
    dead = ids(sandbox, "orders", "--dead-letter")
    assert len(dead) == options.messages, len(dead)
    return dead


def start(sandbox, connection_string, *arguments):
    environment = {**callboard.ENVIRONMENT, "SERVICEBUS_CONNECTION_STRING": connection_string}
    return subprocess.Popen(
        [callboard.EXECUTABLE, *arguments], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def numbers(text):
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def newest(sandbox):
    """The newest job."""
    line = ask("jobs", "--count", "1", "--output", "jsonl", sandbox=sandbox).splitlines()[0]
    return json.loads(line)


def life(sandbox, connection_string, arguments, relay, shortest):
    """Runs a process until chance kills it or cuts it off; gives whether it came to its end."""
    process = start(sandbox, connection_string, *arguments)
    try:
        process.communicate(timeout=shortest + chance.uniform(0.05, 1.2))
        return process.returncode == 0
    except subprocess.TimeoutExpired:
        if relay is not None and chance.random() < 0.5:
            relay.cut()
            # It opens the connection again by itself, and is killed later.
            try:
                process.communicate(timeout=chance.uniform(0.05, 1.2))
                return process.returncode == 0
            except subprocess.TimeoutExpired:
                pass
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=10)
        return False


def redrive_killed(*how):
    with callboard.Sandbox(config=configuration()) as sandbox:
        dead = fill(sandbox)
        relay = Relay(sandbox.amqp_port)
        through = sandbox.connection_string.replace(f":{sandbox.amqp_port}", f":{relay.address}")
        assert through != sandbox.connection_string, sandbox.connection_string
        try:
            before = newest(sandbox)["id"]
            # A rate spreads the work over the lives it is to have, with some to spare.
            rate = str(max(50, options.messages * 5 // (4 * max(options.kills, 1))))
            redrive = ["redrive", "orders", "--dead-letter", "--all", "--to", "replayed", "--rate", rate, "--yes", *how]
            kills, job, is_done, shortest = 0, None, False, 0.0
            while not is_done and kills < options.kills:
                arguments = redrive if job is None else ["jobs", "resume", str(job)]
                is_done = life(sandbox, through, arguments, relay, shortest)
                if job is None:
                    # Killed while it planned: on a busy machine it needs longer until there is a job to be killed.
                    shortest = min(shortest + 0.5, 20)
                else:
                    kills += not is_done
                    shortest = 0.0
                latest = newest(sandbox)
                if latest["id"] > before:
                    job = latest["id"]
                    is_done = is_done or latest["state"] == "finished"
            assert job is not None, "no job was begun"
            for _ in range(20):
                shown = json.loads(ask("jobs", "show", str(job), "--output", "json", sandbox=sandbox))
                if not shown["isResumable"]:
                    break
                process = start(sandbox, through, "jobs", "resume", str(job))
                process.communicate(timeout=280)
            assert shown["state"] == "finished", shown
            doubled = {dead[number] for number in numbers(shown["maybeDoubledSequenceNumbers"])}
            arrived = counted(sandbox, "replayed")
            left = counted(sandbox, "orders", "--dead-letter")
            lost = [name for name in dead.values() if arrived[name] == 0]
            twice = {name for name, count in arrived.items() if count > 1}
            words = f"{kills} kills, {len(twice)} twice, {len(doubled)} reported; seed {options.seed}"
            assert not lost, f"lost: {lost[:10]} ({words})"
            assert not left, f"still there: {len(left)} ({words})"
            assert twice <= doubled, f"twice and not reported: {sorted(twice - doubled)[:10]} ({words})"
            if not how:
                assert not twice and not doubled, words
            ask("audit", "verify", sandbox=sandbox)
            print(f"    {words}")
        finally:
            relay.close()


@checks.step("in transactions: nothing is lost, nothing is there twice", seconds=SECONDS)
def atomic():
    redrive_killed()


@checks.step("without transactions: nothing is lost, and only what the job names may be there twice", seconds=SECONDS)
def step_by_step():
    redrive_killed("--without-transactions")


if __name__ == "__main__":
    sys.exit(checks.run(options.only))
