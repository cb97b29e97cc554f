internal import Identity

/// An id, or the beginning of one, as what is assigned there is found by: compared as ids are. Going up from an id, from scope to scope, makes no texts.
struct ScopeKey: Sendable {
    /// The id, in lower case where ``FoldedASCII`` does not see to that.
    private let text: String
    /// How many of its bytes count.
    private let length: Int

    /// The scope of a whole id.
    init(_ id: ResourceID) {
        text = id.isASCII ? id.text : id.key
        length = text.utf8.count
    }

    private init(_ text: String, _ length: Int) {
        self.text = text
        self.length = length
    }

    /// An id and all that lies above it, narrowest first, the root last.
    static func all(above id: ResourceID) -> [ScopeKey] {
        let whole = ScopeKey(id)
        guard whole.length > 1 else { return [whole] }
        var keys: [ScopeKey] = []
        for (place, byte) in whole.text.utf8.enumerated() where place > 0 && byte == UInt8(ascii: "/") {
            keys.append(ScopeKey(whole.text, place))
        }
        keys.append(whole)
        keys.reverse()
        keys.append(ScopeKey(.root))
        return keys
    }
}

extension ScopeKey: Hashable {
    static func == (left: ScopeKey, right: ScopeKey) -> Bool {
        left.length == right.length && FoldedASCII.isSame(left.text, right.text, first: left.length)
    }

    func hash(into hasher: inout Hasher) { FoldedASCII.hash(text, first: length, into: &hasher) }
}
