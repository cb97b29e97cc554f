#!/usr/bin/env python3
"""A sandbox under load for some minutes: see script/soak.

usage: soak.py MINUTES
"""

import os
import pathlib
import random
import socket
import sys
import threading
import time

from azure.servicebus import ServiceBusClient, ServiceBusMessage

import callboard

MINUTES = float(sys.argv[1]) if len(sys.argv) > 1 else 10
QUEUES = [f"soak-{number}" for number in range(4)]
CONFIGURATION = """{ "UserConfig": { "Namespaces": [ { "Name": "sbemulatorns", "Queues": [ %s ] } ] } }"""

stop = threading.Event()
lock = threading.Lock()
counts = {"sent": 0, "received": 0, "peeked": 0, "commands": 0, "broken off": 0}
errors = []


def count(name, number=1):
    with lock:
        counts[name] += number


def worker(function):
    """A thread that does one thing again and again; an unexpected error ends the run."""

    def loop():
        while not stop.is_set():
            try:
                function()
            except Exception as error:  # whatever it is, it is a finding
                if not stop.is_set():
                    with lock:
                        errors.append(f"{function.__name__}: {type(error).__name__}: {error}")
                    stop.set()

    return threading.Thread(target=loop, daemon=True, name=function.__name__)


def main():
    queues = ", ".join('{ "Name": "%s", "Properties": { "MaxDeliveryCount": 10 } }' % name for name in QUEUES)
    configuration = pathlib.Path(f"/tmp/callboard-soak-{os.getpid()}.json")
    configuration.write_text(CONFIGURATION % queues, encoding="utf-8")
    with callboard.Sandbox(config=configuration) as sandbox:
        configuration.unlink()

        def connect():
            return ServiceBusClient.from_connection_string(sandbox.connection_string, retry_total=0)

        def send():
            with connect() as client, client.get_queue_sender(random.choice(QUEUES)) as sender:
                for _ in range(20):
                    sender.send_messages([ServiceBusMessage(os.urandom(random.choice([10, 500, 70_000])).hex()) for _ in range(5)])
                    count("sent", 5)
                    if stop.is_set():
                        return

        def receive():
            with connect() as client, client.get_queue_receiver(random.choice(QUEUES), max_wait_time=2) as receiver:
                for message in receiver.receive_messages(max_message_count=100, max_wait_time=2):
                    if random.random() < 0.1:
                        receiver.abandon_message(message)
                    elif random.random() < 0.02:
                        receiver.dead_letter_message(message, reason="Soak")
                    else:
                        receiver.complete_message(message)
                    count("received")

        def drain_dead_letters():
            with connect() as client:
                for queue in QUEUES:
                    with client.get_queue_receiver(queue, sub_queue="deadletter", receive_mode="receiveanddelete", max_wait_time=1) as receiver:
                        receiver.receive_messages(max_message_count=200, max_wait_time=1)
            stop.wait(1)

        def peek():
            seen = callboard.peek(random.choice(QUEUES), "--all", "--headers-only", connection_string=sandbox.connection_string)
            count("peeked", len(seen))
            count("commands")
            stop.wait(0.5)

        def break_off():
            with socket.create_connection(("127.0.0.1", sandbox.amqp_port), timeout=5) as connection:
                connection.sendall(b"AMQP\x03\x01\x00\x00" + os.urandom(random.randrange(64)))
            count("broken off")
            stop.wait(0.1)

        threads = [worker(each) for each in (send, receive, receive, drain_dead_letters, peek, break_off)]
        for thread in threads:
            thread.start()
        samples = watch(sandbox.process.pid)
        stop.set()
        for thread in threads:
            thread.join(timeout=30)
        status = sandbox.stop()
    report(samples, status)


def sample(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return {
        "memory kB": int(fields["VmRSS"].split()[0]),
        "files": len(os.listdir(f"/proc/{pid}/fd")),
        "threads": int(fields["Threads"]),
    }


def watch(pid):
    samples = []
    end = time.monotonic() + MINUTES * 60
    while time.monotonic() < end and not stop.is_set():
        try:
            samples.append(sample(pid))
        except (FileNotFoundError, ProcessLookupError, KeyError):
            errors.append("the sandbox ended by itself")
            stop.set()
            break
        if len(samples) % 12 == 1:
            print({**samples[-1], **counts}, flush=True)
        stop.wait(5)
    return samples


def report(samples, status):
    """The second half of the run must not need more than the first did, but for noise."""
    checks = {"no error": not errors, "the sandbox ended well": status == 0, "work was done": all(counts.values())}
    half = len(samples) // 2
    for name, slack in (("memory kB", 16_384), ("files", 20), ("threads", 4)):
        if half >= 3:
            first, second = (sorted(each[name] for each in part)[len(part) // 2] for part in (samples[half // 2 : half], samples[half:]))
            checks[f"{name} levels off ({first}, then {second})"] = second <= first * 1.2 + slack
    for error in errors[:20]:
        print(error)
    print(counts)
    for name, held in checks.items():
        print(f"{'ok     ' if held else 'FAILED '} {name}")
    failed = sum(not held for held in checks.values())
    print(f"{len(checks) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
