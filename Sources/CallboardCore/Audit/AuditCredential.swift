public import ServiceBus

/// Which key or token something was done with, without either: a name, a fingerprint and an end.
public struct AuditCredential: Hashable, Sendable {
    /// What kinds of credentials are handed out or changed.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A key of a shared access rule.
        case key = "shared-access-key"
        /// A shared access signature.
        case signature = "shared-access-signature"
        /// A token of Entra ID.
        case token = "access-token"
    }

    /// The kind.
    public var kind: Kind
    /// Which one: `RootManageSharedAccessKey secondary`, `receiver of orders`.
    public var name: String
    /// What is done with it, in a word, where the action has several steps: `make`, `hand-over`, `end`.
    public var step: String?
    /// The application it is of; nil where it is nobody's or the actor's own.
    public var application: String?
    /// What tells it from others.
    public var fingerprint: SecretFingerprint?
    /// Until when it is good; nil for no end.
    public var expiresAt: Timestamp?
    /// Where it went: `file:/run/orders.token`, `environment:SERVICEBUS_TOKEN`.
    public var sink: String?

    /// Creates what is written down of a credential.
    public init(_ kind: Kind, name: String, step: String? = nil, sink: String? = nil) {
        self.kind = kind
        self.name = name
        self.step = step
        self.sink = sink
    }

    private static let longest = 300

    var value: JSONValue {
        let texts = [
            ("kind", kind.rawValue), ("name", name), ("step", step), ("application", application),
            ("fingerprint", fingerprint?.description), ("expiresAt", expiresAt?.rfc3339), ("sink", sink),
        ]
        return .object(
            texts.compactMap { name, text in text.map { .init(name, .text(AuditEvent.bounded($0, Self.longest))) } })
    }
}

extension AuditRecord {
    /// The key or token it is about; nil where it is about none, or of a kind that is not known here.
    public var credential: AuditCredential? {
        guard let written = value["credential"], let kind = written["kind"]?.text.flatMap({ AuditCredential.Kind(rawValue: $0) }),
            let name = written["name"]?.text
        else { return nil }
        var credential = AuditCredential(kind, name: name, step: written["step"]?.text, sink: written["sink"]?.text)
        credential.application = written["application"]?.text
        credential.fingerprint = written["fingerprint"]?.text.flatMap { SecretFingerprint($0) }
        credential.expiresAt = written["expiresAt"]?.text.flatMap { Timestamp(rfc3339: $0) }
        return credential
    }
}
