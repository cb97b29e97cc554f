/// Walks the elements of a list in place.
///
///     var fields = try message.readProperties()
///     while fields.next() { ... fields.index, fields.value ... }
public struct ListReader: ~Escapable {
    @usableFromInline let bytes: RawSpan
    @usableFromInline var place = EncodedValue.Place()
    private var offset: Int
    private let end: Int
    /// The number of elements ``next()`` has still to move to.
    public private(set) var remainingElements: Int
    /// The position of ``value`` in the list, from 0; -1 before the first ``next()``.
    public private(set) var index = -1

    /// Nothing to walk.
    @_lifetime(copy bytes)
    init(emptyIn bytes: RawSpan) {
        self.bytes = bytes
        offset = 0
        end = 0
        remainingElements = 0
    }

    @inline(__always)
    @_lifetime(copy list)
    init?(_ list: EncodedValue) {
        bytes = list.bytes
        end = Int(list.place.end)
        switch list.place.code {
        case FormatCode.list0:
            remainingElements = 0
            offset = end
        case FormatCode.list8, FormatCode.list32:
            guard let header = list.compoundHeader else { return nil }
            remainingElements = header.count
            offset = header.first
        default: return nil
        }
    }

    /// The element ``next()`` moved to; null before the first.
    @inlinable
    public var value: EncodedValue {
        @_lifetime(copy self)
        get { EncodedValue(bytes, place) }
    }

    /// Moves to the next element.
    /// - Returns: false when there is none; ``value`` is then unchanged.
    @_lifetime(self: copy self)
    public mutating func next() -> Bool {
        guard remainingElements > 0, let place = EncodedValue.Place(bytes, at: offset, limit: end) else { return false }
        remainingElements &-= 1
        index &+= 1
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
    private var offset: Int
    private let end: Int
    /// The number of pairs ``next()`` has still to move to.
    public private(set) var remainingPairs: Int

    /// Nothing to walk.
    @_lifetime(immortal)
    public init() { self.init(emptyIn: RawSpan()) }

    /// Nothing to walk.
    @_lifetime(copy bytes)
    init(emptyIn bytes: RawSpan) {
        self.bytes = bytes
        offset = 0
        end = 0
        remainingPairs = 0
    }

    @inline(__always)
    @_lifetime(copy map)
    init?(_ map: EncodedValue) {
        guard map.place.code == FormatCode.map8 || map.place.code == FormatCode.map32, let header = map.compoundHeader else { return nil }
        bytes = map.bytes
        end = Int(map.place.end)
        remainingPairs = header.count / 2
        offset = header.first
    }

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
    @_lifetime(self: copy self)
    public mutating func next() -> Bool {
        guard remainingPairs > 0, let key = EncodedValue.Place(bytes, at: offset, limit: end),
            let value = EncodedValue.Place(bytes, at: Int(key.end), limit: end)
        else { return false }
        remainingPairs &-= 1
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
