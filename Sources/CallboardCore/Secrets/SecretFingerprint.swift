internal import Crypto
public import Identity

/// What tells one secret from another and does not tell the secret: the first eight bytes of its SHA-256.
///
/// Keys of Service Bus and signatures of tokens are random enough that nobody finds them by it. It is what ledgers and journals hold of a secret.
public struct SecretFingerprint: Hashable, Sendable, CustomStringConvertible {
    /// Sixteen hexadecimal digits.
    public let description: String

    /// The fingerprint of a secret.
    public init(_ secret: Secret) {
        self.init(hash: secret.withUnsafeBytes { SHA256.hash(data: $0) })
    }

    /// The fingerprint of a file's content.
    init(_ bytes: [UInt8]) { self.init(hash: SHA256.hash(data: bytes)) }

    /// Reads one back from a journal; nil for what is none.
    init?(_ text: String) {
        guard text.utf8.count == 16, text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else { return nil }
        description = text
    }

    private init(hash: SHA256Digest) { description = String(hash.hexadecimal.prefix(16)) }
}
