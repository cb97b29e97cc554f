internal import Crypto
internal import CryptoExtras

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A signed token (RFC 7515, compact form), taken apart but not yet believed.
struct JSONWebToken: Sendable {
    /// Longer ones are not read: a token with 200 groups has a tenth of it.
    static let maximumBytes = 65_536

    let header: CloudJSON
    let claims: CloudJSON
    private let signed: Data
    private let signature: Data

    /// Takes a text apart; nil when it is no token.
    init?(_ text: String) {
        guard text.utf8.count <= Self.maximumBytes else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Base64URL.decode(parts[0]), let claims = Base64URL.decode(parts[1]),
            let signature = Base64URL.decode(parts[2]), let head = CloudJSON(parsing: Array(header)),
            let body = CloudJSON(parsing: Array(claims)), case .object = head, case .object = body
        else { return nil }
        self.header = head
        self.claims = body
        self.signature = signature
        signed = Data("\(parts[0]).\(parts[1])".utf8)
    }

    /// Whether a key has signed it, with an algorithm that is allowed: never the one the token would like best.
    func isSigned(by key: _RSA.Signing.PublicKey, allowing algorithms: Set<String> = ["RS256"]) -> Bool {
        guard let algorithm = header["alg"]?.text, algorithms.contains(algorithm) else { return false }
        let padding: _RSA.Signing.Padding
        switch algorithm {
        case "RS256": padding = .insecurePKCS1v1_5
        case "PS256": padding = .PSS
        default: return false
        }
        return key.isValidSignature(
            _RSA.Signing.RSASignature(rawRepresentation: signature), for: SHA256.hash(data: signed), padding: padding)
    }

    /// Whether its time has come and is not over; the clocks of two machines may differ by a little.
    func isCurrent(at now: Int64, skewSeconds: Int64 = 120) -> Bool {
        guard let end = claims["exp"]?.numericDate else { return false }
        let seconds = now / 1000
        return end > seconds && (claims["nbf"]?.numericDate ?? 0) <= seconds + skewSeconds
    }

    /// A token with these claims, signed with RS256.
    static func signed(_ claims: CloudJSON, by key: TokenKey) throws -> String {
        let header: CloudJSON = ["typ": "JWT", "alg": "RS256", "kid": .string(key.id), "x5t": .string(key.id)]
        let text = "\(Base64URL.encode(Data(header.serialized.utf8))).\(Base64URL.encode(Data(claims.serialized.utf8)))"
        let signature = try key.privateKey.signature(for: SHA256.hash(data: Data(text.utf8)), padding: .insecurePKCS1v1_5)
        return "\(text).\(Base64URL.encode(signature.rawRepresentation))"
    }
}

/// A key that tokens are signed with; it lives in memory only.
struct TokenKey: Sendable {
    /// What tokens and the published key set call it: the hash of its public part.
    let id: String
    let privateKey: _RSA.Signing.PrivateKey

    init() throws {
        privateKey = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        id = Base64URL.encode(Data(Insecure.SHA1.hash(data: privateKey.publicKey.derRepresentation)))
    }

    /// The key as the published set has it (RFC 7517).
    func json(issuer: String) throws -> CloudJSON {
        let primitives = try privateKey.publicKey.getKeyPrimitives()
        return [
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": .string(id), "x5t": .string(id),
            "n": .string(Base64URL.encode(primitives.modulus)), "e": .string(Base64URL.encode(primitives.publicExponent)),
            "issuer": .string(issuer),
        ]
    }
}

/// The keys of an issuer: one signs, and the one before it is still published.
struct TokenKeys: Sendable {
    private(set) var keys: [TokenKey]

    init() throws { keys = [try TokenKey()] }

    var current: TokenKey { keys[0] }

    /// Signs with a new key from now on; of the older ones only the last is published still.
    mutating func rotate() throws { keys = [try TokenKey(), keys[0]] }

    /// Takes back everything but the key that signs.
    mutating func withdrawOld() { keys = [keys[0]] }

    /// Whether one of the published keys has signed a token.
    func verify(_ token: JSONWebToken) -> Bool {
        guard let id = token.header["kid"]?.text, let key = keys.first(where: { $0.id == id }) else { return false }
        return token.isSigned(by: key.privateKey.publicKey)
    }

    func json(issuer: String) throws -> CloudJSON { ["keys": .array(try keys.map { try $0.json(issuer: issuer) })] }
}

/// Base64 in the alphabet of URLs, without padding (RFC 4648, section 5).
enum Base64URL {
    static func encode(_ data: Data) -> String {
        String(data.base64EncodedString().compactMap { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 == "=" ? nil : $0 })
    }

    static func encode(_ bytes: some Sequence<UInt8>) -> String { encode(Data(bytes)) }

    /// The usual alphabet, with padding: what header fields have.
    static func standard(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    static func decode(_ text: some StringProtocol) -> Data? {
        var standard = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        while standard.utf8.count % 4 != 0 { standard.append("=") }
        return Data(base64Encoded: standard)
    }
}
