import Synchronization
import Testing

@testable import Identity

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("The token cache")
struct TokenCacheTests {
    private let time = IdentityTime()
    private let scope = TokenScope(resource: "https://management.azure.com")

    private func cache(_ folder: String, name: String = "prod", keys: (any KeyStore)? = nil, pause: Pause = .system) -> TokenCache {
        TokenCache(folder: folder, name: name, keys: keys ?? KeyFileStore(folder: folder), clock: time.clock, pause: pause)
    }

    private func signedIn(_ person: String = TestIssuer.person, refreshToken: String = "refresh-t0ken", token: String = "access-t0ken")
        -> SignedIn
    {
        let account = Account(tenantID: TestIssuer.tenant, objectID: person, preferredUsername: "alice@example.com", groups: .known(["g"]))
        let access = AccessToken(secret: Secret(token), expiresAt: time.now.advanced(by: .seconds(3600)), kind: .jsonWebToken)
        return SignedIn(
            account: account, clientID: "app", authority: "https://login.example/contoso.example", refreshToken: Secret(refreshToken),
            tokens: [(scope, access)],
            proof: VerifiedIDToken(
                account: account, issuedAt: nil, expiresAt: time.now, nonce: nil, key: SigningKey(kid: "k", n: "n", e: "e", issuer: nil),
                token: Secret("id-t0ken")))
    }

    private func mode(_ path: String) -> Int {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions] as? Int ?? 0
    }

    @Test("keeps a sign-in for the next process, for its owner only, and nothing of it can be read")
    func roundTrip() async throws {
        try await withTemporaryFolder { parent in
            let folder = parent + "/deep/tokens"
            let before = umask(0)
            defer { umask(before) }
            try await cache(folder).keep(signedIn())
            let next = cache(folder)
            #expect(await next.accounts() == [signedIn().account])
            #expect(await next.content().signIns.first?.refreshToken.isEqual(to: Secret("refresh-t0ken")) == true)
            #expect(await next.content().tokens.first?.grant.token.text == "access-t0ken")
            #expect(await next.keyKind() == .file)
            #expect(mode(folder) == 0o700)
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                #expect(mode("\(folder)/\(name)") == 0o600, "\(name)")
                let bytes = try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))
                for word in ["refresh-t0ken", "access-t0ken", "alice"] { #expect(bytes.firstRange(of: Data(word.utf8)) == nil, "\(name)") }
            }
            #expect(
                try Set(FileManager.default.contentsOfDirectory(atPath: folder)) == ["prod.tokens", "prod.tokens.lock", "token-cache.key"])
        }
    }

    @Test("drops tokens that have ended, and everything of who signed in before")
    func ended() async throws {
        try await withTemporaryFolder { folder in
            let cache = cache(folder)
            try await cache.keep(signedIn())
            try await cache.keep(signedIn("b0b00000-0000-4000-8000-000000000002", refreshToken: "r2", token: "of-bob"))
            #expect(await cache.accounts().map(\.objectID) == ["b0b00000-0000-4000-8000-000000000002"])
            #expect(await cache.content().signIns.map { $0.refreshToken.withRevealedText { $0 } } == ["r2"])
            #expect(await cache.content().tokens.map(\.grant.token.text) == ["of-bob"])
            time.advance(3600)
            #expect(await cache.content().tokens.isEmpty)
            #expect(await cache.accounts().count == 1)
        }
    }

    @Test("takes one sign-in of a file in which earlier versions kept several, and writes no other back")
    func several() async throws {
        try await withTemporaryFolder { folder in
            let cache = cache(folder)
            let key = try await KeyFileStore(folder: folder).makeKey(named: "token-cache", random: .system)
            func entry(_ person: String) -> String {
                #"{"account":{"tenantID":"t","objectID":"\#(person)","preferredUsername":"","name":"","groups":{"known":{"_0":[]}},"roles":[],"authenticationMethods":[],"authenticationContexts":[]},"clientID":"app","authority":"a","refreshToken":"of-\#(person)","signedInAt":1700000000}"#
            }
            let old = #"{"version":1,"signIns":[\#(entry("last")),\#(entry("before"))],"tokens":[]}"#
            try PrivateFile.write(
                try #require(SealedBox.seal(Array(old.utf8), with: key.secret, for: "prod")), to: cache.path, random: .system)
            let kept = try #require(await cache.content().signIns.first)
            #expect(kept.account.objectID == "last" && kept.verifiedAt == WallTime(secondsSince1970: 1_700_000_000))
            #expect(await cache.accounts().count == 1)
            try await cache.renew(kept, refreshToken: Secret("next"), account: nil)
            let sealed = try #require(try PrivateFile.read(cache.path, limit: 1 << 20))
            let plain = String(decoding: try #require(SealedBox.open(sealed, with: key.secret, for: "prod")), as: UTF8.self)
            #expect(plain.contains("next") && !plain.contains("of-before"))
        }
    }

    @Test(
        "what a newer id token says takes the place of what was known, and is as old as it; groups that it does not name stay, and stay as old"
    )
    func renewed() async throws {
        try await withTemporaryFolder { folder in
            let cache = cache(folder)
            let endpoint = try EntraEndpoint(login: "https://login.example", tenant: "contoso.example")
            try await cache.keep(signedIn())
            let begun = time.now
            time.advance(3600)
            let signIn = try #require(await cache.content().signIns.first)
            let renamed = Account(
                tenantID: TestIssuer.tenant, objectID: TestIssuer.person, preferredUsername: "alice.new@example.com", roles: ["r"])
            try await cache.renew(signIn, refreshToken: nil, account: renamed)
            var claims = try #require(await cache.claims(clientID: "app", at: endpoint))
            #expect(claims.account == renamed.with(groups: .known(["g"])))
            #expect(claims.verifiedAt == time.now && claims.groupsAt == begun)
            try await cache.renew(signIn, refreshToken: nil, account: renamed.with(groups: .known([])))
            claims = try #require(await cache.claims(clientID: "app", at: endpoint))
            #expect(claims.account.groups == .known([]) && claims.groupsAt == time.now)
            #expect(await cache.content().signIns.first?.refreshToken.isEqual(to: Secret("refresh-t0ken")) == true)
        }
    }

    @Test("is gone after signing out")
    func forget() async throws {
        try await withTemporaryFolder { folder in
            let cache = cache(folder)
            try await cache.keep(signedIn())
            try await cache.forget()
            try await cache.forget()
            #expect(await cache.accounts().isEmpty)
            #expect(await cache.problem() == nil)
            #expect(!FileManager.default.fileExists(atPath: cache.path))
        }
    }

    @Test("that was cut, at any length, or changed at any place, means signing in again")
    func damaged() async throws {
        try await withTemporaryFolder { folder in
            let cache = cache(folder)
            try await cache.keep(signedIn())
            let good = try PrivateFile.read(cache.path, limit: 1 << 20) ?? []
            #expect(good.count > 100)
            func isRefused(_ bytes: [UInt8]) async throws -> Bool {
                try PrivateFile.write(bytes, to: cache.path, random: .system)
                let problem = await cache.problem()
                return await cache.accounts().isEmpty && problem?.code == .cacheUnusable && problem?.hint == "Sign in again."
            }
            for length in 0..<good.count { #expect(try await isRefused(Array(good[..<length])), "cut at \(length)") }
            for index in stride(from: 0, to: good.count, by: 5) {
                var bad = good
                bad[index] ^= 1
                #expect(try await isRefused(bad), "changed at \(index)")
            }
            #expect(try await isRefused(good + [0]))
            #expect(try await isRefused([UInt8](repeating: 0, count: 4096)))
            #expect(try await isRefused([UInt8](repeating: 1, count: JSONBody.limit + 2000)))
            // Sealed with the right key, but not what this program writes.
            let key = try #require(await KeyFileStore(folder: folder).key(named: "token-cache")).secret
            for text in [
                "", "{}", "[]", #"{"version":2,"signIns":[],"tokens":[]}"#, #"{"version":1}"#, String(repeating: "[", count: 10_000),
            ] {
                #expect(try await isRefused(try #require(SealedBox.seal(Array(text.utf8), with: key, for: "prod"))))
            }
            await #expect(throws: IdentityError.self, "a token is no reason to replace it") {
                try await cache.renew(
                    CachedSignIn(
                        account: signedIn().account, clientID: "app", authority: "", refreshToken: Secret("r"), signedInAt: time.now,
                        verifiedAt: time.now, groupsAt: time.now),
                    refreshToken: Secret("x"), account: nil)
            }
            try await cache.keep(signedIn())
            #expect(await cache.accounts().count == 1, "signing in again is the remedy")
        }
    }

    @Test("of another context, key or owner's carelessness is not taken")
    func foreign() async throws {
        try await withTemporaryFolder { folder in
            let prod = cache(folder)
            try await prod.keep(signedIn())
            let test = cache(folder, name: "test")
            #expect(rename(prod.path, test.path) == 0)
            #expect(await test.problem()?.message.contains("damaged, or of another key") == true)
            #expect(rename(test.path, prod.path) == 0)
            #expect(await prod.problem() == nil)
            #expect(chmod(prod.path, 0o640) == 0)
            #expect(await prod.problem()?.message.contains("others can read it (mode 640)") == true)
            #expect(await prod.accounts().isEmpty)
            #expect(chmod(prod.path, 0o600) == 0)
            #expect(rename(prod.path, folder + "/elsewhere") == 0 && symlink(folder + "/elsewhere", prod.path) == 0)
            #expect(await prod.problem()?.message.contains("symbolic link") == true)
            #expect(unlink(prod.path) == 0 && rename(folder + "/elsewhere", prod.path) == 0)
            try await KeyFileStore(folder: folder).removeKey(named: "token-cache")
            #expect(await cache(folder).problem()?.message.contains("its key is gone") == true)
        }
    }

    @Test("is not kept in a folder that others can write to")
    func openFolder() async throws {
        try await withTemporaryFolder { folder in
            #expect(chmod(folder, 0o777) == 0)
            let error = await #expect(throws: IdentityError.self) { try await cache(folder).keep(signedIn()) }
            #expect(error?.code == .cacheUnusable)
            #expect(error?.message.contains("others can write to it") == true)
        }
    }

    @Test("stays in its folder whatever the context is called", arguments: ["../x", "/etc/x", "a/b", "..", "", "ä\u{202E}", "a b"])
    func names(name: String) async throws {
        try await withTemporaryFolder { parent in
            let folder = parent + "/tokens"
            try await cache(folder, name: name).keep(signedIn())
            #expect(await cache(folder, name: name).accounts().count == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: parent) == ["tokens"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 3)
        }
    }

    @Test("loses nothing when many change it at once")
    func concurrent() async throws {
        try await withTemporaryFolder { folder in
            _ = try await KeyFileStore(folder: folder).makeKey(named: "token-cache", random: .system)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let token = AccessToken(
                            secret: Secret("t\(number)"), expiresAt: self.time.now.advanced(by: .seconds(3600)), kind: .jsonWebToken)
                        await self.cache(folder).savedTokens(of: "app \(number)").save(self.scope, TokenGrant(token: token))
                    }
                }
                try await group.waitForAll()
            }
            #expect(await Set(cache(folder).content().tokens.map(\.source)) == Set((0..<8).map { "app \($0)" }))
        }
    }

    @Test("waits for a process that changes it, and says so when it takes too long")
    func locked() async throws {
        try await withTemporaryFolder { folder in
            let cache = cache(folder, pause: time.pause)
            try await cache.keep(signedIn())
            let lock = try #require(try FileLock(cache.path + ".lock"))
            let error = await #expect(throws: IdentityError.self) { try await cache.keep(signedIn("other")) }
            #expect(error?.message.contains("Another process holds") == true)
            #expect(time.pauses.count == 200, "five seconds in pauses of 25 ms")
            #expect(await cache.accounts().count == 1, "reading needs no lock: the file is replaced as a whole")
            withExtendedLifetime(lock) {}
        }
    }

    @Test("takes turns with another process", .enabled(if: access("/usr/bin/flock", X_OK) == 0, "no flock program here"))
    func otherProcess() async throws {
        try await withTemporaryFolder { folder in
            let cache = cache(folder)
            try await cache.keep(signedIn())
            let runner = ProgramRunner.system(environment: ["PATH": "/usr/bin:/bin"])
            let script =
                #"touch "$1/held"; n=0; while [ ! -e "$1/go" ] && [ $n -lt 3000 ]; do sleep 0.02; n=$((n+1)); done; touch "$1/released""#
            // As long as the waiting below: on a busy machine a test may wait for its turn, and the program with it.
            let holder = Task {
                try await runner.run(.init("flock", [cache.path + ".lock", "sh", "-c", script, "sh", folder], limit: .seconds(600)))
            }
            await eventually("the other process does not start") { access(folder + "/held", F_OK) == 0 }
            #expect(try FileLock(cache.path + ".lock") == nil)
            let writer = Task { try await cache.keep(signedIn("later")) }
            try Data().write(to: URL(filePath: folder + "/go"))
            try await writer.value
            #expect(access(folder + "/released", F_OK) == 0)
            #expect(try await holder.value.status == 0)
            #expect(await cache.accounts().map(\.objectID) == ["later"])
        }
    }

    @Test("a sign-in without a refresh token is not kept")
    func noRefreshToken() async throws {
        try await withTemporaryFolder { folder in
            let full = signedIn()
            let bare = SignedIn(account: full.account, clientID: "app", authority: "a", refreshToken: nil, tokens: [], proof: full.proof)
            #expect(await #expect(throws: IdentityError.self) { try await cache(folder).keep(bare) }?.code == .notSignedIn)
        }
    }
}

@Suite("The key of the token cache")
struct KeyStoreTests {
    /// A keyring that keeps what it is given, or refuses.
    private final class Keyring: Sendable {
        let entries = Mutex<[[String]: String]>([:])
        let invocations = Mutex<[ProgramRunner.Invocation]>([])
        let isLocked = Mutex(false)

        var runner: ProgramRunner {
            ProgramRunner { (invocation) throws(ProgramRunner.Failure) in
                self.invocations.withLock { $0.append(invocation) }
                if self.isLocked.withLock({ $0 }) {
                    return .init(status: 1, output: Secret(""), errors: "secret-tool: Cannot create an item in a locked collection\n")
                }
                switch invocation.arguments.first {
                case "lookup":
                    let found = self.entries.withLock { $0[Array(invocation.arguments.dropFirst())] }
                    return .init(status: found == nil ? 1 : 0, output: Secret(found ?? ""), errors: "")
                case "store":
                    self.entries.withLock { $0[Array(invocation.arguments.dropFirst(2))] = invocation.input?.withRevealedText { $0 } }
                    return .init(status: 0, output: Secret(""), errors: "")
                default:
                    self.entries.withLock { $0[Array(invocation.arguments.dropFirst())] = nil }
                    return .init(status: 0, output: Secret(""), errors: "")
                }
            }
        }
    }

    @Test("goes to the keyring through its standard input, never in an argument")
    func keyring() async throws {
        let keyring = Keyring()
        let store = SecretServiceKeyStore(runner: keyring.runner)
        #expect(try await store.key(named: "n") == nil)
        let made = try await store.makeKey(named: "n", random: .system)
        #expect(made.kind == .secretService && made.secret.count == 32)
        #expect(try await store.key(named: "n")?.secret.isEqual(to: made.secret) == true)
        #expect(try await store.makeKey(named: "n", random: .system).secret.isEqual(to: made.secret), "one that is there stays")
        let text = made.secret.withUnsafeBytes { String(decoding: Base64.encode(Array($0)), as: UTF8.self) }
        for invocation in keyring.invocations.withLock({ $0 }) {
            #expect(
                invocation.program == "secret-tool" && !invocation.arguments.contains { $0.contains(text) }
                    && invocation.environment.isEmpty)
        }
        try await store.removeKey(named: "n")
        #expect(try await store.key(named: "n") == nil)
    }

    @Test("is in a file where the keyring refuses, and stays there; a keyring that is locked for once is not one without a key")
    func fallback() async throws {
        try await withTemporaryFolder { folder in
            let keyring = Keyring()
            let store = FallbackKeyStore(first: SecretServiceKeyStore(runner: keyring.runner), second: KeyFileStore(folder: folder))
            keyring.isLocked.withLock { $0 = true }
            await #expect(throws: IdentityError.self) { try await store.key(named: "n") }
            let made = try await store.makeKey(named: "n", random: .system)
            #expect(made.kind == .file)
            keyring.isLocked.withLock { $0 = false }
            let found = try await store.key(named: "n")
            #expect(found?.kind == .file)
        }
    }

    @Test("of a file is the one that opens it, whichever the machine would choose today: a keyring comes and goes")
    func comesAndGoes() async throws {
        try await withTemporaryFolder { folder in
            let keyring = Keyring()
            let file = KeyFileStore(folder: folder)
            let both = FallbackKeyStore(first: SecretServiceKeyStore(runner: keyring.runner), second: file)
            func cache(_ name: String, _ keys: any KeyStore) -> TokenCache { TokenCache(folder: folder, name: name, keys: keys) }
            func signIn() -> SignedIn {
                let account = Account(tenantID: TestIssuer.tenant, objectID: TestIssuer.person)
                return SignedIn(
                    account: account, clientID: "app", authority: "a", refreshToken: Secret("r"), tokens: [],
                    proof: VerifiedIDToken(
                        account: account, issuedAt: nil, expiresAt: WallTime(secondsSince1970: 0), nonce: nil,
                        key: SigningKey(kid: "k", n: "n", e: "e", issuer: nil), token: Secret("i")))
            }
            try await cache("desktop", both).keep(signIn())
            #expect(await cache("desktop", both).keyKind() == .secretService)
            // Another context, over a connection without a desktop: its key is beside the tokens.
            try await cache("remote", file).keep(signIn())
            for name in ["desktop", "remote"] {
                #expect(await cache(name, both).problem() == nil, "\(name)")
                #expect(await cache(name, both).accounts().count == 1)
            }
            #expect(await cache("remote", both).keyKind() == .file)
            let token = AccessToken(
                secret: Secret("t"), expiresAt: WallTime(secondsSince1970: 4_000_000_000), kind: .jsonWebToken)
            for name in ["desktop", "remote"] {
                await cache(name, both).savedTokens(of: "s").save(TokenScope(resource: "x"), TokenGrant(token: token))
            }
            #expect(await cache("remote", file).content().tokens.count == 1, "it stays with the key it has")
            keyring.isLocked.withLock { $0 = true }
            let problem = await cache("desktop", both).problem()
            #expect(problem?.hint == "Unlock the keyring.", "it is not damaged")
            #expect(await cache("remote", both).problem() == nil)
            #expect(await cache("desktop", file).problem()?.code == .cacheUnusable)
        }
    }

    @Test("is chosen by what the machine has")
    func platform() {
        #if !canImport(Security)
            let runner = ProgramRunner.system(environment: [:])
            #expect(KeyStores.platform(folder: "/x", environment: [:], runner: runner) is KeyFileStore)
            #expect(
                KeyStores.platform(folder: "/x", environment: ["DBUS_SESSION_BUS_ADDRESS": "unix:x", "PATH": "/nowhere"], runner: runner)
                    is KeyFileStore)
        #endif
    }

    @Test("in a file is made once, and replaced when it is not a key")
    func file() async throws {
        try await withTemporaryFolder { folder in
            let store = KeyFileStore(folder: folder)
            let first = try await store.makeKey(named: "n", random: .system)
            let second = try await store.makeKey(named: "n", random: .system)
            #expect(second.secret.isEqual(to: first.secret))
            try PrivateFile.write([1, 2, 3], to: folder + "/n.key", random: .system)
            await #expect(throws: IdentityError.self) { try await store.key(named: "n") }
            let third = try await store.makeKey(named: "n", random: .system)
            #expect(third.secret.count == 32)
            #expect(chmod(folder + "/n.key", 0o644) == 0)
            await #expect(throws: IdentityError.self) { try await store.key(named: "n") }
        }
    }
}
