/// What a role allows: patterns of operations in which `*` stands for anything (Azure: "Understand role definitions").
struct RolePermission: Hashable, Sendable {
    var actions: [String] = []
    var notActions: [String] = []
    var dataActions: [String] = []
    var notDataActions: [String] = []

    /// Whether an operation on resources, or on what is in them, is allowed.
    func allows(_ operation: String, isData: Bool) -> Bool {
        let (granted, excepted) = isData ? (dataActions, notDataActions) : (actions, notActions)
        return granted.contains { Self.matches($0, operation) } && !excepted.contains { Self.matches($0, operation) }
    }

    /// Whether an operation is one of those a pattern means, without regard to case.
    static func matches(_ pattern: String, _ operation: String) -> Bool {
        let pattern = Array(pattern.lowercased().utf8)
        let operation = Array(operation.lowercased().utf8)
        var (p, o) = (0, 0)
        /// Where to go on when what followed the last star turns out to be something else.
        var retry: (p: Int, o: Int)?
        while o < operation.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                retry = (p + 1, o)
                p += 1
            } else if p < pattern.count, pattern[p] == operation[o] {
                p += 1
                o += 1
            } else if let last = retry {
                retry = (last.p, last.o + 1)
                (p, o) = (last.p, last.o + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    var json: CloudJSON {
        [
            "actions": .array(actions.map { .string($0) }), "notActions": .array(notActions.map { .string($0) }),
            "dataActions": .array(dataActions.map { .string($0) }), "notDataActions": .array(notDataActions.map { .string($0) }),
        ]
    }
}

/// A role of Azure. The built-in ones have the same ids in every tenant.
struct RoleDefinition: Hashable, Sendable {
    let id: String
    let name: String
    let description: String
    let permission: RolePermission

    static let owner = RoleDefinition(
        id: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", name: "Owner",
        description: "Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.",
        permission: RolePermission(actions: ["*"]))
    static let contributor = RoleDefinition(
        id: "b24988ac-6180-42a0-ab88-20f7382dd24c", name: "Contributor",
        description: "Grants full access to manage all resources, but does not allow you to assign roles in Azure RBAC.",
        permission: RolePermission(
            actions: ["*"],
            notActions: [
                "Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write", "Microsoft.Authorization/elevateAccess/Action",
                "Microsoft.Blueprint/blueprintAssignments/write", "Microsoft.Blueprint/blueprintAssignments/delete",
            ]))
    static let reader = RoleDefinition(
        id: "acdd72a7-3385-48ef-bd42-f606fba81ae7", name: "Reader",
        description: "View all resources, but does not allow you to make any changes.", permission: RolePermission(actions: ["*/read"]))
    static let userAccessAdministrator = RoleDefinition(
        id: "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", name: "User Access Administrator",
        description: "Lets you manage user access to Azure resources.",
        permission: RolePermission(actions: ["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"]))
    static let accessAdministrator = RoleDefinition(
        id: "f58310d9-a9f6-439a-9e8d-f62e7b41a168", name: "Role Based Access Control Administrator",
        description: "Manage access to Azure resources by assigning roles using Azure RBAC.",
        permission: RolePermission(actions: [
            "Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete", "*/read",
            "Microsoft.Support/*",
        ]))
    static let dataOwner = RoleDefinition(
        id: "090c5cfd-751d-490a-894a-3ce6f1109419", name: "Azure Service Bus Data Owner",
        description: "Allows for full access to Azure Service Bus resources.",
        permission: RolePermission(actions: ["Microsoft.ServiceBus/*"], dataActions: ["Microsoft.ServiceBus/*"]))
    static let dataSender = RoleDefinition(
        id: "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39", name: "Azure Service Bus Data Sender",
        description: "Allows for send access to Azure Service Bus resources.",
        permission: RolePermission(actions: reading, dataActions: ["Microsoft.ServiceBus/*/send/action"]))
    static let dataReceiver = RoleDefinition(
        id: "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0", name: "Azure Service Bus Data Receiver",
        description: "Allows for receive access to Azure Service Bus resources.",
        permission: RolePermission(actions: reading, dataActions: ["Microsoft.ServiceBus/*/receive/action"]))

    private static let reading = [
        "Microsoft.ServiceBus/*/queues/read", "Microsoft.ServiceBus/*/topics/read", "Microsoft.ServiceBus/*/topics/subscriptions/read",
    ]

    /// Every role the sandbox knows.
    static let all = [
        owner, contributor, reader, userAccessAdministrator, accessAdministrator, dataOwner, dataSender, dataReceiver,
    ]

    /// The role of an id, or of a path that ends in one.
    static func find(_ path: String) -> RoleDefinition? {
        let id = path.split(separator: "/").last.map { $0.lowercased() }
        return all.first { $0.id == id }
    }

    /// Its id as a resource of a subscription.
    func resourceID(in subscription: String) -> String {
        "/subscriptions/\(subscription)/providers/Microsoft.Authorization/roleDefinitions/\(id)"
    }

    func json(in subscription: String) -> CloudJSON {
        [
            "properties": [
                "roleName": .string(name), "type": "BuiltInRole", "description": .string(description), "assignableScopes": ["/"],
                "permissions": [permission.json], "createdOn": "2015-02-02T21:55:09.8806423Z", "updatedOn": "2021-11-11T20:13:28.6061853Z",
                "createdBy": nil, "updatedBy": nil,
            ],
            "id": .string(resourceID(in: subscription)), "type": "Microsoft.Authorization/roleDefinitions", "name": .string(id),
        ]
    }
}
