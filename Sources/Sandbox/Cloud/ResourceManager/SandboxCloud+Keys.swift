internal import ServiceBus

/// Authorization rules and their keys, of the namespace and of single entities.
extension SandboxCloud {
    typealias KeyRule = NamespaceResource.KeyRule

    func keyRules(of owner: String?) throws(ResourceManagerError) -> [KeyRule] {
        guard let owner else { return resource.rules }
        return try administrative(owner).authorizationRules.map {
            KeyRule(name: $0.name, rights: $0.rights, primaryKey: $0.primaryKey, secondaryKey: $0.secondaryKey)
        }
    }

    private func administrative(_ owner: String) throws(ResourceManagerError) -> AdministrativeSettings {
        switch (try? broker.snapshot(of: owner))?.kind {
        case .queue(let settings): return settings.administrative
        case .topic(let settings, _): return settings.administrative
        case .subscription, nil: throw ResourceManagerError(404, "NotFound", "The requested resource \(owner.prefix(260)) does not exist.")
        }
    }

    func answerKeyRule(_ name: String, of owner: String?, _ verb: String, _ call: ResourceManagerCall) throws(ResourceManagerError)
        -> CloudResponse
    {
        var rules = try keyRules(of: owner)
        let index = rules.firstIndex { $0.name.lowercased() == name.lowercased() }
        switch verb {
        case "read":
            guard let index else { throw Self.noRule(name) }
            return answer(json(rules[index], of: owner))
        case "write":
            guard let rights = Rights(names: try call.properties()["rights"]?.elements ?? []) else {
                throw .badRequest("SubCode=40000. The rights must be some of Listen, Send and Manage; Manage needs the others.")
            }
            guard !name.isEmpty, name.utf8.count <= 50, Broker.isValidName(name, maximumLength: 50) else {
                throw .badRequest(
                    "SubCode=40000. The name of an authorization rule has up to 50 letters, digits, periods, hyphens and underscores.")
            }
            if let index {
                rules[index].rights = rights
            } else {
                guard rules.count < DescriptionCheck.maximumAuthorizationRules else {
                    throw .badRequest("SubCode=40000. There are at most \(DescriptionCheck.maximumAuthorizationRules) authorization rules.")
                }
                rules.append(
                    KeyRule(name: name, rights: rights, primaryKey: NamespaceResource.makeKey(), secondaryKey: NamespaceResource.makeKey()))
            }
            try setKeyRules(rules, of: owner)
            return answer(json(rules[index ?? rules.count - 1], of: owner))
        default:
            guard let index else { return CloudResponse(status: 204) }
            rules.remove(at: index)
            try setKeyRules(rules, of: owner)
            return CloudResponse(status: 200)
        }
    }

    func answerKeys(_ name: String, of owner: String?, _ verb: String, _ call: ResourceManagerCall) throws(ResourceManagerError)
        -> CloudResponse
    {
        var rules = try keyRules(of: owner)
        guard let index = rules.firstIndex(where: { $0.name.lowercased() == name.lowercased() }) else { throw Self.noRule(name) }
        if verb == "regenerateKeys/action" {
            let key = call.request.json?["key"]?.text ?? NamespaceResource.makeKey()
            guard key.utf8.count <= 512 else { throw .badRequest("The key is too long.") }
            switch call.request.json?["keyType"]?.text {
            case "PrimaryKey": rules[index].primaryKey = key
            case "SecondaryKey": rules[index].secondaryKey = key
            default: throw .badRequest("The keyType must be PrimaryKey or SecondaryKey.")
            }
            try setKeyRules(rules, of: owner)
        }
        let rule = rules[index]
        func connectionString(_ key: String) -> CloudJSON {
            let path = owner.map { ";EntityPath=\($0)" } ?? ""
            return
                "Endpoint=sb://\(broker.namespace).servicebus.windows.net/;SharedAccessKeyName=\(rule.name);SharedAccessKey=\(key)\(path)"
        }
        return answer([
            "primaryConnectionString": connectionString(rule.primaryKey), "secondaryConnectionString": connectionString(rule.secondaryKey),
            "primaryKey": .string(rule.primaryKey), "secondaryKey": .string(rule.secondaryKey), "keyName": .string(rule.name),
        ])
    }

    private func setKeyRules(_ rules: [KeyRule], of owner: String?) throws(ResourceManagerError) {
        guard let owner else {
            resource.rules = rules
            hub.access = resource.policy
            return
        }
        func changed(_ settings: AdministrativeSettings) -> AdministrativeSettings {
            var settings = settings
            let old = settings.authorizationRules
            settings.authorizationRules = rules.map { rule in
                let before = old.first { $0.name == rule.name }
                return EntityAuthorizationRule(
                    name: rule.name, rights: rule.rights, primaryKey: rule.primaryKey, secondaryKey: rule.secondaryKey,
                    createdAt: before?.createdAt ?? now, modifiedAt: now)
            }
            return settings
        }
        do throws(BrokerError) {
            let snapshot = try broker.snapshot(of: owner)
            switch snapshot.kind {
            case .queue(var settings):
                settings.administrative = changed(settings.administrative)
                try broker.update(snapshot.path, to: settings)
            case .topic(var settings, _):
                settings.administrative = changed(settings.administrative)
                try broker.updateTopic(snapshot.path, to: settings)
            case .subscription: break
            }
        } catch {
            throw ResourceManagerError(AdministrationFault(error))
        }
    }

    private static func noRule(_ name: String) -> ResourceManagerError {
        ResourceManagerError(404, "NotFound", "The authorization rule '\(name.prefix(100))' was not found.")
    }

    func json(_ rule: KeyRule, of owner: String?) -> CloudJSON {
        let path = ServiceBusPath.keyRule(rule.name, of: owner)
        let type = path.type(ofOwner: owner.map { isTopic($0) } ?? false)
        return [
            "id": .string(scope(of: path).text), "name": .string(rule.name), "type": .string("Microsoft.ServiceBus/\(type)"),
            "location": "westeurope", "properties": ["rights": .array(rule.rights.names.map { .string($0) })],
        ]
    }
}
