package import AzureResources
internal import Identity
package import ServiceBus

/// That something that was granted is to end, and when: what waits in the queue of revocations. It is not signed: it takes away only what says of itself, at
/// Azure, that it is that grant and over.
package struct CooperativeRevocation: Hashable, Sendable {
    /// The request.
    package let request: GUID
    /// Where the role is.
    package let scope: CooperativeScope
    /// When it ends.
    package let end: Timestamp

    package init(request: GUID, scope: CooperativeScope, end: Timestamp) {
        self.request = request
        self.scope = scope
        self.end = end
    }

    /// The role assignment.
    package var assignment: ResourceID { scope.assignment(named: NameBasedID.assignment(for: request)) }

    /// How it travels.
    var value: JSONValue {
        .object([
            .init("v", .integer(CooperativeRequest.version)), .init("revoke", .text(request.canonical)),
            .init("scope", .text(scope.id.text)),
            .init("exp", .text(end.rfc3339)),
        ])
    }

    /// Reads what travelled.
    /// - Throws: ``CooperativeFlaw``.
    init(reading body: [UInt8]) throws(CooperativeFlaw) {
        guard body.count <= 4096 else { throw .malformed("it is larger than 4 KiB") }
        let value: JSONValue
        do throws(JSONValueReader.Fault) { value = try JSONValueReader.value(of: body) } catch { throw .malformed(error.message) }
        var reader = try StatementReader(value, "revoke")
        guard try reader.integer("v") == CooperativeRequest.version else { throw .malformed("it is of another version") }
        request = try reader.guid("revoke")
        guard let scope = CooperativeScope(canonical: try reader.text("scope")) else { throw .scope }
        self.scope = scope
        end = try reader.time("exp")
        try reader.end()
    }
}

/// What is kept beside a decision: the request with its signature, and the key of the issuer that vouches for it, since issuers forget their old keys. The
/// key that vouches for the decision itself is found by whoever reads the topic in time, and kept by ``CooperativeProof``.
struct DecisionArchive {
    private let verified: VerifiedRequest

    init(_ verified: VerifiedRequest) { self.verified = verified }

    var value: JSONValue {
        let key = verified.proof.key
        var members: [JSONValue.Member] = [
            .init("kty", .text("RSA")), .init("kid", .text(key.kid)), .init("n", .text(key.n)), .init("e", .text(key.e)),
        ]
        if let issuer = key.issuer { members.append(.init("issuer", .text(issuer))) }
        // It was read from there a moment ago.
        let request = (try? JSONValueReader.value(of: verified.message.body)) ?? .null
        return .object([
            .init("message", request), .init("enqueuedAt", .text(verified.message.enqueuedAt.rfc3339)), .init("key", .object(members)),
        ])
    }
}
