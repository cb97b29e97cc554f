/// Where the sections of a message lie: the result of the one pass that accepts it.
///
/// Sections stand end to end in the order the standard requires, so it is enough to know where each one ends; a section that ends where
/// the one before it ends is not there. That keeps a message small enough to be copied freely.
struct SectionTable: Sendable {
    private let headerEnd: UInt32
    private let deliveryAnnotationsEnd: UInt32
    private let messageAnnotationsEnd: UInt32
    private let propertiesEnd: UInt32
    private let applicationPropertiesEnd: UInt32
    private let bodyEnd: UInt32
    private let footerEnd: UInt32
    /// The descriptor of the body sections; 0 when there are none.
    let bodyDescriptor: UInt8

    /// Follows every length, count and nesting of a message and the order of its sections.
    @inline(__always)
    init(validating bytes: RawSpan, limits: CodecLimits) throws(CodecError) {
        var reader = WireReader(bytes, limits: limits)
        guard reader.end <= Int(UInt32.max) else { throw CodecError(.tooMany, at: 0) }
        reader.depth = 1  // A section is a described value.
        var last: UInt64 = 0
        var body: UInt64 = 0
        var ends: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0, 0, 0)
        while reader.remaining > 0 {
            let start = reader.offset
            let descriptor = try reader.readDescriptor()
            guard Descriptor.header <= descriptor, descriptor <= Descriptor.footer else {
                throw CodecError(.unknownDescriptor(descriptor), at: start)
            }
            try reader.skipValue()
            // Descriptors ascend in the order of the sections. Only data and sequence sections may repeat, and not mix.
            guard descriptor > last || (descriptor == last && (descriptor == Descriptor.data || descriptor == Descriptor.amqpSequence))
            else { throw CodecError(.unexpectedSection(descriptor), at: start) }
            last = descriptor
            let end = UInt32(truncatingIfNeeded: reader.offset)
            switch descriptor {
            case Descriptor.header: ends.0 = end
            case Descriptor.deliveryAnnotations: ends.1 = end
            case Descriptor.messageAnnotations: ends.2 = end
            case Descriptor.properties: ends.3 = end
            case Descriptor.applicationProperties: ends.4 = end
            case Descriptor.footer: break
            default:
                guard body == 0 || body == descriptor else { throw CodecError(.unexpectedSection(descriptor), at: start) }
                body = descriptor
                ends.5 = end
            }
        }
        headerEnd = ends.0
        deliveryAnnotationsEnd = max(ends.1, headerEnd)
        messageAnnotationsEnd = max(ends.2, deliveryAnnotationsEnd)
        propertiesEnd = max(ends.3, messageAnnotationsEnd)
        applicationPropertiesEnd = max(ends.4, propertiesEnd)
        bodyEnd = max(ends.5, applicationPropertiesEnd)
        footerEnd = UInt32(truncatingIfNeeded: reader.offset)
        bodyDescriptor = UInt8(truncatingIfNeeded: body)
    }

    /// The offsets of a section from the first byte of the message, its descriptor included. Empty when there is none.
    subscript(section: Message.Section) -> Range<Int> {
        switch section {
        case .header: Int(0)..<Int(headerEnd)
        case .deliveryAnnotations: Int(headerEnd)..<Int(deliveryAnnotationsEnd)
        case .messageAnnotations: Int(deliveryAnnotationsEnd)..<Int(messageAnnotationsEnd)
        case .properties: Int(messageAnnotationsEnd)..<Int(propertiesEnd)
        case .applicationProperties: Int(propertiesEnd)..<Int(applicationPropertiesEnd)
        case .body: Int(applicationPropertiesEnd)..<Int(bodyEnd)
        case .footer: Int(bodyEnd)..<Int(footerEnd)
        }
    }
}
