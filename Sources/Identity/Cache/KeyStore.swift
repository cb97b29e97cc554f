/// Keeps the key that token caches are encrypted with.
public protocol KeyStore: Sendable {
    /// The key of that name; nil when there is none.
    /// - Throws: ``IdentityError/Code/cacheUnusable`` when the store cannot be asked.
    func key(named name: String) async throws(IdentityError) -> CacheKey?
    /// Every key of that name that may have been used, the likeliest first. A keyring that comes and goes leaves a key in it and one beside the tokens:
    /// what was encrypted says which it is by being opened.
    func candidates(named name: String) async -> KeyCandidates
    /// Makes a key of that name from 32 random bytes, unless another process was faster, and returns the one there is.
    func makeKey(named name: String, random: RandomBytes) async throws(IdentityError) -> CacheKey
    /// Forgets the key of that name.
    func removeKey(named name: String) async throws(IdentityError)
}

extension KeyStore {
    /// The one key there is.
    public func candidates(named name: String) async -> KeyCandidates {
        do throws(IdentityError) { return KeyCandidates(keys: try await self.key(named: name).map { [$0] } ?? []) } catch {
            return KeyCandidates(keys: [], refusal: error)
        }
    }
}

/// The keys that something may have been encrypted with.
public struct KeyCandidates: Sendable {
    /// The keys, the likeliest first.
    public var keys: [CacheKey]
    /// Why there may be more; nil when these are all.
    public var refusal: IdentityError?

    /// Candidates.
    public init(keys: [CacheKey], refusal: IdentityError? = nil) {
        self.keys = keys
        self.refusal = refusal
    }
}

/// Where a key is kept, to be told to whoever asks how safe the tokens are.
public enum KeyStoreKind: String, Hashable, Sendable, Codable {
    /// The keychain of macOS.
    case keychain
    /// The Secret Service of the desktop session, through `secret-tool`.
    case secretService = "secret-service"
    /// A file of mode 0600 beside the tokens: it keeps them from backups and from strangers' eyes, not from whoever can read the user's files.
    case file
}

/// A key, and where it is kept.
public struct CacheKey: Sendable {
    /// 32 bytes.
    public let secret: Secret
    /// Where it is kept.
    public let kind: KeyStoreKind

    /// A key.
    public init(secret: Secret, kind: KeyStoreKind) {
        self.secret = secret
        self.kind = kind
    }

    static let size = 32
}

extension IdentityError {
    static func cacheUnusable(_ message: String, hint: String = "Sign in again.") -> IdentityError {
        IdentityError(.cacheUnusable, message, hint: hint)
    }
}

/// The stores that a machine offers.
public enum KeyStores {
    /// The keychain on macOS; elsewhere the Secret Service where there is a session bus and `secret-tool`, and a file beside the tokens where there is not, or where
    /// the service refuses.
    /// - Parameters:
    ///   - folder: where the tokens are.
    ///   - environment: the variables of this process.
    ///   - runner: how programs are run.
    public static func platform(folder: String, environment: [String: String], runner: ProgramRunner) -> any KeyStore {
        let file = KeyFileStore(folder: folder)
        #if canImport(Security)
            return FallbackKeyStore(first: KeychainKeyStore(), second: file)
        #else
            guard environment["DBUS_SESSION_BUS_ADDRESS"]?.isEmpty == false,
                ProgramRunner.path(of: "secret-tool", environment: environment) != nil
            else {
                return file
            }
            return FallbackKeyStore(first: SecretServiceKeyStore(runner: runner), second: file)
        #endif
    }
}

/// A store that may refuse, as keyrings do without a desktop, and one that takes its place.
struct FallbackKeyStore: KeyStore {
    let first: any KeyStore
    let second: any KeyStore

    func key(named name: String) async throws(IdentityError) -> CacheKey? {
        let refusal: IdentityError
        do throws(IdentityError) {
            if let key = try await self.first.key(named: name) { return key }
            return try await self.second.key(named: name)
        } catch {
            refusal = error
        }
        // The key may have been made when the first refused. That it refuses now does not mean that there is none.
        if let key = try? await self.second.key(named: name) { return key }
        throw refusal
    }

    func candidates(named name: String) async -> KeyCandidates {
        let (first, second) = (await self.first.candidates(named: name), await self.second.candidates(named: name))
        return KeyCandidates(keys: first.keys + second.keys, refusal: first.refusal ?? second.refusal)
    }

    func makeKey(named name: String, random: RandomBytes) async throws(IdentityError) -> CacheKey {
        do throws(IdentityError) {
            return try await self.first.makeKey(named: name, random: random)
        } catch {
            guard error.code != .cancelled else { throw error }
            return try await self.second.makeKey(named: name, random: random)
        }
    }

    func removeKey(named name: String) async throws(IdentityError) {
        try? await self.first.removeKey(named: name)
        try await self.second.removeKey(named: name)
    }
}
