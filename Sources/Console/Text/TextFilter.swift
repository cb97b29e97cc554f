/// What a person typed after `/`: words that must all occur, words after `!` that must not. Case does not matter.
struct TextFilter: Hashable, Sendable {
    /// One word.
    struct Term: Hashable, Sendable {
        var text: String
        var isExcluded: Bool
    }

    var text = ""

    var isEmpty: Bool { terms.isEmpty }

    /// The words. A lone `!` is a word still being typed and is left out.
    var terms: [Term] {
        text.split(separator: " ").compactMap { word in
            let isExcluded = word.first == "!"
            let rest = isExcluded ? word.dropFirst() : word
            return rest.isEmpty ? nil : Term(text: rest.lowercased(), isExcluded: isExcluded)
        }
    }

    /// Whether the cells of a row, taken together, fit.
    func matches(_ cells: [String]) -> Bool { isEmpty || matches(lowercased: cells.joined(separator: "\u{1F}").lowercased()) }

    /// The same, for a text that is in lower case already.
    func matches(lowercased text: String) -> Bool { terms.allSatisfy { text.holds($0.text) != $0.isExcluded } }
}

extension String {
    /// Whether another text occurs in this one, byte for byte. The standard library's search brings the regular expression engine with it.
    func holds(_ needle: String) -> Bool {
        var (haystack, needle) = (self, needle)
        return haystack.withUTF8 { haystack in
            needle.withUTF8 { needle in
                guard let first = needle.first else { return true }
                guard haystack.count >= needle.count else { return false }
                for start in 0...(haystack.count - needle.count)
                where haystack[start] == first && haystack[start...].starts(with: needle) { return true }
                return false
            }
        }
    }
}
