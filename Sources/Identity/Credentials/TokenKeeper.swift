internal import Synchronization

/// Keeps the tokens of one credential, one for each scope, and has them renewed ahead of their end.
///
/// - A token is renewed when the service's wish (`refresh_in`) has passed or less than 300 s are left. When that fails, the old one is used while it
///   lives, and 30 s pass before the next attempt.
/// - However many callers want the same, one request is under way. A caller that is cancelled leaves the others alone; when the last one has left,
///   the request is cancelled.
/// - An answer to a claims challenge replaces what is kept. Callers that bring the same challenge within 30 s of its answer get that answer: they were
///   refused with the token before.
final class TokenKeeper: Sendable {
    typealias Fetch = @Sendable (TokenScope, ClaimsChallenge?) async throws(IdentityError) -> TokenGrant

    static let renewalMargin = Duration.seconds(300)
    static let retryDelay = Duration.seconds(30)

    private struct Request: Hashable {
        let scope: TokenScope
        let challenge: ClaimsChallenge?
        /// Whether a token of an earlier process will not do.
        var isFresh = false
    }

    private struct Kept {
        var grant: TokenGrant
        var answered: ClaimsChallenge?
        var since: WallTime
    }

    private struct Flight {
        let number: Int
        var task: Task<Void, Never>?
        var waiting: [Int: CheckedContinuation<Result<AccessToken, IdentityError>, Never>] = [:]
    }

    private struct State {
        var kept: [TokenScope: Kept] = [:]
        var notBefore: [TokenScope: WallTime] = [:]
        var flights: [Request: Flight] = [:]
        var nextNumber = 0
        /// Waiters that were cancelled before they began to wait.
        var leftEarly: Set<Int> = []

        mutating func number() -> Int {
            self.nextNumber &+= 1
            return self.nextNumber
        }
    }

    private let clock: WallClock
    private let saved: SavedTokens?
    private let fetch: Fetch
    private let state = Mutex(State())

    /// - Parameters:
    ///   - clock: the time of day.
    ///   - saved: tokens of earlier processes, where they are kept.
    ///   - fetch: gets a new token.
    init(clock: WallClock, saved: SavedTokens? = nil, fetch: @escaping Fetch) {
        self.clock = clock
        self.saved = saved
        self.fetch = fetch
    }

    /// A token that lives on.
    func token(for scope: TokenScope, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> AccessToken {
        if let token = self.usable(for: scope, answering: challenge) { return token }
        do throws(IdentityError) {
            return try await self.join(Request(scope: scope, challenge: challenge))
        } catch {
            // Without a challenge an old token that still lives is better than none; the service has refused it otherwise.
            guard challenge == nil, error.code != .cancelled, let old = self.living(for: scope) else { throw error }
            return old
        }
    }

    /// A token that is asked for now, whatever is kept; the one that is kept where that fails.
    func freshToken(for scope: TokenScope) async throws(IdentityError) -> AccessToken {
        do throws(IdentityError) {
            return try await self.join(Request(scope: scope, challenge: nil, isFresh: true))
        } catch {
            guard error.code != .cancelled, let old = self.living(for: scope) else { throw error }
            return old
        }
    }

    /// Takes a token that came another way, with a sign-in.
    func keep(_ grant: TokenGrant, for scope: TokenScope) {
        self.state.withLock { $0.kept[scope] = Kept(grant: grant, answered: nil, since: self.clock.now) }
    }

    /// How many callers wait for a request.
    var waitingCallers: Int { self.state.withLock { $0.flights.values.reduce(0) { $0 + $1.waiting.count } } }

    /// Forgets all tokens.
    func forget() {
        self.state.withLock { state in
            state.kept = [:]
            state.notBefore = [:]
        }
    }

    private func living(for scope: TokenScope) -> AccessToken? {
        self.state.withLock { $0.kept[scope]?.grant.token }.flatMap { $0.isValid(at: self.clock.now) ? $0 : nil }
    }

    private func usable(for scope: TokenScope, answering challenge: ClaimsChallenge?) -> AccessToken? {
        let now = self.clock.now
        return self.state.withLock { state in
            guard let kept = state.kept[scope], kept.grant.token.isValid(at: now) else { return nil }
            if let challenge {
                let isAnswer = kept.answered == challenge && now < kept.since.advanced(by: Self.retryDelay)
                return isAnswer ? kept.grant.token : nil
            }
            if !kept.grant.isDue(at: now) { return kept.grant.token }
            return (state.notBefore[scope].map { now < $0 } ?? false) ? kept.grant.token : nil
        }
    }

    /// Waits for the request that is under way, or starts it.
    private func join(_ request: Request) async throws(IdentityError) -> AccessToken {
        let waiter = self.state.withLock { $0.number() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<AccessToken, IdentityError>, Never>) in
                self.wait(continuation, number: waiter, for: request)
            }
        } onCancel: {
            self.leave(waiter, request)
        }
        // The cancellation may have come when the answer was there already.
        self.state.withLock { _ = $0.leftEarly.remove(waiter) }
        return try result.get()
    }

    private func wait(
        _ continuation: CheckedContinuation<Result<AccessToken, IdentityError>, Never>, number: Int, for request: Request
    ) {
        let isGone: Bool = self.state.withLock { state in
            guard state.leftEarly.remove(number) == nil else { return true }
            if state.flights[request] != nil {
                state.flights[request]?.waiting[number] = continuation
                return false
            }
            let flight = state.number()
            state.flights[request] = Flight(number: flight, waiting: [number: continuation])
            // Not a child of the caller: the others must not lose it with that one. The last to leave cancels it.
            state.flights[request]?.task = Task { await self.fly(request, number: flight) }
            return false
        }
        if isGone { continuation.resume(returning: .failure(IdentityError(.cancelled, "Waiting for a token was cancelled."))) }
    }

    private func leave(_ number: Int, _ request: Request) {
        let (continuation, task) = self.state.withLock {
            state -> (CheckedContinuation<Result<AccessToken, IdentityError>, Never>?, Task<Void, Never>?) in
            guard let continuation = state.flights[request]?.waiting.removeValue(forKey: number) else {
                state.leftEarly.insert(number)
                return (nil, nil)
            }
            guard state.flights[request]?.waiting.isEmpty == true else { return (continuation, nil) }
            return (continuation, state.flights.removeValue(forKey: request)?.task)
        }
        task?.cancel()
        continuation?.resume(returning: .failure(IdentityError(.cancelled, "Waiting for a token was cancelled.")))
    }

    private func fly(_ request: Request, number: Int) async {
        let result: Result<AccessToken, IdentityError>
        do throws(IdentityError) {
            result = .success(try await self.obtain(request))
        } catch {
            result = .failure(error)
        }
        let waiting = self.state.withLock { state -> [CheckedContinuation<Result<AccessToken, IdentityError>, Never>] in
            guard state.flights[request]?.number == number, let flight = state.flights.removeValue(forKey: request) else { return [] }
            if case .failure = result { state.notBefore[request.scope] = self.clock.now.advanced(by: Self.retryDelay) }
            return Array(flight.waiting.values)
        }
        for continuation in waiting { continuation.resume(returning: result) }
    }

    /// The token of an earlier process where it will do, else a new one.
    private func obtain(_ request: Request) async throws(IdentityError) -> AccessToken {
        if request.challenge == nil, !request.isFresh, let saved = await self.saved?.load(request.scope), !saved.isDue(at: self.clock.now) {
            self.keep(saved, for: request.scope)
            return saved.token
        }
        let grant = try await self.fetch(request.scope, request.challenge)
        self.state.withLock { state in
            state.kept[request.scope] = Kept(grant: grant, answered: request.challenge, since: self.clock.now)
            state.notBefore[request.scope] = nil
        }
        await self.saved?.save(request.scope, grant)
        return grant.token
    }
}

/// Tokens that outlive the process. Neither direction can fail: what cannot be read is fetched, what cannot be saved is fetched again.
struct SavedTokens: Sendable {
    let load: @Sendable (TokenScope) async -> TokenGrant?
    let save: @Sendable (TokenScope, TokenGrant) async -> Void
}

extension TokenGrant {
    /// Whether it is time for a new one.
    func isDue(at now: WallTime) -> Bool {
        if let refreshAt = self.refreshAt, refreshAt <= now { return true }
        return self.token.expiresAt < now.advanced(by: TokenKeeper.renewalMargin)
    }
}
