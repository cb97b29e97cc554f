public import NIOCore

/// A received message: the bytes as they came, validated once, its sections decoded when somebody looks at them (part 3, 3.2).
///
/// Accepting one costs a single pass over the bytes and no allocation. That pass checks every length, count and nesting and the order of
/// the sections, but not what they hold: a header that is a map, say, is accepted, so that an operator can still look at the rest. Each
/// section therefore has two accessors: a property that is nil when the section is missing or malformed, and a `decode` function that tells
/// the two apart by throwing. ``malformedSections`` lists what the properties hide. No accessor can trap on anything a peer sent.
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

    /// The bytes as received.
    public let buffer: ByteBuffer
    let sections: SectionTable

    /// Accepts a message: checks lengths, nesting, counts and the order of sections.
    /// - Throws: ``CodecError`` when the bytes are not a valid message or exceed the limits.
    public init(_ buffer: ByteBuffer, limits: CodecLimits = .standard) throws(CodecError) {
        sections = try SectionTable(validating: buffer.readableBytesSpan, limits: limits)
        self.buffer = buffer
    }

    /// What the body is made of.
    public var bodyKind: BodyKind {
        switch UInt64(sections.bodyDescriptor) {
        case Descriptor.data: .data
        case Descriptor.amqpSequence: .sequence
        case Descriptor.amqpValue: .value
        default: .none
        }
    }

    /// Whether a section is there.
    public func has(_ section: Section) -> Bool { !sections[section].isEmpty }

    /// The size of a section, descriptor included, in bytes; 0 when there is none.
    public func size(of section: Section) -> Int { sections[section].count }

    /// The encoded bytes of a section, descriptor included; nil when there is none. A slice, not a copy.
    public func bytes(of section: Section) -> ByteBuffer? {
        let place = sections[section]
        return place.isEmpty ? nil : slice(place)
    }

    /// The bare message, which no intermediary may change: properties, application properties and body, as received (part 3, 3.2).
    public var bareBytes: ByteBuffer { slice(sections[.properties].lowerBound..<sections[.body].upperBound) }

    func slice(_ range: Range<Int>) -> ByteBuffer {
        buffer.getSlice(at: buffer.readerIndex &+ range.lowerBound, length: range.count) ?? ByteBuffer()
    }
}
