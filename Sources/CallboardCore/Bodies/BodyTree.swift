/// What a body holds, whatever it was encoded as: objects, arrays and leaves, each to be had by its path.
///
/// The nodes lie in document order, a container before what is in it; a node knows its parent and where what is in it ends. So walking,
/// folding and searching need no recursion, and a tree of ten thousand values is one array.
///
/// What must not be seen is taken out here, by ``replace(_:with:)``: whatever is shown, searched, copied or exported of a decoded body is made from
/// the tree afterwards.
public struct BodyTree: Hashable, Sendable {
    /// How a node is reached from its parent.
    public enum Step: Hashable, Sendable {
        /// It is the whole.
        case root
        /// By name.
        case member(String)
        /// By a key that is no text: a Protobuf field's number, a CBOR map's integer.
        case key(String)
        /// By its place, from 0.
        case index(Int)
        /// An attribute of an XML element.
        case attribute(String)
        /// Text in an XML element.
        case content
    }

    /// What a node is.
    public enum Value: Hashable, Sendable {
        /// It has members.
        case object
        /// It has elements.
        case array
        /// It is an XML element.
        case element
        /// Text. `written`: as it stood in the source, where escapes could also have been written otherwise.
        case text(String, written: String? = nil)
        /// A number, digit for digit.
        case number(String)
        /// `true`, `false`, `null`, and what else is a word and no text.
        case word(String)
        /// Bytes.
        case bytes([UInt8])
    }

    /// One value of the body.
    public struct Node: Hashable, Sendable {
        /// How it is reached.
        public fileprivate(set) var step: Step
        /// What it is.
        public fileprivate(set) var value: Value
        /// Its type in the words of its format; empty where the value says it already (JSON, XML).
        public fileprivate(set) var typeName: String
        /// The container it is in; -1 for the root.
        public fileprivate(set) var parent: Int
        /// Behind the last node that is in it.
        public fileprivate(set) var end: Int

        /// Whether others are in it, or could be.
        public var isContainer: Bool {
            switch value {
            case .object, .array, .element: true
            default: false
            }
        }
    }

    /// How the tree is best written.
    public enum Style: Hashable, Sendable {
        /// As JSON.
        case json
        /// As JSON, with the type behind each value.
        case typed
        /// As XML.
        case xml
    }

    /// All nodes in document order; the first is the root.
    public fileprivate(set) var nodes: [Node] = []
    /// How it is best written.
    public internal(set) var style: Style

    init(style: Style) { self.style = style }

    /// The nodes directly in a node.
    public func children(of node: Int) -> [Int] {
        guard nodes.indices.contains(node) else { return [] }
        var children: [Int] = []
        var place = node + 1
        while place < nodes[node].end, place < nodes.count {
            children.append(place)
            place = max(nodes[place].end, place + 1)
        }
        return children
    }

    /// Puts another leaf in the place of a node and of all that is in it: what masking does.
    ///
    /// - Parameters:
    ///   - node: its place in ``nodes``. The nodes behind it get other places.
    ///   - value: the leaf.
    public mutating func replace(_ node: Int, with value: Value) {
        guard nodes.indices.contains(node) else { return }
        let inside = node + 1..<max(min(nodes[node].end, nodes.count), node + 1)
        nodes[node].value = value
        guard !inside.isEmpty else { return }
        nodes.removeSubrange(inside)
        for index in nodes.indices {
            if nodes[index].end > node { nodes[index].end = max(nodes[index].end - inside.count, index + 1) }
            if nodes[index].parent > node { nodes[index].parent -= inside.count }
        }
    }

    /// Takes the nodes of a part of another tree; the first becomes the root.
    mutating func take(_ part: ArraySlice<Node>, from start: Int) {
        nodes = part.enumerated().map { index, node in
            var node = node
            if index == 0 {
                // An element's name is its step, which a root has not.
                if case .member(let name) = node.step, node.value == .element, node.typeName.isEmpty { node.typeName = name }
                node.step = .root
                node.parent = -1
            } else {
                node.parent -= start
            }
            node.end -= start
            return node
        }
    }

    /// The text of a leaf as an operator means it: without quotes and escapes; bytes in hexadecimal. Nil for containers.
    public func leafText(of node: Int) -> String? {
        guard nodes.indices.contains(node) else { return nil }
        switch nodes[node].value {
        case .object, .array, .element: return nil
        case .text(let text, _), .number(let text), .word(let text): return text
        case .bytes(let bytes): return bytes.hexadecimal
        }
    }
}

/// Builds a tree in document order, within limits.
struct BodyTreeBuilder {
    let limits: BodyLimits
    private(set) var tree: BodyTree
    private var open: [Int] = []
    private let clock: BodyClock

    init(_ style: BodyTree.Style, limits: BodyLimits, clock: BodyClock) {
        self.limits = limits
        self.clock = clock
        tree = BodyTree(style: style)
    }

    /// Another one with the same limits and the same deadline, for what is read on the side.
    func scratch() -> BodyTreeBuilder { BodyTreeBuilder(tree.style, limits: limits, clock: clock) }

    var count: Int { tree.nodes.count }
    var depth: Int { open.count }

    mutating func open(_ step: BodyTree.Step, _ value: BodyTree.Value, type: String = "") throws(BodyFault) {
        guard open.count < limits.depth else { throw .nested(limits) }
        try leaf(step, value, type: type)
        open.append(tree.nodes.count - 1)
    }

    mutating func close() {
        guard let node = open.popLast() else { return }
        tree.nodes[node].end = tree.nodes.count
    }

    mutating func leaf(_ step: BodyTree.Step, _ value: BodyTree.Value, type: String = "") throws(BodyFault) {
        let count = tree.nodes.count
        guard count < limits.values else { throw .full(.values) }
        if count & 0x3FF == 0x3FF { try clock.check() }
        tree.nodes.append(.init(step: step, value: value, typeName: type, parent: open.last ?? -1, end: count + 1))
    }

    /// Changes the type of the container that is open.
    mutating func retype(_ type: String) {
        if let node = open.last { tree.nodes[node].typeName = type }
    }

    /// Changes the type of the leaf that was added last.
    mutating func retypeLast(_ type: String) {
        if let last = tree.nodes.indices.last { tree.nodes[last].typeName = type }
    }

    /// Forgets what was added after so many nodes, for a guess that was wrong.
    mutating func rewind(to count: Int, depth: Int) {
        guard count <= tree.nodes.count, depth <= open.count else { return }
        tree.nodes.removeLast(tree.nodes.count - count)
        open.removeLast(open.count - depth)
    }

    /// Puts another tree in as a member.
    mutating func graft(_ other: BodyTree, as step: BodyTree.Step, type: String) throws(BodyFault) {
        guard let root = other.nodes.first else { return try leaf(step, .word("empty"), type: type) }
        var ends: [Int] = []
        for (index, node) in other.nodes.enumerated() {
            while let end = ends.last, index >= end {
                close()
                ends.removeLast()
            }
            let step = index == 0 ? step : node.step
            let type = index == 0 && root.typeName.isEmpty ? type : node.typeName
            if node.isContainer {
                try open(step, node.value, type: type)
                ends.append(node.end)
            } else {
                try leaf(step, node.value, type: type)
            }
        }
        for _ in ends { close() }
    }

    /// The tree; containers that are open end here.
    mutating func finished() -> BodyTree {
        while !open.isEmpty { close() }
        return tree
    }
}

/// When decoding has taken long enough.
struct BodyClock: Sendable {
    private let deadline: ContinuousClock.Instant

    init(_ time: Duration) { deadline = ContinuousClock.now + time }

    func check() throws(BodyFault) {
        if ContinuousClock.now > deadline { throw .full(.time) }
    }
}
