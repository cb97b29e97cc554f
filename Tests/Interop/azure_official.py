#!/usr/bin/env python3
"""Microsoft's identity and management clients against the sandbox's cloud: they sign in in every way that works without a browser, list,
create and assign, and what they assign opens the data plane to the official messaging client: that queue and no other, until it is taken
away.

usage: azure_official.py [PART OF A STEP'S NAME]
CALLBOARD names the executable (default .build/debug/callboard). The last line counts the steps.
"""

import datetime
import json
import os
import pathlib
import stat
import sys
import time
import uuid

import jwt
import requests
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    CredentialUnavailableError,
    DeviceCodeCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from azure.keyvault.secrets import SecretClient
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.authorization.models import RoleAssignmentCreateParameters
from azure.mgmt.servicebus import ServiceBusManagementClient
from azure.mgmt.servicebus.models import (
    RegenerateAccessKeyParameters,
    SBAuthorizationRule,
    SBNamespaceUpdateParameters,
    SBQueue,
    SBSubscription,
    SBTopic,
)
from azure.servicebus import ServiceBusClient, ServiceBusMessage
from azure.servicebus.exceptions import ServiceBusAuthorizationError, ServiceBusError
from azure.servicebus.management import ServiceBusAdministrationClient

import callboard
from checks import Checks, eventually

checks = Checks("official identity and management clients against the sandbox's cloud")
sandbox = callboard.Sandbox("--cloud-port", "0", "--https-port", "0", "--seed", "demo").start()
checks.cleanup(sandbox.stop)
ready = sandbox.ready
ORIGIN = f"https://127.0.0.1:{ready['cloudPort']}"
CA = ready["caFile"]
SECRETS = json.loads(pathlib.Path(ready["credentialsFile"]).read_text(encoding="utf-8"))
ARM, SERVICE_BUS = "https://management.azure.com/.default", "https://servicebus.azure.net/.default"
SUBSCRIPTION, GROUP, NAMESPACE = ready["subscriptionId"], ready["resourceGroup"], ready["namespaceName"]
NAMESPACE_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.ServiceBus/namespaces/{NAMESPACE}"
SENDER, RECEIVER = "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39", "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0"
DATA_OWNER = "090c5cfd-751d-490a-894a-3ce6f1109419"
NEWCOMER, ON_CALL = "5b0d0000-0000-4000-8000-0000000000a2", "0e5e1000-0000-4000-8000-000000000001"
# No instance discovery: it would ask Microsoft whether this authority is known.
AUTHORITY = {"authority": ORIGIN, "disable_instance_discovery": True, "connection_verify": CA}


def switches(**values):
    """Sets the switches of the cloud; all that is not named is as usual."""
    answer = requests.put(f"{ORIGIN}/$sandbox/cloud", json=values, verify=CA, timeout=5)
    assert answer.status_code == 200, answer.text


def claims(token):
    return jwt.decode(token, options={"verify_signature": False})


def automation():
    return ClientSecretCredential(ready["tenantId"], SECRETS["clientId"], SECRETS["clientSecret"], **AUTHORITY)


def newcomer():
    return ClientSecretCredential(ready["tenantId"], SECRETS["newcomerClientId"], SECRETS["newcomerClientSecret"], **AUTHORITY)


def management(kind, credential, **options):
    return kind(credential, SUBSCRIPTION, base_url=ORIGIN, credential_scopes=[ARM], connection_verify=CA, **options)


def servicebus(credential=None):
    return management(ServiceBusManagementClient, credential or automation())


def authorization(credential=None, **options):
    return management(AuthorizationManagementClient, credential or automation(), **options)


def messaging(credential):
    """The official messaging client with a token. Over TLS it knows one port only; without it, any."""
    return ServiceBusClient(f"127.0.0.1:{ready['amqpPort']}", credential, use_tls=False, retry_total=0, retry_backoff_factor=0.01, socket_timeout=5)


def refused(kind, function, *words, status=None):
    try:
        function()
    except kind as error:
        for word in words:
            assert word in str(error), f"{word!r} is not in {error}"
        if status is not None:
            assert error.status_code == status, error
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


def assign(role, principal, scope, kind="ServicePrincipal", credential=None):
    parameters = RoleAssignmentCreateParameters(
        role_definition_id=f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}",
        principal_id=principal,
        principal_type=kind,
    )
    return authorization(credential).role_assignments.create(scope, str(uuid.uuid4()), parameters)


# Signing in


@checks.step("the ready line names the cloud, and secrets are in a file of this user's alone", essential=True)
def ready_line():
    assert all(ready[name] for name in ("cloudPort", "tenantId", "subscriptionId", "resourceGroup", "namespaceName", "clientId"))
    assert SECRETS["clientSecret"] not in json.dumps(ready)
    for name in ("credentialsFile",):
        assert stat.S_IMODE(os.stat(ready[name]).st_mode) == 0o600, ready[name]
    for name in ("certificateFile", "federatedTokenFile"):
        assert stat.S_IMODE(os.stat(SECRETS[name]).st_mode) == 0o600, SECRETS[name]


@checks.step("a client secret signs in; a wrong one does not, with Entra's own code")
def secret():
    token = automation().get_token(ARM).token
    found = claims(token)
    assert found["aud"] == "https://management.azure.com" and found["idtyp"] == "app" and found["tid"] == ready["tenantId"], found
    keys = jwt.PyJWKSet.from_dict(requests.get(f"{ORIGIN}/{ready['tenantId']}/discovery/v2.0/keys", verify=CA, timeout=5).json())
    key = next(key for key in keys.keys if key.key_id == jwt.get_unverified_header(token)["kid"])
    jwt.decode(token, key.key, algorithms=["RS256"], audience="https://management.azure.com")
    wrong = ClientSecretCredential(ready["tenantId"], SECRETS["clientId"], "not the secret", **AUTHORITY)
    refused(ClientAuthenticationError, lambda: wrong.get_token(ARM), "AADSTS7000215")
    refused(ClientAuthenticationError, lambda: automation().get_token("https://nobody.example/.default"), "AADSTS500011")


@checks.step("a certificate signs in; another's does not")
def certificate():
    credential = CertificateCredential(ready["tenantId"], SECRETS["clientId"], SECRETS["certificateFile"], **AUTHORITY)
    assert claims(credential.get_token(ARM).token)["appidacr"] == "2"
    other = CertificateCredential(ready["tenantId"], SECRETS["newcomerClientId"], SECRETS["certificateFile"], **AUTHORITY)
    refused(ClientAuthenticationError, lambda: other.get_token(ARM), "AADSTS700027")


@checks.step("a workload's token of an outer provider signs in, compared exactly")
def federated():
    def credential(client, file=SECRETS["federatedTokenFile"]):
        return WorkloadIdentityCredential(tenant_id=ready["tenantId"], client_id=client, token_file_path=file, **AUTHORITY)

    assert claims(credential(SECRETS["clientId"]).get_token(ARM).token)["appid"] == SECRETS["clientId"]
    refused(ClientAuthenticationError, lambda: credential(SECRETS["newcomerClientId"]).get_token(ARM), "AADSTS70021:")


@checks.step("a device code signs a person in after some polls, and a refresh token serves other resources")
def device_code():
    switches(deviceCodePolls=1, deviceCodeInterval=1)
    shown = []
    credential = DeviceCodeCredential(
        client_id=ready["publicClientId"], tenant_id=ready["tenantId"], prompt_callback=lambda *prompt: shown.append(prompt), timeout=15, **AUTHORITY
    )
    found = claims(credential.get_token(ARM).token)
    assert found["upn"] == "r.osei@contoso.example" and found["scp"] == "user_impersonation" and found["idtyp"] == "user", found
    assert shown[0][0] == f"{ORIGIN}/devicelogin" and len(shown[0][1]) == 9, shown
    assert claims(credential.get_token(SERVICE_BUS).token)["aud"] == "https://servicebus.azure.net" and len(shown) == 1
    switches()


@checks.step("a device code can be entered, declined and left to expire")
def device_code_by_hand():
    token_url = f"{ORIGIN}/{ready['tenantId']}/oauth2/v2.0/token"

    def begin():
        form = {"client_id": ready["publicClientId"], "scope": f"{ARM} openid offline_access"}
        return requests.post(f"{ORIGIN}/{ready['tenantId']}/oauth2/v2.0/devicecode", form, verify=CA, timeout=5).json()

    def poll(flow):
        form = {
            "client_id": ready["publicClientId"],
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "device_code": flow["device_code"],
        }
        return requests.post(token_url, form, verify=CA, timeout=5).json()

    def enter(flow, **fields):
        return requests.post(f"{ORIGIN}/devicelogin", {"user_code": flow["user_code"], **fields}, verify=CA, timeout=5).status_code

    flow = begin()
    assert poll(flow)["error"] == "authorization_pending"
    assert poll(flow)["error"] == "slow_down"
    flow = begin()
    assert enter(flow, user="k.brandt@contoso.example") == 200
    assert claims(poll(flow)["access_token"])["upn"] == "k.brandt@contoso.example"
    assert poll(flow)["error"] == "bad_verification_code"
    flow = begin()
    assert enter(flow, action="decline") == 200
    assert poll(flow)["error"] == "authorization_declined"
    switches(deviceCodeSeconds=1)
    flow = begin()
    eventually(lambda: poll(flow)["error"] == "expired_token", seconds=5, every=0.3)
    switches()


@checks.step("a host's managed identity, after 410, over the machine's endpoint")
def managed_identity():
    os.environ["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = ORIGIN
    try:
        found = claims(ManagedIdentityCredential(connection_verify=CA).get_token(SERVICE_BUS).token)
        assert found["xms_mirid"].endswith("/userAssignedIdentities/checkout"), found
        billing = "0a0a0000-0000-4000-8000-00000000c004"
        assert claims(ManagedIdentityCredential(client_id=billing, connection_verify=CA).get_token(SERVICE_BUS).token)["appid"] == billing
        nobody = ManagedIdentityCredential(client_id=str(uuid.uuid4()), connection_verify=CA)
        refused((CredentialUnavailableError, ClientAuthenticationError), lambda: nobody.get_token(SERVICE_BUS), "Identity not found")
    finally:
        del os.environ["AZURE_POD_IDENTITY_AUTHORITY_HOST"]
    url = f"{ORIGIN}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://servicebus.azure.net"
    assert requests.get(url, verify=CA, timeout=5).status_code == 400
    switches(identityGone=1)
    seen = [requests.get(url, headers={"Metadata": "true"}, verify=CA, timeout=5).status_code for _ in range(2)]
    assert seen == [410, 200], seen


@checks.step("a browser signs in with PKCE: code, verifier, redirect and nonce are held to")
def browser():
    import base64
    import hashlib
    import urllib.parse

    verifier, redirect = "v" * 43, "http://localhost:49152/back"
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    base = f"{ORIGIN}/{ready['tenantId']}/oauth2/v2.0"

    def code(**more):
        query = {
            "client_id": ready["publicClientId"], "response_type": "code", "redirect_uri": redirect, "scope": f"openid offline_access {ARM}",
            "state": "s1", "nonce": "n1", "code_challenge": challenge, "code_challenge_method": "S256", **more,
        }
        return requests.get(f"{base}/authorize", query, verify=CA, timeout=5, allow_redirects=False)

    def redeem(name, **more):
        form = {
            "client_id": ready["publicClientId"], "grant_type": "authorization_code", "code": name, "redirect_uri": redirect,
            "code_verifier": verifier, "scope": f"openid offline_access {ARM}", **more,
        }
        return requests.post(f"{base}/token", form, verify=CA, timeout=5).json()

    def field(answer, name):
        return urllib.parse.parse_qs(urllib.parse.urlparse(answer.headers["Location"]).query)[name][0]

    first = code()
    assert first.status_code == 302 and first.headers["Location"].startswith(redirect) and field(first, "state") == "s1", first.headers
    tokens = redeem(field(first, "code"))
    assert claims(tokens["id_token"])["nonce"] == "n1" and claims(tokens["id_token"])["iss"] == f"{ORIGIN}/{ready['tenantId']}/v2.0"
    assert redeem(field(first, "code"))["error"] == "invalid_grant", "a code is good once"
    assert redeem(field(code(), "code"), code_verifier="w" * 43)["error_codes"] == [501481]
    assert redeem(field(code(), "code"), redirect_uri="http://localhost:1/")["error_codes"] == [50011]
    assert code(redirect_uri="https://evil.example/").status_code == 400
    assert field(code(sandbox_user="nobody"), "error") == "access_denied"
    assert "Karin Brandt" in code(prompt="select_account").text


# Resources


@checks.step("the namespace, its entities and their counts are listed, whole and in pages of two")
def lists():
    client = servicebus()
    (namespace,) = list(client.namespaces.list())
    assert namespace.name == NAMESPACE and namespace.provisioning_state == "Succeeded" and namespace.disable_local_auth is False
    queues = {queue.name: queue for queue in client.queues.list_by_namespace(GROUP, NAMESPACE)}
    assert len(queues) == 18 and queues["orders"].count_details.dead_letter_message_count > 0, queues.keys()
    switches(pageSize=2)
    assert {queue.name for queue in client.queues.list_by_namespace(GROUP, NAMESPACE)} == set(queues)
    switches()
    names = [each.name for each in client.subscriptions.list_by_topic(GROUP, NAMESPACE, "order-events")]
    assert names == ["billing", "loyalty", "search-index", "shipping"], names
    (rule,) = client.rules.list_by_subscriptions(GROUP, NAMESPACE, "order-events", "billing")
    assert rule.correlation_filter.label == "OrderPlaced", rule


@checks.step("entities are made, changed and removed, in the broker itself")
def entities():
    client = servicebus()
    made = client.queues.create_or_update(GROUP, NAMESPACE, "made", SBQueue(max_delivery_count=3, requires_session=True))
    assert made.max_delivery_count == 3 and made.requires_session is True and made.lock_duration.total_seconds() == 60
    assert "made" in callboard.run("entities", "--output", "json", connection_string=sandbox.connection_string).stdout
    assert client.queues.create_or_update(GROUP, NAMESPACE, "made", SBQueue(requires_session=True)).max_delivery_count == 10
    client.topics.create_or_update(GROUP, NAMESPACE, "news", SBTopic())
    assert client.subscriptions.create_or_update(GROUP, NAMESPACE, "news", "all", SBSubscription()).max_delivery_count == 10
    assert [rule.name for rule in client.rules.list_by_subscriptions(GROUP, NAMESPACE, "news", "all")] == ["$Default"]
    refused(HttpResponseError, lambda: client.queues.create_or_update(GROUP, NAMESPACE, "news", SBQueue()), status=409)
    client.topics.delete(GROUP, NAMESPACE, "news")
    client.queues.delete(GROUP, NAMESPACE, "made")
    refused(ResourceNotFoundError, lambda: client.queues.get(GROUP, NAMESPACE, "made"), status=404)
    denied = refused(HttpResponseError, lambda: client.queues.delete(GROUP, NAMESPACE, "central-dead-letters"), status=403)
    assert denied.error.code == "DenyAssignmentAuthorizationFailed", denied


@checks.step("keys open the namespace until they are regenerated, and not at all without local authentication")
def keys():
    client = servicebus()
    client.namespaces.create_or_update_authorization_rule(GROUP, NAMESPACE, "script", SBAuthorizationRule(rights=["Listen", "Send"]))

    def peek(key):
        string = f"Endpoint=sb://127.0.0.1:{ready['amqpPort']};SharedAccessKeyName=script;SharedAccessKey={key};UseDevelopmentEmulator=true"
        return callboard.run("peek", "orders", "--count", "1", connection_string=string)

    old = client.namespaces.list_keys(GROUP, NAMESPACE, "script")
    assert peek(old.primary_key).returncode == 0, peek(old.primary_key).stderr
    new = client.namespaces.regenerate_keys(GROUP, NAMESPACE, "script", RegenerateAccessKeyParameters(key_type="PrimaryKey"))
    assert new.primary_key != old.primary_key and new.secondary_key == old.secondary_key
    assert peek(old.primary_key).returncode != 0 and peek(new.primary_key).returncode == 0
    client.namespaces.update(GROUP, NAMESPACE, SBNamespaceUpdateParameters(disable_local_auth=True))
    assert peek(new.primary_key).returncode != 0
    refused(
        HttpResponseError,
        lambda: ServiceBusAdministrationClient.from_connection_string(
            f"Endpoint=sb://127.0.0.1:{ready['httpsPort']};SharedAccessKeyName={callboard.ROOT_RULE};SharedAccessKey={callboard.KEY}",
            connection_verify=CA, retry_total=0,
        ).get_queue("orders"),
        "LocalAuthDisabled",
    )
    client.namespaces.update(GROUP, NAMESPACE, SBNamespaceUpdateParameters(disable_local_auth=False))
    client.namespaces.delete_authorization_rule(GROUP, NAMESPACE, "script")
    assert peek(new.primary_key).returncode != 0


# Roles


@checks.step("roles are listed with every filter, and say what they allow")
def roles():
    client = authorization()
    scope = f"{NAMESPACE_ID}/queues/orders"
    at_scope = {each.principal_id: each for each in client.role_assignments.list_for_scope(scope, filter="atScope()")}
    assert "0a0a0000-0000-4000-8000-00000000a001" in at_scope and any(each.scope == NAMESPACE_ID for each in at_scope.values())
    assert not any("/queues/emails" in each.scope for each in at_scope.values())
    below = list(client.role_assignments.list_for_scope(NAMESPACE_ID))
    assert any(each.principal_id == "dead0000-0000-4000-8000-00000000dead" for each in below)
    through_group = list(client.role_assignments.list_for_scope(NAMESPACE_ID, filter=f"assignedTo('{ON_CALL}')"))
    assert {each.principal_type for each in through_group} == {"Group"}, through_group
    (receiver,) = client.role_definitions.list(NAMESPACE_ID, filter="roleName eq 'Azure Service Bus Data Receiver'")
    assert receiver.name == RECEIVER and receiver.permissions[0].data_actions == ["Microsoft.ServiceBus/*/receive/action"]
    assert any("*" in each.actions for each in client.permissions.list_for_resource(GROUP, "Microsoft.ServiceBus", "", "namespaces", NAMESPACE))


@checks.step("whoever lacks a right is refused, and told which on what")
def wrong_right():
    client = servicebus(newcomer())
    error = refused(HttpResponseError, lambda: client.queues.get(GROUP, NAMESPACE, "orders"), status=403)
    assert error.error.code == "AuthorizationFailed", error
    for word in ("Microsoft.ServiceBus/namespaces/queues/read", f"{NAMESPACE_ID}/queues/orders", NEWCOMER):
        assert word in str(error), error
    grab = refused(
        HttpResponseError, lambda: assign(DATA_OWNER, NEWCOMER, NAMESPACE_ID, credential=newcomer()), "Microsoft.Authorization/roleAssignments/write", status=403
    )
    assert grab.error.code == "AuthorizationFailed"


@checks.step("what cannot be assigned is refused as in Azure")
def bad_assignments():
    scope = f"{NAMESPACE_ID}/queues/orders"
    ghost = refused(HttpResponseError, lambda: assign(SENDER, str(uuid.uuid4()), scope), status=400)
    assert ghost.error.code == "PrincipalNotFound", ghost
    assert refused(HttpResponseError, lambda: assign(str(uuid.uuid4()), NEWCOMER, scope), status=404).error.code == "RoleDefinitionDoesNotExist"
    first = assign(SENDER, NEWCOMER, scope)
    again = refused(HttpResponseError, lambda: assign(SENDER, NEWCOMER, scope), status=409)
    assert again.error.code == "RoleAssignmentExists" and first.name.replace("-", "") in str(again), again
    refused(HttpResponseError, lambda: assign(SENDER, NEWCOMER, f"{NAMESPACE_ID}/queues/nothing"), status=404)
    authorization().role_assignments.delete(scope, first.name)


@checks.step("an assigned role opens one queue to the messaging client, and its removal closes it", seconds=40)
def data_plane():
    scope = f"{NAMESPACE_ID}/queues/by-role"
    servicebus().queues.create_or_update(GROUP, NAMESPACE, "by-role", SBQueue())

    def send(queue):
        with messaging(newcomer()) as client, client.get_queue_sender(queue) as sender:
            sender.send_messages(ServiceBusMessage("by role"))

    def receive(queue):
        with messaging(newcomer()) as client, client.get_queue_receiver(queue, max_wait_time=5) as receiver:
            for message in receiver.receive_messages(max_message_count=1):
                receiver.complete_message(message)
                return str(message)
        return None

    refused(ServiceBusAuthorizationError, lambda: send("by-role"), "Unauthorized")
    made = assign(SENDER, NEWCOMER, scope)
    # Who made it is stamped by the service, and told to later readers.
    assert made.created_by is None
    read = authorization().role_assignments.get(scope, made.name)
    assert read.created_by == "5b0d0000-0000-4000-8000-0000000000a1" and read.principal_id == NEWCOMER, read
    send("by-role")
    refused(ServiceBusAuthorizationError, lambda: send("orders"), "'Send' claim")
    refused(ServiceBusAuthorizationError, lambda: receive("by-role"), "'Listen' claim")
    more = assign(RECEIVER, NEWCOMER, scope)
    assert receive("by-role") == "by role"
    authorization().role_assignments.delete(scope, more.name)
    refused(ServiceBusAuthorizationError, lambda: receive("by-role"))
    authorization().role_assignments.delete(scope, made.name)
    refused(ServiceBusAuthorizationError, lambda: send("by-role"))


@checks.step("an open link stays open until its token is renewed; a token for something else opens nothing")
def open_links():
    scope = f"{NAMESPACE_ID}/queues/tmp-replay"
    made = assign(SENDER, NEWCOMER, scope)
    with messaging(newcomer()) as client, client.get_queue_sender("tmp-replay") as sender:
        sender.send_messages(ServiceBusMessage("before"))
        authorization().role_assignments.delete(scope, made.name)
        sender.send_messages(ServiceBusMessage("still open"))
        refused(ServiceBusAuthorizationError, lambda: client.get_queue_sender("tmp-replay").__enter__())

    class Wrong:
        def __init__(self, token):
            self.token = token

        def get_token(self, *_, **__):
            return AccessToken(self.token, int(time.time()) + 3600)

    good = newcomer().get_token(SERVICE_BUS).token
    for text in (automation().get_token(ARM).token, good[:-8] + "AAAAAAAA"):
        with messaging(Wrong(text)) as client:
            refused(ServiceBusError, lambda: client.get_queue_sender("tmp-replay").__enter__())


@checks.step("the administration client needs the owner's role with a token")
def bearer_administration():
    def admin(credential):
        return ServiceBusAdministrationClient(f"127.0.0.1:{ready['httpsPort']}", credential, connection_verify=CA, retry_total=0)

    refused(HttpResponseError, lambda: admin(newcomer()).get_queue("orders"), status=401)
    receiver = assign(RECEIVER, NEWCOMER, NAMESPACE_ID)
    refused(HttpResponseError, lambda: admin(newcomer()).get_queue("orders"), status=401)
    owner = assign(DATA_OWNER, NEWCOMER, NAMESPACE_ID)
    with admin(newcomer()) as client:
        assert client.get_queue("orders").name == "orders"
        client.create_queue("by-token")
        client.delete_queue("by-token")
    for each in (receiver, owner):
        authorization().role_assignments.delete(NAMESPACE_ID, each.name)


# Privileged access, the log, and what goes wrong


def person(name):
    form = {"client_id": ready["publicClientId"], "scope": f"{ARM} openid offline_access"}
    flow = requests.post(f"{ORIGIN}/{ready['tenantId']}/oauth2/v2.0/devicecode", form, verify=CA, timeout=5).json()
    requests.post(f"{ORIGIN}/devicelogin", {"user_code": flow["user_code"], "user": f"{name}@contoso.example"}, verify=CA, timeout=5)
    form = {"client_id": ready["publicClientId"], "grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": flow["device_code"]}
    token = requests.post(f"{ORIGIN}/{ready['tenantId']}/oauth2/v2.0/token", form, verify=CA, timeout=5).json()["access_token"]

    class Signed:
        def get_token(self, *_, **__):
            return AccessToken(token, int(time.time()) + 3600)

    return Signed()


@checks.step("an eligible person activates a role, somebody else approves, and it can be used")
def activation():
    engineer, admin = person("r.osei"), person("k.brandt")
    mine = authorization(engineer)
    eligible = {
        each.role_definition_id.rsplit("/", 1)[1]: each
        for each in mine.role_eligibility_schedule_instances.list_for_scope(NAMESPACE_ID, filter="asTarget()")
    }
    assert set(eligible) == {RECEIVER, DATA_OWNER}, eligible

    def activate(role, hours, name=None, **more):
        body = {
            "principal_id": ON_CALL,
            "role_definition_id": eligible[role].role_definition_id,
            "request_type": "SelfActivate",
            "schedule_info": {"expiration": {"type": "AfterDuration", "duration": f"PT{hours}H"}},
            **more,
        }
        return mine.role_assignment_schedule_requests.create(NAMESPACE_ID, name or str(uuid.uuid4()), body)

    refused(HttpResponseError, lambda: activate(RECEIVER, 9), "ExpirationRule", "JustificationRule", status=400)
    done = activate(RECEIVER, 1, justification="INC-4711")
    assert done.status == "Provisioned", done
    refused(HttpResponseError, lambda: activate(RECEIVER, 1, justification="again"), "RoleAssignmentExists", status=400)
    ticket = {"justification": "INC-4711", "ticket_info": {"ticket_number": "INC-4711"}}
    waits = activate(DATA_OWNER, 2, **ticket)
    assert waits.status == "PendingApproval" and waits.approval_id, waits
    (inbox,) = authorization(admin).role_assignment_schedule_requests.list_for_scope(NAMESPACE_ID, filter="asApprover()")
    assert inbox.name == waits.name and inbox.expanded_properties.principal.display_name == "Rita Osei"
    assert not list(mine.role_assignment_schedule_requests.list_for_scope(NAMESPACE_ID, filter="asApprover()"))

    def decide(credential):
        headers = {"Authorization": f"Bearer {credential.get_token().token}"}
        version = {"api-version": "2021-01-01-preview"}
        stages = requests.get(f"{ORIGIN}{waits.approval_id}/stages", version, headers=headers, verify=CA, timeout=5).json()["value"]
        body = {"properties": {"reviewResult": "Approve", "justification": "ok"}}
        return requests.patch(f"{ORIGIN}{stages[0]['id']}", params=version, json=body, headers=headers, verify=CA, timeout=5)

    own = decide(engineer)
    assert own.status_code == 400 and own.json()["error"]["code"] == "SelfApprovalNotAllowed", own.text
    assert decide(admin).json()["properties"]["status"] == "Completed"
    assert mine.role_assignment_schedule_requests.get(NAMESPACE_ID, waits.name).status == "Provisioned"
    active = list(mine.role_assignment_schedule_instances.list_for_scope(NAMESPACE_ID, filter="asTarget()"))
    assert {each.assignment_type for each in active if each.end_date_time} == {"Activated"}, active


@checks.step("an eligibility on one queue has limits of its own; a request is checked, cancelled, approved, and comes to its end")
def one_queue():
    requester, approver, queue = person("l.haddad"), person("r.osei"), f"{NAMESPACE_ID}/queues/orders"
    mine = authorization(requester)
    (eligible,) = mine.role_eligibility_schedule_instances.list_for_scope(queue, filter="asTarget()")
    assert eligible.scope == queue and eligible.role_definition_id.endswith(RECEIVER), eligible

    def body(minutes):
        return {
            "principal_id": eligible.principal_id,
            "role_definition_id": eligible.role_definition_id,
            "request_type": "SelfActivate",
            "linked_role_eligibility_schedule_id": eligible.role_eligibility_schedule_id.rsplit("/", 1)[1],
            "justification": "INC-4471",
            "schedule_info": {"expiration": {"type": "AfterDuration", "duration": f"PT{minutes}M"}},
        }

    ours = mine.role_assignment_schedule_requests
    refused(HttpResponseError, lambda: ours.create(queue, str(uuid.uuid4()), body(121)), "ExpirationRule", status=400)
    assert ours.validate(queue, str(uuid.uuid4()), body(30)).status == "PendingApproval"
    first = ours.create(queue, str(uuid.uuid4()), body(30))
    ours.cancel(queue, first.name)
    assert ours.get(queue, first.name).status == "Canceled"
    waits = ours.create(queue, str(uuid.uuid4()), body(30))
    inbox = authorization(approver).role_assignment_schedule_requests.list_for_scope(queue, filter="asApprover()")
    assert [each.name for each in inbox] == [waits.name]
    headers, version = {"Authorization": f"Bearer {approver.get_token().token}"}, {"api-version": "2021-01-01-preview"}
    (stage,) = requests.get(f"{ORIGIN}{waits.approval_id}/stages", version, headers=headers, verify=CA, timeout=5).json()["value"]
    answer = {"properties": {"reviewResult": "Approve", "justification": "ok"}}
    done = requests.patch(f"{ORIGIN}{stage['id']}", params=version, json=answer, headers=headers, verify=CA, timeout=5)
    assert done.json()["properties"]["reviewResult"] == "Approve" and done.headers["x-ms-correlation-request-id"], done.text
    (active,) = mine.role_assignment_schedule_instances.list_for_scope(queue, filter="asTarget()")
    assert active.assignment_type == "Activated" and active.end_date_time, active
    passed = requests.post(f"{ORIGIN}/$sandbox/cloud/advance", json={"seconds": 1801}, verify=CA, timeout=5)
    assert passed.status_code == 200, passed.text
    assert not list(mine.role_assignment_schedule_instances.list_for_scope(queue, filter="asTarget()"))
    log = {"api-version": "2015-04-01", "$filter": f"eventTimestamp ge '2020-01-01T00:00:00Z' and resourceUri eq '{queue}'"}
    headers = {"Authorization": f"Bearer {person('k.brandt').get_token().token}"}
    url = f"{ORIGIN}/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/values"
    events = requests.get(url, log, headers=headers, verify=CA, timeout=5).json()["value"]
    # What Privileged Identity Management does of its own accord it does under a name of its own.
    own = [each["operationName"]["value"].rsplit("/", 1)[1] for each in events if each["caller"] == "01fc33a7-78ba-4d2f-a4b7-768e336e890e"]
    assert own == ["delete", "write"], events


@checks.step("every change and every look at keys is in the Activity Log, under the name of who did it")
def activity():
    servicebus().namespaces.list_keys(GROUP, NAMESPACE, callboard.ROOT_RULE)
    query = {"api-version": "2015-04-01", "$filter": "eventTimestamp ge '2020-01-01T00:00:00Z'"}
    headers = {"Authorization": f"Bearer {automation().get_token(ARM).token}"}
    url = f"{ORIGIN}/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/values"
    # Its right is on the resource group; the log is the subscription's.
    assert requests.get(url, query, headers=headers, verify=CA, timeout=5).status_code == 403
    headers = {"Authorization": f"Bearer {person('k.brandt').get_token().token}"}
    events = requests.get(url, query, headers=headers, verify=CA, timeout=5).json()["value"]
    assert events[0]["operationName"]["value"] == "Microsoft.ServiceBus/namespaces/authorizationRules/listKeys/action", events[0]
    assert events[0]["caller"] == SECRETS["clientId"], events[0]
    assert any(each["operationName"]["value"] == "Microsoft.Authorization/roleAssignments/write" for each in events)


@checks.step("throttling is waited out, a revoked token is replaced, odd casing does no harm")
def trouble():
    switches(throttleEvery=3, retryAfterSeconds=0)
    client = servicebus()
    for _ in range(4):
        assert client.queues.get(GROUP, NAMESPACE, "orders").name == "orders"
    switches(accessChallenges=1)

    class Capable:
        """Says that it understands continuous access evaluation, and counts the demands it was given."""

        def __init__(self):
            self.inner, self.demands = automation(), []

        def get_token(self, *scopes, **options):
            self.demands += [options["claims"]] if options.get("claims") else []
            return self.inner.get_token(*scopes, **{**options, "enable_cae": True})

    capable = Capable()
    assert servicebus(capable).queues.get(GROUP, NAMESPACE, "orders").name == "orders"
    assert len(capable.demands) == 1 and "nbf" in capable.demands[0], capable.demands
    switches(randomCasing=True)
    client = authorization()
    seen = {each.scope for _ in range(2) for each in client.role_assignments.list_for_scope(NAMESPACE_ID, filter="atScope()")}
    assert {NAMESPACE_ID.lower(), NAMESPACE_ID.upper()} <= seen and NAMESPACE_ID not in seen, seen
    switches()


@checks.step("keys rotate: old tokens are good until the old key is withdrawn")
def rotation():
    credential = automation()
    token = credential.get_token(ARM).token
    url = f"{ORIGIN}{NAMESPACE_ID}?api-version=2021-11-01"

    def status():
        return requests.get(url, headers={"Authorization": f"Bearer {token}"}, verify=CA, timeout=5).status_code

    kid = jwt.get_unverified_header(token)["kid"]
    requests.post(f"{ORIGIN}/$sandbox/cloud/rotate-keys", verify=CA, timeout=10)
    assert status() == 200
    assert jwt.get_unverified_header(automation().get_token(ARM).token)["kid"] != kid
    requests.post(f"{ORIGIN}/$sandbox/cloud/withdraw-old-keys", verify=CA, timeout=5)
    assert status() == 401


# Key Vault


@checks.step("the official client of Key Vault sets, reads and lists secrets; whoever the vault does not know is refused")
def vault():
    def client(credential):
        # A sandbox's host is none of Microsoft's: what the challenge names is not compared with it.
        return SecretClient(ORIGIN, credential, connection_verify=CA, verify_challenge_resource=False, retry_total=0)

    secrets = client(automation())
    end = datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc)
    first = secrets.set_secret("orders", "one", content_type="text/plain", tags={"rule": "r"}, expires_on=end)
    second = secrets.set_secret("Orders", "two")
    assert first.properties.version != second.properties.version
    assert secrets.get_secret("orders").value == "two" and secrets.get_secret("orders", first.properties.version).value == "one"
    old = secrets.get_secret("orders", first.properties.version).properties
    assert (old.content_type, old.tags, old.expires_on) == ("text/plain", {"rule": "r"}, end), old
    assert {each.version for each in secrets.list_properties_of_secret_versions("orders")} == {
        first.properties.version, second.properties.version,
    }  # fmt: skip
    assert [each.name for each in secrets.list_properties_of_secrets()] == ["orders"]
    for function, kind in (
        (lambda: secrets.get_secret("nothing"), ResourceNotFoundError),
        (lambda: client(newcomer()).get_secret("orders"), HttpResponseError),
        (lambda: client(newcomer()).set_secret("orders", "three"), HttpResponseError),
    ):
        try:
            function()
        except kind as error:
            assert error.status_code in (403, 404), error
        else:
            raise AssertionError("it was not refused")
    wrong = requests.get(
        f"{ORIGIN}/secrets/orders?api-version=7.4", headers={"Authorization": f"Bearer {automation().get_token(ARM).token}"}, verify=CA, timeout=5
    )
    assert wrong.status_code == 401 and 'resource="https://vault.azure.net"' in wrong.headers["WWW-Authenticate"], wrong.headers


# Graph and the catalogue


@checks.step("Graph names principals, with holes, and says nothing when it is forbidden")
def graph():
    headers = {"Authorization": f"Bearer {automation().get_token('https://graph.microsoft.com/.default').token}"}
    body = {"ids": [ON_CALL, NEWCOMER, "dead0000-0000-4000-8000-00000000dead"], "types": ["user", "group", "servicePrincipal"]}
    found = requests.post(f"{ORIGIN}/v1.0/directoryObjects/getByIds", json=body, headers=headers, verify=CA, timeout=5).json()["value"]
    assert [each["displayName"] for each in found] == ["Rita Osei", "loyalty-next"], found
    url = f"{ORIGIN}/v1.0/directoryObjects/dead0000-0000-4000-8000-00000000dead"
    assert requests.get(url, headers=headers, verify=CA, timeout=5).status_code == 404
    url = f"{ORIGIN}/v1.0/users/{ON_CALL}/getMemberObjects"
    groups = requests.post(url, json={"securityEnabledOnly": True}, headers=headers, verify=CA, timeout=5).json()["value"]
    assert groups == ["b3f1a7c0-1111-4a3e-9b1e-0a5d3c7e2f01"], groups
    switches(graphForbidden=True)
    assert requests.post(url, json={}, headers=headers, verify=CA, timeout=5).json()["error"]["code"] == "Authorization_RequestDenied"
    switches()


@checks.step("the catalogue takes tokens of the tenant, and gives entities by query, cursor, reference and facet")
def catalogue():
    url = f"{ORIGIN}/api/catalog"
    assert requests.get(f"{url}/entities", verify=CA, timeout=5).json()["error"]["message"] == "Missing credentials"
    wrong = {"Authorization": "Bearer x"}
    assert requests.get(f"{url}/entities", headers=wrong, verify=CA, timeout=5).json()["error"]["message"] == "Illegal token"
    headers = {"Authorization": f"Bearer {automation().get_token('api://callboard-backstage/.default').token}"}

    def get(path, query=None):
        return requests.get(f"{url}/{path}", query, headers=headers, verify=CA, timeout=5).json()

    seen, query = [], {"filter": "kind=component,spec.type=service", "fields": "metadata.name", "limit": 5}
    while True:
        page = get("entities/by-query", query)
        seen += [each["metadata"]["name"] for each in page["items"]]
        if "nextCursor" not in page["pageInfo"]:
            break
        query = {"cursor": page["pageInfo"]["nextCursor"], "fields": "metadata.name", "limit": 5}
    assert len(seen) == page["totalItems"] == 12 and "checkout" in seen, seen
    assert get("entities/by-query", {"filter": "relations.ownedby=group:default/team-fin,kind=component"})["totalItems"] == 3
    body = {"entityRefs": ["component:default/checkout", "component:default/missing"], "fields": ["kind", "metadata.name"]}
    items = requests.post(f"{url}/entities/by-refs", json=body, headers=headers, verify=CA, timeout=5).json()["items"]
    assert items == [{"kind": "Component", "metadata": {"name": "checkout"}}, None], items
    facets = get("entity-facets", {"facet": "spec.type"})["facets"]["spec.type"]
    assert {"value": "service", "count": 12} in facets, facets
    static = {"Authorization": f"Bearer {SECRETS['catalogueToken']}"}
    assert requests.get(f"{url}/entities/by-name/component/default/checkout", headers=static, verify=CA, timeout=5).status_code == 200
    assert get("entities/by-query", {"cursor": "x"})["error"]["name"] == "InputError"


if __name__ == "__main__":
    sys.exit(checks.run())
