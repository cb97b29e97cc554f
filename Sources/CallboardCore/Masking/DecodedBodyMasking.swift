internal import ServiceBus

/// Masks a body that is no text as it was sent: compressed, UTF-16, CBOR, MessagePack, Avro, .NET's binary XML. What may be seen of it is the text
/// or the values it was decoded to, masked as any text or JSON is; of its bytes nothing.
///
/// Only where it is certain what it is and all of it was read: what is left out could be half of a number, and a wrong guess gives wrong
/// names. So Protobuf, whose fields have no names without a schema, and maps with numbers for names stay withheld.
struct DecodedBodyMasking {
    private let masker: Masker
    private let decoded: DecodedBody

    /// Decoding holds up a whole page of messages.
    private static let limits: BodyLimits = {
        var limits = BodyLimits.standard
        limits.windowBytes = 8 << 20
        limits.unpackedBytes = 8 << 20
        limits.time = .milliseconds(500)
        return limits
    }()

    init(_ masker: Masker, _ bytes: UnsafeBufferPointer<UInt8>, _ declaration: DecodedBody.Declaration) {
        self.masker = masker
        decoded = BodyDecoder(limits: Self.limits).decode(Array(bytes), declaration)
    }

    func outcome() -> RedactedBody {
        guard decoded.isReliable, !decoded.formats.contains("Protobuf") else { return .withheld }
        if let text = decoded.text {
            let utf8 = Array(text.utf8)
            return utf8.withUnsafeBufferPointer { text in
                outcome(of: BodyMasking(masker, text, contentType: decoded.declaration.contentType).outcome(), utf8)
            }
        }
        guard let tree = decoded.tree, !tree.hasUnnamedMembers else { return .withheld }
        var writer = BodyTreeJSON(tree)
        let json = writer.written()
        switch json.withUnsafeBufferPointer({ JSONMasking(masker, $0, depth: 0).outcome() }) {
        case .unreadable: return .withheld
        case .unchanged: return .decoded(json, fields: writer.bytesLeftOut, format: decoded.format)
        case .masked(let bytes, let fields): return .decoded(bytes, fields: fields + writer.bytesLeftOut, format: decoded.format)
        }
    }

    private func outcome(of masked: RedactedBody, _ text: [UInt8]) -> RedactedBody {
        switch masked {
        case .withheld, .decoded: .withheld
        case .unchanged: .decoded(text, fields: 0, format: decoded.format)
        case .replaced(let bytes, let fields): .decoded(bytes, fields: fields, format: decoded.format)
        }
    }
}

extension BodyTree {
    /// Whether values stand under numbers, so that there is no telling what they are.
    fileprivate var hasUnnamedMembers: Bool {
        nodes.contains { if case .key = $0.step { true } else { false } }
    }
}

/// Writes a tree as JSON; bytes, which could hold anything, as the placeholder.
private struct BodyTreeJSON {
    private let tree: BodyTree
    /// How many leaves of bytes were not written.
    private(set) var bytesLeftOut = 0
    private var json: [UInt8] = []

    init(_ tree: BodyTree) { self.tree = tree }

    mutating func written() -> [UInt8] {
        // Of an XML document the name of the root is its type.
        let rootName = tree.nodes.first.flatMap { $0.value == .element && !$0.typeName.isEmpty ? $0.typeName : nil }
        if let rootName {
            json.append(UInt8(ascii: "{"))
            write(rootName)
            json.append(UInt8(ascii: ":"))
        }
        var open: [Int] = []
        for (place, node) in tree.nodes.enumerated() {
            close(&open, before: place)
            if let parent = open.last {
                if place != parent + 1 { json.append(UInt8(ascii: ",")) }
                if tree.nodes[parent].value != .array {
                    write(BodyPath.label(of: node.step) ?? "")
                    json.append(UInt8(ascii: ":"))
                }
            }
            if node.isContainer {
                json.append(node.value == .array ? UInt8(ascii: "[") : UInt8(ascii: "{"))
                open.append(place)
            } else {
                write(node.value)
            }
        }
        close(&open, before: tree.nodes.count)
        if rootName != nil { json.append(UInt8(ascii: "}")) }
        return json
    }

    private mutating func close(_ open: inout [Int], before place: Int) {
        while let last = open.last, tree.nodes[last].end <= place {
            json.append(tree.nodes[last].value == .array ? UInt8(ascii: "]") : UInt8(ascii: "}"))
            open.removeLast()
        }
    }

    private mutating func write(_ value: BodyTree.Value) {
        switch value {
        case .text(let text, _): write(text)
        case .number(let text): if Self.isNumber(text) { json.append(contentsOf: text.utf8) } else { write(text) }
        case .word(let word):
            if word == "true" || word == "false" || word == "null" { json.append(contentsOf: word.utf8) } else { write(word) }
        case .bytes:
            bytesLeftOut += 1
            write(Redaction.placeholder)
        case .object, .array, .element: break
        }
    }

    private mutating func write(_ text: String) { json.append(contentsOf: JSONEscapes.quoted(text.utf8)) }

    /// Whether it is a number as JSON writes one (RFC 8259, section 6).
    private static func isNumber(_ text: String) -> Bool {
        let parts = text.lowercased().split(separator: "e", omittingEmptySubsequences: false)
        guard parts.count <= 2, let mantissa = parts.first else { return false }
        let digits = (mantissa.hasPrefix("-") ? mantissa.dropFirst() : mantissa).split(separator: ".", omittingEmptySubsequences: false)
        guard digits.count <= 2, digits.allSatisfy(isDigits), let whole = digits.first, whole == "0" || !whole.hasPrefix("0") else {
            return false
        }
        guard parts.count == 2, let exponent = parts.last else { return true }
        return isDigits(exponent.first == "+" || exponent.first == "-" ? exponent.dropFirst() : exponent)
    }

    private static func isDigits(_ text: Substring) -> Bool { !text.isEmpty && text.utf8.allSatisfy(\.isASCIIDigit) }
}
