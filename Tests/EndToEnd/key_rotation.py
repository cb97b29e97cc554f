#!/usr/bin/env python3
"""`callboard keys`: rotation that is killed with kill -9 at every request it makes, before Azure has it and when Azure has done it, and gone on with; at
every moment the key that consumers have, and the one in the sink, must open the queue to Microsoft's client. Then Key Vault as the sink, `keys age`,
a foreign change, and `keys refuse`. The cloud is the sandbox's own; a gate before it stops a process at the request that is meant.

usage: key_rotation.py [PART OF A STEP'S NAME]       CALLBOARD names the executable (default .build/debug/callboard)
"""

import json
import os
import re
import select
import shutil
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time

import requests
from terminal import alive  # noqa: F401 (puts Tests/Interop on the path)

import callboard
from azure.servicebus import ServiceBusClient
from azure.servicebus.exceptions import ServiceBusError
from checks import Checks, eventually
from cloud import ADMIN, Cloud, make_certificate

checks = Checks("keys that are made anew")
REFUSED, PARTLY = 3, 5
QUEUE, RULE = "invoices", "invoices-listen"
POLICY = """
version: 1
allow:
  - {id: look, who: [anyone], action: [catalog.read, entity.read], scope: "**"}
  - {id: rotate, who: [anyone], action: [secret.rotate], scope: "namespaces/127.0.0.1/**", max_key_age: 90d}
  - {id: refuse, who: [anyone], action: [secret.refuse], scope: "namespaces/127.0.0.1"}
"""

cloud = gate = home = None


class Gate:
    """Ends TLS before the cloud, passes requests on one by one, and calls a process to its end at one of them: with `before`, the cloud never has the
    request; with `after`, the cloud has answered and nobody has the answer."""

    def __init__(self, port, ca_file, folder):
        self.port = port
        self.trusted = ssl.create_default_context(cafile=ca_file)
        authority, chain = make_certificate(folder)
        self.ca_file = folder / "gate.pem"
        self.ca_file.write_text(authority + open(ca_file, encoding="utf-8").read(), encoding="utf-8")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(chain)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.arm(None, None)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def origin(self):
        return f"https://127.0.0.1:{self.address}"

    def arm(self, number, process, after=False):
        """The request of this number, from 1, is the last of a process."""
        with self.lock:
            self.count, self.number, self.process, self.after, self.lines = 0, number, process, after, []

    def stop(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain):
        try:
            client = self.context.wrap_socket(plain, server_side=True)
            server = self.trusted.wrap_socket(socket.create_connection(("127.0.0.1", self.port), 10), server_hostname="127.0.0.1")
            with client, server:
                while request := read_message(client):
                    with self.lock:
                        self.count += 1
                        self.lines.append(request.split(b"\r\n", 1)[0].decode())
                        is_last, process = self.count == self.number, self.process
                    if is_last and not self.after:
                        process.kill()
                        return
                    server.sendall(request)
                    answer = read_message(server)
                    if is_last:
                        process.kill()
                        return
                    client.sendall(answer)
        except OSError:
            plain.close()


def read_message(peer):
    """One HTTP message with its body, or nothing when the peer is gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = peer.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    if length:
        while len(body) < int(length.group(1)):
            body += peer.recv(65536)
    elif re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
        while not body.endswith(b"0\r\n\r\n"):
            body += peer.recv(65536)
    return head + b"\r\n\r\n" + body


@checks.cleanup
def stop_cloud():
    if gate is not None:
        gate.stop()
    if cloud is not None:
        cloud.stop()


def namespace():
    return (
        f"/subscriptions/{cloud.ready['subscriptionId']}/resourceGroups/{cloud.ready['resourceGroup']}/providers/Microsoft.ServiceBus"
        f"/namespaces/{cloud.ready['namespaceName']}"
    )


def arm(method, path, body=None):
    answer = requests.request(
        method, f"{cloud.origin}{namespace()}{path}?api-version=2021-11-01", json=body, verify=cloud.ready["caFile"], timeout=10,
        headers={"Authorization": f"Bearer {cloud.token(ADMIN)}"},
    )  # fmt: skip
    assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
    return answer.json() if answer.text else {}


def keys(rule=RULE):
    return arm("POST", f"/queues/{QUEUE}/authorizationRules/{rule}/listKeys")


def new_rule(name):
    arm("PUT", f"/queues/{QUEUE}/authorizationRules/{name}", {"properties": {"rights": ["Listen"]}})
    return keys(name)["primaryConnectionString"]


def opens(connection):
    """Whether Microsoft's client gets to messages with a connection string as it was handed out."""
    # Over TLS it knows one port only; without it, any.
    here = re.sub(r"Endpoint=sb://[^/;]+/?", f"Endpoint=sb://127.0.0.1:{cloud.ready['amqpPort']}", connection) + ";UseDevelopmentEmulator=true"
    client = ServiceBusClient.from_connection_string(here, retry_total=0, retry_backoff_factor=0.01, socket_timeout=5)
    try:
        with client, client.get_queue_receiver(QUEUE) as receiver:
            receiver.peek_messages(1)
            return True
    except ServiceBusError:
        return False


@checks.step("a sandbox with its cloud, a gate before it, and a rule of one queue", seconds=90, essential=True)
def begin():
    global cloud, gate, home
    cloud = Cloud()
    gate = Gate(cloud.ready["cloudPort"], cloud.ready["caFile"], cloud.folder)
    file = cloud.folder / "policy.yaml"
    file.write_text(POLICY, encoding="utf-8")
    file.chmod(0o600)
    sign_in = json.loads(cloud.config(is_recorded=False))["contexts"]["retail"]["sign-in"]
    # Signing in goes past the gate: what is to be counted is what changes keys.
    sign_in.update({"resource-manager-url": gate.origin, "graph-url": gate.origin, "vault-url": gate.origin})
    both = cloud.folder / "all.pem"
    both.write_text(gate.ca_file.read_text(encoding="utf-8"), encoding="utf-8")
    home = cloud.home(
        is_recorded=False, **{"sign-in": sign_in, "policy": str(file), "mode": "read-write", "ca-file": str(both), "backstage": None}
    )
    home.sign_in(ADMIN)
    new_rule(RULE)


def rotate(*words, seconds=60):
    return home.run("keys", "rotate", "--yes", *words, seconds=seconds)


def start(*words):
    return subprocess.Popen(
        [callboard.EXECUTABLE, "keys", "rotate", "--yes", *words], env=home.environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@checks.step("killed at every request, before and after Azure has done it: consumers have a working key at every moment", seconds=900)
def killed_everywhere():
    deaths = 0
    for after in (False, True):
        number = 1
        while True:
            name = f"kill-{'after' if after else 'before'}-{number}"
            initial, sink = new_rule(name), home.path / f"{name}.connection"
            base = ["--rule", name, "--entity", QUEUE, "--to", str(sink), "--grace", "1s"]
            words = [*base, "--active", "primary", "--wait"]
            process = start(*words)
            gate.arm(number, process, after)
            said = process.communicate(timeout=60)[1].decode(errors="replace")
            lines = list(gate.lines)
            was_killed = process.returncode == -9
            gate.arm(None, None)
            check(name, initial, sink, lines)
            deaths += was_killed
            # Gone on with, by as many runs as it takes.
            for _ in range(4):
                known = (home.path / ".local/state/callboard/keys").exists() and journal(name)
                done = rotate(*(base if known else words), *([] if not known else ["--wait", "--max-age", "1d"]))
                assert done.returncode == 0, (name, done.stdout, done.stderr)
                check(name, initial, sink, lines)
                if (journal(name) or [{}])[-1].get("kind") == "done":
                    break
            now = keys(name)
            assert journal(name)[-1]["kind"] == "done", journal(name)
            assert initial not in (now["primaryConnectionString"], now["secondaryConnectionString"]), f"{name}: the old key lives"
            assert sink.read_text(encoding="utf-8") == now["secondaryConnectionString"], f"{name}: the sink has not the new key"
            assert opens(sink.read_text(encoding="utf-8")) and not opens(initial), name
            # An entity has room for twelve rules.
            if number > 1:
                arm("DELETE", f"/queues/{QUEUE}/authorizationRules/{name}")
            if not was_killed:
                assert process.returncode == 0, said
                break
            number += 1
    print(f"    {deaths} kills")
    assert deaths > 16, f"only {deaths} processes were killed"


@checks.step("what Azure has of killed rotations is left open in the ledger, and none of it outside", seconds=60)
def left_open():
    done = home.run("audit", "reconcile", "--output", "json", seconds=40)
    assert done.returncode == 0, done.stderr
    new = [each for each in json.loads(done.stdout) if each["what"].lower().endswith("/regeneratekeys/action")]
    assert new and {each["finding"] for each in new} == {"left open in a ledger"}, new
    assert all(each["isProblem"] for each in new)
    # Every record that is named was begun for a key of that rule.
    ledger = [json.loads(line) for line in (home.path / ".local/state/callboard/audit.jsonl").read_text(encoding="utf-8").splitlines()]
    by_number = {line["seq"]: line for line in ledger}
    for each in new:
        record = by_number[each["sequence"]]
        assert record["type"] == "secret.rotate.intended", record
        assert record["credential"]["name"].startswith(f"{QUEUE}:{each['resource'].rsplit('/', 1)[1]} "), (record, each)
    print(f"    {len(new)} keys made anew by killed programs")


def check(name, initial, sink, lines):
    """Consumers that read the sink now have a key that works; those that read it before the grace period do as long as it lasts."""
    steps = [line["kind"] for line in journal(name) or []]
    if sink.exists():
        assert stat.S_IMODE(os.lstat(sink).st_mode) == 0o600
        assert opens(sink.read_text(encoding="utf-8")), f"{name}: the key in the sink opens nothing, after {lines[-1:]} and {steps}"
    if "retiring" not in steps:
        assert opens(initial), f"{name}: the key of consumers opens nothing, after {lines[-1:]} and {steps}"
    assert sink.exists() or "delivered" not in steps, f"{name}: the sink is empty after {steps}"


def journal(name):
    """The lines of a rule's journal; None where there is none."""
    folder = home.path / ".local/state/callboard/keys"
    for file in folder.glob("*.keys") if folder.exists() else ():
        assert stat.S_IMODE(os.lstat(file).st_mode) == 0o600, file
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
        if lines and lines[0].get("name") == name:
            return lines
    return None


@checks.step("Key Vault as the sink: each key is the next version, with its kind and fingerprint", seconds=90)
def vault():
    done = rotate("--rule", RULE, "--entity", QUEUE, "--active", "primary", "--vault", "kv-retail/invoices", "--grace", "1s", "--wait")
    assert done.returncode == 0 and "done" in done.stdout, (done.stdout, done.stderr)
    answer = requests.get(
        f"{cloud.origin}/secrets/invoices?api-version=7.4", verify=cloud.ready["caFile"], timeout=5,
        headers={"Authorization": f"Bearer {cloud.token(ADMIN, 'https://vault.azure.net/.default')}"},
    ).json()  # fmt: skip
    assert answer["value"] == keys()["secondaryConnectionString"] and opens(answer["value"])
    assert answer["tags"]["keyType"] == "SecondaryKey" and re.fullmatch(r"[0-9a-f]{16}", answer["tags"]["fingerprint"]), answer["tags"]
    for host in ("https://evil.example/secrets/x", "https://kv-retail.vault.azure.cn/secrets/x", "kv/../x"):
        refused = rotate("--rule", RULE, "--entity", QUEUE, "--vault", host)
        assert refused.returncode == 2, (host, refused.stderr)


@checks.step("keys list and keys age never show a key; the age is what this machine and the namespace's tags know, else not known", seconds=90)
def looking():
    shown = home.run("keys", "list", "--entity", QUEUE, "--fingerprints", "--output", "json")
    rules = {rule["rule"]: rule for rule in json.loads(shown.stdout)}
    now = keys()
    for text in (shown.stdout, shown.stderr):
        assert now["primaryKey"] not in text and now["secondaryKey"] not in text
    assert re.fullmatch(r"[0-9a-f]{16}", rules[RULE]["primaryFingerprint"]) and rules[RULE]["activeKey"] == "secondary", rules[RULE]
    assert rules[RULE]["rights"] == ["Listen"] and rules[RULE]["localAuth"] is True and rules[RULE]["ageSeconds"] < 600, rules[RULE]
    age = home.run("keys", "age", "--output", "json", "--fail-if-any")
    assert age.returncode == 1, age.stderr
    known = {(rule["entity"], rule["rule"]): rule for rule in json.loads(age.stdout)}
    root = known[(None, "RootManageSharedAccessKey")]
    assert root["ageSeconds"] is None and root["isOld"] is None and "root" in root["findings"] and "age not known" in root["findings"], root
    tags = arm("GET", "")["tags"]
    assert any(name.startswith("callboard-rotated:invoices:") for name in tags), tags
    assert tags["environment"] == "production", "other tags are gone"


@checks.step("a path is journalled whole: cron goes on with it in another folder", seconds=90)
def elsewhere():
    name = "elsewhere"
    new_rule(name)
    first, second = home.path / "first", home.path / "second"
    first.mkdir()
    second.mkdir()

    def run(folder, *words):
        return subprocess.run(
            [callboard.EXECUTABLE, "keys", "rotate", "--yes", *words], env=home.environment, cwd=folder, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    done = run(first, "--rule", name, "--entity", QUEUE, "--active", "primary", "--to", "elsewhere.connection", "--grace", "1s")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert journal(name)[0]["sink"] == f"file:{first}/elsewhere.connection", journal(name)
    delivered = journal(name)[-1]
    assert delivered["kind"] == "delivered", delivered
    eventually(lambda: time.time() * 1000 >= delivered["at"] + 1000, 5, what="the end of the grace period")
    done = run(second, "--max-age", "12h")
    assert done.returncode == 0 and journal(name)[-1]["kind"] == "done", (done.stdout, done.stderr, journal(name))
    assert opens((first / "elsewhere.connection").read_text(encoding="utf-8")) and not list(second.iterdir())
    # A machine without the journal ends no key by what somebody remembers.
    before, journals = keys(name), home.path / ".local/state/callboard/keys"
    journals.rename(second / "keys")
    try:
        done = rotate("--rule", name, "--entity", QUEUE, "--active", "primary", "--to", str(second / "x"))
    finally:
        shutil.rmtree(journals, ignore_errors=True)
        (second / "keys").rename(journals)
    assert done.returncode == 1 and "by the namespace's tag" in done.stderr and keys(name) == before, (done.returncode, done.stderr)
    arm("DELETE", f"/queues/{QUEUE}/authorizationRules/{name}")


@checks.step("--max-age, for cron, does what is due and nothing else", seconds=90)
def cron():
    before = keys()
    done = rotate("--max-age", "12h", "--output", "json")
    assert done.returncode == 0, done.stderr
    assert {row["outcome"] for row in json.loads(done.stdout)} == {"not due"}, done.stdout
    assert keys() == before
    assert rotate("--rule", "RootManageSharedAccessKey", "--to", str(home.path / "root")).returncode == 2, "without --active"


@checks.step("a key that somebody else made anew ends a round; taken as they are, the next begins from there", seconds=90)
def foreign():
    sink, name = home.path / "foreign.connection", "foreign"
    new_rule(name)
    words = ["--rule", name, "--entity", QUEUE, "--to", str(sink), "--active", "primary", "--grace", "1h"]
    done = rotate(*words)
    assert done.returncode == 0 and "grace" in done.stdout, (done.stdout, done.stderr)
    arm("POST", f"/queues/{QUEUE}/authorizationRules/{name}/regenerateKeys", {"keyType": "PrimaryKey"})
    before = keys(name)
    adopted = home.run("keys", "adopt", "--rule", name, "--entity", QUEUE, "--active", "secondary", "--yes")
    assert adopted.returncode == 0, adopted.stderr
    assert keys(name) == before
    done = rotate("--rule", name, "--entity", QUEUE, "--grace", "1s", "--wait")
    assert done.returncode == 0 and opens(sink.read_text(encoding="utf-8")), (done.stdout, done.stderr)
    arm("POST", f"/queues/{QUEUE}/authorizationRules/{name}/regenerateKeys", {"keyType": "PrimaryKey"})
    before = keys(name)
    stopped = rotate("--rule", name, "--entity", QUEUE)
    assert stopped.returncode == 1 and "Somebody else changed" in stopped.stderr, (stopped.returncode, stopped.stderr)
    assert keys(name) == before
    for value in (before["primaryKey"], before["secondaryKey"]):
        assert value not in stopped.stderr


@checks.step("a rule that was only adopted has no place for a new key: where somebody says how old keys may be, that is no all-clear", seconds=90)
def no_place():
    name = "adopted"
    new_rule(name)
    adopted = home.run("keys", "adopt", "--rule", name, "--entity", QUEUE, "--active", "primary", "--yes")
    assert adopted.returncode == 0, adopted.stderr
    before = keys(name)
    done = rotate("--max-age", "12h", "--output", "json")
    assert done.returncode == PARTLY and "no place for a new key" in done.stderr, (done.returncode, done.stderr)
    assert [row["outcome"] for row in json.loads(done.stdout) if name in row["rule"]] == ["failed"], done.stdout
    assert keys(name) == before
    rotated = rotate("--rule", name, "--entity", QUEUE, "--to", str(home.path / "adopted.connection"), "--grace", "1s", "--wait")
    assert rotated.returncode == 0, rotated.stderr
    done = rotate("--max-age", "12h", "--output", "json")
    assert [row["outcome"] for row in json.loads(done.stdout) if name in row["rule"]] == ["not due"], done.stdout
    arm("DELETE", f"/queues/{QUEUE}/authorizationRules/{name}")


@checks.step("without a yes, an Azure that is busy, and a policy that says no", seconds=90)
def refusals():
    done = home.run("keys", "rotate", "--rule", RULE, "--entity", QUEUE)
    assert done.returncode == REFUSED and "--yes" in done.stderr, done.stderr
    file = cloud.folder / "policy.yaml"
    file.write_text("version: 1\n", encoding="utf-8")
    try:
        before = keys()
        done = rotate("--rule", RULE, "--entity", QUEUE)
        assert done.returncode == REFUSED and keys() == before, done.stderr
    finally:
        file.write_text(POLICY, encoding="utf-8")
    # Every fourth request is one too many, and is made again a little later.
    with cloud.switched(throttleEvery=4, retryAfterSeconds=1):
        done = rotate("--rule", RULE, "--entity", QUEUE, "--grace", "1s", "--wait", seconds=80)
    assert done.returncode == 0 and "done" in done.stdout, (done.stdout, done.stderr)


@checks.step("no key is in the ledger, a journal or any other file but the sinks", seconds=60)
def nothing_kept():
    known = {keys()[kind] for kind in ("primaryKey", "secondaryKey")}
    for name in ("foreign", "kill-before-1", "kill-after-1"):
        known |= {keys(name)[kind] for kind in ("primaryKey", "secondaryKey")}
    looked = 0
    for file in home.files():
        if file.suffix == ".connection":
            continue
        looked += 1
        text = file.read_bytes().decode("latin-1")
        assert not any(value in text for value in known), file
    assert looked > 5
    assert home.run("audit", "verify").returncode == 0


@checks.step("the way to no keys at all: what is known, what is not, and the name; then no key opens anything", seconds=90)
def refuse():
    connection = keys()["secondaryConnectionString"]
    asked = home.run("keys", "refuse")
    assert asked.returncode == REFUSED and "cannot be known" in asked.stdout and "kv-retail/invoices" in asked.stdout, (asked.stdout, asked.stderr)
    assert opens(connection)
    wrong = home.run("keys", "refuse", "--confirm", "sb-other")
    assert wrong.returncode == REFUSED and opens(connection)
    done = home.run("keys", "refuse", "--confirm", cloud.ready["namespaceName"])
    assert done.returncode == 0, done.stderr
    assert not opens(connection), "a key opens the namespace still"
    assert rotate("--rule", RULE, "--entity", QUEUE).returncode == 1
    assert '"localAuth":false' in home.run("keys", "list", "--entity", QUEUE, "--output", "json").stdout.replace(" ", "")


if __name__ == "__main__":
    sys.exit(checks.run())
