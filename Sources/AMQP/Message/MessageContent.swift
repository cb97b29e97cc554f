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
    public var properties: Properties? {
        @inlinable get { box?.properties }
        @inlinable set { box = newValue.map { PropertiesBox($0) } }
    }
    @usableFromInline
    var box: PropertiesBox?
    /// The application's properties.
    public var applicationProperties: AMQPMap
    /// The body.
    public var body: Body
    /// Annotations after the body.
    public var footer: AMQPMap

    /// Creates a message; what is not named is not sent.
    @inlinable
    public init(
        header: Header? = nil,
        deliveryAnnotations: AMQPMap = AMQPMap(),
        messageAnnotations: AMQPMap = AMQPMap(),
        properties: Properties? = nil,
        applicationProperties: AMQPMap = AMQPMap(),
        body: Body = .none,
        footer: AMQPMap = AMQPMap()
    ) {
        self.header = header
        self.deliveryAnnotations = deliveryAnnotations
        self.messageAnnotations = messageAnnotations
        if let properties { box = PropertiesBox(properties) } else { box = nil }
        self.applicationProperties = applicationProperties
        self.body = body
        self.footer = footer
    }

    /// Decodes every section of a received message.
    /// - Throws: ``CodecError`` when a section is not what the standard says it is; see ``Message/malformedSections``.
    public init(_ message: Message) throws(CodecError) {
        header = try message.decodeHeader()
        deliveryAnnotations = try message.decodeDeliveryAnnotations() ?? AMQPMap()
        messageAnnotations = try message.decodeMessageAnnotations() ?? AMQPMap()
        box = try message.decodeProperties().map { PropertiesBox($0) }
        applicationProperties = try message.decodeApplicationProperties() ?? AMQPMap()
        body = try message.decodeBody()
        footer = try message.decodeFooter() ?? AMQPMap()
    }

    /// Writes the message; empty sections are left out.
    public func encode(to writer: inout SpanWriter) {
        header?.encode(to: &writer)
        writer.section(Descriptor.deliveryAnnotations, deliveryAnnotations)
        writer.section(Descriptor.messageAnnotations, messageAnnotations)
        box?.properties.encode(to: &writer)
        writer.section(Descriptor.applicationProperties, applicationProperties)
        body.encode(to: &writer)
        writer.section(Descriptor.footer, footer)
    }

    /// Writes the message; empty sections are left out.
    public func encode(to writer: inout WireWriter) { writer.write { encode(to: &$0) } }

    /// Appends the encoded message to a buffer.
    public func encode(into buffer: inout ByteBuffer, style: EncodingStyle = .compact) {
        buffer.writeAMQP(style: style) { encode(to: &$0) }
    }

    /// The encoded message.
    public var encoded: ByteBuffer {
        var buffer = ByteBuffer()
        encode(into: &buffer)
        return buffer
    }
}

extension Header {
    /// Appends the encoded header section to a buffer.
    public func encode(into buffer: inout ByteBuffer) { buffer.writeAMQP { encode(to: &$0) } }
}

extension MessageContent {
    /// Appends a delivery-annotations section to a buffer; nothing when the map is empty.
    public static func encode(deliveryAnnotations map: AMQPMap, into buffer: inout ByteBuffer) {
        buffer.writeAMQP { $0.section(Descriptor.deliveryAnnotations, map) }
    }

    /// Appends a message-annotations section to a buffer; nothing when the map is empty.
    public static func encode(messageAnnotations map: AMQPMap, into buffer: inout ByteBuffer) {
        buffer.writeAMQP { $0.section(Descriptor.messageAnnotations, map) }
    }

    /// Appends an application-properties section to a buffer; nothing when the map is empty.
    public static func encode(applicationProperties map: AMQPMap, into buffer: inout ByteBuffer) {
        buffer.writeAMQP { $0.section(Descriptor.applicationProperties, map) }
    }
}

/// Properties on the heap. They are most of a message, and messages to be sent are handed on a few times.
@usableFromInline
final class PropertiesBox: Hashable, Sendable {
    @usableFromInline
    let properties: Properties
    @inlinable
    init(_ properties: consuming Properties) { self.properties = properties }
    @usableFromInline
    static func == (a: PropertiesBox, b: PropertiesBox) -> Bool { a.properties == b.properties }
    @usableFromInline
    func hash(into hasher: inout Hasher) { hasher.combine(properties) }
}
