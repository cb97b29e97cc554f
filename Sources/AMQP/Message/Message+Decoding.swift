import NIOCore

/// Sections as values that can be kept. Data are slices of ``Message/buffer``.
extension Message {
    /// The header section; nil when missing or malformed.
    public var header: Header? { (try? decodeHeader()) ?? nil }
    /// The delivery annotations; nil when missing or malformed.
    public var deliveryAnnotations: AMQPMap? { (try? decodeDeliveryAnnotations()) ?? nil }
    /// The message annotations; nil when missing or malformed.
    public var messageAnnotations: AMQPMap? { (try? decodeMessageAnnotations()) ?? nil }
    /// The properties section; nil when missing or malformed.
    public var properties: Properties? { (try? decodeProperties()) ?? nil }
    /// The application properties; nil when missing or malformed.
    public var applicationProperties: AMQPMap? { (try? decodeApplicationProperties()) ?? nil }
    /// The body; none when missing or malformed.
    public var body: Body { (try? decodeBody()) ?? .none }
    /// The footer; nil when missing or malformed.
    public var footer: AMQPMap? { (try? decodeFooter()) ?? nil }

    /// The sections that are there but are not what the standard says they are, so that their properties read as nil.
    ///
    /// Decodes every section; the message's bytes can be kept and forwarded all the same.
    public var malformedSections: [Section] {
        Section.allCases.filter { section in
            do throws(CodecError) {
                switch section {
                case .header: _ = try decodeHeader()
                case .properties: _ = try decodeProperties()
                case .body: _ = try decodeBody()
                default: _ = try decodeMap(section)
                }
                return false
            } catch {
                return true
            }
        }
    }

    /// Decodes the header section.
    /// - Returns: nil when there is none.
    public func decodeHeader() throws(CodecError) -> Header? {
        guard let place = place(of: .header) else { return nil }
        var reader = WireReader(buffer.readableBytesSpan, in: place, limits: .validated)
        _ = try reader.readDescriptor()
        return try Header(from: &reader, in: buffer)
    }

    /// Decodes the properties section.
    /// - Returns: nil when there is none.
    public func decodeProperties() throws(CodecError) -> Properties? {
        guard let place = place(of: .properties) else { return nil }
        var reader = WireReader(buffer.readableBytesSpan, in: place, limits: .validated)
        _ = try reader.readDescriptor()
        return try Properties(from: &reader, in: buffer)
    }

    /// Decodes the delivery annotations.
    /// - Returns: nil when there are none.
    public func decodeDeliveryAnnotations() throws(CodecError) -> AMQPMap? { try decodeMap(.deliveryAnnotations) }
    /// Decodes the message annotations.
    /// - Returns: nil when there are none.
    public func decodeMessageAnnotations() throws(CodecError) -> AMQPMap? { try decodeMap(.messageAnnotations) }
    /// Decodes the application properties.
    /// - Returns: nil when there are none.
    public func decodeApplicationProperties() throws(CodecError) -> AMQPMap? { try decodeMap(.applicationProperties) }
    /// Decodes the footer.
    /// - Returns: nil when there is none.
    public func decodeFooter() throws(CodecError) -> AMQPMap? { try decodeMap(.footer) }

    /// Decodes the body.
    public func decodeBody() throws(CodecError) -> Body {
        guard let place = place(of: .body) else { return .none }
        var reader = WireReader(buffer.readableBytesSpan, in: place, limits: .validated)
        var data: [ByteBuffer] = []
        var sequences: [[AMQPValue]] = []
        while reader.remaining > 0 {
            _ = try reader.readDescriptor()
            switch bodyKind {
            case .none: return .none
            case .value: return .value(try reader.readValue(in: buffer))
            case .data: data.append(slice(try reader.required(try reader.readBinaryRange(), "data")))
            case .sequence:
                sequences.append(try reader.required(try reader.readList(in: buffer), "amqp-sequence"))
            }
        }
        return bodyKind == .data ? .data(data) : .sequence(sequences)
    }

    private func decodeMap(_ section: Section) throws(CodecError) -> AMQPMap? {
        guard let place = place(of: section) else { return nil }
        var reader = WireReader(buffer.readableBytesSpan, in: place, limits: .validated)
        _ = try reader.readDescriptor()
        return try reader.required(try reader.readMap(in: buffer), "map")
    }

    private func place(of section: Section) -> Range<Int>? {
        let place = sections[section]
        return place.isEmpty ? nil : place
    }
}
