#!/usr/bin/env python3
"""The official Azure client, blocking and asynchronous, does everything it can against `callboard sandbox`: see official/scenarios.py.

usage: official_client.py [--client sync|async] [--websocket] [--jobs N] [--theme NAME]... [PART OF A SCENARIO'S NAME]...
CALLBOARD names the executable (default .build/debug/callboard). The last line counts scenarios, the one before it assertions.
"""

import argparse
import asyncio
import importlib
import json
import logging
import os
import pathlib
import pkgutil
import tempfile
import time

import callboard
import official
from checks import own_lines
from official.clients import CLIENTS
from official.scenarios import EXCLUSIVE, SCENARIOS, Play

# How each stage's sandbox is started.
STAGES = {"standard": (), "premium": ("--tier", "premium"), "faults": ()}


def themes():
    for module in pkgutil.iter_modules(official.__path__):
        importlib.import_module(f"official.{module.name}")


def configuration(scenarios, clients, folder, name):
    queues, topics = [], []
    for scenario in scenarios:
        for client in clients:
            more_queues, more_topics = scenario.configuration(client)
            queues += more_queues
            topics += more_topics
    path = pathlib.Path(folder) / f"{name}.json"
    namespace = {"Name": "sbemulatorns", "Queues": queues, "Topics": topics}
    path.write_text(json.dumps({"UserConfig": {"Namespaces": [namespace], "Logging": {"Type": "Console"}}}), encoding="utf-8")
    return path


class Run:
    def __init__(self, clients, jobs, websocket):
        self.clients, self.slots, self.websocket = clients, asyncio.Semaphore(jobs), websocket
        self.passed = self.failed = self.assertions = 0

    async def play(self, scenario, client, sandbox):
        async with self.slots:
            play = Play(scenario, client, sandbox, self.websocket)
            title = f"{scenario.theme}: {scenario.name} ({client.name})"
            start = time.monotonic()
            try:
                async with asyncio.timeout(scenario.seconds):
                    if scenario.stage == "faults":
                        await play.faults()  # whatever a scenario that failed has left
                    play.client = play.connect()
                    async with play.client:
                        await scenario.function(play)
                assert play.assertions, "the scenario asserted nothing"
            except Exception as error:  # a scenario may fail in any way, and the others still count
                self.failed += 1
                print(f"FAILED  {title} ({time.monotonic() - start:.1f} s)", flush=True)
                for line in own_lines(error):
                    print(f"        {line}", flush=True)
            else:
                self.passed += 1
                print(f"ok      {title} ({play.assertions} assertions, {time.monotonic() - start:.1f} s)", flush=True)
            self.assertions += play.assertions

    async def stage(self, name, scenarios, clients, folder):
        path = configuration(scenarios, clients, folder, f"{name}-{'-'.join(client.name for client in clients)}")
        with callboard.Sandbox(*STAGES[name], config=path) as sandbox:
            plays = [(scenario, client, sandbox) for scenario in scenarios for client in clients]
            if name in EXCLUSIVE:
                for each in plays:
                    await self.play(*each)
            else:
                # The long ones first, so that none is left running alone at the end.
                plays.sort(key=lambda each: -each[0].seconds)
                await asyncio.gather(*(self.play(*each) for each in plays))
            if sandbox.process.poll() is not None:
                self.failed += 1
                print(f"FAILED  the sandbox of {name} ended with {sandbox.process.returncode}: {sandbox.diagnostics()}", flush=True)

    async def all(self, scenarios):
        with tempfile.TemporaryDirectory(prefix="callboard-official-") as folder:
            for name in STAGES:
                chosen = [scenario for scenario in scenarios if scenario.stage == name]
                # Where one scenario at a time has a sandbox to itself, each client has one.
                groups = [[client] for client in self.clients] if name in EXCLUSIVE else [self.clients]
                if chosen:
                    await asyncio.gather(*(self.stage(name, chosen, clients, folder) for clients in groups))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--client", choices=[client.name for client in CLIENTS])
    parser.add_argument("--websocket", action="store_true")
    parser.add_argument("--jobs", type=int, default=16)
    parser.add_argument("--theme", action="append", default=[])
    parser.add_argument("only", nargs="*")
    options = parser.parse_args()
    # What the client logs of the failures that the scenarios provoke is no news.
    logging.getLogger("azure").setLevel(logging.CRITICAL)
    themes()
    scenarios = [
        each
        for each in SCENARIOS
        if (not options.theme or each.theme in options.theme) and (not options.only or any(part in each.name for part in options.only))
    ]
    clients = [client for client in CLIENTS if options.client in (None, client.name)]
    run = Run(clients, options.jobs, options.websocket)
    asyncio.run(run.all(scenarios))
    print(f"{run.assertions} assertions", flush=True)
    print(f"{run.passed} passed, {run.failed} failed", flush=True)
    # A blocking call of a scenario that ran out of time may still hold its thread.
    os._exit(1 if run.failed or not run.passed else 0)


if __name__ == "__main__":
    main()
