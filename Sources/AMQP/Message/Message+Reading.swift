import NIOCore

/// Sections read where they lie, without allocating: see ``EncodedValue``.
extension Message {
    /// All sections: whoever looks at several finds the bytes once.
    @inline(__always)
    @_lifetime(borrow self)
    public func read() -> MessageReader {
        _overrideLifetime(MessageReader(buffer.readableBytesSpan, sections), borrowing: self)
    }

    /// The fields of the header: see ``MessageReader/header()``.
    @_lifetime(borrow self)
    public func readHeader() throws(CodecError) -> ListReader { try read().header() }

    /// The fields of the properties: see ``MessageReader/properties()``.
    @_lifetime(borrow self)
    public func readProperties() throws(CodecError) -> ListReader { try read().properties() }

    /// The message annotations: see ``MessageReader/messageAnnotations()``.
    @_lifetime(borrow self)
    public func readMessageAnnotations() throws(CodecError) -> MapReader { try read().messageAnnotations() }

    /// The application properties: see ``MessageReader/applicationProperties()``.
    @_lifetime(borrow self)
    public func readApplicationProperties() throws(CodecError) -> MapReader { try read().applicationProperties() }

    /// The content of the first body section: see ``MessageReader/body()``.
    @_lifetime(borrow self)
    public func readBody() throws(CodecError) -> EncodedValue? { try read().body() }
}
