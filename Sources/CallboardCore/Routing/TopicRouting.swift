public import ServiceBus

/// Where a topic's messages go: its subscriptions with their rules, asked what they would make of a message. Nothing is sent.
public struct TopicRouting: Sendable {
    /// A subscription with its rules.
    public struct Subscription: Sendable {
        /// Where it is.
        public var path: EntityPath
        /// Whether it takes messages at all.
        public var status: EntityStatus
        /// Whether messages whose rules fail go to its dead letters.
        public var deadLettersFailures: Bool
        /// Its rules.
        public var rules: [RuleTrial]

        /// Takes a subscription's description.
        public init(_ description: EntityDescription, rules: [RuleDescription]) {
            path = description.path
            status = description.status
            let setting = description.settings.first { $0.name == "DeadLetteringOnFilterEvaluationExceptions" }
            deadLettersFailures = setting?.value.lowercased() != "false"
            self.rules = rules.map { RuleTrial($0) }
        }

        var takesMessages: Bool { status == .active || status == .receiveDisabled }
    }

    /// What a subscription would get of a message.
    public struct Delivery: Sendable {
        /// The subscription.
        public var subscription: Subscription
        /// What each of its rules makes of the message.
        public var outcomes: [(rule: RuleTrial, outcome: RuleTrial.Outcome)]

        /// How many copies it gets: one for all rules without an action, and one for each with an action.
        public var copies: Int {
            guard subscription.takesMessages else { return 0 }
            let delivering = outcomes.filter(\.outcome.delivers)
            return delivering.count { $0.rule.hasAction } + (delivering.contains { !$0.rule.hasAction } ? 1 : 0)
        }

        /// Whether its dead-letter queue gets one because a rule failed.
        public var deadLetters: Bool {
            subscription.takesMessages && subscription.deadLettersFailures && outcomes.contains(where: \.outcome.fails)
        }
    }

    /// The subscriptions in the order of their names.
    public let subscriptions: [Subscription]

    /// Creates a routing.
    public init(_ subscriptions: [Subscription]) { self.subscriptions = subscriptions }

    /// What every subscription would get of a message.
    public func deliveries(of message: OutgoingMessage) -> [Delivery] {
        subscriptions.map { subscription in
            Delivery(subscription: subscription, outcomes: subscription.rules.map { ($0, $0.outcome(for: message)) })
        }
    }
}
