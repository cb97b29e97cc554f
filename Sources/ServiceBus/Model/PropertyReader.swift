internal import AMQP

/// The application's properties, in the order they were sent, read where they lie.
///
///     var properties = message.readApplicationProperties()
///     while properties.next() { ... properties.name, properties.value ... }
public struct PropertyReader: ~Escapable {
    private var pairs: MapReader

    @_lifetime(copy message)
    init(_ message: MessageReader) {
        do throws(CodecError) { pairs = try message.applicationProperties() } catch { pairs = MapReader() }
    }

    /// Moves to the next property; false when there is none.
    @_lifetime(self: copy self)
    public mutating func next() -> Bool { pairs.next() }

    /// The name of the property ``next()`` moved to: a string, as the standard demands, or whatever the sender used.
    public var name: FieldValue {
        @_lifetime(copy self)
        get { FieldValue(pairs.key) }
    }

    /// Its value.
    public var value: FieldValue {
        @_lifetime(copy self)
        get { FieldValue(pairs.value) }
    }
}
