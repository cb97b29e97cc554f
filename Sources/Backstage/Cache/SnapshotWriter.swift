/// Writes a snapshot in ``SnapshotFormat``.
struct SnapshotWriter {
    private var texts: [ExactText: UInt32] = [:]
    private var ordered: [String] = []
    private var specs: [[UInt32]: UInt32] = [:]
    private var specNumbers: [UInt32] = []
    private var numbers: [UInt32] = []

    /// A text that is the same as another only if its bytes are: two ways to put an accented letter together are two names to a broker.
    private struct ExactText: Hashable {
        let text: String

        static func == (a: Self, b: Self) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }
        func hash(into hasher: inout Hasher) { hasher.combine(text) }
    }

    private init() {}

    /// The bytes of a snapshot.
    /// - Returns: nil when it is too large for the format's numbers.
    static func bytes(of snapshot: CatalogueSnapshot) -> [UInt8]? {
        var writer = SnapshotWriter()
        return writer.write(snapshot)
    }

    private mutating func write(_ snapshot: CatalogueSnapshot) -> [UInt8]? {
        put(snapshot.source)
        put(snapshot.origin)
        put(wide: snapshot.listed)
        put(wide: snapshot.fetchedWhole)
        put(count: snapshot.problems.count)
        for problem in snapshot.problems {
            numbers.append(problem.severity.number)
            put(problem.message)
        }
        put(count: snapshot.records.count)
        for record in snapshot.records { put(record) }
        var all: [UInt32] = [UInt32(truncatingIfNeeded: ordered.count)]
        all += ordered.map { UInt32(truncatingIfNeeded: $0.utf8.count) }
        all.append(UInt32(truncatingIfNeeded: specs.count))
        all += specNumbers
        all += numbers
        let textBytes = ordered.reduce(0) { $0 + $1.utf8.count }
        guard all.count < SnapshotFormat.none, ordered.allSatisfy({ $0.utf8.count < SnapshotFormat.none }) else { return nil }
        return Self.file(all, ordered, textBytes: textBytes)
    }

    static func file(_ numbers: [UInt32], _ texts: [String], textBytes: Int) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(numbers.count * 4 + textBytes)
        for number in numbers { Self.append(number, to: &body) }
        for text in texts { body += text.utf8 }
        let count = UInt32(truncatingIfNeeded: numbers.count)
        let sum = body.withUnsafeBytes {
            SnapshotFormat.checksum(version: SnapshotFormat.version, numbers: count, textBytes: UInt64(textBytes), $0)
        }
        var file = SnapshotFormat.magic
        file.reserveCapacity(SnapshotFormat.headerBytes + body.count)
        Self.append(SnapshotFormat.version, to: &file)
        Self.append(count, to: &file)
        Self.append(UInt64(textBytes), to: &file)
        Self.append(sum, to: &file)
        file += body
        return file
    }

    private static func append<Number: FixedWidthInteger>(_ number: Number, to bytes: inout [UInt8]) {
        var rest = number
        for _ in 0..<(Number.bitWidth / 8) {
            bytes.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }

    // MARK: Numbers

    private mutating func number(of text: String) -> UInt32 {
        if let number = texts[ExactText(text: text)] { return number }
        let number = UInt32(truncatingIfNeeded: ordered.count)
        texts[ExactText(text: text)] = number
        ordered.append(text)
        return number
    }

    private mutating func put(_ text: String) { numbers.append(number(of: text)) }

    private mutating func put(_ text: String?) { numbers.append(text.map { number(of: $0) } ?? SnapshotFormat.none) }

    private mutating func put(count: Int) { numbers.append(UInt32(truncatingIfNeeded: count)) }

    private mutating func put(wide number: Int64) {
        numbers.append(UInt32(truncatingIfNeeded: number))
        numbers.append(UInt32(truncatingIfNeeded: number >> 32))
    }

    private mutating func put(_ record: CatalogueRecord) {
        let entity = record.entity
        for text in [entity.ref.kind, entity.ref.namespace, entity.ref.name, entity.apiVersion] { put(text) }
        put(entity.title)
        put(entity.summary)
        put(record.etag)
        for dictionary in [entity.annotations, entity.labels] {
            put(count: dictionary.count)
            for (key, value) in dictionary.sorted(by: { $0.key < $1.key }) {
                put(key)
                put(value)
            }
        }
        put(count: entity.tags.count)
        for tag in entity.tags { put(tag) }
        put(count: entity.links.count)
        for link in entity.links {
            put(link.url)
            put(link.title)
            put(link.type)
        }
        put(spec: entity.spec)
    }

    // MARK: Specs

    private mutating func put(spec: EntityValue) {
        var words: [UInt32] = []
        append(spec, to: &words)
        if let number = specs[words] {
            numbers.append(number)
        } else {
            let number = UInt32(truncatingIfNeeded: specs.count)
            specs[words] = number
            specNumbers += words
            numbers.append(number)
        }
    }

    private mutating func append(_ value: EntityValue, to words: inout [UInt32]) {
        func tag(_ tag: SnapshotFormat.Tag) { words.append(tag.rawValue) }
        func wide(_ bits: UInt64) { words += [UInt32(truncatingIfNeeded: bits), UInt32(truncatingIfNeeded: bits >> 32)] }
        switch value {
        case .null: tag(.null)
        case .bool(let bool): tag(bool ? .yes : .no)
        case .integer(let integer):
            tag(.integer)
            wide(UInt64(bitPattern: integer))
        case .number(let number):
            tag(.number)
            wide(number.bitPattern)
        case .text(let text):
            tag(.text)
            words.append(number(of: text))
        case .list(let values):
            tag(.list)
            words.append(UInt32(truncatingIfNeeded: values.count))
            for value in values { append(value, to: &words) }
        case .map(let entries):
            tag(.map)
            words.append(UInt32(truncatingIfNeeded: entries.count))
            for entry in entries {
                words.append(number(of: entry.key))
                append(entry.value, to: &words)
            }
        }
    }
}

extension LoadProblem.Severity {
    fileprivate var number: UInt32 {
        switch self {
        case .note: 0
        case .warning: 1
        case .error: 2
        }
    }
}
