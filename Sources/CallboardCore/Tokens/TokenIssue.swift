internal import AzureResources
public import Identity
internal import ServiceBus

/// Hands a token out: the policy is asked, the ledger says that it is going to be done, it is made and handed over, and the ledger says which, by its
/// fingerprint, and until when.
package struct TokenIssue: Sendable {
    /// How it goes on after the first token.
    package enum Manner: Hashable, Sendable {
        /// One token, and nothing after it.
        case once
        /// Renewed ahead of its end until the time that was asked for is over; then taken away.
        case renewed
    }

    /// How long before its end a token is renewed.
    package static let margin = Duration.seconds(240)
    /// How long to wait after a renewal that failed.
    package static let patience = Duration.seconds(30)

    private let guarded: @Sendable () throws(OperatorError) -> GuardedChange
    private let maker: any TokenMaker
    private let wish: TokenWish
    private let kind: PolicyScope.Kind
    private let clock: WallClock
    private let pause: Pause
    let tell: @Sendable (TokenNews) -> Void

    /// - Parameters:
    ///   - wish: what is asked for.
    ///   - kind: what the entity is.
    ///   - maker: who makes it.
    ///   - guarded: policy and ledger, read anew for each token: a policy that was changed meanwhile counts.
    ///   - clock: the time of day.
    ///   - pause: how to wait.
    ///   - tell: told what happens.
    package init(
        _ wish: TokenWish, kind: PolicyScope.Kind, maker: any TokenMaker,
        guarded: @escaping @Sendable () throws(OperatorError) -> GuardedChange,
        clock: WallClock, pause: Pause, tell: @escaping @Sendable (TokenNews) -> Void
    ) {
        self.wish = wish
        self.kind = kind
        self.maker = maker
        self.guarded = guarded
        self.clock = clock
        self.pause = pause
        self.tell = tell
    }

    // MARK: One token

    /// Makes one token and hands it over.
    /// - Parameters:
    ///   - end: the end of what was asked for.
    ///   - isRenewable: whether another one can follow it where it goes.
    ///   - sink: where it goes, for the ledger.
    ///   - held: the one that is there and is to be followed; nil for the first.
    ///   - deliver: hands it over.
    /// - Returns: what `deliver` gave, the token's fingerprint and its end.
    /// - Throws: ``OperatorError``: refused by the policy, also for a token that lives longer than it allows; or no token could be had or handed over, or only the one that is
    ///   there already, of which nothing is written down then.
    package func issue<Value: Sendable>(
        until end: WallTime, isRenewable: Bool, sink: String, after held: SecretFingerprint? = nil,
        _ deliver: (IssuedToken) async throws(OperatorError) -> Value
    ) async throws(OperatorError) -> (result: Value, fingerprint: SecretFingerprint, expiresAt: WallTime) {
        let guarded = try guarded()
        let left = Duration.seconds(max(0, end.secondsSince1970 - clock.now.secondsSince1970))
        let leave = try await authorize(guarded, .issueToken, left)
        let isSigned = if case .signature = wish.method { true } else { false }
        if isSigned { _ = try await authorize(guarded, .signToken, left) }
        // Whoever keeps tokens of Entra ID gives the last one again where there is no newer one.
        let next: Result<IssuedToken, OperatorError>? =
            held == nil || isSigned
            ? nil
            : await made { () throws(OperatorError) in try await maker.token(until: end, isRenewable: isRenewable) }
        if case .success(let token)? = next, SecretFingerprint(token.secret) == held {
            throw OperatorError(
                .service, "There is no newer token: the last one was given again, which lives until \(token.expiresAt.rfc3339).",
                hint: "It is asked for again while that one lives.")
        }
        var event = AuditEvent(leave, .intended, by: guarded.actor, in: guarded.guardrails.place, entity: wish.entity)
        event.credential = AuditCredential(
            isSigned ? .signature : .token, name: "\(wish.role.rawValue) of \(wish.entity.displayName)", sink: sink)
        let (result, token) = try await guarded.carryOut(event) { () throws(OperatorError) in
            let token = if let next { try next.get() } else { try await maker.token(until: end, isRenewable: isRenewable) }
            // Known only now: Entra ID decides how long its tokens live.
            let life = Duration.seconds(max(0, token.expiresAt.secondsSince1970 - clock.now.secondsSince1970))
            do throws(Denial) { try leave.check(ttl: life) } catch {
                var refusal = error.operatorError
                refusal.hint =
                    "The token was given up and nobody has it. Shorten the application's tokens with a token lifetime policy, or allow max_ttl: \(DurationText.text(life))."
                throw refusal
            }
            return (try await deliver(token), token)
        } done: { outcome, event in
            let token = outcome.1
            event.credential?.fingerprint = SecretFingerprint(token.secret)
            event.credential?.expiresAt = Timestamp(milliseconds: token.expiresAt.milliseconds)
            event.credential?.application = token.application
            event.correlationRequestIDs = token.correlationIDs
        }
        let fingerprint = SecretFingerprint(token.secret)
        tell(.issued(fingerprint, until: token.expiresAt, remarks: token.remarks))
        return (result, fingerprint, token.expiresAt)
    }

    private func made(_ make: () async throws(OperatorError) -> IssuedToken) async -> Result<IssuedToken, OperatorError> {
        do throws(OperatorError) { return .success(try await make()) } catch { return .failure(error) }
    }

    private func authorize(
        _ guarded: GuardedChange, _ action: PolicyAction, _ left: Duration
    ) async throws(OperatorError) -> Authorization {
        var question = guarded.guardrails.question(action, on: wish.entity, kind: kind)
        question.role = wish.role
        question.ttl = left
        let asked = question
        return try await guarded.authorize(asked, entity: wish.entity) { guardrails throws(Denial) in
            try guardrails.authorize(asked, reason: wish.reason, ticket: wish.ticket)
        }
    }

    // MARK: Renewing

    /// Hands tokens over at a place one after the other, until the time is over; takes the last one away then.
    /// - Throws: ``OperatorError``: the first could not be handed over, or a renewal is not allowed any more. ``OperatorError/Code/cancelled`` when the task
    ///   was. Whatever it is, what was handed over is taken away.
    package func hold(at sink: any SecretSink, named destination: SecretDestination, _ manner: Manner) async throws(OperatorError) {
        let end = clock.now.advanced(by: wish.ttl)
        try await sink.check(replacing: [])
        // What is there, whatever became of the ledger's record of it.
        var held: SecretFingerprint?
        do throws(OperatorError) {
            switch manner {
            case .once:
                let last = try await issue(until: end, isRenewable: false, sink: destination.description) { token throws(OperatorError) in
                    try await sink.deliver(token.secret, note(token), replacing: [])
                    held = SecretFingerprint(token.secret)
                }
                try await settle(sink, until: last.expiresAt)
            case .renewed:
                try await renew(at: sink, named: destination, until: end, &held)
                if let held { await sink.withdraw(held) }
                tell(.over)
            }
        } catch {
            guard let held else { throw error }
            await sink.withdraw(held)
            var told = error
            if told.code == .partlyDone { told.message += " What was handed over is taken away again." }
            throw told
        }
    }

    private func renew(
        at sink: any SecretSink, named destination: SecretDestination, until end: WallTime, _ held: inout SecretFingerprint?
    ) async throws(OperatorError) {
        var there: Set<SecretFingerprint> = []
        var expiresAt = clock.now
        // Written down outside of what is told to the caller: a record that fails comes after the hand-over.
        defer { held = there.first }
        func next() async throws(OperatorError) {
            let known = there
            var now = known
            defer { there = now }
            expiresAt = try await issue(
                until: end, isRenewable: true, sink: destination.description, after: known.first
            ) { token throws(OperatorError) in
                try await sink.deliver(token.secret, note(token), replacing: known)
                now = [SecretFingerprint(token.secret)]
            }.expiresAt
        }
        try await next()
        while clock.now < end {
            try await wait(until: min(end, renewal(of: expiresAt)), end: end)
            guard clock.now < end else { break }
            do throws(OperatorError) { try await next() } catch {
                // What is not allowed any more ends here; what may work in a moment does not, while the last one lives.
                guard clock.now < expiresAt, [.unreachable, .timeout, .throttled, .service].contains(error.code) else { throw error }
                tell(.notRenewed(error))
                try await wait(until: min(end, clock.now.advanced(by: Self.patience)), end: end)
            }
        }
    }

    /// Stays while what was handed over needs this process: until it is read, or of no use.
    private func settle(_ sink: any SecretSink, until end: WallTime) async throws(OperatorError) {
        guard sink.needsProcess else { return }
        let isRead = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await sink.settle()
                return !Task.isCancelled
            }
            group.addTask {
                do throws(OperatorError) { try await wait(until: end, end: end) } catch { return false }
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
        guard !isRead else { return }
        if Task.isCancelled { throw OperatorError(.cancelled, "Interrupted: the token was taken away.") }
        throw OperatorError(
            .timeout, "Nobody read the token at \(sink.title) before its end; it was taken away.",
            hint: "Start the reader, then this again.")
    }

    private func note(_ token: IssuedToken) -> SecretNote {
        SecretNote(contentType: "application/vnd.callboard.token", expiresAt: token.expiresAt)
    }

    /// When a token is to be renewed: ahead of its end, or half way through a very short life.
    private func renewal(of end: WallTime) -> WallTime {
        let left = max(0, end.secondsSince1970 - clock.now.secondsSince1970)
        let margin = min(Self.margin.components.seconds, left / 2)
        return WallTime(secondsSince1970: end.secondsSince1970 - margin)
    }

    /// Waits, and tells each second how much is left.
    private func wait(until moment: WallTime, end: WallTime) async throws(OperatorError) {
        while clock.now < moment {
            tell(.remaining(.seconds(end.secondsSince1970 - clock.now.secondsSince1970)))
            do throws(IdentityError) { try await pause(.seconds(1)) } catch {
                throw OperatorError(.cancelled, "Interrupted: the token was taken away.")
            }
        }
    }
}

/// What happens to a token, for whoever waits. No part of it is in here.
public enum TokenNews: Sendable {
    /// It was handed over.
    case issued(SecretFingerprint, until: WallTime, remarks: [String])
    /// So much is left of the time that was asked for.
    case remaining(Duration)
    /// It could not be renewed, and lives on for a while.
    case notRenewed(OperatorError)
    /// There is no further token, and what was handed over is taken away, while a program goes on that was started with it.
    case ended(OperatorError)
    /// The time is over; it was taken away.
    case over
}

extension WallTime {
    /// Milliseconds since 1970; the last representable ones if that is too far.
    package var milliseconds: Int64 {
        let (milliseconds, overflow) = secondsSince1970.multipliedReportingOverflow(by: 1000)
        return overflow ? (secondsSince1970 < 0 ? .min : .max) : milliseconds
    }
}
