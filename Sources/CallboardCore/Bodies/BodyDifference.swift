public import ServiceBus

/// A message as it is compared: what was taken out of it by masking is not in it any more.
public struct ComparedMessage: Sendable {
    /// A name and its value.
    public struct Entry: Hashable, Sendable {
        /// The name, as it is written in conditions and JSON.
        public var name: String
        /// The value as text.
        public var value: String

        /// Creates an entry.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Its number.
    public var sequenceNumber: SequenceNumber
    /// What the sender and the service say about it; what is missing is left out.
    public var headers: [Entry]
    /// The application's properties, with their types.
    public var properties: [Entry]
    /// The body.
    public var body: DecodedBody

    /// Creates one.
    public init(sequenceNumber: SequenceNumber, headers: [Entry], properties: [Entry], body: DecodedBody) {
        self.sequenceNumber = sequenceNumber
        self.headers = headers
        self.properties = properties
        self.body = body
    }

    /// Reads a message.
    public init(_ message: PeekedMessage, body: DecodedBody) {
        let fields: [(String, String?)] = [
            ("messageId", message.messageID), ("correlationId", message.correlationID), ("sessionId", message.sessionID),
            ("partitionKey", message.partitionKey), ("subject", message.subject), ("to", message.to), ("replyTo", message.replyTo),
            ("replyToSessionId", message.replyToSessionID), ("contentType", message.contentType),
            ("contentEncoding", message.contentEncoding), ("timeToLive", message.timeToLive.map { RoundedDuration.text($0) }),
            ("enqueuedTime", message.enqueuedTime?.rfc3339), ("scheduledEnqueueTime", message.scheduledEnqueueTime?.rfc3339),
            ("deliveryCount", String(message.deliveryCount)), ("state", message.state.description),
            ("deadLetterReason", message.deadLetterReason), ("deadLetterErrorDescription", message.deadLetterErrorDescription),
            ("deadLetterSource", message.deadLetterSource),
        ]
        self.init(
            sequenceNumber: message.sequenceNumber,
            headers: fields.compactMap { name, value in value.map { Entry(name: name, value: $0) } },
            properties: message.applicationProperties.map { Entry(name: $0.name, value: "\($0.value.text)  (\($0.value.typeName))") },
            body: body)
    }
}

/// What is different between two messages: headers, properties, and the bodies value by value.
public struct MessageDifference: Sendable {
    /// One difference.
    public struct Change: Hashable, Sendable {
        /// Where: a header's or property's name, or a path into the body.
        public var place: String
        /// The value on the left; nil: it is only on the right.
        public var before: String?
        /// The value on the right; nil: it is only on the left.
        public var after: String?
    }

    /// The message on the left.
    public let left: SequenceNumber
    /// The message on the right.
    public let right: SequenceNumber
    /// Different headers.
    public let headers: [Change]
    /// Different properties.
    public let properties: [Change]
    /// Differences in the body.
    public private(set) var body: [Change] = []
    /// How many headers, properties and values are the same.
    public private(set) var same = 0
    /// Whether there are more differences than are told.
    public private(set) var isCut = false
    /// What the reader should know: that bodies were compared as text, or only in part.
    public private(set) var notes: [String] = []

    /// More differences than this in the bodies are not told.
    public static let most = 5000

    /// Compares two messages.
    public init(_ left: ComparedMessage, _ right: ComparedMessage) {
        self.left = left.sequenceNumber
        self.right = right.sequenceNumber
        var same = 0
        headers = MessageDifference.changes(left.headers, right.headers, &same)
        properties = MessageDifference.changes(left.properties, right.properties, &same)
        self.same = same
        compare(left.body, right.body)
    }

    private static func changes(_ left: [ComparedMessage.Entry], _ right: [ComparedMessage.Entry], _ same: inout Int) -> [Change] {
        var after = Dictionary(right.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        var changes: [Change] = []
        for entry in left {
            let other = after.removeValue(forKey: entry.name)
            if other == entry.value { same += 1 } else { changes.append(Change(place: entry.name, before: entry.value, after: other)) }
        }
        for entry in right {
            if let value = after.removeValue(forKey: entry.name) { changes.append(Change(place: entry.name, before: nil, after: value)) }
        }
        return changes
    }

    // MARK: Bodies

    private mutating func compare(_ left: DecodedBody, _ right: DecodedBody) {
        if left.format != right.format { body.append(Change(place: "format of the body", before: left.format, after: right.format)) }
        if left.isCut || right.isCut { notes.append("only what is laid out of the bodies was compared") }
        if let first = left.tree, let second = right.tree {
            compare(first, second)
        } else if let first = left.text, let second = right.text {
            notes.append("the bodies were compared line by line")
            compareLines(first, second)
        } else if left.bytes != right.bytes {
            notes.append("the bodies were compared as bytes")
            let common = zip(left.bytes, right.bytes).prefix { $0 == $1 }.count
            body.append(
                Change(
                    place: "bytes from \(common) on", before: MessageDifference.excerpt(left.bytes, common),
                    after: MessageDifference.excerpt(right.bytes, common)))
        } else if !left.bytes.isEmpty {
            same += 1
        }
    }

    private static func excerpt(_ bytes: [UInt8], _ start: Int) -> String {
        "\(bytes[min(start, bytes.count)...].prefix(24).hexadecimal)… (\(bytes.count) B)"
    }

    private mutating func compareLines(_ left: String, _ right: String) {
        let split = { (text: String) in text.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" }) }
        let (first, second) = (split(left), split(right))
        let head = zip(first, second).prefix { $0 == $1 }.count
        let tail = zip(first.dropFirst(head).reversed(), second.dropFirst(head).reversed()).prefix { $0 == $1 }.count
        same += head + tail
        let (before, after) = (first[head..<first.count - tail], second[head..<second.count - tail])
        for offset in 0..<max(before.count, after.count) {
            add(
                "line \(head + offset + 1)", before.dropFirst(offset).first.map { String($0) },
                after.dropFirst(offset).first.map { String($0) })
        }
    }

    private mutating func add(_ place: @autoclosure () -> String, _ before: String?, _ after: String?) {
        guard before != after else {
            same += 1
            return
        }
        guard body.count < MessageDifference.most else {
            isCut = true
            return
        }
        body.append(Change(place: place(), before: before, after: after))
    }

    private mutating func compare(_ left: BodyTree, _ right: BodyTree) {
        guard !left.nodes.isEmpty, !right.nodes.isEmpty else { return }
        let (leftPaths, rightPaths) = (BodyPathIndex(left), BodyPathIndex(right))
        // Nodes that stand for each other, or alone; in document order, as they are taken from the end.
        var pairs: [(Int?, Int?)] = [(0, 0)]
        while let pair = pairs.popLast() {
            guard !isCut else { return }
            switch pair {
            case (let a?, let b?):
                let (first, second) = (left.nodes[a], right.nodes[b])
                if first.isContainer, first.value == second.value {
                    let children =
                        first.value == .array
                        ? MessageDifference.aligned(left, a, right, b) : MessageDifference.named(left, a, right, b)
                    pairs += children.reversed()
                } else if first.isContainer || second.isContainer {
                    add(leftPaths.path(of: a), MessageDifference.summary(left, a), MessageDifference.summary(right, b))
                } else {
                    add(leftPaths.path(of: a), left.leafText(of: a), right.leafText(of: b))
                }
            case (let a?, nil): add(leftPaths.path(of: a), MessageDifference.summary(left, a), nil)
            case (nil, let b?): add(rightPaths.path(of: b), nil, MessageDifference.summary(right, b))
            case (nil, nil): break
            }
        }
    }

    private static func summary(_ tree: BodyTree, _ node: Int) -> String {
        let text = tree.text(of: node)
        let line = text.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " } }.joined(separator: " ")
        return line.count > 400 ? line.prefix(400) + "…" : line
    }

    /// Members by their names; of several with one name, by their places.
    private static func named(_ left: BodyTree, _ a: Int, _ right: BodyTree, _ b: Int) -> [(Int?, Int?)] {
        var others: [BodyTree.Step: [Int]] = [:]
        for child in right.children(of: b).reversed() { others[right.nodes[child].step, default: []].append(child) }
        var pairs: [(Int?, Int?)] = []
        for child in left.children(of: a) { pairs.append((child, others[left.nodes[child].step]?.popLast())) }
        let rest = Set(others.values.joined())
        for child in right.children(of: b) where rest.contains(child) { pairs.append((nil, child)) }
        return pairs
    }

    /// Elements by their places, but what is the same at the start and at the end stands for each other, so that one that was put in
    /// between does not make all that follow different.
    private static func aligned(_ left: BodyTree, _ a: Int, _ right: BodyTree, _ b: Int) -> [(Int?, Int?)] {
        let (first, second) = (left.children(of: a), right.children(of: b))
        let head = zip(first, second).prefix { isSame(left, $0, right, $1) }.count
        let tail = zip(first.dropFirst(head).reversed(), second.dropFirst(head).reversed()).prefix { isSame(left, $0, right, $1) }.count
        var pairs: [(Int?, Int?)] = zip(first.prefix(head), second.prefix(head)).map { ($0, $1) }
        let (before, after) = (Array(first[head..<first.count - tail]), Array(second[head..<second.count - tail]))
        for offset in 0..<max(before.count, after.count) {
            pairs.append((before.indices.contains(offset) ? before[offset] : nil, after.indices.contains(offset) ? after[offset] : nil))
        }
        return pairs + zip(first.suffix(tail), second.suffix(tail)).map { ($0, $1) }
    }

    private static func isSame(_ left: BodyTree, _ a: Int, _ right: BodyTree, _ b: Int) -> Bool {
        let (first, second) = (left.nodes[a], right.nodes[b])
        guard first.end - a == second.end - b, first.value == second.value else { return false }
        return zip(left.nodes[a + 1..<max(first.end, a + 1)], right.nodes[b + 1..<max(second.end, b + 1)])
            .allSatisfy { $0.step == $1.step && $0.value == $1.value && $0.parent - a == $1.parent - b }
    }
}
