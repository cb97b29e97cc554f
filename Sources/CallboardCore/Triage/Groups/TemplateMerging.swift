/// Finds what varies between templates though it does not look like it: names of people, hosts, products.
///
/// Templates that are equal but for one word, which takes very many different values, are one template with a placeholder for that word. How
/// many is very many: ``manyValues`` in any case; ``someValues`` when each was seen only a few times, as values are and causes are not;
/// ``fewValues`` in a long text, of which all but one word is the same sentence and often the same line of code.
/// Repeated, so that several such words are found one after the other (the idea is that of Drain: He et al., ICWS 2017).
///
/// A word is eight bytes, its hash, and places are looked at one after the other: of tens of thousands of templates that have nothing to do
/// with each other, all that is held at a time is a hash each.
struct TemplateMerging {
    /// A template and how many messages have it.
    struct Entry: Hashable {
        var template: ArraySlice<UInt8>
        var count: Int

        init(template: ArraySlice<UInt8>, count: Int) {
            self.template = template
            self.count = count
        }
    }

    /// From so many different words on, a place is variable.
    static let manyValues = 10
    /// From so many on, it is when each word was seen fewer than ``fewMessages`` times on average.
    static let someValues = 6
    static let fewMessages = 8
    /// From so many on, it is in a text of ``longText`` words or more.
    static let fewValues = 3
    static let longText = 8
    /// At most so many words of a template are looked at.
    static let longestTemplate = 64
    private static let rounds = 6

    /// The place of each entry in the list of merged templates.
    private(set) var places: [Int]
    /// The merged templates.
    private(set) var merged: [ArraySlice<UInt8>]

    /// Merges templates.
    /// - Parameter entries: templates that differ from each other. Entries whose keys besides the template differ must not come together.
    init(_ entries: [Entry]) {
        var forest = TemplateForest(entries)
        for _ in 0..<Self.rounds where !forest.merge() { break }
        let texts = forest.texts(entries)
        merged = []
        places = []
        places.reserveCapacity(entries.count)
        var placeOf = [Int](repeating: -1, count: entries.count)
        for index in entries.indices {
            let root = forest.root(of: index)
            if placeOf[root] < 0 {
                placeOf[root] = merged.count
                merged.append(texts[root] ?? entries[root].template)
            }
            places.append(placeOf[root])
        }
    }
}

/// Templates as rows of hashed words, and which of them were found to be one.
private struct TemplateForest {
    /// The words of all templates, one after the other.
    private var words: [UInt64] = []
    /// Where the words of a template begin; one more at the end.
    private var starts: [Int32] = [0]
    /// A hash of a template's words that a word can be taken out of.
    private var sums: [UInt64] = []
    private var parents: [Int32]
    private var counts: [Int]
    /// Whether a template has got a placeholder of ours.
    private var isOurs: [Bool]

    private static let placeholder = hash("{}".utf8)

    /// Templates that are equal but for the word at one place: a stretch of a list of members.
    private struct Family {
        var place: Int
        var start: Int
        var count: Int
        var first: Int32
    }

    init(_ entries: [TemplateMerging.Entry]) {
        parents = entries.indices.map { Int32(truncatingIfNeeded: $0) }
        counts = entries.map(\.count)
        isOurs = Array(repeating: false, count: entries.count)
        starts.reserveCapacity(entries.count + 1)
        sums.reserveCapacity(entries.count)
        for entry in entries {
            let start = words.count
            Self.forEachWord(in: entry.template) { words.append(Self.hash($0)) }
            // What is too short or too long to be compared has no words.
            if !(3...TemplateMerging.longestTemplate).contains(words.count - start) { words.removeLast(words.count - start) }
            var sum: UInt64 = 0
            for place in 0..<(words.count - start) { sum &+= Self.mix(place, words[start + place]) }
            sums.append(sum)
            starts.append(Int32(truncatingIfNeeded: words.count))
        }
    }

    func root(of index: Int) -> Int {
        var index = Int32(truncatingIfNeeded: index)
        while parents[Int(index)] != index { index = parents[Int(index)] }
        return Int(index)
    }

    private func length(_ index: Int32) -> Int { Int(starts[Int(index) + 1] - starts[Int(index)]) }
    private func word(_ index: Int32, _ place: Int) -> UInt64 { words[Int(starts[Int(index)]) + place] }

    // MARK: Merging

    /// - Returns: whether anything was merged.
    mutating func merge() -> Bool {
        let (families, members) = self.families()
        var hasMerged = false
        var isChanged = Array(repeating: false, count: parents.count)
        for family in families {
            // What was changed in this round is in other families by what it was before.
            var live = members[family.start..<family.start + family.count].filter { parents[Int($0)] == $0 && !isChanged[Int($0)] }
            guard let first = live.first, live.count > 1 else { continue }
            live.removeAll { !isAlike($0, first, but: family.place) }
            let total = live.reduce(0) { $0 + counts[Int($1)] }
            let length = length(first)
            // Where one has a placeholder already, the others have values of it.
            let isVariable = live.contains { word($0, family.place) == Self.placeholder }
            let needed =
                length >= TemplateMerging.longText
                ? TemplateMerging.fewValues
                : total < live.count * TemplateMerging.fewMessages ? TemplateMerging.someValues : TemplateMerging.manyValues
            guard isVariable || live.count >= needed else { continue }
            for member in live.dropFirst() {
                parents[Int(member)] = first
                counts[Int(first)] += counts[Int(member)]
            }
            sums[Int(first)] &-= Self.mix(family.place, word(first, family.place))
            sums[Int(first)] &+= Self.mix(family.place, Self.placeholder)
            words[Int(starts[Int(first)]) + family.place] = Self.placeholder
            isChanged[Int(first)] = true
            isOurs[Int(first)] = true
            hasMerged = true
        }
        return hasMerged
    }

    /// Families of more than one template, the largest first, and in an order that does not change from run to run.
    private func families() -> (families: [Family], members: [Int32]) {
        var families: [Family] = []
        var members: [Int32] = []
        let live = parents.indices.lazy.map { Int32(truncatingIfNeeded: $0) }.filter { parents[Int($0)] == $0 && length($0) > 0 }
        var rests: [(rest: UInt64, index: Int32)] = []
        for place in 0..<(live.map { length($0) }.max() ?? 0) {
            rests.removeAll(keepingCapacity: true)
            for index in live where length(index) > place {
                let rest = sums[Int(index)] &- Self.mix(place, word(index, place)) ^ UInt64(length(index)) << 56
                rests.append((rest, index))
            }
            rests.sort { ($0.rest, $0.index) < ($1.rest, $1.index) }
            var start = 0
            while start < rests.count {
                var end = start + 1
                while end < rests.count, rests[end].rest == rests[start].rest { end += 1 }
                if end - start > 1 {
                    families.append(Family(place: place, start: members.count, count: end - start, first: rests[start].index))
                    for entry in rests[start..<end] { members.append(entry.index) }
                }
                start = end
            }
        }
        families.sort { ($1.count, $0.first, $0.place) < ($0.count, $1.first, $1.place) }
        return (families, members)
    }

    /// Whether two templates are equal but for a word: hashes of the rest may be equal by chance.
    private func isAlike(_ a: Int32, _ b: Int32, but place: Int) -> Bool {
        length(a) == length(b) && (0..<length(a)).allSatisfy { $0 == place || word(a, $0) == word(b, $0) }
    }

    // MARK: Texts

    /// The texts of templates that got placeholders. What became equal by that, or was written so, is made one.
    mutating func texts(_ entries: [TemplateMerging.Entry]) -> [Int: ArraySlice<UInt8>] {
        var texts: [Int: ArraySlice<UInt8>] = [:]
        var rootOf: [ArraySlice<UInt8>: Int] = [:]
        for index in entries.indices where parents[index] == index && isOurs[index] {
            var text: [UInt8] = []
            var place = Int(starts[index])
            Self.forEachWord(in: entries[index].template) { original in
                if !text.isEmpty { text.append(UInt8(ascii: " ")) }
                if words[place] == Self.placeholder { text.append(contentsOf: "{}".utf8) } else { text.append(contentsOf: original) }
                place += 1
            }
            texts[index] = text[...]
            if let root = rootOf[text[...]] {
                parents[index] = Int32(truncatingIfNeeded: root)
            } else {
                rootOf[text[...]] = index
            }
        }
        guard !rootOf.isEmpty else { return texts }
        for index in entries.indices where parents[index] == index && !isOurs[index] {
            if let root = rootOf[entries[index].template] { parents[index] = Int32(truncatingIfNeeded: root) }
        }
        return texts
    }

    private static func forEachWord(in template: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>) -> Void) {
        var start = template.startIndex
        while start < template.endIndex {
            let end = template[start...].firstIndex(of: UInt8(ascii: " ")) ?? template.endIndex
            if end > start { body(template[start..<end]) }
            start = end + 1
        }
    }

    // MARK: Hashes

    private static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(into: StableHash()) { $0.combine($1) }.value
    }

    /// A word at its place (the finalizer of SplitMix64): a sum of these can be added to and taken from.
    private static func mix(_ place: Int, _ word: UInt64) -> UInt64 {
        var z = word &+ UInt64(truncatingIfNeeded: place &+ 1) &* 0x9e37_79b9_7f4a_7c15
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
