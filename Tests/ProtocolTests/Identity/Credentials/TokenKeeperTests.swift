import Synchronization
import Testing

@testable import Identity

@Suite("Tokens that are kept")
struct TokenKeeperTests {
    private let time = IdentityTime()
    private let scope = TokenScope(resource: "https://management.azure.com")

    /// Counts requests, and answers when it is told to.
    private final class Gate: Sendable {
        private let state = Mutex<(count: Int, waiting: [CheckedContinuation<Void, Never>], isOpen: Bool)>((0, [], false))
        var count: Int { state.withLock { $0.count } }

        func pass() async {
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    state.count += 1
                    if !state.isOpen { state.waiting.append(continuation) }
                    return state.isOpen
                }
                if isOpen { continuation.resume() }
            }
        }

        func open() {
            let waiting = state.withLock { state in
                state.isOpen = true
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    private func grant(_ text: String, lives seconds: Int64 = 3600, refreshIn: Int64? = nil) -> TokenGrant {
        TokenGrant(
            token: AccessToken(secret: Secret(text), expiresAt: time.now.advanced(by: .seconds(seconds)), kind: .jsonWebToken),
            refreshAt: refreshIn.map { time.now.advanced(by: .seconds($0)) })
    }

    @Test("fifty callers share one request")
    func shared() async throws {
        let gate = Gate()
        let keeper = TokenKeeper(clock: time.clock) { (_, _) throws(IdentityError) in
            await gate.pass()
            return self.grant("t\(gate.count)")
        }
        let scope = scope
        let tokens = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<50 { group.addTask { try await keeper.token(for: scope, answering: nil).text } }
            await eventually("not all wait") { keeper.waitingCallers == 50 }
            gate.open()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(tokens == Array(repeating: "t1", count: 50))
        #expect(gate.count == 1)
        #expect(
            try await keeper.token(for: TokenScope(resource: "https://graph.microsoft.com"), answering: nil).text == "t2",
            "scopes are apart")
    }

    @Test(
        "one that is asked for now is not one that is kept, here or by an earlier process; where none can be had, that is better than none")
    func fresh() async throws {
        let count = Mutex(0)
        let isDown = Mutex(false)
        let saved = SavedTokens(load: { _ in self.grant("saved", lives: 400) }, save: { _, _ in })
        let keeper = TokenKeeper(clock: time.clock, saved: saved) { (_, _) throws(IdentityError) in
            if isDown.withLock({ $0 }) { throw IdentityError(.unavailable, "down") }
            count.withLock { $0 += 1 }
            return self.grant("t\(count.withLock { $0 })")
        }
        #expect(try await keeper.token(for: scope, answering: nil).text == "saved")
        #expect(try await keeper.freshToken(for: scope).text == "t1")
        #expect(try await keeper.token(for: scope, answering: nil).text == "t1")
        isDown.withLock { $0 = true }
        #expect(try await keeper.freshToken(for: scope).text == "t1")
        time.advance(3600)
        await #expect(throws: IdentityError.self) { try await keeper.freshToken(for: scope) }
    }

    @Test("a caller that is cancelled leaves at once, and the others get the token")
    func cancelOne() async throws {
        let gate = Gate()
        let keeper = TokenKeeper(clock: time.clock) { (_, _) throws(IdentityError) in
            await gate.pass()
            return self.grant("t\(gate.count)")
        }
        let scope = scope
        let impatient = Task { try await keeper.token(for: scope, answering: nil) }
        await eventually("nobody asks") { gate.count == 1 }
        let patient = Task { try await keeper.token(for: scope, answering: nil).text }
        await eventually("nobody joins") { keeper.waitingCallers == 2 }
        impatient.cancel()
        let error = await #expect(throws: IdentityError.self) { try await impatient.value }
        #expect(error?.code == .cancelled)
        gate.open()
        #expect(try await patient.value == "t1")
        #expect(gate.count == 1)
    }

    @Test("when all have left the request is cancelled, and the next caller asks anew")
    func cancelAll() async throws {
        let wasCancelled = Mutex(0)
        let count = Mutex(0)
        let keeper = TokenKeeper(clock: time.clock) { (_, _) throws(IdentityError) in
            guard
                count.withLock({ count in
                    count += 1; return count
                }) == 1
            else { return self.grant("second") }
            do { try await Task.sleep(for: .seconds(3600)) } catch { wasCancelled.withLock { $0 += 1 } }
            throw IdentityError(.cancelled, "cancelled")
        }
        let scope = scope
        let caller = Task { try await keeper.token(for: scope, answering: nil) }
        await eventually("nobody asks") { count.withLock { $0 } == 1 }
        caller.cancel()
        await #expect(throws: IdentityError.self) { try await caller.value }
        await eventually("the request goes on") { wasCancelled.withLock { $0 } == 1 }
        #expect(try await keeper.token(for: scope, answering: nil).text == "second")
    }

    @Test(
        "a token is renewed with less than five minutes to live, or when the service wishes",
        arguments: [(nil, 3301), (Int64(1000), 1000)] as [(Int64?, Int64)])
    func ahead(refreshIn: Int64?, due: Int64) async throws {
        let count = Mutex(0)
        let keeper = TokenKeeper(clock: time.clock) { (_, _) throws(IdentityError) in
            self.grant("t\(count.withLock { count in count += 1; return count })", refreshIn: refreshIn)
        }
        #expect(try await keeper.token(for: scope, answering: nil).text == "t1")
        time.advance(due - 1)
        #expect(try await keeper.token(for: scope, answering: nil).text == "t1")
        time.advance(1)
        #expect(try await keeper.token(for: scope, answering: nil).text == "t2")
    }

    @Test("an old token is used while it lives when no new one can be had, and thirty seconds pass before the next attempt")
    func oldOne() async throws {
        let count = Mutex(0)
        let keeper = TokenKeeper(clock: time.clock) { (_, _) throws(IdentityError) in
            guard
                count.withLock({ count in
                    count += 1; return count
                }) == 1
            else { throw IdentityError(.unavailable, "no") }
            return self.grant("old")
        }
        let requests = { count.withLock { $0 } }
        _ = try await keeper.token(for: scope, answering: nil)
        time.advance(3400)
        #expect(try await keeper.token(for: scope, answering: nil).text == "old")
        #expect(requests() == 2)
        time.advance(29)
        #expect(try await keeper.token(for: scope, answering: nil).text == "old")
        #expect(requests() == 2, "not before thirty seconds")
        time.advance(1)
        #expect(try await keeper.token(for: scope, answering: nil).text == "old")
        #expect(requests() == 3)
        time.advance(170)
        let error = await #expect(throws: IdentityError.self) { try await keeper.token(for: scope, answering: nil) }
        #expect(error?.code == .unavailable, "it has ended")
    }

    @Test("a challenge gets a new token, which replaces the old one and answers the same challenge for others")
    func challenge() async throws {
        let asked = Mutex<[ClaimsChallenge?]>([])
        let keeper = TokenKeeper(clock: time.clock) { (_, challenge) throws(IdentityError) in
            self.grant("t\(asked.withLock { $0.append(challenge); return $0.count })")
        }
        let challenge = ClaimsChallenge(json: #"{"access_token":{"nbf":{"essential":true}}}"#)
        #expect(try await keeper.token(for: scope, answering: nil).text == "t1")
        #expect(try await keeper.token(for: scope, answering: challenge).text == "t2")
        #expect(try await keeper.token(for: scope, answering: challenge).text == "t2", "refused with t1")
        #expect(try await keeper.token(for: scope, answering: nil).text == "t2")
        time.advance(30)
        #expect(try await keeper.token(for: scope, answering: challenge).text == "t3", "refused with t2 as well")
        #expect(asked.withLock { $0 } == [nil, challenge, challenge])
    }

    @Test("a challenge that cannot be answered is not answered with the old token")
    func unanswered() async throws {
        let keeper = TokenKeeper(clock: time.clock) { (_, challenge) throws(IdentityError) in
            guard challenge == nil else { throw IdentityError(.interactionRequired, "no") }
            return self.grant("t1")
        }
        _ = try await keeper.token(for: scope, answering: nil)
        let error = await #expect(throws: IdentityError.self) { try await keeper.token(for: scope, answering: ClaimsChallenge(json: "{}")) }
        #expect(error?.code == .interactionRequired)
        #expect(try await keeper.token(for: scope, answering: nil).text == "t1")
    }
}
