internal import AzureResources

extension ContextSignIn {
    /// Compares what Azure enforces at the context's namespace with what it could of a policy.
    /// - Parameters:
    ///   - environment: the environment; that of the context where it is nil.
    ///   - members: object ids of people who approve as members of a group.
    /// - Throws: ``OperatorError`` when nobody is signed in, Azure cannot be reached, or the namespace is not in sight.
    package func auditGuardrails(
        of policy: Policy, environment: String?, members: [String]
    ) async throws(OperatorError) -> AzureGuardrailAudit {
        let reader = azure
        let namespace = try await reader.namespace(host: try serviceHost, subscriptions: context.subscriptions)
        guard let id = namespace.value?.id else {
            let needs = if case .notPermitted(let needs) = namespace { needs } else { "Microsoft.ServiceBus/namespaces/read" }
            throw OperatorError(
                .notPermitted, "The namespace of '\(context.name)' is not in sight, so that nothing of it can be checked.",
                hint: "It needs \(needs).")
        }
        let place = environment ?? (context.environment.isEmpty ? nil : context.environment)
        let guardrails = try AzureGuardrails(policy, namespace: id, environment: place, members: AzureGuardrails.people(members))
        return AzureGuardrailAudit(guardrails, await reader.guardrails(guardrails, of: namespace))
    }

}

extension AzureGuardrails {
    /// What Azure would enforce of a policy, of texts as somebody types them.
    /// - Throws: ``OperatorError`` of kind usage for what is no id of a namespace or a person, and for unknown environments.
    package init(_ policy: Policy, namespace: String, environment: String?, members: [String]) throws(OperatorError) {
        try self.init(policy, namespace: ResourceID(namespace), environment: environment, members: Self.people(members))
    }

    static func people(_ members: [String]) throws(OperatorError) -> [GUID] {
        let ids = members.map { GUID($0) }
        if let wrong = ids.first(where: { !$0.isWellFormed }) {
            throw OperatorError(
                .usage, "--approver '\(wrong.text.prefix(100))' is no object id.",
                hint: "It looks like aaaabbbb-0000-cccc-1111-dddd2222eeee.")
        }
        return ids
    }
}
