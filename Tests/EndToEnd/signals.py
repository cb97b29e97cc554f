#!/usr/bin/env python3
"""Commands that are told to end: by ^C, by SIGTERM, by a terminal that is closed. What is under way stops between messages, what was held in between
is given back uncounted, what was only looked at is left at once, and the exit status is 130.

usage: signals.py [PART OF A STEP'S NAME]      CALLBOARD names the executable (default .build/debug/callboard)
"""

import json
import os
import pathlib
import pty
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Interop"))

import callboard
from azure.servicebus import ServiceBusClient
from checks import Checks, eventually

checks = Checks("commands that are told to end")

PROBLEM, INTERRUPTED = 1, 130
# Every second one, and more before and behind.
CHOSEN, COUNT = "2,4,6,8,10", 20

sandbox = slow = None


@checks.cleanup
def stop():
    for each in (sandbox, slow):
        if each is not None:
            each.stop()


@checks.step("a sandbox, and a slow one", seconds=60, essential=True)
def begin():
    global sandbox, slow
    sandbox = callboard.Sandbox().start()
    slow = callboard.Sandbox("--seed", "demo", "--latency", "400ms").start()


def environment(place):
    return {**callboard.ENVIRONMENT, "SERVICEBUS_CONNECTION_STRING": place.connection_string}


def start(place, *arguments, **how):
    return subprocess.Popen(
        [callboard.EXECUTABLE, *arguments], env=environment(place), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how
    )


def in_terminal(place, *arguments):
    """The command as the leader of a terminal's session; its process id, and the other end of the terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(callboard.EXECUTABLE, [callboard.EXECUTABLE, *arguments], environment(place))
    return pid, terminal


def end_of(pid, seconds=20):
    """The exit status, or -N for signal N."""
    found = eventually(lambda: os.waitpid(pid, os.WNOHANG)[1:] if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) else None, seconds)
    return os.waitstatus_to_exitcode(found[0])


def queue(name):
    lines = "".join(json.dumps({"messageId": f"m{n}"}) + "\n" for n in range(1, COUNT + 1))
    for words, text in (("create", "queue", name, "--lock-duration", "5s"), None), (("send", name, "--jsonl", "-"), lines):
        done = callboard.run(*words, connection_string=sandbox.connection_string, stdin=text)
        assert done.returncode == 0, done.stderr


def left(name):
    return len(callboard.peek(name, "--all", "--headers-only", connection_string=sandbox.connection_string))


def nothing_counted(name, expected):
    """Everything that is left can be had, by a client that waits longer than any lock, and is delivered for the first time."""
    with ServiceBusClient.from_connection_string(sandbox.connection_string) as client, client.get_queue_receiver(name) as receiver:
        found = []
        while len(found) < expected and (more := receiver.receive_messages(expected - len(found), max_wait_time=8)):
            found += more
        counts = {message.sequence_number: message.delivery_count for message in found}
        for message in found:
            receiver.abandon_message(message)
    assert len(counts) == expected and not any(counts.values()), counts


def stopped(name, process_ends, expected=INTERRUPTED):
    """A deletion, one message a second, that ends in the way given when the first is gone."""
    queue(name)
    status = process_ends(("delete", name, "--seq", CHOSEN, "--rate", "1", "--yes", "--no-export"))
    remaining = left(name)
    assert COUNT - 5 < remaining < COUNT, f"{remaining} of {COUNT} are left"
    assert status == expected, status
    nothing_counted(name, remaining)


@checks.step("SIGINT, SIGTERM and SIGHUP stop a job between messages, and nobody's delivery is counted", seconds=120)
def signals():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        name = f"by-{number.name.lower()}"

        def ends(words, name=name, number=number):
            process = start(sandbox, *words)
            eventually(lambda: left(name) < COUNT, what="the first message gone")
            process.send_signal(number)
            process.communicate(timeout=20)
            return process.returncode

        stopped(name, ends)


@checks.step("so does a terminal that is closed", seconds=60)
def closed():
    def ends(words):
        pid, terminal = in_terminal(sandbox, *words)
        eventually(lambda: left("closed") < COUNT, what="the first message gone")
        os.close(terminal)
        return end_of(pid)

    # Its last words have nowhere to go.
    stopped("closed", ends, PROBLEM)


@checks.step("a signal that whoever started the program has it ignore stays ignored", seconds=60)
def ignored():
    queue("ignored")
    process = start(
        sandbox, "delete", "ignored", "--seq", "1,2", "--rate", "1", "--yes", "--no-export",
        preexec_fn=lambda: [signal.signal(each, signal.SIG_IGN) for each in (signal.SIGHUP, signal.SIGINT)],
    )  # fmt: skip
    eventually(lambda: left("ignored") < COUNT, what="the first message gone")
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 0 and left("ignored") == COUNT - 2, process.returncode


@checks.step("a plan that takes long is left at once", seconds=60)
def planning():
    for words in (("redrive", "payments", "--dead-letter", "--all", "--dry-run"), ("delete", "payments", "--dead-letter", "--where", "a = 'b'", "--yes")):
        process = start(slow, *words)
        time.sleep(1.5)
        assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        said = process.communicate(timeout=30)
        assert process.returncode == INTERRUPTED and time.monotonic() - begun < 4, (words, process.returncode, time.monotonic() - begun, said)
        assert said[0] == b"", said


@checks.step("^C leaves the question whether to go on, and nothing was done", seconds=60)
def asked():
    queue("asked")
    pid, terminal = in_terminal(sandbox, "delete", "asked", "--all", "--no-export")
    shown = b""
    while b"Go on?" not in shown and b"Type" not in shown:
        shown += os.read(terminal, 4096)
    os.write(terminal, b"\x03")
    status = end_of(pid, 10)
    os.close(terminal)
    assert status == INTERRUPTED, (status, shown)
    assert left("asked") == COUNT
    nothing_counted("asked", COUNT)


if __name__ == "__main__":
    sys.exit(checks.run())
