/// The scopes a rule is about: `namespaces/sb-orders-*/queues/*`, `namespaces/sb-retail/**`, `**`.
///
/// `*` stands for any characters of one segment, also none where something stands beside it; `**` as the last segment for the rest, also
/// for nothing: `namespaces/N/**` is the namespace with everything in it, `namespaces/N` and `namespaces/*` are only namespaces. A pattern that fits an entity fits
/// its sub-queues; one that ends with `$deadletterqueue` fits only that.
public struct PolicyScopePattern: Hashable, Sendable, CustomStringConvertible {
    /// As it was written.
    public let description: String
    let segments: [String]
    /// The segments of the sub-queue it names; empty when it names none.
    let subQueue: [String]
    let coversRest: Bool

    /// The longest pattern, in bytes.
    static let longest = 600

    /// Why a text is no scope.
    struct Problem: Error, Hashable {
        var message: String
        init(_ message: String) { self.message = message }
    }

    init(_ text: String) throws(Problem) {
        description = text
        var segments = try Self.segments(of: text, wildcards: true)
        coversRest = segments.last == "**"
        if coversRest { segments.removeLast() }
        let subQueue = Self.subQueue(of: segments)
        self.subQueue = subQueue.map { $0.lowercased() }
        self.segments = segments.dropLast(subQueue.count).map { $0.lowercased() }
    }

    /// Whether it covers more than a namespace's single entities: a whole namespace or several.
    var isNamespaceWide: Bool { segments.count <= 2 }

    /// Whether it fits a scope.
    /// - Parameter all: whether it has to fit everything the scope may be, as a rule that allows has to, or one of it.
    func matches(_ scope: PolicyScope, all: Bool) -> Bool {
        let fits = { (candidate: [String]) in matches(candidate, subQueue: scope.subQueue) }
        return all ? scope.candidates.allSatisfy(fits) : scope.candidates.contains(where: fits)
    }

    private func matches(_ candidate: [String], subQueue named: [String]) -> Bool {
        guard subQueue.isEmpty || subQueue == named else { return false }
        guard candidate.count == segments.count || (coversRest && subQueue.isEmpty && candidate.count > segments.count) else {
            return false
        }
        for (pattern, text) in zip(segments, candidate) where !Self.glob(pattern, fits: text) { return false }
        return true
    }

    /// Each piece between stars is looked for once, behind the one before: the first place is as good as any later one, so that nothing
    /// is ever tried again.
    static func glob(_ pattern: String, fits text: String) -> Bool {
        let pieces = pattern.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
        guard pieces.count > 1, let first = pieces.first, let last = pieces.last else { return pattern == text }
        var rest = text.utf8[...]
        guard rest.starts(with: first) else { return false }
        rest = rest.dropFirst(first.count)
        for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
            while !rest.starts(with: piece) {
                if rest.isEmpty { return false }
                rest.removeFirst()
            }
            rest = rest.dropFirst(piece.count)
        }
        return rest.count >= last.count && rest.suffix(last.count).elementsEqual(last)
    }

    // MARK: Reading

    /// The segments of a text that is built as scopes are.
    static func segments(of text: String, wildcards: Bool) throws(Problem) -> [String] {
        guard !text.isEmpty else { throw Problem("it is empty") }
        guard text.utf8.count <= longest else { throw Problem("it is longer than \(longest) bytes") }
        let segments = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if wildcards, segments == ["**"] { return segments }
        guard !segments.contains("") else { throw Problem("between two slashes, or at an end, there is no name") }
        for (index, segment) in segments.enumerated() {
            if wildcards, segment == "**" {
                guard index == segments.count - 1 else {
                    throw Problem("'**' stands for the rest and comes last; for one segment there is '*'")
                }
                guard index > 0 else { throw Problem("'**' covers everything by itself") }
                continue
            }
            try check(segment, wildcards: wildcards)
        }
        try checkShape(segments.last == "**" ? Array(segments.dropLast()) : segments, coversRest: segments.last == "**")
        return segments
    }

    private static func check(_ segment: String, wildcards: Bool) throws(Problem) {
        if segment.hasPrefix("$") {
            guard ["$deadletterqueue", "$transfer"].contains(segment.lowercased()) else {
                throw Problem("'\(segment.prefix(80))' is no sub-queue; there is $deadletterqueue and $transfer/$deadletterqueue")
            }
            return
        }
        let isName = segment.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "*"): wildcards
            default: ".-_~".utf8.contains(byte)
            }
        }
        guard isName else {
            throw Problem("'\(segment.prefix(80))' has characters that no name has (letters, digits, '.', '-', '_' and '~' are allowed)")
        }
        guard !wildcards || !segment.utf8.elementsEqual("**".utf8), !segment.contains("**") else {
            throw Problem("'**' is a segment by itself, not a part of '\(segment.prefix(80))'")
        }
    }

    /// A pattern that can fit nothing is a slip, and a rule that silently says nothing is dangerous.
    private static func checkShape(_ segments: [String], coversRest: Bool) throws(Problem) {
        guard let first = segments.first, first.lowercased() == "namespaces" else {
            throw Problem("it begins with 'namespaces/', not '\(segments.first?.prefix(80) ?? "")'")
        }
        guard segments.count > 1 else {
            if coversRest { return }
            throw Problem("it names no namespace; write namespaces/NAME")
        }
        guard !segments[1].lowercased().contains(".servicebus.") else {
            throw Problem("a namespace is called by the first label of its host, '\(segments[1].prefix { $0 != "." })'")
        }
        let sub = subQueue(of: segments)
        let path = segments.dropLast(sub.count)
        guard !path.contains(where: { $0.hasPrefix("$") }) else { throw Problem("a sub-queue comes last") }
        guard sub.isEmpty || !coversRest else { throw Problem("there is nothing behind a sub-queue that '**' could stand for") }
        guard path.count > 2 else {
            if sub.isEmpty { return }
            throw Problem("a sub-queue is one of an entity; write namespaces/NAME/queues/NAME/\(sub.joined(separator: "/"))")
        }
        let kind = path[2].lowercased()
        guard ["queues", "topics", "*"].contains(kind) else {
            let meant =
                Spelling.nearest(to: kind, among: ["queues", "topics"]).map { "; did you mean '\($0)'?" }
                ?? "; there is 'queues' and 'topics'"
            throw Problem("'\(path[2].prefix(80))' is no kind of entity\(meant)")
        }
        guard path.count > 3 || coversRest else {
            throw Problem("it names no entity behind '\(path[2])'; write \(path[2])/NAME or \(path[2])/*")
        }
        if kind != "queues", path.last?.lowercased() == "subscriptions", !coversRest, path.count > 4 {
            throw Problem("it names no subscription; write subscriptions/NAME or subscriptions/*")
        }
    }

    /// The segments at the end that name a sub-queue.
    static func subQueue(of segments: [String]) -> [String] {
        let words = segments.suffix(2).map { $0.lowercased() }
        if words == ["$transfer", "$deadletterqueue"] { return segments.suffix(2) }
        return words.last == "$deadletterqueue" ? segments.suffix(1) : []
    }
}
