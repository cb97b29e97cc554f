internal import AzureResources
internal import ServiceBus

/// Takes a statement of strangers apart: every member of it must be there and no other, each in its one spelling.
struct StatementReader {
    private var rest: [String: JSONValue] = [:]

    /// - Throws: ``CooperativeFlaw/malformed(_:)`` for what is no object.
    init(_ value: JSONValue?, _ what: String) throws(CooperativeFlaw) {
        guard case .object(let members)? = value else { throw .malformed("'\(what)' is missing") }
        for member in members { rest[member.name] = member.value }
    }

    private mutating func take(_ name: String) throws(CooperativeFlaw) -> JSONValue {
        guard let value = rest.removeValue(forKey: name) else { throw .malformed("'\(name)' is missing") }
        return value
    }

    mutating func text(_ name: String) throws(CooperativeFlaw) -> String {
        guard case .text(let text) = try take(name) else { throw .malformed("'\(name)' is no text") }
        return text
    }

    mutating func optionalText(_ name: String) throws(CooperativeFlaw) -> String? {
        if rest[name] == nil { return nil }
        return try text(name)
    }

    mutating func integer(_ name: String) throws(CooperativeFlaw) -> Int64 {
        guard case .integer(let integer) = try take(name) else { throw .malformed("'\(name)' is no number") }
        return integer
    }

    /// What a member is, whatever it is.
    mutating func any(_ name: String) throws(CooperativeFlaw) -> JSONValue { try take(name) }

    /// What a member is; nil where there is none.
    mutating func optional(_ name: String) -> JSONValue? { rest.removeValue(forKey: name) }

    mutating func guid(_ name: String) throws(CooperativeFlaw) -> GUID {
        let text = try text(name)
        let guid = GUID(text)
        guard guid.isWellFormed, guid.canonical == text else { throw .malformed("'\(name)' is no GUID in lower case") }
        return guid
    }

    mutating func time(_ name: String) throws(CooperativeFlaw) -> Timestamp {
        let text = try text(name)
        guard let time = Timestamp(rfc3339: text), time.rfc3339 == text else { throw .malformed("'\(name)' is no time in UTC") }
        return time
    }

    /// The terms in the members `scope`, `roleDefinitionId` and `ttl`.
    mutating func terms() throws(CooperativeFlaw) -> CooperativeTerms {
        let text = try text("scope")
        guard let scope = CooperativeScope(canonical: text) else { throw .scope }
        let role = try self.text("roleDefinitionId")
        let seconds = try integer("ttl")
        for known in CooperativeTerms.Role.allCases {
            guard let terms = CooperativeTerms(role: known, scope: scope, seconds: Int(clamping: seconds)) else {
                throw .malformed("'ttl' is no time that can be asked for")
            }
            if terms.roleDefinitionID.text == role { return terms }
        }
        throw .role
    }

    /// - Throws: ``CooperativeFlaw/malformed(_:)`` when something is left.
    func end() throws(CooperativeFlaw) {
        if let name = rest.keys.min() { throw .malformed("'\(name.prefix(40))' is not known here") }
    }
}

extension CooperativeRequest {
    /// Reads a statement.
    /// - Throws: ``CooperativeFlaw``.
    init(reading value: JSONValue?) throws(CooperativeFlaw) {
        var reader = try StatementReader(value, "request")
        guard try reader.integer("v") == Self.version else { throw .malformed("it is of another version") }
        var requester = try StatementReader(try reader.any("requester"), "requester")
        let oid = try requester.guid("oid")
        try requester.end()
        guard let type = PrincipalType(rawValue: try reader.text("principalType")) else {
            throw .malformed("'principalType' is neither User nor ServicePrincipal")
        }
        try self.init(
            id: try reader.guid("id"), tenant: try reader.guid("tid"), requester: oid, principal: try reader.guid("principal"),
            principalType: type, terms: try reader.terms(), reason: try reader.text("reason"), ticket: try reader.optionalText("ticket"),
            environment: try reader.text("env"), policyHash: try reader.text("policyHash"), issuedAt: try reader.time("issuedAt"))
        try reader.end()
    }
}
