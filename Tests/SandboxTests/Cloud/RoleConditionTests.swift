import Testing

@testable import Sandbox

/// Conditions of role assignments: who may give which role to whom.
@Suite struct RoleConditionTests {
    private typealias Attributes = RoleCondition.Attributes
    private static let write = "Microsoft.Authorization/roleAssignments/write"
    private static let delete = "Microsoft.Authorization/roleAssignments/delete"

    /// Sender and Receiver, to anybody but one (Azure: "Delegate Azure role assignment management with conditions").
    private static let delegation = """
        (
         ( !(ActionMatches{'Microsoft.Authorization/roleAssignments/write'}) )
         OR
         (
          @Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {\(RoleDefinition.dataSender.id), \(RoleDefinition.dataReceiver.id)}
          AND
          @Request[Microsoft.Authorization/roleAssignments:PrincipalId] GuidNotEquals {\(CloudSeed.admin.id)}
         )
        )
        AND
        (
         ( !(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'}) )
         OR
         ( @Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {\(RoleDefinition.dataSender.id), \(RoleDefinition.dataReceiver.id)} )
        )
        """

    private func attributes(_ role: RoleDefinition, _ principal: String, type: String = "ServicePrincipal") -> RoleCondition.Attributes {
        .init(roleDefinitionID: role.id, principalID: principal, principalType: type)
    }

    @Test func aDelegateGivesTheNamedRolesAndNoOthers() throws {
        let condition = try RoleCondition(Self.delegation)
        let somebody = CloudSeed.identity(of: "cart")
        #expect(condition.holds(Self.write, request: attributes(.dataSender, somebody), resource: nil))
        #expect(!condition.holds(Self.write, request: attributes(.owner, somebody), resource: nil))
        #expect(!condition.holds(Self.write, request: attributes(.dataSender, CloudSeed.admin.id.uppercased()), resource: nil))
        #expect(!condition.holds(Self.write, request: nil, resource: nil), "what is not there is equal to nothing")
        #expect(condition.holds(Self.delete, request: nil, resource: attributes(.dataReceiver, somebody)))
        #expect(!condition.holds(Self.delete, request: nil, resource: attributes(.owner, somebody)))
        #expect(condition.holds("Microsoft.Authorization/roleAssignments/read", request: nil, resource: nil))
    }

    @Test(arguments: [
        ("ForAnyOfAnyValues:GuidNotEquals {a, b}", "a", true), ("ForAllOfAllValues:GuidNotEquals {a, b}", "a", false),
        ("ForAnyOfAllValues:GuidEquals {a}", "A", true), ("GuidEquals {b}", "a", false), ("StringEqualsIgnoreCase 'A'", "a", true),
        ("StringEquals {'A'}", "a", false), ("StringNotEquals {'A'}", "a", true),
    ])
    func aSetIsComparedAsTheFunctionSays(_ comparison: String, _ value: String, _ holds: Bool) throws {
        let condition = try RoleCondition("@Request[Microsoft.Authorization/roleAssignments:PrincipalId] \(comparison)")
        let request = Attributes(roleDefinitionID: "", principalID: value, principalType: "")
        #expect(condition.holds(Self.write, request: request, resource: nil) == holds)
    }

    @Test(arguments: [
        "", "(", "ActionMatches{'a'", "ActionMatches{'a'} ActionMatches{'b'}", "ActionMatches{'a', 'b'}", "SubOperationMatches{'x'}",
        "@Request[Microsoft.Storage/storageAccounts:name] StringEquals {'x'}",
        "@Request[Microsoft.Authorization/roleAssignments:PrincipalId] NumericEquals {1}",
        "@Request[Microsoft.Authorization/roleAssignments:PrincipalId] ForSome:GuidEquals {a}",
        "@Request[Microsoft.Authorization/roleAssignments:PrincipalId] GuidEquals {}", "@Principal[x] StringEquals 'x'",
        "@Request[Microsoft.Authorization/roleAssignments:PrincipalId",
        "@Request[Microsoft.Authorization/roleAssignments:PrincipalId] StringEquals 'x",
        String(repeating: "(", count: 100), String(repeating: "!", count: 10_000),
    ])
    func whatCannotBeHeldToIsRefused(_ text: String) {
        #expect(throws: RoleCondition.Fault.self) { try RoleCondition(text) }
    }

    // MARK: In the cloud

    private func body(_ role: RoleDefinition, _ principal: String, condition: String? = nil, version: String = "2.0") -> CloudJSON {
        var properties: CloudJSON = [
            "roleDefinitionId": .string(role.resourceID(in: CloudSeed.subscription)), "principalId": .string(principal),
        ]
        if let condition {
            properties = properties.setting("condition", .string(condition)).setting("conditionVersion", .string(version))
        }
        return ["properties": properties]
    }

    private func put(
        _ fixture: CloudFixture, as principal: String, _ body: CloudJSON, name: String = CallID.make(), _ verb: String = ""
    ) throws -> CloudResponse {
        try fixture.manage(
            verb.isEmpty ? "PUT" : "POST", "\(fixture.namespace)/providers/Microsoft.Authorization/roleAssignments/\(name)\(verb)",
            as: principal, body)
    }

    @Test func whoeverGivesRolesUnderAConditionIsHeldToIt() throws {
        let fixture = try CloudFixture()
        let delegate = CloudSeed.newcomerPrincipal
        let given = try put(
            fixture, as: CloudSeed.admin.id, body(.accessAdministrator, delegate, condition: Self.delegation))
        #expect(given.status == 201 && given.json["properties"]?["condition"]?.text == Self.delegation)
        let name = CallID.make()
        let cart = CloudSeed.identity(of: "cart")
        #expect(try put(fixture, as: delegate, body(.dataSender, cart), name: name).status == 201)
        for forbidden in [body(.owner, cart), body(.dataSender, CloudSeed.admin.id), body(.accessAdministrator, delegate)] {
            let answer = try put(fixture, as: delegate, forbidden)
            #expect(answer.status == 403 && answer.code == "AuthorizationFailed")
        }
        let path = "\(fixture.namespace)/providers/Microsoft.Authorization/roleAssignments"
        let owner = try fixture.assign(.dataOwner, to: cart)
        #expect(try fixture.manage("DELETE", "\(path)/\(owner)", as: delegate).status == 403)
        #expect(try fixture.manage("DELETE", "\(path)/\(name)", as: delegate).status == 200)
        #expect(try fixture.manage("GET", path, as: delegate).status == 200, "its condition is about giving and taking alone")
    }

    @Test func aConditionThatCannotBeHeldToMakesNoAssignment() throws {
        let fixture = try CloudFixture()
        let cart = CloudSeed.identity(of: "cart")
        let count = fixture.cloud.assignments.all.count
        for (condition, version) in [("nonsense", "2.0"), (Self.delegation, "1.0")] {
            let answer = try put(
                fixture, as: CloudSeed.admin.id, body(.accessAdministrator, cart, condition: condition, version: version))
            #expect(answer.status == 400 && answer.code == "BadRequest")
        }
        #expect(fixture.cloud.assignments.all.count == count)
    }

    @Test func aRoleOnMessagesUnderAConditionOfGivingRolesOpensThem() throws {
        let fixture = try CloudFixture()
        let cart = CloudSeed.identity(of: "cart")
        #expect(try put(fixture, as: CloudSeed.admin.id, body(.dataSender, cart, condition: Self.delegation)).status == 201)
        let shut = "ActionMatches{'Microsoft.Authorization/roleAssignments/write'}"
        #expect(try put(fixture, as: CloudSeed.admin.id, body(.dataReceiver, cart, condition: shut)).status == 201)
        let rights = fixture.cloud.assignments.dataRights(of: [cart], at: fixture.cloud.now)
        #expect(rights.rights(on: AzureScope("\(fixture.namespace)/queues/orders")) == .send)
    }

    @Test func whatWouldBeDoneIsSaidAndNotDone() throws {
        let fixture = try CloudFixture()
        let cart = CloudSeed.identity(of: "cart")
        let count = fixture.cloud.assignments.all.count
        let good = try put(fixture, as: CloudSeed.admin.id, body(.dataSender, cart), "/validate")
        #expect(good.status == 200 && good.json["isValid"]?.flag == true)
        let bad = try put(fixture, as: CloudSeed.admin.id, body(.dataSender, CloudSeed.deletedPrincipal), "/validate")
        #expect(bad.status == 200 && bad.json["isValid"]?.flag == false)
        #expect(bad.json["errorInfo"]?["code"]?.text == "PrincipalNotFound")
        #expect(try put(fixture, as: CloudSeed.onCall.id, body(.dataSender, cart), "/validate").status == 403)
        #expect(fixture.cloud.assignments.all.count == count && fixture.cloud.activity.events.isEmpty)
    }

    // MARK: What lists show

    @Test(arguments: [
        ("", ["queue", "namespace", "group"]), ("atScope()", ["namespace", "group"]),
        ("assignedTo('\(CloudSeed.developer.id)')", ["queue", "group"]), ("principalId eq '\(CloudSeed.developer.id)'", ["queue"]),
        ("atScope() and assignedTo('\(CloudSeed.developer.id)')", ["group"]),
    ])
    func denyAssignmentsAreListedAsTheFilterSays(_ filter: String, _ expected: [String]) throws {
        let fixture = try CloudFixture()
        let permission = RolePermission(actions: ["Microsoft.ServiceBus/namespaces/queues/delete"])
        let group = "/subscriptions/\(CloudSeed.subscription)/resourceGroups/\(CloudSeed.resourceGroup)"
        fixture.cloud.assignments.denied = [
            ("queue", "\(fixture.namespace)/queues/orders", CloudSeed.developer.id), ("namespace", fixture.namespace, CloudSeed.onCall.id),
            ("group", group, DenyAssignment.everyone),
        ].map { name, scope, principal in
            DenyAssignment(name: name, displayName: name, scope: AzureScope(scope), permission: permission, principals: [principal])
        }
        let query = filter.isEmpty ? "" : "$filter=\(filter.replacing(" ", with: "%20"))"
        let answer = try fixture.manage(
            "GET", "\(fixture.namespace)/providers/Microsoft.Authorization/denyAssignments", as: CloudSeed.admin.id, query: query)
        #expect(answer.list.compactMap { $0["name"]?.text } == expected)
    }

    @Test(arguments: ["atScope() and principalId eq 'x'", "assignedTo('x') and principalId eq 'x'", "nobody()"])
    func filtersThatTheServiceDoesNotTakeAreRefused(_ filter: String) throws {
        let fixture = try CloudFixture()
        for type in ["denyAssignments", "roleAssignments"] {
            let answer = try fixture.manage(
                "GET", "\(fixture.namespace)/providers/Microsoft.Authorization/\(type)", as: CloudSeed.admin.id,
                query: "$filter=\(filter.replacing(" ", with: "%20"))")
            #expect(answer.status == 400 && answer.code == "UnsupportedQuery")
        }
    }
}
