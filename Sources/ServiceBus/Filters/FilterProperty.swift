/// A property that an expression names.
public struct FilterProperty: Hashable, Sendable {
    /// Where the property is looked for.
    public enum Scope: Hashable, Sendable {
        /// Among the application's properties.
        case user
        /// Among the service's; nil for a name it does not have, which fails when it is evaluated.
        case system(SystemProperty?)
        /// In the body: the path into a JSON document, or the whole text when it is empty. Only in an operator's expressions.
        case body(path: [String])
    }

    /// Where it is looked for.
    public let scope: Scope
    /// The name as it was written.
    public let name: String
    /// The name to compare with.
    let folded: FoldedName

    init(_ scope: Scope, name: String) {
        self.scope = scope
        self.name = name
        // A property of the service goes by one name, whichever SDK's was written.
        if case .system(let property?) = scope { folded = FoldedName(property.rawValue) } else { folded = FoldedName(name) }
    }

    /// An application property.
    public static func user(_ name: String) -> FilterProperty { FilterProperty(.user, name: name) }

    /// A property of the service by name.
    public static func system(_ name: String) -> FilterProperty { FilterProperty(.system(SystemProperty(named: name)), name: name) }

    /// The body, or a field of a JSON body.
    public static func body(_ path: [String]) -> FilterProperty { FilterProperty(.body(path: path), name: "body") }

    /// Whether both name the same property.
    public static func == (a: Self, b: Self) -> Bool { a.scope == b.scope && a.folded == b.folded }

    /// Hashes what names the property.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(scope)
        hasher.combine(folded)
    }
}

/// A property's name without regard to case, ready to be compared with encoded keys.
public struct FoldedName: Hashable, Sendable {
    private let bytes: [UInt8]
    private let isASCII: Bool

    /// Folds a name.
    public init(_ name: String) {
        bytes = Array(name.lowercased().utf8)
        isASCII = bytes.allSatisfy { $0 < 0x80 }
    }

    /// The name in lower case.
    public var name: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether UTF-8 bytes spell this name, in any case.
    @inline(__always)
    func matches(_ key: UnsafeRawBufferPointer) -> Bool {
        // A name whose case changes its length has to be folded as a string.
        if !isASCII { return matchesFolded(key) }
        guard key.count == bytes.count else { return false }
        for index in 0..<key.count {
            let byte = key[index]
            let folded = byte &- 0x41 < 26 ? byte | 0x20 : byte
            if folded != bytes[index] { return false }
        }
        return true
    }

    private func matchesFolded(_ key: UnsafeRawBufferPointer) -> Bool {
        String(decoding: key, as: UTF8.self).lowercased().utf8.elementsEqual(bytes)
    }
}
