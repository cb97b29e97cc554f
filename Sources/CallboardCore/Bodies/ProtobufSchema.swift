internal import Backstage

/// The messages and enumerations of a descriptor set, the file that `protoc --descriptor_set_out=FILE --include_imports` writes
/// (google/protobuf/descriptor.proto).
public struct ProtobufSchema: Hashable, Sendable {
    /// The types of fields, with their names in `.proto` files.
    enum FieldType: String, Hashable, Sendable {
        case double, float, int64, uint64, int32, fixed64, fixed32, bool, string, group, message, bytes, uint32
        case enumeration = "enum"
        case sfixed32, sfixed64, sint32, sint64

        /// By the numbers of FieldDescriptorProto.Type, from 1.
        static let numbered: [FieldType] = [
            .double, .float, .int64, .uint64, .int32, .fixed64, .fixed32, .bool, .string, .group, .message, .bytes, .uint32, .enumeration,
            .sfixed32, .sfixed64, .sint32, .sint64,
        ]

        var wireType: UInt64 {
            switch self {
            case .double, .fixed64, .sfixed64: 1
            case .float, .fixed32, .sfixed32: 5
            case .string, .message, .bytes: 2
            case .group: 3
            default: 0
            }
        }

        var isPackable: Bool { wireType == 0 || wireType == 1 || wireType == 5 }
    }

    struct Field: Hashable, Sendable {
        var name: String
        var type: FieldType
        /// The full name of its message or enumeration.
        var typeName: String?
    }

    struct MessageType: Hashable, Sendable {
        var fields: [UInt64: Field] = [:]
    }

    /// By full name, without the dot in front.
    private(set) var messages: [String: MessageType] = [:]
    private(set) var enumerations: [String: [Int64: String]] = [:]

    /// The full names of all messages.
    public var messageNames: [String] { messages.keys.sorted() }

    /// Reads a descriptor set.
    ///
    /// - Throws: ``OperatorError`` when the bytes are none.
    public init(descriptorSet bytes: [UInt8]) throws(OperatorError) {
        do throws(BodyFault) {
            var reader = ByteReader(bytes)
            while let field = try Self.next(&reader) {
                if field.number == 1, case .bytes(let range) = field.content { try file(ByteReader(bytes, in: range)) }
            }
        } catch {
            throw OperatorError(
                .usage, "The file is no Protobuf descriptor set.", hint: "protoc --include_imports --descriptor_set_out=FILE makes one.")
        }
        guard !messages.isEmpty else {
            throw OperatorError(
                .usage, "The descriptor set holds no message.", hint: "protoc --include_imports --descriptor_set_out=FILE makes one.")
        }
    }

    /// The largest descriptor set that is read, in bytes.
    public static let largestFile = 32 << 20

    /// Reads a descriptor set from a file.
    ///
    /// - Throws: ``OperatorError`` naming the file and what is wrong with it.
    public init(file path: String) throws(OperatorError) {
        let bytes: [UInt8]
        do throws(LocalFile.Fault) {
            bytes = try LocalFile.read(path, limit: Self.largestFile)
        } catch {
            throw OperatorError(
                .usage, "The descriptor set '\(path)' cannot be read: \(error.message)",
                hint: "'descriptor-set' in the configuration names it.")
        }
        try self.init(descriptorSet: bytes)
    }

    /// Deeper nesting of message types is not followed.
    private static let deepest = 32

    private enum Content {
        case number(UInt64)
        case bytes(Range<Int>)
        case other
    }

    private static func next(_ reader: inout ByteReader) throws(BodyFault) -> (number: UInt64, content: Content)? {
        if reader.isAtEnd { return nil }
        let tag = try reader.varint()
        switch tag & 7 {
        case 0: return (tag >> 3, .number(try reader.varint()))
        case 1: _ = try reader.take(8)
        case 2: return (tag >> 3, .bytes(try reader.take(try reader.varint())))
        case 5: _ = try reader.take(4)
        default: throw reader.fault("a wire type that descriptors do not use")
        }
        return (tag >> 3, .other)
    }

    private static func text(_ reader: ByteReader, _ range: Range<Int>) throws(BodyFault) -> String {
        guard let text = String(validating: reader.bytes[range], as: UTF8.self) else { throw reader.fault("a name is not UTF-8") }
        return text
    }

    private mutating func file(_ source: ByteReader) throws(BodyFault) {
        var package = ""
        var reader = source
        while let field = try Self.next(&reader) {
            if field.number == 2, case .bytes(let range) = field.content { package = try Self.text(reader, range) }
        }
        reader = source
        while let field = try Self.next(&reader) {
            guard case .bytes(let range) = field.content else { continue }
            let inner = ByteReader(reader.bytes, in: range)
            if field.number == 4 { try message(inner, in: package, depth: 0) }
            if field.number == 5 { try enumeration(inner, in: package) }
        }
    }

    private static func name(_ reader: ByteReader, in scope: String) throws(BodyFault) -> String {
        var reader = reader
        while let field = try next(&reader) {
            if field.number == 1, case .bytes(let range) = field.content {
                return (scope.isEmpty ? "" : scope + ".") + (try text(reader, range))
            }
        }
        throw reader.fault("a type without a name")
    }

    private mutating func message(_ source: ByteReader, in scope: String, depth: Int) throws(BodyFault) {
        guard depth < Self.deepest else { throw source.fault("types are nested too deeply") }
        let name = try Self.name(source, in: scope)
        var type = MessageType()
        var reader = source
        while let field = try Self.next(&reader) {
            guard case .bytes(let range) = field.content else { continue }
            let inner = ByteReader(reader.bytes, in: range)
            switch field.number {
            case 2:
                if let (number, field) = try Self.field(inner) { type.fields[number] = field }
            case 3: try message(inner, in: name, depth: depth + 1)
            case 4: try enumeration(inner, in: name)
            default: break
            }
        }
        messages[name] = type
    }

    private static func field(_ source: ByteReader) throws(BodyFault) -> (UInt64, Field)? {
        var reader = source
        var (name, typeName): (String?, String?)
        var (number, type): (UInt64?, FieldType?)
        while let field = try next(&reader) {
            switch (field.number, field.content) {
            case (1, .bytes(let range)): name = try text(reader, range)
            case (3, .number(let value)): number = value
            case (5, .number(let value)):
                if let place = Int(exactly: value), FieldType.numbered.indices.contains(place - 1) { type = FieldType.numbered[place - 1] }
            case (6, .bytes(let range)): typeName = String(try text(reader, range).drop { $0 == "." })
            default: break
            }
        }
        guard let name, let number, let type else { return nil }
        return (number, Field(name: name, type: type, typeName: typeName))
    }

    private mutating func enumeration(_ source: ByteReader, in scope: String) throws(BodyFault) {
        let name = try Self.name(source, in: scope)
        var values: [Int64: String] = [:]
        var reader = source
        while let field = try Self.next(&reader) {
            guard field.number == 2, case .bytes(let range) = field.content else { continue }
            var inner = ByteReader(reader.bytes, in: range)
            var (valueName, number): (String?, Int64) = (nil, 0)
            while let field = try Self.next(&inner) {
                switch (field.number, field.content) {
                case (1, .bytes(let range)): valueName = try Self.text(inner, range)
                case (2, .number(let value)): number = Int64(bitPattern: value)
                default: break
                }
            }
            // Of several names for one number the first is meant.
            if let valueName, values[number] == nil { values[number] = valueName }
        }
        enumerations[name] = values
    }

    /// The message type that bytes fit best: all fields known and of the right wire type, and as many as possible. Nil when none does, or two
    /// do equally well.
    func bestType(for bytes: [UInt8]) -> String? {
        var best: (name: String, known: Int)?
        var isTied = false
        for (name, type) in messages {
            guard let known = Self.knownFields(bytes, type) else { continue }
            if known > best?.known ?? 0 {
                best = (name, known)
                isTied = false
            } else if known == best?.known {
                isTied = true
            }
        }
        return isTied ? nil : best?.name
    }

    /// The number of different fields in a message that a type knows; nil when one is not known or has another wire type.
    private static func knownFields(_ bytes: [UInt8], _ type: MessageType) -> Int? {
        var reader = ByteReader(bytes)
        var seen: Set<UInt64> = []
        // The first fields tell as much as all of them.
        for _ in 0..<1000 where !reader.isAtEnd {
            guard let tag = try? reader.varint(), let field = type.fields[tag >> 3] else { return nil }
            let wire = tag & 7
            guard wire == field.type.wireType || (wire == 2 && field.type.isPackable) else { return nil }
            seen.insert(tag >> 3)
            switch wire {
            case 0: guard (try? reader.varint()) != nil else { return nil }
            case 1: guard (try? reader.take(8)) != nil else { return nil }
            case 2: guard let length = try? reader.varint(), (try? reader.take(length)) != nil else { return nil }
            case 5: guard (try? reader.take(4)) != nil else { return nil }
            default: return nil
            }
        }
        return seen.count
    }
}
