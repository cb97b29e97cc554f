#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// Where a list goes on. Opaque: it is given back as it came.
public struct CatalogueCursor: Hashable, Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    /// Whether it goes on with a list that was asked for with a predicate. Such a cursor holds it under `query`, and only POST takes it.
    var holdsQuery: Bool {
        var base64 = text.map { character -> Character in
            switch character {
            case "-": "+"
            case "_": "/"
            default: character
            }
        }
        while base64.count % 4 != 0 { base64.append("=") }
        guard let data = Data(base64Encoded: String(base64)), let root = try? JSONReader.read(Array(data)) else { return false }
        return root["query"].map { !$0.isNull } ?? false
    }
}
