internal import Crypto

/// Bytes encrypted with AES-GCM under a key of 32 bytes: a mark, then nonce, cipher text and tag. The name of what they belong to is bound to them, so that the
/// file of one context cannot take the place of another's.
enum SealedBox {
    static let mark = Array("callboard-tokens-1\n".utf8)

    static func seal(_ plain: [UInt8], with key: Secret, for name: String) -> [UInt8]? {
        guard key.count == CacheKey.size else { return nil }
        let key = key.withUnsafeBytes { SymmetricKey(data: $0) }
        guard let sealed = try? AES.GCM.seal(plain, using: key, authenticating: self.mark + name.utf8).combined else { return nil }
        return self.mark + sealed
    }

    /// The plain bytes; nil when they were not sealed with this key for this name, or were changed or cut.
    static func open(_ sealed: [UInt8], with key: Secret, for name: String) -> [UInt8]? {
        guard key.count == CacheKey.size, sealed.starts(with: self.mark) else { return nil }
        let key = key.withUnsafeBytes { SymmetricKey(data: $0) }
        guard let box = try? AES.GCM.SealedBox(combined: sealed.dropFirst(self.mark.count)),
            let plain = try? AES.GCM.open(box, using: key, authenticating: self.mark + name.utf8)
        else { return nil }
        return Array(plain)
    }
}
