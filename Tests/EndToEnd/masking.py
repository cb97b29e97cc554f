#!/usr/bin/env python3
"""Masked means masked: plants a word of its own in every place of messages and session states that can hold one, then runs every command in
every output form and the console's screens in a terminal, and looks for all of them in everything that came out: standard output and error with
the libraries' logs at their most talkative, screens, the clipboard, saved files, errors. A word that nothing hides is planted beside each, and
the same is done in a context without masking, so that this can fail.

usage: masking.py [PART OF A STEP'S NAME]      CALLBOARD names the executable (default .build/debug/callboard)
"""

import base64
import gzip
import io
import json
import pathlib
import sys
import tempfile
import zipfile

from terminal import Terminal  # puts Tests/Interop on the path

import callboard
from checks import Checks

checks = Checks("masking")

QUEUE, SESSIONS = "planted", "sittings"
CARD, IBAN = "4111111111111111", "DE89370400440532013000"

words = []


def word(place):
    """A word that stands nowhere else."""
    words.append(f"canary{len(words)}{place}x")
    return words[-1]


def address(place):
    return f"{word(place)}@canary.example"


def text(value):
    return {"type": "string", "value": value}


def document(place):
    return {
        "control": "control-json",
        "password": word(place),
        "deep": [{"er": {"customerEmail": word(place), "note": f"mail to {address(place)}"}}],
        "headers": [{"name": "Authorization", "value": f"Bearer {word(place)}"}],
        "named": {"only": {"by": {"path": word(place)}}},
        "inside": json.dumps({"secret": word(place)}),
        "encoded": base64.b64encode(json.dumps({"apiKey": word(place)}).encode()).decode(),
        "order": f"INT-{len(words)}-{word(place)}",
        "card": int(CARD),
        "iban": IBAN,
    }


def running():
    """Text that is no document, with values in forms that end elsewhere than at a space."""
    mime = base64.encodebytes(json.dumps({"note": "longer than one line of base64, so that it has two of them", "secret": word("mime")}).encode()).decode()
    return (
        f'control-text: <wsse:Password Type="{word("tagged")}">{word("tagged")}</wsse:Password> then "apiKey":["{word("list")}"] and "pin":{{"v":"{word("map")}"}},'
        f' {{"name":"token","value":"{word("pair")}"}}, secret=<{word("angle")}> or pwd=\'a\'\'{word("quoted")}\' with api key: {word("spaced")}\n'
        f'password:\n  {word("nextline")} {word("nextline")}\nCookie: a={word("cookie")}; b={word("cookie")}\nattached:\n\n{mime}'
    )


def cbor(fields):
    """A map of texts (RFC 8949)."""
    encoded = [bytes([0x78, len(each.encode())]) + each.encode() for pair in fields.items() for each in pair]
    return bytes([0xA0 + len(fields)]) + b"".join(encoded)


def packed(content):
    return {"encoding": "base64", "text": base64.b64encode(content).decode()}


def markup(place):
    """XML in which names and values stand side by side, in elements and in attributes, with prefixes, blanks and sections of character data."""
    return (
        f'<w:o xmlns:w="u"><w:control>control-markup</w:control><w:Pin>{word(place)}</w:Pin><w:n pin="{word(place)}"/><add key="Password" value="{word(place)}"/>'
        f"<e><w:Key>password</w:Key><w:Value>{word(place)}</w:Value></e><e><key>\n  password\n</key><value>{word(place)}</value></e>"
        f"<e><key> <![CDATA[token]]></key><value><string>{word(place)}</string></value></e>"
        f"<e><key><string>secret</string></key><value><![CDATA[{word(place)}]]></value></e></w:o>"
    )


def archive(files, method=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return buffer.getvalue()


def element(name, *content):
    """An element of .NET's binary XML ([MC-NBFX])."""
    return bytes([0x40, len(name)]) + name.encode() + b"".join(content) + b"\x01"


def record(value):
    return bytes([0x98, len(value)]) + value.encode()


def attribute(name, value):
    return bytes([0x04, len(name)]) + name.encode() + record(value)


def dotnet(place):
    return element(
        "o",
        element("control", record("control-dotnet")),
        element("e", element("Key", record("password")), element("Value", record(word(place)))),
        element("add", attribute("key", "Token"), attribute("value", word(place))),
        # a:Pin, by the letter of its prefix.
        b"\x5e\x03Pin" + record(word(place)) + b"\x01",
    )


def joined():
    """Text in which what is encoded is joined to something else."""
    def secret(place):
        return json.dumps({"order": 5, "password": word(place)}).encode()

    def encode(place):
        return base64.urlsafe_b64encode(secret(place)).decode().rstrip("=")

    squeezed = base64.b64encode(gzip.compress(secret("squeezed"), 0)).decode()
    return (
        f"control-joined 0x{secret('hexed').hex()} and https://h/p/{encode('slash')}/next state_{encode('underscore')} key-{encode('hyphen')}-2"
        f" from /{squeezed} with id{encode('letters')} got <Key>password</Key><Value>{word('paired')}</Value> of it"
    )


def bodies():
    yield {"text": json.dumps(document("json"))}, "application/json"
    yield {"text": json.dumps(document("indented"), indent=2)}, None
    yield {"text": f"<o><control>control-xml</control><Password>{word('xml')}</Password><a key='token' value='{word('attr')}'/></o>"}, "application/xml"
    yield {"text": f"control-text: mail {address('text')}, password={word('text')}, card 4111 1111 1111 1111, {IBAN}"}, "text/plain"
    yield {"text": json.dumps(document("cut"))[:-9]}, "application/json"
    yield {"text": f"<o><password>{word('cut')}</password>"}, "application/xml"
    yield {"encoding": "base64", "text": base64.b64encode(gzip.compress(json.dumps(document("gzip")).encode(), 0)).decode()}, "application/json"
    yield {"encoding": "base64", "text": base64.b64encode(json.dumps(document("wide")).encode("utf-16")).decode()}, None
    yield {"encoding": "base64", "text": base64.b64encode(b"\xff\x00\x01" + word("binary").encode()).decode()}, None
    yield {"text": base64.b64encode(b"\xff\x00\x01" + word("base64").encode()).decode()}, None
    yield {"text": f"<o><control>control-xml</control><w:Password xmlns:w='u' w:note='{word('noted')}'/><e><key>secret</key><value>{word('twice')}</value><value>{word('twice')}</value></e></o>"}, "application/xml"
    yield {"text": running()}, "text/plain"
    yield {"encoding": "base64", "text": base64.b64encode(cbor({"control": "control-cbor", "password": word("cbor")})).decode()}, "application/cbor"
    yield {"kind": "value", "text": json.dumps(document("value"))}, None
    yield {"kind": "value", "type": "map", "value": {"control": "control-map", "pin": word("map"), "in": {"secret": word("map")}}}, None
    yield {"kind": "value", "type": "map", "value": {"control": "control-pairs", "name": "password", "value": word("typedpair")}}, None
    yield {"text": markup("plainmarkup")}, "application/xml"
    yield packed(archive({"a.xml": markup("zipped"), "b.xml": f"<pin>{word('zipped')}</pin>"})), None
    yield packed(archive({"a.zip": archive({"a.xml": markup("twicezipped"), "b.txt": "b"}), "b.txt": "b"})), None
    yield packed(gzip.compress(markup("gzipmarkup").encode(), 0)), None
    yield packed(dotnet("dotnet")), None
    # A name that only a dictionary knows.
    yield packed(b"\x42\x0a" + record(word("dictionary")) + b"\x01"), None
    yield {"text": joined()}, "text/plain"


def messages(session=None):
    for number, (body, content_type) in enumerate(bodies()):
        yield {
            "messageId": f"{number}-{address('id')}",
            # One is the same everywhere and nobody's secret: it can be traced.
            "correlationId": "control-correlation" if number == 0 else address("correlation"),
            "sessionId": session or address("session"),
            "subject": f"control-subject {address('subject')}",
            "to": address("to"),
            "replyTo": address("replyto"),
            "replyToSessionId": address("replysession"),
            "contentType": content_type or f"text/x; by={address('type')}",
            "contentEncoding": "gzip" if body.get("text", "").startswith("H4sI") else None,
            "applicationProperties": {
                "DeadLetterReason": text(f"control-reason {address('reason')}"),
                "DeadLetterErrorDescription": text(f"control-error for {address('error')}: pwd='{word('error')}' card {CARD}"),
                "control": text("control-property"),
                "X-Api-Key": text(word("key")),
                "internal-note": text(word("note")),
                "card": {"type": "long", "value": int(CARD)},
                "secretLong": {"type": "long", "value": 7700000000001},
                "secretFlag": {"type": "boolean", "value": True},
                "secretUri": {"type": "uri", "value": f"https://h/{word('uri')}"},
                "escaped": text(f"x &quot;password&quot;:&quot;{word('entity')}&quot; h%3Ftoken%3D{word('percent')}"),
                "pairs": text(json.dumps({"key": "secret", "value": word("first"), "val": word("second")})),
                "link": {"type": "uri", "value": f"https://h/?token={word('link')}"},
                "path": text(f"/p/{base64.urlsafe_b64encode(json.dumps({'secret': word('path')}).encode()).decode().rstrip('=')}"),
                "key": text("password"),
                "value": text(word("ownpair")),
                f"{word('name')}@canary.example": text("x"),
            },
            "body": body,
        }


CONFIGURATION = """
contexts:
  prod:
    environment: prod
    production: true
    connection-string: {env: PLANTED_SERVICEBUS}
    masking:
      properties: [internal-*]
      paths: [$.named..path]
      patterns:
        - {name: internal order, pattern: 'INT-\\d+-\\w+'}
  sealed:
    environment: prod
    production: true
    connection-string: {env: PLANTED_SERVICEBUS}
    masking:
      properties: [sessionId]
  open:
    environment: test
    connection-string: {env: PLANTED_SERVICEBUS}
"""


def forms(planted):
    """How a word may look once it was encoded: in base64 at each of the three places a group of bytes begins, in hexadecimal, in UTF-16."""
    raw = planted.encode()
    yield planted
    for skip in range(3):
        yield base64.b64encode(raw[skip:])[:12].decode()
    yield raw[:6].hex()
    yield raw[:6].hex(" ")
    yield " ".join(planted[:6])


def leaks(output):
    """What of all that was planted stands in an output."""
    lower = output.lower()
    joined = "".join(lower.split())
    planted = [*words, CARD, IBAN, "4111 1111 1111 1111", "7700000000001"]
    return [(each, form) for each in planted for form in forms(each) if form.lower() in lower or form.lower() in joined and len(form) > 9]


def shown(output):
    """Which of the words stand in an output as a whole, as they are, in hexadecimal or in base64: for what must be seen, where no more than a piece
    of one must be for what must not."""
    found = set()
    for each in words:
        raw = each.encode()
        pieces = [raw[skip:][: (len(raw) - skip) // 3 * 3] for skip in range(3)]
        if any(form in output for form in (each, raw.hex(), *(base64.b64encode(piece).decode() for piece in pieces))):
            found.add(each)
    return found


folder = pathlib.Path(tempfile.mkdtemp(prefix="callboard-masking-"))


def environment():
    # A folder of themes and a home are not needed; the logs of the libraries go to standard error.
    return {
        **callboard.ENVIRONMENT,
        "CALLBOARD_CONFIG": str(folder / "config.yaml"),
        "PLANTED_SERVICEBUS": sandbox.connection_string,
        "CALLBOARD_LOG": "trace",
    }


def run(*arguments):
    done = callboard.run(*arguments, environment=environment(), seconds=60)
    return done.stdout + "\n" + done.stderr


def commands(context):
    """Every command that may show something of a message, in every form."""
    output = []
    for place in ([QUEUE], [SESSIONS]):
        for form in ("table", "json", "jsonl"):
            common = ["--context", context, "--output", form]
            output.append(run("peek", *place, *common))
            output.append(run("peek", *place, *common, "--headers-only"))
            for keys in ("fingerprint", "reason,source", "subject,to,session,correlation-id", "sys.MessageId,X-Api-Key,card", "body.password,body"):
                output.append(run("groups", *place, *common, "--by", keys, "--singles", "--members"))
            output.append(run("show", *place, *common))
            output.append(run("entities", *common))
    for form in ("table", "json", "jsonl"):
        output.append(run("sessions", SESSIONS, "--counts", "--context", context, "--output", form))
        output.append(run("sessions", SESSIONS, "--context", context, "--output", form))
        for name in ("plain", "json", "cut", "binary"):
            output.append(run("session", "show", SESSIONS, name, "--context", context, "--output", form))
    for form in ("table", "json", "jsonl"):
        output.append(run("trace", "control-correlation", "--context", context, "--output", form))
    # Conditions that fail on a message say which value they failed on.
    output.append(run("peek", QUEUE, "--context", context, "--where", "[X-Api-Key] / 0 = 1"))
    output.append(run("peek", QUEUE, "--context", context, "--where", "card / 0 = 1"))
    return "\n".join(output)


@checks.step("a message and a state with something to hide in every place are planted", seconds=60)
def plant():
    (folder / "config.yaml").write_text(CONFIGURATION, encoding="utf-8")
    for queue, session in ((QUEUE, None), (SESSIONS, "json")):
        lines = [json.dumps(message) for message in messages(session)]
        (folder / "messages.jsonl").write_text("\n".join(lines), encoding="utf-8")
        done = callboard.run("send", queue, "--jsonl", str(folder / "messages.jsonl"), connection_string=sandbox.connection_string)
        assert done.returncode == 0, done.stderr
    # One session has an id that is hidden; the others' states are.
    states = {
        "plain": b"control-state",
        "json": json.dumps(document("state")).encode(),
        "cut": json.dumps(document("state"))[:-5].encode(),
        "binary": b"\xff\x00" + word("state").encode(),
    }
    for name, state in states.items():
        (folder / "state").write_bytes(state)
        done = callboard.run("session", "set-state", SESSIONS, name, "--file", str(folder / "state"), connection_string=sandbox.connection_string)
        assert done.returncode == 0, done.stderr
    done = callboard.run("session", "set-state", SESSIONS, address("sessionid"), "--text", "x", connection_string=sandbox.connection_string)
    assert done.returncode == 0, done.stderr
    assert len(words) > 200, len(words)


CONTROLS = [
    "control-correlation", "control-subject", "control-reason", "control-error", "control-property", "control-json", "control-xml",
    "control-text", "control-map", "control-pairs", "control-markup", "control-joined",
]


@checks.step("without masking the commands show what was planted", seconds=240)
def commands_open():
    output = commands("open")
    # In base64 within UTF-16 no word stands from end to end, in base64 within base64 neither.
    seen = shown(output)
    missing = [each for each in words if each not in seen and not any(part in each for part in ("gzip", "wide", "base64", "mime"))]
    assert not missing, f"not even shown without masking: {missing}"
    for control in [*CONTROLS, CARD, IBAN, "7700000000001"]:
        assert control in output, control


@checks.step("with masking no command shows any of it, in any form, nor do logs and errors", seconds=240)
def commands_masked():
    output = commands("prod")
    assert not leaks(output), f"masked values came out: {leaks(output)[:20]}"
    # What is compressed or no text is shown as what it was decoded to.
    for control in [*CONTROLS, "‹masked›", "withheld", "control-state", "maskedFields", "control-cbor", '"decodedFrom":"CBOR"', "gzip › JSON", '"decodedFrom":"ZIP"', "control-dotnet", "gzip › XML"]:
        assert control in output, f"{control} is not shown"


@checks.step("ids of sessions are not shown where their name is hidden", seconds=60)
def session_ids():
    for context, is_shown in (("open", True), ("sealed", False)):
        for form in ("table", "json", "jsonl"):
            listed = callboard.run("sessions", SESSIONS, "--context", context, "--output", form, environment=environment()).stdout
            assert ("binary" in listed) == is_shown, (context, form, listed)
            assert ("‹masked›" in listed) != is_shown, (context, form, listed)


@checks.step("a condition does not find what is masked", seconds=240)
def conditions():
    for planted in words[:40]:
        for condition in (f"body LIKE '%{planted}%'", f"[X-Api-Key] = '{planted}' OR sys.Label LIKE '%{planted}%' OR sys.MessageId LIKE '%{planted}%'"):
            found = callboard.run("peek", QUEUE, "--context", "prod", "--output", "jsonl", "--where", condition, environment=environment())
            assert found.returncode == 0 and found.stdout == "", (condition, found)
    everything = callboard.run("peek", QUEUE, "--context", "prod", "--output", "jsonl", "--where", "control = 'control-property'", environment=environment())
    assert len(everything.stdout.splitlines()) == len(list(bodies())), everything.stderr


@checks.step("an id that is masked leads nowhere, one that is not to its messages", seconds=60)
def traces():
    hidden = next(each for each in words if "correlation" in each)
    for planted in (f"{hidden}@canary.example", f"0-{next(each for each in words if each.endswith('idx'))}@canary.example"):
        for context, status in (("open", 0), ("prod", 4)):
            done = callboard.run("trace", planted, "--context", context, environment=environment())
            assert done.returncode == status, (context, planted, done)
    found = callboard.run("trace", "control-correlation", "--context", "prod", "--output", "jsonl", environment=environment())
    assert found.returncode == 0 and len(found.stdout.splitlines()) >= 2, found


@checks.step("what was printed masked is not sent on", seconds=60)
def resend():
    printed = callboard.run("peek", QUEUE, "--context", "prod", "--output", "jsonl", environment=environment())
    (folder / "printed.jsonl").write_text(printed.stdout, encoding="utf-8")
    done = callboard.run("send", QUEUE, "--jsonl", str(folder / "printed.jsonl"), connection_string=sandbox.connection_string)
    assert done.returncode == 2 and "masked" in done.stderr, done


def visit(context, rows, columns):
    """Reads every message in every form, searches, saves the screen and looks at the log; gives all that was ever on screen."""
    with Terminal(rows, columns, environment=environment() | {"CALLBOARD_LOG": ""}) as terminal:
        terminal.start(f"{callboard.EXECUTABLE} --context {context}", r"services", seconds=30)
        seen, copied, saved_bodies = [terminal.screen()], [], []

        def look():
            seen.append(terminal.screen())

        terminal.type(f":entity {QUEUE}")
        terminal.keys("Enter")
        terminal.wait_for(rf"^ {QUEUE} · queue")
        terminal.keys("m")
        terminal.wait_for(r"messages? · all", seconds=30)
        look()
        count = len(list(bodies()))
        terminal.keys("g", "g")
        terminal.keys("Enter")
        terminal.wait_for(r"Sequence +#\d+")
        for number in range(count):
            terminal.wait_for(rf"message {number + 1} of {count}")
            terminal.wait_for(r"Sequence +#\d+")
            for _ in range(3):
                terminal.keys("g", "g")
                look()
                # To the end of the message, a page at a time.
                for _ in range(14):
                    before = terminal.screen()
                    terminal.keys("PageDown")
                    try:
                        terminal.until(lambda: terminal.screen() != before, 0.4, "the next page")
                    except Exception:
                        break
                    look()
                terminal.keys("v")
            terminal.keys("g", "g")
            # Into the clipboard and into a file, and the search within the message.
            def buffer():
                return terminal.tmux("show-buffer", check=False)

            terminal.keys("y", "b")
            if number == 0:
                terminal.until(lambda: "control-json" in buffer(), 10, "the body in the clipboard")
            copied.append(buffer())
            look()
            terminal.keys("y", "y")
            terminal.until(lambda: "control-reason" in buffer(), 10, "the line in the clipboard")
            copied.append(buffer())
            look()
            body = folder / f"body-{context}-{rows}-{number}"
            terminal.type(f":save-body {body}")
            terminal.keys("Enter")
            terminal.until(body.exists, 10, "the saved body")
            saved_bodies.append(body.read_bytes().decode(errors="replace"))
            terminal.type("/canary")
            terminal.keys("Enter")
            look()
            if number + 1 < count:
                terminal.keys("J")
        # Search for what is hidden, and for what is not.
        terminal.keys("q")
        terminal.wait_gone(r"Sequence +#\d+")
        saved = folder / f"screen-{context}-{rows}"
        terminal.type(f":save-screen {saved}")
        terminal.keys("Enter")
        terminal.until(saved.exists, 10, "the saved screen")
        for term, fits in (("canary", context == "open"), ("control-subject", True)):
            terminal.type("/" + term)
            terminal.keys("Enter")
            terminal.wait_for(rf"{count if fits else 0} fit the filter")
            look()
            terminal.keys("Escape")
            terminal.wait_gone(r"fit the filter")
        terminal.keys("p")
        terminal.wait_for(r"[Rr]eason")
        look()
        terminal.keys("q")
        terminal.keys("c")
        terminal.wait_for(r"groups")
        terminal.until(lambda: terminal.line(r"control-(reason|error)"), 20, "the groups")
        look()
        terminal.keys("q")
        terminal.keys("L")
        look()
        for what, texts in (("copied", copied), ("saved", saved_bodies)):
            assert "control-json" in "\n".join(texts), f"nothing was {what}: {texts}"
        output = "\n".join(seen + copied + saved_bodies) + saved.read_text(encoding="utf-8") + terminal.clipboard()
        terminal.keys("Q")
        terminal.wait_for_shell()
        return output


@checks.step("without masking the console shows what was planted", seconds=300)
def console_open():
    output = visit("open", 60, 200)
    seen = shown(output)
    assert len(seen) > len(words) // 4, f"only {len(seen)} of {len(words)} words were seen"
    assert "MASKED" not in output


@checks.step("with masking no screen of the console shows any of it, and each says that it is on", seconds=480)
def console_masked():
    for rows, columns in ((60, 200), (24, 80)):
        output = visit("prod", rows, columns)
        assert not leaks(output), f"masked values were on screen at {columns}x{rows}: {leaks(output)[:20]}"
        assert "PROD · MASKED" in output
        for control in ("control-subject", "control-reason", "control-json", "‹masked›", "masked: ", "body withheld"):
            assert control in output, f"{control} is not shown at {columns}x{rows}"


if __name__ == "__main__":
    entities = {
        "UserConfig": {
            "Namespaces": [{"Name": "sbemulatorns", "Queues": [{"Name": QUEUE}, {"Name": SESSIONS, "Properties": {"RequiresSession": True}}]}],
            "Logging": {"Type": "File"},
        }
    }
    (folder / "Config.json").write_text(json.dumps(entities), encoding="utf-8")
    with callboard.Sandbox(config=folder / "Config.json") as sandbox:
        sys.exit(checks.run())
