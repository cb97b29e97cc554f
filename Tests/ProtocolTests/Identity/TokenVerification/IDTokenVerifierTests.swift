import RESTClient
import Synchronization
import Testing

@testable import Identity

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("The id tokens of the vectors", .enabled(if: IdentityVectors.exist, IdentityVectors.areMissing))
struct IDTokenVectorTests {
    private struct Cases: Decodable {
        struct Case: Decodable {
            var name: String
            var expect: String
            var jwks: String
            var jwksRefreshed: String?
            var token: String
        }
        var evaluateAt: Int64
        var clientId: String
        var tenant: String
        var expectedNonce: String
        var cases: [Case]
    }

    @Test("get their verdicts")
    func verdicts() async throws {
        let cases = try JSONDecoder().decode(Cases.self, from: IdentityVectors.data("entra-graph-imds/entra/id-token-cases.json"))
        #expect(cases.cases.count >= 12)
        for one in cases.cases {
            let asked = Mutex(0)
            let documents = try [one.jwks, one.jwksRefreshed ?? one.jwks].map {
                try #require(SigningKeys.parse(try IdentityVectors.data("entra-graph-imds/entra/" + $0)))
            }
            let time = IdentityTime(cases.evaluateAt)
            let keys = SigningKeys(clock: time.clock) { () throws(IdentityError) in
                documents[
                    min(
                        asked.withLock { count in
                            count += 1; return count
                        }, 2) - 1]
            }
            // The first state is what is kept from before.
            _ = try await keys.key(named: "")
            let verifier = IDTokenVerifier(
                issuer: "https://login.microsoftonline.com/\(cases.tenant)/v2.0", clientID: cases.clientId, allowedTenants: [cases.tenant],
                keys: keys,
                clock: time.clock)
            let verdict: String
            do {
                let verified = try await verifier.verify(Secret(one.token), nonce: cases.expectedNonce)
                verdict =
                    verified.account.groups == .unknown(.overage)
                    ? "accept-but-groups-unknown" : asked.withLock { $0 } > 1 ? "accept-after-one-jwks-refresh" : "accept"
                #expect(verified.account.objectID == "a11ce000-0000-4000-8000-000000000001")
                #expect(verified.key == documents[1].first { $0.kid == verified.key.kid }, "what an archive needs to check it again")
                if verdict == "accept" { #expect(verified.account.groups == .known(["96096000-0000-4000-8000-00000000c001"])) }
            } catch {
                guard case .untrusted(let flaw) = error.code else { throw error }
                verdict =
                    "reject:"
                    + ([.algorithm: "alg", .unknownKey: "unknown-kid", .issuer: "iss", .audience: "aud", .expired: "exp"][flaw]
                        ?? flaw.rawValue)
            }
            #expect(verdict == one.expect.prefix { $0 != " " }, "\(one.name)")
            #expect(asked.withLock { $0 } <= 2)
        }
    }

    @Test("an archived one is checked again with the key that was kept beside it")
    func archive() async throws {
        let cases = try JSONDecoder().decode(Cases.self, from: IdentityVectors.data("entra-graph-imds/entra/id-token-cases.json"))
        let old = try #require(cases.cases.first { $0.name == "old-key-removed" })
        let kept = try #require(SigningKeys.parse(try IdentityVectors.data("entra-graph-imds/entra/jwks-before-rotation.json")))
        let time = IdentityTime(cases.evaluateAt)
        let verifier = IDTokenVerifier(
            issuer: "https://login.microsoftonline.com/{tenantid}/v2.0", clientID: cases.clientId,
            allowedTenants: [cases.tenant.uppercased()],
            keys: SigningKeys(clock: time.clock) { () throws(IdentityError) in kept }, clock: time.clock)
        #expect(try await verifier.verify(Secret(old.token), nonce: cases.expectedNonce).key.kid == "kid-A")
    }
}

@Suite("Checking an id token")
struct IDTokenVerifierTests {
    private let time = IdentityTime()

    private func verify(
        _ token: Secret, nonce: String? = nil, issuer: String = TestIssuer.issuer, allowed: Set<String>? = [TestIssuer.tenant],
        key: SigningKey? = nil
    ) async throws -> VerifiedIDToken {
        let key = try key ?? TestIssuer.published()
        let verifier = IDTokenVerifier(
            issuer: issuer, clientID: TestIssuer.client, allowedTenants: allowed,
            keys: SigningKeys(clock: time.clock) { () throws(IdentityError) in [key] },
            clock: time.clock)
        return try await verifier.verify(token, nonce: nonce)
    }

    private func flaw(
        _ change: (inout TestIssuer.Claims) -> Void, nonce: String? = nil, issuer: String = TestIssuer.issuer,
        allowed: Set<String>? = [TestIssuer.tenant], key: SigningKey? = nil
    ) async throws -> IDTokenFlaw? {
        var claims = TestIssuer.Claims()
        change(&claims)
        do {
            _ = try await verify(try await TestIssuer.token(claims), nonce: nonce, issuer: issuer, allowed: allowed, key: key)
            return nil
        } catch let error as IdentityError {
            guard case .untrusted(let flaw) = error.code else { throw error }
            return flaw
        }
    }

    @Test("clocks may differ by two minutes, and no more")
    func skew() async throws {
        let now = time.now.secondsSince1970
        #expect(try await flaw { $0.exp = now - 119 } == nil)
        #expect(try await flaw { $0.exp = now - 120 } == .expired)
        #expect(try await flaw { $0.nbf = now + 120 } == nil)
        #expect(try await flaw { $0.nbf = now + 121 } == .notYetValid)
        #expect(try await flaw { $0.nbf = nil } == nil)
        #expect(try await flaw { $0.exp = .max } == nil)
        #expect(try await flaw { $0.exp = .min } == .expired)
    }

    @Test("the issuer is exact, with the token's own tenant in its place")
    func issuer() async throws {
        let template = "https://login.example/{tenantid}/v2.0"
        #expect(try await flaw({ _ in }, issuer: template) == nil)
        #expect(try await flaw({ $0.tid = "other" }, issuer: template) == .issuer)
        #expect(
            try await flaw(
                {
                    $0.tid = "other"; $0.iss = "https://login.example/other/v2.0"
                }, issuer: template) == .tenant)
        #expect(
            try await flaw(
                {
                    $0.tid = "other"; $0.iss = "https://login.example/other/v2.0"
                }, issuer: template, allowed: nil) == nil)
        #expect(try await flaw { $0.iss += "/" } == .issuer)
        #expect(try await flaw { $0.tid = nil } == .tenant)
        #expect(
            try await flaw({ _ in }, key: try TestIssuer.published(issuer: "https://login.example/other/v2.0")) == .issuer,
            "a key of another issuer")
        #expect(try await flaw({ _ in }, key: try TestIssuer.published(issuer: template)) == nil)
    }

    @Test("it answers this request, for this application, and says who")
    func binding() async throws {
        #expect(try await flaw({ $0.nonce = "n" }, nonce: "n") == nil)
        #expect(try await flaw({ $0.nonce = "m" }, nonce: "n") == .nonce)
        #expect(try await flaw({ _ in }, nonce: "n") == .nonce)
        #expect(try await flaw({ $0.nonce = "any" }) == nil, "none was sent")
        #expect(try await flaw { $0.aud = "other" } == .audience)
        #expect(try await flaw { $0.oid = nil } == .malformed)
        #expect(try await flaw { $0.oid = "" } == .malformed)
    }

    @Test("groups are known only when they are listed")
    func groups() async throws {
        var claims = TestIssuer.Claims()
        #expect(try await verify(try await TestIssuer.token(claims)).account.groups == .unknown(.notInToken))
        claims.groups = ["A"]
        let known = try await verify(try await TestIssuer.token(claims)).account.groups
        #expect(known == .known(["A"]) && known.contains("a") == true && known.contains("b") == false)
        claims.hasgroups = true
        #expect(try await verify(try await TestIssuer.token(claims)).account.groups == .unknown(.overage))
        claims.hasgroups = false
        #expect(try await verify(try await TestIssuer.token(claims)).account.groups == .known(["A"]))
        claims._claim_names = ["groups": "src1"]
        let overage = try await verify(try await TestIssuer.token(claims)).account.groups
        #expect(overage == .unknown(.overage) && overage.contains("A") == nil)
    }

    @Test("an account is tenant and object, in lower case")
    func account() async throws {
        var claims = TestIssuer.Claims()
        claims.oid = TestIssuer.person.uppercased()
        claims.roles = ["Approver"]
        let account = try await verify(try await TestIssuer.token(claims)).account
        #expect(account.objectID == TestIssuer.person)
        #expect(account.preferredUsername == "alice@example.com" && account.name == "Alice" && account.roles == ["Approver"])
        #expect(account.isSame(as: Account(tenantID: TestIssuer.tenant.uppercased(), objectID: TestIssuer.person, name: "renamed")))
        #expect(!account.isSame(as: Account(tenantID: "other", objectID: TestIssuer.person)))
    }

    @Test("every change of a token is found, and nothing that is not a token ends the process")
    func mutations() async throws {
        let good = try await TestIssuer.token().withRevealedText { Array($0.utf8) }
        let dot = try #require(good.lastIndex(of: UInt8(ascii: ".")))
        for index in stride(from: 0, to: good.count, by: 7) where index != dot {
            var bad = good
            bad[index] = bad[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            await #expect(throws: IdentityError.self, "byte \(index)") { try await verify(Secret(bad)) }
        }
        for length in stride(from: 0, to: good.count, by: 11) {
            await #expect(throws: IdentityError.self) { try await verify(Secret(good[..<length])) }
        }
        for text in [
            "", ".", "..", "...", "a.b.c", "e30.e30.", "e30.e30.e30", String(repeating: ".", count: 100_000),
            String(repeating: "A", count: 100_000),
        ] {
            await #expect(throws: IdentityError.self) { try await verify(Secret(text)) }
        }
        let deep = Base64.encodeURLSafe(Array((#"{"alg":"RS256","kid":"key-1","x":"# + String(repeating: "[", count: 20_000)).utf8))
        await #expect(throws: IdentityError.self) { try await verify(Secret("\(deep).e30.e30")) }
    }

    @Test("keys that nobody should trust verify nothing")
    func weakKeys() async throws {
        let good = try TestIssuer.published()
        for key in [
            SigningKey(kid: "key-1", n: "", e: "AQAB", issuer: nil), SigningKey(kid: "key-1", n: good.n, e: "", issuer: nil),
            SigningKey(kid: "key-1", n: good.n, e: "AA", issuer: nil),
            SigningKey(kid: "key-1", n: "AQAB", e: "AQAB", issuer: nil),
            SigningKey(kid: "key-1", n: String(repeating: "_", count: 100_000), e: "AQAB", issuer: nil),
            SigningKey(kid: "key-1", n: good.n, e: "AQ", issuer: nil), SigningKey(kid: "key-1", n: "!!", e: "!!", issuer: nil),
        ] {
            #expect(try await flaw({ _ in }, key: key) == .signature)
        }
    }
}

@Suite("The keys of an issuer")
struct SigningKeysTests {
    private let time = IdentityTime()

    private func keys(_ asked: SharedCount, _ answer: @escaping @Sendable (Int) throws(IdentityError) -> [SigningKey]) -> SigningKeys {
        SigningKeys(clock: time.clock) { () throws(IdentityError) in try answer(asked.next()) }
    }

    private func key(_ kid: String) -> SigningKey { SigningKey(kid: kid, n: "n", e: "e", issuer: nil) }

    @Test("are asked for once a day")
    func day() async throws {
        let asked = SharedCount()
        let keys = keys(asked) { (_) throws(IdentityError) in [self.key("a")] }
        for _ in 0..<3 { #expect(try await keys.key(named: "a") != nil) }
        time.advance(24 * 3600 - 1)
        #expect(try await keys.key(named: "a") != nil)
        #expect(asked.value == 1)
        time.advance(1)
        #expect(try await keys.key(named: "a") != nil)
        #expect(asked.value == 2)
    }

    @Test("are asked for again when one is missing, at most every five minutes")
    func unknown() async throws {
        let asked = SharedCount()
        let keys = keys(asked) { (number) throws(IdentityError) in [self.key("a")] + (number >= 3 ? [self.key("b")] : []) }
        #expect(try await keys.key(named: "a") != nil)
        for _ in 0..<10 { #expect(try await keys.key(named: "b") == nil) }
        #expect(asked.value == 2)
        time.advance(299)
        #expect(try await keys.key(named: "b") == nil)
        #expect(asked.value == 2)
        time.advance(1)
        #expect(try await keys.key(named: "b") != nil)
        #expect(asked.value == 3)
    }

    @Test("are not guessed when they cannot be had")
    func closed() async throws {
        let keys = keys(SharedCount()) { (number) throws(IdentityError) in
            guard number == 2 else { throw IdentityError(.unavailable, "no") }
            return [self.key("a")]
        }
        await #expect(throws: IdentityError.self) { try await keys.key(named: "a") }
        #expect(try await keys.key(named: "a") != nil)
        await #expect(throws: IdentityError.self) { try await keys.key(named: "b") }
        time.advance(24 * 3600)
        await #expect(throws: IdentityError.self) { try await keys.key(named: "a") }
    }

    @Test("are RSA keys for signatures; others are left out")
    func parse() {
        let document =
            #"{"keys":[{"kty":"EC","kid":"1","n":"x","e":"y"},{"kty":"RSA","use":"enc","kid":"2","n":"x","e":"y"},{"kty":"RSA","kid":"3","n":"x","e":"y","alg":"RS512"},{"kty":"RSA","n":"x","e":"y"},{"kty":"RSA","kid":"5","n":"x","e":"y","x5c":["z"],"issuer":"i"}]}"#
        #expect(SigningKeys.parse(document.utf8) == [SigningKey(kid: "5", n: "x", e: "y", issuer: "i")])
        for text in ["", "{}", "[]", #"{"keys":{}}"#, #"{"keys":[1]}"#, String(repeating: "[", count: 100_000)] {
            #expect(SigningKeys.parse(text.utf8) == nil)
        }
        let many = #"{"keys":["# + (0..<200).map { #"{"kty":"RSA","kid":"\#($0)","n":"x","e":"y"}"# }.joined(separator: ",") + "]}"
        #expect(SigningKeys.parse(many.utf8)?.count == 100)
    }
}

/// Counts across tasks.
final class SharedCount: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
    func next() -> Int {
        count.withLock { count in
            count += 1; return count
        }
    }
}

@Suite("What an access token says about itself")
struct UnverifiedTokenClaimsTests {
    private func token(_ claims: String, kind: AccessToken.Kind = .jsonWebToken) -> AccessToken {
        let text = "\(Base64.encodeURLSafe(#"{"alg":"RS256"}"#.utf8)).\(Base64.encodeURLSafe(claims.utf8)).c2ln"
        return AccessToken(secret: Secret(text), expiresAt: WallTime(secondsSince1970: 1), kind: kind)
    }

    @Test("is read for display")
    func read() throws {
        let person = try #require(
            UnverifiedTokenClaims(
                of: token(
                    #"{"tid":"t","oid":"o","upn":"a@b","name":"A","appid":"c","aud":"https://r","scp":"x y","exp":1800000000,"xms_cc":["CP1"],"unknown":{"a":[1]}}"#
                )))
        #expect(person.username == "a@b" && person.scopes == ["x", "y"] && person.applicationID == "c" && person.audience == ["https://r"])
        #expect(!person.isApplication && person.answersClaimsChallenges && person.expiresAt == WallTime(secondsSince1970: 1_800_000_000))
        let app = try #require(
            UnverifiedTokenClaims(
                of: token(#"{"tid":"t","oid":"o","app_displayname":"svc","azp":"c","aud":["r"],"roles":["R"],"idtyp":"app"}"#)))
        #expect(app.isApplication && app.name == "svc" && app.roles == ["R"] && !app.answersClaimsChallenges)
    }

    @Test("is nothing where it cannot be looked into")
    func opaque() {
        #expect(
            UnverifiedTokenClaims(of: AccessToken(secret: Secret("opaque"), expiresAt: WallTime(secondsSince1970: 1), kind: .jsonWebToken))
                == nil)
        #expect(UnverifiedTokenClaims(of: token("[]")) == nil)
        #expect(UnverifiedTokenClaims(of: token("{}", kind: .sharedAccessSignature)) == nil)
    }
}
