#!/usr/bin/env python3
"""Access in an emergency: told to everybody before it is asked for, or not asked for at all; in the ledger; reviewed afterwards. The cloud is the sandbox's
own, with its Backstage.

usage: break_glass.py [PART OF A STEP'S NAME]      CALLBOARD names the executable (default .build/debug/callboard)
"""

import json
import re
import sys
import uuid

import requests
from cloud import ADMIN, ON_CALL, Cloud

from checks import Checks, eventually

checks = Checks("breaking the glass")

ON_CALL_ID = "0e5e1000-0000-4000-8000-000000000001"
SENDER = "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"
POLICY = """version: 1
allow:
  - {id: look, who: [anyone], action: [entity.read, message.peek], scope: "**"}
break_glass:
  - {id: bg, who: [anyone], role: receiver, max_ttl: 1h, reason: required, notify: [topic:order-events], review_within: 24h}
"""
ASK = ("access", "request", "emails", "--role", "receiver", "--for", "30m", "--reason", "INC-4471 mail stuck", "--output", "json")

cloud = None
home = None
lonely = None
used = None


@checks.cleanup
def stop_cloud():
    if cloud is not None:
        cloud.stop()


def made(**changes):
    """A home with the policy, in which the person on call is signed in."""
    policy = cloud.folder / f"policy-{cloud.homes}.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    policy.chmod(0o600)
    where = cloud.home(policy=str(policy), environment=None, **changes)
    where.sign_in(ON_CALL)
    return where


def notifications():
    token = cloud.credentials["catalogueToken"]
    answer = requests.get(
        f"{cloud.origin}/api/notifications", headers={"Authorization": f"Bearer {token}"}, verify=cloud.ready["caFile"], timeout=5
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["notifications"]


def ledger(where):
    done = where.run("audit", "show", "--output", "json")
    return [record["type"] for record in json.loads(done.stdout or "[]")], done.stderr


@checks.step("a sandbox with its cloud, and the person on call signed in with Backstage and without", seconds=90, essential=True)
def begin():
    global cloud, home, lonely
    cloud = Cloud()
    home, lonely = made(), made(backstage=None)


@checks.step("in quiet times the policy denies it", essential=True)
def quiet():
    done = home.run(*ASK)
    assert done.returncode == 3 and "[default]" in done.stderr, done.stderr


@checks.step("where nobody can be told, nothing is asked for, and each place is named with the reason", essential=True)
def unheard():
    done = lonely.run(*ASK, "--break-glass")
    assert done.returncode == 3, (done.returncode, done.stderr)
    assert "could be announced nowhere: topic:order-events (" in done.stderr, done.stderr
    types, _ = ledger(lonely)
    assert types == ["access.request.refused", "access.request.intended"], types
    assert "[]" in lonely.run("access", "reviews", "--output", "json").stdout


@checks.step("longer than the rule allows, another role, and an agent are refused, and nobody is told")
def limits():
    for more, words in (
        (("--for", "2h"), "ttl>1h"),
        (("--role", "owner"), "no rule"),
    ):
        done = home.run(*ASK, "--break-glass", *more)
        assert done.returncode == 3 and words in done.stderr, (more, done.stderr)
    done = home.run(*ASK, "--break-glass", CALLBOARD_AGENT="1")
    assert done.returncode == 3 and "agents never break the glass" in done.stderr, done.stderr
    assert notifications() == []


@checks.step("with Backstage everybody is notified before the role is there, and it is said where that failed", essential=True)
def broken():
    global used
    done = home.run(*ASK, "--break-glass")
    assert done.returncode == 0, done.stderr
    used = json.loads(done.stdout)[0]["id"]
    assert "BREAK-GLASS: told to Backstage" in done.stderr, done.stderr
    assert "BREAK-GLASS: not told to topic:order-events: " in done.stderr, done.stderr
    assert re.search(r"BREAK-GLASS: a review is due by \S+: callboard access review " + used[:8], done.stderr), done.stderr
    told = notifications()
    assert len(told) == 1 and told[0]["payload"]["severity"] == "critical", told
    assert told[0]["payload"]["title"].startswith("BREAK-GLASS: r.osei@contoso.example takes Data Receiver on emails"), told
    assert "INC-4471 mail stuck" in told[0]["payload"]["description"], told


@checks.step("the role counts, and everything that looks says in capitals that it is in force")
def in_force():
    eventually(lambda: home.run("peek", "emails", "--count", "1").returncode == 0, 15, 0.5, "peeking emails")
    done = home.run("access", "active", "--output", "json")
    assert done.returncode == 0 and re.search(r"BREAK-GLASS active until \S+ \((29|30)m left\); review due by", done.stderr), done.stderr
    types, said = ledger(home)
    assert types[:2] == ["access.request.done", "access.request.intended"], types
    assert "BREAK-GLASS active until" in said, said


@checks.step("whoever may send to the topic tells it there as well")
def topic():
    namespace = (
        f"/subscriptions/{cloud.ready['subscriptionId']}/resourceGroups/{cloud.ready['resourceGroup']}"
        f"/providers/Microsoft.ServiceBus/namespaces/{cloud.ready['namespaceName']}"
    )
    path = f"{namespace}/topics/order-events/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}?api-version=2022-04-01"
    role = f"/subscriptions/{cloud.ready['subscriptionId']}/providers/Microsoft.Authorization/roleDefinitions/{SENDER}"
    answer = requests.put(
        cloud.origin + path,
        headers={"Authorization": f"Bearer {cloud.token(ADMIN)}"},
        json={"properties": {"roleDefinitionId": role, "principalId": ON_CALL_ID, "principalType": "User"}},
        verify=cloud.ready["caFile"],
        timeout=5,
    )
    assert answer.status_code == 201, answer.text
    done = lonely.run(*("sms" if word == "emails" else word for word in ASK), "--break-glass")
    assert done.returncode == 0 and "BREAK-GLASS: told to topic:order-events" in done.stderr, done.stderr


@checks.step("the review is written once, by a person, and nothing is owed any more")
def reviewed():
    short = used[:8]
    assert home.run("access", "review", short, "--reason", " ").returncode == 2
    agent = home.run("access", "review", short, "--reason", "fine", CALLBOARD_AGENT="1")
    assert agent.returncode == 3 and "agents never review" in agent.stderr, agent.stderr
    owed = json.loads(home.run("access", "reviews", "--output", "json").stdout)
    assert [each["review"] for each in owed] == ["due"], owed
    done = home.run("access", "review", short, "--reason", "Purged nothing; restarted the mailer.", "--output", "json")
    assert done.returncode == 0, done.stderr
    assert "somebody else should look at it" in done.stderr, done.stderr
    written = json.loads(done.stdout)[0]
    assert written["review"] == "reviewed" and written["reviewedByUser"] and written["finding"].startswith("Purged nothing"), written
    again = home.run("access", "review", short, "--reason", "more")
    assert again.returncode != 0 and "was reviewed by" in again.stderr, again.stderr
    assert home.run("access", "reviews", "--fail-if-any").returncode == 0
    assert home.run("audit", "verify").returncode == 0
    assert home.run("access", "review", "ffffffff", "--reason", "x").returncode == 4


if __name__ == "__main__":
    sys.exit(checks.run())
