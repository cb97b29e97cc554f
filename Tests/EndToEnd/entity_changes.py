#!/usr/bin/env python3
"""`create`, `update`, `remove` and `rules add|remove` as an operator and a script use them: what is shown before anything is sent, what the
service then has, exit statuses, and that nothing is changed without leave.

usage: entity_changes.py [PART OF A STEP'S NAME]
"""

import json
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Interop"))

import callboard
from azure.servicebus.management import ServiceBusAdministrationClient
from checks import Checks

checks = Checks("changing entities")

USAGE, REFUSED, NOT_FOUND, PROBLEM = 2, 3, 4, 1
sandbox = None


def run(*arguments, status=0, connection_string=None):
    done = callboard.run(*arguments, connection_string=connection_string or sandbox.connection_string)
    assert done.returncode == status, f"callboard {' '.join(arguments)} ended with {done.returncode}: {done.stdout}{done.stderr}"
    return done


def change(*arguments, status=0):
    return json.loads(run(*arguments, "--output", "json", status=status).stdout)


def show(entity):
    return json.loads(run("show", entity, "--output", "json").stdout)["settings"]


def differences(answer):
    return {line["setting"]: (line["before"], line["after"]) for line in answer["difference"]}


@checks.step("a queue is created with the settings given and the service's defaults for the rest")
def create():
    done = run("create", "queue", "orders", "--lock-duration", "30s", "--requires-session", "--max-delivery-count=5", "--no-express")
    assert done.stdout.splitlines()[0].split() == ["SETTING", "BEFORE", "AFTER"], done.stdout
    assert "queue orders created" in done.stderr, done.stderr
    settings = show("orders")
    assert settings["LockDuration"] == "PT30S", settings
    assert settings["RequiresSession"] == "true" and settings["MaxDeliveryCount"] == "5", settings
    assert settings["DuplicateDetectionHistoryTimeWindow"] == "PT10M", settings
    again = run("create", "queue", "orders", status=PROBLEM)
    assert "callboard update queue orders" in again.stderr, again.stderr


@checks.step("a change shows its difference and changes only that; a dry run changes nothing")
def update():
    words = ["update", "queue", "orders", "--lock-duration", "PT1M", "--user-metadata", "team a", "--max-delivery-count", "5"]
    planned = change(*words, "--dry-run")
    assert planned["done"] is False and planned["operation"] == "update", planned
    assert differences(planned) == {"lock-duration": ("30s", "1m"), "user-metadata": (None, "team a")}, planned
    assert show("orders")["LockDuration"] == "PT30S"
    before = show("orders")
    assert change(*words)["done"] is True
    after = show("orders")
    changed = {name for name in after if before.get(name) != after[name]}
    assert changed <= {"LockDuration", "UserMetadata", "UpdatedAt", "AccessedAt"}, changed
    assert "nothing to change" in run(*words).stderr


@checks.step("topics, subscriptions and rules; a removed subscription is gone, and a removal wants a yes")
def topics():
    run("create", "topic", "events", "--default-time-to-live", "14d")
    run("create", "subscription", "events/billing", "--dead-letter-on-expiration", "--forward-dead-letters-to", "orders", status=0)
    assert show("events/billing")["ForwardDeadLetteredMessagesTo"].endswith("orders")
    run("create", "rule", "events/billing/big", "--sql", "amount > @limit", "--parameters", "@limit:long=100", "--action", "SET seen = 1")
    run("rules", "events/billing", "add", "eu", "--property", "region=eu", "--subject", "Paid")
    rules = {rule["name"]: rule for rule in json.loads(run("rules", "events/billing", "--output", "json").stdout)}
    assert set(rules) == {"$Default", "big", "eu"}, rules
    assert rules["big"]["parameters"] == {"@limit": {"type": "long", "value": "100"}}, rules
    assert rules["eu"]["condition"] == "sys.Label = 'Paid' AND region = 'eu'", rules
    changed = change("update", "rule", "events/billing/eu", "--subject", "Refunded")
    assert differences(changed) == {"subject": ("Paid", "Refunded")}, changed
    assert "--yes" in run("rules", "events/billing", "remove", "$Default", status=REFUSED).stderr
    run("rules", "events/billing", "remove", "$Default", "--yes")
    assert "--yes" in run("remove", "topic", "events", status=REFUSED).stderr
    lost = change("remove", "topic", "events", "--dry-run")
    assert any("1 subscription goes with it" in line for line in lost["consequences"]), lost
    assert change("remove", "topic", "events", "--yes")["done"] is True
    run("show", "events", status=NOT_FOUND)


@checks.step("what cannot be is said before anything is sent")
def mistakes():
    for words, status, part in [
        (("create", "queue", "x", "--lock-duration", "6m"), USAGE, "from 1s to 5m"),
        (("create", "queue", "x", "--lock-duraton", "1m"), USAGE, "Did you mean lock-duration"),
        (("create", "topic", "x", "--lock-duration", "1m"), USAGE, "a setting of a queue, subscription"),
        (("create", "queue"), USAGE, "There is no name"),
        (("create", "queue", "x", "--status"), USAGE, "needs a value"),
        (("create", "exchange", "x"), USAGE, "none of queue, topic, subscription, rule"),
        (("create", "subscription", "nowhere/s"), NOT_FOUND, "Create what it belongs to first: nowhere"),
        (("update", "queue", "orders"), USAGE, "No setting is given"),
        (("update", "queue", "orders", "--requires-session", "false"), USAGE, "fixed when a queue is created"),
        (("update", "topic", "orders", "--status", "disabled"), USAGE, "is a queue, not a topic"),
        (("update", "queue", "nowhere", "--status", "disabled"), NOT_FOUND, "nowhere"),
        (("remove", "queue", "nowhere", "--yes"), NOT_FOUND, "nowhere"),
        (("remove", "rule", "orders/x/y", "--yes"), NOT_FOUND, "y"),
        (("create", "rule", "orders/x/y", "--sql", "a ="), USAGE, "sql"),
    ]:
        done = run(*words, status=status)
        assert part.lower() in done.stderr.lower(), f"{words}: {done.stderr}"
        assert "Fatal" not in done.stderr


@checks.step("a namespace that is no emulator is changed where the context says so only, and the difference is shown all the same")
def leave():
    # The sandbox's administration over TLS, as a namespace of Azure looks: nothing in the string says emulator.
    string = (
        f"Endpoint=sb://127.0.0.1/;SharedAccessKeyName={callboard.ROOT_RULE};SharedAccessKey={callboard.KEY};"
        f"ManagementPort={sandbox.ready['httpsPort']}")
    words = ["update", "queue", "orders", "--max-delivery-count", "7", "--ca-file", sandbox.ready["caFile"]]
    refused = run(*words, status=REFUSED, connection_string=string)
    assert "mode: read-write" in refused.stderr and "built-in:read-only" in refused.stderr, refused.stderr
    assert "max-delivery-count" in refused.stdout, refused.stdout
    run(*words, "--allow-changes", status=REFUSED, connection_string=string)
    assert show("orders")["MaxDeliveryCount"] == "5"
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "config.yaml"
        file.write_text(
            "contexts:\n"
            "  retail: {mode: read-write, connection-string: {env: RETAIL}}\n"
            "  live: {mode: read-write, production: true, connection-string: {env: RETAIL}}\n"
            "  fixed: {mode: read-only, connection-string: {env: RETAIL}}\n", encoding="utf-8")
        environment = {**callboard.ENVIRONMENT, "CALLBOARD_CONFIG": str(file), "RETAIL": string}
        for context, more, status in [
            ("fixed", ["--allow-changes"], REFUSED), ("live", [], REFUSED), ("live", ["--allow-changes"], 0), ("retail", [], 0),
        ]:
            words[4] = "6" if context == "live" else "7"
            done = callboard.run(*words, "--context", context, *more, environment=environment)
            assert done.returncode == status, f"{context} {more}: {done.returncode} {done.stderr}"
    assert show("orders")["MaxDeliveryCount"] == "7"


def official(of):
    """Microsoft's own administration client, which insists on HTTPS."""
    return ServiceBusAdministrationClient.from_connection_string(
        f"Endpoint=sb://127.0.0.1:{of.ready['httpsPort']};SharedAccessKeyName={callboard.ROOT_RULE};SharedAccessKey={callboard.KEY}",
        connection_verify=of.ready["caFile"])


@checks.step("Microsoft's client reads what the commands made, and the commands what it made", seconds=60)
def strangers():
    with official(sandbox) as client:
        queue = client.get_queue("orders")
        assert queue.max_delivery_count == 7 and queue.requires_session and queue.user_metadata == "team a", queue
        assert queue.lock_duration.total_seconds() == 60, queue
        client.create_topic("parade", max_size_in_megabytes=2048)
        client.create_subscription("parade", "first", max_delivery_count=4)
        run("create", "rule", "parade/first/eu", "--subject", "Paid", "--properties", "region=eu; n:int=3")
        rule = client.get_rule("parade", "first", "eu")
        assert rule.filter.label == "Paid" and rule.filter.properties == {"region": "eu", "n": 3}, rule.filter
        changed = change("update", "subscription", "parade/first", "--max-delivery-count", "6")
        assert differences(changed) == {"max-delivery-count": ("4", "6")}, changed
        assert client.get_subscription("parade", "first").max_delivery_count == 6


@checks.step("a namespace's topology becomes a file and a namespace again, as Microsoft's client sees it", seconds=90)
def topology():
    with tempfile.TemporaryDirectory() as folder, callboard.Sandbox("--https-port", "0") as other:
        run("remove", "rule", "parade/first/$Default", "--yes")
        for name in ("azuredeploy.json", "Config.json", "main.bicep"):
            run("topology", "export", f"{folder}/{name}")
        template = json.loads((pathlib.Path(folder) / "azuredeploy.json").read_text())
        assert [resource["type"].split("/", 1)[1] for resource in template["resources"]] == [
            "namespaces/queues", "namespaces/topics", "namespaces/topics/subscriptions", "namespaces/topics/subscriptions/rules"], template
        words = ["topology", "import", f"{folder}/azuredeploy.json"]
        planned = json.loads(run(*words, "--dry-run", "--output", "json", connection_string=other.connection_string).stdout)
        assert [step["state"] for step in planned] == ["create"] * 4, planned
        with official(other) as client:
            assert list(client.list_queues()) == []
            run(*words, connection_string=other.connection_string)
            assert client.get_queue("orders").max_delivery_count == 7
            assert client.get_subscription("parade", "first").max_delivery_count == 6
            assert [rule.name for rule in client.list_rules("parade", "first")] == ["eu"]
        again = run(*words, "--output", "jsonl", connection_string=other.connection_string)
        assert {json.loads(line)["state"] for line in again.stdout.splitlines()} == {"same"}, again.stdout
        assert "az bicep build" in run("topology", "import", f"{folder}/main.bicep", status=USAGE).stderr
        with callboard.Sandbox(config=f"{folder}/Config.json") as third:
            names = run("entities", "--output", "jsonl", connection_string=third.connection_string).stdout
            assert {json.loads(line)["path"] for line in names.splitlines()} == {"orders", "parade", "parade/first"}, names


with callboard.Sandbox("--https-port", "0") as sandbox:
    status = checks.run()
sys.exit(status)
