internal import Yams

/// Turns a parsed document into ``YAMLNode``, counting what aliases unfold to.
struct NodeConverter {
    let limits: YAMLLimits
    /// The file's line of the document's first line.
    let firstLine: Int
    private var values = 0

    init(limits: YAMLLimits, firstLine: Int) {
        self.limits = limits
        self.firstLine = firstLine
    }

    mutating func convert(_ node: Node, depth: Int) throws(YAMLFault) -> YAMLNode {
        let line = line(of: node)
        values += 1
        guard values <= limits.values else {
            throw YAMLFault(line: firstLine, message: "the document unfolds to more than \(limits.values) values; it is refused")
        }
        var isCollection = true
        if case .scalar = node { isCollection = false }
        guard depth < limits.depth || !isCollection else {
            throw YAMLFault(line: line, message: "values are nested more than \(limits.depth) deep; the document is refused")
        }
        switch node {
        case .scalar(let scalar):
            return YAMLNode(.scalar(scalar.string, isPlain: scalar.style == .plain || scalar.style == .any), line: line)
        case .sequence(let sequence):
            var elements: [YAMLNode] = []
            elements.reserveCapacity(sequence.count)
            for element in sequence { elements.append(try convert(element, depth: depth + 1)) }
            return YAMLNode(.list(elements), line: line)
        case .mapping(let mapping):
            return YAMLNode(.map(try entries(of: mapping, depth: depth)), line: line)
        case .alias:
            throw YAMLFault(line: line, message: "the document has an alias without an anchor")
        }
    }

    private func line(of node: Node) -> Int { firstLine + max(0, (node.mark?.line ?? 1) - 1) }

    private mutating func entries(of mapping: Node.Mapping, depth: Int) throws(YAMLFault) -> [YAMLNode.Entry] {
        var entries: [YAMLNode.Entry] = []
        entries.reserveCapacity(mapping.count)
        var merged: [YAMLNode.Entry] = []
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else {
                throw YAMLFault(line: line(of: key), message: "a key is not a text")
            }
            let converted = try convert(value, depth: depth + 1)
            if scalar.string == "<<", scalar.style == .plain || scalar.style == .any {
                merged.append(contentsOf: try mergeable(converted))
            } else {
                entries.append(YAMLNode.Entry(key: scalar.string, line: line(of: key), value: converted))
            }
        }
        guard !merged.isEmpty else { return entries }
        // Keys of the mapping itself win, then those of the mapping merged first (YAML 1.1 merge key).
        var known = Set(entries.map(\.key))
        for entry in merged where known.insert(entry.key).inserted { entries.append(entry) }
        return entries
    }

    private func mergeable(_ node: YAMLNode) throws(YAMLFault) -> [YAMLNode.Entry] {
        if let entries = node.entries { return entries }
        var merged: [YAMLNode.Entry] = []
        for element in node.elements ?? [] {
            guard let entries = element.entries else { continue }
            merged.append(contentsOf: entries)
        }
        guard node.elements != nil else { throw YAMLFault(line: node.line, message: "'<<' merges mappings, not \(node.kindTitle)") }
        return merged
    }
}
