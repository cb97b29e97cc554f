/// Finds aliases in places where they could make the YAML parser itself work without end.
///
/// An alias costs the parser nothing as a value, since values share their storage; how many values a document unfolds to is counted
/// when it is converted. As part of a mapping's *key*, though, it is hashed in full while parsing, and a few dozen aliases of aliases
/// take longer than the universe has. So aliases are accepted where they cannot be part of a key: as the whole value of a line,
/// `key: *name`, `- *name` or `key: [*name, *other]`. Text that merely looks like an alias (`*bold*`) is told apart by its name: only
/// one that an `&name` in the same document carries counts.
enum AliasGuard {
    /// The line (counted from 0) of an alias that is refused; nil when there is none.
    static func lineOfUnsafeAlias(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.contains(UInt8(ascii: "&")), bytes.contains(UInt8(ascii: "*")) else { return nil }
        let anchors = names(after: UInt8(ascii: "&"), in: bytes)
        guard !anchors.isEmpty else { return nil }
        var unsafeKeyLine: Int?
        var hasAlias = false
        var number = -1
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            if unsafeKeyLine == nil, hasExplicitKey(line) { unsafeKeyLine = number }
            guard !names(after: UInt8(ascii: "*"), in: line).isDisjoint(with: anchors) else { continue }
            hasAlias = true
            var scanner = LineScanner(rest: line)
            guard scanner.isAliasAsValue() else { return number }
        }
        return hasAlias ? unsafeKeyLine : nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }

    private static func names(after indicator: UInt8, in bytes: ArraySlice<UInt8>) -> Set<ArraySlice<UInt8>> {
        var found: Set<ArraySlice<UInt8>> = []
        var index = bytes.startIndex
        while let place = bytes[index...].firstIndex(of: indicator) {
            let name = bytes[(place + 1)...].prefix(while: isNameByte)
            if !name.isEmpty { found.insert(name) }
            index = place + 1
        }
        return found
    }

    /// Whether a line may hold the `?` of an explicit key.
    private static func hasExplicitKey(_ line: ArraySlice<UInt8>) -> Bool {
        var index = line.startIndex
        while let place = line[index...].firstIndex(of: UInt8(ascii: "?")) {
            let follows = place + 1 == line.endIndex || isBlank(line[place + 1])
            let precedes =
                place == line.startIndex || isBlank(line[place - 1]) || "[{,-".utf8.contains(line[place - 1])
            if follows, precedes { return true }
            index = place + 1
        }
        return false
    }

    private struct LineScanner {
        var rest: ArraySlice<UInt8>

        mutating func isAliasAsValue() -> Bool {
            skipBlanks()
            var isElement = false
            while rest.first == UInt8(ascii: "-"), rest.dropFirst().first.map(isBlank) ?? false {
                rest.removeFirst()
                skipBlanks()
                isElement = true
            }
            if isElement, alias() { return isEnd() }
            guard key() else { return false }
            skipBlanks()
            if alias() { return isEnd() }
            guard take("[") else { return false }
            repeat {
                skipBlanks()
                guard alias() else { return false }
                skipBlanks()
            } while take(",")
            return take("]") && isEnd()
        }

        private mutating func skipBlanks() { rest = rest.drop(while: isBlank) }

        private mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(truncatingIfNeeded: character.value) else { return false }
            rest.removeFirst()
            return true
        }

        private mutating func alias() -> Bool {
            guard rest.first == UInt8(ascii: "*") else { return false }
            let name = rest.dropFirst().prefix(while: isNameByte)
            guard !name.isEmpty else { return false }
            rest = rest[name.endIndex...]
            return true
        }

        /// `key:` and a blank, without anything that opens a collection or is an alias itself.
        private mutating func key() -> Bool {
            var index = rest.startIndex
            while index < rest.endIndex {
                if "{}[]*,".utf8.contains(rest[index]) { return false }
                if rest[index] == UInt8(ascii: ":"), index + 1 < rest.endIndex, isBlank(rest[index + 1]) {
                    rest = rest[(index + 1)...]
                    return true
                }
                index += 1
            }
            return false
        }

        private mutating func isEnd() -> Bool {
            guard let first = rest.first else { return true }
            guard isBlank(first) else { return false }
            skipBlanks()
            return rest.isEmpty || rest.first == UInt8(ascii: "#")
        }
    }
}
