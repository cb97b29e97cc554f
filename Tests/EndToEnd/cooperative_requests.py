#!/usr/bin/env python3
"""A role by signed requests in a Service Bus queue, where there is no Privileged Identity Management: asked for and decided by people with a home and a
ledger each, who sign in the browser, against the sandbox's cloud. The role opens a queue until a sweep takes it away; nobody agrees to their own request;
what is forged or sent again gives nothing; an approver who is killed between the decision and the role leaves something that is said and finished by
whoever approves next. In the end the ledgers and Azure's Activity Log say the same, and a role that was given past the workflow is named.

The queue travels by the sandbox's one namespace here; docs/cooperative-approvals.md says why it should have one for itself.

usage: cooperative_requests.py [PART OF A STEP'S NAME]      CALLBOARD names the executable (default .build/debug/callboard)
"""

import base64
import datetime
import hashlib
import json
import os
import re
import sys
import time
import urllib.parse
import uuid

import requests
from azure.servicebus import ServiceBusClient, ServiceBusMessage

from cloud import ADMIN, ONE_QUEUE, READER, Cloud  # puts Tests/Interop on the path
from checks import Checks, eventually

checks = Checks("roles by signed requests in a queue")

PROBLEM, REFUSED, NOT_FOUND, PARTLY = 1, 3, 4, 5
QUEUE = "orders"
REQUESTER_ID, ADMIN_ID, READER_ID = (f"0e5e1000-0000-4000-8000-00000000000{number}" for number in (4, 3, 5))
# What people sign with: nothing takes its tokens.
APPROVALS = "5b0d0000-0000-4000-8000-0000000000c5"
SENDER, RECEIVER = "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39", "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0"
ROLES = "providers/Microsoft.Authorization/roleAssignments"

cloud = None
# {user: a home in which they are signed in, with a browser that is theirs}
homes = {}
# From when on ledgers and the Activity Log are to say the same: the roles on the queue itself were given before.
since = None
# The requests of steps before.
asked = {}


@checks.cleanup
def stop_cloud():
    if cloud is not None:
        cloud.stop()


def namespace():
    subscription, group, name = (cloud.ready[key] for key in ("subscriptionId", "resourceGroup", "namespaceName"))
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ServiceBus/namespaces/{name}"


def arm(method, path, version, body=None):
    """A call of Azure Resource Manager's with the administrator's token and no client of ours."""
    headers = {"Authorization": f"Bearer {cloud.token(ADMIN)}"}
    answer = requests.request(
        method, f"{cloud.origin}{path}", params={"api-version": version}, json=body, headers=headers, verify=cloud.ready["caFile"], timeout=10
    )
    assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
    return answer.json() if answer.text else None


def assign(role, person, entity, name=None):
    """Gives a role past every workflow; gives the assignment's name."""
    name = name or str(uuid.uuid4())
    definition = f"/subscriptions/{cloud.ready['subscriptionId']}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    body = {"properties": {"roleDefinitionId": definition, "principalId": person, "principalType": "User"}}
    arm("PUT", f"{namespace()}/{entity}/{ROLES}/{name}", "2022-04-01", body)
    return name


def granted():
    """The roles on the queue that say they answer a request: {request: note}."""
    found = arm("GET", f"{namespace()}/queues/{QUEUE}/{ROLES}", "2022-04-01")["value"]
    notes = [each["properties"].get("description") or "" for each in found]
    return {match.group(1): note for note in notes if (match := re.match(r"jit req=(\S+) ", note))}


def advance(seconds):
    """Lets time pass for everything in the sandbox: messages, locks, tokens and roles."""
    body = {"seconds": seconds, "everything": True}
    answer = requests.post(f"{cloud.origin}/$sandbox/cloud/advance", json=body, verify=cloud.ready["caFile"], timeout=5)
    assert answer.status_code == 200, answer.text


@checks.step("a sandbox with its cloud, the entities that requests travel by, and two people signed in", seconds=120, essential=True)
def begin():
    global cloud, since
    cloud = Cloud()
    queue = {
        "requiresDuplicateDetection": True,
        "duplicateDetectionHistoryTimeWindow": "PT30S",
        "lockDuration": "PT1M",
        "maxDeliveryCount": 10,
        "deadLetteringOnMessageExpiration": True,
    }
    arm("PUT", f"{namespace()}/queues/access-requests", "2021-11-01", {"properties": queue})
    arm("PUT", f"{namespace()}/queues/access-revoke", "2021-11-01", {"properties": {**queue, "lockDuration": "PT5M"}})
    topic = f"{namespace()}/topics/access-decisions"
    arm("PUT", topic, "2021-11-01", {"properties": {"requiresDuplicateDetection": True, "duplicateDetectionHistoryTimeWindow": "PT10M"}})
    for subscription in ("all", "requesters"):
        arm("PUT", f"{topic}/subscriptions/{subscription}", "2021-11-01", {"properties": {}})
    # As the documentation has them.
    for person in (REQUESTER_ID, ADMIN_ID):
        assign(SENDER, person, "queues/access-requests")
    assign(RECEIVER, REQUESTER_ID, "topics/access-decisions/subscriptions/requesters")
    for role, entity in (
        (RECEIVER, "queues/access-requests"),
        (SENDER, "topics/access-decisions"),
        (RECEIVER, "topics/access-decisions/subscriptions/all"),
        (SENDER, "queues/access-revoke"),
        (RECEIVER, "queues/access-revoke"),
    ):
        assign(role, ADMIN_ID, entity)
    approvals = {"namespace": f"127.0.0.1:{cloud.ready['amqpsPort']}", "client-id": APPROVALS}
    for user in (ONE_QUEUE, ADMIN):
        homes[user] = cloud.home(mode="read-write", approvals=approvals)
        homes[user].sign_in(user)
        homes[user].browse_as(user)
    # In whole seconds, as it is written.
    begun = int(time.time()) + 1
    eventually(lambda: time.time() > begun, 5, what="the next second")
    since = datetime.datetime.fromtimestamp(begun, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def run(user, *arguments, seconds=60):
    return homes[user].run(*arguments, seconds=seconds)


def said(user, *arguments, status=0):
    """What a command of somebody's says, as Python values."""
    done = run(user, *arguments, "--output", "json")
    assert done.returncode == status, f"{arguments} ended with {done.returncode}, not {status}: {done.stdout!r} {done.stderr!r}"
    return json.loads(done.stdout) if done.stdout.strip() else []


def refused(done, *words, status=REFUSED):
    assert done.returncode == status, f"{done.args} ended with {done.returncode}, not {status}: {done.stdout!r} {done.stderr!r}"
    for word in words:
        assert word in done.stderr, f"{word!r} is not in {done.stderr!r}"


REQUEST = ("access", "request", QUEUE, "--role", "receiver", "--for", "30m", "--backend", "cooperative")


def ask(user=ONE_QUEUE, reason="INC-4471 checkout stuck"):
    (request,) = said(user, *REQUEST, "--reason", reason)
    assert request["backend"] == "cooperative" and request["standing"] == "waiting", request
    return request


def decide(user, answer, request, status=0, reason="on call"):
    return said(user, "access", answer, request["id"], "--reason", reason, status=status)


def standing(user, request, status=0):
    (shown,) = said(user, "access", "show", request["id"], status=status)
    return shown["standing"]


def peek(user=ONE_QUEUE):
    done = run(user, "peek", QUEUE, "--count", "1", "--output", "json")
    return done.returncode, done.stderr


# What lies in the entities, by the official client


def messages(*place):
    """The messages of a queue, or of a topic's subscription: [(message id, body)]."""
    with ServiceBusClient.from_connection_string(cloud.sandbox.connection_string) as client:
        receiver = client.get_queue_receiver(*place) if len(place) == 1 else client.get_subscription_receiver(*place)
        with receiver:
            return [(each.message_id, b"".join(each.body)) for each in receiver.peek_messages(250, timeout=5)]


def queued():
    """The ids of what lies in the queue of requests, in its order."""
    return [json.loads(body)["request"]["id"] for _, body in messages("access-requests")]


def decisions():
    return messages("access-decisions", "all")


def put(entity, *bodies, name=None):
    """Sends what anybody could who may send there."""
    with ServiceBusClient.from_connection_string(cloud.sandbox.connection_string) as client:
        sender = client.get_topic_sender(entity) if entity == "access-decisions" else client.get_queue_sender(entity)
        with sender:
            sender.send_messages([ServiceBusMessage(body, message_id=name or str(uuid.uuid4())) for body in bodies])


def canonical(value):
    """A value in its one spelling (RFC 8785; what is in it here has no numbers but whole ones)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sign(user, statement):
    """What Entra gives somebody who signs in to sign a statement: an id token with its digest as the nonce."""
    nonce = base64.urlsafe_b64encode(hashlib.sha256(canonical(statement)).digest()).decode().rstrip("=")
    verifier = base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    back, scope, trusted = "http://localhost:49152/", f"openid profile {APPROVALS}/.default", str(cloud.recorder.ca_file)
    # By the address that everybody here knows Entra by: the issuer's name has it.
    entra = f"{cloud.recorder.origin}/{cloud.ready['tenantId']}/oauth2/v2.0"
    form = {"client_id": APPROVALS, "redirect_uri": back, "scope": scope}
    asking = {"response_type": "code", "nonce": nonce, "code_challenge": challenge, "code_challenge_method": "S256", "sandbox_user": user}
    answer = requests.get(f"{entra}/authorize", params={**form, **asking}, verify=trusted, timeout=5, allow_redirects=False)
    (code,) = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["Location"]).query)["code"]
    redeeming = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
    tokens = requests.post(f"{entra}/token", data={**form, **redeeming}, verify=trusted, timeout=5).json()
    return {"idToken": tokens["id_token"]}


def decision_on(request, decider, reason="by another client"):
    """A yes to a request of the queue, as it stands in a decision."""
    bodies = [json.loads(body)["request"] for _, body in messages("access-requests")]
    statement = next(each for each in bodies if each["id"] == request["id"])
    return {
        "v": 1,
        "request": statement["id"],
        "digest": hashlib.sha256(canonical(statement)).hexdigest(),
        "tid": statement["tid"],
        "decider": {"oid": decider},
        "answer": "approve",
        "reason": reason,
        "policyHash": statement["policyHash"],
        "issuedAt": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "terms": {key: statement[key] for key in ("scope", "roleDefinitionId", "ttl")},
    }


def signed(user, decision):
    return canonical({"decision": decision, "sig": sign(user, decision)})


def expect_undecided(request):
    """It waits as before, nobody has a role for it, and a sweep finds nothing to say."""
    assert standing(ADMIN, request) == "waiting", "it is decided"
    assert request["id"] not in granted(), "it is granted"
    assert peek()[0] == REFUSED, "it opened the queue"
    done = run(ADMIN, "access", "sweep", "--output", "json")
    assert json.loads(done.stdout or "[]") == [] and request["id"][:8] not in done.stderr, done


# The way of a request


@checks.step("what is asked for is signed in the browser, with its digest as the nonce, and by whoever asks", seconds=120)
def signed_request():
    status, why = peek()
    assert status == REFUSED and "Listen" in why, (status, why)
    home = homes[ONE_QUEUE]
    # Somebody else at the browser, or nobody, asks for nothing.
    for user in (READER, "nobody"):
        home.browse_as(user)
        assert run(ONE_QUEUE, *REQUEST, "--reason", "a look").returncode == REFUSED, user
    assert messages("access-requests") == []
    page = home.browse_as(ONE_QUEUE)
    done = run(ONE_QUEUE, *REQUEST, "--reason", "INC-4471 checkout stuck", "--output", "json")
    assert done.returncode == 0 and "Go back to the terminal" in page.read_text(encoding="utf-8"), done
    (address,) = re.findall(r"^ +(https://\S+/authorize\?\S+)$", done.stderr, re.MULTILINE)
    asking = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)
    assert f"{APPROVALS}/.default" in asking["scope"][0].split() and asking["client_id"] == [APPROVALS], asking
    assert len(asking["nonce"][0]) == 43 and asking["login_hint"] == [ONE_QUEUE], asking
    (asked["first"],) = json.loads(done.stdout)
    ((name, body),) = messages("access-requests")
    statement = json.loads(body)["request"]
    assert name == hashlib.sha256(canonical(statement)).hexdigest(), "the message's id is not the statement's digest"
    assert statement["requester"]["oid"] == REQUESTER_ID and statement["ttl"] == 1800, statement
    assert peek()[0] == REFUSED, "asking alone opened the queue"


@checks.step("listed and looked at by who may decide; whoever only asked is told that they may not look", seconds=60)
def looked_at():
    (waiting,) = said(ADMIN, "access", "list")
    assert waiting["id"] == asked["first"]["id"] and waiting["requester"]["name"] == ONE_QUEUE, waiting
    (shown,) = said(ADMIN, "access", "show", waiting["id"][:8])
    assert shown["policy"]["allowed"] and shown["reason"] == "INC-4471 checkout stuck" and shown["standing"] == "waiting", shown
    assert shown["scope"].endswith(f"/queues/{QUEUE}"), shown
    assert "cooperative" in run(ADMIN, "access", "list").stdout
    refused(run(ONE_QUEUE, "access", "show", asked["first"]["id"]), status=REFUSED)


@checks.step("agreed to, used, and heard of; the decision is on the topic", seconds=90)
def approved():
    request = asked["first"]
    (decided,) = decide(ADMIN, "approve", request)
    assert decided["standing"] == "granted" and decided["decidedBy"]["id"] == ADMIN_ID, decided
    ((_, body),) = decisions()
    decision = json.loads(body)["decision"]
    assert (decision["request"], decision["answer"], decision["decider"]["oid"]) == (request["id"], "approve", ADMIN_ID), decision
    assert list(granted()) == [request["id"]] and f"by={ADMIN_ID}" in granted()[request["id"]], granted()
    assert messages("access-requests") == []
    assert peek() == (0, ""), peek()
    (grant,) = said(ADMIN, "access", "active")
    assert grant["principal"]["id"] == REQUESTER_ID and grant["endedBy"] == "sweeper" and 0 < grant["secondsLeft"] <= 1800, grant
    assert standing(ONE_QUEUE, request) == "granted"
    # It is not over: a sweep takes nothing away.
    assert said(ADMIN, "access", "sweep") == [] and peek()[0] == 0


@checks.step("ended early, which is signed as well", seconds=60)
def ended():
    request = asked["first"]
    (gone,) = said(ADMIN, "access", "revoke", request["id"], "--reason", "the incident is over")
    assert gone["request"] == request["id"], gone
    assert granted() == {} and peek()[0] == REFUSED
    assert [json.loads(body)["decision"]["answer"] for _, body in decisions()] == ["approve", "end"]
    assert standing(ONE_QUEUE, request) == "ended"


@checks.step("an approver killed between the decision and the role: it is decided, nothing is given, and others wait for the lock", seconds=90)
def killed():
    request = asked["killed"] = ask(reason="the approver's machine dies")
    with cloud.recorder.held(rf"^PUT /\S*/{ROLES}/") as came:
        with homes[ADMIN].begin("access", "approve", request["id"], "--reason", "on call") as approving:
            assert came.wait(30), f"the role was never given: {approving.output()}"
            approving.process.kill()
            assert approving.wait() == -9
    assert [json.loads(body)["decision"]["request"] for _, body in decisions()][-1] == request["id"], "it was not decided first"
    assert granted() == {} and peek()[0] == REFUSED
    done = run(ADMIN, "access", "approve", request["id"], "--reason", "again")
    assert done.returncode in (PROBLEM, NOT_FOUND) and granted() == {}, done


@checks.step("a no, with its reason", seconds=60)
def denied():
    request = ask(reason="one more look")
    (decided,) = decide(ADMIN, "deny", request, reason="the dashboard shows the same")
    assert decided["standing"] == "denied", decided
    (shown,) = said(ONE_QUEUE, "access", "show", request["id"])
    assert shown["standing"] == "denied" and shown["decision"] == "the dashboard shows the same", shown
    assert granted() == {} and peek()[0] == REFUSED and request["id"] not in queued()


@checks.step("nobody agrees to their own request: not here, and not past us", seconds=90)
def own_request():
    mine = ask(ADMIN, reason="I need it")
    refused(run(ADMIN, "access", "approve", mine["id"], "--reason", "I trust me"), "nobody decides about their own request")
    # Really signed, by whoever asked, and put on the topic with another client.
    put("access-decisions", signed(ADMIN, decision_on(mine, ADMIN_ID)))
    assert standing(ADMIN, mine) == "waiting" and mine["id"] not in granted()
    said(ADMIN, "access", "revoke", mine["id"], "--reason", "no need")
    assert standing(ADMIN, mine) == "cancelled"


@checks.step("a decision that somebody forged has no effect", seconds=120)
def forged():
    request = asked["forged"] = ask(reason="who says yes?")
    genuine = json.loads(decisions()[0][1])
    yes = decision_on(request, ADMIN_ID)
    altered = {**genuine, "decision": {**genuine["decision"], "request": yes["request"], "digest": yes["digest"]}}
    own = {**yes, "decider": {"oid": REQUESTER_ID}}
    put(
        "access-decisions",
        # Nobody signed; somebody signed in the administrator's name; the signature is of another decision, or of another yes to this one.
        canonical({"decision": yes}),
        canonical({"decision": yes, "sig": sign(ONE_QUEUE, yes)}),
        canonical({"decision": yes, "sig": genuine["sig"]}),
        canonical({"decision": yes, "sig": sign(ADMIN, {**yes, "reason": "another"})}),
        canonical(altered),
        # Whoever asked signs their own.
        signed(ONE_QUEUE, own),
    )
    expect_undecided(request)


@checks.step("one that was really made counts, with whatever client: it is said that nobody gave the role, and finished once", seconds=120)
def really_made():
    request = asked["forged"]
    put("access-decisions", signed(ADMIN, decision_on(request, ADMIN_ID)))
    assert request["id"] not in granted(), "a decision alone gave a role"
    (shown,) = said(ADMIN, "access", "show", request["id"])
    assert "was left on the way" in shown["sentence"], shown
    # Whoever would say no now is too late.
    done = run(ADMIN, "access", "deny", request["id"], "--reason", "no")
    refused(done, "It was approved at", status=PROBLEM)
    (decided,) = decide(ADMIN, "approve", request)
    assert decided["standing"] == "granted" and list(granted()) == [request["id"]], decided
    assert peek()[0] == 0
    said(ADMIN, "access", "revoke", request["id"], "--reason", "enough")
    assert peek()[0] == REFUSED


@checks.step("what the one who was killed left is said by a sweep that comes later, and finished by whoever approves next", seconds=120)
def finished():
    request = asked["killed"]
    # A decision is a while old before anybody takes it for left on the way.
    said_so = eventually(lambda: (done := run(ADMIN, "access", "sweep", "--output", "json")).returncode and done, 45, 1, "a word of the sweep's")
    refused(said_so, request["id"][:8], "was cut off: the role is not given", ADMIN_ID, status=PARTLY)
    assert granted() == {}
    # Its lock runs out, and no clock is wrong by more than is borne.
    advance(61)
    (decided,) = decide(ADMIN, "approve", request, reason="going on")
    assert decided["standing"] == "granted" and list(granted()) == [request["id"]] and peek()[0] == 0, decided
    assert said(ADMIN, "access", "sweep") == [] and request["id"] not in queued()


@checks.step("a request or a decision that is sent again gives nothing, whatever the service has forgotten of it", seconds=120)
def replayed():
    over = asked["first"]
    # What was taken from the queue is kept beside the decision, for whoever reads the topic.
    ours = [json.loads(body) for _, body in decisions()]
    archive = next(each["archive"]["message"] for each in ours if each.get("archive") and each["decision"]["request"] == over["id"])
    copied = canonical(archive)
    before = len(decisions())
    put("access-decisions", canonical(next(each for each in ours if each["decision"]["request"] == over["id"])))
    put("access-requests", copied, name=hashlib.sha256(canonical(archive["request"])).hexdigest())
    assert len(decisions()) == before + 1 and queued()[-1] == over["id"], "the copies were dropped: nothing is tried here"
    assert standing(ADMIN, over) == "ended"
    done = run(ADMIN, "access", "approve", over["id"], "--reason", "again?")
    refused(done, status=PROBLEM)
    assert over["id"] not in granted()
    # Under another id a copy is no request at all.
    put("access-requests", copied)
    listed = said(ADMIN, "access", "list")
    assert any(each["sentence"].startswith("INVALID: the message has the id of another one") for each in listed), listed
    assert list(granted()) == [asked["killed"]["id"]]


@checks.step("the end comes by a sweep and by nothing else; a clock that stands still is no reason to wait, and is said", seconds=90)
def swept():
    advance(1800)
    assert peek()[0] == 0, "Azure ended what it does not know to end"
    done = run(ADMIN, "access", "sweep", "--output", "json")
    assert done.returncode == PARTLY and "clock" in done.stderr, done
    (gone,) = json.loads(done.stdout)
    assert gone["outcome"] == "removed" and gone["request"] == asked["killed"]["id"], gone
    assert granted() == {}
    status, why = peek()
    assert status == REFUSED and "Listen" in why, (status, why)
    # Doing it again changes nothing.
    again = run(ADMIN, "access", "sweep", "--output", "json")
    assert json.loads(again.stdout or "[]") == [], again


@checks.step("the ledgers of both and the Activity Log say the same; a role given past the workflow is named", seconds=90)
def reconciled():
    ledgers = [str(homes[user].path / ".local/state/callboard/audit.jsonl") for user in (ONE_QUEUE, ADMIN)]
    for ledger in ledgers:
        assert run(ADMIN, "audit", "verify", "--ledger", ledger).returncode == 0, ledger
    reconcile = ("audit", "reconcile", "--since", since, *(part for ledger in ledgers for part in ("--ledger", ledger)))
    outcome = said(ADMIN, *reconcile)
    assert {each["finding"] for each in outcome} == {"matched"}, outcome
    assert run(ADMIN, *reconcile, "--fail-if-any").returncode == 0
    past = assign(RECEIVER, READER_ID, f"queues/{QUEUE}")
    (named,) = said(ADMIN, *reconcile, "--only-problems")
    assert named["finding"] == "outside of the ledgers" and named["resource"].endswith(past), named
    assert run(ADMIN, *reconcile, "--fail-if-any").returncode == PROBLEM


if __name__ == "__main__":
    sys.exit(checks.run())
