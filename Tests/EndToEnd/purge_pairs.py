#!/usr/bin/env python3
"""A purge cannot hit the wrong queue: of two queues and a subscription, each with messages, dead letters and transfer dead letters, every one is
asked for with the name of every other one typed, by options and by address, and with words that are no name. Only its own name purges, and then
exactly that sub-queue is empty and nothing else has changed. What others hold is not purged and not called so, and a job that was stopped says what
importing its export would do.

usage: purge_pairs.py [PART OF A STEP'S NAME]      CALLBOARD names the executable (default .build/debug/callboard)
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Interop"))

import callboard
from azure.servicebus import ServiceBusClient, ServiceBusMessage
from azure.servicebus.management import ServiceBusAdministrationClient
from checks import Checks

checks = Checks("purging what is named, and nothing else")

USAGE, REFUSED, PARTLY, STOPPED = 2, 3, 5, 130
# Names that are easily taken for one another.
ENTITIES = ("orders", "orders-2", "events/orders")
# The suffix of the name, the options that ask for the sub-queue, and how many messages there are: no two the same.
SUB_QUEUES = (
    ("", (), 7),
    ("/$deadletterqueue", ("--dead-letter",), 5),
    ("/$Transfer/$deadletterqueue", ("--transfer-dead-letter",), 3),
)
PLACES = [(entity + suffix, entity, options) for entity in ENTITIES for suffix, options, _ in SUB_QUEUES]
NO_NAMES = ("", "yes", "y", "purge", "all", "$deadletterqueue", "/$deadletterqueue", "dead-letter", "*", "orders*", "events")

scratch = tempfile.TemporaryDirectory(prefix="callboard-purge-")
sandbox = administration = None


def purge(entity, *arguments):
    """The exit status of a purge and what it printed."""
    done = callboard.run("purge", entity, *arguments, "--rate", "0", "--output", "json", connection_string=sandbox.connection_string)
    return done.returncode, done.stdout + done.stderr


def counts():
    """How many messages there are in each place, as the official client counts them."""
    found = {}
    for entity in ENTITIES:
        topic, _, subscription = entity.partition("/")
        if subscription:
            properties = administration.get_subscription_runtime_properties(topic, subscription)
        else:
            properties = administration.get_queue_runtime_properties(entity)
        each = (properties.active_message_count, properties.dead_letter_message_count, properties.transfer_dead_letter_message_count)
        found |= {entity + suffix: count for (suffix, _, _), count in zip(SUB_QUEUES, each, strict=True)}
    return found


def configuration():
    """Everything is passed on to a queue that is not there, until it is told otherwise: that is how transfer dead letters come about."""
    properties = {"LockDuration": "PT1M", "MaxDeliveryCount": 10}
    queues = [{"Name": name, "Properties": properties} for name in ("orders", "orders-2", "sink")]
    subscriptions = [{"Name": "orders", "Properties": properties}]
    namespace = {"Name": "sbemulatorns", "Queues": queues, "Topics": [{"Name": "events", "Properties": {}, "Subscriptions": subscriptions}]}
    path = pathlib.Path(scratch.name) / "Config.json"
    path.write_text(json.dumps({"UserConfig": {"Namespaces": [namespace], "Logging": {"Type": "Console"}}}), encoding="utf-8")
    return path


def settle(*arguments):
    done = callboard.run(*arguments, connection_string=sandbox.connection_string)
    assert done.returncode == 0, f"callboard {' '.join(arguments)} ended with {done.returncode}: {done.stdout}{done.stderr}"


@checks.step("two queues and a subscription hold messages, dead letters and transfer dead letters", seconds=120, essential=True)
def fills():
    global sandbox, administration
    sandbox = callboard.Sandbox("--https-port", "0", config=configuration()).start()
    # The official client insists on HTTPS.
    administration = ServiceBusAdministrationClient.from_connection_string(
        f"Endpoint=sb://127.0.0.1:{sandbox.ready['httpsPort']};SharedAccessKeyName={callboard.ROOT_RULE};SharedAccessKey={callboard.KEY}",
        connection_verify=sandbox.ready["caFile"])
    settle("update", "queue", "sink", "--status", "disabled")
    with ServiceBusClient.from_connection_string(sandbox.connection_string) as client:
        for entity in ENTITIES:
            topic, _, subscription = entity.partition("/")
            kind = "subscription" if subscription else "queue"
            sender = client.get_topic_sender(topic) if subscription else client.get_queue_sender(entity)
            receiver = client.get_subscription_receiver(topic, subscription) if subscription else client.get_queue_receiver(entity)
            (_, _, active), (_, _, dead), (_, _, transfer) = SUB_QUEUES
            with sender, receiver:
                settle("update", kind, entity, "--forward-to", "sink")
                sender.send_messages([ServiceBusMessage(f"{entity} transfer {number}") for number in range(transfer)])
                settle("update", kind, entity, "--forward-to", "")
                sender.send_messages([ServiceBusMessage(f"{entity} dead {number}") for number in range(dead)])
                left = dead
                while left:
                    for message in receiver.receive_messages(max_message_count=left, max_wait_time=10):
                        receiver.dead_letter_message(message, reason="poison")
                        left -= 1
            with client.get_topic_sender(topic) if subscription else client.get_queue_sender(entity) as sender:
                sender.send_messages([ServiceBusMessage(f"{entity} active {number}") for number in range(active)])
    expected = {entity + suffix: count for entity in ENTITIES for suffix, _, count in SUB_QUEUES}
    assert counts() == expected, counts()


@checks.cleanup
def ends():
    if administration is not None:
        administration.close()
    if sandbox is not None:
        sandbox.stop()
    scratch.cleanup()


@checks.step("the plan names the place it was asked for, and how many messages are there")
def planned():
    there = counts()
    for place, entity, options in PLACES:
        for asked in ((entity, *options), (place,)):
            status, said = purge(*asked, "--dry-run")
            assert status == 0, f"{asked}: {status} {said}"
            plan = json.loads(said)
            assert plan["entity"] == plan["confirmation"] == place and plan["count"] == there[place], f"{asked}: {plan}"
    assert counts() == there, f"a dry run changed {there} to {counts()}"


@checks.step("with the name of every other place typed nothing is purged", seconds=180)
def mismatched():
    there = counts()
    for place, entity, options in PLACES:
        for typed, _, _ in PLACES:
            if typed == place:
                continue
            # The name of another entity by one way of saying it, that of another sub-queue by both.
            for option in ("--yes-purge", "--confirm") if typed.startswith(f"{entity}/") or typed == entity else ("--yes-purge",):
                status, said = purge(entity, *options, option, typed)
                assert status == REFUSED, f"{place} with {option} {typed!r}: {status} {said}"
        assert counts() == there, f"{place}: {there} became {counts()}"


@checks.step("nor with its address asked for, nor with words that are no name, nor with a yes", seconds=180)
def no_names():
    there = counts()
    for place, entity, options in PLACES:
        for typed, _, _ in PLACES:
            if typed != place and typed.startswith(entity):
                status, said = purge(place, "--yes-purge", typed)
                assert status == REFUSED, f"{place} with {typed!r}: {status} {said}"
        for typed in NO_NAMES if entity == "orders" else ():
            status, said = purge(entity, *options, "--yes-purge", typed)
            assert status == REFUSED, f"{place} with {typed!r}: {status} {said}"
        for yes in ((), ("--yes",)):
            status, said = purge(entity, *options, *yes)
            assert status == REFUSED and place in said, f"{place} with {yes}: {status} {said}"
        assert counts() == there, f"{place}: {there} became {counts()}"


@checks.step("asked for two sub-queues at once, by options or by address and option, the name of the third does not do")
def ambiguous():
    there = counts()
    for entity in ENTITIES:
        for suffix, _, _ in SUB_QUEUES:
            status, said = purge(entity, "--dead-letter", "--transfer-dead-letter", "--yes-purge", entity + suffix)
            assert status == USAGE, f"both options with {entity + suffix}: {status} {said}"
        status, said = purge(f"{entity}/$deadletterqueue", "--transfer-dead-letter", "--yes-purge", entity)
        assert status in (USAGE, REFUSED), f"address and option: {status} {said}"
        status, said = purge(f"{entity}/$Transfer/$deadletterqueue", "--dead-letter", "--yes-purge", entity)
        assert status in (USAGE, REFUSED), f"address and option: {status} {said}"
    assert counts() == there, f"{there} became {counts()}"


@checks.step("with its own name typed exactly that place is empty, and every other is as it was", seconds=120)
def matching():
    for number, (place, entity, options) in enumerate(PLACES):
        there = counts()
        assert there[place] > 0, f"{place} is empty already: {there}"
        # One after the other by options and by address.
        asked = (place,) if number % 2 else (entity, *options)
        status, said = purge(*asked, "--yes-purge", place)
        assert status == 0, f"{place}: {status} {said}"
        expected = {**there, place: 0}
        assert counts() == expected, f"{place}: {counts()} instead of {expected}"


def send(entity, count):
    with ServiceBusClient.from_connection_string(sandbox.connection_string) as client, client.get_queue_sender(entity) as sender:
        sender.send_messages([ServiceBusMessage(f"{entity} {number}") for number in range(count)])


@checks.step("what somebody holds is not purged: the job says so, ends with 5, and is gone on with when it was given back", seconds=60)
def held():
    send("orders", 10)
    with ServiceBusClient.from_connection_string(sandbox.connection_string) as client, client.get_queue_receiver("orders") as receiver:
        locked = receiver.receive_messages(max_message_count=4, max_wait_time=10)
        assert len(locked) == 4, len(locked)
        done = callboard.run(
            "purge", "orders", "--yes-purge", "orders", "--no-export", "--output", "json", connection_string=sandbox.connection_string)
        for message in locked:
            receiver.abandon_message(message)
    said = json.loads(done.stdout)
    found = (done.returncode, said["state"], said["done"], said["gone"], said["remaining"], said["isResumable"])
    assert found == (PARTLY, "stopped", 6, 0, 4, True), f"{found} {done.stdout}{done.stderr}"
    assert "4 messages were in somebody else's hands" in said["message"], said["message"]
    assert counts()["orders"] == 4, counts()
    settle("jobs", "resume", str(said["id"]))
    assert counts()["orders"] == 0, counts()


@checks.step("a job that was stopped says what an import of its export would do, the import says it too, and neither does afterwards", seconds=60)
def stopped():
    send("orders", 20)
    export = pathlib.Path(scratch.name) / "stopped.cbx"
    environment = {**callboard.ENVIRONMENT, "SERVICEBUS_CONNECTION_STRING": sandbox.connection_string}
    process = subprocess.Popen(
        [callboard.EXECUTABLE, "delete", "orders", "--all", "--rate", "4", "--export", str(export), "--yes"], env=environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while counts()["orders"] > 16 and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    left = counts()["orders"]
    assert process.returncode == STOPPED and 0 < left < 20, f"{process.returncode} {left} {out}{err}"
    assert f"holds all 20 messages that were planned, and only {20 - left} were removed" in out and "puts it back" not in out, out
    planned = callboard.run("import", "orders", str(export), "--dry-run", connection_string=sandbox.connection_string)
    assert f"which removed {20 - left} of 20 messages" in planned.stdout and "jobs resume" in planned.stdout, planned.stdout
    job = out.split()[1].rstrip(",")
    resumed = callboard.run("jobs", "resume", job, connection_string=sandbox.connection_string)
    assert resumed.returncode == 0 and f"what was removed is in {export}" in resumed.stdout, resumed.stdout + resumed.stderr
    planned = callboard.run("import", "orders", str(export), "--dry-run", connection_string=sandbox.connection_string)
    assert planned.returncode == 0 and "second time" not in planned.stdout, planned.stdout + planned.stderr
    settle("import", "orders", str(export), "--yes")
    assert counts()["orders"] == 20, counts()


if __name__ == "__main__":
    sys.exit(checks.run())
