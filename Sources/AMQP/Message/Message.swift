public import NIOCore

/// A received message: the bytes as they came, validated once, its sections decoded when somebody looks at them (part 3, 3.2).
///
/// Accepting one costs a single pass over the bytes and no allocation; the accessors cannot trap on anything a peer sent,
/// and return nil for a section whose content is valid AMQP of the wrong shape.
public struct Message: Sendable {
    /// The sections of a message, in the order the standard requires.
    public enum Section: Int, Sendable, CaseIterable {
        /// Transfer header.
        case header
        /// Annotations for the next hop.
        case deliveryAnnotations
        /// Annotations about the message.
        case messageAnnotations
        /// Immutable properties.
        case properties
        /// The application's properties.
        case applicationProperties
        /// One or more body sections.
        case body
        /// Annotations after the body.
        case footer
    }

    /// The kind of a message's body.
    public enum BodyKind: Sendable, Hashable {
        /// There is none.
        case none
        /// Data sections.
        case data
        /// Sequence sections.
        case sequence
        /// A value section.
        case value
    }

    /// A section's place in the buffer: offsets from its first readable byte. Empty when there is none.
    struct Extent: Sendable {
        var start: UInt32 = 0
        var end: UInt32 = 0
        var isEmpty: Bool { start == end }
        var range: Range<Int> { Int(start)..<Int(end) }
    }

    /// The bytes as received.
    public let buffer: ByteBuffer
    var headerExtent = Extent()
    var deliveryAnnotationsExtent = Extent()
    var messageAnnotationsExtent = Extent()
    var propertiesExtent = Extent()
    var applicationPropertiesExtent = Extent()
    var bodyExtent = Extent()
    var footerExtent = Extent()
    /// What the body is made of.
    public private(set) var bodyKind: BodyKind = .none

    /// Accepts a message: checks lengths, nesting, counts and the order of sections.
    /// - Throws: ``CodecError`` when the bytes are not a valid message or exceed the limits.
    public init(_ buffer: ByteBuffer, limits: CodecLimits = .standard) throws(CodecError) {
        self.buffer = buffer
        var reader = WireReader(buffer.readableBytesSpan)
        guard reader.end <= Int(UInt32.max) else { throw CodecError(.tooMany, at: 0) }
        var last = -1
        while reader.remaining > 0 {
            let start = reader.offset
            let descriptor = try reader.readSectionDescriptor(in: buffer)
            try reader.skipValue(limits: limits, depth: 1)
            let extent = Extent(start: UInt32(truncatingIfNeeded: start), end: UInt32(truncatingIfNeeded: reader.offset))
            let section: Section
            switch descriptor {
            case Descriptor.header:
                section = .header
                headerExtent = extent
            case Descriptor.deliveryAnnotations:
                section = .deliveryAnnotations
                deliveryAnnotationsExtent = extent
            case Descriptor.messageAnnotations:
                section = .messageAnnotations
                messageAnnotationsExtent = extent
            case Descriptor.properties:
                section = .properties
                propertiesExtent = extent
            case Descriptor.applicationProperties:
                section = .applicationProperties
                applicationPropertiesExtent = extent
            case Descriptor.data, Descriptor.amqpSequence, Descriptor.amqpValue:
                section = .body
                try addBody(descriptor, extent)
            case Descriptor.footer:
                section = .footer
                footerExtent = extent
            default: throw CodecError(.unknownDescriptor(descriptor), at: start)
            }
            // Each section at most once and in order; data and sequence sections may repeat.
            guard section.rawValue > last || (section == .body && last == Section.body.rawValue) else {
                throw CodecError(.unexpectedSection(descriptor), at: start)
            }
            last = section.rawValue
        }
    }

    private mutating func addBody(_ descriptor: UInt64, _ extent: Extent) throws(CodecError) {
        let kind: BodyKind =
            switch descriptor {
            case Descriptor.data: .data
            case Descriptor.amqpSequence: .sequence
            default: .value
            }
        if bodyKind == .none {
            bodyKind = kind
            bodyExtent = extent
        } else if bodyKind == kind, kind != .value {
            bodyExtent.end = extent.end
        } else {
            throw CodecError(.unexpectedSection(descriptor), at: Int(extent.start))
        }
    }

    func extent(of section: Section) -> Extent {
        switch section {
        case .header: headerExtent
        case .deliveryAnnotations: deliveryAnnotationsExtent
        case .messageAnnotations: messageAnnotationsExtent
        case .properties: propertiesExtent
        case .applicationProperties: applicationPropertiesExtent
        case .body: bodyExtent
        case .footer: footerExtent
        }
    }

    /// Whether a section is there.
    public func has(_ section: Section) -> Bool { !extent(of: section).isEmpty }

    /// The encoded bytes of a section, descriptor included; nil when there is none. A slice, not a copy.
    public func bytes(of section: Section) -> ByteBuffer? {
        let extent = extent(of: section)
        return extent.isEmpty ? nil : slice(extent.range)
    }

    /// The bare message, which no intermediary may change: properties, application properties and body, as received (part 3, 3.2).
    public var bareBytes: ByteBuffer {
        var start = UInt32.max
        var end: UInt32 = 0
        for extent in [propertiesExtent, applicationPropertiesExtent, bodyExtent] where !extent.isEmpty {
            start = min(start, extent.start)
            end = max(end, extent.end)
        }
        return start < end ? slice(Int(start)..<Int(end)) : ByteBuffer()
    }

    private func slice(_ range: Range<Int>) -> ByteBuffer {
        buffer.getSlice(at: buffer.readerIndex &+ range.lowerBound, length: range.count) ?? ByteBuffer()
    }

    // MARK: Sections, decoded when read

    private func decode<T>(
        _ extent: Extent, _ body: (inout WireReader, ByteBuffer) throws(CodecError) -> T
    ) -> T? {
        if extent.isEmpty { return nil }
        var reader = WireReader(buffer.readableBytesSpan, in: extent.range)
        do throws(CodecError) {
            _ = try reader.readSectionDescriptor(in: buffer)
            return try body(&reader, buffer)
        } catch {
            return nil
        }
    }

    private func decodeMap(_ extent: Extent) -> AMQPMap? {
        decode(extent) { (reader, buffer) throws(CodecError) in try reader.readValue(in: buffer).mapValue } ?? nil
    }

    /// The header section.
    public var header: Header? { decode(headerExtent) { (r, b) throws(CodecError) in try Header(from: &r, in: b) } }
    /// The delivery annotations.
    public var deliveryAnnotations: AMQPMap? { decodeMap(deliveryAnnotationsExtent) }
    /// The message annotations.
    public var messageAnnotations: AMQPMap? { decodeMap(messageAnnotationsExtent) }
    /// The properties section.
    public var properties: Properties? { decode(propertiesExtent) { (r, b) throws(CodecError) in try Properties(from: &r, in: b) } }
    /// The application properties.
    public var applicationProperties: AMQPMap? { decodeMap(applicationPropertiesExtent) }
    /// The footer.
    public var footer: AMQPMap? { decodeMap(footerExtent) }

    /// The body. Data are slices of ``buffer``.
    public var body: Body {
        if bodyKind == .none { return .none }
        let kind = bodyKind
        let end = Int(bodyExtent.end)
        let decoded: Body?? = decode(bodyExtent) { (reader, buffer) throws(CodecError) -> Body? in
            var data: [ByteBuffer] = []
            var sequences: [[AMQPValue]] = []
            while true {
                let value = try reader.readValue(in: buffer)
                switch (kind, value) {
                case (.value, _): return .value(value)
                case (.data, .binary(let bytes)): data.append(bytes)
                case (.sequence, .list(let elements)): sequences.append(elements)
                default: return nil
                }
                if reader.offset >= end { break }
                _ = try reader.readSectionDescriptor(in: buffer)
            }
            return kind == .data ? .data(data) : .sequence(sequences)
        }
        return (decoded ?? nil) ?? .none
    }
}

extension WireReader {
    /// Reads the descriptor of a message section.
    mutating func readSectionDescriptor(in buffer: ByteBuffer) throws(CodecError) -> UInt64 {
        // The form everybody writes: 00 53 xx.
        if remaining >= 3, bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self) == FormatCode.described,
            bytes.unsafeLoadUnaligned(fromByteOffset: offset &+ 1, as: UInt8.self) == FormatCode.smallULong
        {
            defer { offset &+= 3 }
            return UInt64(bytes.unsafeLoadUnaligned(fromByteOffset: offset &+ 2, as: UInt8.self))
        }
        return try readDescriptor(in: buffer)
    }
}
