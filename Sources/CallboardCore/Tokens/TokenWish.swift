package import Identity
public import ServiceBus

/// A token that somebody asks for.
///
/// This room makes short-lived tokens for one role on one entity (``TokenIssue``) and hands them to a place that is not a screen (``SecretSink``): of an
/// application that has the role and nothing else, of whoever is signed in, or, where a policy says so, a signature of a shared key.
public struct TokenWish: Hashable, Sendable {
    /// Whose token it is to be.
    public enum Method: Hashable, Sendable {
        /// Of the application that the context names for the role; where it names none, of whoever is signed in.
        case identity
        /// Of whoever is signed in, after an activation.
        case own
        /// A signature of a shared access rule: the one of this name, or the narrowest there is.
        case signature(rule: String?)
    }

    /// The role.
    public var role: PolicyRole
    /// The entity.
    public var entity: EntityPath
    /// For how long it is handed out and renewed.
    public var ttl: Duration
    /// Whose it is to be.
    public var method: Method
    /// Whether it is handed over as a connection string, which libraries take as they are; signatures only.
    public var isConnectionString = false
    /// Why.
    public var reason: String?
    /// The ticket.
    public var ticket: String?

    /// Creates a wish.
    public init(role: PolicyRole, entity: EntityPath, ttl: Duration, method: Method) {
        self.role = role
        self.entity = entity
        self.ttl = ttl
        self.method = method
    }

    /// The longest a shared key signs for, in all renewals together: it cannot be taken back.
    static let longestSignature = Duration.seconds(3600)

    /// Refuses what makes no sense.
    /// - Throws: ``OperatorError`` of kind usage.
    public func check() throws(OperatorError) {
        guard role != .owner else {
            throw OperatorError(
                .usage, "No token is handed out for the role 'owner': it opens everything.", hint: "Ask for sender or receiver.")
        }
        guard ttl >= .seconds(60), ttl <= .seconds(86_400) else {
            throw OperatorError(
                .usage, "A token is handed out for a minute to a day, not for \(DurationText.text(ttl)).", hint: "Give --ttl 30m.")
        }
        guard entity.subQueue == .active else {
            throw OperatorError(
                .usage, "Rights are given on \(entity.entity.displayName) as a whole, sub-queues included.", hint: "Name it.")
        }
        if role == .sender, entity.subscription != nil {
            throw OperatorError(
                .usage, "Nobody sends to a subscription: its topic takes messages.", hint: "Name the topic, \(entity.name).", entity: entity
            )
        }
        switch method {
        case .signature:
            guard ttl <= Self.longestSignature else {
                throw OperatorError(
                    .usage,
                    "A shared key signs for at most \(DurationText.text(Self.longestSignature)), not for \(DurationText.text(ttl)): "
                        + "a signature works until its end, whatever happens.", hint: "Ask for less; it can be asked for again.")
            }
        case .identity, .own:
            guard !isConnectionString else {
                throw OperatorError(.usage, "A token of Entra ID has no form as a connection string.", hint: "Leave it out, or add --sas.")
            }
        }
    }
}

/// A token that was made.
package struct IssuedToken: Sendable {
    /// The token, in the form that was asked for.
    package var secret: Secret
    /// When the service stops accepting it.
    package var expiresAt: WallTime
    /// What the ledger calls it.
    package var kind: AuditCredential.Kind
    /// The application it is of; nil where it is nobody's or the caller's own.
    package var application: String?
    /// What joins it to the Activity Log.
    package var correlationIDs: [String] = []
    /// What whoever asked has to know, in sentences.
    package var remarks: [String] = []

    package init(secret: Secret, expiresAt: WallTime, kind: AuditCredential.Kind, application: String? = nil) {
        self.secret = secret
        self.expiresAt = expiresAt
        self.kind = kind
        self.application = application
    }
}

/// Who makes tokens: Entra ID, a shared key, or a test that plays one.
package protocol TokenMaker: Sendable {
    /// A token that is good until a moment, or as long as whoever makes it decides.
    /// - Parameters:
    ///   - end: the end of what was asked for.
    ///   - isRenewable: whether another one can follow it where it goes, so that a short one will do.
    func token(until end: WallTime, isRenewable: Bool) async throws(OperatorError) -> IssuedToken
}
