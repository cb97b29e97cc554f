internal import ServiceBus

/// The members of objects, elements and attributes that say a name and its value side by side: `{"key": "password", "value": "…"}`,
/// `<add key="Password" value="…"/>`.
enum PairNames {
    private static let names: [StaticString] = [
        "name", "key", "k", "field", "header", "property", "parameter", "claim", "label", "type", "id",
    ]
    private static let values: [StaticString] = ["value", "val", "v", "values"]

    /// Longer keys are neither: most are.
    private static let longest = 9

    /// What a key says of what stands under it; nil when that is neither of a pair.
    static func role(of key: UnsafeRawBufferPointer) -> PairRole? {
        if key.count > longest { return nil }
        return isName(key) ? .name : isValue(key) ? .value : nil
    }

    /// Whether what stands under it may be the name of the pair.
    static func isName(_ member: some Sequence<UInt8>) -> Bool { names.contains { $0.equals(member) } }

    /// Whether what stands under it may be the value of the pair.
    static func isValue(_ member: some Sequence<UInt8>) -> Bool { values.contains { $0.equals(member) } }
}

extension StaticString {
    /// Whether a text is this one, which is in small letters, in letters of either case.
    fileprivate func equals(_ text: some Sequence<UInt8>) -> Bool {
        withUTF8Buffer { $0.elementsEqual(text) { $0 == $1.lowercasedASCII } }
    }
}
