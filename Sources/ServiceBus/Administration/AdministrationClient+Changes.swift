internal import Identity
internal import NIOCore
internal import RESTClient

/// Creating, changing and removing entities and rules. Every call needs the Manage claim or the role Azure Service Bus Data Owner.
extension AdministrationClient {
    /// Creates a queue, topic or subscription.
    /// - Throws: ``AdministrationError/Code/conflict`` when it exists, ``AdministrationError/Code/invalidRequest`` with the service's words when
    ///   a setting is not one it takes.
    public func create(_ path: EntityPath, _ definition: EntityDefinition) async throws(AdministrationError) -> EntityDescription {
        try await put(path, definition, isUpdate: false)
    }

    /// Changes an entity: reads it, lets `change` set what is to be different, and sends back everything else as it came.
    /// - Throws: ``AdministrationError/Code/notFound`` when there is none, ``AdministrationError/Code/invalidRequest`` with the service's words
    ///   when a setting cannot be changed.
    public func update(
        _ path: EntityPath, _ change: (inout EntityDefinition) -> Void
    ) async throws(AdministrationError) -> EntityDescription {
        var definition = try await revision(of: path).definition
        change(&definition)
        return try await put(path, definition, isUpdate: true)
    }

    /// Puts a definition in the place of what an entity has. What it does not name becomes the service's default (update-entity of
    /// Microsoft's REST documentation), so it should be one that was read: see ``revision(of:)``.
    /// - Throws: ``AdministrationError/Code/notFound`` when there is none, ``AdministrationError/Code/invalidRequest`` with the service's words
    ///   when a setting cannot be changed.
    public func replace(_ path: EntityPath, with definition: EntityDefinition) async throws(AdministrationError) -> EntityDescription {
        try await put(path, definition, isUpdate: true)
    }

    /// Removes an entity with everything in it; a topic with its subscriptions.
    /// - Throws: ``AdministrationError/Code/notFound`` when there is none.
    public func delete(_ path: EntityPath) async throws(AdministrationError) { _ = try await send(.delete, Self.resource(path)) }

    // MARK: Rules

    /// Adds a rule to a subscription.
    /// - Throws: ``AdministrationError/Code/conflict`` when it has one of that name, ``AdministrationError/Code/invalidRequest`` with the
    ///   service's words when filter or action cannot be read.
    public func createRule(_ rule: RuleDescription, in subscription: EntityPath) async throws(AdministrationError) -> RuleDescription {
        try await put(rule, in: subscription, isUpdate: false)
    }

    /// Puts a rule in the place of the one of the same name.
    /// - Throws: ``AdministrationError/Code/notFound`` when there is none.
    public func updateRule(_ rule: RuleDescription, in subscription: EntityPath) async throws(AdministrationError) -> RuleDescription {
        try await put(rule, in: subscription, isUpdate: true)
    }

    /// Removes a rule. A subscription without rules gets no messages.
    /// - Throws: ``AdministrationError/Code/notFound`` when there is none.
    public func deleteRule(_ name: String, of subscription: EntityPath) async throws(AdministrationError) {
        _ = try await send(.delete, Self.resource(name, of: subscription))
    }

    // MARK: Calls

    static func resource(_ path: EntityPath) -> String {
        path.subscription.map { "\(path.name)/subscriptions/\($0)" } ?? path.name
    }

    static func resource(_ rule: String, of subscription: EntityPath) throws(AdministrationError) -> String {
        guard subscription.subscription != nil else {
            throw AdministrationError(
                .invalidRequest, resource: subscription.displayName,
                message: "'\(subscription)' is not a subscription: only those have rules.")
        }
        guard !rule.isEmpty, !rule.contains("/") else {
            throw AdministrationError(.invalidRequest, resource: subscription.displayName, message: "'\(rule)' is no name for a rule.")
        }
        return "\(resource(subscription))/rules/\(escaped(rule))"
    }

    /// A rule's name as a part of a path (RFC 3986, section 3.3).
    private static func escaped(_ name: String) -> String {
        var result = ""
        for byte in name.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"),
                UInt8(ascii: "$"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }

    private func put(_ path: EntityPath, _ definition: EntityDefinition, isUpdate: Bool) async throws(AdministrationError)
        -> EntityDescription
    {
        let resource = Self.resource(path)
        var headers = Self.headers(isUpdate: isUpdate)
        // The service asks whether whoever forwards may send to where it forwards.
        let targets = [
            ("ServiceBusSupplementaryAuthorization", "ForwardTo"),
            ("ServiceBusDlqSupplementaryAuthorization", "ForwardDeadLetteredMessagesTo"),
        ]
        var definition = definition
        for (name, element) in targets {
            guard let target = definition[element], !target.isEmpty else { continue }
            // An address, as Microsoft's clients send it, whatever the caller wrote.
            if !target.contains("://") { definition[element] = "\(endpoint.baseURL)/\(target)" }
            let token = try await token(for: "\(endpoint.baseURL)/\(EntityDefinition.name(of: target))", resource: resource)
            token.authorizationHeader.withRevealedText { headers.append((name, $0)) }
        }
        let body = Self.entry { definition.write(to: &$0) }
        let response = try await send(.put, resource, headers: headers, body: body)
        let document = try document(of: response, resource)
        do throws(EntityPathError) {
            if let entry = document.entries.first, let description = try DescriptionReader.entity(entry, topic: path.topic) {
                return description
            }
        } catch {
            throw .unexpectedAnswer(resource, detail: error.description, response: response)
        }
        throw .unexpectedAnswer(resource, detail: "there is no entity in it", response: response)
    }

    private func put(_ rule: RuleDescription, in subscription: EntityPath, isUpdate: Bool) async throws(AdministrationError)
        -> RuleDescription
    {
        let resource = try Self.resource(rule.name, of: subscription)
        let response = try await send(
            .put, resource, headers: Self.headers(isUpdate: isUpdate), body: Self.entry { rule.write(to: &$0) })
        guard let entry = try document(of: response, resource).entries.first, let made = RuleDescription(entry) else {
            throw .unexpectedAnswer(resource, detail: "there is no rule in it", response: response)
        }
        return made
    }

    private static func headers(isUpdate: Bool) -> [(name: String, value: String)] {
        let type = ("Content-Type", "application/atom+xml;type=entry;charset=utf-8")
        return isUpdate ? [type, ("If-Match", "*")] : [type]
    }

    private static func entry(_ content: (inout XMLWriter) -> Void) -> ByteBuffer {
        var writer = XMLWriter()
        writer.element("entry", ["xmlns": AtomNamespace.atom]) { writer in
            writer.element("content", ["type": "application/xml"], content)
        }
        return writer.bytes
    }
}
