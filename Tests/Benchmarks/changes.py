"""Times changes to messages: `callboard redrive` and `purge` on a sandbox, and what a script of the official Python client does instead.

What is timed of ours is the whole command, from starting the process to its end, with the plan, the journal on disk and the audit ledger; and
the job alone, by its own clock. What is timed of the script is its loop alone, on links that are open. A script that redrives, one message
after the other, is measured by a sample, since at 40 ms all of them would take most of an hour: what is compared is messages a second.

Nothing is believed that was not counted: every run ends with looking at what is left and what arrived.
"""

import json
import pathlib
import tempfile
import time

ENTITY = "bench"
BODY = 1000
QUEUE = {"Name": ENTITY, "Properties": {"LockDuration": "PT5M", "MaxDeliveryCount": 10}}


def sandbox(callboard, folder, latency="0ms"):
    config = pathlib.Path(folder) / "Config.json"
    config.write_text(json.dumps({"UserConfig": {"Namespaces": [{"Name": "bench", "Queues": [QUEUE], "Topics": []}]}}))
    return callboard.Sandbox("--latency", latency, config=config, ready_within=60)


def command(callboard, sandbox, *arguments):
    """What a command says, and its seconds."""
    start = time.perf_counter()
    done = callboard.run(*arguments, connection_string=sandbox.connection_string, seconds=1800)
    seconds = time.perf_counter() - start
    assert done.returncode == 0, f"callboard {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout, seconds


def job_of(callboard, sandbox, *arguments):
    """How a job ended, and the seconds of the command."""
    said, seconds = command(callboard, sandbox, *arguments, "--rate", "0", "--output", "json")
    return json.loads(said), seconds


def fill(callboard, sandbox, count, dies, size=BODY):
    """Puts messages into the queue or, if they are to die, into its dead-letter queue."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for number in range(count):
            properties = {"region": {"type": "string", "value": "eu"}, "attempt": {"type": "int", "value": number % 7}}
            message = {"messageId": f"m{number}", "subject": "bench", "applicationProperties": properties}
            file.write(json.dumps(message | {"body": {"text": f"{number:08}".ljust(size, "x")}}) + "\n")
        file.flush()
        command(callboard, sandbox, "send", ENTITY, "--jsonl", file.name)
    if dies:
        job, _ = job_of(callboard, sandbox, "dead-letter", ENTITY, "--all", "--because", "bench", "--yes")
        assert job["done"] == count, job


def counted(sandbox):
    """How many messages and dead letters the sandbox has, as it tells an administrator."""
    import urllib.request
    import re

    import callboard

    host = f"127.0.0.1:{sandbox.http_port}"
    request = urllib.request.Request(
        f"http://{host}/{ENTITY}?api-version=2021-05&enrich=False", headers={"Authorization": callboard.signature(f"sb://{host}/{ENTITY}")})
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read().decode()
    return tuple(int(re.search(rf"<(?:\w+:)?{name}[^>]*>(\d+)<", text).group(1)) for name in ("ActiveMessageCount", "DeadLetterMessageCount"))


def redrive(callboard, latency, count, sample):
    """Seconds of the command, seconds of the job, and the seconds that a script takes for the sample."""
    with tempfile.TemporaryDirectory() as folder, sandbox(callboard, folder, latency) as service:
        fill(callboard, service, count + sample, dies=True)
        theirs = redrive_by_script(service, sample)
        assert counted(service) == (sample, count), counted(service)
        job, seconds = job_of(callboard, service, "redrive", ENTITY, "--dead-letter", "--all", "--yes")
        assert job["state"] == "finished" and job["done"] == count, job
        assert counted(service) == (sample + count, 0), counted(service)
        return seconds, job["elapsedMilliseconds"] / 1000, theirs


def redrive_by_script(service, count):
    """Receive, send, complete, one message after the other, as scripts do that are passed from hand to hand."""
    from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusSubQueue

    traces = (b"DeadLetterReason", b"DeadLetterErrorDescription")
    with ServiceBusClient.from_connection_string(service.connection_string) as client:
        with client.get_queue_sender(ENTITY) as sender, client.get_queue_receiver(ENTITY, sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
            start, done = time.perf_counter(), 0
            for dead in receiver:
                properties = {name: value for name, value in dead.application_properties.items() if name not in traces}
                copy = ServiceBusMessage(
                    b"".join(dead.body), application_properties=properties, message_id=dead.message_id, subject=dead.subject,
                    content_type=dead.content_type, correlation_id=dead.correlation_id, session_id=dead.session_id)
                sender.send_messages(copy)
                receiver.complete_message(dead)
                done += 1
                if done == count:
                    return time.perf_counter() - start
    raise AssertionError(f"{done} of {count} dead letters came")


def purge(callboard, count, dies, *how):
    """Seconds of the command, and of the job."""
    with tempfile.TemporaryDirectory() as folder, sandbox(callboard, folder) as service:
        fill(callboard, service, count, dies, size=100)
        place = (ENTITY, "--dead-letter") if dies else (ENTITY,)
        name = f"{ENTITY}/$deadletterqueue" if dies else ENTITY
        job, seconds = job_of(callboard, service, "purge", *place, "--yes-purge", name, *how)
        assert job["state"] == "finished" and job["done"] == count, job
        assert counted(service) == (0, 0), counted(service)
        assert ("--no-export" in how) == (job["export"] is None), job
        return seconds, job["elapsedMilliseconds"] / 1000


def purge_by_script(callboard, count):
    """Seconds in which the official client empties a queue by receiving and deleting, a thousand at a time."""
    from azure.servicebus import ServiceBusClient, ServiceBusReceiveMode

    with tempfile.TemporaryDirectory() as folder, sandbox(callboard, folder) as service:
        fill(callboard, service, count, dies=False, size=100)
        with ServiceBusClient.from_connection_string(service.connection_string) as client:
            with client.get_queue_receiver(ENTITY, receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE) as receiver:
                start, done = time.perf_counter(), 0
                while done < count:
                    messages = receiver.receive_messages(max_message_count=1000, max_wait_time=10)
                    assert messages, f"{done} of {count} messages came"
                    done += len(messages)
                seconds = time.perf_counter() - start
        assert counted(service) == (0, 0), counted(service)
        return seconds
