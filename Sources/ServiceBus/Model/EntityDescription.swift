/// How many messages an entity holds, by state, as the service counts them.
public struct EntityCounts: Hashable, Sendable {
    /// Ready or locked messages (the service counts deferred ones here too).
    public var active: Int64
    /// Messages in the dead-letter queue.
    public var deadLetter: Int64
    /// Messages scheduled for later.
    public var scheduled: Int64
    /// Messages waiting to be forwarded.
    public var transfer: Int64
    /// Messages that could not be forwarded.
    public var transferDeadLetter: Int64

    /// Creates counts.
    public init(active: Int64 = 0, deadLetter: Int64 = 0, scheduled: Int64 = 0, transfer: Int64 = 0, transferDeadLetter: Int64 = 0) {
        self.active = active
        self.deadLetter = deadLetter
        self.scheduled = scheduled
        self.transfer = transfer
        self.transferDeadLetter = transferDeadLetter
    }
}

/// Whether an entity takes and gives messages.
public enum EntityStatus: Hashable, Sendable, CustomStringConvertible {
    /// Both.
    case active
    /// Neither.
    case disabled
    /// Gives only.
    case sendDisabled
    /// Takes only.
    case receiveDisabled
    /// A status this version does not know.
    case other(String)

    /// Reads the service's word.
    public init(_ text: String) {
        switch text.lowercased() {
        case "active": self = .active
        case "disabled": self = .disabled
        case "senddisabled": self = .sendDisabled
        case "receivedisabled": self = .receiveDisabled
        default: self = .other(text)
        }
    }

    /// The service's word.
    public var description: String {
        switch self {
        case .active: "Active"
        case .disabled: "Disabled"
        case .sendDisabled: "SendDisabled"
        case .receiveDisabled: "ReceiveDisabled"
        case .other(let text): text
        }
    }
}

/// An entity as the administration interface or Azure Resource Manager describes it: ``Fields`` that are reached as if they were its own.
///
/// A namespace has up to ten thousand, and a console holds each in several lists: a copy is a reference, and a change makes its own.
@dynamicMemberLookup
public struct EntityDescription: Hashable, Sendable {
    /// What an entity is.
    public enum Kind: String, Hashable, Sendable {
        /// A queue.
        case queue
        /// A topic.
        case topic
        /// A subscription of a topic.
        case subscription
    }

    /// One setting as the service sent it.
    public struct Setting: Hashable, Sendable {
        /// The element's name, for instance `LockDuration`.
        public var name: String
        /// Its text.
        public var value: String
        /// Creates a setting.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Who described an entity.
    public enum Source: Hashable, Sendable {
        /// The namespace itself.
        case administration
        /// Azure Resource Manager, at this moment; its counts lag.
        case resourceManager(asOf: Timestamp)
    }

    /// What is known of an entity.
    public struct Fields: Hashable, Sendable {
        /// Where it is.
        public var path: EntityPath
        /// What it is.
        public var kind: Kind
        /// Whether it takes and gives messages.
        public var status: EntityStatus
        /// Its counts; nil where the service sent none.
        public var counts: EntityCounts?
        /// Everything the service sent, in its order, counts excepted.
        public var settings: [Setting] = []
        /// When it was created.
        public var createdAt: Timestamp?
        /// When it was last changed.
        public var updatedAt: Timestamp?
        /// When it was last used; nil for never.
        public var accessedAt: Timestamp?
        /// How long a peek-lock lasts.
        public var lockDuration: Duration?
        /// Failed deliveries before a message is dead-lettered.
        public var maxDeliveryCount: Int?
        /// How long messages live; nil for ever.
        public var defaultTimeToLive: Duration?
        /// Whether messages need a session id.
        public var requiresSession = false
        /// Whether repeated message ids are dropped.
        public var requiresDuplicateDetection = false
        /// Whether expired messages are dead-lettered.
        public var deadLetteringOnExpiration = false
        /// Where messages are forwarded.
        public var forwardTo: String?
        /// Where dead letters are forwarded.
        public var forwardDeadLetteredTo: String?
        /// Its size.
        public var sizeInBytes: Int64?
        /// A topic's number of subscriptions.
        public var subscriptionCount: Int?
        /// Who says so.
        public var source = Source.administration

        /// Creates fields with everything optional absent.
        public init(path: EntityPath, kind: Kind, status: EntityStatus = .active, counts: EntityCounts? = nil) {
            self.path = path
            self.kind = kind
            self.status = status
            self.counts = counts
        }
    }

    private var storage: Storage

    /// Creates a description with everything optional absent.
    public init(path: EntityPath, kind: Kind, status: EntityStatus = .active, counts: EntityCounts? = nil) {
        self.init(Fields(path: path, kind: kind, status: status, counts: counts))
    }

    /// Creates a description.
    public init(_ fields: Fields) { storage = Storage(fields) }

    /// A field. Whoever sets several makes ``Fields`` first: each change here makes a copy of all.
    public subscript<Value>(dynamicMember field: WritableKeyPath<Fields, Value>) -> Value {
        get { storage.fields[keyPath: field] }
        set {
            var fields = storage.fields
            fields[keyPath: field] = newValue
            storage = Storage(fields)
        }
    }

    private final class Storage: Hashable, Sendable {
        let fields: Fields
        init(_ fields: Fields) { self.fields = fields }
        static func == (a: Storage, b: Storage) -> Bool { a === b || a.fields == b.fields }
        func hash(into hasher: inout Hasher) { hasher.combine(fields) }
    }
}
