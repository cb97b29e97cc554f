import NIOCore

/// Sections read where they lie, without allocating: see ``EncodedValue``.
extension Message {
    /// The fields of the header, in the order of part 3, 3.2.1.
    /// - Returns: a reader with nothing to read when there is no header.
    /// - Throws: ``CodecError`` when the section is not a list.
    @_lifetime(borrow self)
    public func readHeader() throws(CodecError) -> ListReader { try list(.header) }

    /// The fields of the properties, in the order of part 3, 3.2.4.
    /// - Returns: a reader with nothing to read when there are no properties.
    /// - Throws: ``CodecError`` when the section is not a list.
    @_lifetime(borrow self)
    public func readProperties() throws(CodecError) -> ListReader { try list(.properties) }

    /// The delivery annotations.
    /// - Returns: a reader with nothing to read when there are none.
    /// - Throws: ``CodecError`` when the section is not a map.
    @_lifetime(borrow self)
    public func readDeliveryAnnotations() throws(CodecError) -> MapReader { try map(.deliveryAnnotations) }

    /// The message annotations.
    /// - Returns: a reader with nothing to read when there are none.
    /// - Throws: ``CodecError`` when the section is not a map.
    @_lifetime(borrow self)
    public func readMessageAnnotations() throws(CodecError) -> MapReader { try map(.messageAnnotations) }

    /// The application properties.
    /// - Returns: a reader with nothing to read when there are none.
    /// - Throws: ``CodecError`` when the section is not a map.
    @_lifetime(borrow self)
    public func readApplicationProperties() throws(CodecError) -> MapReader { try map(.applicationProperties) }

    /// The content of the first body section: binary data, a list or any value.
    /// - Returns: nil when there is no body.
    /// - Throws: ``CodecError`` when its descriptor cannot be read.
    @_lifetime(borrow self)
    public func readBody() throws(CodecError) -> EncodedValue? { try value(.body) }

    /// The bytes of a body that is one data section; nil for every other body.
    @_lifetime(borrow self)
    public func readData() -> RawSpan? {
        guard bodyKind == .data else { return nil }
        do throws(CodecError) {
            guard let data = try value(.body), data.isBinary, Int(data.place.end) == sections[.body].upperBound else { return nil }
            return _overrideLifetime(data.variable, borrowing: self)
        } catch {
            return nil
        }
    }

    @inline(__always)
    @_lifetime(borrow self)
    private func value(_ section: Section) throws(CodecError) -> EncodedValue? {
        let place = sections[section]
        if place.isEmpty { return nil }
        let bytes = buffer.readableBytesSpan
        var start = place.lowerBound &+ 3
        // The form everybody writes: 00 53 xx.
        if place.count < 3 || bytes.unsafeLoad(fromByteOffset: place.lowerBound &+ 1, as: UInt8.self) != FormatCode.smallULong {
            var reader = WireReader(bytes, in: place)
            _ = try reader.readDescriptor()
            start = reader.offset
        }
        let value = EncodedValue(bytes, at: start, limit: place.upperBound)
        return _overrideLifetime(value, borrowing: self)
    }

    @inline(__always)
    @_lifetime(borrow self)
    private func list(_ section: Section) throws(CodecError) -> ListReader {
        guard let value = try value(section) else { return _overrideLifetime(ListReader(emptyIn: RawSpan()), borrowing: self) }
        guard let list = ListReader(value) else {
            throw CodecError(.unexpectedType(expected: "list", code: value.place.code), at: Int(value.place.start))
        }
        return list
    }

    @inline(__always)
    @_lifetime(borrow self)
    private func map(_ section: Section) throws(CodecError) -> MapReader {
        guard let value = try value(section) else { return _overrideLifetime(MapReader(emptyIn: RawSpan()), borrowing: self) }
        guard let map = MapReader(value) else {
            throw CodecError(.unexpectedType(expected: "map", code: value.place.code), at: Int(value.place.start))
        }
        return map
    }
}
