public import ServiceBus

/// Writes JSON into a buffer, as fast as it can be had and safe to print on a terminal.
///
/// Besides what JSON demands, it escapes everything a terminal or a reader's eye might obey: DEL, C1 controls, line separators,
/// bidirectional and zero-width characters, tags. The values are the same to every JSON parser.
public struct JSONWriter: Sendable {
    var sink = ByteSink()
    private var needsComma = false

    /// What was written so far.
    public var bytes: [UInt8] { sink.bytes }

    /// The largest whole number that every JSON parser reads exactly.
    public static let largestExactInteger: Int64 = 1 << 53

    /// Creates an empty writer.
    public init() {}

    /// Writes an object whose members the closure writes.
    public mutating func object(_ members: (inout JSONWriter) -> Void) {
        beginObject()
        members(&self)
        endObject()
    }

    /// Begins an object, where what writes its members is no closure. ``endObject()`` must follow.
    mutating func beginObject() {
        separate()
        sink.append(UInt8(ascii: "{"))
        needsComma = false
    }

    /// Ends what ``beginObject()`` began.
    mutating func endObject() {
        sink.append(UInt8(ascii: "}"))
        needsComma = true
    }

    /// Writes an array whose elements the closure writes.
    public mutating func array(_ elements: (inout JSONWriter) -> Void) {
        separate()
        sink.append(UInt8(ascii: "["))
        needsComma = false
        elements(&self)
        sink.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// Writes a member's name; its value must follow.
    public mutating func key(_ name: String) {
        text(name)
        sink.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a member's name that is given as its bytes; its value must follow.
    mutating func key(_ name: RawSpan) {
        text(name)
        sink.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes `null`.
    public mutating func null() {
        separate()
        sink.append(fixed: "null")
    }

    /// Writes a truth value.
    public mutating func bool(_ value: Bool) {
        separate()
        sink.append(fixed: value ? "true" : "false")
    }

    /// Writes a whole number.
    public mutating func integer(_ value: Int64) {
        separate()
        sink.append(decimal: value)
    }

    /// Writes a whole number; as a string where a parser that reads doubles would lose digits.
    public mutating func exactInteger(_ value: Int64) {
        if value.magnitude > Self.largestExactInteger.magnitude { text(String(value)) } else { integer(value) }
    }

    /// Writes a number; what is infinite or no number as a string, since JSON has none.
    public mutating func number(_ value: Double) {
        guard value.isFinite else { return text(value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity") }
        separate()
        sink.append(value.description)
    }

    /// Writes a moment as RFC 3339.
    public mutating func time(_ value: Timestamp) {
        separate()
        sink.append(UInt8(ascii: "\""))
        sink.append(value)
        sink.append(UInt8(ascii: "\""))
    }

    /// Writes a text.
    public mutating func text(_ value: String) {
        separate()
        var value = value
        value.withUTF8 { sink.append(quoted: $0) }
    }

    /// Writes a text that is given as its bytes. Invalid UTF-8 is repaired.
    mutating func text(_ utf8: RawSpan) {
        separate()
        utf8.withUnsafeBytes { sink.append(repairing: $0.bindMemory(to: UInt8.self)) }
    }

    /// Writes a text that is given as its bytes.
    /// - Returns: false when they are not valid UTF-8; what was written is then only part of a value. See ``attempt(_:)``.
    mutating func text(ifValid utf8: RawSpan) -> Bool {
        separate()
        return utf8.withUnsafeBytes { sink.append(ifValid: $0.bindMemory(to: UInt8.self)) }
    }

    /// Writes what a closure writes, or nothing when it answers false.
    mutating func attempt(_ body: (inout JSONWriter) -> Bool) -> Bool {
        let (count, neededComma) = (sink.count, needsComma)
        if body(&self) { return true }
        sink.removeLast(sink.count - count)
        needsComma = neededComma
        return false
    }

    /// Writes the name of a member that is known when this is compiled: printable ASCII that needs no escaping.
    @inline(__always)
    public mutating func key(fixed name: StaticString) {
        sink.append(fixedKey: name, isFirst: !needsComma)
        needsComma = false
    }

    /// Writes raw text between values: line ends, and the brackets of streams.
    mutating func raw(_ text: StaticString) {
        sink.append(fixed: text)
        needsComma = false
    }

    /// Forgets what was written and keeps the room it took.
    mutating func restart() {
        sink.removeAll()
        needsComma = false
    }

    /// What was written raw is a value, after which another may follow.
    mutating func endValue() { needsComma = true }

    @inline(__always)
    private mutating func separate() {
        if needsComma { sink.append(UInt8(ascii: ",")) }
        needsComma = true
    }
}

/// Members: a name and its value, or `null`.
extension JSONWriter {
    /// Writes a member with a fixed name and a text, or `null`.
    public mutating func member(fixed name: StaticString, _ value: String?) {
        guard let value else { return nullMember(fixed: name) }
        key(fixed: name)
        text(value)
    }

    /// Writes a member with a fixed name and a whole number, or `null`.
    @inline(__always)
    public mutating func member(fixed name: StaticString, _ value: Int64?) {
        guard let value else { return nullMember(fixed: name) }
        key(fixed: name)
        exactInteger(value)
    }

    /// Writes a member with a fixed name and a moment, or `null`.
    @inline(__always)
    mutating func member(fixed name: StaticString, _ value: Timestamp?) {
        guard let value else { return nullMember(fixed: name) }
        key(fixed: name)
        time(value)
    }

    /// Writes a member with a fixed name and a field of a message as text, whatever its type, or `null`.
    @inline(__always)
    mutating func member(fixed name: StaticString, _ value: borrowing FieldValue) {
        // Most are missing.
        guard !value.isNull else { return nullMember(fixed: name) }
        key(fixed: name)
        text(value)
    }

    /// Writes a field of a message as text, whatever its type, or `null`.
    private mutating func text(_ value: borrowing FieldValue) {
        if let utf8 = value.utf8 {
            text(utf8)
        } else if let text = value.text {
            self.text(text)
        } else {
            null()
        }
    }

    @inline(__always)
    private mutating func nullMember(fixed name: StaticString) {
        sink.append(fixedKey: name, isFirst: !needsComma, isNull: true)
        needsComma = true
    }

    /// Writes a member with a text, or `null`.
    public mutating func member(_ name: String, _ value: String?) {
        key(name)
        if let value { text(value) } else { null() }
    }

    /// Writes a member with a whole number, or `null`.
    public mutating func member(_ name: String, _ value: Int64?) {
        key(name)
        if let value { exactInteger(value) } else { null() }
    }

    /// Writes a member with a truth value.
    public mutating func member(_ name: String, _ value: Bool) {
        key(name)
        bool(value)
    }

    /// Writes a member with texts.
    public mutating func member(_ name: String, _ values: [String]) {
        key(name)
        array { for value in values { $0.text(value) } }
    }
}
