internal import Identity

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

extension ClaimsChallenge {
    /// The largest value of `claims` that is read, in characters.
    private static let longest = 16 * 1024

    /// What a 401's `WWW-Authenticate` field asks for, `Bearer …, error="insufficient_claims", claims="{base64}"`; nil when it asks for nothing.
    init?(wwwAuthenticate field: String) {
        guard field.utf8.count <= Self.longest, let start = field.firstRange(of: "claims=\"")?.upperBound,
            let end = field[start...].firstIndex(of: "\"")
        else { return nil }
        // Both alphabets are seen, and the padding is sometimes missing.
        var text = String(field[start..<end].map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        while text.utf8.count % 4 != 0 { text.append("=") }
        guard let data = Data(base64Encoded: text), let json = String(validating: data, as: UTF8.self), json.hasPrefix("{") else {
            return nil
        }
        self.init(json: json)
    }
}
