package import AzureResources
internal import Crypto
package import ServiceBus

/// What somebody asks for in the queue of requests: a statement that has exactly one spelling, which is what is signed.
///
/// This room holds the **cooperative** way to a role (access-and-identity 6.4): a Service Bus queue that carries signed requests, a topic with the signed
/// decisions on them, and a queue that says when what was granted ends. Azure's roles alone enforce anything here: whoever can send to the queue can ask, and
/// only whoever may assign roles in Azure can grant. What the program adds is that nobody is taken for somebody else (``SignatureVerifier``), that a request
/// is what it was when it was signed (``RequestVerifier``), that the topic's order decides what came of it (``DecisionLog``), that a crash between any two
/// steps ends well (``CooperativeDesk``), and that what has ended is taken away (``RevocationSweeper``).
package struct CooperativeRequest: Hashable, Sendable {
    /// The version of the form.
    static let version: Int64 = 1
    /// The longest reason, in characters.
    package static let longestReason = 500
    /// The longest ticket and name of an environment, in bytes.
    static let longestWord = 100

    /// Whom a role can be given to here. Groups cannot ask: whatever they have, all of their members have.
    package enum PrincipalType: String, Hashable, Sendable, CaseIterable {
        /// A person.
        case user = "User"
        /// An application or a managed identity.
        case servicePrincipal = "ServicePrincipal"
    }

    /// What names it.
    package let id: GUID
    /// The tenant.
    package let tenant: GUID
    /// The object id of whoever asks.
    package let requester: GUID
    /// The object id of whoever would have the role.
    package let principal: GUID
    /// What kind of identity that is.
    package let principalType: PrincipalType
    /// What is asked for.
    package let terms: CooperativeTerms
    /// Why. Hostile text: sanitise.
    package let reason: String
    /// The ticket. Hostile text: sanitise.
    package let ticket: String?
    /// The environment, as the requester's context calls it; empty where it has none.
    package let environment: String
    /// The policy the requester asked under.
    package let policyHash: String
    /// When the requester's clock said it was.
    package let issuedAt: Timestamp

    /// A request.
    /// - Throws: ``CooperativeFlaw/malformed(_:)`` when it cannot be asked for in this way.
    package init(
        id: GUID, tenant: GUID, requester: GUID, principal: GUID, principalType: PrincipalType, terms: CooperativeTerms, reason: String,
        ticket: String?, environment: String, policyHash: String, issuedAt: Timestamp
    ) throws(CooperativeFlaw) {
        for (name, id) in [("id", id), ("tid", tenant), ("requester", requester), ("principal", principal)] where !id.isWellFormed {
            throw .malformed("'\(name)' is no GUID")
        }
        try CooperativeText.check(reason: reason)
        if let ticket { try CooperativeText.check(word: ticket, "ticket") }
        if !environment.isEmpty { try CooperativeText.check(word: environment, "env") }
        guard CooperativeText.isDigest(policyHash) else { throw .malformed("'policyHash' is no SHA-256") }
        self.id = GUID(id.canonical)
        self.tenant = GUID(tenant.canonical)
        self.requester = GUID(requester.canonical)
        self.principal = GUID(principal.canonical)
        self.principalType = principalType
        self.terms = terms
        self.reason = reason
        self.ticket = ticket
        self.environment = environment
        self.policyHash = policyHash
        self.issuedAt = Timestamp(milliseconds: issuedAt.milliseconds / 1000 * 1000)
    }

    /// The statement.
    var value: JSONValue {
        var members: [JSONValue.Member] = [
            .init("v", .integer(Self.version)), .init("id", .text(id.canonical)), .init("tid", .text(tenant.canonical)),
            .init("requester", .object([.init("oid", .text(requester.canonical))])), .init("principal", .text(principal.canonical)),
            .init("principalType", .text(principalType.rawValue)), .init("scope", .text(terms.scope.id.text)),
            .init("roleDefinitionId", .text(terms.roleDefinitionID.text)), .init("ttl", .integer(Int64(terms.seconds))),
            .init("reason", .text(reason)), .init("env", .text(environment)), .init("policyHash", .text(policyHash)),
            .init("issuedAt", .text(issuedAt.rfc3339)),
        ]
        if let ticket { members.append(.init("ticket", .text(ticket))) }
        return .object(members)
    }

    /// What is signed, and what every copy of it is held against.
    package var digest: StatementDigest { StatementDigest(value.canonical) }
}

/// SHA-256 of a statement in its one spelling (RFC 8785).
package struct StatementDigest: Hashable, Sendable {
    /// The 32 bytes.
    let bytes: [UInt8]

    /// The digest of bytes.
    init(_ bytes: [UInt8]) { self.bytes = Array(SHA256.hash(data: bytes)) }

    /// In hexadecimal: the id of the message that carries the statement, so that the service itself drops a second one.
    package var hexadecimal: String { bytes.hexadecimal }

    /// In base64 for URLs: what an id token that signs it has as its nonce.
    package var nonce: String { Base64URL.encode(bytes) }
}

/// What texts in statements may be.
enum CooperativeText {
    /// - Throws: ``CooperativeFlaw/malformed(_:)`` for a reason that is empty or too long.
    static func check(reason: String) throws(CooperativeFlaw) {
        guard !reason.trimmed.isEmpty else { throw .malformed("there is no reason") }
        guard reason.unicodeScalars.count <= CooperativeRequest.longestReason else { throw .malformed("the reason is too long") }
    }

    /// - Throws: ``CooperativeFlaw/malformed(_:)`` for what is not a short word of printable ASCII.
    static func check(word: String, _ name: String) throws(CooperativeFlaw) {
        guard !word.isEmpty, word.utf8.count <= CooperativeRequest.longestWord, word.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw .malformed("'\(name)' is no short word of printable ASCII")
        }
    }

    /// Whether a text is 64 hexadecimal digits in lower case.
    static func isDigest(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
