internal import ServiceBus

/// Masks a body: as JSON, as XML, or as text. What is none of these, or only pretends to be, is withheld: shown as text, base64 or hex, it would
/// show what is in it.
struct BodyMasking {
    private let masker: Masker
    private let bytes: UnsafeBufferPointer<UInt8>
    private let contentType: String

    init(_ masker: Masker, _ bytes: UnsafeBufferPointer<UInt8>, contentType: String?) {
        self.masker = masker
        self.bytes = bytes
        self.contentType = contentType?.lowercased() ?? ""
    }

    func outcome() -> RedactedBody {
        if bytes.isEmpty { return .unchanged }
        guard Base64Reading.isText(bytes) else { return .withheld }
        // A short message of it passes for text.
        if contentType.contains("proto"), !contentType.contains("json") { return .withheld }
        let first = (bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes.dropFirst(3) : bytes[...]).first { $0 > 0x20 }
        guard let first else { return .unchanged }
        if contentType.contains("json") || first == UInt8(ascii: "{") || JSONMasking.looksLikeJSON(bytes) {
            return outcome(of: JSONMasking(masker, bytes, depth: 0).outcome())
        }
        if first == UInt8(ascii: "[") {
            // A list of numbers, or a line of a log that begins with a time in brackets.
            let list = outcome(of: JSONMasking(masker, bytes, depth: 0).outcome())
            if list != .withheld { return list }
        }
        if contentType.contains("xml") || first == UInt8(ascii: "<") { return outcome(of: XMLMasking(masker, bytes, depth: 0).outcome()) }
        if isEncoded { return .withheld }
        return masker.masked(bytes, depth: 0).map { .replaced($0, fields: 1) } ?? .unchanged
    }

    private func outcome(of document: DocumentMasking) -> RedactedBody {
        switch document {
        case .unchanged: .unchanged
        case .masked(let bytes, let fields): .replaced(bytes, fields: fields)
        case .unreadable: .withheld
        }
    }

    /// Whether the body is one piece of base64 that does not encode a text: bytes in a form that can be printed.
    private var isEncoded: Bool {
        guard bytes.count >= Base64Reading.shortest,
            bytes.allSatisfy({ Base64Reading.isSpace($0) || $0 == UInt8(ascii: "=") || Base64Reading.isAlphabet($0) }),
            Base64Reading.bytes(of: bytes) != nil
        else { return false }
        return Base64Reading.text(of: bytes) == nil
    }
}
