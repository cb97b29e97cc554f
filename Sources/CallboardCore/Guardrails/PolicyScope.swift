public import ServiceBus

/// Where something is done, in the words of a policy: `namespaces/N`, `namespaces/N/queues/Q`, `namespaces/N/topics/T`,
/// `namespaces/N/topics/T/subscriptions/S`, with `/$deadletterqueue` or `/$transfer/$deadletterqueue` behind it where a sub-queue is meant.
///
/// A namespace is called by the first label of its host. Names of queues and topics may have slashes in them: each piece is a segment of its own
/// here, so that `*` stays within one piece and `**` covers them all. Case does not count, as with Service Bus.
public struct PolicyScope: Hashable, Sendable, CustomStringConvertible {
    /// What is known of a path that names a queue or a topic.
    public enum Kind: Hashable, Sendable {
        /// A queue.
        case queue
        /// A topic.
        case topic
        /// Not known. Rules that allow have to hold for both, and those that deny do so for either.
        case unknown
    }

    /// What it may be: one, or a queue and a topic. Segments in lower case, without the sub-queue.
    let candidates: [[String]]
    /// The segments of the sub-queue; empty for the entity itself.
    let subQueue: [String]
    /// As people read it.
    public let description: String

    private init(_ candidates: [[String]], subQueue: [String], _ description: String) {
        self.candidates = candidates
        self.subQueue = subQueue
        self.description = description
    }

    /// Two scopes are the same when they mean the same, however they are written.
    public static func == (a: PolicyScope, b: PolicyScope) -> Bool { a.candidates == b.candidates && a.subQueue == b.subQueue }

    /// Hashes what is meant.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(candidates)
        hasher.combine(subQueue)
    }

    /// A whole namespace.
    /// - Parameter host: its host, with or without a port.
    public init(namespace host: String) {
        let name = Self.name(ofHost: host)
        self.init([["namespaces", name.lowercased()]], subQueue: [], "namespaces/\(name)")
    }

    /// An entity of a namespace, or a sub-queue of it.
    public init(namespace host: String, entity: EntityPath, kind: Kind) {
        let name = Self.name(ofHost: host)
        let pieces = entity.name.split(separator: "/", omittingEmptySubsequences: false).map { $0.lowercased() }
        let top = ["namespaces", name.lowercased()]
        let subQueue = entity.subQueue.suffix.split(separator: "/").map { $0.lowercased() }
        let text = "namespaces/\(name)/"
        if let subscription = entity.subscription {
            self.init(
                [top + ["topics"] + pieces + ["subscriptions", subscription.lowercased()]], subQueue: subQueue,
                "\(text)topics/\(entity.name)/subscriptions/\(subscription)\(entity.subQueue.suffix)")
            return
        }
        let tail = entity.name + entity.subQueue.suffix
        // Topics have no sub-queues of their own.
        switch entity.subQueue == .active ? kind : .queue {
        case .queue: self.init([top + ["queues"] + pieces], subQueue: subQueue, "\(text)queues/\(tail)")
        case .topic: self.init([top + ["topics"] + pieces], subQueue: subQueue, "\(text)topics/\(tail)")
        case .unknown:
            self.init([top + ["queues"] + pieces, top + ["topics"] + pieces], subQueue: subQueue, "\(text)queues|topics/\(tail)")
        }
    }

    /// Reads a scope as an operator types it.
    /// - Throws: ``OperatorError`` of kind usage that says what a scope looks like.
    public init(parsing text: String) throws(OperatorError) {
        do throws(PolicyScopePattern.Problem) {
            let segments = try PolicyScopePattern.segments(of: text, wildcards: false)
            let subQueue = PolicyScopePattern.subQueue(of: segments)
            self.init(
                [Array(segments.dropLast(subQueue.count)).map { $0.lowercased() }], subQueue: subQueue.map { $0.lowercased() },
                segments.joined(separator: "/"))
        } catch {
            throw OperatorError(
                .usage, "'\(text.prefix(200))' is no scope: \(error.message).",
                hint: "For instance namespaces/sb-retail/queues/orders, or namespaces/sb-retail/topics/events/subscriptions/billing.")
        }
    }

    /// What a policy calls a namespace: the first label of its host; an address is taken whole.
    public static func name(ofHost host: String) -> String {
        if host.first == "[" || host.utf8.filter({ $0 == UInt8(ascii: ":") }).count > 1 {
            return String(host.drop { $0 == "[" }.prefix { $0 != "]" }.map { $0 == ":" ? "-" : $0 })
        }
        let name = host.prefix { $0 != ":" }
        if name.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }) { return String(name) }
        return String(name.prefix { $0 != "." })
    }

    /// The namespace's name, in lower case.
    var namespace: String { candidates.first.flatMap { $0.count > 1 ? $0[1] : nil } ?? "" }

    /// Whether it is about an entity or sub-queue, whatever is known of its kind.
    func isAbout(_ entity: EntityPath, in host: String) -> Bool {
        let other = PolicyScope(namespace: host, entity: entity, kind: .unknown)
        return subQueue == other.subQueue && candidates.contains { other.candidates.contains($0) }
    }
}
