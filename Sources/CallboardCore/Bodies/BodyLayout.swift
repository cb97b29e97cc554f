/// The lines of a tree, as JSON, as JSON with types, or as XML. A line is two small numbers until it is drawn, so that a tree of many values
/// is laid out at once, and again whenever something is folded.
public struct BodyLayout: Sendable {
    /// One line.
    public struct Line: Hashable, Sendable {
        /// The node it shows.
        public var node: Int
        /// How far it is indented.
        public var depth: Int
        /// Whether it closes the node.
        public var isEnd: Bool
    }

    /// A run of characters of one kind.
    public struct Token: Hashable, Sendable {
        /// What a token is.
        public enum Kind: Hashable, Sendable {
            case blank, key, string, number, word, bytes, punctuation, type, fold
        }

        /// The characters; not sanitised.
        public var text: String
        /// What they are.
        public var kind: Kind

        init(_ text: String, _ kind: Kind) {
            self.text = text
            self.kind = kind
        }
    }

    /// The tree.
    public let tree: BodyTree
    /// The containers whose content is hidden.
    public let folded: Set<Int>
    /// All lines.
    public private(set) var lines: [Line] = []

    /// More bytes of a leaf are not shown in its line.
    static let longestBytes = 48

    /// Lays a tree out.
    public init(_ tree: BodyTree, folded: Set<Int> = []) {
        self.tree = tree
        self.folded = folded
        lines.reserveCapacity(tree.nodes.count + tree.nodes.count / 4)
        var open: [Int] = []
        var node = 0
        while node < tree.nodes.count {
            close(&open, before: node)
            let value = tree.nodes[node]
            lines.append(Line(node: node, depth: open.count, isEnd: false))
            guard value.isContainer, !folded.contains(node), !isOnOneLine(node) else {
                node = max(value.end, node + 1)
                continue
            }
            open.append(node)
            node += 1
            // Attributes stand in their element's own line.
            while node < value.end, case .attribute = tree.nodes[node].step { node += 1 }
        }
        close(&open, before: tree.nodes.count)
    }

    private mutating func close(_ open: inout [Int], before node: Int) {
        while let last = open.last, tree.nodes[last].end <= node {
            open.removeLast()
            lines.append(Line(node: last, depth: open.count, isEnd: true))
        }
    }

    /// Empty containers, and elements that hold no more than one text.
    private func isOnOneLine(_ node: Int) -> Bool {
        let value = tree.nodes[node]
        guard value.value == .element else { return value.end <= node + 1 }
        var place = node + 1
        while place < value.end, case .attribute = tree.nodes[place].step { place += 1 }
        guard place < value.end else { return true }
        return tree.nodes[place].step == .content && place + 1 == value.end
    }

    /// Whether a node can be folded: it takes several lines.
    public func canFold(_ node: Int) -> Bool { tree.nodes.indices.contains(node) && tree.nodes[node].isContainer && !isOnOneLine(node) }

    /// The line in which a node is seen: its own, or that of the container that hides it.
    public func line(of node: Int) -> Int? {
        // Lines are in document order of their nodes; lines that close stand behind what they close.
        var (low, high) = (0, lines.count)
        var best: Int?
        // The last opening line whose node is not behind the wanted one.
        while low < high {
            let middle = (low + high) / 2
            var probe = middle
            while probe >= low, lines[probe].isEnd { probe -= 1 }
            if probe < low {
                low = middle + 1
            } else if lines[probe].node <= node {
                best = probe
                low = middle + 1
            } else {
                high = probe
            }
        }
        return best
    }

    /// The characters of a line.
    public func tokens(_ line: Line) -> [Token] {
        guard tree.nodes.indices.contains(line.node) else { return [] }
        let node = tree.nodes[line.node]
        var tokens: [Token] = []
        let isFolded = folded.contains(line.node)
        let indent = String(repeating: " ", count: 2 * min(line.depth, 32))
        if isFolded {
            if indent.isEmpty {
                tokens.append(Token("▸ ", .fold))
            } else {
                if indent.utf8.count > 2 { tokens.append(Token(String(indent.dropLast(2)), .blank)) }
                tokens.append(Token("▸ ", .fold))
            }
        } else if !indent.isEmpty {
            tokens.append(Token(indent, .blank))
        }
        if node.value == .element || node.step == .content {
            xml(line, node, isFolded, &tokens)
        } else {
            json(line, node, isFolded, &tokens)
        }
        return tokens
    }

    // MARK: JSON

    private func json(_ line: Line, _ node: BodyTree.Node, _ isFolded: Bool, _ tokens: inout [Token]) {
        if !line.isEnd {
            switch node.step {
            case .member(let name):
                tokens.append(Token("\"\(JSONText.escaped(name))\"", .key))
                tokens.append(Token(": ", .punctuation))
            case .key(let key):
                tokens.append(Token(key, .key))
                tokens.append(Token(": ", .punctuation))
            case .attribute(let name):
                tokens.append(Token("@" + name, .key))
                tokens.append(Token(": ", .punctuation))
            case .root, .index, .content: break
            }
        }
        let (open, close) = node.value == .array ? ("[", "]") : ("{", "}")
        if node.isContainer {
            if line.isEnd {
                tokens.append(Token(close, .punctuation))
            } else if isFolded {
                tokens.append(Token("\(open) ", .punctuation))
                tokens.append(Token(String(tree.children(of: line.node).count), .type))
                tokens.append(Token(" \(close)", .punctuation))
            } else {
                tokens.append(Token(isOnOneLine(line.node) ? open + close : open, .punctuation))
            }
        } else {
            tokens.append(leaf(node.value))
        }
        if hasComma(line, node, isFolded) { tokens.append(Token(",", .punctuation)) }
        if !line.isEnd, tree.style == .typed, !node.typeName.isEmpty { tokens.append(Token("  " + node.typeName, .type)) }
    }

    private func hasComma(_ line: Line, _ node: BodyTree.Node, _ isFolded: Bool) -> Bool {
        guard tree.nodes.indices.contains(node.parent), tree.nodes[node.parent].value != .element else { return false }
        let isClosed = line.isEnd || isFolded || !node.isContainer || isOnOneLine(line.node)
        return isClosed && node.end < tree.nodes[node.parent].end
    }

    private func leaf(_ value: BodyTree.Value) -> Token {
        switch value {
        case .text(let text, let written): Token("\"\(written ?? JSONText.escaped(text))\"", .string)
        case .number(let text): Token(text, .number)
        case .word(let text): Token(text, .word)
        case .bytes(let bytes):
            Token(
                "h'" + bytes.prefix(BodyLayout.longestBytes).hexadecimal
                    + (bytes.count > BodyLayout.longestBytes ? "…' (\(bytes.count) B)" : "'"), .bytes)
        case .object, .array, .element: Token("", .punctuation)
        }
    }

    // MARK: XML

    private func xml(_ line: Line, _ node: BodyTree.Node, _ isFolded: Bool, _ tokens: inout [Token]) {
        guard node.value == .element else {
            if case .text(let text, _) = node.value {
                tokens.append(Token(XMLText.escaped(text), .string))
            } else {
                tokens.append(leaf(node.value))
            }
            return
        }
        let name = elementName(node)
        if line.isEnd {
            tokens.append(Token("</", .punctuation))
            tokens.append(Token(name, .key))
            return tokens.append(Token(">", .punctuation))
        }
        tokens.append(Token("<", .punctuation))
        tokens.append(Token(name, .key))
        var place = line.node + 1
        while place < node.end, case .attribute(let name) = tree.nodes[place].step {
            tokens.append(Token(" \(name)=", .punctuation))
            switch tree.nodes[place].value {
            case .text(let text, _): tokens.append(Token("\"\(XMLText.escaped(text, isAttribute: true))\"", .string))
            default: tokens.append(leaf(tree.nodes[place].value))
            }
            place += 1
        }
        if place >= node.end { return tokens.append(Token("/>", .punctuation)) }
        tokens.append(Token(">", .punctuation))
        if isFolded {
            let inside = tree.children(of: line.node).filter { if case .attribute = tree.nodes[$0].step { false } else { true } }
            tokens.append(Token(" \(inside.count) ", .type))
        } else if isOnOneLine(line.node) {
            if case .text(let text, _) = tree.nodes[place].value {
                tokens.append(Token(XMLText.escaped(text), .string))
            } else {
                tokens.append(leaf(tree.nodes[place].value))
            }
        } else {
            return
        }
        tokens.append(Token("</", .punctuation))
        tokens.append(Token(name, .key))
        tokens.append(Token(">", .punctuation))
    }

    private func elementName(_ node: BodyTree.Node) -> String {
        // The root, and what an archive holds, carry their name as their type.
        if case .member(let name) = node.step, node.typeName.isEmpty { return name }
        return node.typeName.isEmpty ? "element" : node.typeName
    }
}

extension BodyTree {
    /// A node and what is in it as text: a leaf without quotes and escapes, a container over lines as it is laid out.
    public func text(of node: Int) -> String {
        if let leaf = leafText(of: node) { return leaf }
        guard nodes.indices.contains(node) else { return "" }
        var part = BodyTree(style: style)
        let end = max(min(nodes[node].end, nodes.count), node + 1)
        part.take(nodes[node..<end], from: node)
        let layout = BodyLayout(part)
        return layout.lines.map { layout.tokens($0).filter { $0.kind != .type }.map(\.text).joined() }.joined(separator: "\n")
    }
}

/// XML as text.
enum XMLText {
    static func escaped(_ text: String, isAttribute: Bool = false) -> String {
        guard text.utf8.contains(where: { $0 == 0x26 || $0 == 0x3C || $0 == 0x3E || $0 == 0x22 }) else { return text }
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"" where isAttribute: result += "&quot;"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
