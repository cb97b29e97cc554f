#!/usr/bin/env python3
"""What Azure can enforce of a policy: exported, applied request by request as the export says, checked by `policy audit-azure`, and held against an
approver who gives a role to themselves. The cloud is the sandbox's own, whose roles and conditions hold for every token alike.

usage: azure_guardrails.py [PART OF A STEP'S NAME]      CALLBOARD names the executable (default .build/debug/callboard)
"""

import json
import subprocess
import sys
import uuid

import requests
from cloud import ADMIN, DEVELOPER_ID, ON_CALL, ONE_QUEUE, Cloud

from checks import Checks

checks = Checks("the policy in Azure")

APPROVER, APPROVER_ID = ONE_QUEUE, "0e5e1000-0000-4000-8000-000000000004"
ON_CALL_ID = "0e5e1000-0000-4000-8000-000000000001"
RECEIVER, SENDER, OWNER = (
    "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0",
    "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39",
    "090c5cfd-751d-490a-894a-3ce6f1109419",
)

POLICY = """version: 1
teams:
  desk: {{claims: {{groups: [b3f1a7c0-1111-4a3e-9b1e-0a5d3c7e2f01]}}}}
request:
  - id: ask
    who: [team:desk]
    role: receiver
    scope: "namespaces/{namespace}/queues/invoices"
    max_ttl: 30m
    reason: required
    ticket: "^INC-[0-9]+$"
    approve: [{{any_of: ["user:{approver}"]}}]
deny:
  - {{id: no-owner, action: [access.grant, access.request], role: owner}}
"""

cloud = None
admin = None
policy = None


@checks.cleanup
def stop_cloud():
    if cloud is not None:
        cloud.stop()


def namespace_id():
    ready = cloud.ready
    group = f"/subscriptions/{ready['subscriptionId']}/resourceGroups/{ready['resourceGroup']}"
    return f"{group}/providers/Microsoft.ServiceBus/namespaces/{ready['namespaceName']}"


def ask(method, path, user=ADMIN, body=None):
    return requests.request(
        method,
        cloud.origin + path,
        headers={"Authorization": f"Bearer {cloud.token(user)}"},
        json=body,
        verify=cloud.ready["caFile"],
        timeout=10,
    )


def export(*more):
    done = admin.run("policy", "export-azure", str(policy), "--namespace", namespace_id(), *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def audit(*more, user=None):
    done = (user or admin).run("policy", "audit-azure", "--policy", str(policy), "--output", "json", "--fail-if-any", *more)
    assert done.returncode in (0, 1), f"{done.returncode}: {done.stderr}"
    return done.returncode, json.loads(done.stdout or "[]"), done.stderr


def apply(step):
    path = step["request"]["path"]
    if "lookup" in step:
        answer = ask(step["lookup"]["method"], step["lookup"]["path"])
        assert answer.status_code == 200, answer.text
        path = path.replace("{policyId}", answer.json()["value"][0]["properties"]["policyId"])
    answer = ask(step["request"]["method"], path, body=step["request"]["body"])
    assert answer.status_code in (200, 201), f"{step['step']}: {answer.status_code} {answer.text}"


def assign(role, principal, user=APPROVER, kind="User"):
    scope = f"{namespace_id()}/queues/invoices"
    body = {
        "properties": {
            "roleDefinitionId": f"/subscriptions/{cloud.ready['subscriptionId']}/providers/Microsoft.Authorization/roleDefinitions/{role}",
            "principalId": principal,
            "principalType": kind,
        }
    }
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}?api-version=2022-04-01"
    return path, ask("PUT", path, user, body)


@checks.step("a sandbox with its cloud, an administrator signed in, and a policy", seconds=60, essential=True)
def begin():
    global cloud, admin, policy
    cloud = Cloud()
    admin = cloud.home(environment=None)
    admin.sign_in(ADMIN)
    policy = admin.path / "policy.yaml"
    policy.write_text(POLICY.format(namespace=cloud.ready["namespaceName"], approver=APPROVER_ID), encoding="utf-8")
    policy.chmod(0o600)


@checks.step("before anything is applied, the audit finds what is missing and says who can change guardrails", essential=True)
def drift():
    status, found, notes = audit()
    assert status == 1
    kinds = {each["finding"] for each in found if each["checked"]}
    assert kinds >= {"LOCAL_AUTH_ON", "DELEGATION_MISSING", "PIM_WEAKER", "AZURE_POLICY_MISSING"}, found
    assert "gives any role to anybody, by Owner" in notes, notes
    weak = [each["summary"] for each in found if each.get("finding") == "PIM_WEAKER"]
    assert any("can be activated for 2h, and 'ask' allows 30m" in text for text in weak), weak
    assert any("is agreed to by Rita Osei, platform" in text for text in weak), weak


@checks.step("the export says what Azure cannot keep to, and the commands are a shell script", essential=True)
def forms():
    said = json.loads(export())["notExpressed"]
    assert any("'ask' wants a ticket like ^INC-[0-9]+$" in sentence for sentence in said), said
    script = export("--format", "az")
    done = subprocess.run(["sh", "-n"], input=script, text=True, capture_output=True, timeout=10, check=False)
    assert done.returncode == 0, done.stderr
    bicep = export("--format", "bicep")
    assert "'Microsoft.Authorization/roleManagementPolicies@2020-10-01'" in bicep, bicep


@checks.step("an approver without a role may give nothing", essential=True)
def nothing_yet():
    _, answer = assign(RECEIVER, DEVELOPER_ID)
    assert answer.status_code == 403, answer.text


@checks.step("who may not read is told what is not checked, and the exit status is no all-clear")
def not_permitted():
    home = cloud.home(environment=None)
    home.sign_in(APPROVER)
    done = home.run("policy", "audit-azure", "--policy", str(policy), "--output", "json", "--fail-if-any")
    assert done.returncode != 0, done.stdout
    told = done.stdout + done.stderr
    assert "needs Microsoft." in told or "not checked" in told, told


@checks.step("every request of the export is applied, and the audit is clean", seconds=60, essential=True)
def applied():
    for step in json.loads(export())["steps"]:
        apply(step)
    status, found, _ = audit()
    assert (status, found) == (0, []), found


@checks.step("the exported condition lets the allowed grant through and refuses the rest", essential=True)
def condition_holds():
    path, answer = assign(RECEIVER, DEVELOPER_ID)
    assert answer.status_code == 201, answer.text
    for role, principal, kind in (
        (RECEIVER, APPROVER_ID, "User"),  # to themselves
        (SENDER, APPROVER_ID, "User"),
        (OWNER, DEVELOPER_ID, "User"),  # another role
        (OWNER, APPROVER_ID, "User"),
    ):
        _, refused = assign(role, principal, kind=kind)
        assert refused.status_code == 403 and refused.json()["error"]["code"] == "AuthorizationFailed", (role, principal, refused.text)
    # What was given can be taken away again; what the approver has themselves cannot.
    assert ask("DELETE", path, APPROVER).status_code == 200
    own = ask("GET", f"{namespace_id()}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter=principalId eq '{APPROVER_ID}'")
    receiving = [each for each in own.json()["value"] if each["properties"]["roleDefinitionId"].endswith(RECEIVER)]
    assert receiving, own.text
    refused = ask("DELETE", f"{receiving[0]['id']}?api-version=2022-04-01", APPROVER)
    assert refused.status_code == 403, refused.text


@checks.step("the exported rules hold for an activation: its length, reason, ticket and agreement")
def rules_hold():
    scope = f"{namespace_id()}/queues/invoices"

    eligible = {
        "properties": {
            "principalId": ON_CALL_ID,
            "roleDefinitionId": f"/subscriptions/{cloud.ready['subscriptionId']}/providers/Microsoft.Authorization/roleDefinitions/{RECEIVER}",
            "requestType": "AdminAssign",
            "justification": "the desk asks at the queue",
            "scheduleInfo": {"expiration": {"type": "NoExpiration"}},
        }
    }
    path = f"{scope}/providers/Microsoft.Authorization/roleEligibilityScheduleRequests/{uuid.uuid4()}?api-version=2020-10-01"
    made = ask("PUT", path, body=eligible)
    assert made.status_code == 201, made.text

    def activate(duration, justification="INC-1: stuck", ticket="INC-1"):
        body = {
            "properties": {
                "principalId": ON_CALL_ID,
                "roleDefinitionId": f"/subscriptions/{cloud.ready['subscriptionId']}/providers/Microsoft.Authorization/roleDefinitions/{RECEIVER}",
                "requestType": "SelfActivate",
                "justification": justification,
                "ticketInfo": {"ticketNumber": ticket, "ticketSystem": "SNOW"} if ticket else None,
                "scheduleInfo": {"expiration": {"type": "AfterDuration", "duration": duration}},
            }
        }
        path = f"{scope}/providers/Microsoft.Authorization/roleAssignmentScheduleRequests/{uuid.uuid4()}?api-version=2020-10-01"
        return ask("PUT", path, ON_CALL, body)

    for arguments, rule in ((("PT31M",), "ExpirationRule"), (("PT30M", ""), "JustificationRule"), (("PT30M", "why", ""), "TicketingRule")):
        refused = activate(*arguments)
        assert refused.status_code == 400 and rule in refused.text, (arguments, refused.text)
    asked = activate("PT30M")
    assert asked.status_code == 201 and asked.json()["properties"]["status"] == "PendingApproval", asked.text


@checks.step("a guardrail that somebody takes away is found again")
def drifts_again():
    ask("PATCH", f"{namespace_id()}?api-version=2021-11-01", body={"properties": {"disableLocalAuth": False}})
    status, found, _ = audit()
    assert status == 1 and [each["finding"] for each in found] == ["LOCAL_AUTH_ON"], found
    fix = found[0]["fix"]
    assert ask(fix["method"], fix["path"], body=fix["body"]).status_code == 200
    assert audit()[0] == 0


@checks.step("a namespace that is none, and a policy with a mistake, are refused by what is wrong")
def mistakes():
    done = admin.run("policy", "export-azure", str(policy), "--namespace", "sb-orders")
    assert done.returncode == 2 and "is not the id of a Service Bus namespace" in done.stderr, done.stderr
    done = admin.run("policy", "export-azure", str(policy), "--namespace", namespace_id(), "--approver", "someone")
    assert done.returncode == 2 and "is no object id" in done.stderr, done.stderr
    done = admin.run("policy", "audit-azure")
    assert done.returncode == 2 and "No policy is named" in done.stderr, done.stderr


if __name__ == "__main__":
    sys.exit(checks.run())
