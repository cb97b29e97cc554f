public import NIOCore

/// A message to be built and sent, or the decoded form of a received one.
public struct MessageContent: Hashable, Sendable {
    /// The header, if any.
    public var header: Header?
    /// Annotations for the next hop.
    public var deliveryAnnotations: AMQPMap
    /// Annotations about the message.
    public var messageAnnotations: AMQPMap
    /// The properties, if any.
    public var properties: Properties?
    /// The application's properties.
    public var applicationProperties: AMQPMap
    /// The body.
    public var body: Body
    /// Annotations after the body.
    public var footer: AMQPMap

    /// An empty message.
    public init(body: Body = .none) {
        deliveryAnnotations = AMQPMap()
        messageAnnotations = AMQPMap()
        applicationProperties = AMQPMap()
        self.body = body
        footer = AMQPMap()
    }

    /// Decodes every section of a received message.
    public init(_ message: Message) {
        header = message.header
        deliveryAnnotations = message.deliveryAnnotations ?? AMQPMap()
        messageAnnotations = message.messageAnnotations ?? AMQPMap()
        properties = message.properties
        applicationProperties = message.applicationProperties ?? AMQPMap()
        body = message.body
        footer = message.footer ?? AMQPMap()
    }

    /// Writes the message; empty sections are left out.
    public func encode(to writer: inout WireWriter) {
        header?.encode(to: &writer)
        encode(deliveryAnnotations, Descriptor.deliveryAnnotations, to: &writer)
        encode(messageAnnotations, Descriptor.messageAnnotations, to: &writer)
        properties?.encode(to: &writer)
        encode(applicationProperties, Descriptor.applicationProperties, to: &writer)
        body.encode(to: &writer)
        encode(footer, Descriptor.footer, to: &writer)
    }

    private func encode(_ map: AMQPMap, _ descriptor: UInt64, to writer: inout WireWriter) {
        if map.isEmpty { return }
        writer.descriptor(descriptor)
        writer.map(map)
    }

    /// Appends the encoded message to a buffer.
    public func encode(into buffer: inout ByteBuffer, style: EncodingStyle = .compact) {
        var writer = WireWriter(ByteBuffer(), style: style)
        swap(&writer.buffer, &buffer)
        encode(to: &writer)
        swap(&writer.buffer, &buffer)
    }

    /// The encoded message.
    public var encoded: ByteBuffer {
        var buffer = ByteBuffer()
        encode(into: &buffer)
        return buffer
    }
}

extension Header {
    /// The encoded header section.
    public func encode(into buffer: inout ByteBuffer) { MessageContent.section(into: &buffer) { encode(to: &$0) } }
}

extension MessageContent {
    /// Appends one map section (annotations, application properties) to a buffer; nothing when the map is empty.
    public static func encode(deliveryAnnotations map: AMQPMap, into buffer: inout ByteBuffer) {
        section(map, Descriptor.deliveryAnnotations, into: &buffer)
    }

    /// Appends a message-annotations section to a buffer; nothing when the map is empty.
    public static func encode(messageAnnotations map: AMQPMap, into buffer: inout ByteBuffer) {
        section(map, Descriptor.messageAnnotations, into: &buffer)
    }

    /// Appends an application-properties section to a buffer; nothing when the map is empty.
    public static func encode(applicationProperties map: AMQPMap, into buffer: inout ByteBuffer) {
        section(map, Descriptor.applicationProperties, into: &buffer)
    }

    private static func section(_ map: AMQPMap, _ descriptor: UInt64, into buffer: inout ByteBuffer) {
        if map.isEmpty { return }
        section(into: &buffer) {
            $0.descriptor(descriptor)
            $0.map(map)
        }
    }

    fileprivate static func section(into buffer: inout ByteBuffer, _ body: (inout WireWriter) -> Void) {
        var writer = WireWriter()
        swap(&writer.buffer, &buffer)
        body(&writer)
        swap(&writer.buffer, &buffer)
    }
}
