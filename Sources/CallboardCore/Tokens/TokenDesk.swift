internal import AzureResources
internal import Identity
internal import RESTClient
public import ServiceBus

/// Where tokens are handed out in a context that signs in: who makes them, what the policy says, and where they go.
public struct TokenDesk: Sendable {
    private let signIn: ContextSignIn
    private let host: String

    init(_ signIn: ContextSignIn) throws(OperatorError) {
        self.signIn = signIn
        host = try signIn.serviceHost
    }

    /// Where a token goes.
    public enum Target: Sendable {
        /// A place where it can be read, once or renewed until the time is over.
        case place(SecretDestination, isOnce: Bool)
        /// A place, for as long as a program lives that is started with the first token there.
        case placeForProgram(SecretDestination, [String])
        /// A program's environment, under this name.
        case variable(String, [String])
        /// A program's standard input.
        case standardInput([String])
    }

    /// Hands a token out, and stays until it is over.
    /// - Parameters:
    ///   - candidates: what the entity may be, the likelier first.
    ///   - started: given what sends signals on to the program that was started, and says whether it lives; 0 is no signal.
    ///   - tell: told what happens.
    /// - Returns: the exit status: the program's, where one was started.
    /// - Throws: ``OperatorError``.
    public func issue(
        _ wish: TokenWish, candidates: [EntityPath], to target: Target,
        started: @escaping @Sendable (@escaping @Sendable (Int32) -> Bool) -> Void = { _ in },
        tell: @escaping @Sendable (TokenNews) -> Void
    ) async throws(OperatorError) -> Int32 {
        let issue = try await prepare(wish, candidates: candidates, tell: tell)
        let clock = WallClock.system
        switch target {
        case .place(let destination, let isOnce):
            try await issue.hold(at: try signIn.sink(destination), named: destination, isOnce ? .once : .renewed)
            return 0
        case .placeForProgram(let destination, let command):
            return try await issue.hold(at: try signIn.sink(destination), named: destination, for: command, signIn.environment, started)
        case .variable(let name, let command):
            try SecretChild.check(variable: name)
            return try await issue.run(
                command, until: clock.now.advanced(by: wish.ttl), sink: "environment:\(name)", signIn.environment, started
            ) {
                .variable(name, $0)
            }
        case .standardInput(let command):
            return try await issue.run(command, until: clock.now.advanced(by: wish.ttl), sink: "stdin", signIn.environment, started) {
                .standardInput($0)
            }
        }
    }

    private func prepare(
        _ wish: TokenWish, candidates: [EntityPath], tell: @escaping @Sendable (TokenNews) -> Void
    ) async throws(OperatorError) -> TokenIssue {
        try wish.check()
        var wish = wish
        var kind = PolicyScope.Kind.unknown
        var place: AzurePlace?
        do throws(OperatorError) {
            let found = try await signIn.azurePlace()
            (wish.entity, kind) = try await Self.resolve(candidates, in: found)
            place = found
        } catch {
            // Who may not read the namespace in Azure Resource Manager may have a role on the entity all the same; signing takes the keys from there.
            let needsPlace = if case .signature = wish.method { true } else { false }
            guard error.code == .notPermitted, !needsPlace else { throw error }
        }
        try wish.check()
        let signIn = signIn
        return TokenIssue(
            wish, kind: kind, maker: try await maker(wish, place), guarded: { () throws(OperatorError) in try signIn.guarded() },
            clock: .system, pause: .system, tell: tell)
    }

    /// The first of what an entity may be that exists.
    private static func resolve(_ candidates: [EntityPath], in place: AzurePlace) async throws(OperatorError) -> (
        EntityPath, PolicyScope.Kind
    ) {
        var missing: OperatorError?
        for candidate in candidates {
            do throws(OperatorError) {
                let kind = try await place.owner(of: candidate).kind
                if candidate.subscription == nil { return (candidate, kind) }
                try await place.checkSubscription(candidate)
                return (candidate, .topic)
            } catch {
                guard error.code == .notFound else { throw error }
                missing = missing ?? error
            }
        }
        throw missing ?? OperatorError(.notFound, "There is no such entity.")
    }

    private func maker(_ wish: TokenWish, _ place: AzurePlace?) async throws(OperatorError) -> any TokenMaker {
        let scope = TokenScope.serviceBus(signIn.settings.cloud)
        switch wish.method {
        case .own: return EntraTokenMaker(source: signIn.chain, scope: scope, holder: .caller)
        case .identity:
            guard let identity = signIn.roleIdentity(wish.role, on: wish.entity) else {
                return EntraTokenMaker(source: signIn.chain, scope: scope, holder: .caller)
            }
            return EntraTokenMaker(source: try signIn.credential(of: identity), scope: scope, holder: .application(identity.clientID))
        case .signature(let name):
            guard let place else { throw OperatorError(.internal, "The namespace was not looked up.") }
            guard place.namespace.localAuthentication != .off else {
                throw OperatorError(
                    .refused, "\(place.namespace.name) refuses shared keys (disableLocalAuth): a signature would open nothing.",
                    hint: "Have a role instead.", entity: wish.entity)
            }
            let rules = try await place.rules(of: wish.entity) + place.rules(of: nil)
            let rule = try SignatureMaker.rule(for: wish.role, among: rules, named: name)
            let store = try KeyJournalStore.standard(environment: signIn.environment)
            let ring = AzureKeyRing(manager: place.manager, namespace: place.namespace.id, pause: .system)
            return SignatureMaker(
                ring: ring, rule: rule,
                key: { () async throws(OperatorError) in
                    KeyStanding.lastingKey(try store.standing(of: rule), try await ring.tag(of: rule))
                }, host: host, wish: wish, clock: .system)
        }
    }

    /// Ends a role that was activated: from then on no new token opens anything.
    /// - Returns: what was ended, and what lives on, in sentences.
    /// - Throws: ``OperatorError``: not found when nothing of the caller's is active there.
    public func revoke(
        _ role: PolicyRole, candidates: [EntityPath], reason: String?, ticket: String?
    ) async throws(OperatorError) -> [String] {
        let place = try await signIn.azurePlace()
        let (entity, kind) = try await Self.resolve(candidates, in: place)
        return try await TokenRevocation(place: place, guarded: try signIn.guarded()).end(
            role, on: entity, kind: kind, reason: reason, ticket: ticket)
    }
}

extension KeyStanding {
    /// The key that works longest from now on.
    var lastingKey: AccessKeyKind {
        switch phase {
        case .resting, .begun: active
        case .made, .delivered, .retiring: active.other
        }
    }

    /// The key that works longest from now on, by what this machine and what the namespace knows.
    /// - Parameters:
    ///   - standing: the journal; nil where there is none.
    ///   - tag: what any machine noted last; nil where none did.
    static func lastingKey(_ standing: KeyStanding?, _ tag: RotationTag?) -> AccessKeyKind {
        guard let standing else { return tag?.active ?? .primary }
        guard case .resting = standing.phase, let tag else { return standing.lastingKey }
        // Another machine may have rotated since, or been told. A tag may be older than the journal where it could not be written.
        let (known, noted) = (standing.knownAt?.milliseconds ?? .min, tag.saidAt?.milliseconds ?? .min)
        return noted > known || tag.isUnderWay && noted / 1000 == known / 1000 ? tag.active : standing.lastingKey
    }
}
