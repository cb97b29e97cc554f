internal import ServiceBus

/// The `Config.json` of Microsoft's Service Bus emulator, read as it is: comments, defaults and all.
///
/// Every setting of the published schema is honoured. Unknown settings are reported in ``warnings``. SQL filters other than the constants
/// `1=1` and `1=0`, and SQL actions, are faults: nothing here evaluates them yet, and a filter that let everything through would be a lie.
public struct EmulatorConfiguration: Sendable, Hashable {
    /// A queue.
    public struct Queue: Sendable, Hashable {
        /// Its name.
        public var name: String
        /// Its settings.
        public var settings: QueueSettings
    }

    /// A subscription.
    public struct Subscription: Sendable, Hashable {
        /// Its name.
        public var name: String
        /// Its settings.
        public var settings: QueueSettings
        /// Its rules; none means all messages.
        public var rules: [RuleSettings]
    }

    /// A topic.
    public struct Topic: Sendable, Hashable {
        /// Its name.
        public var name: String
        /// Its settings.
        public var settings: TopicSettings
        /// Its subscriptions.
        public var subscriptions: [Subscription]
    }

    /// The namespace's name.
    public let namespace: String
    /// Its queues, in the order of the file.
    public let queues: [Queue]
    /// Its topics, in the order of the file.
    public let topics: [Topic]
    /// Where to log: `Console`, `File`, both.
    public let logging: [String]
    /// What was ignored.
    public let warnings: [ConfigurationProblem]

    /// Reads a file's content.
    ///
    /// - Parameters:
    ///   - bytes: the content, UTF-8.
    ///   - file: its name, for messages.
    ///   - rules: what it may ask for.
    /// - Throws: ``ConfigurationError`` with everything that is wrong.
    public init(
        parsing bytes: [UInt8], file: String = "Config.json", rules: ConfigurationRules = .service
    ) throws(ConfigurationError) {
        let json: PositionedJSON
        do throws(PositionedJSON.SyntaxError) {
            json = try PositionedJSON(parsing: bytes)
        } catch {
            throw ConfigurationError(file: file, problems: [ConfigurationProblem(line: error.line, path: "$", message: error.message)])
        }
        var builder = ConfigurationBuilder(rules: rules)
        builder.read(.init(json: json, path: "$"))
        let problems = builder.reader.problems
        if !problems.isEmpty { throw ConfigurationError(file: file, problems: problems.sorted { $0.line < $1.line }) }
        namespace = builder.namespace
        queues = builder.queues
        topics = builder.topics
        logging = builder.logging
        warnings = builder.reader.warnings
    }

    /// Makes the entities in a namespace.
    ///
    /// - Throws: ``BrokerError`` when one of them exists already or the namespace's quotas are too small.
    public func apply(to broker: Broker) throws(BrokerError) {
        for queue in queues { try broker.createQueue(queue.name, queue.settings) }
        for topic in topics {
            try broker.createTopic(topic.name, topic.settings)
            for subscription in topic.subscriptions {
                try broker.createSubscription(subscription.name, of: topic.name, subscription.settings, rules: subscription.rules)
            }
        }
    }
}
