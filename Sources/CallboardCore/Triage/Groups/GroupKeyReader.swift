internal import ServiceBus

/// Reads the values of keys from messages into bytes that can be compared, in memory that is kept: a message whose group is known costs no
/// allocation.
struct GroupKeyReader: Sendable {
    /// How much of a value tells groups apart, in bytes.
    static let longestValue = 1024

    /// The values of the last message read: of each its kind, its length and its bytes, of a fingerprint reason and template.
    private(set) var key: [UInt8] = []
    private let keys: [GroupKey]
    private var scanner = TemplateScanner()

    init(_ keys: [GroupKey]) { self.keys = keys }

    /// The hash of ``key``.
    var hash: UInt64 {
        var hasher = Hasher()
        key.withUnsafeBytes { hasher.combine(bytes: $0) }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    private enum Tag: UInt8 {
        case missing, plain, fingerprint
    }

    /// Reads a message; the answer is in ``key``.
    mutating func read(_ message: PeekedMessage) {
        key.removeAll(keepingCapacity: true)
        for wanted in keys {
            switch wanted {
            case .fingerprint: fingerprint(message)
            case .reason:
                let fields = message.fields
                plain(fields.deadLetterReason)
            case .source:
                let fields = message.fields
                plain(fields.deadLetterSource)
            case .property(let property):
                let value = message.value(of: property)
                if value.isUnknown { key.append(Tag.missing.rawValue) } else { put(.plain, value.plainText.utf8) }
            }
        }
    }

    private mutating func plain(_ field: borrowing FieldValue) {
        if let utf8 = field.utf8 {
            utf8.withUnsafeBytes { put(.plain, $0.bindMemory(to: UInt8.self)) }
        } else if let text = field.text {
            put(.plain, text.utf8)
        } else {
            key.append(Tag.missing.rawValue)
        }
    }

    /// The reason and the description; where there is no description, what a framework's headers say in its place.
    private mutating func fingerprint(_ message: PeekedMessage) {
        key.append(Tag.fingerprint.rawValue)
        let fields = message.fields
        guard fields.deadLetterErrorDescription.isNull, let fault = FrameworkFault(message) else {
            template(fields.deadLetterReason)
            template(fields.deadLetterErrorDescription)
            return
        }
        if fields.deadLetterReason.isNull {
            template(fault.exceptionType ?? fault.reason)
            template(fault.message)
        } else {
            template(fields.deadLetterReason)
            template(fault.title)
        }
    }

    private mutating func template(_ field: borrowing FieldValue) {
        if let utf8 = field.utf8 {
            utf8.withUnsafeBytes { scanner.scan($0.bindMemory(to: UInt8.self)) }
            putBytes(scanner.template)
        } else {
            template(field.text)
        }
    }

    private mutating func template(_ text: String?) {
        var text = text ?? ""
        text.withUTF8 { scanner.scan($0) }
        putBytes(scanner.template)
    }

    private mutating func put(_ tag: Tag, _ bytes: some Collection<UInt8>) {
        key.append(tag.rawValue)
        putBytes(bytes)
    }

    private mutating func putBytes(_ bytes: some Collection<UInt8>) {
        let length = min(bytes.count, Self.longestValue)
        key.append(UInt8(truncatingIfNeeded: length))
        key.append(UInt8(truncatingIfNeeded: length >> 8))
        key.append(contentsOf: bytes.prefix(length))
    }

    /// The values that were read into a key.
    static func values(in key: [UInt8], count: Int) -> [GroupValue] {
        var rest = key[...]
        return (0..<count).map { _ in
            switch rest.popFirst().flatMap(Tag.init(rawValue:)) {
            case .plain: .plain(text(&rest))
            case .fingerprint:
                .fingerprint(reason: text(&rest), template: text(&rest))
            case .missing, nil: .missing
            }
        }
    }

    /// Where the template of a fingerprint lies in a key.
    /// - Parameter place: which of the keys the fingerprint is.
    static func template(in key: [UInt8], _ place: Int) -> Range<Int> {
        var offset = 0
        func skip() -> Range<Int> {
            guard offset + 2 <= key.count else { return key.count..<key.count }
            let start = offset + 2
            offset = min(start + (Int(key[offset]) | Int(key[offset + 1]) << 8), key.count)
            return start..<offset
        }
        for index in 0...place where offset < key.count {
            let tag = Tag(rawValue: key[offset])
            offset += 1
            if tag == .plain { _ = skip() }
            guard tag == .fingerprint else { continue }
            _ = skip()
            let template = skip()
            if index == place { return template }
        }
        return key.count..<key.count
    }

    private static func text(_ rest: inout ArraySlice<UInt8>) -> String {
        guard let low = rest.popFirst(), let high = rest.popFirst() else { return "" }
        let bytes = rest.prefix(Int(low) | Int(high) << 8)
        rest = rest.dropFirst(bytes.count)
        return String(decoding: bytes, as: UTF8.self)
    }
}
