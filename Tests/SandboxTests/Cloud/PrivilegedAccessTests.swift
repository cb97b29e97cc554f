import Testing

@testable import Sandbox

/// Roles for a while: limits, decisions by somebody else, and an end that comes by itself.
@Suite struct PrivilegedAccessTests {
    private let engineer = CloudSeed.onCall.id
    private let admin = CloudSeed.admin.id

    private func put(
        _ fixture: CloudFixture, _ role: RoleDefinition = .dataReceiver, type: String = "SelfActivate", as caller: String? = nil,
        principal: String? = nil, duration: String = "PT1H", justification: String? = "INC-1", ticket: String? = "INC-1",
        name: String = CallID.make(), on path: String = ""
    ) throws -> CloudResponse {
        try fixture.manage(
            "PUT", "\(fixture.namespace)\(path)/providers/Microsoft.Authorization/roleAssignmentScheduleRequests/\(name)",
            as: caller ?? engineer, version: "2020-10-01",
            [
                "properties": [
                    "principalId": .string(principal ?? engineer), "roleDefinitionId": .string(role.resourceID(in: CloudSeed.subscription)),
                    "requestType": .string(type), "justification": CloudJSON(justification),
                    "ticketInfo": ["ticketNumber": CloudJSON(ticket)],
                    "scheduleInfo": ["expiration": ["type": "AfterDuration", "duration": .string(duration)]],
                ]
            ])
    }

    private func decide(_ fixture: CloudFixture, _ request: CloudResponse, _ result: String, as caller: String) throws -> CloudResponse {
        let approval = try #require(request.json["properties"]?["approvalId"]?.text)
        let stages = try fixture.manage("GET", "\(approval)/stages", as: caller, version: "2021-01-01-preview")
        guard let stage = stages.list.first?["id"]?.text else { return stages }
        return try fixture.manage(
            "PATCH", stage, as: caller, version: "2021-01-01-preview",
            ["properties": ["reviewResult": .string(result), "justification": "because"]])
    }

    private func status(_ fixture: CloudFixture, _ request: CloudResponse) throws -> String? {
        let id = try #require(request.json["id"]?.text)
        return try fixture.manage("GET", id, as: engineer, version: "2020-10-01").json["properties"]?["status"]?.text
    }

    private func canReceive(_ fixture: CloudFixture) throws -> Bool {
        let (client, _) = try fixture.client(of: engineer, for: "orders")
        return !client.isDetached(try client.receiver(from: "orders"))
    }

    @Test func anActivationEndsByItself() throws {
        let fixture = try CloudFixture()
        #expect(try !canReceive(fixture))
        #expect(try put(fixture, duration: "PT2H").json["properties"]?["status"]?.text == "Provisioned")
        fixture.pass(seconds: 7199)
        #expect(try canReceive(fixture))
        fixture.pass(seconds: 1)
        #expect(try !canReceive(fixture))
        let instances = try fixture.manage(
            "GET", "\(fixture.namespace)/providers/Microsoft.Authorization/roleAssignmentScheduleInstances", as: engineer,
            version: "2020-10-01", query: "%24filter=asTarget()")
        #expect(!instances.list.contains { $0["properties"]?["assignmentType"] == "Activated" })
    }

    @Test(arguments: [
        ("PT9H", "INC-1", ["ExpirationRule"]), ("PT1M", "INC-1", ["ExpirationRule"]), ("PT1H", "", ["JustificationRule"]),
        ("P1D", "", ["ExpirationRule", "JustificationRule"]),
    ])
    func limitsAreNamed(_ duration: String, _ justification: String, _ rules: [String]) throws {
        let answer = try put(CloudFixture(), duration: duration, justification: justification)
        #expect(answer.status == 400 && answer.code == "RoleAssignmentRequestPolicyValidationFailed")
        #expect(answer.message == "The following policy rules failed: [\(rules.map { "\"\($0)\"" }.joined(separator: ","))]")
    }

    @Test func whoIsNotEligibleActivatesNothing() throws {
        let fixture = try CloudFixture()
        let own = try put(fixture, as: CloudSeed.developer.id, principal: CloudSeed.developer.id)
        #expect(own.message.contains("EligibilityRule"))
        #expect(try put(fixture, as: CloudSeed.developer.id).code == "InvalidRoleAssignmentRequest")
    }

    @Test func anAdministratorGivesARoleForAWhile() throws {
        let fixture = try CloudFixture()
        let service = CloudSeed.newcomerPrincipal
        #expect(try put(fixture, type: "AdminAssign", as: engineer, principal: service).code == "AuthorizationFailed")
        #expect(try put(fixture, type: "AdminAssign", as: admin, principal: service, on: "/queues/orders").status == 201)
        let (client, _) = try fixture.client(of: service, for: "orders")
        #expect(!client.isDetached(try client.receiver(from: "orders")))
        fixture.pass(seconds: 3600)
        let (later, _) = try fixture.client(of: service, for: "orders")
        #expect(later.isDetached(try later.receiver(from: "orders")))
    }

    @Test func approvalIsForSomebodyElse() throws {
        let fixture = try CloudFixture()
        let request = try put(fixture, .dataOwner)
        #expect(request.json["properties"]?["status"]?.text == "PendingApproval")
        #expect(try decide(fixture, request, "Approve", as: engineer).code == "SelfApprovalNotAllowed")
        // It may assign roles, but it is a program.
        #expect(try decide(fixture, request, "Approve", as: CloudSeed.automationPrincipal).status == 403)
        // A reader may look; whoever has no role there learns nothing of it.
        #expect(try decide(fixture, request, "Approve", as: CloudSeed.developer.id).status == 403)
        #expect(try decide(fixture, request, "Approve", as: CloudSeed.newcomerPrincipal).status == 404)
        #expect(try status(fixture, request) == "PendingApproval")
        #expect(try put(fixture, .dataOwner).code == "PendingRoleAssignmentRequest")
        #expect(try decide(fixture, request, "Approve", as: admin).json["properties"]?["status"]?.text == "Completed")
        #expect(try status(fixture, request) == "Provisioned")
        #expect(try decide(fixture, request, "Deny", as: admin).code == "ApprovalAlreadyCompleted")
    }

    @Test func aDenialGivesNothing() throws {
        let fixture = try CloudFixture()
        let request = try put(fixture, .dataOwner)
        _ = try decide(fixture, request, "Deny", as: admin)
        #expect(try status(fixture, request) == "AdminDenied")
        #expect(try !canReceive(fixture))
    }

    @Test func timeCountsFromTheApproval() throws {
        let fixture = try CloudFixture()
        let request = try put(fixture, .dataOwner, duration: "PT1H")
        fixture.pass(seconds: 5000)
        _ = try decide(fixture, request, "Approve", as: admin)
        fixture.pass(seconds: 3599)
        #expect(try canReceive(fixture))
        fixture.pass(seconds: 1)
        #expect(try !canReceive(fixture))
    }

    @Test func whatNobodyDecidesIsOverAfterADay() throws {
        let fixture = try CloudFixture()
        let request = try put(fixture, .dataOwner)
        fixture.pass(seconds: 86_399)
        #expect(try status(fixture, request) == "PendingApproval")
        fixture.pass(seconds: 1)
        #expect(try status(fixture, request) == "TimedOut")
        #expect(try decide(fixture, request, "Approve", as: admin).code == "ApprovalAlreadyCompleted")
        #expect(try !canReceive(fixture))
    }

    @Test func anActivationIsGivenBackAfterFiveMinutes() throws {
        let fixture = try CloudFixture()
        _ = try put(fixture)
        fixture.pass(seconds: 299)
        #expect(try put(fixture, type: "SelfDeactivate").code == "ActiveDurationTooShort")
        fixture.pass(seconds: 1)
        #expect(try put(fixture, type: "SelfDeactivate").json["properties"]?["status"]?.text == "Revoked")
        #expect(try !canReceive(fixture))
        #expect(try put(fixture, type: "SelfDeactivate").code == "RoleAssignmentDoesNotExist")
    }

    @Test(arguments: [false, true]) func whatIsRefusedForWantOfRoomChangesNothing(_ isActive: Bool) throws {
        let fixture = try CloudFixture()
        if isActive {
            _ = try put(fixture)
            fixture.pass(seconds: 300)
        }
        _ = try put(fixture, .dataOwner)
        var waiting = try #require(fixture.cloud.privileged.requests.last)
        #expect(waiting.status == .pending)
        repeat { waiting.name = CallID.make() } while fixture.cloud.privileged.add(waiting)
        let recorded = fixture.cloud.activity.events.count
        #expect(try put(fixture, type: isActive ? "SelfDeactivate" : "SelfActivate").status == 429)
        #expect(try canReceive(fixture) == isActive && fixture.cloud.activity.events.count == recorded)
    }

    @Test func anActivationMayWantAnAuthenticationContext() throws {
        let fixture = try CloudFixture()
        fixture.cloud.switches.activationContext = true
        #expect(try put(fixture).code == "RoleAssignmentRequestAcrsValidationFailed")
        let token = try fixture.token(of: engineer, for: "https://management.azure.com", contexts: ["c1"])
        let body: CloudJSON = [
            "properties": [
                "principalId": .string(engineer), "roleDefinitionId": .string(RoleDefinition.dataReceiver.id),
                "requestType": "SelfActivate",
                "justification": "INC-1", "scheduleInfo": ["expiration": ["type": "AfterDuration", "duration": "PT1H"]],
            ]
        ]
        let path = "\(fixture.namespace)/providers/Microsoft.Authorization/roleAssignmentScheduleRequests/\(CallID.make())"
        #expect(fixture.ask("PUT", "\(path)?api-version=2020-10-01", token: token, body.serialized).status == 201)
    }

    @Test func whereARoleCouldBeTakenIsTold() throws {
        let fixture = try CloudFixture()
        func children(_ scope: String, as caller: String, _ filter: String = "") throws -> [String] {
            try fixture.manage(
                "GET", "\(scope)/providers/Microsoft.Authorization/eligibleChildResources", as: caller, version: "2020-10-01", query: filter
            ).list.compactMap { $0["name"]?.text }
        }
        #expect(try children(fixture.namespace, as: engineer) == ["emails", "orders", "news"])
        #expect(
            try children(fixture.namespace, as: engineer, "%24filter=resourceType%20eq%20'Microsoft.ServiceBus/namespaces/topics'") == [
                "news"
            ])
        let group = "/subscriptions/\(CloudSeed.subscription)/resourceGroups/\(CloudSeed.resourceGroup)"
        #expect(try children(group, as: engineer) == ["sandbox", "emails", "orders", "news"])
        #expect(try children(group, as: CloudSeed.developer.id).isEmpty)
    }

    @Test func asManyRequestsAreKeptAsThereIsRoomFor() throws {
        var access = PrivilegedAccess()
        func request(_ number: Int, _ status: PrivilegedAccess.Request.Status) -> PrivilegedAccess.Request {
            .init(
                name: "\(number)", kind: .selfActivate, status: status, scope: AzureScope("/"), role: .reader, principalID: "p",
                requestorID: "p", ticket: [:], startsAt: 0, createdAt: 0)
        }
        let added = (0..<PrivilegedAccess.maximumRequests).map { access.add(request($0, .pending)) }
        #expect(!added.contains(false))
        let isTooMany = !access.add(request(-1, .pending))
        #expect(isTooMany)
        access.update(request(7, .denied))
        let hasRoom = access.add(request(-1, .pending))
        #expect(hasRoom)
        #expect(access.request("7") == nil && access.requests.count == PrivilegedAccess.maximumRequests)
    }

    @Test func anEntityHasLimitsAndApproversOfItsOwn() throws {
        let fixture = try CloudFixture()
        let requester = CloudSeed.oneQueueOnly.id
        func ask(_ duration: String, on path: String = "/queues/orders") throws -> CloudResponse {
            try put(fixture, as: requester, principal: requester, duration: duration, on: path)
        }
        #expect(try ask("PT3H").message.contains("ExpirationRule"))
        #expect(try ask("PT1H", on: "/queues/emails").message.contains("EligibilityRule"))
        #expect(try ask("PT1H", on: "").message.contains("EligibilityRule"))
        let request = try ask("PT1H")
        #expect(request.json["properties"]?["status"]?.text == "PendingApproval")
        // Whoever is on call is asked too; what they may take of the namespace asks nobody.
        #expect(try decide(fixture, request, "Approve", as: engineer).json["properties"]?["status"]?.text == "Completed")
        #expect(try put(fixture, on: "/queues/emails").json["properties"]?["status"]?.text == "Provisioned")
    }

    @Test func timePassesForRolesAlone() throws {
        let fixture = try CloudFixture()
        _ = try put(fixture, duration: "PT2H")
        let before = fixture.cloud.hub.now
        func advance(_ body: String) -> CloudResponse { fixture.ask("POST", "/$sandbox/cloud/advance", body) }
        #expect(advance(#"{"seconds":7199}"#).json["aheadSeconds"]?.number == 7199)
        #expect(try canReceive(fixture))
        #expect(advance(#"{"seconds":1}"#).status == 200)
        #expect(try !canReceive(fixture))
        // Tokens and messages keep the machine's time, and it does not go back.
        #expect(fixture.cloud.hub.now == before && fixture.cloud.now == before + 7_200_000)
        for body in [#"{"seconds":-1}"#, #"{"seconds":99999999999}"#, "{}", "x"] { #expect(advance(body).status == 400, "\(body)") }
        #expect(fixture.ask("DELETE", "/$sandbox/cloud").status == 200 && fixture.cloud.now == before + 7_200_000)
    }

    @Test func timePassesForEverything() throws {
        let fixture = try CloudFixture()
        let before = fixture.cloud.hub.now
        func advance(_ body: String) -> CloudResponse { fixture.ask("POST", "/$sandbox/cloud/advance", body) }
        #expect(advance(#"{"seconds":100}"#).json["aheadSeconds"]?.number == 100)
        let token = try fixture.token(of: CloudSeed.admin.id, for: "https://management.azure.com", seconds: 600)
        func status() -> Int { fixture.ask("GET", "\(fixture.namespace)?api-version=2021-11-01", token: token).status }
        let late = try BrokerFixture.message("late") { $0.scheduledAt = before + 600_000 }
        try fixture.wire.broker.send(late, to: BrokerFixture.address("orders"))
        #expect(advance(#"{"seconds":599,"everything":true}"#).json["aheadSeconds"]?.number == 699)
        #expect(fixture.cloud.hub.now == before + 599_000 && fixture.cloud.now == before + 699_000)
        #expect(try status() == 200 && fixture.wire.counts("orders").active == 0)
        #expect(advance(#"{"seconds":1,"everything":true}"#).status == 200)
        #expect(status() == 401)
        // What was due in that time has happened.
        #expect(try fixture.wire.counts("orders").active == 1)
        for body in [#"{"seconds":-1,"everything":true}"#, #"{"seconds":31622400,"everything":true}"#] {
            #expect(advance(body).status == 400, "\(body)")
        }
    }

    @Test func theActivityLogHasGrantsAndEnds() throws {
        let fixture = try CloudFixture()
        _ = try put(fixture, duration: "PT1H")
        fixture.pass(seconds: 3600)
        _ = try put(fixture, duration: "PT1H")
        let own = fixture.cloud.activity.events.filter { $0.caller == CloudSeed.privilegedService }
        #expect(own.map { $0.operation.split(separator: "/").last } == ["write", "delete", "write"])
        #expect(Set(own.map(\.correlationID)).count == 3 && own[1].time == own[0].time + 3_600_000)
    }
}
