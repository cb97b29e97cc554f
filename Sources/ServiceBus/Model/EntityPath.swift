internal import Identity

/// The address of a queue, topic or subscription, and of the sub-queue meant.
///
/// Service Bus compares names without case; so does this type. The spelling first given is kept for display.
/// The sub-queue is part of the value on purpose: an operation cannot be aimed at the wrong one by leaving a parameter out.
public struct EntityPath: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// What kind of entity a path names.
    public enum Kind: Hashable, Sendable {
        /// A queue or a topic: the path alone cannot tell which.
        case queueOrTopic
        /// A subscription of a topic.
        case subscription
    }

    /// Which of an entity's queues is meant.
    public enum SubQueue: String, Hashable, Sendable, CaseIterable {
        /// The entity itself.
        case active
        /// Its dead-letter queue.
        case deadLetter
        /// Its transfer dead-letter queue: messages that could not be forwarded.
        case transferDeadLetter

        /// What follows the entity's path on the wire; empty for the entity itself.
        public var suffix: String {
            switch self {
            case .active: ""
            case .deadLetter: "/$deadletterqueue"
            case .transferDeadLetter: "/$Transfer/$deadletterqueue"
            }
        }

        /// Words for people.
        public var title: String {
            switch self {
            case .active: "messages"
            case .deadLetter: "dead letters"
            case .transferDeadLetter: "transfer dead letters"
            }
        }
    }

    /// The queue's or topic's name; it may contain "/".
    public let name: String
    /// The subscription's name, for a subscription.
    public let subscription: String?
    /// The sub-queue meant.
    public let subQueue: SubQueue

    private init(unchecked name: String, _ subscription: String?, _ subQueue: SubQueue) {
        self.name = name
        self.subscription = subscription
        self.subQueue = subQueue
    }

    /// A queue.
    /// - Throws: ``EntityPathError`` when the name is not one Service Bus allows.
    public static func queue(_ name: String) throws(EntityPathError) -> EntityPath {
        EntityPath(unchecked: try validated(name, 260), nil, .active)
    }

    /// A topic.
    /// - Throws: ``EntityPathError`` when the name is not one Service Bus allows.
    public static func topic(_ name: String) throws(EntityPathError) -> EntityPath { try queue(name) }

    /// A subscription.
    /// - Throws: ``EntityPathError`` when a name is not one Service Bus allows.
    public static func subscription(topic: String, name: String) throws(EntityPathError) -> EntityPath {
        let subscription = try validated(name, 50)
        guard !subscription.contains("/") else { throw EntityPathError(text: "\(topic)/\(name)", reason: .invalidName) }
        return EntityPath(unchecked: try validated(topic, 260), subscription, .active)
    }

    /// Reads any spelling of an entity's address: `q`, `topic/Subscriptions/s`, with `/$deadletterqueue` or
    /// `/$Transfer/$deadletterqueue`, with or without a leading scheme and authority or slash, in any case.
    ///
    /// `topic/s` is read as a queue of that name, which Service Bus allows; what a person types may mean a subscription.
    /// - Throws: ``EntityPathError`` naming what is wrong.
    public init(parsing text: String) throws(EntityPathError) {
        var segments = Self.segments(of: text)
        var subQueue = SubQueue.active
        if segments.last?.lowercased() == "$deadletterqueue" {
            segments.removeLast()
            subQueue = .deadLetter
            if segments.last?.lowercased() == "$transfer" {
                segments.removeLast()
                subQueue = .transferDeadLetter
            }
        }
        if segments.count >= 3, segments[segments.count - 2].lowercased() == "subscriptions" {
            let path = try EntityPath.subscription(
                topic: segments.dropLast(2).joined(separator: "/"), name: segments[segments.count - 1])
            self.init(unchecked: path.name, path.subscription, subQueue)
        } else {
            guard !segments.isEmpty, !segments.contains("") else { throw EntityPathError(text: text, reason: .empty) }
            self.init(unchecked: try Self.validated(segments.joined(separator: "/"), 260), nil, subQueue)
        }
    }

    private static func segments(of text: String) -> [String] {
        var rest = Substring(text)
        if let scheme = rest.firstRange(of: "://") {
            rest = rest[scheme.upperBound...]
            rest = rest.firstIndex(of: "/").map { rest[$0...] } ?? ""
        }
        if rest.first == "/" { rest.removeFirst() }
        if rest.last == "/" { rest.removeLast() }
        return rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    }

    private static func validated(_ name: String, _ maximum: Int) throws(EntityPathError) -> String {
        guard !name.isEmpty else { throw EntityPathError(text: name, reason: .empty) }
        guard name.utf8.count <= maximum else { throw EntityPathError(text: name, reason: .tooLong(maximum)) }
        let isValid = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "/"), UInt8(ascii: "~"): true
            default: false
            }
        }
        guard isValid else { throw EntityPathError(text: name, reason: .invalidName) }
        return name
    }

    /// The same entity's sub-queue.
    public func subQueue(_ subQueue: SubQueue) -> EntityPath { EntityPath(unchecked: name, subscription, subQueue) }
    /// The entity's dead-letter queue.
    public var deadLetter: EntityPath { subQueue(.deadLetter) }
    /// The entity itself, without a sub-queue.
    public var entity: EntityPath { subQueue(.active) }
    /// The kind of entity.
    public var kind: Kind { subscription == nil ? .queueOrTopic : .subscription }
    /// The topic of a subscription.
    public var topic: EntityPath? { subscription == nil ? nil : EntityPath(unchecked: name, nil, .active) }

    /// The address on the wire: `t/Subscriptions/s/$deadletterqueue`.
    public var address: String {
        (subscription.map { "\(name)/Subscriptions/\($0)" } ?? name) + subQueue.suffix
    }

    /// The form people read and type: `t/s/$deadletterqueue`.
    public var displayName: String {
        (subscription.map { "\(name)/\($0)" } ?? name) + subQueue.suffix
    }

    /// The display name.
    public var description: String { displayName }

    /// Compares without case.
    public static func == (a: Self, b: Self) -> Bool {
        a.subQueue == b.subQueue && FoldedASCII.isSame(a.name, b.name) && FoldedASCII.isSame(a.subscription ?? "", b.subscription ?? "")
    }
    /// Hashes without case.
    public func hash(into hasher: inout Hasher) {
        FoldedASCII.hash(name, into: &hasher)
        FoldedASCII.hash(subscription ?? "", into: &hasher)
        hasher.combine(subQueue)
    }
    /// Orders by name, subscription and sub-queue, without case.
    public static func < (a: Self, b: Self) -> Bool {
        let names = FoldedASCII.order(a.name, b.name)
        if names != 0 { return names < 0 }
        let subscriptions = FoldedASCII.order(a.subscription ?? "", b.subscription ?? "")
        if subscriptions != 0 { return subscriptions < 0 }
        return a.subQueue.rawValue < b.subQueue.rawValue
    }
}

/// Why a text is not an entity's path.
public struct EntityPathError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public enum Reason: Hashable, Sendable {
        /// There is no name.
        case empty
        /// Longer than this many bytes.
        case tooLong(Int)
        /// A character that Service Bus does not allow.
        case invalidName
    }

    /// The text given.
    public var text: String
    /// What is wrong with it.
    public var reason: Reason

    /// One line for an operator.
    public var description: String {
        switch reason {
        case .empty: "an entity name is empty"
        case .tooLong(let maximum): "'\(text)' is longer than the \(maximum) characters Service Bus allows"
        case .invalidName: "'\(text)' is not an entity name: letters, digits, '.', '-', '_', '~' and '/' are allowed"
        }
    }
}

extension Substring {
    fileprivate func firstRange(of text: String) -> Range<Index>? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(text) { return index..<self.index(index, offsetBy: text.count) }
            index = self.index(after: index)
        }
        return nil
    }
}
