/// What is known of somebody who signed in, and since when.
public struct KeptClaims: Hashable, Sendable {
    /// Who it is, by an id token that was verified.
    public let account: Account
    /// When that id token was verified: at the sign-in, or when a token was renewed since.
    public let verifiedAt: WallTime
    /// When the groups were told, by the id token or by Microsoft Graph.
    public let groupsAt: WallTime
}

/// The sign-in and tokens of one context, in a file that outlives the process.
///
/// The file is encrypted (AES-GCM) with a key that a ``KeyStore`` keeps, has mode 0600 from the moment it exists, and is replaced as a whole: whoever reads it
/// sees the old one or the new one. Processes that change it take turns (`flock`). A file that is a link, somebody else's or readable by others is refused;
/// one that cannot be decrypted counts as empty, with ``problem()`` saying why: the remedy is to sign in again.
public actor TokenCache {
    /// The context's name.
    public nonisolated let name: String
    /// The file, for messages.
    public nonisolated let path: String

    private let folder: String
    private let keys: any KeyStore
    private let clock: WallClock
    private let pause: Pause
    private let random: RandomBytes
    private var key: CacheKey?

    static let lockLimit = Duration.seconds(5)
    static let lockPause = Duration.milliseconds(25)
    private static let keyName = "token-cache"

    /// - Parameters:
    ///   - folder: where the file is, absolute; made for the owner only when it is missing.
    ///   - name: the context.
    ///   - keys: where the key is kept.
    ///   - clock, pause, random: as elsewhere.
    public init(
        folder: String, name: String, keys: any KeyStore, clock: WallClock = .system, pause: Pause = .system, random: RandomBytes = .system
    ) {
        self.folder = folder
        self.name = name
        self.path = "\(folder)/\(PercentEncoding.encode(name)).tokens"
        self.keys = keys
        self.clock = clock
        self.pause = pause
        self.random = random
    }

    /// Who signed in: one, or nobody.
    public func accounts() async -> [Account] { await self.content().signIns.map(\.account) }

    /// Who signed in last to an application at a tenant; nil when nobody did.
    public func account(clientID: String, at endpoint: EntraEndpoint) async -> Account? {
        await self.claims(clientID: clientID, at: endpoint)?.account
    }

    /// Who signed in last to an application at a tenant, and how old what is known of them is; nil when nobody did.
    public func claims(clientID: String, at endpoint: EntraEndpoint) async -> KeptClaims? {
        await self.content().signIns.first { $0.clientID == clientID && $0.authority == endpoint.base }.map { signIn in
            KeptClaims(account: signIn.account, verifiedAt: signIn.verifiedAt, groupsAt: signIn.groupsAt)
        }
    }

    /// Why the file that is there cannot be used; nil when it can, or there is none.
    public func problem() async -> IdentityError? {
        do throws(IdentityError) {
            _ = try await self.read()
            return nil
        } catch {
            return error
        }
    }

    /// Where the key of the file is kept; nil while there is none.
    public func keyKind() async -> KeyStoreKind? {
        // The one that opens the file, where there is a file.
        _ = try? await self.read()
        if let key { return key.kind }
        return try? await self.keys.key(named: Self.keyName)?.kind
    }

    /// Keeps a sign-in and the token that came with it in the place of an earlier one, and forgets everything that was kept of whoever that was.
    /// - Throws: ``IdentityError/Code/cacheUnusable`` when it cannot be written, or ``IdentityError/Code/notSignedIn`` when there is nothing to keep.
    public func keep(_ signedIn: SignedIn) async throws(IdentityError) {
        guard let refreshToken = signedIn.refreshToken else {
            throw IdentityError(
                .notSignedIn, "The sign-in brought no refresh token, so it would end with its first token.",
                hint: "The application must be allowed to ask for offline_access.")
        }
        let signIn = CachedSignIn(
            account: signedIn.account, clientID: signedIn.clientID, authority: signedIn.authority, refreshToken: refreshToken,
            signedInAt: self.clock.now, verifiedAt: self.clock.now, groupsAt: self.clock.now)
        try await self.change(isReplacing: true) { content in
            content.add(signIn)
            content.tokens.removeAll { $0.source.hasPrefix(SignedInCredential.sourcePrefix) }
            for grant in signedIn.tokens {
                content.add(
                    CachedToken(source: SignedInCredential.source(of: signIn), scope: grant.scope, grant: TokenGrant(token: grant.token)))
            }
        }
    }

    /// Writes down what is known of somebody who signed in, in the place of what was; nothing where they are not signed in.
    /// - Throws: ``IdentityError/Code/cacheUnusable`` when it cannot be written.
    public func update(_ account: Account) async throws(IdentityError) {
        let now = self.clock.now
        try await self.change { content in
            for index in content.signIns.indices where content.signIns[index].account.isSame(as: account) {
                if content.signIns[index].account.groups != account.groups { content.signIns[index].groupsAt = now }
                content.signIns[index].account = account
            }
        }
    }

    /// Forgets all sign-ins and tokens: the file goes.
    public func forget() async throws(IdentityError) {
        let path = self.path
        try await self.locked { () throws(FileFault) in try PrivateFile.remove(path) }
    }

    func content() async -> CacheContent { (try? await self.read()) ?? CacheContent() }

    /// Keeps what came with a new token: the refresh token in the place of the one that was used, and who it is by an id token that was verified now.
    /// Groups that the new id token does not name stay as they were, and as old.
    func renew(_ signIn: CachedSignIn, refreshToken: Secret?, account: Account?) async throws(IdentityError) {
        let now = self.clock.now
        try await self.change { content in
            for index in content.signIns.indices where content.signIns[index].isSame(as: signIn) {
                if let refreshToken { content.signIns[index].refreshToken = refreshToken }
                guard let account else { continue }
                let earlier = content.signIns[index].account.groups
                content.signIns[index].verifiedAt = now
                if case .unknown = account.groups, case .known = earlier {
                    content.signIns[index].account = account.with(groups: earlier)
                } else {
                    content.signIns[index].account = account
                    content.signIns[index].groupsAt = now
                }
            }
        }
    }

    /// The tokens of one credential.
    nonisolated func savedTokens(of source: String) -> SavedTokens {
        SavedTokens(
            load: { scope in
                await self.content().tokens.first { $0.source == source && $0.scope == scope }?.grant
            },
            save: { scope, grant in
                try? await self.change { $0.add(CachedToken(source: source, scope: scope, grant: grant)) }
            })
    }

    // MARK: The file

    private func read() async throws(IdentityError) -> CacheContent {
        let sealed: [UInt8]?
        do throws(FileFault) { sealed = try PrivateFile.read(self.path, limit: JSONBody.limit + 1024) } catch {
            throw .cacheUnusable("The token cache \(self.path) cannot be used: \(error.message).")
        }
        guard let sealed else { return CacheContent() }
        let plain = try await self.open(sealed)
        guard var content = CacheContent(plain: plain) else {
            throw .cacheUnusable("The token cache \(self.path) is of another version of this program.")
        }
        content.prune(at: self.clock.now)
        return content
    }

    /// Opens the file with the key that opened it before, or else with whichever does: another process may have made a new one, or there was no keyring
    /// when it was written and there is one now.
    private func open(_ sealed: [UInt8]) async throws(IdentityError) -> [UInt8] {
        if let key, let plain = SealedBox.open(sealed, with: key.secret, for: self.name) { return plain }
        self.key = nil
        let candidates = await self.keys.candidates(named: Self.keyName)
        for candidate in candidates.keys {
            guard let plain = SealedBox.open(sealed, with: candidate.secret, for: self.name) else { continue }
            self.key = candidate
            return plain
        }
        // The right one may be where nobody could look.
        if let refusal = candidates.refusal { throw refusal }
        throw .cacheUnusable(
            candidates.keys.isEmpty
                ? "The token cache \(self.path) cannot be decrypted: its key is gone, or in a keyring that is not here."
                : "The token cache \(self.path) cannot be decrypted: it is damaged, or of another key.")
    }

    private func existingKey() async throws(IdentityError) -> CacheKey? {
        if let key { return key }
        self.key = try await self.keys.key(named: Self.keyName)
        return self.key
    }

    /// Reads, changes and writes while no other process does.
    /// - Parameter isReplacing: whether a file that cannot be read is replaced: by a new sign-in, and by nothing less. A keyring that is locked for once must
    ///   not cost anybody their sign-in.
    private func change(isReplacing: Bool = false, _ body: (inout CacheContent) -> Void) async throws(IdentityError) {
        let lock = try await self.lock()
        defer { withExtendedLifetime(lock) {} }
        var content: CacheContent
        do throws(IdentityError) { content = try await self.read() } catch {
            guard isReplacing, error.code == .cacheUnusable else { throw error }
            content = CacheContent()
        }
        body(&content)
        let key: CacheKey
        if let existing = try? await self.existingKey() {
            key = existing
        } else {
            key = try await self.keys.makeKey(named: Self.keyName, random: self.random)
        }
        self.key = key
        guard let plain = content.plain, let sealed = SealedBox.seal(plain, with: key.secret, for: self.name) else {
            throw .cacheUnusable("The token cache \(self.path) cannot be written: its content is too large.")
        }
        do throws(FileFault) { try PrivateFile.write(sealed, to: self.path, random: self.random) } catch {
            throw .cacheUnusable("The token cache \(self.path) cannot be written: \(error.message).", hint: "Check the folder.")
        }
    }

    private func locked(_ body: () throws(FileFault) -> Void) async throws(IdentityError) {
        let lock = try await self.lock()
        defer { withExtendedLifetime(lock) {} }
        do throws(FileFault) { try body() } catch {
            throw .cacheUnusable("The token cache \(self.path) cannot be changed: \(error.message).", hint: "Check the folder.")
        }
    }

    private func lock() async throws(IdentityError) -> FileLock {
        var waited = Duration.zero
        while true {
            let lock: FileLock?
            do throws(FileFault) {
                try PrivateFile.prepareFolder(self.folder)
                lock = try FileLock(self.path + ".lock")
            } catch {
                throw .cacheUnusable(
                    "The folder of the token cache, \(self.folder), cannot be used: \(error.message).", hint: "Check the folder.")
            }
            if let lock { return lock }
            guard waited < Self.lockLimit else {
                throw .cacheUnusable("Another process holds the token cache \(self.path).", hint: "Try again.")
            }
            try await self.pause(Self.lockPause)
            waited += Self.lockPause
        }
    }
}
