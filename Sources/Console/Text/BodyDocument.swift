internal import CallboardCore
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

    /// What the body was decoded to.
    let decoded: DecodedBody
    /// What the reader should know: what was cut, why it is shown as hex.
    let notes: [String]
    /// The forms there are, the best first; none for an empty body.
    let forms: [Form]
    /// The text's lines, made visible.
    let textLines: [[Span]]

    /// Lines of text beyond this many are not laid out; hex shows everything.
    static let maximumLines = 20_000

    /// What the bytes turned out to be: `JSON`, `gzip › JSON`, `binary`.
    var format: String { decoded.format }
    /// What the sender says they are.
    var contentType: String? { decoded.declaration.contentType }
    /// Their number.
    var sizeBytes: Int { decoded.sizeBytes }
    /// Whether more of it can be laid out.
    var canShowMore: Bool { decoded.isCut }

    init(_ decoded: DecodedBody) {
        self.decoded = decoded
        var notes = decoded.notes
        var forms: [Form] = []
        if decoded.tree != nil { forms.append(.pretty) }
        var lines: [[Span]] = []
        if let text = decoded.text {
            forms.append(.text)
            let (split, isCut) = BodyDocument.lines(of: text)
            lines = split
            if isCut {
                notes.append("only the first \(Figures.count(BodyDocument.maximumLines)) lines are shown as text; hex shows everything")
            }
        }
        if !decoded.bytes.isEmpty { forms.append(.hex) }
        if let encoding = decoded.declaration.contentEncoding, !encoding.isEmpty { notes.append("content encoding: \(encoding)") }
        self.notes = notes
        self.forms = forms
        textLines = TextBlock.visible(lines)
    }

    /// A body of bytes.
    init(bytes: [UInt8], contentType: String? = nil, contentEncoding: String? = nil) {
        self.init(BodyDecoder().decode(bytes, .init(contentType: contentType, contentEncoding: contentEncoding)))
    }

    /// The form a body is shown in, if a person chose one: that, or its best one.
    func form(_ chosen: Form?) -> Form? { chosen.flatMap { forms.contains($0) ? $0 : nil } ?? forms.first }

    private static func lines(of text: String) -> (lines: [[Span]], isCut: Bool) {
        var lines: [[Span]] = []
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" }) {
            guard lines.count < maximumLines else { return (lines, true) }
            lines.append([Span(line.split(separator: "\t", omittingEmptySubsequences: false).joined(separator: "    "))])
        }
        if lines.last?.text.isEmpty == true, lines.count > 1 { lines.removeLast() }
        return (lines, false)
    }
}

/// The lines of a body in one form, and which value each of them shows.
struct BodyLines: Sendable {
    /// The lines, made visible.
    private(set) var lines: [[Span]] = []
    /// The node of each line; empty where there is no tree.
    private(set) var nodes: [Int] = []

    init(_ lines: [[Span]]) { self.lines = lines }

    /// The lines of a tree.
    init(_ layout: BodyLayout) {
        lines.reserveCapacity(layout.lines.count)
        for line in layout.lines {
            for part in BodyLines.parts(layout.tokens(line)) {
                // What is very long takes several lines.
                for piece in TextBlock.visible([part]) {
                    lines.append(piece)
                    nodes.append(line.node)
                }
            }
        }
    }

    /// The line that shows a node.
    func line(of node: Int) -> Int? { nodes.firstIndex(of: node) }

    /// A line, or several where a text has line ends in it.
    private static func parts(_ tokens: [BodyLayout.Token]) -> [[Span]] {
        var parts: [[Span]] = [[]]
        let indent = tokens.first.map { $0.kind == .blank ? $0.text + "  " : "  " } ?? ""
        for token in tokens {
            let role = role(token.kind)
            guard token.text.utf8.contains(0x0A) else {
                parts[parts.count - 1].append(Span(token.text, role))
                continue
            }
            for (index, piece) in token.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
                if index > 0 { parts.append([Span(indent)]) }
                parts[parts.count - 1].append(Span(String(piece), role))
            }
        }
        return parts
    }

    private static func role(_ kind: BodyLayout.Token.Kind) -> Role {
        switch kind {
        case .blank: .text
        case .key: .jsonKey
        case .string: .jsonString
        case .number: .jsonNumber
        case .word: .jsonWord
        case .bytes: .hexBytes
        case .punctuation: .jsonPunctuation
        case .type, .fold: .muted
        }
    }
}
