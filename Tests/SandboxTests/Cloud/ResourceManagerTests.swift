import Testing

@testable import Sandbox

/// What Azure Resource Manager does that no client of Microsoft's asks for.
@Suite struct ResourceManagerTests {
    @Test(arguments: [
        ("/subscriptions?api-version=2022-12-01", 401, "AuthenticationFailed"), ("/subscriptions", 401, "AuthenticationFailed"),
    ])
    func nobodyIsAnsweredWithoutAToken(_ target: String, _ status: Int, _ code: String) throws {
        let answer = try CloudFixture().ask("GET", target)
        #expect(answer.status == status && answer.code == code)
        #expect(answer.headers.contains { $0.name == "WWW-Authenticate" && $0.value.contains("authorization_uri=") })
    }

    @Test func aVersionIsNeeded() throws {
        let fixture = try CloudFixture()
        let token = try fixture.token(of: CloudSeed.admin.id, for: "https://management.azure.com")
        #expect(fixture.ask("GET", fixture.namespace, token: token).code == "MissingApiVersionParameter")
    }

    @Test func aTokenForSomethingElseIsRefused() throws {
        let fixture = try CloudFixture()
        let token = try fixture.token(of: CloudSeed.admin.id)
        let answer = fixture.ask("GET", "\(fixture.namespace)?api-version=2021-11-01", token: token)
        #expect(answer.status == 401 && answer.code == "InvalidAuthenticationTokenAudience")
    }

    @Test func everySoManythCallIsThrottled() throws {
        let fixture = try CloudFixture()
        fixture.cloud.switches.throttleEvery = 3
        fixture.cloud.switches.retryAfterSeconds = 17
        let answers = try (1...6).map { _ in try fixture.manage("GET", fixture.namespace, as: CloudSeed.admin.id) }
        #expect(answers.map(\.status) == [200, 200, 429, 200, 200, 429])
        #expect(answers[2].headers.contains { $0 == ("Retry-After", "17") })
    }

    @Test func readsHaveAnEndThatTimeMoves() throws {
        let fixture = try CloudFixture()
        fixture.cloud.switches.reads = 2
        fixture.cloud.switches.readsPerSecond = 1
        func read() throws -> (Int, String?) {
            let answer = try fixture.manage("GET", fixture.namespace, as: CloudSeed.admin.id)
            return (answer.status, answer.headers.first { $0.0 == "x-ms-ratelimit-remaining-subscription-reads" }?.1)
        }
        #expect(try read() == (200, "1"))
        #expect(try read() == (200, "0"))
        #expect(try read() == (429, "0"))
        fixture.pass(seconds: 1)
        #expect(try read() == (200, "0"))
        fixture.pass(seconds: 3600)
        #expect(try read() == (200, "1"))
        #expect(fixture.ask("GET", "/$sandbox/cloud/reads").json == ["left": 1, "refused": 1])
    }

    @Test func listsComeInPagesWhoseLinksAreFollowedAsTheyAre() throws {
        let fixture = try CloudFixture()
        fixture.cloud.switches.pageSize = 2
        let token = try fixture.token(of: CloudSeed.admin.id, for: "https://management.azure.com")
        var target = "\(fixture.namespace)/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&%24filter=atScope()"
        var names: [String] = []
        var pages = 0
        while true {
            let page = fixture.ask("GET", target, token: token)
            #expect(page.list.count <= 2)
            names += page.list.compactMap { $0["name"]?.text }
            pages += 1
            guard let next = page.json["nextLink"]?.text else { break }
            #expect(next.hasPrefix(CloudFixture.origin))
            target = String(next.dropFirst(CloudFixture.origin.count))
        }
        #expect(names.count == Set(names).count && pages == (names.count + 1) / 2 && pages > 2)
    }

    @Test(arguments: [
        ("roleDefinitionId", "/x/00000000-0000-0000-0000-000000000000", 404, "RoleDefinitionDoesNotExist"),
        ("principalId", "nobody", 400, "InvalidPrincipalId"),
        ("principalId", "dead0000-0000-4000-8000-00000000dead", 400, "PrincipalNotFound"),
        ("principalType", "User", 400, "UnmatchedPrincipalType"),
    ])
    func whatCannotBeAssignedIsNamed(_ key: String, _ value: String, _ status: Int, _ code: String) throws {
        let fixture = try CloudFixture()
        let properties: CloudJSON = [
            "roleDefinitionId": .string(RoleDefinition.dataSender.resourceID(in: CloudSeed.subscription)),
            "principalId": .string(CloudSeed.newcomerPrincipal), "principalType": "ServicePrincipal",
        ]
        let answer = try fixture.manage(
            "PUT", "\(fixture.namespace)/providers/Microsoft.Authorization/roleAssignments/\(CallID.make())", as: CloudSeed.admin.id,
            ["properties": properties.setting(key, .string(value))])
        #expect(answer.status == status && answer.code == code, "\(answer.body)")
    }

    @Test func anAssignmentUnderItsOwnNameAgainChangesNothing() throws {
        let fixture = try CloudFixture()
        let name = try fixture.assign(.dataSender, to: CloudSeed.newcomerPrincipal)
        let before = fixture.cloud.assignments.all
        let body: CloudJSON = [
            "properties": [
                "roleDefinitionId": .string(RoleDefinition.dataSender.id), "principalId": .string(CloudSeed.newcomerPrincipal.uppercased()),
            ]
        ]
        let path = "\(fixture.namespace)/providers/Microsoft.Authorization/roleAssignments"
        #expect(try fixture.manage("PUT", "\(path.uppercased())/\(name.uppercased())", as: CloudSeed.admin.id, body).status == 200)
        #expect(fixture.cloud.assignments.all == before)
        #expect(try fixture.manage("PUT", "\(path)/\(CallID.make())", as: CloudSeed.admin.id, body).code == "RoleAssignmentExists")
        let other = body["properties"]?.setting("roleDefinitionId", .string(RoleDefinition.dataReceiver.id)) ?? nil
        #expect(
            try fixture.manage("PUT", "\(path)/\(name)", as: CloudSeed.admin.id, ["properties": other]).code
                == "RoleAssignmentUpdateNotPermitted")
        #expect(try fixture.manage("DELETE", "\(path)/\(CallID.make())", as: CloudSeed.admin.id).status == 204)
    }

    @Test func whoHasARoleOnOneQueueSeesThatAndNoMore() throws {
        let fixture = try CloudFixture()
        let somebody = CloudSeed.newcomerPrincipal
        let namespaces = "/subscriptions/\(CloudSeed.subscription)/providers/Microsoft.ServiceBus/namespaces"
        #expect(try fixture.manage("GET", "/subscriptions", as: somebody).list.isEmpty)
        #expect(try fixture.manage("GET", namespaces, as: somebody).status == 403)
        try fixture.assign(.dataReceiver, to: somebody, on: "/queues/orders")
        #expect(try fixture.manage("GET", "/subscriptions", as: somebody).list.count == 1)
        let seen = try fixture.manage("GET", namespaces, as: somebody)
        #expect(seen.status == 200 && seen.list.isEmpty)
        #expect(try fixture.manage("GET", "\(fixture.namespace)/queues/orders", as: somebody).status == 200)
        #expect(try fixture.manage("GET", "\(fixture.namespace)/queues/emails", as: somebody).status == 403)
        #expect(try fixture.manage("GET", "\(fixture.namespace)/queues", as: somebody).status == 403)
        #expect(try fixture.manage("PUT", "\(fixture.namespace)/queues/orders", as: somebody, [:]).status == 403)
    }

    @Test func aSlashInANameIsATildeInAnID() throws {
        let fixture = try CloudFixture()
        let made = try fixture.manage(
            "PUT", "\(fixture.namespace)/queues/eu~orders", as: CloudSeed.admin.id, ["properties": ["maxDeliveryCount": 3]])
        #expect(made.status == 200 && made.json["name"]?.text == "eu~orders", "\(made.body)")
        #expect(try fixture.wire.broker.snapshot(of: "eu/orders").path == "eu/orders")
        try fixture.assign(.dataSender, to: CloudSeed.newcomerPrincipal, on: "/queues/eu~orders")
        let (client, _) = try fixture.client(of: CloudSeed.newcomerPrincipal, for: "eu/orders")
        #expect(!client.isDetached(try client.sender(to: "eu/orders")))
    }

    @Test func aFilterThatIsUnknownOrEndlessIsRefused() throws {
        let fixture = try CloudFixture()
        let path = "\(fixture.namespace)/providers/Microsoft.Authorization/roleAssignments"
        for filter in ["color%20eq%20'red'", "atScope()%20and%20below()", String(repeating: "atScope()%20and%20", count: 500)] {
            #expect(try fixture.manage("GET", path, as: CloudSeed.admin.id, query: "%24filter=\(filter)").code == "UnsupportedQuery")
        }
    }

    @Test func thereIsAnEndToAssignments() throws {
        let fixture = try CloudFixture()
        for number in fixture.cloud.assignments.all.count..<RoleAssignments.maximum {
            fixture.cloud.assignments.add(
                RoleAssignment(
                    name: "\(number)", scope: fixture.cloud.namespaceScope, role: .reader, principalID: "p\(number)", principalType: "User",
                    createdAt: 0, createdBy: "", effectiveFrom: 0))
        }
        let answer = try fixture.manage(
            "PUT", "\(fixture.namespace)/providers/Microsoft.Authorization/roleAssignments/\(CallID.make())", as: CloudSeed.admin.id,
            ["properties": ["roleDefinitionId": .string(RoleDefinition.reader.id), "principalId": .string(CloudSeed.newcomerPrincipal)]])
        #expect(answer.code == "RoleAssignmentLimitExceeded")
    }

    @Test func theActivityLogKeepsTheLastThousandChanges() throws {
        var log = ActivityLog()
        for number in 0..<ActivityLog.maximumEvents + 5 {
            log.record(
                .init(
                    operation: "o", scope: AzureScope("/"), caller: Principal(id: "p", displayName: "p", kind: .group), correlationID: "",
                    time: Int64(number), status: 200, id: ""))
        }
        #expect(log.events.count == ActivityLog.maximumEvents && log.events.first?.time == 5)
    }

    @Test func aChangeIsLoggedUnderTheCallersCorrelation() throws {
        let fixture = try CloudFixture()
        var request = CloudRequest(
            method: "DELETE", target: "\(fixture.namespace)/queues/emails?api-version=2021-11-01", host: "127.0.0.1:8443")
        request.headers = [
            "authorization": "Bearer \(try fixture.token(of: CloudSeed.admin.id, for: "https://management.azure.com"))",
            "x-ms-correlation-request-id": "c0ffee00-0000-4000-8000-000000000001",
        ]
        #expect(fixture.cloud.respond(to: request).status == 200)
        let event = try #require(fixture.cloud.activity.events.last)
        #expect(event.operation == "Microsoft.ServiceBus/namespaces/queues/delete" && event.caller.id == CloudSeed.admin.id)
        #expect(event.correlationID == "c0ffee00-0000-4000-8000-000000000001")
        #expect((try? fixture.wire.broker.snapshot(of: "emails")) == nil)
    }

    @Test func switchesAreReadWholeOrNotAtAll() throws {
        let fixture = try CloudFixture()
        #expect(fixture.ask("PUT", "/$sandbox/cloud", #"{"pageSize":2,"randomCasing":true}"#).json["pageSize"] == 2)
        for wrong in [#"{"pageSize":-1}"#, #"{"pageSizes":1}"#, #"{"randomCasing":1}"#, "[]", "{", #"{"signInAs":1}"#] {
            let answer = fixture.ask("PUT", "/$sandbox/cloud", wrong)
            #expect(answer.status == 400 && answer.json["error"]?.text?.isEmpty == false, "\(wrong)")
        }
        #expect(fixture.cloud.switches.pageSize == 2 && fixture.cloud.switches.randomCasing)
        #expect(fixture.ask("DELETE", "/$sandbox/cloud").json == CloudSwitches().json)
    }
}
