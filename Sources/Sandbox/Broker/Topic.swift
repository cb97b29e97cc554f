/// A topic: an input like a queue's, and subscriptions that get copies.
final class Topic {
    /// Where messages arrive: duplicate detection, quota and scheduled messages are the topic's own.
    private(set) lazy var input = QueueEntity(.topic(self), path: path, settings: inputSettings, broker: broker, now: createdAt)
    /// In the order in which they were made.
    var subscriptions: [QueueEntity] = []
    let settings: TopicSettings

    private let path: String
    private let createdAt: Int64
    private unowned let broker: Broker

    init(_ path: String, _ settings: TopicSettings, broker: Broker, now: Int64) {
        self.path = path
        self.settings = settings
        self.broker = broker
        createdAt = now
    }

    private var inputSettings: QueueSettings {
        var input = QueueSettings()
        input.duplicateDetectionWindow = settings.duplicateDetectionWindow
        input.maximumSizeInMegabytes = settings.maximumSizeInMegabytes
        input.availability = settings.availability
        input.defaultTimeToLive = settings.defaultTimeToLive
        input.userMetadata = settings.userMetadata
        return input
    }

    /// Gives every subscription with a matching rule its copy. The content is shared, not copied.
    func publish(_ message: IncomingMessage, enqueuedSequenceNumber: Int64, hops: Int, at now: Int64) {
        var subject: FilterSubject?
        for subscription in subscriptions where subscription.settings.availability.acceptsSends {
            let isSelected = subscription.rules.contains { rule in
                if rule.filter.selectsEverything { return true }
                // Decoded once for all rules of all subscriptions, and only when some rule has to look.
                let decoded = subject ?? FilterSubject(message)
                subject = decoded
                return rule.filter.selects(decoded)
            }
            if isSelected { subscription.accept(message, hops: hops, enqueuedSequenceNumber: enqueuedSequenceNumber, at: now) }
        }
    }
}
