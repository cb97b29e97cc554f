internal import ServiceBus

/// Paths into bodies, in the notation of conditions: `body.customer.email`, `body.lines[0].sku`, `body.[odd name]`.
///
/// Attributes of XML are `.@name`, its text is `.#text`. Where several members have one name (XML elements, repeated Protobuf fields), the
/// place among them stands behind it: `body.row[2].@key`.
extension BodyTree {
    /// The path of a node.
    public func path(of node: Int) -> String {
        path(of: node) { node in
            let same = children(of: nodes[node].parent).filter { nodes[$0].step == nodes[node].step }
            return same.count > 1 ? same.firstIndex(of: node) : nil
        }
    }

    /// The path of a node.
    /// - Parameter occurrence: which one of several with the same name a node is; nil for the only one.
    fileprivate func path(of node: Int, occurrence: (Int) -> Int?) -> String {
        var parts: [String] = []
        var place = node
        while nodes.indices.contains(place), nodes[place].parent >= 0 {
            parts.append(part(of: place, occurrence))
            place = nodes[place].parent
        }
        return "body" + parts.reversed().joined()
    }

    private func part(of node: Int, _ occurrence: (Int) -> Int?) -> String {
        let step = nodes[node].step
        func place() -> String { occurrence(node).map { "[\($0)]" } ?? "" }
        switch step {
        case .root: return ""
        case .index(let place): return "[\(place)]"
        case .attribute(let name): return ".@" + BodyPath.name(name)
        case .member(let name): return "." + BodyPath.name(name) + place()
        case .key(let key): return "." + BodyPath.name(key) + place()
        case .content: return ".#text" + place()
        }
    }

    /// The node at a path; `body` or `$` may stand before it. Of several members with one name, the first, unless its place stands behind.
    ///
    /// - Returns: the node; nil when there is none, or this is no path.
    public func node(at path: String) -> Int? {
        guard let parts = BodyPath.parts(of: path), !nodes.isEmpty else { return nil }
        var node = 0
        var index = 0
        while index < parts.count {
            let children = children(of: node)
            switch parts[index] {
            case .place(let place):
                guard let child = children.first(where: { nodes[$0].step == .index(place) }) else { return nil }
                node = child
            case .name(let name):
                let same = children.filter { BodyPath.label(of: nodes[$0].step) == name }
                guard let first = same.first else { return nil }
                node = first
                // A place behind a name means one of several; behind the name of the only array, an element.
                if index + 1 < parts.count, case .place(let place) = parts[index + 1], same.count > 1 || nodes[first].value != .array {
                    guard same.indices.contains(place) else { return nil }
                    node = same[place]
                    index += 1
                }
            }
            index += 1
        }
        return node
    }
}

/// The paths of many nodes of one tree: which one of several with the same name each is, is found out once and not for every path.
struct BodyPathIndex {
    private struct Name: Hashable {
        var parent: Int
        var step: BodyTree.Step
    }

    private let tree: BodyTree
    /// The places of nodes among those with the same name, where there are several.
    private var places: [Int: Int] = [:]

    init(_ tree: BodyTree) {
        self.tree = tree
        var seen: [Name: (first: Int, count: Int)] = [:]
        for (place, node) in tree.nodes.enumerated() {
            switch node.step {
            case .root, .index, .attribute: continue
            case .member, .key, .content: break
            }
            let name = Name(parent: node.parent, step: node.step)
            guard let same = seen[name] else {
                seen[name] = (place, 1)
                continue
            }
            places[same.first] = 0
            places[place] = same.count
            seen[name] = (same.first, same.count + 1)
        }
    }

    func path(of node: Int) -> String { tree.path(of: node) { places[$0] } }
}

enum BodyPath {
    enum Part: Hashable {
        case name(String)
        case place(Int)
    }

    static func label(of step: BodyTree.Step) -> String? {
        switch step {
        case .root, .index: nil
        case .member(let name), .key(let name): name
        case .attribute(let name): "@" + name
        case .content: "#text"
        }
    }

    /// A name as conditions write it: in brackets where it is no identifier.
    static func name(_ name: String) -> String { String(FilterProperty.body([name]).description.dropFirst("body.".utf8.count)) }

    /// The parts of a path; nil when it is none.
    static func parts(of path: String) -> [Part]? {
        var rest = Substring(path)
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        if rest.first == "$" {
            rest.removeFirst()
        } else if rest.hasPrefix("body"), rest.dropFirst(4).first.map({ $0 == "." || $0 == "[" }) ?? true {
            rest = rest.dropFirst(4)
        } else if !rest.isEmpty, rest.first != ".", rest.first != "[" {
            rest = "." + rest
        }
        var parts: [Part] = []
        while let sign = rest.first {
            rest.removeFirst()
            if sign == "[" {
                guard let inside = bracketed(&rest) else { return nil }
                if let place = Int(inside), place >= 0 { parts.append(.place(place)) } else { parts.append(.name(unquoted(inside))) }
            } else if sign == "." {
                if rest.first == "[" {
                    rest.removeFirst()
                    guard let inside = bracketed(&rest) else { return nil }
                    parts.append(.name(inside))
                    continue
                }
                var name = String(rest.prefix { $0 != "." && $0 != "[" })
                rest = rest.dropFirst(name.count)
                if name == "@", rest.first == "[" {
                    rest.removeFirst()
                    guard let inside = bracketed(&rest) else { return nil }
                    name += inside
                }
                guard !name.isEmpty else { return nil }
                parts.append(.name(name))
            } else {
                return nil
            }
        }
        return parts
    }

    private static func unquoted(_ text: String) -> String {
        guard let first = text.first, first == "'" || first == "\"", text.count >= 2, text.last == first else { return text }
        return String(text.dropFirst().dropLast())
    }

    /// What stands before the closing bracket, which is doubled where it is meant itself.
    private static func bracketed(_ rest: inout Substring) -> String? {
        var name = ""
        while let character = rest.popFirst() {
            guard character == "]" else {
                name.append(character)
                continue
            }
            guard rest.first == "]" else { return name }
            rest.removeFirst()
            name.append("]")
        }
        return nil
    }
}
