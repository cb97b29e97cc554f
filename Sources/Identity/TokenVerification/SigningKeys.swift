internal import JWTKit
internal import NIOCore
internal import RESTClient

/// A public key of an issuer (RFC 7517), as it was published; what archives keep beside a signature, since issuers forget their old keys.
public struct SigningKey: Hashable, Sendable, Codable {
    /// The key's name.
    public let kid: String
    /// The modulus, in base64 for URLs.
    public let n: String
    /// The exponent, in base64 for URLs.
    public let e: String
    /// Whose tokens it signs, where the key says so; may contain `{tenantid}`.
    public let issuer: String?

    /// Whether it made the signature (RSASSA-PKCS1-v1_5 with SHA-256). False for keys under 2048 bits, which nobody trusts.
    func verifies(_ signature: [UInt8], of signed: [UInt8]) async -> Bool {
        // 8192 bits; more would only cost time.
        guard self.n.utf8.count <= 1400, self.e.utf8.count <= 12, let key = try? Insecure.RSA.PublicKey(modulus: self.n, exponent: self.e)
        else {
            return false
        }
        let keys = await JWTKeyCollection().add(rsa: key, digestAlgorithm: .sha256)
        guard let algorithm = try? await keys.getKey() else { return false }
        return (try? algorithm.verify(signature, signs: signed)) ?? false
    }
}

/// The keys of an issuer, as they were published last.
///
/// They are asked for once a day. A key that is not among them is looked for once more, at most every five minutes: then a new one is found soon after
/// the issuer took it into use, and tokens with invented key names cannot make us ask without end. What is not found then is not trusted.
public actor SigningKeys {
    private let fetch: @Sendable () async throws(IdentityError) -> [SigningKey]
    private let clock: WallClock
    private var keys: [SigningKey] = []
    private var askedAt: WallTime?
    private var refresh: Task<Result<[SigningKey], IdentityError>, Never>?
    private var refreshedAt: WallTime?

    static let lifetime = Duration.seconds(24 * 3600)
    static let pauseBetweenRefreshes = Duration.seconds(300)

    /// - Parameters:
    ///   - clock: the time of day.
    ///   - fetch: asks the issuer.
    init(clock: WallClock, fetch: @escaping @Sendable () async throws(IdentityError) -> [SigningKey]) {
        self.clock = clock
        self.fetch = fetch
    }

    /// The key of that name, nil when the issuer publishes none.
    /// - Throws: ``IdentityError`` when the keys cannot be had at all.
    func key(named kid: String) async throws(IdentityError) -> SigningKey? {
        let now = self.clock.now
        guard let askedAt, now < askedAt.advanced(by: Self.lifetime), askedAt <= now else {
            try await self.ask()
            return self.keys.first { $0.kid == kid }
        }
        if let key = self.keys.first(where: { $0.kid == kid }) { return key }
        if self.refresh == nil {
            if let refreshedAt, now < refreshedAt.advanced(by: Self.pauseBetweenRefreshes), refreshedAt <= now { return nil }
            self.refreshedAt = now
        }
        try await self.ask()
        return self.keys.first { $0.kid == kid }
    }

    /// Asks once for however many wait.
    private func ask() async throws(IdentityError) {
        let fetch = self.fetch
        let task =
            self.refresh
            ?? Task {
                do throws(IdentityError) { return .success(try await fetch()) } catch { return .failure(error) }
            }
        self.refresh = task
        let result = await task.value
        if self.refresh == task {
            self.refresh = nil
            if case .success(let keys) = result {
                self.keys = keys
                self.askedAt = self.clock.now
            }
        }
        _ = try result.get()
    }
}

extension SigningKeys {
    private struct Document: Decodable { var keys: [Entry] }
    private struct Entry: Decodable {
        var kty: String?
        var use: String?
        var alg: String?
        var kid: String?
        var n: String?
        var e: String?
        var issuer: String?
    }

    /// The RSA keys for signatures in a JWKS document; nil when it is none. Keys of other kinds are left out: no allowed algorithm uses them.
    static func parse(_ body: some Collection<UInt8>) -> [SigningKey]? {
        guard let document = JSONBody.decode(Document.self, from: body) else { return nil }
        return document.keys.prefix(100).compactMap { entry in
            guard entry.kty == "RSA", entry.use ?? "sig" == "sig", entry.alg ?? "RS256" == "RS256", let kid = entry.kid, let n = entry.n,
                let e = entry.e
            else { return nil }
            return SigningKey(kid: kid, n: n, e: e, issuer: entry.issuer)
        }
    }

    /// The keys that an address publishes.
    static func published(at url: String, entra: EntraClient) -> SigningKeys {
        SigningKeys(clock: entra.clock) { () throws(IdentityError) in
            let response = try await entra.get(url)
            guard response.isSuccess else { throw .unexpected(response, from: url, asking: "signing keys") }
            guard let keys = SigningKeys.parse(response.body.readableBytesView) else {
                throw IdentityError(.invalidAnswer, "\(url) answered the request for signing keys with something else.")
            }
            return keys
        }
    }
}
