internal import AzureResources
internal import Identity

/// The guardrails as a Bicep template for the namespace's resource group.
extension AzureGuardrails {
    var bicep: String {
        var lines = preface("//")
        lines.append(
            Self.comment(
                "//", "disableLocalAuth is a property of the namespace: set it to true where that is declared, or by the az form of this."))
        lines += [
            "targetScope = 'resourceGroup'", "",
            "resource namespace 'Microsoft.ServiceBus/namespaces@\(APIVersion.serviceBus)' existing = {",
            "  name: \(Self.text(namespace.name))",
            "}",
        ]
        var scopes: [ResourceID: String] = [namespace: "namespace"]
        for (index, policy) in rolePolicies.enumerated() where scopes[policy.scope] == nil {
            let name = "entity\(index + 1)"
            scopes[policy.scope] = name
            lines += existing(name, policy.scope)
        }
        for (index, delegate) in delegates.enumerated() {
            guard let condition else { continue }
            let request = FixRequest.delegate(to: delegate, under: condition.text, at: namespace)
            let properties: Identity.JSONValue = request.content?["properties"] ?? .object([:])
            lines += [
                "", Self.comment("//", "\(delegate.name) gives Data Sender and Data Receiver, to nobody who approves."),
                "resource delegation\(index + 1) 'Microsoft.Authorization/roleAssignments@\(APIVersion.authorization)' = {",
                "  scope: namespace", "  name: \(Self.text(Self.lastName(of: request.path)))",
                "  properties: \(Self.literal(properties, indent: 2))", "}",
            ]
        }
        for (index, policy) in rolePolicies.enumerated() {
            let rules: Identity.JSONValue = policy.draft.body["properties"] ?? .object([:])
            let lookup = FixRequest.lookUpPolicy(of: policy.role, at: policy.scope)
            lines += [
                "", Self.comment("//", "\(policy.title): \(policy.rules.joined(separator: ", "))"),
                "@description(\(Self.text("The name of the policy that the answer to GET \(lookup.path) has in value[0].properties.policyId")))",
                "param rolePolicy\(index + 1) string",
                "resource activation\(index + 1) 'Microsoft.Authorization/roleManagementPolicies@\(APIVersion.schedules)' = {",
                "  scope: \(scopes[policy.scope] ?? "namespace")", "  name: rolePolicy\(index + 1)",
                "  properties: \(Self.literal(rules, indent: 2))", "}",
            ]
        }
        for (index, policy) in Self.azurePolicies.enumerated() {
            let request = FixRequest.assignPolicy(policy.definition, policy.name, policy.title, at: namespace)
            lines += [
                "", "resource azurePolicy\(index + 1) 'Microsoft.Authorization/policyAssignments@\(APIVersion.policy)' = {",
                "  scope: namespace", "  name: \(Self.text(policy.name))",
                "  properties: \(Self.literal(request.content?["properties"] ?? .object([:]), indent: 2))", "}",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// An entity that is there.
    private func existing(_ name: String, _ scope: ResourceID) -> [String] {
        let path = scope.segments.dropFirst(namespace.segments.count).map(String.init)
        let types = stride(from: 0, to: path.count, by: 2).map { path[$0] }
        let names = [namespace.name] + stride(from: 1, to: path.count, by: 2).map { path[$0] }
        return [
            "",
            "resource \(name) 'Microsoft.ServiceBus/namespaces/\(types.joined(separator: "/"))@\(APIVersion.serviceBus)' existing = {",
            "  name: \(Self.text(names.joined(separator: "/")))", "}",
        ]
    }

    private static func lastName(of path: String) -> String {
        String(path.prefix { $0 != "?" }.split(separator: "/").last ?? "")
    }

    /// A text in quotes, with what Bicep would take for something else escaped.
    static func text(_ text: String) -> String {
        var result = "'"
        for character in VisibleText.of(text) {
            switch character {
            case "\\": result += "\\\\"
            case "'": result += "\\'"
            case "$": result += "\\$"
            default: result.append(character)
            }
        }
        return result + "'"
    }

    /// A value as Bicep writes it.
    static func literal(_ value: Identity.JSONValue, indent: Int) -> String {
        let blank = String(repeating: " ", count: indent)
        switch value {
        case .null: return "null"
        case .boolean(let value): return value ? "true" : "false"
        case .integer(let value): return String(value)
        // Bicep has whole numbers only, and nothing here has others.
        case .number(let value): return "json('\(value)')"
        case .text(let value): return text(value)
        case .array(let values):
            guard !values.isEmpty else { return "[]" }
            return "[\n" + values.map { "\(blank)  \(literal($0, indent: indent + 2))\n" }.joined() + "\(blank)]"
        case .object(let members):
            guard !members.isEmpty else { return "{}" }
            let lines = members.sorted { $0.key < $1.key }.map { "\(blank)  \($0.key): \(literal($0.value, indent: indent + 2))\n" }
            return "{\n" + lines.joined() + "\(blank)}"
        }
    }
}
