internal import Backstage
internal import Identity

/// Annotations and labels by their keys, whatever their case. Keys are ASCII; there are few to an entity and many entities, so nothing is folded
/// beforehand.
extension Entity {
    /// The value of an annotation.
    func annotation(_ key: String) -> String? { annotations[key] ?? annotations.first { FoldedASCII.isSame($0.key, key) }?.value }

    /// The value of a label.
    func label(_ key: String) -> String? { labels[key] ?? labels.first { FoldedASCII.isSame($0.key, key) }?.value }

    /// The annotations whose keys are another key, a dot and something, in order of that.
    /// - Returns: what stands behind the dot, in lower case, with the values.
    func annotations(behind key: String) -> [(name: String, value: String)] {
        let length = key.utf8.count
        var found: [(name: String, value: String)] = []
        for (other, value) in annotations where other.utf8.count > length + 1 {
            let bytes = other.utf8
            let dot = bytes.index(bytes.startIndex, offsetBy: length)
            guard bytes[dot] == UInt8(ascii: "."), FoldedASCII.begins(other, with: key) else { continue }
            found.append((String(other[bytes.index(after: dot)...]).lowercased(), value))
        }
        return found.sorted { $0.name < $1.name }
    }
}
