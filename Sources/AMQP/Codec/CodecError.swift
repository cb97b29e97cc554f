/// Why bytes are not valid AMQP 1.0 data, and where.
///
/// Thrown for anything a peer or a file may contain; decoding never traps.
public struct CodecError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of fault.
    public enum Code: Hashable, Sendable {
        /// The bytes end before the value does.
        case truncated
        /// A format code that AMQP 1.0 part 1 does not define.
        case unknownFormatCode(UInt8)
        /// A value of another type stands where the named one is required.
        case unexpectedType(expected: StaticText, code: UInt8)
        /// A list, map or array whose size and count contradict its content.
        case inconsistentCompound
        /// Bytes follow a value that should end the data.
        case trailingBytes
        /// Nesting deeper than ``CodecLimits/maximumDepth``.
        case tooDeep
        /// More elements than ``CodecLimits`` allow.
        case tooMany
        /// A descriptor that is not the expected one.
        case unknownDescriptor(UInt64)
        /// A symbolic descriptor that is not one of the standard's.
        case unknownSymbolicDescriptor
        /// A field that the specification marks mandatory is missing or null.
        case missingField(StaticText)
        /// A field holds a value outside its range.
        case invalidField(StaticText)
        /// A section stands where section order (part 3, 3.2) does not allow it.
        case unexpectedSection(UInt64)
        /// A frame header that breaks part 2, 2.3.
        case malformedFrame(StaticText)
    }

    /// A compile-time string: errors are built on hot paths and must not allocate.
    public struct StaticText: Hashable, Sendable, ExpressibleByStringLiteral {
        let text: StaticString
        /// Wraps a literal.
        public init(stringLiteral value: StaticString) { text = value }
        /// The literal's text.
        public var string: String { text.description }
        /// Compares by content.
        public static func == (a: Self, b: Self) -> Bool { a.string == b.string }
        /// Hashes the content.
        public func hash(into hasher: inout Hasher) { hasher.combine(string) }
    }

    /// What is wrong.
    public var code: Code
    /// The byte offset of the fault, counted from the start of the decoded value.
    public var offset: Int

    /// Creates an error at a byte offset.
    public init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }

    /// One line for an operator.
    public var description: String {
        let what =
            switch code {
            case .truncated: "the data ends early"
            case .unknownFormatCode(let code): "unknown format code 0x\(hex(code))"
            case .unexpectedType(let expected, let code): "expected \(expected.string), found format code 0x\(hex(code))"
            case .inconsistentCompound: "a list, map or array contradicts its own size"
            case .trailingBytes: "bytes follow the value"
            case .tooDeep: "values are nested too deeply"
            case .tooMany: "too many elements"
            case .unknownDescriptor(let descriptor): "unknown descriptor 0x\(String(descriptor, radix: 16))"
            case .unknownSymbolicDescriptor: "unknown symbolic descriptor"
            case .missingField(let name): "mandatory field '\(name.string)' is missing"
            case .invalidField(let name): "field '\(name.string)' is out of range"
            case .unexpectedSection(let descriptor): "message section 0x\(String(descriptor, radix: 16)) is out of order"
            case .malformedFrame(let reason): "malformed frame: \(reason.string)"
            }
        return "\(what) (at byte \(offset))"
    }
}

private func hex(_ byte: UInt8) -> String {
    let text = String(byte, radix: 16)
    return text.count == 1 ? "0" + text : text
}

/// Bounds on what decoding may accept, so that no input can make a peer hold more than 64 times its own size.
public struct CodecLimits: Sendable, Hashable {
    /// The deepest nesting of described values, lists, maps and arrays; at most ``deepestNesting``.
    public var maximumDepth: Int = 32 {
        didSet { maximumDepth = min(maximumDepth, CodecLimits.deepestNesting) }
    }
    /// The most elements of one list, map (keys plus values) or array.
    public var maximumElements: Int = 1_000_000
    /// The most elements of an array whose element type has no bytes of its own (null, true, false, uint0, ulong0, list0).
    ///
    /// Such an array takes four bytes on the wire whatever its count: with more than seven elements it would be held in more than
    /// 64 times that. Nothing in use sends them; booleans have an encoding with a byte each.
    public var maximumEmptyElements: Int = 7
    /// What ``maximumDepth`` is held to, because decoding nests on the stack as deep as the data do.
    public static var deepestNesting: Int { 128 }
    /// The limits used where none are named.
    public static var standard: CodecLimits { CodecLimits() }
    /// Creates the standard limits.
    public init() {}
}
