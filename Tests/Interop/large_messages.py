#!/usr/bin/env python3
"""Our client and the sandbox of the premium tier: its largest message, 100 MB in hundreds of frames, once each way.

usage: large_messages.py
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import callboard
from checks import Checks
from second_server import EXCHANGE

checks = Checks("the largest messages")


@checks.step("a message of 100 MB comes through byte for byte, and a larger one is refused", seconds=300)
def largest():
    with tempfile.TemporaryDirectory(prefix="callboard-large-") as folder:
        path = pathlib.Path(folder) / "Config.json"
        namespace = {"Name": "sbemulatorns", "Queues": [{"Name": "large", "Properties": {}}]}
        path.write_text(json.dumps({"UserConfig": {"Namespaces": [namespace]}}), encoding="utf-8")
        with callboard.Sandbox("--tier", "premium", config=path) as sandbox:
            done = subprocess.run(
                [*EXCHANGE, "play", "large", sandbox.connection_string, "large"],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                timeout=280,
                check=False,
                env=callboard.ENVIRONMENT,
            )
            assert done.returncode == 0, f"{done.returncode}: {done.stdout}{done.stderr}"
            sizes, same, times, refused, left = [json.loads(line) for line in done.stdout.splitlines()]
            print(f"        {times}", flush=True)
            assert sizes == [104_857_472], sizes
            assert same is True, "not byte for byte"
            assert refused == ["messageTooLarge"], refused
            assert left == 0, "something is left"


if __name__ == "__main__":
    sys.exit(checks.run())
