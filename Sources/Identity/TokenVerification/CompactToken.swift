/// The three parts of a JSON web token (RFC 7515 3.1), taken apart and not yet believed.
struct CompactToken: Sendable {
    struct Header: Decodable, Hashable, Sendable {
        var alg: String
        var kid: String?
        var crit: [String]?
    }

    let header: Header
    /// The claims as JSON.
    let claims: [UInt8]
    /// What the signature is over.
    let signed: [UInt8]
    let signature: [UInt8]

    /// - Returns: nil for anything that is not three parts of strict base64 with a JSON object first, or is larger than 64 KiB.
    init?(_ text: some Collection<UInt8>) {
        guard text.count <= 64 * 1024 else { return nil }
        let bytes = Array(text)
        let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, let headerBytes = Self.decode(parts[0]), let header = JSONBody.decode(Header.self, from: headerBytes),
            let claims = Self.decode(parts[1]), let signature = Self.decode(parts[2])
        else { return nil }
        self.header = header
        self.claims = claims
        self.signature = signature
        self.signed = Array(bytes[..<parts[1].endIndex])
    }

    /// Only the alphabet for URLs, without padding.
    private static func decode(_ part: ArraySlice<UInt8>) -> [UInt8]? {
        guard !part.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "=") }) else { return nil }
        return Base64.decode(part)
    }
}
