/// The sections of a message, read where they lie. A view of the message's bytes, which cannot outlive it.
public struct MessageReader: ~Escapable {
    @usableFromInline let bytes: RawSpan
    private let sections: SectionTable

    @inline(__always)
    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, _ sections: SectionTable) {
        self.bytes = bytes
        self.sections = sections
    }

    /// The fields of the header, in the order of part 3, 3.2.1.
    /// - Returns: a reader with nothing to read when there is no header.
    /// - Throws: ``CodecError`` when the section is not a list.
    @_lifetime(copy self)
    public func header() throws(CodecError) -> ListReader { try list(.header) }

    /// The fields of the properties, in the order of part 3, 3.2.4.
    /// - Returns: a reader with nothing to read when there are no properties.
    /// - Throws: ``CodecError`` when the section is not a list.
    @_lifetime(copy self)
    public func properties() throws(CodecError) -> ListReader { try list(.properties) }

    /// The message annotations.
    /// - Returns: a reader with nothing to read when there are none.
    /// - Throws: ``CodecError`` when the section is not a map.
    @_lifetime(copy self)
    public func messageAnnotations() throws(CodecError) -> MapReader { try map(.messageAnnotations) }

    /// The application properties.
    /// - Returns: a reader with nothing to read when there are none.
    /// - Throws: ``CodecError`` when the section is not a map.
    @_lifetime(copy self)
    public func applicationProperties() throws(CodecError) -> MapReader { try map(.applicationProperties) }

    /// The content of the first body section: binary data, a list or any value.
    /// - Returns: nil when there is no body.
    /// - Throws: ``CodecError`` when its descriptor cannot be read.
    @_lifetime(copy self)
    public func body() throws(CodecError) -> EncodedValue? { try value(.body) }

    /// The bytes of a body that is one data section; nil for every other body.
    public var data: RawSpan? {
        @_lifetime(copy self)
        get {
            guard UInt64(sections.bodyDescriptor) == Descriptor.data else { return nil }
            do throws(CodecError) {
                guard let data = try value(.body), data.isBinary, Int(data.place.end) == sections[.body].upperBound else { return nil }
                return data.variable
            } catch {
                return nil
            }
        }
    }

    /// The value at the place of one that was read from this message.
    @inlinable @inline(__always)
    @_lifetime(copy self)
    package func value(at place: EncodedValue.Place) -> EncodedValue { EncodedValue(bytes, place) }

    @inline(__always)
    @_lifetime(copy self)
    private func value(_ section: Message.Section) throws(CodecError) -> EncodedValue? {
        let place = sections[section]
        if place.isEmpty { return nil }
        var start = place.lowerBound &+ 3
        // The form everybody writes: 00 53 xx.
        if place.count < 3 || bytes.unsafeLoad(fromByteOffset: place.lowerBound &+ 1, as: UInt8.self) != FormatCode.smallULong {
            var reader = WireReader(bytes, in: place)
            _ = try reader.readDescriptor()
            start = reader.offset
        }
        return EncodedValue(bytes, at: start, limit: place.upperBound)
    }

    @inline(__always)
    @_lifetime(copy self)
    private func list(_ section: Message.Section) throws(CodecError) -> ListReader {
        guard let value = try value(section) else { return ListReader(emptyIn: bytes) }
        guard let list = ListReader(value) else {
            throw CodecError(.unexpectedType(expected: "list", code: value.place.code), at: Int(value.place.start))
        }
        return list
    }

    @inline(__always)
    @_lifetime(copy self)
    private func map(_ section: Message.Section) throws(CodecError) -> MapReader {
        guard let value = try value(section) else { return MapReader(emptyIn: bytes) }
        guard let map = MapReader(value) else {
            throw CodecError(.unexpectedType(expected: "map", code: value.place.code), at: Int(value.place.start))
        }
        return map
    }
}
