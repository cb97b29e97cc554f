public import NIOCore

/// Writing a message section by section, straight into its encoding.
///
/// For senders that know what they send: nothing is built in between. Sections stand in the order of these functions (part 3, 3.2).
///
///     buffer.writeAMQP { message in
///         message.header(Header(durable: true))
///         message.messageAnnotations(1) {
///             $0.symbol("x-opt-partition-key")
///             $0.string("42")
///         }
///         message.data(body)
///     }
extension SpanWriter {
    /// Writes a header section.
    public mutating func header(_ header: Header) { header.encode(to: &self) }

    /// Writes a properties section.
    public mutating func properties(_ properties: Properties) { properties.encode(to: &self) }

    /// Writes a delivery-annotations section of so many pairs; the closure writes keys and values in turn.
    @inline(__always)
    public mutating func deliveryAnnotations(_ pairs: Int, _ body: (inout SpanWriter) -> Void) {
        section(Descriptor.deliveryAnnotations, pairs, body)
    }

    /// Writes a message-annotations section of so many pairs; the closure writes keys and values in turn.
    @inline(__always)
    public mutating func messageAnnotations(_ pairs: Int, _ body: (inout SpanWriter) -> Void) {
        section(Descriptor.messageAnnotations, pairs, body)
    }

    /// Writes an application-properties section of so many pairs; the closure writes keys and values in turn.
    @inline(__always)
    public mutating func applicationProperties(_ pairs: Int, _ body: (inout SpanWriter) -> Void) {
        section(Descriptor.applicationProperties, pairs, body)
    }

    /// Writes a data section.
    public mutating func data(_ bytes: ByteBuffer) {
        descriptor(Descriptor.data)
        binary(bytes)
    }

    /// Writes a section that is a map; nothing when the map is empty.
    mutating func section(_ number: UInt64, _ map: AMQPMap) {
        if map.isEmpty { return }
        descriptor(number)
        self.map(map)
    }

    @inline(__always)
    private mutating func section(_ number: UInt64, _ pairs: Int, _ body: (inout SpanWriter) -> Void) {
        descriptor(number)
        map(pairs, body)
    }
}
