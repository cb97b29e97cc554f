package import AMQP
internal import NIOCore

/// The value of an application property, with the type it has on the wire.
public struct PropertyValue: Hashable, Sendable {
    /// The wire type: an AMQP type name, or `timespan`, `uri`, `datetime-offset` for what Microsoft's SDKs wrap.
    public let typeName: String
    /// The value as JSON would show it.
    public let content: Content
    /// The value itself where name and content do not tell all of it: what is in a list, map or array, what a value is described by, a moment
    /// that has no text.
    private let exact: AMQPValue?

    /// A value in JSON's terms, without losing its exact digits.
    public enum Content: Hashable, Sendable {
        /// Nothing.
        case null
        /// A truth value.
        case boolean(Bool)
        /// A whole number.
        case integer(Int64)
        /// A whole number above 2^63 - 1.
        case unsigned(UInt64)
        /// A number with a fraction; it may be infinite or no number.
        case number(Double)
        /// Text, or anything that has an exact text form (uuid, timestamps, durations).
        case text(String)
        /// Bytes.
        case bytes([UInt8])
        /// Keys and values in order.
        case map([Entry])
        /// Values in order.
        case list([Content])
    }

    /// A key and a value.
    public struct Entry: Hashable, Sendable {
        /// The key.
        public var key: String
        /// The value.
        public var value: Content
        /// Creates an entry.
        public init(key: String, value: Content) {
            self.key = key
            self.value = value
        }
    }

    /// Creates a value of a named type.
    public init(typeName: String, content: Content) {
        self.typeName = typeName
        self.content = content
        exact = .none
    }

    private init(_ typeName: String, _ content: Content, exact: AMQPValue?) {
        self.typeName = typeName
        self.content = content
        self.exact = exact
    }

    /// The value as one line for people. Not sanitised.
    public var text: String { Self.text(content) }

    private static func text(_ content: Content) -> String {
        switch content {
        case .null: "null"
        case .boolean(let value): String(value)
        case .integer(let value): String(value)
        case .unsigned(let value): String(value)
        case .number(let value): String(value)
        case .text(let value): value
        case .bytes(let bytes): "0x" + bytes.prefix(64).map { hex($0) }.joined() + (bytes.count > 64 ? "…" : "")
        case .map(let entries): "{" + entries.map { "\($0.key): \(text($0.value))" }.joined(separator: ", ") + "}"
        case .list(let values): "[" + values.map { text($0) }.joined(separator: ", ") + "]"
        }
    }

    /// The value of a property as it came.
    package init(_ value: AMQPValue) {
        if case .described(.symbol(let descriptor), let inner) = value {
            switch (descriptor.name, inner) {
            case ("com.microsoft:timespan", .long(let ticks)):
                self.init(typeName: "timespan", content: .text(DotNetTicks.duration(ticks)))
                return
            case ("com.microsoft:uri", .string(let text)):
                self.init(typeName: "uri", content: .text(text))
                return
            case ("com.microsoft:datetime-offset", .long(let ticks)):
                // Not nil, which is a value of AMQP too.
                self.init("datetime-offset", .text(DotNetTicks.moment(ticks)), exact: ticks > DotNetTicks.last ? value : .none)
                return
            default: break
            }
        }
        let exact: AMQPValue? =
            switch value {
            case .list, .map, .array, .described: value
            case .timestamp(let milliseconds) where !Timestamp.usualRange.contains(milliseconds): value
            default: .none
            }
        self.init(value.typeName, Self.content(value), exact: exact)
    }

    /// Reads what ``encoding`` gave; nil when it is no AMQP value.
    package init?(encoding bytes: [UInt8]) {
        guard let value = try? AMQPValue(decoding: ByteBuffer(bytes: bytes)) else { return nil }
        self.init(value)
    }

    /// The value as AMQP encodes it, where type name and content do not tell all of it; nil for all others.
    package var encoding: [UInt8]? {
        exact.map { value in
            var buffer = ByteBuffer()
            buffer.writeAMQP { $0.value(value) }
            return Array(buffer.readableBytesView)
        }
    }

    static func content(_ value: AMQPValue) -> Content {
        switch value {
        case .null: .null
        case .boolean(let value): .boolean(value)
        case .ubyte, .ushort, .uint, .byte, .short, .int, .long: .integer(value.integer ?? 0)
        case .ulong(let value): Int64(exactly: value).map { .integer($0) } ?? .unsigned(value)
        case .float(let value): .number(Double(value))
        case .double(let value): .number(value)
        case .decimal32(let bits): .text("0x" + String(bits, radix: 16))
        case .decimal64(let bits): .text("0x" + String(bits, radix: 16))
        case .decimal128(let bits): .text("0x" + String(bits.high, radix: 16) + "," + String(bits.low, radix: 16))
        case .char(let code): .text(Unicode.Scalar(code).map { String($0) } ?? "U+" + String(code, radix: 16))
        case .timestamp(let milliseconds): .text(Timestamp(milliseconds: milliseconds).rfc3339)
        case .uuid(let uuid): .text(uuid.description)
        case .binary(let bytes): .bytes(Array(bytes.readableBytesView))
        case .string(let text): .text(text)
        case .symbol(let symbol): .text(symbol.name)
        case .list(let elements): .list(elements.map { content($0) })
        case .array(let array): .list(array.elements.map { content($0) })
        case .map(let map): .map(map.pairs.map { Entry(key: keyText($0.key), value: content($0.value)) })
        case .described(_, let value): content(value)
        }
    }

    static func keyText(_ key: AMQPValue) -> String { key.text ?? text(content(key)) }
}

extension PropertyValue {
    /// The value on the wire. A content that does not fit its type name is sent as what it is; see ``isTyped``.
    var amqpValue: AMQPValue { exact ?? typed ?? Self.amqpValue(content) }

    /// Whether the content is one that a value of this type may have.
    package var isTyped: Bool { if case .some = exact ?? typed { true } else { false } }

    /// The value as it is read from the wire again: its content is the one that its type is shown with.
    package var asReceived: PropertyValue { PropertyValue(amqpValue) }

    /// The value of the type that is named; nil when there is no such type, or the content does not fit it.
    private var typed: AMQPValue? {
        switch (typeName, content) {
        case ("string", .text(let text)): .string(text)
        case ("null", .null): .null
        case ("boolean", .boolean(let value)): .boolean(value)
        case ("ubyte", _): whole(UInt8.self).map { .ubyte($0) }
        case ("ushort", _): whole(UInt16.self).map { .ushort($0) }
        case ("uint", _): whole(UInt32.self).map { .uint($0) }
        case ("ulong", _): whole(UInt64.self).map { .ulong($0) }
        case ("byte", _): whole(Int8.self).map { .byte($0) }
        case ("short", _): whole(Int16.self).map { .short($0) }
        case ("int", _): whole(Int32.self).map { .int($0) }
        case ("long", _): whole(Int64.self).map { .long($0) }
        case ("double", _): number.map { .double($0) }
        case ("float", _): number.flatMap { Float($0).isFinite == $0.isFinite ? .float(Float($0)) : .none }
        case ("binary", .bytes(let bytes)): .binary(ByteBuffer(bytes: bytes))
        case ("list", .list), ("map", .map): Self.amqpValue(content)
        case (_, .text(let text)): Self.amqpValue(typeName, text)
        default: .none
        }
    }

    private func whole<Number: FixedWidthInteger>(_: Number.Type) -> Number? {
        switch content {
        case .integer(let value): Number(exactly: value)
        case .unsigned(let value): Number(exactly: value)
        default: nil
        }
    }

    private var number: Double? {
        switch content {
        case .number(let value): value
        case .integer(let value): Double(value)
        case .unsigned(let value): Double(value)
        default: nil
        }
    }

    /// A value of a type that is shown as text; nil when the text is not of that form.
    private static func amqpValue(_ typeName: String, _ text: String) -> AMQPValue? {
        switch typeName {
        case "symbol": .symbol(Symbol(text))
        case "uuid": UUIDBytes(text).map { .uuid($0) }
        case "timestamp": Timestamp(rfc3339: text).map { .timestamp($0.milliseconds) }
        case "char": character(text).map { .char($0) }
        case "decimal32": bits(text, as: UInt32.self).map { .decimal32($0) }
        case "decimal64": bits(text, as: UInt64.self).map { .decimal64($0) }
        case "decimal128": decimal128(text).map { .decimal128($0) }
        case "uri": .described(descriptor: .symbol("com.microsoft:uri"), value: .string(text))
        case "timespan":
            DotNetTicks.ticks(ofDuration: text).map { .described(descriptor: .symbol("com.microsoft:timespan"), value: .long($0)) }
        case "datetime-offset":
            DotNetTicks.ticks(ofMoment: text).map { .described(descriptor: .symbol("com.microsoft:datetime-offset"), value: .long($0)) }
        default: .none
        }
    }

    /// The bits of a decimal, which is shown as `0x…`.
    private static func bits<Bits: FixedWidthInteger>(_ text: String, as: Bits.Type) -> Bits? {
        text.hasPrefix("0x") ? Bits(text.dropFirst(2), radix: 16) : nil
    }

    /// The bits of a decimal128, which is shown as two halves: `0x…,…`.
    private static func decimal128(_ text: String) -> UUIDBytes? {
        let halves = text.split(separator: ",", omittingEmptySubsequences: false)
        guard halves.count == 2, let high = bits(String(halves[0]), as: UInt64.self), let low = UInt64(halves[1], radix: 16) else {
            return nil
        }
        return UUIDBytes(high: high, low: low)
    }

    /// The code of a char, which is shown as itself, or as `U+…` where it is no character.
    private static func character(_ text: String) -> UInt32? {
        if let only = text.unicodeScalars.first, text.unicodeScalars.count == 1 { return only.value }
        return text.hasPrefix("U+") ? UInt32(text.dropFirst(2), radix: 16) : nil
    }

    private static func amqpValue(_ content: Content) -> AMQPValue {
        switch content {
        case .null: .null
        case .boolean(let value): .boolean(value)
        case .integer(let value): .long(value)
        case .unsigned(let value): .ulong(value)
        case .number(let value): .double(value)
        case .text(let value): .string(value)
        case .bytes(let bytes): .binary(ByteBuffer(bytes: bytes))
        case .map(let entries): .map(AMQPMap(entries.map { AMQPMap.Pair(key: .string($0.key), value: amqpValue($0.value)) }))
        case .list(let values): .list(values.map { amqpValue($0) })
        }
    }
}

/// .NET's unit of time: 100 nanoseconds, counted from 0001-01-01.
package enum DotNetTicks {
    /// Ticks at 1970-01-01T00:00Z.
    package static let epoch: Int64 = 621_355_968_000_000_000
    /// The last tick of the year 9999, behind which a moment has no text that can be read again.
    static let last: Int64 = 3_155_378_975_999_999_999

    /// Milliseconds since 1970 of a tick count.
    package static func milliseconds(_ ticks: Int64) -> Int64 { ticks.subtractingReportingOverflow(epoch).partialValue / 10_000 }

    static func moment(_ ticks: Int64) -> String {
        if ticks < 0 { return String(ticks) }
        let text = Timestamp(milliseconds: ticks / 10_000 - epoch / 10_000).rfc3339
        let rest = ticks % 10_000
        // Below the millisecond only what is there, so that reading it back gives the same ticks.
        return rest == 0 ? text : text.dropLast() + String(10_000 + rest).dropFirst() + "Z"
    }

    /// The ticks of a moment as ``moment(_:)`` writes it, or any RFC 3339 time; nil when it is neither.
    static func ticks(ofMoment text: String) -> Int64? {
        guard let time = Timestamp(rfc3339: text) else { return Int64(text).flatMap { $0 < 0 ? $0 : nil } }
        let fraction = text.drop { $0 != "." }.dropFirst().prefix { $0.isASCII && $0.isNumber }
        let below = Int64((fraction + "0000000").prefix(7).suffix(4)) ?? 0
        let (ticks, overflow) = time.milliseconds.multipliedReportingOverflow(by: 10_000)
        let (sum, sumOverflow) = ticks.addingReportingOverflow(epoch + below)
        return overflow || sumOverflow || sum < 0 ? nil : sum
    }

    /// The .NET form of a duration: `[-][d.]hh:mm:ss[.fffffff]`.
    package static func duration(_ ticks: Int64) -> String {
        let magnitude = ticks.magnitude
        let (seconds, fraction) = magnitude.quotientAndRemainder(dividingBy: 10_000_000)
        func two(_ value: UInt64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        var text = ticks < 0 ? "-" : ""
        if seconds >= 86_400 { text += "\(seconds / 86_400)." }
        text += "\(two(seconds / 3600 % 24)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
        if fraction > 0 { text += "." + String(repeating: "0", count: 7 - String(fraction).utf8.count) + String(fraction) }
        return text
    }

    /// The ticks of a duration in the form of ``duration(_:)``; nil when it is not that.
    static func ticks(ofDuration text: String) -> Int64? {
        let isNegative = text.hasPrefix("-")
        let parts = text.dropFirst(isNegative ? 1 : 0).split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        let first = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let last = parts[2].split(separator: ".", omittingEmptySubsequences: false)
        guard let hourText = first.last, first.count <= 2, let secondText = last.first, last.count <= 2, let hours = UInt64(hourText),
            let minutes = UInt64(parts[1]), let seconds = UInt64(secondText), hours < 24, minutes < 60, seconds < 60
        else { return nil }
        let days = first.count == 2 ? UInt64(first[0]) : 0
        let fractionText = last.count == 2 ? last[1] : "0"
        guard let days, days <= 10_675_199, fractionText.utf8.count <= 7,
            let fraction = UInt64(fractionText + String(repeating: "0", count: 7 - fractionText.utf8.count))
        else { return nil }
        let ticks = ((days * 24 + hours) * 60 + minutes) * 600_000_000 + seconds * 10_000_000 + fraction
        if isNegative { return ticks == UInt64(Int64.max) + 1 ? .min : Int64(exactly: ticks).map { -$0 } }
        return Int64(exactly: ticks)
    }
}

func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
