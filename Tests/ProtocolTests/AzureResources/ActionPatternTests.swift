import AzureResources
import Testing

@Suite("Patterns of actions")
struct ActionPatternTests {
    @Test(
        "match",
        arguments: [
            ("*", "Microsoft.ServiceBus/namespaces/messages/send/action"),
            ("Microsoft.ServiceBus/*", "Microsoft.ServiceBus/namespaces/queues/write"),
            ("microsoft.servicebus/*/SEND/action", "Microsoft.ServiceBus/namespaces/messages/send/action"),
            ("*/read", "Microsoft.ServiceBus/namespaces/queues/read"),
            ("Microsoft.*/namespaces/*/action", "Microsoft.ServiceBus/namespaces/authorizationRules/listKeys/action"),
            ("a*b*c", "aXbYbZc"), ("**", ""), ("", ""), ("*a", "aaaa"), ("abc", "ABC"),
        ])
    func match(pattern: String, action: String) {
        #expect(ActionPattern.matches(pattern, action))
    }

    @Test(
        "do not match",
        arguments: [
            ("Microsoft.ServiceBus/*/send/action", "Microsoft.ServiceBus/namespaces/messages/receive/action"),
            ("Microsoft.ServiceBus/*/send/action", "Microsoft.ServiceBus/send/action2"),
            ("*/read", "Microsoft.ServiceBus/namespaces/read/write"),
            ("Microsoft.ServiceBus", "Microsoft.ServiceBus/namespaces"), ("", "a"), ("a*b", "aXbY"), ("*ab", "aaac"), ("abc", "ab"),
        ])
    func noMatch(pattern: String, action: String) {
        #expect(!ActionPattern.matches(pattern, action))
    }

    @Test("of hostile length end soon")
    func hostile() {
        let pattern = String(repeating: "*a", count: 500) + "b"
        #expect(!ActionPattern.matches(pattern, String(repeating: "a", count: 2000)))
    }

    @Test("take out what is excluded, and tell actions on data from others")
    func permissions() {
        let contributor = RolePermissions(actions: ["*"], notActions: ["Microsoft.Authorization/*/Write"])
        #expect(contributor.allows(.control("Microsoft.ServiceBus/namespaces/authorizationRules/listKeys/action")))
        #expect(!contributor.allows(.control("Microsoft.Authorization/roleAssignments/write")))
        #expect(!contributor.allows(.data("Microsoft.ServiceBus/namespaces/messages/send/action")))
        let data = RolePermissions(dataActions: ["Microsoft.ServiceBus/*"], notDataActions: ["*/receive/action"])
        #expect(data.allows(.data("Microsoft.ServiceBus/namespaces/messages/send/action")))
        #expect(!data.allows(.data("Microsoft.ServiceBus/namespaces/messages/receive/action")))
        #expect(!data.allows(.control("Microsoft.ServiceBus/namespaces/write")))
    }

    @Test("of one permission are not taken out by another's exclusions")
    func union() {
        let role = RoleDefinition(
            role: GUID("r"), roleName: "r",
            permissions: [RolePermissions(actions: ["*"], notActions: ["*/write"]), RolePermissions(actions: ["Microsoft.ServiceBus/*"])])
        #expect(role.allows(.control("Microsoft.ServiceBus/namespaces/queues/write")))
        #expect(!role.allows(.control("Microsoft.Storage/accounts/write")))
    }
}
