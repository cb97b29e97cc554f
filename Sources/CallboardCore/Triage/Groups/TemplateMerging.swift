/// Finds what varies between templates though it does not look like it: names of people, hosts, products.
///
/// Templates that are equal but for one word, which takes very many different values, are one template with a placeholder for that word. How
/// many is very many: ``manyValues`` in any case; ``someValues`` when each was seen only a few times, as values are and causes are not;
/// ``fewValues`` in a long text, of which all but one word is the same sentence and often the same line of code.
/// Repeated, so that several such words are found one after the other (the idea is that of Drain: He et al., ICWS 2017).
struct TemplateMerging {
    /// A template and how many messages have it.
    struct Entry: Hashable {
        var template: [UInt8]
        var count: Int
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
    private(set) var merged: [[UInt8]]

    /// Merges templates.
    /// - Parameter entries: templates that differ from each other. Entries whose keys besides the template differ must not come together.
    init(_ entries: [Entry]) {
        var words = entries.map { Self.split($0.template) }
        var parents = Array(entries.indices)
        var counts = entries.map(\.count)
        for _ in 0..<Self.rounds where !Self.round(&words, &parents, &counts) { break }
        merged = []
        places = []
        var placeOf: [Int: Int] = [:]
        for index in entries.indices {
            let root = Self.root(index, parents)
            if let place = placeOf[root] {
                places.append(place)
            } else {
                placeOf[root] = merged.count
                places.append(merged.count)
                merged.append(counts[root] == entries[root].count ? entries[root].template : Self.join(words[root]))
            }
        }
    }

    private static let placeholder = Array("{}".utf8)

    /// - Returns: whether anything was merged.
    private static func round(_ words: inout [[[UInt8]]], _ parents: inout [Int], _ counts: inout [Int]) -> Bool {
        // What a template is but for one word -> those that are that.
        var families: [Family: [Int]] = [:]
        for index in words.indices where parents[index] == index && (3...longestTemplate).contains(words[index].count) {
            var hashes = words[index].map { Self.hash($0) }
            for place in hashes.indices {
                let own = hashes[place]
                hashes[place] = 0
                families[Family(place: place, length: hashes.count, rest: Self.hash(hashes)), default: []].append(index)
                hashes[place] = own
            }
        }
        var hasMerged = false
        // The largest first, and in an order that does not change from run to run.
        let large = families.filter { $0.value.count > 1 }.sorted { a, b in
            (b.value.count, a.value[0], a.key.place) < (a.value.count, b.value[0], b.key.place)
        }
        var isChanged = Array(repeating: false, count: words.count)
        for (family, members) in large {
            // What was changed in this round is in other families by what it was before.
            let live = members.filter { parents[$0] == $0 && !isChanged[$0] }
            guard let first = live.first, live.count > 1 else { continue }
            let total = live.reduce(0) { $0 + counts[$1] }
            // Where one has a placeholder already, the others have values of it.
            let isVariable = live.contains { words[$0][family.place] == placeholder }
            let needed = family.length >= longText ? fewValues : total < live.count * fewMessages ? someValues : manyValues
            guard isVariable || live.count >= needed else { continue }
            for member in live.dropFirst() {
                parents[member] = first
                counts[first] += counts[member]
            }
            words[first][family.place] = placeholder
            isChanged[first] = true
            hasMerged = true
        }
        return hasMerged
    }

    private static func root(_ index: Int, _ parents: [Int]) -> Int {
        var index = index
        while parents[index] != index { index = parents[index] }
        return index
    }

    private static func split(_ template: [UInt8]) -> [[UInt8]] { template.split(separator: UInt8(ascii: " ")).map { Array($0) } }

    private static func join(_ words: [[UInt8]]) -> [UInt8] { Array(words.joined(separator: [UInt8(ascii: " ")])) }

    private static func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(into: StableHash()) { $0.combine($1) }.value
    }

    private static func hash(_ hashes: [UInt64]) -> UInt64 {
        hashes.reduce(into: StableHash()) { $0.combine($1) }.value
    }

    /// A place in templates of one length, and the hash of all words but the one there.
    private struct Family: Hashable {
        let place: Int
        let length: Int
        let rest: UInt64
    }
}
