#!/usr/bin/env python3
"""Our AMQP client against servers that know nothing of Service Bus: RabbitMQ with its AMQP 1.0 plug-in, and Apache Qpid Proton.
Ten thousand messages each way; none may be lost, doubled, damaged or out of order.

usage: generic_peers.py [PART OF A STEP'S NAME]
AMQP_EXCHANGE names our side (default .build/debug/amqp-exchange), CALLBOARD_EXCHANGE_COUNT the number of messages.
"""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading

import callboard
import exchange
from checks import Checks
from rabbitmq import RabbitMQ
from responder import Responder

checks = Checks("our client and others' servers")

OURS = os.environ.get("AMQP_EXCHANGE", str(callboard.ROOT / ".build" / "debug" / "amqp-exchange")).split()
PROTON = [sys.executable, str(pathlib.Path(__file__).with_name("proton_peer.py"))]
COUNT = int(os.environ.get("CALLBOARD_EXCHANGE_COUNT", "10000"))
GUEST = ("--user", "guest", "--password", "guest")
SECONDS = 120

broker = None


def run(side, mode, port, address, count=COUNT, credentials=()):
    """One side of an exchange as a process; gives its lines."""
    command = [*side, mode, "127.0.0.1", str(port), address, str(count), *credentials]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=SECONDS, check=False, env=callboard.ENVIRONMENT
    )
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()[-2000:]}"
    return done.stdout.splitlines()


def sends(side, port, address, count=COUNT, credentials=()):
    lines = run(side, "send", port, address, count, credentials)
    assert json.loads(lines[-1]) == {"accepted": count}, lines[-1]


def receives(side, port, address, count=COUNT, credentials=()):
    lines = run(side, "receive", port, address, count, credentials)
    wrong = exchange.difference(lines, count)
    assert wrong is None, wrong


def rabbit():
    global broker
    if broker is None:
        starting = RabbitMQ()
        broker = starting.__enter__()
    return broker


@checks.cleanup
def stop_rabbit():
    if broker is not None:
        broker.__exit__()


@contextlib.contextmanager
def proton_server():
    """Proton as the server; gives (port, a function that waits for the report on the client that just left)."""
    process = subprocess.Popen(
        [*PROTON, "listen", str(COUNT)], stdout=subprocess.PIPE, text=True, env={**callboard.ENVIRONMENT, "PYTHONUNBUFFERED": "1"}
    )
    watchdog = threading.Timer(SECONDS, process.kill)
    watchdog.start()
    try:
        port = json.loads(process.stdout.readline())["port"]
        yield port, lambda: json.loads(process.stdout.readline())
    finally:
        watchdog.cancel()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)
        process.stdout.close()


@checks.step("RabbitMQ starts on loopback", seconds=120, essential=True)
def rabbit_starts():
    assert rabbit().port


@checks.step("the yardstick itself: Proton to RabbitMQ to Proton", seconds=SECONDS)
def control():
    sends(PROTON, rabbit().port, "/queue/control", 500, GUEST)
    receives(PROTON, rabbit().port, "/queue/control", 500, GUEST)


@checks.step("we send to RabbitMQ, Proton receives", seconds=SECONDS)
def ours_to_rabbit():
    sends(OURS, rabbit().port, "/queue/sent", credentials=GUEST)
    receives(PROTON, rabbit().port, "/queue/sent", credentials=GUEST)


@checks.step("Proton sends to RabbitMQ, we receive, and nothing is left", seconds=SECONDS)
def rabbit_to_ours():
    sends(PROTON, rabbit().port, "/queue/received", credentials=GUEST)
    receives(OURS, rabbit().port, "/queue/received", credentials=GUEST)
    assert run(PROTON, "receive", rabbit().port, "/queue/received", 0, GUEST) == [], "what we accepted is still there"


@checks.step("we send to RabbitMQ and receive from it, anonymously", seconds=SECONDS)
def ours_both_ways():
    sends(OURS, rabbit().port, "/queue/both")
    receives(OURS, rabbit().port, "/queue/both")


@checks.step("we send to Qpid Proton", seconds=SECONDS)
def ours_to_proton():
    with proton_server() as (port, report):
        sends(OURS, port, "anything")
        wrong = exchange.difference(report()["received"], COUNT)
        assert wrong is None, wrong


@checks.step("we receive from Qpid Proton, and accept each message once", seconds=SECONDS)
def proton_to_ours():
    with proton_server() as (port, report):
        receives(OURS, port, "anything")
        seen = report()
        assert (seen["accepted"], seen["otherwise"]) == (COUNT, 0), {key: seen[key] for key in ("accepted", "otherwise")}


@checks.step("Qpid Proton coordinates our transactions: one moves five messages, one is rolled back, one is nobody's", seconds=SECONDS)
def transactions():
    with Responder() as server:
        for number in range(5):
            server.entity("from").put(f"body {number}", id=f"m-{number}")
        report = json.loads(run(OURS, "transact", server.port, "from", 5)[-1])
        assert report == {"moved": 5, "rolledBack": 1, "refused": "amqp:transaction:unknown-id"}, report
        assert server.entity("to").bodies == [f"body {number}" for number in range(5)], server.entity("to").bodies
        assert not server.entity("from").stored, "what was moved is still there"
        assert [fail for _, fail in server.discharged] == [False, True, False], server.discharged
        within = {transaction.identity for _, _, transaction in server.sent}
        assert within == {identity for identity, _ in server.discharged[:2]}, "each transfer names its transaction"
        assert all(settled[1] == "complete" and settled[3] for settled in server.settled), server.settled


if __name__ == "__main__":
    sys.exit(checks.run())
