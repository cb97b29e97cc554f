#!/usr/bin/env python3
"""No secret comes out: every command there is, run at trace level as somebody who signed in, with a client secret, with a connection string, and
as somebody who may next to nothing; then everything it said, what the machine's process list showed meanwhile, and every file it kept are
searched for every token, code, key and secret of the run. A recorder before the sandbox's cloud knows them.

usage: no_secrets.py [PART OF A STEP'S NAME]       CALLBOARD names the executable (default .build/debug/callboard)

The commands are read from --help: one that has no example here fails the test.
"""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid

import requests
from terminal import Terminal  # puts Tests/Interop on the path

import callboard
from checks import Checks, eventually
from cloud import ADMIN, DEVELOPER, DEVELOPER_ID, JWT, ON_CALL, ONE_QUEUE, Cloud

checks = Checks("no secret comes out")
DATA_OWNER = "090c5cfd-751d-490a-894a-3ce6f1109419"
AUTOMATION = "5b0d0000-0000-4000-8000-0000000000a1"
USAGE = 2
# What makes no sense with a connection string.
REQUESTS = (
    *(f"access {word}" for word in ("request", "list", "show", "approve", "deny", "revoke", "active", "sweep", "review")),
    "audit reconcile", "policy audit-azure",
)
SIGNED_IN = (
    "login", "logout", "whoami", "bindings", "drift list", "drift show", "token issue", "token revoke", "keys list", "keys age", "keys rotate",
    "keys adopt", "keys refuse", *REQUESTS,
)  # fmt: skip
ACTIONS = (
    "catalog.read entity.read entity.create entity.update entity.delete rule.change audit.verify session.set-state session.clear message.peek "
    "message.export message.send message.redrive message.move message.delete message.purge message.defer message.dead-letter "
    "message.receive-deferred message.cancel-scheduled message.import token.issue access.revoke secret.rotate secret.refuse"
).split()

# What stands before a token or in a key, whoever's it is.
MARKS = ["Bearer ", "SharedAccessSignature sr=", "PRIVATE KEY", "&sig=", "client_secret=", "refresh_token=", "code_verifier="]

cloud = None
# Everything that came out of a run: [(where, text)].
outputs = []


@checks.cleanup
def stop_cloud():
    if cloud is not None:
        cloud.stop()


# What is secret


def secrets():
    """{what it is: its values}, of the whole run so far."""
    found = cloud.recorder.secrets()
    known = cloud.credentials
    for name in ("clientSecret", "newcomerClientSecret", "identityHeader", "catalogueToken"):
        found.setdefault(name, set()).add(known[name])
    found["federated token"] = {pathlib.Path(known["federatedTokenFile"]).read_text(encoding="utf-8").strip()}
    pem = pathlib.Path(known["certificateFile"]).read_text(encoding="utf-8")
    (key,) = re.findall(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n(.*?)-----END", pem, re.DOTALL)
    found["private key"] = {line for line in key.split() if len(line) > 20}
    found["shared access key"] = {callboard.KEY}
    # The cache's own key, as it may be written.
    for file in cloud.folder.rglob("token-cache.key"):
        content = file.read_bytes()
        found.setdefault("key of the token cache", set()).update({content.decode("latin-1"), content.hex(), content.hex().upper()})
    return found


def leaks(text, known):
    """What of a text is secret: [(what it is, how it begins)]."""
    found = [(kind, value[:12] + "…") for kind, values in known.items() for value in values if value in text]
    found += [("mark", mark) for mark in MARKS if mark in text]
    found += [("token", token[:24] + "…") for token in JWT.findall(text)]
    return found


# Running


def process_list(pid):
    """What everybody on the machine can see of a process and what it started: their argument lists."""
    shown = subprocess.run(["ps", "axww", "-o", "pid=,ppid=,args="], stdout=subprocess.PIPE, text=True, timeout=10, check=False).stdout
    rows = [(int(number), int(parent), words) for number, parent, *words in (line.split(None, 2) for line in shown.splitlines())]
    family = {pid}
    while more := {number for number, parent, _ in rows if parent in family} - family:
        family |= more
    seen = [" ".join(words) for number, _, words in rows if number in family]
    for each in family:
        with contextlib.suppress(OSError):
            seen.append(pathlib.Path(f"/proc/{each}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return "\n".join(seen)


class Identity:
    """A way to be somebody: a home, and what is in the environment."""

    def __init__(self, name, home, **variables):
        self.name, self.home = name, home
        self.variables = {"CALLBOARD_LOG": "trace", **variables}
        self.is_person = not variables
        self.queue = f"secrets-{name.replace(' ', '-')}"

    def run(self, words, seconds=40, watch=None):
        """Runs a command, watches the process list meanwhile, and keeps what came out; gives (its exit status, its two outputs). `watch` gets the
        process and what it said so far, again and again."""
        what = f"{self.name}: callboard {' '.join(words)}"
        environment = {**self.home.environment, **self.variables}
        seen, times = [], [0.0]
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                [callboard.EXECUTABLE, *words],
                env=environment,
                cwd=self.home.path,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
            )
            try:

                def texts():
                    return [os.pread(file.fileno(), 1 << 26, 0).decode(errors="replace") for file in (out, errors)]

                def ended():
                    # At once, and every now and then: listing processes costs more than most commands.
                    if time.monotonic() >= times[-1]:
                        seen.append(process_list(process.pid))
                        times.append(time.monotonic() + 0.2)
                    if watch is not None and process.poll() is None:
                        watch(process, "".join(texts()))
                    return process.poll() is not None

                eventually(ended, seconds, 0.02, what)
                said = texts()
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait(timeout=5)
        outputs.append((f"{what} (standard output)", said[0]))
        outputs.append((f"{what} (standard error)", said[1]))
        outputs.append((f"{what} (process list)", "\n".join(seen)))
        return process.returncode, said

    def keep_files(self):
        for file in self.home.files():
            outputs.append((f"{self.name}: {file.relative_to(self.home.path)}", file.read_bytes().decode("latin-1")))


# The commands


def commands(path=(), deep=True):
    """Every command that --help tells of, as words: and those below others, if it goes deep."""
    text = callboard.run(*path, "--help").stdout
    if "SUBCOMMANDS:" not in text:
        return [path]
    below = text.split("SUBCOMMANDS:", 1)[1]
    names = re.findall(r"^  ([a-z][a-z-]*)(?:  | \(default\)|$)", below, re.MULTILINE)
    return [each for name in names for each in (commands((*path, name)) if deep else [(*path, name)])]


def examples(identity):
    """What is run, in an order in which each finds what it is about: [(command, further words)]."""
    queue, home = identity.queue, identity.home.path
    (home / "policy.yaml").write_text(
        'version: 1\nallow:\n  - {id: look, who: [anyone], action: [message.peek], scope: "**"}\n', encoding="utf-8"
    )
    (home / "decisions.json").write_text(
        json.dumps({"cases": [{"who": ["user:x"], "action": "message.peek", "scope": "namespaces/n/queues/q", "expect": "allow:look"}]}),
        encoding="utf-8",
    )
    (home / "message.json").write_text('{"a": 1}', encoding="utf-8")
    (home / "messages.jsonl").write_text('{"body": {"a": 1}}\n' * 20, encoding="utf-8")
    yes, logins = ["--yes", "--reason", "test"], [("login", ["--device-code"]), ("login", [])]
    return [
        ("config check", []),
        ("contexts", []),
        *(logins if identity.is_person else []),
        ("whoami", []),
        ("whoami", ["--output", "json"]),
        ("doctor", ["invoices"]),
        ("services", []),
        ("services", ["billing", "--output", "json"]),
        ("entities", []),
        ("create", ["queue", queue, "--reason", "test"]),
        ("create", ["queue", f"{queue}-sessions", "--requires-session", "--reason", "test"]),
        ("update", ["queue", queue, "--max-delivery-count", "5", "--reason", "test"]),
        ("show", ["invoices"]),
        ("peek", ["invoices", "--count", "2", "--output", "json"]),
        ("peek", ["orders", "--count", "1"]),
        ("groups", ["invoices", "--dead-letter"]),
        ("trace", ["23c8b8d9-27f6-48fd-9445-a385e98b74ee", "--entity", "invoices"]),
        ("send", [queue, "--file", "message.json", "--reason", "test"]),
        ("send", [queue, "--jsonl", "messages.jsonl", "--reason", "test"]),
        ("export", [queue, "kept.cbx", "--reason", "test"]),
        ("import", [queue, "kept.cbx", *yes]),
        ("delete", [queue, "--seq", "1", *yes]),
        ("dead-letter", [queue, "--seq", "2-3", "--because", "test", *yes]),
        ("redrive", [queue, "--dead-letter", "--all", *yes]),
        ("defer", [queue, "--seq", "4", *yes]),
        ("receive-deferred", [queue, "--seq", "4", *yes]),
        ("cancel-scheduled", ["cart-abandoned", "--all", "--dry-run"]),
        ("move", [queue, "--seq", "6", "--to", f"{queue}", "--dry-run"]),
        ("purge", [queue, "--yes-purge", queue, "--reason", "test"]),
        ("jobs list", []),
        ("jobs show", ["1"]),
        ("jobs resume", ["1"]),
        ("sessions", [f"{queue}-sessions"]),
        ("session set-state", [f"{queue}-sessions", "s", "--text", "x", "--reason", "test"]),
        ("session show", [f"{queue}-sessions", "s"]),
        ("session clear", [f"{queue}-sessions", "s", "--reason", "test"]),
        ("rules", ["order-events/billing"]),
        ("topology export", ["Config.json"]),
        ("topology import", ["Config.json", "--dry-run"]),
        ("bindings", ["orders"]),
        ("bindings", ["--who", DEVELOPER_ID]),
        ("drift list", []),
        ("drift show", ["orphan-principal"]),
        ("access request", ["orders", "--for", "30m", "--reason", "test", "--output", "json"]),
        ("access request", ["orders", "--for", "30m", "--reason", "test", "--dry-run"]),
        ("access list", ["--mine"]),
        ("access list", []),
        ("access show", ["0000"]),
        ("access approve", ["0000", "--reason", "test"]),
        ("access deny", ["0000", "--reason", "test"]),
        ("access active", []),
        ("access revoke", ["orders", "--reason", "test"]),
        ("access sweep", []),
        ("access review", ["0000", "--reason", "test"]),
        ("access reviews", []),
        ("token issue", ["--role", "receiver", "--entity", "invoices", "--ttl", "2h", "--reason", "test", "--", "true"]),
        ("token revoke", ["--role", "receiver", "--entity", "invoices", "--reason", "test"]),
        ("keys list", ["--fingerprints"]),
        ("keys age", ["--output", "json"]),
        # The file is where a key belongs: outside of what is searched.
        ("keys rotate", ["--rule", callboard.ROOT_RULE, "--active", "primary", "--to", f"../{queue}.connection", *yes]),
        ("keys adopt", ["--rule", callboard.ROOT_RULE, "--active", "primary", *yes]),
        ("keys refuse", ["--reason", "test"]),
        ("policy lint", ["policy.yaml"]),
        ("policy explain", ["message.peek", "namespaces/n/queues/q", "--policy", "policy.yaml", "--env", "test"]),
        ("policy test", ["decisions.json", "--policy", "policy.yaml"]),
        ("policy export-azure", ["policy.yaml", "--namespace", "/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/n"]),
        ("policy audit-azure", ["--policy", "policy.yaml"]),
        ("audit show", []),
        ("audit verify", []),
        ("audit export", ["--format", "ocsf"]),
        ("audit checkpoint", ["checkpoint.json"]),
        ("audit reconcile", []),
        ("remove", ["queue", queue, "--yes", "--reason", "test"]),
        ("remove", ["queue", f"{queue}-sessions", "--yes", "--reason", "test"]),
        ("sandbox", ["--amqp-port", "0", "--http-port", "0", "--https-port", "0", "--cloud-port", "0", "--seed", "demo"]),
        # Whoever signed in is asked before a program is: that comes last for programs.
        *([] if identity.is_person else logins),
        ("logout", []),
    ]


# These draw on a terminal: a step of its own.
IN_A_TERMINAL = ["console", "demo"]


def approve(identity):
    """Watches a login: approves its code as soon as it is shown."""
    done = []

    def watch(_, said):
        code = re.search(r"^ +code +([A-Z0-9]{9})$", said, re.MULTILINE)
        if code and not done:
            done.append(code.group(1))
            cloud.answer_code(code.group(1), identity.user)

    return watch


def stop_when_ready(process, said):
    """Watches a sandbox: once it is there, ends it, and once only: told twice it would end at once."""
    if '"ready":true' in said and not getattr(process, "told", False):
        process.told = True
        process.terminate()


def browser(home, user):
    """Makes xdg-open a browser in which somebody says who they are."""
    script = (
        "import ssl, sys, urllib.request as web\n"
        f"context = ssl.create_default_context(cafile={str(cloud.recorder.ca_file)!r})\n"
        "opener = web.build_opener(web.ProxyHandler({}), web.HTTPSHandler(context=context))\n"
        f"opener.open(sys.stdin.read().strip() + '&sandbox_user={user}', timeout=10).read()\n"
    )
    file = home.path / "bin" / "browser.py"
    file.write_text(script, encoding="utf-8")
    # The address goes on by standard input: the process list is to show what callboard shows, and no more.
    home.browser(f'echo "$1" | exec {sys.executable} {file}')


def run_everything(identity, may=frozenset({0}), exceptions=None):
    """Runs all examples; each must end as it may."""
    # A job that is over cannot be gone on with; and whether there is such a finding is not what this is about.
    # What somebody may ask for, and whether anything waits, is not either; nobody here has activated a role, and nobody says yes to a namespace without keys.
    asked = dict.fromkeys(REQUESTS, {0, 1, 3, 4, 5})
    special = {"jobs resume": {1}, "drift show": {*may, 4}, "token revoke": {*may, 4}, "keys refuse": {3}}
    exceptions = {**special, **asked, **(exceptions or {})}
    wrong = []
    for command, further in examples(identity):
        words = [*command.split(), *further]
        watch = {"login": approve(identity), "sandbox": stop_when_ready}.get(command)
        status, (_, said) = identity.run(words, watch=watch)
        if status not in exceptions.get(command, may):
            plain = [line for line in said.splitlines() if not re.match(r"^\d{4}-\d\d-\d\dT", line)]
            wrong.append(f"{identity.name}: callboard {' '.join(words)} ended with {status}: {' '.join(plain)[-300:]!r}")
    identity.keep_files()
    assert not wrong, "\n".join(wrong)


def forget_known_keys():
    """The sandbox tells its own connection string, whose key is the emulator's and in its documentation: not that of the others."""
    for number, (where, text) in enumerate(outputs):
        if ": callboard sandbox " in where and "(standard output)" in where:
            line = json.loads(text.splitlines()[0])
            assert callboard.KEY in line.pop("connectionString")
            outputs[number] = (where, json.dumps(line))


identities = {}


def identity(name, user=None, **variables):
    home = cloud.home(mode="read-write")
    identities[name] = Identity(name, home, **variables)
    identities[name].user = user or ON_CALL
    browser(home, identities[name].user)
    return identities[name]


@checks.step("a sandbox with its cloud, and a recorder before it", seconds=60, essential=True)
def begin():
    global cloud
    cloud = Cloud()
    # The application of the demo may do everything with Azure's resources and nothing with messages; here it may.
    ready, name = cloud.ready, uuid.uuid4()
    scope = (
        f"/subscriptions/{ready['subscriptionId']}/resourceGroups/{ready['resourceGroup']}/providers/Microsoft.ServiceBus"
        f"/namespaces/{ready['namespaceName']}"
    )
    role = f"/subscriptions/{ready['subscriptionId']}/providers/Microsoft.Authorization/roleDefinitions/{DATA_OWNER}"
    answer = requests.put(
        f"{cloud.origin}{scope}/providers/Microsoft.Authorization/roleAssignments/{name}?api-version=2022-04-01",
        json={"properties": {"roleDefinitionId": role, "principalId": AUTOMATION, "principalType": "ServicePrincipal"}},
        headers={"Authorization": f"Bearer {cloud.token(ADMIN)}"},
        verify=ready["caFile"],
        timeout=5,
    )
    assert answer.ok, answer.text


@checks.step("every command there is has an example here")
def complete():
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = [" ".join(path) for paths in pool.map(commands, commands(deep=False)) for path in paths]
    assert len(found) > 40 and {"login", "jobs show", "session set-state", "config check"} <= set(found), found
    has = {command for command, _ in examples(identity("complete"))} | set(IN_A_TERMINAL)
    assert not set(found) - has, f"without an example: {sorted(set(found) - has)}"
    assert not has - set(found), f"no command any more: {sorted(has - set(found))}"


@checks.step("every command as somebody who signed in", seconds=120)
def as_person():
    run_everything(identity("person", DEVELOPER))


@checks.step("every command as a program with a client secret", seconds=120)
def with_client_secret():
    known = cloud.credentials
    variables = {"AZURE_TENANT_ID": known["tenantId"], "AZURE_CLIENT_ID": known["clientId"], "AZURE_CLIENT_SECRET": known["clientSecret"]}
    each = identity("client secret", **variables)
    # Programs only look, unless a policy says otherwise.
    policy = each.home.path / ".config" / "callboard" / "policy.yaml"
    policy.write_text(
        f'version: 1\nallow:\n  - {{id: all, who: [agent, anyone], scope: "**", action: [{", ".join(ACTIONS)}]}}\n', encoding="utf-8"
    )
    policy.chmod(0o600)
    each.home.configure(cloud.config(policy=str(policy)))
    assert each.home.whoami(**variables)[1]["credential"] == "environment"
    run_everything(each)


@checks.step("every command with a connection string", seconds=120)
def with_connection_string():
    each = identity("connection string", SERVICEBUS_CONNECTION_STRING=cloud.sandbox.connection_string)
    each.home.configure("contexts: {}\n")
    run_everything(each, exceptions={"services": {0, 4}, **{name: {USAGE} for name in SIGNED_IN}})


@checks.step("every command as somebody who may look into one queue only: what is refused says no more", seconds=120)
def as_stranger():
    each = identity("one queue", ONE_QUEUE)
    # There was nothing to export: the files are those of somebody who could.
    for name in ("kept.cbx", "Config.json"):
        shutil.copy2(identities["person"].home.path / name, each.home.path / name)
    run_everything(each, may=frozenset({0, 1, 3, 4, 5}), exceptions={"jobs resume": {0, 1, 4, 5}})


@checks.step("signing in by a certificate, a federated token and a machine's identity, and with what is wrong of them", seconds=60)
def other_credentials():
    known, home = cloud.credentials, cloud.home()
    tenant = {"AZURE_TENANT_ID": known["tenantId"], "AZURE_CLIENT_ID": known["clientId"]}
    wrong_key = home.path / "wrong.pem"
    pem = pathlib.Path(known["certificateFile"]).read_text(encoding="utf-8")
    wrong_key.write_text(pem[: len(pem) // 2], encoding="utf-8")
    for name, status, variables in (
        ("certificate", 0, {**tenant, "AZURE_CLIENT_CERTIFICATE_PATH": known["certificateFile"]}),
        ("half a certificate", None, {**tenant, "AZURE_CLIENT_CERTIFICATE_PATH": str(wrong_key)}),
        ("federated token", 0, {**tenant, "AZURE_FEDERATED_TOKEN_FILE": known["federatedTokenFile"]}),
        ("another's secret", 3, {**tenant, "AZURE_CLIENT_SECRET": known["newcomerClientSecret"]}),
        ("machine", 0, {"AZURE_POD_IDENTITY_AUTHORITY_HOST": cloud.recorder.origin}),
        (
            "service",
            0,
            {"IDENTITY_ENDPOINT": f"{cloud.recorder.origin}/msi/token", "IDENTITY_HEADER": known["identityHeader"]},
        ),
    ):
        # A home each: what one keeps is nothing to the next.
        each = identity(name, **variables)
        for words in (["whoami"], ["doctor", "orders"], ["peek", "orders", "--count", "1"], ["services"]):
            ended, said = each.run(words)
            assert ended >= 0 and (status is None or words != ["whoami"] or ended == status), (name, words, ended, said)
        each.keep_files()


@checks.step("the console at trace level, as each of them: no screen and no line of its log", seconds=120)
def in_a_terminal():
    for name in ("person", "client secret", "connection string"):
        each = identities[name]
        if name == "person":
            status, _ = each.run(["login", "--device-code"], watch=approve(each))
            assert status == 0
        kept = {key: value for key, value in each.home.environment.items() if key != "TERM"}
        folders = {"XDG_CONFIG_HOME": ".config", "XDG_STATE_HOME": ".local/state", "XDG_CACHE_HOME": ".cache"}
        kept.update({key: str(each.home.path / folder) for key, folder in folders.items()})
        log = each.home.path / "console.log"
        with Terminal(40, 120, environment={**kept, **each.variables}) as terminal:
            seen = []

            def look():
                seen.append(terminal.screen())

            command = f"{callboard.EXECUTABLE} console 2>{log}" if name != "connection string" else f"{callboard.EXECUTABLE} demo 2>{log}"
            terminal.start(command, r"\bservices\b", seconds=20)
            terminal.wait_gone("loading", seconds=20)
            look()
            outputs.append((f"{name}: console (process list)", process_list(terminal.program)))
            terminal.type(":entity invoices")
            terminal.keys("Enter")
            terminal.wait_for(r"^ invoices\b")
            look()
            terminal.keys("d")
            terminal.wait_for(r"dead letters? · all", seconds=20)
            look()
            terminal.keys("Enter")
            terminal.wait_for(r"body · ")
            look()
            for screen in (":entity nothing-here", ":jobs", ":history"):
                terminal.type(screen)
                terminal.keys("Enter")
                terminal.wait_gone(rf"^{screen}")
                look()
            terminal.keys("L")
            terminal.wait_for(r"› log")
            look()
            terminal.keys("Q")
            terminal.wait_for_shell()
            look()
        outputs.append((f"{name}: console (screens)", "\n".join(seen)))
        outputs.append((f"{name}: console (standard error)", log.read_text(encoding="utf-8", errors="replace")))
        each.keep_files()


@checks.step("the searching finds what it looks for, and it looked at something", seconds=60)
def controls():
    known = secrets()
    for kind in (
        "refresh_token", "access_token", "id_token", "device_code", "authorization code", "code_verifier", "client_secret", "client_assertion",
        "bearer token", "clientSecret", "private key", "shared access key", "federated token", "key of the token cache", "primaryKey",
        "secondaryKey",
    ):  # fmt: skip
        assert known.get(kind), f"no {kind} was seen in the run: {sorted(known)}"
        value = sorted(known[kind])[0]
        assert leaks(f"x {value} y", known), f"a {kind} is not found"
    assert leaks("Authorization: Bearer x", known) and leaks("eyJhbGciOiJub25lIn0.e30.", known)
    assert not leaks("a message about tokens and secrets", known)
    places = " ".join(where for where, _ in outputs)
    for place in ("audit.jsonl", "/jobs/", ".catalogue", ".tokens", "(standard error)", "(process list)", "(screens)"):
        assert place in places, f"{place} was not looked at"
    traced = [text for where, text in outputs if "(standard error)" in where and re.search(r"\b(trace|debug)\b", text)]
    assert len(traced) > 20, f"only {len(traced)} commands wrote anything at trace level"
    shown = [where for where, text in outputs if "(process list)" in where and "callboard" in text]
    assert len(shown) > 150, f"the process list of only {len(shown)} runs was seen"


@checks.step("nothing of it is anywhere", seconds=120)
def nowhere():
    assert outputs, "nothing was run"
    forget_known_keys()
    known, found = secrets(), {}
    for where, text in outputs:
        # The cache's key is where it belongs, and the tokens it seals are not readable.
        if where.endswith("token-cache.key"):
            continue
        for leak in leaks(text, known):
            found.setdefault(leak, []).append(where)
    lines = [f"{kind} {value!r} in {len(places)} places: {'; '.join(places[:4])}" for (kind, value), places in found.items()]
    assert not lines, "\n".join(lines)


if __name__ == "__main__":
    sys.exit(checks.run())
