/// Walks the elements of a list in place.
///
///     var fields = try message.readProperties()
///     while fields.next() { ... fields.index, fields.value ... }
public struct ListReader: ~Escapable {
    @usableFromInline let bytes: RawSpan
    @usableFromInline var place = EncodedValue.Place()
    @usableFromInline var offset: Int
    @usableFromInline let end: Int
    @usableFromInline var remaining: Int
    @usableFromInline var position = -1

    /// Nothing to walk.
    @_lifetime(copy bytes)
    init(emptyIn bytes: RawSpan) {
        self.bytes = bytes
        offset = 0
        end = 0
        remaining = 0
    }

    @inline(__always)
    @_lifetime(copy list)
    init?(_ list: EncodedValue) {
        bytes = list.bytes
        end = Int(list.place.end)
        switch list.place.code {
        case FormatCode.list0:
            remaining = 0
            offset = end
        case FormatCode.list8, FormatCode.list32:
            guard let header = list.compoundHeader else { return nil }
            remaining = header.count
            offset = header.first
        default: return nil
        }
    }

    /// The number of elements ``next()`` has still to move to.
    @inlinable
    public var remainingElements: Int { remaining }

    /// The position of ``value`` in the list, from 0; -1 before the first ``next()``.
    @inlinable
    public var index: Int { position }

    /// The element ``next()`` moved to; null before the first.
    @inlinable
    public var value: EncodedValue {
        @_lifetime(copy self)
        get { EncodedValue(bytes, place) }
    }

    /// Moves to the next element.
    /// - Returns: false when there is none; ``value`` is then unchanged.
    @inlinable @inline(__always)
    @_lifetime(self: copy self)
    public mutating func next() -> Bool {
        guard remaining > 0, let place = EncodedValue.Place(bytes, at: offset, limit: end) else { return false }
        remaining &-= 1
        position &+= 1
        offset = Int(place.end)
        self.place = place
        return true
    }
}

/// Walks the pairs of a map in place, in the order they were sent; duplicate keys are all seen.
public struct MapReader: ~Escapable {
    @usableFromInline let bytes: RawSpan
    @usableFromInline var keyPlace = EncodedValue.Place()
    @usableFromInline var valuePlace = EncodedValue.Place()
    @usableFromInline var offset: Int
    @usableFromInline let end: Int
    @usableFromInline var remaining: Int

    /// Nothing to walk.
    @_lifetime(immortal)
    public init() { self.init(emptyIn: RawSpan()) }

    /// Nothing to walk.
    @_lifetime(copy bytes)
    init(emptyIn bytes: RawSpan) {
        self.bytes = bytes
        offset = 0
        end = 0
        remaining = 0
    }

    @inline(__always)
    @_lifetime(copy map)
    init?(_ map: EncodedValue) {
        guard map.place.code == FormatCode.map8 || map.place.code == FormatCode.map32, let header = map.compoundHeader else { return nil }
        bytes = map.bytes
        end = Int(map.place.end)
        remaining = header.count / 2
        offset = header.first
    }

    /// The number of pairs ``next()`` has still to move to.
    @inlinable
    public var remainingPairs: Int { remaining }

    /// The key ``next()`` moved to; null before the first.
    @inlinable
    public var key: EncodedValue {
        @_lifetime(copy self)
        get { EncodedValue(bytes, keyPlace) }
    }

    /// The value under ``key``.
    @inlinable
    public var value: EncodedValue {
        @_lifetime(copy self)
        get { EncodedValue(bytes, valuePlace) }
    }

    /// Moves to the next pair.
    /// - Returns: false when there is none; ``key`` and ``value`` are then unchanged.
    @inlinable @inline(__always)
    @_lifetime(self: copy self)
    public mutating func next() -> Bool {
        guard remaining > 0, let key = EncodedValue.Place(bytes, at: offset, limit: end),
            let value = EncodedValue.Place(bytes, at: Int(key.end), limit: end)
        else { return false }
        remaining &-= 1
        offset = Int(value.end)
        keyPlace = key
        valuePlace = value
        return true
    }
}

extension EncodedValue {
    /// The count of a list or map and the offset of its first element.
    @inline(__always)
    fileprivate var compoundHeader: (count: Int, first: Int)? {
        let reader = WireReader(bytes, limits: .validated)
        guard let header = try? reader.compoundHeader(place.code, at: Int(place.content), limit: Int(place.end)) else { return nil }
        return (header.count, header.content)
    }
}
