public import ServiceBus

/// What a trace looks for: a message id or correlation id as it was sent, or a trace id of the W3C.
///
/// Ids are compared as they are written, but for GUIDs: upper or lower case, with or without hyphens, they are the same.
public struct TraceID: Hashable, Sendable, CustomStringConvertible {
    /// The longest id: the service takes 128 characters for a message id, other senders' correlation ids may be longer.
    public static let longest = 1024

    /// The id as it was given, without blanks around it.
    public let text: String
    /// The 32 hexadecimal digits of a trace id, in lower case; nil when it is none. A whole `traceparent` counts for the trace it names.
    public let traceDigits: String?
    /// The digits of a GUID, in lower case and without hyphens.
    private let guid: [UInt8]?

    /// Takes an id; nil when there is nothing in it, or too much.
    public init?(_ text: String) {
        var rest = Substring(text)
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        guard !rest.isEmpty, rest.utf8.count <= Self.longest else { return nil }
        self.text = String(rest)
        let bytes = Array(self.text.utf8)
        guid = bytes.withUnsafeBytes { Self.guid($0) }
        let parent = bytes.withUnsafeBytes { Self.trace(ofParent: $0) }
        traceDigits = (parent ?? (bytes.count == 32 ? guid : nil)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The id.
    public var description: String { text }

    /// By what a message bears this id; nil when it does not.
    public func match(_ message: PeekedMessage) -> TraceMatch? {
        let fields = message.fields
        if isSame(fields.messageID) { return .messageID }
        if isSame(fields.correlationID) { return .correlationID }
        guard let traceDigits else { return nil }
        var properties = message.readApplicationProperties()
        while properties.next() {
            guard let name = properties.name.utf8, Self.isTraceProperty(name), let value = properties.value.utf8 else { continue }
            if value.withUnsafeBytes({ Self.trace(ofParent: $0)?.elementsEqual(traceDigits.utf8) == true }) { return .traceID }
        }
        return nil
    }

    /// Ids may be numbers and UUIDs too: those are compared by their text.
    private func isSame(_ field: borrowing FieldValue) -> Bool {
        if let utf8 = field.utf8 { return utf8.withUnsafeBytes { isSame($0) } }
        return field.text.map { Array($0.utf8).withUnsafeBytes { isSame($0) } } ?? false
    }

    private func isSame(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if bytes.count == text.utf8.count, bytes.elementsEqual(text.utf8) { return true }
        guard let guid, bytes.count == 32 || bytes.count == 36 else { return false }
        return Self.guid(bytes)?.elementsEqual(guid) == true
    }

    /// The properties in which the SDKs send a trace context: `Diagnostic-Id` of Azure's, `traceparent` of OpenTelemetry's.
    private static func isTraceProperty(_ name: RawSpan) -> Bool {
        name.withUnsafeBytes { bytes in
            bytes.count == 13 ? bytes.elementsEqual("Diagnostic-Id".utf8) : bytes.count == 11 && bytes.elementsEqual("traceparent".utf8)
        }
    }

    /// The trace a `traceparent` names (W3C Trace Context, section 3.2): `00-<trace id>-<parent id>-<flags>`.
    private static func trace(ofParent bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        // Later versions may add fields after another hyphen.
        guard bytes.count == 55 || (bytes.count > 55 && bytes[55] == UInt8(ascii: "-")) else { return nil }
        guard [2, 35, 52].allSatisfy({ bytes[$0] == UInt8(ascii: "-") }) else { return nil }
        return digits(UnsafeRawBufferPointer(rebasing: bytes[3..<35]))
    }

    private static func guid(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        if bytes.count == 32 { return digits(bytes) }
        guard bytes.count == 36, [8, 13, 18, 23].allSatisfy({ bytes[$0] == UInt8(ascii: "-") }) else { return nil }
        var digits: [UInt8] = []
        digits.reserveCapacity(32)
        for (place, byte) in bytes.enumerated() where ![8, 13, 18, 23].contains(place) { digits.append(byte) }
        return digits.withUnsafeBytes { self.digits($0) }
    }

    /// Hexadecimal digits in lower case; nil when something else is among them, or all are zero, which names nothing.
    private static func digits(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        var digits: [UInt8] = []
        digits.reserveCapacity(bytes.count)
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): digits.append(byte)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digits.append(byte | 0x20)
            default: return nil
            }
        }
        return digits.allSatisfy { $0 == UInt8(ascii: "0") } ? nil : digits
    }
}

/// By what a message bears an id.
public enum TraceMatch: String, Hashable, Sendable, CaseIterable {
    /// It is its message id.
    case messageID = "messageId"
    /// It is its correlation id.
    case correlationID = "correlationId"
    /// Its trace context names it.
    case traceID = "traceId"

    /// Words for people.
    public var title: String {
        switch self {
        case .messageID: "message id"
        case .correlationID: "correlation id"
        case .traceID: "trace id"
        }
    }
}
