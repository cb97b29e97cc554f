"""The sandbox's cloud for tests of signing in: a namespace with the demo estate and Entra, Azure Resource Manager and Backstage beside it, homes
of people who never met this machine, and a recorder between a program and the cloud, which so knows every secret that was exchanged.

Everything is on loopback: where an identity would be asked for elsewhere (a machine's metadata service, the Azure CLI), it is told not to.
"""

import contextlib
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Interop"))

import requests  # noqa: E402

import bad_peers  # noqa: E402
import callboard  # noqa: E402
from checks import eventually  # noqa: E402
from terminal import Terminal  # noqa: E402

ON_CALL, DEVELOPER, ADMIN, ONE_QUEUE, READER = (
    f"{name}@contoso.example" for name in ("r.osei", "d.moreau", "k.brandt", "l.haddad", "p.nowak")
)
DEVELOPER_ID = "0e5e1000-0000-4000-8000-000000000002"
CONTEXT = "retail"
ARM = "https://management.azure.com/.default"

# A token of Entra's, or the beginning of one.
JWT = re.compile(r"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*\.?[A-Za-z0-9_-]*")


BROWSER = """exec {python} - "$1" <<'END'
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile={ca!r})
opener = urllib.request.build_opener(urllib.request.ProxyHandler({{}}), urllib.request.HTTPSHandler(context=context))
page = opener.open(sys.argv[1] + "&sandbox_user={user}", timeout=10)
open({page!r}, "wb").write(page.read())
END"""


class WebRecorder:
    """Ends TLS with a certificate of its own, passes every byte on to the server, and keeps them: what was asked, what was answered."""

    def __init__(self, server_port, server_ca, folder):
        self.server_port = server_port
        self.trusted = ssl.create_default_context(cafile=server_ca)
        authority, chain = make_certificate(folder)
        self.ca_file = folder / "both.pem"
        self.ca_file.write_text(authority + pathlib.Path(server_ca).read_text(encoding="utf-8"), encoding="utf-8")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(chain)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.exchanges = []
        # What is not passed on, and who waits for that: (a pattern of requests, one came, it is over).
        self.holding = None

    @property
    def origin(self):
        return f"https://127.0.0.1:{self.port}"

    def start(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def stop(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    @contextlib.contextmanager
    def gone(self):
        """Nobody listens there for a while."""
        self.stop()
        try:
            yield
        finally:
            self.listener = socket.create_server(("127.0.0.1", self.port))
            self.start()

    @contextlib.contextmanager
    def held(self, pattern):
        """Requests that match never reach the server, for a while: whoever sends one waits, and is cut off in the end. Gives an event: one came."""
        came, over = threading.Event(), threading.Event()
        self.holding = (re.compile(pattern.encode(), re.MULTILINE), came, over)
        try:
            yield came
        finally:
            self.holding = None
            over.set()

    def _is_held(self, data):
        if (holding := self.holding) is None or not holding[0].search(data):
            return False
        _, came, over = holding
        came.set()
        over.wait(120)
        return True

    def _accept(self):
        listener = self.listener
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(plain,), daemon=True).start()

    def _relay(self, plain):
        exchange = (bytearray(), bytearray())
        with self.lock:
            self.exchanges.append(exchange)
        try:
            plain.settimeout(10)
            client = self.context.wrap_socket(plain, server_side=True)
            server = self.trusted.wrap_socket(
                socket.create_connection(("127.0.0.1", self.server_port), 10), server_hostname="127.0.0.1"
            )
            with client, server:
                while True:
                    waiting = [each for each in (client, server) if each.pending()] or select.select([client, server], [], [], 120)[0]
                    if not waiting:
                        return
                    for source in waiting:
                        data = source.recv(65536)
                        if not data:
                            return
                        # Written down before it is passed on: who has an answer finds it here.
                        with self.lock:
                            exchange[0 if source is client else 1].extend(data)
                        if source is client and self._is_held(data):
                            return
                        (server if source is client else client).sendall(data)
        except OSError:
            plain.close()

    def texts(self):
        with self.lock:
            return [(bytes(asked).decode(errors="replace"), bytes(said).decode(errors="replace")) for asked, said in self.exchanges]

    def requests(self, pattern=""):
        """The request lines so far that match a pattern."""
        # On a connection that is used again a request follows the body of the one before, without a line end.
        lines = [line for asked, _ in self.texts() for line in re.findall(r"((?:GET|POST|PUT|DELETE) /\S*) HTTP/1\.1\r\n", asked)]
        return [line for line in lines if re.search(pattern, line)]

    def secrets(self):
        """Everything that was exchanged and nobody else may know: {what it is: its values}."""
        found = {}

        def keep(kind, value):
            if len(value) > 7:
                found.setdefault(kind, set()).add(value)

        for asked, said in self.texts():
            for kind in ("refresh_token", "access_token", "id_token", "device_code", "primaryKey", "secondaryKey"):
                for value in re.findall(rf'"{kind}"\s*:\s*"([^"]+)"', said):
                    keep(kind, value)
                    if kind.endswith("_token") and value.count(".") == 2:
                        keep(f"signature of the {kind}", value.rsplit(".", 1)[1])
            for value in re.findall(r"[?&]code=([^&\s]+)", said):
                keep("authorization code", urllib.parse.unquote(value))
            for kind in ("code", "code_verifier", "client_secret", "client_assertion", "device_code", "refresh_token"):
                for value in re.findall(rf"(?:^|&|\n){kind}=([^&\s]+?)(?=&|$|\s|GET |POST )", asked):
                    keep(kind, urllib.parse.unquote_plus(value))
            for value in re.findall(r"^[Aa]uthorization: Bearer (\S+)\r$", asked, re.MULTILINE):
                keep("bearer token", value)
        return found


def make_certificate(folder):
    """(the PEM of an authority, a file with a certificate it signed for 127.0.0.1 and its key)."""

    def openssl(*arguments):
        done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0, f"openssl {arguments[0]}: {done.stderr}"

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1")
    authority = ("-keyout", "authority.key", "-out", "authority.pem", "-subj", "/CN=recorder's authority")
    openssl("req", "-x509", *key, *authority, "-addext", "basicConstraints=critical,CA:TRUE")
    signed = ("-CA", "authority.pem", "-CAkey", "authority.key", "-keyout", "leaf.key", "-out", "leaf.pem", "-subj", "/CN=127.0.0.1")
    openssl("req", "-x509", *key, *signed, "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE")
    chain = folder / "recorder.pem"
    chain.write_text("".join((folder / name).read_text(encoding="utf-8") for name in ("leaf.pem", "leaf.key")), encoding="utf-8")
    return (folder / "authority.pem").read_text(encoding="utf-8"), chain


class Cloud:
    """A sandbox with its cloud, and the recorder in front of it. `folder` is removed in the end, with all homes in it."""

    def __init__(self, seed="demo"):
        self.sandbox = callboard.Sandbox(
            "--https-port", "0", "--amqps-port", "0", "--cloud-port", "0", "--seed", seed, ready_within=60
        ).start()
        self.ready = self.sandbox.ready
        self.credentials = json.loads(pathlib.Path(self.ready["credentialsFile"]).read_text(encoding="utf-8"))
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="callboard-sign-in-"))
        self.recorder = WebRecorder(self.ready["cloudPort"], self.ready["caFile"], self.folder).start()
        self.homes = 0
        self.switch()

    def stop(self):
        self.recorder.stop()
        self.sandbox.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def origin(self):
        """The cloud itself, past the recorder."""
        return f"https://127.0.0.1:{self.ready['cloudPort']}"

    @contextlib.contextmanager
    def switched(self, **values):
        """Sets switches of the cloud for a while."""
        self.switch(**values)
        try:
            yield
        finally:
            self.switch()

    def switch(self, **values):
        # Nobody here has the five seconds that Entra asks for between two polls.
        values = {"deviceCodeInterval": 1, **values}
        answer = requests.put(f"{self.origin}/$sandbox/cloud", json=values, verify=self.ready["caFile"], timeout=5)
        assert answer.status_code == 200, answer.text

    def token(self, user, scope=ARM):
        """An access token for a person, had by a device code and without any client of ours."""
        entra, client = f"{self.origin}/{self.ready['tenantId']}/oauth2/v2.0", self.ready["publicClientId"]

        def ask(path, **form):
            return requests.post(f"{entra}/{path}", data={"client_id": client, **form}, verify=self.ready["caFile"], timeout=5).json()

        device = ask("devicecode", scope=scope)
        self.answer_code(device["user_code"], user)
        return ask("token", grant_type="urn:ietf:params:oauth:grant-type:device_code", device_code=device["device_code"])["access_token"]

    def answer_code(self, code, user=ON_CALL, action="approve"):
        """What a person does in a browser anywhere, who was told a device's code."""
        form = {"user_code": code, "user": user, "action": action}
        answer = requests.post(f"{self.origin}/devicelogin", data=form, verify=self.ready["caFile"], timeout=5)
        assert answer.status_code == 200, answer.text

    def config(self, is_recorded=True, **changes):
        """The text of a configuration with the context that signs in here; `changes` replace or (None) drop members of it."""
        origin = self.recorder.origin if is_recorded else self.origin
        context = {
            "environment": "test",
            "namespace": f"127.0.0.1:{self.ready['amqpsPort']}",
            "administration-port": self.ready["httpsPort"],
            "service-host": f"{self.ready['namespaceName']}.servicebus.windows.net",
            "ca-file": str(self.recorder.ca_file) if is_recorded else self.ready["caFile"],
            "sign-in": {
                "tenant": self.ready["tenantId"],
                "client-id": self.ready["publicClientId"],
                "login-url": origin,
                "resource-manager-url": origin,
                "graph-url": origin,
            },
            "backstage": {"url": origin, "resource": "api://callboard-backstage"},
        }
        context.update(changes)
        # JSON is YAML.
        return json.dumps({"contexts": {CONTEXT: {key: value for key, value in context.items() if value is not None}}}, indent=1)

    def home(self, is_recorded=True, **changes):
        self.homes += 1
        return Home(self, self.folder / f"home-{self.homes}", self.config(is_recorded, **changes))


class Home:
    """The home of somebody who never ran this before: nothing but a configuration file."""

    def __init__(self, cloud, path, config):
        self.cloud, self.path = cloud, path
        (path / "bin").mkdir(parents=True)
        self.configure(config)
        # The Azure CLI of whoever runs the tests is not to be asked.
        self.program("az", "echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1")
        self.environment = {
            "HOME": str(path),
            "PATH": f"{path}/bin:{os.environ['PATH']}",
            "TERM": "dumb",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "SWIFT_BACKTRACE": "enable=no",
            # No machine's metadata service: a port on loopback where nobody listens.
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": f"http://127.0.0.1:{bad_peers.unused_port()}",
        }

    def configure(self, config):
        file = self.path / ".config" / "callboard" / "config.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(config, encoding="utf-8")

    def program(self, name, script):
        """Puts a shell script first in the path."""
        file = self.path / "bin" / name
        file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        file.chmod(0o755)

    def browser(self, script):
        """Makes a shell script what opens addresses, by the names of Linux and of macOS."""
        for name in ("xdg-open", "open"):
            self.program(name, script)

    def browse_as(self, user, before=""):
        """Makes what opens addresses a browser in which somebody chooses who they are and is sent back; gives the file with the last page."""
        page = self.path / "page"
        script = BROWSER.format(python=sys.executable, ca=str(self.cloud.recorder.ca_file), user=user, page=str(page))
        self.browser(before + script)
        return page

    def run(self, *arguments, seconds=20, stdin=None, **variables):
        return callboard.run(*arguments, seconds=seconds, stdin=stdin, environment={**self.environment, **variables})

    def begin(self, *arguments, **variables):
        """A command that goes on meanwhile; its output can be looked at while it runs."""
        return Running(self, arguments, {**self.environment, **variables})

    def whoami(self, **variables):
        """(exit status, what whoami says as JSON)."""
        done = self.run("whoami", "--output", "json", **variables)
        assert done.stdout.startswith("{"), f"whoami ended with {done.returncode} and said {done.stdout!r} {done.stderr!r}"
        return done.returncode, json.loads(done.stdout)

    def sign_in(self, user=ON_CALL):
        """Signs somebody in by a device code, approved as soon as it is on the screen."""
        with self.begin("login", "--device-code") as login:
            self.cloud.answer_code(login.code(), user)
            status = login.wait()
            assert status == 0, f"login ended with {status}: {login.output()}"

    @property
    def token_file(self):
        return self.path / ".local" / "state" / "callboard" / "tokens" / f"{CONTEXT}.tokens"

    def files(self):
        """Every file below this home, but its programs."""
        return [file for file in self.path.rglob("*") if file.is_file() and (self.path / "bin") not in file.parents]


def demo_home(owner, path, place):
    """The home of somebody in the sandbox that a demo runs: `place` is what its file says, and `owner` has a `folder` for what commands say."""
    context = {
        "mode": "read-write",
        "namespace": f"127.0.0.1:{place['messagingPort']}",
        "administration-port": place["administrationPort"],
        "service-host": f"{place['namespace']}.servicebus.windows.net",
        "ca-file": place["caFile"],
        "sign-in": {
            "tenant": place["tenant"],
            "client-id": place["clientId"],
            **{f"{name}-url": f"https://127.0.0.1:{place['cloudPort']}" for name in ("login", "resource-manager", "graph")},
        },
    }
    return Home(owner, path, json.dumps({"contexts": {"demo": context}}))


def demo_sign_in(home, place, user):
    """Signs somebody in there by a device code."""
    with home.begin("login", "--device-code") as login:
        form = {"user_code": login.code(), "user": user, "action": "approve"}
        origin = f"https://127.0.0.1:{place['cloudPort']}"
        assert requests.post(f"{origin}/devicelogin", data=form, verify=place["caFile"], timeout=5).status_code == 200
        assert login.wait() == 0, login.output()


class Running:
    """A command as a process of its own, in its own session, with what it says in files."""

    def __init__(self, home, arguments, environment):
        self.arguments = arguments
        self.files = [tempfile.NamedTemporaryFile(dir=home.cloud.folder) for _ in range(2)]
        self.process = subprocess.Popen(
            [callboard.EXECUTABLE, *arguments], env=environment, stdin=subprocess.DEVNULL, stdout=self.files[0], stderr=self.files[1]
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=5)
        for file in self.files:
            file.close()

    def output(self):
        return "".join(pathlib.Path(file.name).read_text(encoding="utf-8", errors="replace") for file in self.files)

    def says(self, pattern, seconds=10):
        """Waits until its output matches."""

        def found():
            match = re.search(pattern, self.output(), re.MULTILINE)
            assert match or self.process.poll() is None, f"{self.arguments} ended with {self.process.returncode}: {self.output()}"
            return match

        return eventually(found, seconds, 0.02, f"/{pattern}/ in the output of {self.arguments}: {self.output()!r}")

    def code(self):
        """The device code that it shows."""
        return self.says(r"^ +code +([A-Z0-9]{9})$").group(1)

    def wait(self, seconds=15):
        return self.process.wait(timeout=seconds)

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)


def console(home, rows, columns):
    """A terminal whose home is that of somebody here."""
    kept = {key: value for key, value in home.environment.items() if key != "TERM"}
    folders = {"XDG_CONFIG_HOME": ".config", "XDG_STATE_HOME": ".local/state", "XDG_CACHE_HOME": ".cache"}
    kept.update({key: str(home.path / folder) for key, folder in folders.items()})
    return Terminal(rows, columns, environment=kept)


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def make_older(file, seconds):
    """Makes a kept catalogue some seconds older, as time would: Sources/Backstage/Cache/SnapshotFormat.swift says where that stands."""
    content = bytearray(file.read_bytes())
    assert content[:8] == b"CBCATLOG", "that is no kept catalogue"
    mask, factor, now = (1 << 64) - 1, 0x9E37_79B9_7F4A_7C15, int(time.time())
    changed = 0
    for place in range(32, len(content) - 3, 4):
        value = int.from_bytes(content[place : place + 4], "little")
        if now - 600 <= value <= now:
            content[place : place + 4] = (value - seconds).to_bytes(4, "little")
            changed += 1
        if changed == 2:
            break
    assert changed == 2, "when the backend was asked was not found"
    words = [int.from_bytes(content[8:12], "little"), int.from_bytes(content[12:16], "little"), int.from_bytes(content[16:24], "little")]
    body = content[32:]
    whole = len(body) - len(body) % 8
    words += [int.from_bytes(body[at : at + 8], "little") for at in range(0, whole, 8)] + list(body[whole:])
    total = 0x6A09_E667_F3BC_C908
    for word in words:
        total = ((total ^ word) * factor) & mask
        total ^= total >> 29
    content[24:32] = total.to_bytes(8, "little")
    file.write_bytes(content)
