internal import AMQP
internal import NIOCore

/// What there is to name in an expression: gathered from messages that were seen, so that a person need not know it by heart.
public struct FilterVocabulary: Hashable, Sendable {
    /// More names than this are not kept, nor longer ones, nor more values of one property.
    static let mostNames = 400
    static let longestName = 128
    static let mostValues = 24
    static let longestValue = 96
    /// Larger bodies are not looked into for their fields, nor deeper ones.
    static let largestBody = 65_536
    static let deepestPath = 8

    /// The names of application properties, in the order in which they were first seen.
    public private(set) var properties: [String] = []
    /// The paths of fields in JSON bodies, as an expression names them: `body.lines[0].sku`.
    public private(set) var bodyPaths: [String] = []
    /// Values seen, as text, by what an expression calls the property. Only of those that sort messages: reasons, subjects.
    public private(set) var values: [String: [String]] = [:]
    private var known: Set<String> = []

    /// The properties whose values are worth choosing from.
    private static let sorting = ["DeadLetterReason", "sys.Label"]

    /// An empty vocabulary.
    public init() {}

    /// Takes up what a message names.
    /// - Parameter body: whether to look into its body too.
    /// - Returns: whether something was new.
    @discardableResult
    public mutating func add(_ message: PeekedMessage, body: Bool = false) -> Bool {
        var isNew = false
        var reader = message.readApplicationProperties()
        while reader.next() {
            guard let name = reader.name.text, add(name, to: \.properties) else { continue }
            isNew = true
        }
        let fields = message.fields
        if let reason = fields.deadLetterReason.text, add(value: reason, of: Self.sorting[0]) { isNew = true }
        if let subject = fields.subject.text, add(value: subject, of: Self.sorting[1]) { isNew = true }
        if body, addPaths(of: message) { isNew = true }
        return isNew
    }

    /// Takes up what some messages of a page name: those of one queue are much alike.
    /// - Returns: whether something was new.
    @discardableResult
    public mutating func add(sampling page: [PeekedMessage], body: Bool = false) -> Bool {
        var isNew = false
        for index in stride(from: 0, to: page.count, by: max(page.count / 4, 1)) {
            if add(page[index], body: body) { isNew = true }
        }
        return isNew
    }

    /// Takes up another vocabulary.
    public mutating func formUnion(_ other: FilterVocabulary) {
        for name in other.properties { _ = add(name, to: \.properties) }
        for path in other.bodyPaths { _ = add(path, to: \.bodyPaths) }
        for (name, values) in other.values { for value in values { _ = add(value: value, of: name) } }
    }

    private mutating func add(_ name: String, to list: WritableKeyPath<FilterVocabulary, [String]>) -> Bool {
        guard !name.isEmpty, name.utf8.count <= Self.longestName, self[keyPath: list].count < Self.mostNames,
            known.insert(list == \.properties ? "p " + name : "b " + name).inserted
        else { return false }
        self[keyPath: list].append(name)
        return true
    }

    private mutating func add(value: String, of name: String) -> Bool {
        guard !value.isEmpty, value.utf8.count <= Self.longestValue, values[name, default: []].count < Self.mostValues,
            !values[name, default: []].contains(value)
        else { return false }
        values[name, default: []].append(value)
        return true
    }

    private mutating func addPaths(of message: PeekedMessage) -> Bool {
        guard bodyPaths.count < Self.mostNames, message.encodedSize <= Self.largestBody else { return false }
        guard case .data(let sections) = message.message.body else { return false }
        var bytes: [UInt8] = []
        for section in sections { bytes.append(contentsOf: section.readableBytesView) }
        guard bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "{"), let document = try? PositionedJSON(parsing: bytes) else {
            return false
        }
        return add(document, at: "body", depth: 0)
    }

    private mutating func add(_ value: PositionedJSON, at path: String, depth: Int) -> Bool {
        guard depth <= Self.deepestPath else { return false }
        var isNew = false
        switch value.value {
        case .object(let members):
            for member in members {
                if add(member.value, at: "\(path).\(FilterPrinter.name(member.key))", depth: depth + 1) { isNew = true }
            }
        case .array(let elements):
            // One element shows what the others are like.
            if let first = elements.first, add(first, at: "\(path)[0]", depth: depth + 1) { isNew = true }
        case .null, .bool, .number, .string: isNew = add(path, to: \.bodyPaths)
        }
        return isNew
    }
}
