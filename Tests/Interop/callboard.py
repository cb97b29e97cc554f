"""Starts and asks the callboard executable: the sandbox as a process, the commands as subprocesses. Everything has a deadline."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import select
import signal
import subprocess
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXECUTABLE = os.environ.get("CALLBOARD", str(ROOT / ".build" / "debug" / "callboard"))

# Swift's crash reporter would wait for a key, and nobody is there to press one.
ENVIRONMENT = {**os.environ, "SWIFT_BACKTRACE": "enable=no"}
ENVIRONMENT.pop("SERVICEBUS_CONNECTION_STRING", None)
# What commands keep of what they did, the audit ledger and the journals of jobs, is not that of whoever runs the tests.
_STATE = tempfile.TemporaryDirectory(prefix="callboard-state-")
ENVIRONMENT["XDG_STATE_HOME"] = _STATE.name

# The sandbox's rules, those of Microsoft's emulator and one each that may only send and only listen, share this key.
ROOT_RULE, KEY = "RootManageSharedAccessKey", "SAS_KEY_VALUE"


def signature(resource, rule=ROOT_RULE, key=KEY, seconds=600):
    """A shared access signature for a resource (`sb://host:port/entity`), good for some seconds; made here, by no client."""
    uri, end = urllib.parse.quote_plus(resource), str(int(time.time()) + seconds)
    signed = base64.b64encode(hmac.new(key.encode(), f"{uri}\n{end}".encode(), hashlib.sha256).digest())
    return f"SharedAccessSignature sr={uri}&sig={urllib.parse.quote_plus(signed)}&se={end}&skn={rule}"


class Sandbox:
    """`callboard sandbox` on free loopback ports, from its ready line to its end.

    with Sandbox(config=path) as sandbox:
        sandbox.connection_string
    """

    def __init__(self, *arguments, config=None, ready_within=30, before=None):
        self.arguments = [EXECUTABLE, "sandbox", "--amqp-port", "0", "--http-port", "0", *arguments]
        if config is not None:
            self.arguments += ["--config", str(config)]
        self.ready_within = ready_within
        # Called in the new process before it becomes the sandbox.
        self.before = before
        self.errors = tempfile.TemporaryFile()
        self.process = None
        self.ready = None

    def start(self):
        self.process = subprocess.Popen(
            self.arguments, stdout=subprocess.PIPE, stderr=self.errors, env=ENVIRONMENT, preexec_fn=self.before
        )
        line = self._first_line()
        try:
            self.ready = json.loads(line)
        except ValueError:
            self.stop()
            raise AssertionError(f"the sandbox's first line is not JSON: {line!r}\n{self.diagnostics()}") from None
        assert self.ready.get("ready") is True, self.ready
        return self

    def _first_line(self):
        deadline = time.monotonic() + self.ready_within
        line = b""
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            readable, _, _ = select.select([self.process.stdout], [], [], max(left, 0))
            if not readable:
                self.stop()
                raise AssertionError(f"the sandbox was not ready within {self.ready_within} s\n{self.diagnostics()}")
            piece = os.read(self.process.stdout.fileno(), 4096)
            if not piece:
                status = self.process.wait(timeout=5)
                raise AssertionError(f"the sandbox ended with status {status} before it was ready\n{self.diagnostics()}")
            line += piece
        return line.decode()

    @property
    def connection_string(self):
        return self.ready["connectionString"]

    @property
    def amqp_port(self):
        return self.ready["amqpPort"]

    @property
    def http_port(self):
        return self.ready["httpPort"]

    def diagnostics(self):
        self.errors.seek(0)
        return self.errors.read()[-4000:].decode(errors="replace")

    def stop(self):
        """Ends it as a service manager would, and gives its exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(timeout=5)
        self.process.stdout.close()
        return self.process.returncode

    def kill(self):
        """Ends it as nobody should, with kill -9, and waits until it is gone."""
        self.process.kill()
        self.process.wait(timeout=10)
        self.process.stdout.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def run(*arguments, connection_string=None, seconds=30, stdin=None, environment=None):
    """Runs one callboard command; gives its CompletedProcess with text output. The connection string goes by the environment, as
    it should in scripts: an argument list can be read by everybody on the machine."""
    variables = dict(ENVIRONMENT if environment is None else environment)
    if connection_string is not None:
        variables["SERVICEBUS_CONNECTION_STRING"] = connection_string
    return subprocess.run(
        [EXECUTABLE, *arguments],
        env=variables,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=seconds,
        check=False,
    )


def peek(entity, *arguments, connection_string, output="json", seconds=60):
    """What `callboard peek` says about an entity, as Python values."""
    done = run("peek", entity, "--output", output, *arguments, connection_string=connection_string, seconds=seconds)
    assert done.returncode == 0, f"callboard peek {entity} ended with {done.returncode}: {done.stderr.strip()}"
    if output == "jsonl":
        return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    return json.loads(done.stdout)
