#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// Base64 with the alphabet for URLs and without padding (RFC 4648, section 5), in its one spelling.
enum Base64URL {
    static func encode(_ bytes: [UInt8]) -> String {
        String(Data(bytes).base64EncodedString().compactMap { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 == "=" ? nil : $0 })
    }

    /// The bytes of a text; nil for every spelling but the one that ``encode(_:)`` gives.
    /// - Parameter count: how many bytes there must be.
    static func decode(_ text: String, count: Int) -> [UInt8]? {
        guard text.utf8.count <= 2 * count + 4 else { return nil }
        var standard = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        while standard.utf8.count % 4 != 0 { standard.append("=") }
        guard let data = Data(base64Encoded: standard), data.count == count, encode(Array(data)) == text else { return nil }
        return Array(data)
    }
}
