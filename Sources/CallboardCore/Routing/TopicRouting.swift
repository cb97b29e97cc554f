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
        /// Whether it takes only messages of a session; others go to its dead letters.
        public var requiresSession: Bool
        /// Its rules.
        public var rules: [RuleTrial]

        /// Takes a subscription's description.
        public init(_ description: EntityDescription, rules: [RuleDescription]) {
            path = description.path
            status = description.status
            let setting = description.settings.first { $0.name == "DeadLetteringOnFilterEvaluationExceptions" }
            deadLettersFailures = setting?.value.lowercased() != "false"
            requiresSession = description.requiresSession
            self.rules = rules.map { RuleTrial($0) }
        }

        /// Whether a copy of a message would reach it.
        func takes(_ copy: ForwardedMessage) -> Bool {
            takesMessages && rules.contains { $0.outcome(for: copy).delivers }
        }

        var takesMessages: Bool { status == .active || status == .receiveDisabled }
    }

    /// What a subscription would get of a message.
    public struct Delivery: Sendable {
        /// The subscription.
        public var subscription: Subscription
        /// What each of its rules makes of the message.
        public var outcomes: [(rule: RuleTrial, outcome: RuleTrial.Outcome)]
        /// Whether the message has a session as it is sent.
        var hasSession: Bool

        /// How many copies it gets: one for all rules without an action, and one for each with an action.
        public var copies: Int { selected.count { reaches($0) } }

        /// How many copies go to its dead letters because it requires sessions and they have none.
        public var copiesWithoutSession: Int { selected.count { !reaches($0) } }

        /// Whether its dead-letter queue gets the message because a rule failed.
        public var deadLettersFailure: Bool {
            subscription.takesMessages && subscription.deadLettersFailures && outcomes.contains(where: \.outcome.fails)
        }

        /// The changes that each copy is made with.
        private var selected: [MessageChanges?] {
            guard subscription.takesMessages else { return [] }
            let delivering = outcomes.filter(\.outcome.delivers)
            let plain: [MessageChanges?] = delivering.contains { !$0.rule.hasAction } ? [nil] : []
            return plain + delivering.filter(\.rule.hasAction).map(\.outcome.changes)
        }

        private func reaches(_ changes: MessageChanges?) -> Bool {
            guard subscription.requiresSession else { return true }
            return changes?.system[.sessionID].map { !$0.isUnknown } ?? hasSession
        }
    }

    /// The subscriptions in the order of their names.
    public let subscriptions: [Subscription]

    /// Creates a routing.
    public init(_ subscriptions: [Subscription]) { self.subscriptions = subscriptions }

    /// What every subscription would get of a message.
    public func deliveries(of message: OutgoingMessage) -> [Delivery] {
        subscriptions.map { subscription in
            Delivery(
                subscription: subscription, outcomes: subscription.rules.map { ($0, $0.outcome(for: message)) },
                hasSession: message.sessionID != nil)
        }
    }
}
