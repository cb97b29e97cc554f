#!/usr/bin/env python3
"""What no official Python client sends, frame by frame: batch delete, rules over AMQP and transactions, asked of `callboard sandbox` by
Apache Qpid Proton. Every answer is checked with the AMQP type of each of its fields, against Microsoft's documents of the protocol:
service-bus-amqp-protocol-guide and service-bus-amqp-request-response.

usage: wire_protocol.py [PART OF A STEP'S NAME]
"""

import json
import pathlib
import sys
import tempfile

import callboard
import wire
from checks import Checks

checks = Checks("the sandbox frame by frame")
work = tempfile.TemporaryDirectory(prefix="callboard-wire-")

# The entities of all steps. A step has its own, so that none can disturb another.
QUEUES = {
    name: {}
    for name in (
        "token plain addresses annotations peeks schedules deferred abandons releases bad delete keeps buried many "
        "ledger orders audit work rolled settled lost dropped mixed scheduled timed renewed limited spoiled via"
    ).split()
} | {"sessions": {"RequiresSession": True}, "grouped": {"RequiresSession": True}}
TOPICS = {"events": ("rules", "paged", "filtered", "guarded", "described")}

sandbox = None


class Names:
    """queue.delete is the name of the queue of the step that deletes; a name that nobody made is an error at once."""

    def __init__(self, known):
        self._known = known

    def __getattr__(self, name):
        if name not in self._known:
            raise AttributeError(f"no entity is called {name}")
        return name


queue, topic = Names(QUEUES), Names(TOPICS)


def configuration():
    namespace = {
        "Name": "sbemulatorns",
        "Queues": [{"Name": name, "Properties": {"MaxDeliveryCount": 10, **properties}} for name, properties in QUEUES.items()],
        "Topics": [
            {"Name": name, "Subscriptions": [{"Name": each, "Properties": {}} for each in subscriptions]}
            for name, subscriptions in TOPICS.items()
        ],
    }
    path = pathlib.Path(work.name) / "Config.json"
    path.write_text(json.dumps({"UserConfig": {"Namespaces": [namespace]}}), encoding="utf-8")
    return path


@checks.step("the sandbox starts", seconds=60, essential=True)
def starts():
    global sandbox
    sandbox = callboard.Sandbox(config=configuration()).start()


@checks.cleanup
def stops():
    if sandbox is not None:
        sandbox.stop()
    work.cleanup()


def client(**options):
    return wire.Wire(sandbox, **options)


def endpoint():
    return f"127.0.0.1:{sandbox.amqp_port}"


def equal(found, expected, what=""):
    assert found == expected, f"{what}{': ' if what else ''}{found!r} is not {expected!r}"


def is_kind(value, name, what=""):
    assert wire.kind(value) == name, f"{what}{': ' if what else ''}{value!r} is {wire.kind(value)}, not {name}"


def well_formed(response):
    """What every answer of a management node carries, with its types (.NET checks them)."""
    is_kind(response.properties["statusCode"], "int", "statusCode")
    is_kind(response.properties["statusDescription"], "string", "statusDescription")
    is_kind(response.body, "map", "the body")
    for key in response.properties:
        is_kind(key, "string", "the key of an application property")
    for key in response.body:
        is_kind(key, "string", "a key of the body")
    if response.condition is not None:
        is_kind(response.condition, "symbol", "errorCondition")
    return response


def load_steps():
    """The themes register their steps with `checks`."""
    import wire_management  # noqa: F401
    import wire_rules  # noqa: F401
    import wire_transactions  # noqa: F401


if __name__ == "__main__":
    # The themes import this module by its name.
    sys.modules["wire_protocol"] = sys.modules["__main__"]
    load_steps()
    sys.exit(checks.run())
