import Testing

@testable import Sandbox

/// What roles add up to: patterns of operations, scopes, groups, and what is denied.
@Suite struct RoleEvaluationTests {
    @Test(arguments: [
        ("*", "Microsoft.ServiceBus/namespaces/read", true), ("*/read", "Microsoft.ServiceBus/namespaces/queues/read", true),
        ("*/read", "Microsoft.ServiceBus/namespaces/queues/write", false), ("*/read", "x/read/action", false),
        ("Microsoft.ServiceBus/*", "microsoft.servicebus/NAMESPACES/write", true),
        ("Microsoft.ServiceBus/*", "Microsoft.Storage/accounts/write", false),
        ("Microsoft.ServiceBus/*/send/action", "Microsoft.ServiceBus/namespaces/messages/send/action", true),
        ("Microsoft.ServiceBus/*/send/action", "Microsoft.ServiceBus/namespaces/messages/receive/action", false),
        ("a*b*c", "a1b2b3c", true), ("a*b*c", "a1b2b3", false), ("", "", true), ("", "a", false), ("**", "", true),
    ])
    func aPatternMeansOperations(_ pattern: String, _ operation: String, _ matches: Bool) {
        #expect(RolePermission.matches(pattern, operation) == matches)
    }

    @Test(arguments: [
        ("/", "/subscriptions/s", true), ("/subscriptions/s", "/subscriptions/S/resourceGroups/g", true),
        ("/subscriptions/s", "/subscriptions/s2", false), ("/subscriptions/s/", "/subscriptions/s", true),
        ("/a/queues/orders", "/a/queues/orders-old", false), ("/a/queues/orders", "/a", false),
    ])
    func aScopeContainsWhatIsInIt(_ outer: String, _ inner: String, _ contains: Bool) {
        #expect(AzureScope(outer).contains(AzureScope(inner)) == contains)
    }

    @Test(arguments: [
        (RoleDefinition.dataSender, Rights.send), (.dataReceiver, .listen), (.dataOwner, .manage), (.owner, Rights()),
        (.contributor, Rights()), (.reader, Rights()),
    ])
    func onlyDataRolesOpenMessages(_ role: RoleDefinition, _ rights: Rights) {
        #expect(DataRights.rights(of: role.permission) == rights)
    }

    @Test(arguments: [
        (RoleDefinition.owner, "Microsoft.Authorization/roleAssignments/write", true),
        (.contributor, "Microsoft.Authorization/roleAssignments/write", false),
        (.contributor, "Microsoft.ServiceBus/namespaces/authorizationRules/listKeys/action", true),
        (.reader, "Microsoft.ServiceBus/namespaces/authorizationRules/listKeys/action", false),
        (.accessAdministrator, "Microsoft.Authorization/roleAssignments/delete", true),
        (.accessAdministrator, "Microsoft.ServiceBus/namespaces/queues/write", false),
        (.dataReceiver, "Microsoft.ServiceBus/namespaces/queues/read", true),
        (.dataReceiver, "Microsoft.ServiceBus/namespaces/read", false),
    ])
    func aRoleAllowsWhatItSays(_ role: RoleDefinition, _ operation: String, _ isAllowed: Bool) {
        #expect(role.permission.allows(operation, isData: false) == isAllowed)
    }

    @Test func aRoleReachesWhoeverIsInAGroupOfAGroup() {
        var directory = TenantDirectory()
        directory.members = ["inner": ["somebody"], "outer": ["inner"], "round": ["outer"], "inner2": ["else"]]
        // Groups that contain each other must not hold the search up.
        directory.members["inner", default: []].insert("round")
        #expect(directory.withGroups("somebody") == ["somebody", "inner", "outer", "round"])
    }

    @Test func whatIsDeniedIsNotAllowedByAnyRole() throws {
        let fixture = try CloudFixture()
        let cloud = fixture.cloud
        let queue = AzureScope("\(fixture.namespace)/queues/orders")
        let operation = "Microsoft.ServiceBus/namespaces/queues/delete"
        let admin = cloud.directory.withGroups(CloudSeed.admin.id)
        #expect(cloud.assignments.allow(admin, operation, on: queue, at: cloud.now))
        cloud.assignments.denied = [
            DenyAssignment(
                name: "d", displayName: "d", scope: queue, permission: RolePermission(actions: [operation]),
                principals: [DenyAssignment.everyone], excluded: [CloudSeed.platform])
        ]
        #expect(cloud.assignments.allow(admin, operation, on: queue, at: cloud.now))
        cloud.assignments.denied[0].excluded = []
        #expect(!cloud.assignments.allow(admin, operation, on: queue, at: cloud.now))
        let answer = try fixture.manage("DELETE", queue.text, as: CloudSeed.admin.id)
        #expect(answer.status == 403 && answer.code == "DenyAssignmentAuthorizationFailed")
    }

    @Test func aRoleThatReachesNobodyOpensNothing() throws {
        let fixture = try CloudFixture()
        let answer = try fixture.manage(
            "POST", "\(fixture.namespace)/AuthorizationRules/RootManageSharedAccessKey/listKeys", as: CloudSeed.onCall.id)
        #expect(answer.status == 403)
        #expect(answer.message.contains("Microsoft.ServiceBus/namespaces/authorizationRules/listKeys/action"))
        #expect(answer.message.contains("\(fixture.namespace)/authorizationRules/RootManageSharedAccessKey"))
        #expect(fixture.cloud.activity.events.isEmpty)
    }
}
