import NIOCore

/// When a dynamic node is deleted: the value of `lifetime-policy` among its properties (part 3, 3.5.9 to 3.5.13).
public enum LifetimePolicy: Hashable, Sendable, CaseIterable {
    /// With the link.
    case deleteOnClose
    /// When no links use it.
    case deleteOnNoLinks
    /// When it holds no messages.
    case deleteOnNoMessages
    /// When it has neither links nor messages.
    case deleteOnNoLinksOrMessages

    private var descriptor: UInt64 {
        switch self {
        case .deleteOnClose: Descriptor.deleteOnClose
        case .deleteOnNoLinks: Descriptor.deleteOnNoLinks
        case .deleteOnNoMessages: Descriptor.deleteOnNoMessages
        case .deleteOnNoLinksOrMessages: Descriptor.deleteOnNoLinksOrMessages
        }
    }

    /// The policy as a property's value.
    public var value: AMQPValue { .described(descriptor: .ulong(descriptor), value: .list([])) }

    /// The policy a property's value stands for; nil when it is none of the standard's.
    public init?(_ value: AMQPValue) {
        guard case .described(let descriptor, .list) = value else { return nil }
        let number: UInt64? =
            switch descriptor {
            case .ulong(let number): number
            case .symbol(let symbol): Descriptor.number(named: symbol.name)
            default: nil
            }
        guard let policy = Self.allCases.first(where: { $0.descriptor == number }) else { return nil }
        self = policy
    }
}

/// The source of a link: where messages come from (part 3, 3.5.3). Nil fields were not sent.
public struct Source: Hashable, Sendable {
    /// The node's address.
    public var address: String?
    /// 0 none, 1 configuration, 2 unsettled-state.
    public var durable: UInt32?
    /// When the terminus expires.
    public var expiryPolicy: Symbol?
    /// Seconds until it expires after that.
    public var timeout: UInt32?
    /// Whether the node is created on request.
    public var dynamic: Bool?
    /// Properties of the dynamic node.
    public var dynamicNodeProperties: AMQPMap?
    /// `move` or `copy`.
    public var distributionMode: Symbol?
    /// Filters, by name.
    public var filter: AMQPMap?
    /// The outcome of deliveries settled without one.
    public var defaultOutcome: DeliveryState?
    /// Outcomes that may be used.
    public var outcomes: [Symbol]?
    /// Extensions offered.
    public var capabilities: [Symbol]?

    /// Creates a source.
    public init(address: String? = nil, filter: AMQPMap? = nil) {
        self.address = address
        self.filter = filter
    }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        let descriptor = try reader.readDescriptor()
        guard descriptor == Descriptor.source else { throw CodecError(.unknownDescriptor(descriptor), at: reader.offset) }
        var fields = try reader.enterFields()
        address = try reader.address(&fields)
        durable = try reader.uint(&fields)
        expiryPolicy = try reader.symbol(&fields)
        timeout = try reader.uint(&fields)
        dynamic = try reader.boolean(&fields)
        dynamicNodeProperties = try reader.map(&fields, buffer)
        distributionMode = try reader.symbol(&fields)
        filter = try reader.map(&fields, buffer)
        defaultOutcome = try DeliveryState.optional(&reader, &fields, buffer)
        outcomes = try reader.symbols(&fields, buffer)
        capabilities = try reader.symbols(&fields, buffer)
        try reader.leave(fields)
    }

    func encode(to writer: inout SpanWriter) {
        writer.composite(Descriptor.source, 11) {
            $0.optional(address)
            $0.optional(uint: durable)
            $0.optional(expiryPolicy)
            $0.optional(uint: timeout)
            $0.optional(dynamic)
            $0.optional(dynamicNodeProperties)
            $0.optional(distributionMode)
            $0.optional(filter)
            $0.optional(defaultOutcome)
            $0.optional(outcomes)
            $0.optional(capabilities)
        }
    }
}

/// The target of a link: a node, or the transaction coordinator (part 3, 3.5.4; part 4, 4.5.1).
public enum Target: Hashable, Sendable {
    /// A node.
    case node(Node)
    /// The coordinator, with its capabilities.
    case coordinator(capabilities: [Symbol]?)

    /// A node's fields. Nil fields were not sent.
    public struct Node: Hashable, Sendable {
        /// The node's address.
        public var address: String?
        /// 0 none, 1 configuration, 2 unsettled-state.
        public var durable: UInt32?
        /// When the terminus expires.
        public var expiryPolicy: Symbol?
        /// Seconds until it expires after that.
        public var timeout: UInt32?
        /// Whether the node is created on request.
        public var dynamic: Bool?
        /// Properties of the dynamic node.
        public var dynamicNodeProperties: AMQPMap?
        /// Extensions offered.
        public var capabilities: [Symbol]?
        /// Creates a target node.
        public init(address: String? = nil) { self.address = address }
    }

    /// A node by address.
    public static func address(_ address: String?) -> Target { .node(Node(address: address)) }

    /// The node's address; nil for the coordinator.
    public var address: String? { if case .node(let node) = self { node.address } else { nil } }

    init(from reader: inout WireReader, in buffer: ByteBuffer) throws(CodecError) {
        let descriptor = try reader.readDescriptor()
        var fields = try reader.enterFields()
        switch descriptor {
        case Descriptor.target:
            var node = Node()
            node.address = try reader.address(&fields)
            node.durable = try reader.uint(&fields)
            node.expiryPolicy = try reader.symbol(&fields)
            node.timeout = try reader.uint(&fields)
            node.dynamic = try reader.boolean(&fields)
            node.dynamicNodeProperties = try reader.map(&fields, buffer)
            node.capabilities = try reader.symbols(&fields, buffer)
            self = .node(node)
        case Descriptor.coordinator: self = .coordinator(capabilities: try reader.symbols(&fields, buffer))
        default: throw CodecError(.unknownDescriptor(descriptor), at: reader.offset)
        }
        try reader.leave(fields)
    }

    func encode(to writer: inout SpanWriter) {
        switch self {
        case .node(let node):
            writer.composite(Descriptor.target, 7) {
                $0.optional(node.address)
                $0.optional(uint: node.durable)
                $0.optional(node.expiryPolicy)
                $0.optional(uint: node.timeout)
                $0.optional(node.dynamic)
                $0.optional(node.dynamicNodeProperties)
                $0.optional(node.capabilities)
            }
        case .coordinator(let capabilities): writer.composite(Descriptor.coordinator, 1) { $0.optional(capabilities) }
        }
    }
}
