#!/usr/bin/env python3
"""Signing in to a namespace with Entra ID, from the first run on: who am I before and after, every way to be somebody, what is kept and who can
read it, what the doctor says of each step that fails; and what is left to somebody who may read one queue only: everything but what they may
not know, and that by name. The cloud is the sandbox's own.

usage: sign_in.py [PART OF A STEP'S NAME]       CALLBOARD names the executable (default .build/debug/callboard)
"""

import contextlib
import json
import os
import re
import shutil
import sys
import time

import requests
from terminal import alive  # puts Tests/Interop on the path

import bad_peers
import callboard
from checks import Checks, OutOfTime, eventually
from cloud import ADMIN, CONTEXT, ON_CALL, ONE_QUEUE, READER, Cloud, console, make_older, mode

checks = Checks("signing in")
PROBLEM, REFUSED = 1, 3
LINKS = ["sign-in", "environment", "workload-identity", "azure-cli", "managed-identity"]
PEOPLE = {ON_CALL: "0e5e1000-0000-4000-8000-000000000001", ONE_QUEUE: "0e5e1000-0000-4000-8000-000000000004"}
# Of the demo's checkout service, whose identity a machine is here.
CHECKOUT, CHECKOUT_CLIENT = "0a0a0000-0000-4000-8000-00000000a001", "0a0a0000-0000-4000-8000-00000000c001"
AUTOMATION = "5b0d0000-0000-4000-8000-0000000000a1"
PEEK = ("peek", "invoices", "--count", "1", "--output", "json")

cloud = None
slow = None


class SlowBrowser:
    """A login whose browser stays in the foreground until somebody has chosen who they are. (xdg-open returns at once where a browser runs
    already; the first one, or one in a terminal, is there until it is closed.) Begun early, since it is about time passing."""

    def __init__(self):
        self.home = cloud.home()
        self.chosen, pid = self.home.path / "chosen", self.home.path / "pid"
        # It ends with the folder it is in.
        wait = f"echo $$ > {pid}\nwhile [ ! -e {self.chosen} ]; do [ -e {pid} ] || exit 1; sleep 0.1; done\n"
        self.home.browse_as(ON_CALL, before=wait)
        self.login = self.home.begin("login")
        self.browser = int(eventually(lambda: pid.exists() and pid.read_text(encoding="utf-8").strip(), 10, what="the browser"))
        self.begun = time.monotonic()

    def stop(self):
        self.login.__exit__()


@checks.cleanup
def stop_cloud():
    if slow is not None:
        slow.stop()
    if cloud is not None:
        cloud.stop()


@checks.step("a sandbox with its cloud, and a recorder before it", seconds=60, essential=True)
def begin():
    global cloud, slow
    cloud = Cloud()
    slow = SlowBrowser()


# Who signed in in a step before: {user: a home with nothing else in it}.
sources = {}


def signed_in(user, **config):
    """A home whose person signed in a while ago, and did nothing else yet."""
    if user not in sources:
        sources[user] = cloud.home()
        sources[user].sign_in(user)
    home = cloud.home(**config)
    folder = home.token_file.parent
    folder.mkdir(parents=True)
    for path in (folder, *folder.parents[:3]):
        path.chmod(0o700)
    for file in sources[user].token_file.parent.iterdir():
        shutil.copy2(file, folder / file.name)
    return home


def clear(done, *words):
    """A refusal for a person: exit status 3, a short text with the words, no insides of the program."""
    said = done.stderr.strip()
    assert done.returncode == REFUSED, f"exit status {done.returncode} and not {REFUSED}: {said!r}"
    assert said and len(said.splitlines()) <= 6, f"not one clear message: {said!r}"
    for noise in ("Fatal error", "Swift/", "NIOCore", "Optional(", "Error Domain"):
        assert noise not in said, f"{noise!r} is nothing for an operator: {said!r}"
    for word in words:
        assert re.search(word, said, re.IGNORECASE), f"/{word}/ is missing: {said!r}"


# The first run


@checks.step("before: whoami is nobody, and says of every link why it gives nothing")
def nobody():
    home = cloud.home()
    status, who = home.whoami()
    assert status == REFUSED, status
    assert who["context"] == CONTEXT and who["name"] is None and who["objectId"] is None and who["isVerified"] is False, who
    assert [link["name"] for link in who["links"]] == LINKS, who["links"]
    reasons = {link["name"]: link["reason"] for link in who["links"]}
    assert all(link["outcome"] in ("not set up", "failed") for link in who["links"]), who["links"]
    for name, words in (
        ("sign-in", "Nobody is signed in"),
        ("environment", "AZURE_TENANT_ID"),
        ("workload-identity", "AZURE_FEDERATED_TOKEN_FILE"),
        ("azure-cli", "Azure CLI"),
        ("managed-identity", "refused"),
    ):
        assert words in reasons[name], (name, reasons[name])
    table = home.run("whoami")
    clear(table, "callboard login")
    for name in LINKS:
        assert re.search(rf"^{name} +(not set up|failed): \S", table.stdout, re.MULTILINE), table.stdout


@checks.step("before: what needs a token is refused, and says how to get one")
def refused_before():
    home = cloud.home()
    for command in (("entities",), ("show", "invoices"), PEEK):
        clear(home.run(*command), "Nobody is signed in", "callboard login")


@checks.step("before: a catalogue that may not be read is no empty list of services")
def no_empty_list():
    services = cloud.home().run("services")
    assert "callboard login" in services.stderr, services.stderr
    assert services.returncode != 0, f"nothing of the catalogue could be read, and yet services ended with 0: {services.stderr!r}"


@checks.step("login --device-code shows code and address at once, and waits for somebody to approve")
def device_code():
    home = cloud.home()
    with home.begin("login", "--device-code") as login:
        code = login.code()
        login.says(rf"^ +at +{re.escape(cloud.recorder.origin)}/devicelogin$")
        asked = len(cloud.recorder.requests("/oauth2/v2.0/token"))
        eventually(lambda: len(cloud.recorder.requests("/oauth2/v2.0/token")) >= asked + 2, 10, what="two polls")
        assert login.process.poll() is None, f"it did not wait: {login.output()}"
        assert not home.token_file.exists() or home.whoami()[0] == REFUSED, "somebody is signed in before anybody approved"
        cloud.answer_code(code, ON_CALL)
        assert login.wait() == 0, login.output()
        login.says(rf"Signed in to '{CONTEXT}' as {ON_CALL} \(tenant {cloud.ready['tenantId']}\)")
        assert str(home.token_file) in login.output(), f"it does not say where the sign-in is kept: {login.output()}"

    status, who = home.whoami()
    assert status == 0, who
    assert (who["name"], who["objectId"], who["tenant"]) == (ON_CALL, PEOPLE[ON_CALL], cloud.ready["tenantId"]), who
    assert who["isVerified"] is True and who["isApplication"] is False and who["credential"] == "sign-in", who
    assert who["applicationId"] == cloud.ready["publicClientId"] and who["groups"], who
    outcomes = {link["name"]: link["outcome"] for link in who["links"]}
    assert outcomes == {"sign-in": "answered", **{name: "not asked" for name in LINKS[1:]}}, outcomes
    table = home.run("whoami").stdout
    assert f"{ON_CALL} (a person, verified)" in table and re.search(r"answered by +sign-in", table), table


@checks.step("groups that are too many for a token are asked of Graph; where it does not say either they are not known, which is not none")
def groups():
    known = cloud.home()
    known.sign_in(ON_CALL)
    _, who = known.whoami()
    home = cloud.home()
    with cloud.switched(groupsOverage=True):
        home.sign_in(ON_CALL)
    assert home.whoami()[1]["groups"] == who["groups"], home.whoami()
    with cloud.switched(groupsOverage=True, graphForbidden=True):
        home.sign_in(ON_CALL)
    status, who = home.whoami()
    assert status == 0 and who["isVerified"] is True, who
    assert who.get("groups") is None and "not known" in who["groupsText"], f"unknown groups are told as {who.get('groups')}: {who}"


@checks.step("with new keys of Entra's the token is verified still")
def new_keys():
    home = cloud.home()
    answer = requests.post(f"{cloud.origin}/$sandbox/cloud/rotate-keys", verify=cloud.ready["caFile"], timeout=5)
    assert answer.ok, answer.text
    home.sign_in(ON_CALL)
    status, who = home.whoami()
    assert status == 0 and who["isVerified"] is True and who["groups"], who


@checks.step("a code that is declined, and one that nobody uses in time, sign nobody in")
def declined_and_expired():
    home = cloud.home()
    with home.begin("login", "--device-code") as login:
        cloud.answer_code(login.code(), action="decline")
        assert login.wait() == REFUSED, login.output()
        login.says("declined")
    with cloud.switched(deviceCodeSeconds=1):
        with home.begin("login", "--device-code") as login:
            login.code()
            assert login.wait() not in (0, None), login.output()
            login.says("(?i)code ended|expired")
    status, who = home.whoami()
    assert status == REFUSED and who["name"] is None, who


@checks.step("told to slow down, login goes on more slowly, and signs in")
def slow_down():
    home, seen = cloud.home(), len(cloud.recorder.texts())
    with cloud.switched(deviceCodeSlowDowns=1):
        with home.begin("login", "--device-code") as login:
            code = login.code()
            before = len(cloud.recorder.requests("/oauth2/v2.0/token"))
            eventually(lambda: any("slow_down" in said for _, said in cloud.recorder.texts()[seen:]), 10, what="being told so")
            told = time.monotonic()
            cloud.answer_code(code, ON_CALL)
            assert login.wait() == 0, login.output()
            # RFC 8628 3.5: the interval is five seconds longer then.
            assert time.monotonic() - told >= 5, f"asked again after {time.monotonic() - told:.1f} s"
            assert len(cloud.recorder.requests("/oauth2/v2.0/token")) - before <= 3, "it asked more often than it may"


# The figures of a screen that are no time, no version and no part of a name.
ZERO = re.compile(r"(?<![\d#:.,-])\b0\b(?! *(ms|s\b|of))")


@checks.step("the console's first run: it asks how to sign in, shows a code, and opens once that is approved; the next run asks nobody")
def first_run_in_console():
    home = cloud.home()
    with console(home, 24, 80) as terminal:
        terminal.start(callboard.EXECUTABLE, rf"^Nobody is signed in to '{CONTEXT}'")
        terminal.wait_for(r"^b, d or q:")
        terminal.type("d")
        terminal.keys("Enter")
        code = terminal.wait_for(r"^ +code +([A-Z0-9]{9})$").group(1)
        terminal.wait_for(rf"^ +at +{re.escape(cloud.recorder.origin)}/devicelogin$")
        cloud.answer_code(code, ONE_QUEUE)
        terminal.wait_for(r"\b12 services\b", seconds=15)
        assert code not in terminal.screen()
        terminal.keys("Q")
        terminal.expect_restored("the console")
    assert home.whoami()[1]["name"] == ONE_QUEUE
    before = cloud.recorder.requests("/oauth2/")
    with console(home, 40, 120) as terminal:
        terminal.start(callboard.EXECUTABLE, r"\b12 services\b")
        assert ONE_QUEUE in terminal.screen(), "it does not say who is signed in"
        terminal.keys("Q")
        terminal.wait_for_shell()
    assert cloud.recorder.requests("/oauth2/") == before, "it asked Entra again"


@checks.step("the console's first run: whoever leaves it at the question, or while a code waits, leaves nothing behind")
def first_run_left():
    home = cloud.home()
    for keys in (["q", "Enter"], ["C-c"], ["d", "Enter", "code", "C-c"]):
        with console(home, 24, 80) as terminal:
            terminal.start(callboard.EXECUTABLE, r"^b, d or q:")
            for key in keys:
                if key == "code":
                    terminal.wait_for(r"^ +code +([A-Z0-9]{9})$")
                else:
                    terminal.keys(key)
            terminal.expect_restored(" ".join(keys))
            assert not alive(terminal.program), "the process is still there"
    assert home.whoami()[0] == REFUSED


# What is kept


@checks.step("what is kept is for its owner only, and unreadable")
def kept():
    home = cloud.home()
    home.sign_in(ON_CALL)
    assert home.run("services").returncode == 0
    state = home.path / ".local" / "state" / "callboard"
    kept = list(state.rglob("*"))
    assert home.token_file in kept and any("catalogues" in str(path) for path in kept), kept
    for path in [state, *kept]:
        assert mode(path) == (0o700 if path.is_dir() else 0o600), f"{path} is {mode(path):o}"
    content = home.token_file.read_bytes()
    secrets = {value for values in cloud.recorder.secrets().values() for value in values}
    assert len(secrets) > 5, "the recorder saw nothing"
    for word in [*secrets, ON_CALL, PEOPLE[ON_CALL], cloud.ready["tenantId"], "eyJ", "token"]:
        assert word.encode() not in content[len(b"callboard-tokens-1\n"):], f"{word[:12]}… can be read in the token file"


@checks.step("another process goes on with the sign-in, without asking Entra")
def second_process():
    home = signed_in(ONE_QUEUE)
    assert home.run(*PEEK).returncode == 0
    before = cloud.recorder.requests("/oauth2/")
    assert home.whoami()[1]["name"] == ONE_QUEUE
    assert home.run(*PEEK).returncode == 0
    assert cloud.recorder.requests("/oauth2/") == before, "Entra was asked for a token that was there"


@checks.step("a token that ends soon is replaced from the sign-in that is kept, and nobody has to do anything")
def replaced():
    home = cloud.home()
    with cloud.switched(tokenSeconds=60):
        home.sign_in(ONE_QUEUE)

        def refreshed():
            return sum(asked.count("grant_type=refresh_token") for asked, _ in cloud.recorder.texts())

        before = refreshed()
        assert home.run(*PEEK).returncode == 0
        assert refreshed() > before, "the token that ends in a minute was used on"
    status, who = home.whoami()
    assert status == 0 and who["name"] == ONE_QUEUE and who["isVerified"] is True, who


@checks.step("logout forgets the sign-in and every token of it")
def logout():
    home = signed_in(ONE_QUEUE)
    assert home.run(*PEEK).returncode == 0
    done = home.run("logout")
    assert done.returncode == 0 and f"Signed out of '{CONTEXT}': {ONE_QUEUE}" in done.stderr, done
    before = cloud.recorder.requests("/oauth2/")
    status, who = home.whoami()
    assert status == REFUSED and who["name"] is None and who["links"][0]["outcome"] == "not set up", who
    clear(home.run(*PEEK), "Nobody is signed in")
    assert cloud.recorder.requests("/oauth2/") == before, "something of the sign-in was still there"
    again = home.run("logout")
    assert again.returncode == 0 and "Nobody was signed in" in again.stderr, again


@checks.step("a token file that is damaged, or whose key is gone, means: sign in again; never a crash", seconds=60)
def damaged():
    home = signed_in(ONE_QUEUE)
    whole = home.token_file.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    broken = {
        "empty": b"",
        "its first ten bytes": whole[:10],
        "cut short": whole[:-1],
        "one bit flipped": bytes(flipped),
        "something else": os.urandom(500),
        "too long": whole + b"x",
    }
    wrong = []
    for name, content in broken.items():
        home.token_file.write_bytes(content)
        for command in (("whoami",), PEEK):
            try:
                clear(home.run(*command), "sign in( again|: callboard login)")
            except AssertionError as error:
                wrong.append(f"{name}, {command[0]}: {error}")
    home.token_file.write_bytes(whole)
    assert home.whoami()[0] == 0, "the file as it was does not do any more"
    (home.token_file.parent / "token-cache.key").unlink()
    for command in (("whoami",), PEEK):
        try:
            clear(home.run(*command), "sign in( again|: callboard login)")
        except AssertionError as error:
            wrong.append(f"no key, {command[0]}: {error}")
    home.sign_in(ONE_QUEUE)
    assert home.run(*PEEK).returncode == 0, "signing in again does not repair it"
    assert not wrong, "\n".join(wrong)


@checks.step("two people who sign in at once spoil nothing: one of them is signed in")
def two_logins():
    home = cloud.home()
    with home.begin("login", "--device-code") as one, home.begin("login", "--device-code") as other:
        codes = one.code(), other.code()
        assert codes[0] != codes[1]
        for code, user in zip(codes, (ON_CALL, ONE_QUEUE)):
            cloud.answer_code(code, user)
        assert (one.wait(), other.wait()) == (0, 0), one.output() + other.output()
    status, who = home.whoami()
    assert status == 0 and who["isVerified"] is True, who
    assert who["name"] in PEOPLE and who["objectId"] == PEOPLE[who["name"]], f"a mixture of two people: {who}"
    assert all(mode(path) == 0o600 for path in home.token_file.parent.iterdir())


# Other ways to be somebody


def application(**variables):
    return {"AZURE_TENANT_ID": cloud.credentials["tenantId"], "AZURE_CLIENT_ID": cloud.credentials["clientId"], **variables}


def expect_identity(credential, object_id, application_id, **variables):
    home = cloud.home()
    status, who = home.whoami(**variables)
    assert status == 0, who
    assert (who["credential"], who["objectId"], who["applicationId"]) == (credential, object_id, application_id), who
    assert who["isApplication"] is True and who["tenant"] == cloud.ready["tenantId"], who
    outcomes = {link["name"]: link["outcome"] for link in who["links"]}
    assert outcomes[credential] == "answered", outcomes
    place = LINKS.index(credential)
    assert all(outcomes[name] == "not asked" for name in LINKS[place + 1 :]), outcomes
    assert all(outcomes[name] == "not set up" for name in LINKS[:place]), outcomes
    assert re.search(rf"answered by +{credential}", home.run("whoami", **variables).stdout)
    return home


@checks.step("a client secret and a certificate, by the environment")
def by_environment():
    ids = AUTOMATION, cloud.credentials["clientId"]
    expect_identity("environment", *ids, **application(AZURE_CLIENT_SECRET=cloud.credentials["clientSecret"]))
    expect_identity("environment", *ids, **application(AZURE_CLIENT_CERTIFICATE_PATH=cloud.credentials["certificateFile"]))
    asked = "".join(text for text, _ in cloud.recorder.texts())
    assert "client_secret=" in asked and "client_assertion=" in asked, "one of them was not sent"


@checks.step("a wrong secret is refused with Entra's own code, and nobody else is asked instead")
def wrong_secret():
    home = cloud.home()
    variables = application(AZURE_CLIENT_SECRET="this-is-not-its-secret")
    status, who = home.whoami(**variables)
    assert status == REFUSED and who["name"] is None, who
    failed = {link["name"]: link for link in who["links"]}
    assert "AADSTS7000215" in failed["environment"]["reason"], failed
    assert all(failed[name]["outcome"] == "not asked" for name in LINKS[2:]), failed
    done = home.run("whoami", **variables)
    assert "this-is-not-its-secret" not in done.stdout + done.stderr
    clear(home.run(*PEEK, **variables), "AADSTS7000215")


@checks.step("a workload's federated token")
def workload():
    variables = application(AZURE_FEDERATED_TOKEN_FILE=cloud.credentials["federatedTokenFile"])
    expect_identity("workload-identity", AUTOMATION, cloud.credentials["clientId"], **variables)


@checks.step("a machine's managed identity and App Service's, and its roles count: one queue opens")
def managed_identity():
    ids = CHECKOUT, CHECKOUT_CLIENT
    machine = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": cloud.recorder.origin}
    service = {"IDENTITY_ENDPOINT": f"{cloud.recorder.origin}/msi/token", "IDENTITY_HEADER": cloud.credentials["identityHeader"]}
    for variables in (machine, service):
        home = expect_identity("managed-identity", *ids, **variables)
        assert home.run("peek", "orders", "--count", "1", **variables).returncode == 0, "checkout may receive from orders"
        clear(home.run(*PEEK, **variables), "Data Receiver")


@checks.step("login in the browser: there and back by loopback")
def by_browser():
    home = cloud.home()
    page = home.browse_as(ON_CALL)
    done = home.run("login")
    assert done.returncode == 0 and f"Signed in to '{CONTEXT}' as {ON_CALL}" in done.stderr, done
    assert "Go back to the terminal" in page.read_text(encoding="utf-8")
    (address,) = re.findall(r"^ +(https://\S+/authorize\?\S+)$", done.stderr, re.MULTILINE)
    assert "code_challenge_method=S256" in address and "localhost" in address and "code_verifier" not in address, address
    status, who = home.whoami()
    assert status == 0 and who["name"] == ON_CALL and who["isVerified"] is True and who["credential"] == "sign-in", who
    assert "code_verifier=" in "".join(text for text, _ in cloud.recorder.texts())


@checks.step("login in the browser: whoever cancels there is not signed in")
def browser_cancelled():
    home = cloud.home()
    home.browse_as("nobody")
    done = home.run("login")
    assert done.returncode == REFUSED, done
    assert re.search("access_denied|denied|cancel", done.stderr), done.stderr
    assert home.whoami()[0] == REFUSED


@checks.step("login in the browser: one that stays in the foreground is left alone, as long as its person needs", seconds=40)
def slow_browser():
    # Eleven seconds are few for a password and a second factor.
    eventually(lambda: not alive(slow.browser) or time.monotonic() - slow.begun > 11, 20, what="eleven seconds")
    ended = not alive(slow.browser)
    assert not ended, f"the browser was ended, with its page open: {slow.login.output()}"
    slow.chosen.touch()
    assert slow.login.wait() == 0, slow.login.output()
    assert slow.home.whoami()[1]["name"] == ON_CALL


# The doctor


def diagnosis(home, *arguments, **variables):
    """(exit status, {check: (result, found, hint)}) of the doctor."""
    done = home.run("doctor", *arguments, "--output", "json", **variables)
    assert done.stdout.strip().startswith("["), f"doctor said {done.stdout!r} {done.stderr!r}"
    steps = json.loads(done.stdout)
    failed = [step["check"] for step in steps if step["result"] == "failed"]
    assert len(failed) <= 1 and (not failed or steps[-1]["check"] == failed[0]), f"the first that fails is the last: {steps}"
    assert (done.returncode == PROBLEM) == bool(failed), (done.returncode, steps)
    return {step["check"]: (step["result"], step["found"], step["hint"] or "") for step in steps}


def expect_failure(found, check, *words):
    before = ["name", "connection", "tls", "amqp", "token", "right"]
    before = before[: before.index(check)]
    assert list(found) == [*before, check], f"expected to fail at {check}: {found}"
    assert all(found[each][0] == "passed" for each in before) and found[check][0] == "failed", found
    said = " ".join(found[check][1:])
    for word in words:
        assert re.search(word, said, re.IGNORECASE), f"/{word}/ is missing: {said}"


@checks.step("doctor: a name that does not resolve")
def doctor_name():
    expect_failure(diagnosis(cloud.home(namespace="no-such-namespace.invalid"), "invoices"), "name", r"no-such-namespace\.invalid", "resolve")


@checks.step("doctor: a port that is closed")
def doctor_port():
    port = bad_peers.unused_port()
    expect_failure(diagnosis(cloud.home(namespace=f"127.0.0.1:{port}"), "invoices"), "connection", str(port), "refused")


@checks.step("doctor: a certificate that nobody trusts")
def doctor_certificate():
    expect_failure(diagnosis(cloud.home(**{"ca-file": None}), "invoices"), "tls", "not trusted", "--ca-file")


@checks.step("doctor: nobody is signed in")
def doctor_token():
    expect_failure(diagnosis(cloud.home(), "invoices"), "token", "Nobody is signed in", "callboard login|sign in")


@checks.step("doctor: a right that is missing, with the role that would give it")
def doctor_right():
    expect_failure(diagnosis(signed_in(ON_CALL), "orders"), "right", "orders", "Data Receiver")


@checks.step("doctor: all is well with one queue, and that no more may be listed is a note")
def doctor_well():
    found = diagnosis(signed_in(ONE_QUEUE), "invoices")
    assert all(found[check][0] == "passed" for check in ("name", "connection", "tls", "amqp", "token", "right")), found
    assert found["listing"][0] == "noted" and "not permitted (needs Manage)" in found["listing"][1], found


# One queue only


@checks.step("one queue only: services are there, their figures unknown and never zero")
def one_queue_services():
    home = signed_in(ONE_QUEUE)
    done = home.run("services")
    assert done.returncode == 0, done.stderr
    header, *rows = done.stdout.splitlines()
    assert len(rows) == 12 and any(row.startswith("billing ") and "invoices" in row for row in rows), done.stdout
    assert all(row.count("✕") == 3 and "unknown" in row and not re.search(r"\s0\s", row) for row in rows), done.stdout
    for service in json.loads(home.run("services", "--output", "json").stdout):
        assert service["counts"] is None and service["health"] == "unknown", service
        assert service["countsUnknown"] == "not permitted (needs Manage)", service


@checks.step("one queue only: entities are not permitted, which takes Manage; the queue's messages are, another's not, with the role")
def one_queue_commands():
    home = signed_in(ONE_QUEUE)
    done = home.run("entities")
    clear(done, "not permitted|claims required", "Manage", "Data Owner")
    assert done.stdout.strip() == "", f"an empty list is printed: {done.stdout!r}"
    watched = home.run("entities", "--fail-if-any", "dead-letter")
    assert watched.returncode not in (0,), "what cannot be known is no all-clear"
    peeked = home.run(*PEEK)
    assert peeked.returncode == 0 and len(json.loads(peeked.stdout)) == 1, peeked
    dead = home.run("peek", "invoices", "--dead-letter", "--count", "1", "--output", "json")
    assert dead.returncode == 0 and len(json.loads(dead.stdout)) == 1, dead
    clear(home.run("peek", "orders", "--count", "1"), "orders", "Azure Service Bus Data Receiver")


def one_queue_console(rows, columns):
    home = signed_in(ONE_QUEUE)
    with console(home, rows, columns) as terminal:
        terminal.start(callboard.EXECUTABLE, r"\b12 services\b", seconds=20)
        terminal.wait_for(r"counts ✕ not permitted \(needs Manage\)")
        terminal.wait_for(r"\bbilling\b.*✕")
        assert not ZERO.search(terminal.screen()), "what may not be known is shown as zero"
        if columns >= 120:
            assert ONE_QUEUE in terminal.screen(), "it does not say who is signed in"

        terminal.type("/billing")
        terminal.wait_gone(r"\bcheckout\b")
        terminal.keys("Enter", "Enter")
        terminal.wait_for(r"^ Billing\b")
        terminal.wait_for(r"owner team-fin")
        terminal.wait_for(r"^▌ invoices\b.*✕")
        assert not ZERO.search(terminal.screen()), "what may not be known is shown as zero"
        terminal.keys("Enter")
        terminal.wait_for(r"^ invoices\b")
        terminal.wait_for(r"messages +✕ not permitted \(needs Manage\)")
        terminal.wait_for(r"dead letters +✕ not permitted \(needs Manage\)")
        terminal.wait_for(r"messages (may still|can) be read")
        terminal.keys("Enter")
        terminal.wait_for(r"invoices › messages")
        terminal.wait_for(r"^ 12 messages · all")
        terminal.keys("Enter")
        terminal.wait_for(r"peeked, not locked")
        terminal.wait_for(r"body · ")
        terminal.wait_for(r"Sequence +#284")

        # another queue: neither its figures nor its messages, and no zero in their place
        terminal.type(":entity orders")
        terminal.keys("Enter")
        terminal.wait_for(r"^ orders\b")
        terminal.wait_for(r"dead letters +✕ not permitted \(needs Manage\)")
        terminal.keys("d")
        terminal.wait_for(r"orders › dead letters")
        terminal.wait_for(r"Ask for the role Azure Service Bus Data Receiver")
        assert not terminal.line(r"^ 0 dead letters"), "messages that may not be read are counted as 0 dead letters"
        terminal.keys("Q")
        terminal.expect_restored("the console")


@checks.step("one queue only: the console at 80x24 shows the service, opens the queue, reads a message, and names what it may not know")
def one_queue_small():
    one_queue_console(24, 80)


@checks.step("one queue only: and at 120x40")
def one_queue_large():
    one_queue_console(40, 120)


# A Reader: whoever may look at everything in Azure, and at no message

BY_ARM = "counts by Azure Resource Manager, may be minutes old"


def arm_lists():
    return cloud.recorder.requests(r"/namespaces/[^/]+/(queues|topics)\?")


@checks.step("the board of a Reader: entities with settings and counts, and who says so; another interface than the namespace's own")
def reader_commands():
    home = signed_in(READER)
    done = home.run("entities", "--output", "json")
    assert done.returncode == 0 and BY_ARM in done.stderr, done
    found = {entity["path"]: entity for entity in json.loads(done.stdout)}
    assert len(found) >= 30 and found["orders"]["counts"]["deadLetter"] > 1000, f"{len(found)} entities, {found.get('orders')}"
    assert found["order-events/billing"]["counts"]["active"] >= 0, found["order-events/billing"]
    assert all(each["countsBy"] == "resourceManager" for each in found.values() if each["counts"]), found["orders"]
    lines = home.run("entities", "--output", "jsonl")
    assert lines.returncode == 0 and {json.loads(line)["path"] for line in lines.stdout.splitlines()} == set(found), lines
    assert BY_ARM in lines.stderr, lines.stderr

    shown = home.run("show", "orders")
    assert shown.returncode == 0 and BY_ARM in shown.stdout, shown
    assert re.search(r"^dead letters +5\d{4}$", shown.stdout, re.MULTILINE), shown.stdout
    assert re.search(r"^LockDuration +PT", shown.stdout, re.MULTILINE), shown.stdout
    topic = home.run("show", "order-events/billing", "--output", "json")
    assert topic.returncode == 0 and json.loads(topic.stdout)["kind"] == "subscription", topic
    assert home.run("show", "no-such-queue").returncode == 4

    services = json.loads(home.run("services", "--output", "json").stdout)
    checkout = next(service for service in services if service["name"] == "checkout")
    assert checkout["health"] == "ill" and checkout["countsBy"] == "resourceManager", checkout


@checks.step("a Reader of pages of two: nothing is missing")
def reader_pages():
    home = signed_in(READER)
    whole = {entity["path"] for entity in json.loads(home.run("entities", "--output", "json").stdout)}
    with cloud.switched(pageSize=2):
        paged = json.loads(home.run("entities", "--output", "json").stdout)
    assert {entity["path"] for entity in paged} == whole and len(whole) >= 30, len(paged)


@checks.step("a Reader's peek is refused, with the role it takes; so is what would change something")
def reader_refused():
    home = signed_in(READER)
    clear(home.run("peek", "orders", "--count", "1"), "orders", "Azure Service Bus Data Receiver")
    done = home.run("update", "queue", "orders", "--max-delivery-count", "7", "--allow-changes")
    assert done.returncode != 0, done


@checks.step("the board of a Reader in the console: figures with who says so, which is asked no more than once in a minute")
def reader_console():
    home = signed_in(READER)
    before = len(arm_lists())
    with console(home, 40, 200) as terminal:
        terminal.start(callboard.EXECUTABLE, r"\b12 services\b", seconds=20)
        terminal.wait_for(rf"{BY_ARM}.*every 1 min")
        terminal.wait_for(r"!! +checkout\b.*\b5\d,\d{3}\b")
        asked = len(arm_lists())
        assert asked > before, "Azure Resource Manager was not asked"
        terminal.keys("C-r")
        terminal.type("ge")
        terminal.wait_for(rf"^ \d+ entities\b.*{BY_ARM}")
        terminal.wait_for(r"\borders\b +queue +50,0\d\d")
        terminal.type(":entity invoices")
        terminal.keys("Enter")
        terminal.wait_for(rf"^ invoices\b.*{BY_ARM}")
        terminal.wait_for(r"LockDuration +PT")
        assert len(arm_lists()) == asked, "it was listed again within the minute"
        terminal.keys("Q")
        terminal.expect_restored("the console")


@checks.step("one queue only: what may not be listed is said once on the board, without a code of the service's")
def said_once():
    home = signed_in(ONE_QUEUE)
    with console(home, 40, 120) as terminal:
        terminal.start(callboard.EXECUTABLE, r"\b12 services\b", seconds=20)
        terminal.wait_for(r"counts ✕ not permitted \(needs Manage\)")
        terminal.wait_for(r"Azure Service Bus Data Owner")
        screen = terminal.screen()
        assert screen.count("not permitted") == 1, screen
        for word in ("401", "Listing the entities", "tracking id"):
            assert word not in screen, f"{word}: {screen}"
        terminal.keys("Q")
        terminal.wait_for_shell()


@checks.step("a role that is taken away meanwhile: the next look is refused")
def revoked():
    home = signed_in(ONE_QUEUE)
    assert home.run(*PEEK).returncode == 0
    ready = cloud.ready
    scope = (
        f"/subscriptions/{ready['subscriptionId']}/resourceGroups/{ready['resourceGroup']}/providers/Microsoft.ServiceBus"
        f"/namespaces/{ready['namespaceName']}/queues/invoices"
    )
    headers = {"Authorization": f"Bearer {cloud.token(ADMIN)}"}

    def arm(method, path, json=None):
        answer = requests.request(
            method, f"{cloud.origin}{path}?api-version=2022-04-01", headers=headers, json=json, verify=ready["caFile"], timeout=5
        )
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    found = arm("GET", f"{scope}/providers/Microsoft.Authorization/roleAssignments")["value"]
    (mine,) = [each for each in found if each["properties"]["principalId"] == PEOPLE[ONE_QUEUE]]
    arm("DELETE", mine["id"])
    try:
        clear(home.run(*PEEK), "invoices", "Azure Service Bus Data Receiver")
        assert home.whoami()[0] == 0, "who somebody is does not change with what they may"
    finally:
        names = ("roleDefinitionId", "principalId", "principalType")
        arm("PUT", mine["id"], {"properties": {name: mine["properties"][name] for name in names}})
    assert home.run(*PEEK).returncode == 0, "the role is there again"


# The catalogue


def with_old_catalogue():
    """(a home whose catalogue was kept an hour ago, what services said then, the hour it says it is from)."""
    home = signed_in(ONE_QUEUE)
    first = home.run("services")
    assert first.returncode == 0 and len(first.stdout.splitlines()) == 13, first
    (file,) = [path for path in home.files() if path.suffix == ".catalogue"]
    make_older(file, 3600)
    return home, first.stdout, time.strftime("%Y-%m-%dT%H:", time.gmtime(time.time() - 3600))


@checks.step("the catalogue: the first run waits for Backstage, the next opens from what was kept though nobody answers")
def catalogue():
    home = signed_in(ONE_QUEUE)
    before = len(cloud.recorder.requests("/api/catalog"))
    first = home.run("services")
    assert first.returncode == 0 and len(first.stdout.splitlines()) == 13, first
    asked = len(cloud.recorder.requests("/api/catalog"))
    assert asked > before, "the catalogue did not come from Backstage"
    assert home.run("services").stdout == first.stdout
    assert len(cloud.recorder.requests("/api/catalog")) == asked, "what is a moment old was asked for again"
    with cloud.recorder.gone():
        done = home.run("services")
        assert done.returncode == 0 and done.stdout == first.stdout, done
        stranger = signed_in(ONE_QUEUE)
        done = stranger.run("services")
        assert done.returncode != 0 and "refused" in done.stderr, f"nothing is known of the catalogue, and that is no problem: {done!r}"


@checks.step("the catalogue: a command that shows an old one says from when it is")
def old_catalogue_by_command():
    home, first, hour = with_old_catalogue()
    with cloud.recorder.gone():
        done = home.run("services")
    assert done.returncode == 0 and done.stdout == first, done
    assert hour in done.stderr, f"it is an hour old, and that is not said: {done.stderr!r}"


@checks.step("the catalogue: the console opens with an old one at once, and says how old it is")
def old_catalogue_in_console():
    home, _, _ = with_old_catalogue()
    dated = re.compile(r"(?i)catalogue\b.*(\bago\b|\bold\b|\b1 h\b|60 min|from \d{4}-)|what is shown of it is from")
    with cloud.recorder.gone(), console(home, 24, 80) as terminal:
        terminal.start(callboard.EXECUTABLE, r"\b12 services\b", seconds=5)

        def age():
            return dated.search(re.sub(r"\s+", " ", terminal.screen()))

        if not wait(age, 3):
            terminal.keys("L")
            terminal.wait_for(r"log entr(y|ies)")
            assert wait(age, 2), "neither the board nor the log says that the catalogue is an hour old"
        terminal.keys("Q")
        terminal.wait_for_shell()


@checks.step("the catalogue: an old one is asked for anew by the next command, which the one after it sees")
def old_catalogue_refreshed():
    home, first, hour = with_old_catalogue()
    before = len(cloud.recorder.requests("/api/catalog"))
    assert home.run("services").stdout == first
    assert len(cloud.recorder.requests("/api/catalog")) > before, "Backstage was not asked"
    (file,) = [path for path in home.files() if path.suffix == ".catalogue"]
    with cloud.recorder.gone():
        done = home.run("services")
    assert done.stdout == first and hour not in done.stderr, f"what was read anew was not kept: {done.stderr!r}"
    assert time.time() - file.stat().st_mtime < 60


def wait(condition, seconds):
    """Whether a condition comes true within some seconds."""
    with contextlib.suppress(OutOfTime):
        return eventually(condition, seconds)
    return False


if __name__ == "__main__":
    sys.exit(checks.run())
