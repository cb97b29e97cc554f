/// One call of Azure Resource Manager: who makes it, and for what.
struct ResourceManagerCall {
    let request: CloudRequest
    let caller: SandboxCloud.Caller
    /// The segments of the path as they were spelled.
    let segments: [String]
    /// What the service's operators would find the call by.
    let correlationID: String
    let now: Int64

    var words: [String] { segments.map { $0.lowercased() } }

    /// The body's `properties`.
    func properties() throws(ResourceManagerError) -> CloudJSON {
        guard request.body != nil else { throw ResourceManagerError(413, "RequestEntityTooLarge", "The request's content is too long.") }
        guard let json = request.json else { throw .invalidContent("The request content was invalid and could not be deserialized.") }
        return json["properties"] ?? .object([])
    }

    /// The parts of `$filter`: `atScope()`, `principalId eq 'x'`, joined by `and`.
    var filters: [(name: String, value: String)] {
        guard let text = request.parameter("$filter") else { return [] }
        // No filter that is known is a tenth as long; this one matches none of them.
        guard text.utf8.count <= Self.maximumFilterBytes else { return [("", "")] }
        return Self.split(text).compactMap { part in
            if part.hasSuffix(")"), let open = part.firstIndex(of: "(") {
                return (part[..<open].lowercased(), Self.unquoted(part[part.index(after: open)...].dropLast()))
            }
            let words = part.split(separator: " ", maxSplits: 2)
            guard words.count == 3 else { return (part.lowercased(), "") }
            return ("\(words[0].lowercased()) \(words[1].lowercased())", Self.unquoted(words[2]))
        }
    }

    private static let maximumFilterBytes = 2048

    private static func split(_ text: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = Substring(text)
        while let range = range(of: " and ", in: rest) {
            parts.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        return parts + [rest]
    }

    private static func range(of needle: String, in text: Substring) -> Range<Substring.Index>? {
        var start = text.startIndex
        while start < text.endIndex {
            if text[start...].lowercased().hasPrefix(needle) { return start..<text.index(start, offsetBy: needle.count) }
            start = text.index(after: start)
        }
        return nil
    }

    private static func unquoted(_ text: Substring) -> String {
        var text = text
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        if text.count >= 2, text.first == "'", text.last == "'" { text = text.dropFirst().dropLast() }
        return String(text)
    }
}
