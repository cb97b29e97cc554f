internal import CallboardCore
internal import FuzzSupport
internal import ServiceBus

/// A body from arbitrary bytes, declared as the first byte says: each decoder gets its turn, also where the bytes alone would not lead to it.
///
/// - The bytes stay as they came.
/// - The nodes of a tree lie in document order, each within its parent.
/// - Every path leads back to its node.
/// - Every tree can be laid out, folded, masked and compared.
func fuzzBody(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let declaration = declarations[Int(first) % declarations.count]
    let bytes = Array(input.dropFirst())
    var limits = BodyLimits.standard
    limits.unpackedBytes = 4 << 20
    limits.values = 5000
    let body = BodyDecoder(limits: limits).decode(bytes, declaration)
    hold(body.bytes == bytes, "the bytes changed")
    guard let tree = body.tree else { return }
    check(tree)
    let layout = BodyLayout(tree, folded: Set(tree.nodes.indices.filter { $0 % 3 == 0 }))
    for line in layout.lines { _ = layout.tokens(line) }
    for node in tree.nodes.indices.prefix(200) {
        let path = tree.path(of: node)
        hold(tree.node(at: path) == node || isAmbiguous(tree, node), "\(path) leads elsewhere")
        _ = layout.line(of: node)
    }
    var masked = tree
    masked.replace(tree.nodes.count / 2, with: .word("masked"))
    check(masked)
    var other = body
    other.tree = masked
    let message = { (body: DecodedBody) in ComparedMessage(sequenceNumber: SequenceNumber(1), headers: [], properties: [], body: body) }
    hold(MessageDifference(message(body), message(body)).body.isEmpty, "a body differs from itself")
    _ = MessageDifference(message(body), message(other))
}

private let declarations: [DecodedBody.Declaration] =
    [
        nil, "application/json", "application/xml", "text/plain; charset=utf-16", "text/plain; charset=windows-1252",
        "text/plain; charset=shift_jis",
        "application/cbor", "application/msgpack", "application/x-protobuf", "avro/binary+1", "application/deflate",
    ].map { DecodedBody.Declaration(contentType: $0) } + [.init(contentEncoding: "br"), .init(contentEncoding: "deflate")]

private func check(_ tree: BodyTree) {
    for (index, node) in tree.nodes.enumerated() {
        hold(node.end > index && node.end <= tree.nodes.count, "node \(index) ends at \(node.end) of \(tree.nodes.count)")
        guard index > 0 else {
            hold(node.parent == -1, "the root has a parent")
            continue
        }
        hold(node.parent >= 0 && node.parent < index, "node \(index) is in \(node.parent)")
        hold(tree.nodes[node.parent].isContainer && node.end <= tree.nodes[node.parent].end, "node \(index) ends outside of its parent")
    }
}

/// A member whose name is that of an attribute or of text, as names of strangers may be.
private func isAmbiguous(_ tree: BodyTree, _ node: Int) -> Bool {
    var place = node
    while place > 0 {
        let parent = tree.nodes[place].parent
        if tree.children(of: parent).contains(where: { $0 != place && tree.path(of: $0) == tree.path(of: place) }) { return true }
        switch tree.nodes[place].step {
        case .member(let name), .key(let name):
            if name.isEmpty || name.contains("@") || name.contains("#") { return true }
            // The same name as a member and as a key.
            let steps = Set(tree.children(of: parent).map { tree.nodes[$0].step })
            if steps.contains(.member(name)), steps.contains(.key(name)) { return true }
        case .attribute, .content, .index, .root: break
        }
        place = parent
    }
    return false
}
