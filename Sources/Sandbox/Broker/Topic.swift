import AMQP
import ServiceBus

/// A topic: an input like a queue's, and subscriptions that get copies.
final class Topic {
    /// Where messages arrive: duplicate detection, quota and scheduled messages are the topic's own.
    private(set) lazy var input = QueueEntity(.topic(self), path: path, settings: inputSettings, broker: broker, now: createdAt)
    /// In the order in which they were made.
    var subscriptions: [QueueEntity] = []
    var subscriptionNames = NameIndex()
    var settings: TopicSettings

    private let path: String
    private let createdAt: Int64
    private unowned let broker: Broker

    init(_ path: String, _ settings: TopicSettings, broker: Broker, now: Int64) {
        self.path = path
        self.settings = settings
        self.broker = broker
        createdAt = now
    }

    /// The settings of the input that follow from the topic's.
    var inputSettings: QueueSettings {
        var input = QueueSettings()
        input.duplicateDetectionWindow = settings.duplicateDetectionWindow
        input.maximumSizeInMegabytes = settings.maximumSizeInMegabytes
        input.availability = settings.availability
        input.defaultTimeToLive = settings.defaultTimeToLive
        input.userMetadata = settings.userMetadata
        input.autoDeleteOnIdle = settings.autoDeleteOnIdle
        input.isPartitioned = settings.isPartitioned
        input.maximumMessageKilobytes = settings.maximumMessageKilobytes
        input.administrative = settings.administrative
        return input
    }

    /// Gives every subscription the copies its rules ask for: one for all rules without an action that select the message, and one for each
    /// rule with an action, changed by it (topic-filters of Microsoft's documentation). Unchanged content is shared, not copied.
    ///
    /// All rules are asked, so that what a subscription gets does not depend on their order. When one has no answer the others still count, and
    /// the subscription says whether the message goes to its dead letters as well.
    func publish(_ message: IncomingMessage, enqueuedSequenceNumber: Int64, hops: Int, at now: Int64) {
        var subject: MessageSubject?
        for subscription in subscriptions where subscription.settings.availability.acceptsSends {
            var isSelected = false
            var changed: [IncomingMessage] = []
            var failure: DeadLetterCause?
            for rule in subscription.rules {
                if rule.selectsEverything, rule.action == nil {
                    isSelected = true
                    continue
                }
                // Made once for all rules of all subscriptions, and only when some rule has to look.
                guard let seen = subject ?? Self.subject(message, enqueuedSequenceNumber, at: now) else { continue }
                subject = seen
                do throws(FilterEvaluationError) {
                    guard try rule.selects(seen) else { continue }
                    if let action = rule.action {
                        changed.append(
                            RuleChanges.copy(
                                of: message, for: rule.settings.name, with: try action.changes(to: seen),
                                mayReschedule: subscription.settings.forwardTo != nil))
                    } else {
                        isSelected = true
                    }
                } catch {
                    failure = failure ?? .ruleFailed(rule.settings.name, error)
                }
            }
            if isSelected {
                subscription.acceptCopy(message, hops: hops, enqueuedSequenceNumber: enqueuedSequenceNumber, at: now)
            }
            for copy in changed {
                subscription.acceptCopy(copy, hops: hops, enqueuedSequenceNumber: enqueuedSequenceNumber, at: now)
            }
            if let failure, subscription.settings.deadLetteringOnFilterEvaluationExceptions {
                subscription.acceptDead(message, failure, hops: hops, enqueuedSequenceNumber: enqueuedSequenceNumber, at: now)
            }
        }
    }

    /// The message as rules see it; nil only if bytes that were accepted could not be read.
    private static func subject(_ message: IncomingMessage, _ number: Int64, at now: Int64) -> MessageSubject? {
        let envelope = message.envelope
        guard let content = try? Message(envelope.content) else { return nil }
        return MessageSubject(
            content,
            .init(
                timeToLive: envelope.timeToLive.map { Int64($0) }, enqueuedTime: now, scheduledEnqueueTime: envelope.scheduledEnqueueTime,
                partitionKey: envelope.partitionKey, sequenceNumber: number, size: message.encodedSize))
    }
}
