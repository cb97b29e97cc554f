internal import AMQP
internal import NIOCore

extension PeekedMessage {
    /// The message without what must not be seen of it: a message of its own, in whose bytes what was hidden no longer occurs.
    ///
    /// A message of which nothing is hidden is given back as it is, without a copy. Sections that are not what the standard says they are
    /// cannot be looked through and are left out, as are delivery annotations and footer, which nothing here shows.
    /// - Returns: nil only if what is written here were no message.
    package func redacted(by redactor: some MessageRedactor) -> PeekedMessage? {
        var rewriting = MessageRewriting(message, redactor)
        rewriting.run()
        guard rewriting.isNeeded else { return self }
        let message = (try? Message(rewriting.bytes)).flatMap { PeekedMessage($0) } ?? withheld
        return message.map { message in
            var message = message
            message.redaction = Redaction(
                fields: rewriting.fields, isBodyWithheld: rewriting.isBodyWithheld, decodedFrom: rewriting.decodedFrom)
            return message
        }
    }

    /// Nothing but the number, should the rest be beyond writing.
    private var withheld: PeekedMessage? {
        let content = MessageContent(messageAnnotations: [.symbol("x-opt-sequence-number"): .long(sequenceNumber.rawValue)])
        return (try? Message(content.encoded)).flatMap { PeekedMessage($0) }
    }
}

/// Looks through a message section by section and writes those anew of which something is hidden.
private struct MessageRewriting<Redactor: MessageRedactor> {
    private let message: Message
    private let redactor: Redactor
    private(set) var fields = 0
    private(set) var isBodyWithheld = false
    private(set) var decodedFrom: String?
    /// Sections that are not shown as they came; without bytes they are left out.
    private var replaced: [Message.Section: ByteBuffer] = [:]

    init(_ message: Message, _ redactor: Redactor) {
        self.message = message
        self.redactor = redactor
    }

    /// Whether anything is not shown as it came.
    var isNeeded: Bool { !replaced.isEmpty }

    /// The message as it may be seen.
    var bytes: ByteBuffer {
        var bytes = ByteBuffer()
        for section in Message.Section.allCases {
            if var part = replaced[section] ?? message.bytes(of: section) { bytes.writeBuffer(&part) }
        }
        return bytes
    }

    mutating func run() {
        // Shown by nothing, so that nothing is lost by leaving them out.
        if message.has(.deliveryAnnotations) { replaced[.deliveryAnnotations] = ByteBuffer() }
        if message.has(.footer) { replaced[.footer] = ByteBuffer() }
        if !annotationsMayBeSeen { rewrite(.messageAnnotations) { $0.annotations($1) } }
        if !propertiesMayBeSeen { rewrite(.properties) { $0.properties($1) } }
        if !applicationPropertiesMayBeSeen { rewrite(.applicationProperties) { $0.value($1, path: nil) } }
        body()
    }

    // MARK: Looking, without allocating

    private var annotationsMayBeSeen: Bool {
        guard var pairs = try? message.readMessageAnnotations() else { return false }
        while pairs.next() {
            // A key that is no symbol is none the standard knows.
            guard let name = pairs.key.utf8 else { return false }
            switch name.withUnsafeBytes({ AnnotationKind($0) }) {
            case .finding:
                // Numbers and times that are none may be anything.
                guard pairs.value.integer != nil || pairs.value.isNull else { return false }
            case .field(let field): if redactor.hides(field) || !mayBeSeen(pairs.value) { return false }
            case .other:
                guard !name.withUnsafeBytes({ redactor.hides(name: $0) || redactor.redacted(text: $0) != nil }),
                    mayBeSeen(pairs.value)
                else { return false }
            }
        }
        return true
    }

    private var propertiesMayBeSeen: Bool {
        guard var list = try? message.readProperties() else { return false }
        while list.next() {
            if list.value.isNull { continue }
            guard let field = RedactableField(rawValue: list.index), field.rawValue <= RedactableField.replyToSessionID.rawValue else {
                return false
            }
            if redactor.hides(field) || !mayBeSeen(list.value) { return false }
        }
        return true
    }

    private var applicationPropertiesMayBeSeen: Bool {
        guard var pairs = try? message.readApplicationProperties() else { return false }
        var (hasHiddenName, hasValue) = (false, false)
        while pairs.next() {
            // A key that is no string is none the standard knows.
            guard let name = pairs.key.utf8, !name.withUnsafeBytes({ redactor.hides(name: $0) || redactor.redacted(text: $0) != nil }),
                mayBeSeen(pairs.value)
            else { return false }
            switch name.withUnsafeBytes({ redactor.role(of: $0) }) {
            case .name: if saysHiddenName(pairs.value) { hasHiddenName = true }
            case .value: hasValue = true
            case nil: break
            }
        }
        return !hasHiddenName || !hasValue
    }

    private func saysHiddenName(_ value: borrowing EncodedValue) -> Bool {
        if let utf8 = value.utf8 { return utf8.withUnsafeBytes { redactor.hides(name: $0) } }
        guard case .described = value.content, let inner = value.described else { return false }
        return saysHiddenName(inner)
    }

    /// False where only a closer look, or none, can tell.
    private func mayBeSeen(_ value: borrowing EncodedValue) -> Bool {
        if let utf8 = value.utf8 { return utf8.withUnsafeBytes { redactor.redacted(text: $0) == nil } }
        switch value.content {
        case .binary, .list, .map, .array: return false
        case .described:
            guard let inner = value.described else { return false }
            return mayBeSeen(inner)
        case .double, .float, .ulong, .decimal32, .decimal64, .decimal128: return false
        case .null, .timestamp: return true
        case .uuid(let id): return !redactor.hides(identifier: { id.description })
        default:
            guard let number = value.integer else { return true }
            return !redactor.hides(number: String(number))
        }
    }

    // MARK: Rewriting

    private mutating func rewrite(
        _ section: Message.Section, _ change: (inout MessageRewriting, AMQPValue) -> AMQPValue?
    ) {
        guard let bytes = message.bytes(of: section) else { return }
        guard case .described(let descriptor, let value)? = try? AMQPValue(decoding: bytes), let changed = change(&self, value) else {
            replaced[section] = ByteBuffer()
            return
        }
        guard changed != value else { return }
        var buffer = ByteBuffer()
        buffer.writeAMQP { $0.value(.described(descriptor: descriptor, value: changed)) }
        replaced[section] = buffer
    }

    /// What the message is found by stays; anything else may come from anybody, whatever its type.
    private mutating func annotations(_ value: AMQPValue) -> AMQPValue? {
        guard case .map(let map) = value else { return nil }
        return .map(
            AMQPMap(
                map.pairs.map { pair in
                    let name = PropertyValue.keyText(pair.key)
                    let changed: AMQPValue
                    switch name.utf8Bytes({ AnnotationKind($0) }) {
                    case .finding where pair.value.integer != nil || pair.value.isNull: return pair
                    case .field(let field): changed = redactor.hides(field) ? hidden() : self.value(pair.value, path: nil)
                    case .finding, .other:
                        changed = name.utf8Bytes { redactor.hides(name: $0) } ? hidden() : self.value(pair.value, path: nil)
                    }
                    return .init(key: self.value(pair.key, path: nil), value: changed)
                }))
    }

    private mutating func properties(_ value: AMQPValue) -> AMQPValue? {
        guard case .list(let elements) = value else { return nil }
        return .list(
            elements.enumerated().map { index, element in
                guard !element.isNull, let field = RedactableField(rawValue: index),
                    field.rawValue <= RedactableField.replyToSessionID.rawValue
                else { return .null }
                switch (field, element) {
                case (.userID, _): return .null
                case (.absoluteExpiry, .timestamp), (.creation, .timestamp): return element
                case (.contentType, .symbol), (.contentEncoding, .symbol):
                    return redactor.hides(field) ? .symbol(Symbol(hiddenText())) : self.value(element, path: nil)
                default: return redactor.hides(field) ? hidden() : self.value(element, path: nil)
                }
            })
    }

    private mutating func hiddenText() -> String {
        fields += 1
        return Redaction.placeholder
    }

    private mutating func hidden() -> AMQPValue { .string(hiddenText()) }

    /// A value as it may be seen. Recursion is as deep as the value, which decoding bounds.
    /// - Parameter path: where in a body it stands; nil outside of bodies.
    private mutating func value(_ value: AMQPValue, path: [RedactionStep]?) -> AMQPValue {
        if let path, redactor.hides(path: path) { return hidden() }
        switch value {
        case .string(let text): return redacted(text).map { .string($0) } ?? value
        case .symbol(let symbol): return redacted(symbol.name).map { .symbol(Symbol($0)) } ?? value
        // Bytes may be anything: encoded text, a document, an image of one.
        case .binary: return hidden()
        case .map(let map): return .map(changed(map, path))
        case .list(let elements): return .list(changed(elements, path))
        case .array(let array):
            let elements = changed(array.elements, path)
            // What is masked is text, which an array of numbers cannot hold.
            return elements == array.elements ? value : .list(elements)
        case .described(_, let inner):
            let changed = self.value(inner, path: path)
            return changed == inner ? value : changed
        case .double(let number): return hides(Int64(exactly: number)) ? hidden() : value
        case .float(let number): return hides(Int64(exactly: number)) ? hidden() : value
        case .ulong(let number): return redactor.hides(number: String(number)) ? hidden() : value
        case .uuid(let id): return redactor.hides(identifier: { id.description }) ? hidden() : value
        // Their digits are not read.
        case .decimal32, .decimal64, .decimal128: return hidden()
        case .boolean, .timestamp, .null: return value
        default: return hides(value.integer) ? hidden() : value
        }
    }

    private mutating func changed(_ map: AMQPMap, _ path: [RedactionStep]?) -> AMQPMap {
        let hidesValues = map.pairs.contains { role(of: $0.key) == .name && saysHiddenName($0.value) }
        return AMQPMap(
            map.pairs.map { pair in
                let name = PropertyValue.keyText(pair.key)
                let isHidden = name.utf8Bytes { redactor.hides(name: $0) } || hidesValues && role(of: pair.key) == .value
                return .init(
                    key: self.value(pair.key, path: nil),
                    value: isHidden ? hidden() : self.value(pair.value, path: path.map { $0 + [.key(name)] }))
            })
    }

    private func role(of key: AMQPValue) -> PairRole? { PropertyValue.keyText(key).utf8Bytes { redactor.role(of: $0) } }

    /// Whether a value is the name of something hidden.
    private func saysHiddenName(_ value: AMQPValue) -> Bool {
        switch value {
        case .string(let text): text.utf8Bytes { redactor.hides(name: $0) }
        case .symbol(let symbol): symbol.name.utf8Bytes { redactor.hides(name: $0) }
        case .binary(let bytes): bytes.withUnsafeReadableBytes { redactor.hides(name: $0) }
        case .described(_, let inner): saysHiddenName(inner)
        default: false
        }
    }

    private mutating func changed(_ elements: [AMQPValue], _ path: [RedactionStep]?) -> [AMQPValue] {
        elements.enumerated().map { index, element in value(element, path: path.map { $0 + [.index(index)] }) }
    }

    private func hides(_ number: Int64?) -> Bool { number.map { redactor.hides(number: String($0)) } ?? false }

    private mutating func redacted(_ text: String) -> String? {
        guard let redacted = text.utf8Bytes({ redactor.redacted(text: $0) }) else { return nil }
        fields += 1
        return redacted
    }

    // MARK: Body

    private mutating func body() {
        guard message.has(.body) else { return }
        guard let body = try? message.decodeBody() else { return withhold() }
        switch body {
        case .none: break
        case .data(let sections):
            guard var whole = sections.first else { return }
            for section in sections.dropFirst() { whole.writeImmutableBuffer(section) }
            switch outcome(whole) {
            case .unchanged: break
            case .withheld: withhold()
            case .replaced(let bytes, let count): replaceBody(.data([ByteBuffer(bytes: bytes)]), fields: count)
            case .decoded(let bytes, let count, let format): replaceBody(.data([ByteBuffer(bytes: bytes)]), fields: count, from: format)
            }
        case .value(.string(let text)):
            switch outcome(ByteBuffer(string: text)) {
            case .unchanged: break
            case .withheld, .decoded: withhold()
            case .replaced(let bytes, let count): replaceBody(.value(.string(String(decoding: bytes, as: UTF8.self))), fields: count)
            }
        case .value(.binary(let bytes)):
            switch outcome(bytes) {
            case .unchanged: break
            case .withheld: withhold()
            case .replaced(let bytes, let count): replaceBody(.value(.binary(ByteBuffer(bytes: bytes))), fields: count)
            case .decoded(let bytes, let count, let format):
                replaceBody(.value(.string(String(decoding: bytes, as: UTF8.self))), fields: count, from: format)
            }
        case .value(let value):
            let changed = self.value(value, path: [])
            if changed != value { replaceBody(.value(changed), fields: 0) }
        case .sequence(let sections):
            var first = 0
            var changed: [[AMQPValue]] = []
            for section in sections {
                changed.append(section.enumerated().map { index, element in value(element, path: [.index(first + index)]) })
                first += section.count
            }
            if changed != sections { replaceBody(.sequence(changed), fields: 0) }
        }
    }

    private func outcome(_ body: ByteBuffer) -> RedactedBody {
        let properties = message.properties
        return body.withUnsafeReadableBytes {
            redactor.redacted(body: $0, contentType: properties?.contentType?.name, contentEncoding: properties?.contentEncoding?.name)
        }
    }

    private mutating func withhold() {
        isBodyWithheld = true
        replaced[.body] = MessageContent(body: .data([ByteBuffer(string: Redaction.withheldBody)])).encoded
    }

    private mutating func replaceBody(_ body: Body, fields count: Int, from format: String? = nil) {
        fields += count
        decodedFrom = format
        replaced[.body] = MessageContent(body: body).encoded
    }
}

/// What an annotation of a message is for.
private enum AnnotationKind {
    /// The service's own numbers and times, which a message is found and told by; shown though their names may look like hidden ones.
    case finding
    /// One that operators know as a property.
    case field(RedactableField)
    /// One that anybody may have set.
    case other

    init(_ key: UnsafeRawBufferPointer) {
        if key.elementsEqual("x-opt-partition-key".utf8) || key.elementsEqual("x-opt-via-partition-key".utf8) {
            self = .field(.partitionKey)
        } else if key.elementsEqual("x-opt-deadletter-source".utf8) {
            self = .field(.deadLetterSource)
        } else {
            self = Self.kept.contains { name in name.withUTF8Buffer { key.elementsEqual($0) } } ? .finding : .other
        }
    }

    private static let kept: [StaticString] = [
        "x-opt-sequence-number", "x-opt-enqueued-time", "x-opt-enqueue-sequence-number", "x-opt-locked-until",
        "x-opt-scheduled-enqueue-time", "x-opt-message-state", "x-opt-partition-id", "x-opt-delivery-count",
    ]
}

extension String {
    /// Calls a closure with the UTF-8 of the text.
    fileprivate func utf8Bytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        var text = self
        return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }
}
