internal import Terminal

/// A message's body, made ready for the screen in every form it can be shown in. Made off the UI thread.
struct BodyDocument: Sendable {
    /// How a body is shown.
    enum Form: String, CaseIterable, Sendable {
        /// Laid out by its format.
        case pretty
        /// As the text it is.
        case text
        /// As bytes.
        case hex
    }

    /// What the bytes turned out to be, in a word: `JSON`, `text`, `gzip`, `binary`.
    let format: String
    /// What the sender says they are.
    let contentType: String?
    /// Their number.
    let sizeBytes: Int
    /// What the reader should know: what was cut, why it is shown as hex.
    let notes: [String]
    private let blocks: [(form: Form, block: TextBlock)]

    /// Lines beyond this many are not laid out; hex shows everything.
    static let maximumLines = 20_000
    /// Bytes beyond this many are not laid out.
    static let maximumBytes = 1 << 20

    /// The forms there are, the best first; none for an empty body.
    var forms: [Form] { blocks.map(\.form) }

    /// The body in a form, or in its best one.
    func block(_ form: Form?) -> (form: Form, block: TextBlock)? { blocks.first { $0.form == form } ?? blocks.first }

    /// A body of bytes.
    ///
    /// - Parameters:
    ///   - contentType: what the sender says it is; shown, not believed.
    ///   - contentEncoding: as above.
    init(bytes: [UInt8], contentType: String? = nil, contentEncoding: String? = nil) {
        var notes: [String] = []
        var forms: [(Form, TextBlock)] = []
        let format: String
        if bytes.isEmpty {
            format = "empty"
        } else if let text = LegacyDotNetString.text(of: bytes) {
            format = ".NET string"
            notes.append("a string in .NET's binary XML, as older SDKs send it; hex shows the envelope")
            forms = BodyDocument.textual(Array(text.utf8), &notes)
        } else if let compression = BodyDocument.compression(of: bytes) {
            format = compression
            notes.append("compressed with \(compression): shown as it is")
        } else if BodyDocument.isText(bytes) {
            forms = BodyDocument.textual(bytes, &notes)
            format = forms.first?.0 == .pretty ? "JSON" : "text"
        } else {
            format = "binary"
            if String(validating: bytes.prefix(BodyDocument.maximumBytes), as: UTF8.self) == nil,
                contentType?.lowercased().holds("json") == true
            {
                notes.append("the sender calls it \(contentType ?? "text"), but it is not valid UTF-8")
            }
        }
        if let contentEncoding, !contentEncoding.isEmpty { notes.append("content encoding: \(contentEncoding)") }
        if !bytes.isEmpty { forms.append((.hex, .bytes(bytes))) }
        self.init(format: format, contentType: contentType, sizeBytes: bytes.count, notes: notes, blocks: forms)
    }

    /// A body that is a typed value and not bytes: its text.
    init(value: String, typeName: String, sizeBytes: Int, contentType: String? = nil) {
        var notes: [String] = []
        let bytes = Array(value.utf8)
        let forms = bytes.isEmpty ? [] : BodyDocument.textual(bytes, &notes)
        self.init(
            format: "AMQP \(typeName)", contentType: contentType, sizeBytes: sizeBytes, notes: notes,
            blocks: forms + (bytes.isEmpty ? [] : [(.hex, .bytes(bytes))]))
    }

    private init(format: String, contentType: String?, sizeBytes: Int, notes: [String], blocks: [(Form, TextBlock)]) {
        self.format = format
        self.contentType = contentType
        self.sizeBytes = sizeBytes
        self.notes = notes
        self.blocks = blocks.map { (form: $0.0, block: $0.1) }
    }

    /// Pretty if it is JSON, and text.
    private static func textual(_ bytes: [UInt8], _ notes: inout [String]) -> [(Form, TextBlock)] {
        var forms: [(Form, TextBlock)] = []
        if bytes.count <= maximumBytes, let json = JSONPrinter.lines(of: bytes, maximum: maximumLines) {
            if json.isCut { notes.append("only the first \(Figures.count(maximumLines)) lines are laid out; hex shows everything") }
            forms.append((.pretty, .lines(TextBlock.visible(json.lines))))
        }
        let cut = bytes.count > maximumBytes
        let text = String(decoding: bytes.prefix(maximumBytes), as: UTF8.self)
        var lines: [[Span]] = []
        var isCut = cut
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" }) {
            guard lines.count < maximumLines else {
                isCut = true
                break
            }
            lines.append([Span(line.split(separator: "\t", omittingEmptySubsequences: false).joined(separator: "    "))])
        }
        if lines.last?.text.isEmpty == true, lines.count > 1 { lines.removeLast() }
        if isCut, forms.isEmpty {
            notes.append(
                "only the first \(Figures.size(maximumBytes)) or \(Figures.count(maximumLines)) lines are text; hex shows everything")
        }
        forms.append((.text, .lines(TextBlock.visible(lines))))
        return forms
    }

    /// Valid UTF-8 with few controls. A body that tries to drive the terminal is still text: its controls are shown.
    private static func isText(_ bytes: [UInt8]) -> Bool {
        var sample = bytes.prefix(maximumBytes)
        // A character that the cut went through is not a fault of the body.
        if sample.count < bytes.count {
            while let last = sample.last, last & 0xC0 == 0x80 { sample.removeLast() }
            if let last = sample.last, last >= 0xC0 { sample.removeLast() }
        }
        guard String(validating: sample, as: UTF8.self) != nil else { return false }
        let controls = sample.reduce(0) { $0 + ($1 < 0x20 && $1 != 0x09 && $1 != 0x0A && $1 != 0x0D ? 1 : 0) }
        return !sample.contains(0) && controls * 8 <= sample.count
    }

    private static func compression(of bytes: [UInt8]) -> String? {
        if bytes.starts(with: [0x1F, 0x8B]) { return "gzip" }
        if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) { return "zstd" }
        return nil
    }
}

/// A string as WindowsAzure.ServiceBus and other old .NET SDKs put it on the wire: one element of .NET's binary XML (MS-NBFX).
enum LegacyDotNetString {
    private static let header: [UInt8] =
        [0x40, 0x06] + Array("string".utf8) + [0x08, 0x33] + Array("http://schemas.microsoft.com/2003/10/Serialization/".utf8)

    /// The string; nil when the bytes are not such an element.
    static func text(of bytes: [UInt8]) -> String? {
        guard bytes.starts(with: header), bytes.count > header.count else { return nil }
        var rest = bytes[header.count...]
        let record = rest.removeFirst()
        // Chars8Text, Chars16Text and Chars32Text, each also in a form that ends the element (MS-NBFX 2.2.3).
        let lengthBytes: Int
        switch record {
        case 0xA8, 0xA9: return rest.allSatisfy { $0 == 0x01 } ? "" : nil
        case 0x98, 0x99: lengthBytes = 1
        case 0x9A, 0x9B: lengthBytes = 2
        case 0x9C, 0x9D: lengthBytes = 4
        default: return nil
        }
        guard rest.count >= lengthBytes else { return nil }
        let length = rest.prefix(lengthBytes).reversed().reduce(0) { $0 << 8 | Int($1) }
        rest = rest.dropFirst(lengthBytes)
        let end = record & 1 == 1 ? 0 : 1
        guard rest.count == length + end, end == 0 || rest.last == 0x01 else { return nil }
        return String(validating: rest.prefix(length), as: UTF8.self)
    }
}
