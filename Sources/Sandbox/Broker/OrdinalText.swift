/// A name that is the same only byte for byte, as the service compares: Swift's strings are the same too when Unicode says that they mean
/// the same characters.
struct OrdinalText: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (one: OrdinalText, other: OrdinalText) -> Bool { one.text.isOrdinallyEqual(to: other.text) }

    func hash(into hasher: inout Hasher) {
        // Bridged text of other libraries alone is not stored as one piece.
        let isHashed: Void? = text.utf8.withContiguousStorageIfAvailable { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        if isHashed == nil { for byte in text.utf8 { hasher.combine(byte) } }
    }
}

extension String {
    /// Whether two texts are the same byte for byte.
    func isOrdinallyEqual(to other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
