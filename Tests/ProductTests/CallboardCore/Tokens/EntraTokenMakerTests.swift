import Identity
import Synchronization
import Testing

@testable import CallboardCore

@Suite("Tokens of Entra ID that are handed out")
struct EntraTokenMakerTests {
    /// Keeps a token with five minutes left, and has another one that lives so long.
    private final class Kept: AccessTokenSource {
        let life: Int64
        let fresh = Mutex(0)
        init(life: Int64) { self.life = life }

        func accessToken(for scope: TokenScope, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> AccessToken {
            AccessToken(secret: Secret("kept"), expiresAt: WallTime(secondsSince1970: 1_300), kind: .jsonWebToken)
        }

        func freshToken(for scope: TokenScope) async throws(IdentityError) -> AccessToken {
            fresh.withLock { $0 += 1 }
            return AccessToken(secret: Secret("fresh"), expiresAt: WallTime(secondsSince1970: 1_000 + life), kind: .jsonWebToken)
        }
    }

    private func token(_ source: Kept, isRenewable: Bool, until end: Int64 = 2_800) async throws -> IssuedToken {
        try await EntraTokenMaker(source: source, scope: TokenScope(resource: "https://servicebus.azure.net"), holder: .application("a"))
            .token(until: WallTime(secondsSince1970: end), isRenewable: isRenewable)
    }

    @Test("where none can follow it, it is not one with five minutes left")
    func fresh() async throws {
        let source = Kept(life: 3_600)
        let token = try await token(source, isRenewable: false)
        #expect(token.expiresAt == WallTime(secondsSince1970: 4_600) && token.secret.isEqual(to: Secret("fresh")))
        #expect(token.remarks.count == 1 && token.remarks.first?.contains("longer") == true)
    }

    @Test("where another one follows, or what is kept will do, nobody is asked for more")
    func kept() async throws {
        let source = Kept(life: 3_600)
        #expect(try await token(source, isRenewable: true).secret.isEqual(to: Secret("kept")))
        #expect(try await token(source, isRenewable: false, until: 1_200).secret.isEqual(to: Secret("kept")))
        #expect(source.fresh.withLock { $0 } == 0)
    }

    @Test("one that lives shorter than was asked for says so; of two the one that lives longer", arguments: [600, 200] as [Int64])
    func short(life: Int64) async throws {
        let token = try await token(Kept(life: life), isRenewable: false)
        #expect(token.expiresAt == WallTime(secondsSince1970: 1_000 + max(life, 300)))
        #expect(token.remarks.contains { $0.contains("cannot be renewed") })
    }
}
