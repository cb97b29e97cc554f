package import AzureResources
package import Identity
internal import ServiceBus

/// Shared access signatures for one entity, of the narrowest rule that will do. The key is fetched, used and given up; nothing keeps it.
package struct SignatureMaker: TokenMaker {
    /// How long one signature lives where another can follow it.
    package static let shortest = Duration.seconds(900)

    private let ring: any KeyRing
    private let rule: KeyRule
    private let key: @Sendable () async throws(OperatorError) -> AccessKeyKind
    private let host: String
    private let wish: TokenWish
    private let clock: WallClock

    /// - Parameters:
    ///   - ring: who has the keys.
    ///   - rule: whose key signs.
    ///   - key: which of both, asked each time: the one that lives on while keys are being made anew.
    ///   - host: the namespace's host.
    package init(
        ring: any KeyRing, rule: KeyRule, key: @escaping @Sendable () async throws(OperatorError) -> AccessKeyKind, host: String,
        wish: TokenWish, clock: WallClock
    ) {
        self.ring = ring
        self.rule = rule
        self.key = key
        self.host = host
        self.wish = wish
        self.clock = clock
    }

    package func token(until end: WallTime, isRenewable: Bool) async throws(OperatorError) -> IssuedToken {
        let kind = try await key()
        let keys = try await ring.keys(of: rule)
        let shortest = clock.now.advanced(by: Self.shortest)
        let expiresAt = isRenewable ? min(end, shortest) : end
        let signature = SharedAccessSignature.generate(
            resource: "sb://\(host)/\(wish.entity.address)", keyName: rule.name, key: keys.key(kind), expiresAt: expiresAt)
        var issued = IssuedToken(
            secret: wish.isConnectionString ? Self.connectionString(host, wish.entity, signature) : signature, expiresAt: expiresAt,
            kind: .signature)
        issued.correlationIDs = keys.correlationID.map { [$0] } ?? []
        issued.remarks.append(
            "A signature of the \(kind.word) key of \(rule) works until its end; only making that key anew ends it before, for everybody who has it."
        )
        if rule.isManaging {
            issued.remarks.append("The rule has Manage: whoever has this can do everything on \(wish.entity.displayName).")
        }
        return issued
    }

    private static func connectionString(_ host: String, _ entity: EntityPath, _ signature: Secret) -> Secret {
        signature.withUnsafeBytes {
            Secret(Array("Endpoint=sb://\(host)/;SharedAccessSignature=".utf8) + Array($0) + Array(";EntityPath=\(entity.address)".utf8))
        }
    }

    /// The rule whose key is to sign.
    ///
    /// Of those that have the right: one of the entity before one of the namespace, the one with the fewest rights first. One with Manage signs only when it
    /// is named and no other has the right.
    /// - Parameters:
    ///   - rules: those of the entity and of the namespace.
    ///   - name: the one that was named; nil for the narrowest.
    /// - Throws: ``OperatorError``: refused where only a wider rule than need be would do, not found where none has the right.
    package static func rule(
        for role: PolicyRole, among rules: [KeyRule], named name: String?
    ) throws(OperatorError) -> KeyRule {
        let right: AuthorizationRuleResource.KeyRight = role == .sender ? .send : .listen
        let fit = rules.filter { $0.rights.contains(right) }.sorted {
            ($0.isManaging ? 1 : 0, $0.entity == nil ? 1 : 0, $0.rights.count, $0.name)
                < ($1.isManaging ? 1 : 0, $1.entity == nil ? 1 : 0, $1.rights.count, $1.name)
        }
        let named = name.flatMap { name in fit.first { $0.name.lowercased() == name.lowercased() } }
        guard let narrowest = fit.first, name == nil || named != nil else {
            throw OperatorError(
                .notFound, "No shared access rule\(name.map { " '\($0)'" } ?? "") with \(right.rawValue) opens this entity.",
                hint: "'callboard keys list' shows what there is; better, have a role instead of a key.")
        }
        guard let named else {
            if narrowest.isManaging {
                throw OperatorError(
                    .refused, "Only \(narrowest) has \(right.rawValue) here, and it has Manage besides: nothing was signed.",
                    hint: "Add a rule with \(right.rawValue) alone to the entity, or name this one with --rule \(narrowest.name).")
            }
            return narrowest
        }
        guard !named.isManaging || narrowest.isManaging else {
            throw OperatorError(
                .refused, "\(named) has Manage, and \(narrowest) will do: nothing was signed.", hint: "Leave --rule out.")
        }
        return named
    }
}
