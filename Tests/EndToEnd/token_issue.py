#!/usr/bin/env python3
"""`callboard token issue`: a token reaches a program, a file or a socket, opens what its role opens, and is nowhere else: not in any argument list,
not in the environment of another process, not on a screen, not in a log at trace level, not in the ledger or any other file. And `token revoke`.
The cloud is the sandbox's own; a recorder before it knows every token that was made.

usage: token_issue.py [PART OF A STEP'S NAME]       CALLBOARD names the executable (default .build/debug/callboard)
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess
import sys
import time
import uuid

import requests
from terminal import Terminal  # puts Tests/Interop on the path

import callboard
from azure.core.credentials import AccessToken
from azure.servicebus import ServiceBusClient
from azure.servicebus.exceptions import ServiceBusError
from checks import Checks, eventually
from cloud import ADMIN, JWT, ON_CALL, Cloud

checks = Checks("tokens that are handed out")
AUTOMATION = "5b0d0000-0000-4000-8000-0000000000a1"
ON_CALL_ID = "0e5e1000-0000-4000-8000-000000000001"
AUTOMATION_CLIENT = "5b0d0000-0000-4000-8000-0000000000c1"
RECEIVER = "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0"
REFUSED, USAGE = 3, 2
POLICY = """
version: 1
allow:
  - {id: look, who: [anyone, agent], action: [catalog.read, entity.read, message.peek], scope: "**"}
  - {id: issue, who: [anyone], action: [token.issue], role: [receiver, sender], scope: "namespaces/127.0.0.1/**", max_ttl: 2h}
  - {id: sign, who: [anyone], action: [token.sign], role: receiver, scope: "namespaces/127.0.0.1/queues/invoices", max_ttl: 30m}
  - {id: end, who: [anyone], action: [access.revoke], scope: "**"}
"""

cloud = home = None
IMPATIENT = {"retry_total": 0, "retry_backoff_factor": 0.01, "socket_timeout": 5}
# Everything that could be seen of the runs: [(where, text)].
seen = []
# Every token that a program, a file or a socket had.
tokens = set()


@checks.cleanup
def stop_cloud():
    if cloud is not None:
        cloud.stop()


def arm(method, path, body=None, user=ADMIN):
    """Asks Azure Resource Manager as somebody, without any client of ours."""
    answer = requests.request(
        method, f"{cloud.origin}{path}", json=body, verify=cloud.ready["caFile"], timeout=10,
        headers={"Authorization": f"Bearer {cloud.token(user)}"},
    )  # fmt: skip
    assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
    return answer.json() if answer.text else {}


def namespace():
    return (
        f"/subscriptions/{cloud.ready['subscriptionId']}/resourceGroups/{cloud.ready['resourceGroup']}/providers/Microsoft.ServiceBus"
        f"/namespaces/{cloud.ready['namespaceName']}"
    )


@checks.step("a sandbox with its cloud, somebody on call, and an application for the role", seconds=90, essential=True)
def begin():
    global cloud, home
    cloud = Cloud()
    sign_in = {
        **json.loads(cloud.config())["contexts"]["retail"]["sign-in"],
        "role-identities": [
            {"role": "receiver", "client-id": AUTOMATION_CLIENT, "token-file": cloud.credentials["federatedTokenFile"]},
        ],
    }
    home = cloud.home(**{"sign-in": sign_in, "policy": str(cloud.folder / "policy.yaml"), "mode": "read-write"})
    policy(POLICY)
    home.sign_in(ADMIN)
    arm(
        "PUT",
        f"{namespace()}/queues/invoices/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}?api-version=2022-04-01",
        {"properties": {"roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{RECEIVER}",
                        "principalId": AUTOMATION, "principalType": "ServicePrincipal"}},
    )  # fmt: skip
    arm(
        "PUT", f"{namespace()}/queues/invoices/authorizationRules/invoices-listen?api-version=2021-11-01",
        {"properties": {"rights": ["Listen"]}},
    )  # fmt: skip


def policy(text):
    file = cloud.folder / "policy.yaml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)


def everything_about_others(own):
    """The argument lists of all processes, and the environments of all but these."""
    texts = []
    for process in pathlib.Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            texts.append((f"arguments of {process.name}", (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("latin-1")))
        if int(process.name) in own:
            continue
        with contextlib.suppress(OSError):
            texts.append((f"environment of {process.name}", (process / "environ").read_bytes().decode("latin-1")))
    shown = subprocess.run(["ps", "axww", "-o", "args="], stdout=subprocess.PIPE, timeout=10, check=False).stdout.decode("latin-1")
    texts.append(("ps axww", shown))
    return texts


def issue(*words, seconds=30, watch=None, **variables):
    """Runs `token issue`; everything that can be seen meanwhile is kept. `watch` gets the process while it runs."""
    process = subprocess.Popen(
        [callboard.EXECUTABLE, "token", "issue", *words],
        env={**home.environment, "CALLBOARD_LOG": "trace", **variables},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=home.path,
    )  # fmt: skip
    try:
        if watch:
            watch(process)
        out, errors = (text.decode(errors="replace") for text in process.communicate(timeout=seconds))
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate(timeout=5)
    seen.append((f"standard output of {words}", out))
    seen.append((f"standard error of {words}", errors))
    return process.returncode, out, errors


def waiting(condition):
    """A shell's wait for as long as something is so; it ends with status 70 after half a minute, which nothing here expects."""
    return f"n=0; while {condition}; do n=$((n+1)); test $n -lt 600 || exit 70; sleep 0.05; done"


def children(pid):
    out = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], stdout=subprocess.PIPE, text=True, timeout=10, check=False).stdout
    return [int(number) for number in out.split()]


class Handed:
    """A credential of azure-core that gives a token that was handed out."""

    def __init__(self, token):
        self.value = token

    def get_token(self, *_, **__):
        return AccessToken(self.value, int(time.time()) + 3000)


def opens(queue, token):
    """Whether Microsoft's client gets to messages of a queue with a token."""
    # Over TLS it knows one port only; without it, any.
    client = ServiceBusClient(f"127.0.0.1:{cloud.ready['amqpPort']}", Handed(token), use_tls=False, **IMPATIENT)
    return peeks(client, queue)


def peeks(client, queue):
    try:
        with client, client.get_queue_receiver(queue) as receiver:
            return len(receiver.peek_messages(1)) >= 0
    except ServiceBusError:
        return False


@checks.step("a program has the role's token in its environment, for itself alone, and its exit status is passed on", seconds=60)
def into_a_program():
    file, go = home.path / "had", home.path / "go"
    os.mkfifo(go)
    # Reading is the shell's own: it starts nothing that would have its environment as well.
    script = f'umask 077; printf %s "$SERVICEBUS_TOKEN" > {file}.part; mv {file}.part {file}; read line < {go}; exit 7'

    def watch(process):
        eventually(file.exists, 20, what="the program with its token")
        tokens.add(file.read_text(encoding="utf-8"))
        own = children(process.pid)
        assert len(own) == 1, f"the program is no child: {own}"
        environ = pathlib.Path(f"/proc/{own[0]}/environ").read_bytes().decode("latin-1")
        assert f"SERVICEBUS_TOKEN={file.read_text(encoding='utf-8')}" in environ, "the program has no token"
        seen.extend(everything_about_others({own[0]}))
        go.write_text("go\n", encoding="utf-8")

    status, out, errors = issue(
        "--role", "receiver", "--entity", "invoices", "--ttl", "30m", "--", "sh", "-c", script, watch=watch
    )
    assert status == 7, (status, out, errors)
    (token,) = tokens
    assert JWT.fullmatch(token), "that is no token"
    assert "receiver of invoices: handed over, good until" in errors, errors
    assert opens("invoices", token) and not opens("orders", token), "it does not open what the role opens, and nothing else"
    file.unlink()


@checks.step("a token goes to a new file of mode 0600, which is taken away at the end, and never over another", seconds=60)
def into_a_file():
    file = home.path / "token"

    def watch(process):
        eventually(file.exists, 20, what="the file")
        status = os.lstat(file)
        assert stat.S_IMODE(status.st_mode) == 0o600, oct(status.st_mode)
        tokens.add(file.read_text(encoding="utf-8"))
        seen.extend(everything_about_others(set()))
        process.send_signal(signal.SIGINT)

    status, out, errors = issue("--role", "receiver", "--entity", "invoices", "--ttl", "30m", "--to", str(file), watch=watch)
    assert status == 130 and not file.exists(), (status, errors)
    file.write_text("dear", encoding="utf-8")
    status, out, errors = issue("--role", "receiver", "--entity", "invoices", "--ttl", "30m", "--to", str(file))
    assert status == REFUSED and file.read_text(encoding="utf-8") == "dear", (status, errors)
    file.unlink()
    for place in ("/dev/stdout", "/dev/tty", "/dev/stderr"):
        status, out, errors = issue("--role", "receiver", "--entity", "invoices", "--ttl", "30m", "--to", place)
        assert status in (USAGE, REFUSED), (place, status, errors)
    status, out, errors = issue("--role", "receiver", "--entity", "invoices", "--ttl", "30m", "--once", "--to", str(file))
    assert status == 0 and file.exists(), (status, errors)
    tokens.add(file.read_text(encoding="utf-8"))
    assert opens("invoices", file.read_text(encoding="utf-8"))
    file.unlink()


@checks.step("a socket gives it to one reader and is gone; a program may read it from its standard input", seconds=60)
def socket_and_input():
    path = home.path / "s"

    def watch(process):
        eventually(path.exists, 20, what="the socket")
        assert stat.S_IMODE(os.lstat(path).st_mode) == 0o600
        with socket.socket(socket.AF_UNIX) as reader:
            reader.connect(str(path))
            tokens.add(reader.recv(65536).decode())
        eventually(lambda: not path.exists(), 5, what="the end of the socket")
        process.send_signal(signal.SIGTERM)

    status, _, errors = issue("--role", "receiver", "--entity", "invoices", "--ttl", "30m", "--socket", str(path), watch=watch)
    assert status == 130, (status, errors)
    kept = home.path / "kept"
    status, _, errors = issue("--role", "receiver", "--entity", "invoices", "--ttl", "30m", "--stdin", "--", "sh", "-c", f"umask 077; cat > {kept}")
    assert status == 0, errors
    tokens.add(kept.read_text(encoding="utf-8"))
    kept.unlink()
    # A program that is found nowhere gets nothing, and neither does anybody else.
    status, _, errors = issue("--role", "receiver", "--entity", "invoices", "--ttl", "30m", "--", "no-such-program")
    assert status == USAGE and "cannot be started" in errors, (status, errors)


@checks.step("once at a socket: it stays until it is read, and ends then; interrupted, nothing is left", seconds=60)
def once_at_a_socket():
    path = home.path / "once"
    words = ("--role", "receiver", "--entity", "invoices", "--ttl", "30m", "--once", "--socket", str(path))

    def read(process):
        eventually(path.exists, 20, what="the socket")
        # Another program begins, asks and ends meanwhile.
        assert home.run("whoami").returncode == 0
        assert process.poll() is None and path.exists(), "it did not wait for a reader"
        with socket.socket(socket.AF_UNIX) as reader:
            reader.connect(str(path))
            tokens.add(reader.recv(65536).decode())

    status, _, errors = issue(*words, watch=read)
    assert status == 0 and not path.exists(), (status, errors)

    def interrupt(process):
        eventually(path.exists, 20, what="the socket")
        process.send_signal(signal.SIGTERM)

    status, _, errors = issue(*words, watch=interrupt)
    assert status == 130 and not path.exists(), (status, errors)


@checks.step("a file for as long as a program lives, which has it from the start", seconds=60)
def file_for_a_program():
    file, had = home.path / "for-program", home.path / "had-file"
    script = f"umask 077; cat {file} > {had}; exit 8"
    status, _, errors = issue("--role", "receiver", "--entity", "invoices", "--ttl", "30m", "--to", str(file), "--", "sh", "-c", script)
    assert status == 8 and not file.exists(), (status, errors)
    token = had.read_text(encoding="utf-8")
    had.unlink()
    tokens.add(token)
    assert JWT.fullmatch(token) and opens("invoices", token)


@checks.step("what nohup has it ignore stays ignored, here and in the program", seconds=60)
def ignored():
    ready, hung_up = home.path / "ready-nohup", home.path / "hung-up"
    script = f"touch {ready}; kill -HUP $$; {waiting(f'! test -e {hung_up}')}; exit 11"

    def hang_up(process):
        eventually(ready.exists, 20, what="the program")
        process.send_signal(signal.SIGHUP)
        hung_up.touch()

    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        status, _, errors = issue("--role", "receiver", "--entity", "invoices", "--ttl", "30m", "--", "sh", "-c", script, watch=hang_up)
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    assert status == 11, (status, errors)


@checks.step("a signal goes to the program, and how it ended is told", seconds=60)
def signals():
    ready = home.path / "ready"
    script = f"trap 'exit 42' TERM; touch {ready}; {waiting(':')}"

    def watch(process):
        eventually(ready.exists, 20, what="the program")
        process.send_signal(signal.SIGTERM)

    status, _, errors = issue("--role", "receiver", "--entity", "invoices", "--ttl", "30m", "--", "sh", "-c", script, watch=watch)
    assert status == 42, (status, errors)


@checks.step("a signature of the narrowest rule, where the policy allows it, and nowhere else", seconds=60)
def signatures():
    had = home.path / "had"
    words = ("--sas", "--role", "receiver", "--ttl", "10m", "--entity")
    status, _, errors = issue(
        *words, "invoices", "--connection-string", "--", "sh", "-c", f'umask 077; printf %s "$SERVICEBUS_CONNECTION_STRING" > {had}'
    )
    assert status == 0, errors
    text = had.read_text(encoding="utf-8")
    had.unlink()
    tokens.add(text)
    tokens.add(re.search(r"sig=([^&]+)", text).group(1))
    assert "skn=invoices-listen" in text and "EntityPath=invoices" in text, "it is not of the narrowest rule"
    assert "'invoices-listen' of invoices works until its end" in errors, errors
    sas = re.search(r"SharedAccessSignature=(SharedAccessSignature [^;]+)", text).group(1)
    own = f"Endpoint=sb://127.0.0.1:{cloud.ready['amqpPort']};SharedAccessSignature={sas};UseDevelopmentEmulator=true"

    def takes(queue):
        return peeks(ServiceBusClient.from_connection_string(own, **IMPATIENT), queue)

    assert takes("invoices") and not takes("orders"), "it does not open its queue, and nothing else"
    status, _, errors = issue(*words, "orders", "--", "true")
    assert status == REFUSED and "token.sign" in errors, (status, errors)
    status, _, errors = issue(*words, "invoices", "--rule", "RootManageSharedAccessKey", "--", "true")
    assert status == REFUSED and "Manage" in errors, (status, errors)
    status, _, errors = issue("--sas", "--role", "receiver", "--ttl", "31m", "--entity", "invoices", "--", "true")
    assert status == REFUSED, (status, errors)


@checks.step("the policy decides by role, entity and time; without one nothing is handed out", seconds=60)
def refusals():
    for words, word in (
        (("--role", "receiver", "--entity", "invoices", "--ttl", "3h"), "ttl>2h"),
        (("--role", "owner", "--entity", "invoices", "--ttl", "10m"), "owner"),
        (("--role", "receiver", "--entity", "no-such-queue", "--ttl", "10m"), "no-such-queue"),
    ):
        status, _, errors = issue(*words, "--", "true")
        assert status != 0 and word in errors, (words, status, errors)
    policy("version: 1\n")
    try:
        status, _, errors = issue("--role", "receiver", "--entity", "invoices", "--ttl", "10m", "--", "true")
        assert status == REFUSED, (status, errors)
    finally:
        policy(POLICY)
    ledger = (home.path / ".local/state/callboard/audit.jsonl").read_text(encoding="utf-8")
    kinds = [json.loads(line)["type"] for line in ledger.splitlines()]
    assert kinds.count("token.issue.done") >= 6 and "token.issue.refused" in kinds and "token.sign.refused" in kinds, kinds
    done = [json.loads(line) for line in ledger.splitlines() if '"token.issue.done"' in line]
    assert all(re.fullmatch(r"[0-9a-f]{16}", record["credential"]["fingerprint"]) for record in done), done[:1]
    assert callboard.run("audit", "verify", environment=home.environment).returncode == 0


@checks.step("in a terminal: a countdown, and no token", seconds=60)
def in_a_terminal():
    file = home.path / "shown"
    kept = {key: value for key, value in home.environment.items() if key != "TERM"}
    folders = {"XDG_CONFIG_HOME": ".config", "XDG_STATE_HOME": ".local/state", "XDG_CACHE_HOME": ".cache"}
    kept.update({key: str(home.path / folder) for key, folder in folders.items()})
    with Terminal(24, 120, environment=kept) as terminal:
        terminal.start(f"{callboard.EXECUTABLE} token issue --role receiver --entity invoices --ttl 30m --to {file}", r"29:\d\d left", seconds=30)
        tokens.add(file.read_text(encoding="utf-8"))
        seen.append(("the terminal", terminal.screen()))
        seen.extend(everything_about_others(set()))
        terminal.keys("C-c")
        eventually(lambda: not file.exists(), 10, what="the end of the file")
        seen.append(("the terminal afterwards", terminal.screen()))


@checks.step("an own token, said to be one; its role is deactivated by token revoke, and signatures are said to live on", seconds=90)
def own_and_revoke():
    person = cloud.home(**{"policy": str(cloud.folder / "policy.yaml"), "mode": "read-write"})
    person.sign_in(ON_CALL)
    had = person.path / "had"
    done = person.run(
        "token", "issue", "--own", "--role", "receiver", "--entity", "invoices", "--ttl", "30m", "--", "sh", "-c",
        f'umask 077; printf %s "$SERVICEBUS_TOKEN" > {had}', CALLBOARD_LOG="trace",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    tokens.add(had.read_text(encoding="utf-8"))
    had.unlink()
    seen.append(("standard error of an own token", done.stderr))
    assert "a token of your own" in done.stderr, done.stderr
    nothing = person.run("token", "revoke", "--role", "receiver", "--entity", "invoices")
    assert nothing.returncode == 4 and "keys rotate" in nothing.stderr, (nothing.returncode, nothing.stderr)
    # An activation of half an hour, by Azure's own requests, and the end of it by ours.
    role = f"/subscriptions/{cloud.ready['subscriptionId']}/providers/Microsoft.Authorization/roleDefinitions/{RECEIVER}"
    properties = {"principalId": ON_CALL_ID, "roleDefinitionId": role, "justification": "INC-1: stuck"}
    # At the namespace, where whoever is on call may take it and nobody has to agree.
    schedules = f"{namespace()}/providers/Microsoft.Authorization"
    arm(
        "PUT", f"{schedules}/roleAssignmentScheduleRequests/{uuid.uuid4()}?api-version=2020-10-01",
        {"properties": {**properties, "requestType": "SelfActivate", "ticketInfo": {"ticketNumber": "INC-1", "ticketSystem": "SNOW"},
                        "scheduleInfo": {"expiration": {"type": "AfterDuration", "duration": "PT30M"}}}}, ON_CALL,
    )  # fmt: skip

    def activated():
        found = arm("GET", f"{schedules}/roleAssignmentScheduleInstances?api-version=2020-10-01&$filter=asTarget()", user=ON_CALL)["value"]
        return [one for one in found if one["properties"]["assignmentType"] == "Activated" and one["properties"]["roleDefinitionId"].endswith(RECEIVER)]

    assert activated(), "the role is not activated"
    early = person.run("token", "revoke", "--role", "receiver", "--entity", "invoices", "--reason", "done")
    assert early.returncode != 0 and activated(), (early.returncode, early.stdout, early.stderr)
    answer = requests.post(f"{cloud.origin}/$sandbox/cloud/advance", json={"seconds": 301}, verify=cloud.ready["caFile"], timeout=5)
    assert answer.ok, answer.text
    ended = person.run("token", "revoke", "--role", "receiver", "--entity", "invoices", "--reason", "done")
    assert ended.returncode == 0 and "deactivated" in ended.stdout and "keys rotate" in ended.stdout, (ended.returncode, ended.stdout, ended.stderr)
    assert not activated(), "the role is active still"


@checks.step("the searching finds what it looks for, and it looked at something")
def controls():
    assert len(tokens) >= 8, f"only {len(tokens)} tokens were handed out"
    places = " ".join(where for where, _ in seen)
    for place in ("arguments of", "environment of", "ps axww", "standard error of", "the terminal"):
        assert place in places, f"{place} was not looked at"
    assert any("trace" in text or "debug" in text for where, text in seen if "standard error" in where), "nothing was logged"
    value = sorted(tokens)[0]
    assert found_in(f"x {value} y") and not found_in("a token"), "the search is blind"


def found_in(text):
    return [value[:10] + "…" for value in tokens if value in text or value.rsplit(".", 1)[-1] in text]


@checks.step("no token is anywhere: no argument list, no other environment, no screen, no log, no ledger, no file")
def nowhere():
    for file in home.files():
        seen.append((str(file), file.read_bytes().decode("latin-1")))
    places = sorted({where for where, text in seen if found_in(text)})
    assert not places, places[:20]


if __name__ == "__main__":
    sys.exit(checks.run())
