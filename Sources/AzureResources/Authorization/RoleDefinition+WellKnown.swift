extension RoleDefinition {
    /// Roles of Microsoft's that matter to Service Bus, with what they allow: for callers who may read assignments and not roles. What the service says
    /// about a role takes their place.
    public static let wellKnown: [RoleDefinition] = [
        RoleDefinition(
            role: BuiltIn.serviceBusDataOwner, roleName: "Azure Service Bus Data Owner",
            permissions: [RolePermissions(actions: ["Microsoft.ServiceBus/*"], dataActions: ["Microsoft.ServiceBus/*"])]),
        RoleDefinition(
            role: BuiltIn.serviceBusDataSender, roleName: "Azure Service Bus Data Sender",
            permissions: [RolePermissions(actions: readingEntities, dataActions: ["Microsoft.ServiceBus/*/send/action"])]),
        RoleDefinition(
            role: BuiltIn.serviceBusDataReceiver, roleName: "Azure Service Bus Data Receiver",
            permissions: [RolePermissions(actions: readingEntities, dataActions: ["Microsoft.ServiceBus/*/receive/action"])]),
        RoleDefinition(role: BuiltIn.owner, roleName: "Owner", permissions: [RolePermissions(actions: ["*"])]),
        RoleDefinition(
            role: BuiltIn.contributor, roleName: "Contributor",
            permissions: [
                RolePermissions(
                    actions: ["*"],
                    notActions: [
                        "Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write",
                        "Microsoft.Authorization/elevateAccess/Action",
                    ])
            ]),
        RoleDefinition(role: BuiltIn.reader, roleName: "Reader", permissions: [RolePermissions(actions: ["*/read"])]),
        RoleDefinition(
            role: BuiltIn.userAccessAdministrator, roleName: "User Access Administrator",
            permissions: [RolePermissions(actions: ["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"])]),
        RoleDefinition(
            role: BuiltIn.accessControlAdministrator, roleName: "Role Based Access Control Administrator",
            permissions: [
                RolePermissions(actions: [
                    "Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete", "*/read",
                    "Microsoft.Support/*",
                ])
            ]),
    ]

    private static let readingEntities = [
        "Microsoft.ServiceBus/*/queues/read", "Microsoft.ServiceBus/*/topics/read", "Microsoft.ServiceBus/*/topics/subscriptions/read",
    ]
}
