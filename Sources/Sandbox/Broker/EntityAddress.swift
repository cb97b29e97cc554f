/// The address of something that messages are received from, as a peer writes it on the wire (case-insensitive).
///
/// The sandbox reads addresses by itself, not with the client's `EntityPath`: it is a server, and nothing may work only because the two
/// were built together.
public struct EntityAddress: Hashable, Sendable, CustomStringConvertible {
    /// Which part of an entity is meant.
    public enum SubQueue: Int8, Hashable, Sendable {
        /// The queue or subscription itself.
        case active = 0
        /// `…/$DeadLetterQueue`.
        case deadLetter = 1
        /// `…/$Transfer/$DeadLetterQueue`.
        case transferDeadLetter = 2
    }

    /// The entity's path as it was spelled: `queue`, `topic` or `topic/Subscriptions/name`.
    public let path: String
    /// The part of the entity.
    public let subQueue: SubQueue
    /// Whether the address ended in `/$management`.
    public let isManagement: Bool
    /// The path in lower case: what addresses are compared by.
    let key: String

    /// Names an entity, or a part of it.
    public init(path: String, subQueue: SubQueue = .active, isManagement: Bool = false) {
        self.path = path
        self.subQueue = subQueue
        self.isManagement = isManagement
        key = path.lowercased()
    }

    /// Reads a link address: a path, or a URI of any scheme and authority (`amqps://host:5671/queue`), with or without a leading slash.
    ///
    /// - Returns: nil for an empty address and for a path longer than any entity name (260 characters, plus a subscription's 50).
    public init?(parsing text: String) {
        var rest = Substring(text)
        if let scheme = rest.firstRange(of: "://") {
            let afterAuthority = rest[scheme.upperBound...].firstIndex(of: "/") ?? rest.endIndex
            rest = rest[afterAuthority...]
        }
        while rest.first == "/" { rest.removeFirst() }
        while rest.last == "/" { rest.removeLast() }
        guard rest.utf8.count <= 512 else { return nil }
        let isManagement = rest.removeSuffix("/$management")
        var subQueue = SubQueue.active
        if rest.removeSuffix("/$transfer/$deadletterqueue") {
            subQueue = .transferDeadLetter
        } else if rest.removeSuffix("/$deadletterqueue") {
            subQueue = .deadLetter
        }
        guard !rest.isEmpty else { return nil }
        self.init(path: String(rest), subQueue: subQueue, isManagement: isManagement)
    }

    /// A subscription of a topic.
    public static func subscription(_ name: String, of topic: String, subQueue: SubQueue = .active) -> EntityAddress {
        EntityAddress(path: "\(topic)/Subscriptions/\(name)", subQueue: subQueue)
    }

    /// The form the service writes: `topic/Subscriptions/name/$DeadLetterQueue`.
    public var description: String {
        let suffix =
            switch subQueue {
            case .active: ""
            case .deadLetter: "/$DeadLetterQueue"
            case .transferDeadLetter: "/$Transfer/$DeadLetterQueue"
            }
        return path + suffix + (isManagement ? "/$management" : "")
    }

    /// Whether both mean the same part of the same entity.
    public static func == (a: EntityAddress, b: EntityAddress) -> Bool {
        a.key == b.key && a.subQueue == b.subQueue && a.isManagement == b.isManagement
    }

    /// Hashes what equality compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(key)
        hasher.combine(subQueue)
        hasher.combine(isManagement)
    }
}

extension Substring {
    /// The range of the first occurrence of an ASCII text, without Foundation.
    fileprivate func firstRange(of text: StaticString) -> Range<Index>? {
        let wanted = text.description
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(wanted) { return start..<index(start, offsetBy: wanted.count) }
            start = index(after: start)
        }
        return nil
    }

    /// Drops a lower-case ASCII suffix, compared without regard to case; answers whether it was there.
    fileprivate mutating func removeSuffix(_ suffix: String) -> Bool {
        let tail = utf8.suffix(suffix.utf8.count)
        let isSame = tail.elementsEqual(suffix.utf8) { $0 == $1 || ((0x41...0x5a).contains($0) && $0 + 0x20 == $1) }
        guard isSame else { return false }
        self = self[..<tail.startIndex]
        return true
    }
}
