#!/usr/bin/env python3
"""What goes wrong before anything works: a wrong connection string, an unknown entity, a missing right, a refused port, a wrong
certificate, a server that speaks something else. Each must end within five seconds with one clear message that names what and says what
to try, with the documented exit status, and with the terminal as it was.

usage: bad_input.py [PART OF A STEP'S NAME]
"""

import fcntl
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from terminal import Terminal  # puts Tests/Interop on the path

import bad_peers
import callboard
from checks import Checks, Skipped, eventually

checks = Checks("bad input")

WITHIN = 5.0
USAGE, REFUSED, NOT_FOUND, PROBLEM = 2, 3, 4, 1

sandbox = None


def emulator(port, extra=""):
    return (
        f"Endpoint=sb://127.0.0.1:{port};SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE;"
        f"UseDevelopmentEmulator=true;{extra}"
    )


def real(port):
    return f"Endpoint=sb://127.0.0.1:{port}/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE"


def expect(arguments, connection_string, status, *words):
    """Runs a command that must fail: the exit status, the time, and a message fit for a person that contains the words."""
    start = time.monotonic()
    try:
        done = callboard.run(*arguments, connection_string=connection_string, seconds=20)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"callboard {' '.join(arguments)} was still running after 20 s") from None
    took = time.monotonic() - start
    said = done.stderr.strip()
    what = f"callboard {' '.join(arguments)} (exit {done.returncode}, {took:.1f} s) said: {said!r}"
    assert done.returncode == status, f"expected exit status {status}: {what}"
    assert took <= WITHIN, f"took longer than {WITHIN} s: {what}"
    assert done.stdout.strip() == "", f"results and diagnostics are mixed: {done.stdout!r}"
    assert said, f"no message: {what}"
    assert len(said.splitlines()) <= 6, f"not one clear message: {what}"
    for noise in ("Fatal error", "Swift/", "NIOCore", "Optional(", "Error Domain", "0x0", "channelError", "SAS_KEY_VALUE", "\x1b"):
        assert noise not in said, f"{noise!r} is nothing for an operator: {what}"
    for word in words:
        assert re.search(word, said, re.IGNORECASE), f"/{word}/ is missing: {what}"


def start_sandbox():
    global sandbox
    if sandbox is None:
        sandbox = callboard.Sandbox("--seed", "demo").start()
    return sandbox


@checks.cleanup
def stop_sandbox():
    if sandbox is not None:
        sandbox.stop()


PEEK = ("peek", "orders", "--dead-letter", "--count", "1")


@checks.step("no connection string at all")
def nothing_configured():
    expect(PEEK, None, USAGE, "connection string|context", "SERVICEBUS_CONNECTION_STRING|--connection-string|--context")


@checks.step("a connection string that is not one")
def not_a_connection_string():
    for text in ("nonsense", "Endpoint=", "Endpoint=http//x;SharedAccessKey=abc", "SharedAccessKeyName=a;SharedAccessKey=SAS_KEY_VALUE"):
        expect(PEEK, text, USAGE, "connection string", "Endpoint")


@checks.step("a connection string with a misspelt or a missing key")
def keys_missing():
    expect(PEEK, "Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=Root;UseDevelopmentEmulator=true", USAGE, "SharedAccessKey")
    expect(PEEK, "Endpoint=sb://127.0.0.1:1;SharedAccesKey=x;SharedAccessKeyName=Root", USAGE, "SharedAccessKey|SharedAccesKey")


@checks.step("an unknown option, a missing argument, an impossible number")
def usage():
    expect(("peek", "orders", "--no-such-option"), emulator(1), USAGE, "no-such-option")
    expect(("peek",), emulator(1), USAGE, "entity")
    expect(("peek", "orders", "--count", "many"), emulator(1), USAGE, "many|count")
    expect(("peek", "orders", "--count", "-3"), emulator(1), USAGE, "count")
    expect(("peek", "orders", "--output", "xml"), emulator(1), USAGE, "xml", "json")
    expect(("no-such-command",), None, USAGE, "no-such-command|unexpected")


@checks.step("a port nobody listens on")
def refused_port():
    port = bad_peers.unused_port()
    expect(PEEK, emulator(port), PROBLEM, "refused", str(port))


@checks.step("a host name that does not exist", seconds=40)
def unknown_host():
    text = "Endpoint=sb://no-such-namespace.invalid/;SharedAccessKeyName=a;SharedAccessKey=SAS_KEY_VALUE"
    expect(PEEK, text, PROBLEM, r"no-such-namespace\.invalid", "resolve|unknown|name|found")


@checks.step("an unknown entity", seconds=60)
def unknown_entity():
    text = start_sandbox().connection_string
    expect(("peek", "no-such-queue", "--count", "1"), text, NOT_FOUND, "no-such-queue", "callboard entities")
    expect(("peek", "no-such-topic/sub", "--count", "1"), text, NOT_FOUND, "no-such-topic/sub")
    expect(("show", "no-such-queue"), text, NOT_FOUND, "no-such-queue")
    expect(("send", "no-such-queue", "--file", "/dev/null"), text, NOT_FOUND, "no-such-queue")


@checks.step("an entity path that cannot be one")
def bad_path():
    text = start_sandbox().connection_string
    for path in ("", "a//b", "orders/$nosuchthing", "x" * 400):
        expect(("peek", path, "--count", "1"), text, USAGE, "entity|path|name")


@checks.step("a file to send that is not there")
def missing_file():
    text = start_sandbox().connection_string
    expect(("send", "orders", "--file", "/no/such/file"), text, USAGE, "/no/such/file")


@checks.step("a change without leave where it is no sandbox")
def change_without_leave():
    port = bad_peers.unused_port()
    for change in (("set-state", "orders", "s", "--text", "x"), ("clear", "orders", "s")):
        expect(("session", *change), real(port), REFUSED, "read-only", "mode: read-write", "policy")


@checks.step("an export or checkpoint of the audit ledger onto the ledger itself")
def ledger_onto_itself():
    with tempfile.TemporaryDirectory() as folder:
        environment = {**callboard.ENVIRONMENT, "XDG_STATE_HOME": folder}
        real_place = real(bad_peers.unused_port())
        # What is refused is written down: now there is a ledger.
        refused = callboard.run("session", "clear", "orders", "s", connection_string=real_place, environment=environment)
        assert refused.returncode == REFUSED, refused
        ledger = pathlib.Path(folder) / "callboard" / "audit.jsonl"
        before = ledger.read_bytes()
        assert before, "the ledger is empty"
        link = pathlib.Path(folder) / "link"
        link.symlink_to(ledger)
        for words in (("export",), ("export", "--format", "csv"), ("checkpoint",)):
            for target in (ledger, link):
                done = callboard.run("audit", *words, str(target), environment=environment)
                assert done.returncode in (USAGE, REFUSED), (words, done)
                assert "ledger" in done.stderr, (words, done)
                assert ledger.read_bytes() == before, f"audit {' '.join(words)} {target} changed the ledger"
        whole = callboard.run("audit", "verify", environment=environment)
        assert whole.returncode == 0, whole


@checks.step("a list that can be sent only in part, and lines that cannot be sent at all")
def list_in_part():
    text = start_sandbox().connection_string
    assert callboard.run("create", "queue", "in-part", connection_string=text).returncode == 0
    PARTLY = 5
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "list.jsonl"

        def lines(*messages):
            file.write_text("".join(json.dumps(each) + "\n" for each in messages), encoding="utf-8")
            return "send", "in-part", "--jsonl", str(file)

        big = {"messageId": "big", "body": {"text": "x" * 300_000}}
        expect(lines({"messageId": "a"}, big, {"messageId": "c"}), text, PARTLY, "2 of 3 messages were sent, 1 was not", f"line 2 of {file}")
        seen = [each["messageId"] for each in callboard.peek("in-part", "--all", connection_string=text)]
        assert seen == ["a", "c"], seen
        last = json.loads(callboard.run("audit", "show", "--count", "1", "--output", "jsonl", connection_string=text).stdout)
        assert last["type"] == "message.send.partly", last
        assert last["counts"] == {"planned": 3, "done": 2, "failed": 1, "unknown": 0}, last
        expect(lines(big, big), text, PROBLEM, "None of the 2 messages was sent")
        for wrong in (-1, 0, 2**32, 2**63 - 1, 1.5):
            expect(lines({}, {"timeToLiveMilliseconds": wrong}), text, USAGE, f"{file}:2", "timeToLiveMilliseconds")
        for kind, value in (("ubyte", 256), ("long", "many"), ("binary", "%"), ("string", 5), ("array", [1])):
            expect(lines({"applicationProperties": {"p": {"type": kind, "value": value}}}), text, USAGE, f"{file}:1", "applicationProperties.p", kind)
        assert len(callboard.peek("in-part", "--all", connection_string=text)) == 2, "something was sent"


@checks.step("a wrong key")
def wrong_key():
    text = re.sub(r"SharedAccessKey=[^;]*", "SharedAccessKey=bm90IHRoZSBrZXk=", start_sandbox().connection_string)
    expect(PEEK, text, REFUSED, "signature|token|key", "RootManageSharedAccessKey")


@checks.step("a missing right")
def missing_right():
    text = start_sandbox().connection_string
    text = re.sub(r"SharedAccessKeyName=[^;]*", "SharedAccessKeyName=SendOnly", text)
    expect(PEEK, text, REFUSED, "Listen", "orders")
    expect(("entities",), text, REFUSED, "Manage")


@checks.step("a server that speaks HTTP, and the sandbox's own HTTP port")
def speaks_http():
    with bad_peers.BadPeer(bad_peers.speak_http) as peer:
        expect(PEEK, emulator(peer.port), PROBLEM, "HTTP", str(peer.port))
    expect(PEEK, emulator(start_sandbox().http_port), PROBLEM, "HTTP", str(start_sandbox().http_port))


@checks.step("a server that speaks SSH")
def speaks_ssh():
    with bad_peers.BadPeer(bad_peers.speak_ssh) as peer:
        expect(PEEK, emulator(peer.port), PROBLEM, "AMQP", str(peer.port))


@checks.step("a server that sends garbage", seconds=60)
def garbage():
    for _ in range(5):
        with bad_peers.BadPeer(bad_peers.send_garbage) as peer:
            expect(PEEK, emulator(peer.port), PROBLEM, "AMQP", str(peer.port))


@checks.step("a server that starts well and then sends garbage")
def garbage_later():
    with bad_peers.BadPeer(bad_peers.garbage_after_handshake) as peer:
        expect(PEEK, emulator(peer.port), PROBLEM, "AMQP|frame", str(peer.port))


@checks.step("a server that accepts and says nothing")
def silence():
    with bad_peers.BadPeer(bad_peers.say_nothing) as peer:
        expect(PEEK, emulator(peer.port), PROBLEM, "answer|time|silent", str(peer.port))


@checks.step("a server that hangs up")
def hangs_up():
    with bad_peers.BadPeer(bad_peers.hang_up) as peer:
        expect(PEEK, emulator(peer.port), PROBLEM, "closed", str(peer.port))


@checks.step("a certificate nobody vouches for, and one for another name")
def wrong_certificate():
    with bad_peers.certificate() as (chain, tls), bad_peers.BadPeer(bad_peers.say_nothing, tls=tls) as peer:
        expect(PEEK, real(peer.port), PROBLEM, "certificate", "--ca-file|CA")
        expect((*PEEK, "--ca-file", str(chain)), real(peer.port), PROBLEM, "certificate", "127.0.0.1|name")
        expect((*PEEK, "--ca-file", "/no/such/ca.pem"), real(peer.port), USAGE, "/no/such/ca.pem")


@checks.step("TLS spoken to a plain port")
def plain_port():
    expect(PEEK, real(start_sandbox().amqp_port), PROBLEM, "TLS|certificate", "UseDevelopmentEmulator|plain")


@checks.step("a sandbox on a taken port, and a Config.json that is broken")
def bad_sandbox():
    taken = start_sandbox().amqp_port
    expect(("sandbox", "--amqp-port", str(taken), "--http-port", "0"), None, PROBLEM, "in use", str(taken))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "Config.json"
        path.write_text('{ "UserConfig": { // half\n', encoding="utf-8")
        expect(("sandbox", "--amqp-port", "0", "--http-port", "0", "--config", str(path)), None, USAGE, "Config.json")
        expect(("sandbox", "--amqp-port", "0", "--http-port", "0", "--config", folder + "/none.json"), None, USAGE, "none.json")


def started(*arguments, **how):
    environment = {**callboard.ENVIRONMENT, "SERVICEBUS_CONNECTION_STRING": start_sandbox().connection_string}
    return subprocess.Popen([callboard.EXECUTABLE, *arguments], env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, **how)


@checks.step("standard output on a full disk, on nothing at all, and with nobody who reads it")
def output_lost():
    if not os.path.exists("/dev/full"):
        raise Skipped("this system has no /dev/full")
    for words in (PEEK, ("peek", "orders", "--dead-letter", "--all", "--output", "jsonl"), ("entities",), ("--help",)):
        with open("/dev/full", "wb") as full:
            process = started(*words, stdout=full)
            said = process.communicate(timeout=20)[1].decode()
        assert process.returncode == PROBLEM and "No space left" in said and "not all" in said, (words, process.returncode, said)
    # What is opened first would be in its place: a connection, or a ledger.
    for closed in ((1,), (0, 1)):
        process = started(*PEEK, stdout=None, preexec_fn=lambda: [os.close(each) for each in closed])
        said = process.communicate(timeout=20)[1].decode()
        assert process.returncode == PROBLEM and "Bad file descriptor" in said, (closed, process.returncode, said)
    process = started("entities", stdout=subprocess.PIPE, preexec_fn=lambda: os.close(2))
    assert b"orders" in process.communicate(timeout=20)[0] and process.returncode == 0, process.returncode
    reading, writing = os.pipe()
    process = started("peek", "orders", "--dead-letter", "--all", "--output", "jsonl", stdout=writing)
    os.close(reading)
    os.close(writing)
    assert process.communicate(timeout=20)[1] == b"" and process.returncode == 141, process.returncode


@checks.step("standard output that never waits, and a reader who is slow: nothing is lost, and nobody works meanwhile")
def output_slow():
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETFL, fcntl.fcntl(writing, fcntl.F_GETFL) | os.O_NONBLOCK)
    process = started("peek", "orders", "--dead-letter", "--count", "2000", "--output", "jsonl", stdout=writing)
    os.close(writing)

    def state():
        """R, S and so on for each thread: proc_pid_stat(5)."""
        folder = pathlib.Path(f"/proc/{process.pid}/task")
        return [each.read_text().rsplit(")", 1)[1].split()[0] for each in folder.glob("*/stat")]

    with os.fdopen(reading, "rb") as pipe:
        if sys.platform == "linux":
            # Full: then all of it sleeps, a hundred looks long.
            eventually(lambda: all("R" not in state() for _ in range(100)), seconds=10, what="a program that waits")
        lines = pipe.read().splitlines()
    assert process.wait(timeout=20) == 0 and len(lines) == 2000, (process.returncode, len(lines))
    numbers = [json.loads(line)["sequenceNumber"] for line in lines]
    assert numbers == sorted(set(numbers)), "a line twice, or out of order"


def console_says(connection_string, pattern):
    """The console on a namespace that does not work: it paints, says so within five seconds, and q gives the terminal back."""
    with Terminal(24, 80, environment={"SERVICEBUS_CONNECTION_STRING": connection_string}) as terminal:
        terminal.type(f"clear; {callboard.EXECUTABLE}")
        terminal.keys("Enter")
        terminal.until(lambda: terminal.flags("alternate_on")["alternate_on"] == "1", 3, "the console opening")
        terminal.wait_for(pattern, seconds=WITHIN)
        terminal.keys("Q")
        terminal.expect_restored("the console")


@checks.step("the console says what is wrong, and leaves the terminal as it was", seconds=60)
def console():
    console_says(emulator(bad_peers.unused_port()), r"(?i)refused")
    with bad_peers.BadPeer(bad_peers.speak_http) as peer:
        console_says(emulator(peer.port, f"ManagementPort={peer.port};"), r"(?i)HTTP|ATOM|status\s+400")


@checks.step("the console refuses a terminal it cannot draw on, in words")
def no_terminal():
    done = callboard.run("demo", environment={**callboard.ENVIRONMENT, "TERM": "xterm-256color"}, seconds=10)
    assert done.returncode == USAGE and "terminal" in done.stderr, (done.returncode, done.stderr)
    with Terminal(24, 80, term="dumb") as terminal:
        lines = terminal.shell(f"{callboard.EXECUTABLE} demo > /dev/tty; echo status $?")
        assert any("dumb" in line for line in lines) and "status 2" in lines, lines


if __name__ == "__main__":
    sys.exit(checks.run())
