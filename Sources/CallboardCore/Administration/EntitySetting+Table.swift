/// The table of settings. Limits are those that hold on every tier; what depends on the tier is left to the service, which says so itself.
///
/// Sources: the quotas of Microsoft's documentation (service-bus-quotas), the REST reference of queues, topics and subscriptions.
extension EntitySetting {
    private static let queues: Set<EntityTarget.Kind> = [.queue, .subscription]
    private static let roots: Set<EntityTarget.Kind> = [.queue, .topic]
    private static let entities: Set<EntityTarget.Kind> = [.queue, .topic, .subscription]

    static let table: [EntitySetting] = [
        EntitySetting(
            "status", "Status", .choice(["active", "send-disabled", "receive-disabled", "disabled"]), of: entities, usual: "active",
            "Whether it takes and gives messages."),
        EntitySetting(
            "lock-duration", "LockDuration", .duration(atLeast: .seconds(1), atMost: .seconds(300)), of: queues, usual: "1m",
            "How long a receiver may keep a message locked before others get it."),
        EntitySetting(
            "max-delivery-count", "MaxDeliveryCount", .number(1...2000), of: queues, usual: "10",
            "Failed deliveries before a message is dead-lettered."),
        EntitySetting(
            "default-time-to-live", "DefaultMessageTimeToLive", .duration(atLeast: .seconds(1), atMost: nil), of: entities,
            usual: "forever", "How long messages live that do not ask for less."),
        EntitySetting(
            "dead-letter-on-expiration", "DeadLetteringOnMessageExpiration", .flag, of: queues, usual: "false",
            "Whether expired messages are dead-lettered; otherwise they vanish."),
        EntitySetting(
            "dead-letter-on-filter-errors", "DeadLetteringOnFilterEvaluationExceptions", .flag, of: [.subscription], usual: "true",
            "Whether messages for which a rule has no answer are dead-lettered."),
        EntitySetting(
            "forward-to", "ForwardTo", .entity, of: queues, "The queue or topic every message is passed on to; empty for none."),
        EntitySetting(
            "forward-dead-letters-to", "ForwardDeadLetteredMessagesTo", .entity, of: queues,
            "The queue or topic every dead letter is passed on to; empty for none."),
        EntitySetting(
            "requires-session", "RequiresSession", .flag, of: queues, fixed: true, usual: "false",
            "Whether messages are received by session only, in order."),
        EntitySetting(
            "requires-duplicate-detection", "RequiresDuplicateDetection", .flag, of: roots, fixed: true, usual: "false",
            "Whether messages with an id that was seen already are dropped."),
        EntitySetting(
            "duplicate-detection-window", "DuplicateDetectionHistoryTimeWindow",
            .duration(atLeast: .seconds(20), atMost: .seconds(7 * 86_400)), of: roots, usual: "10m",
            "For how long message ids are remembered."),
        EntitySetting(
            "max-size-megabytes", "MaxSizeInMegabytes", .number(1024...1_310_720), of: roots, usual: "1024",
            "The quota: 1024, 2048, 3072, 4096 or 5120, on the premium tier up to 81920."),
        EntitySetting(
            "max-message-kilobytes", "MaxMessageSizeInKilobytes", .number(256...102_400), of: roots,
            "The largest message; more than 256 on the premium tier only."),
        EntitySetting(
            "auto-delete-on-idle", "AutoDeleteOnIdle", .duration(atLeast: .seconds(300), atMost: nil), of: entities, usual: "forever",
            "After how long without use it is removed with all its messages."),
        EntitySetting(
            "batched-operations", "EnableBatchedOperations", .flag, of: entities, usual: "true",
            "Whether the service may store operations in batches."),
        EntitySetting(
            "supports-ordering", "SupportOrdering", .flag, of: roots, "Whether the order of messages is kept."),
        EntitySetting(
            "partitioned", "EnablePartitioning", .flag, of: roots, fixed: true, usual: "false",
            "Whether it is spread over several message brokers; on the premium tier the namespace says that."),
        EntitySetting(
            "express", "EnableExpress", .flag, of: roots, usual: "false",
            "Whether messages are kept in memory before they are stored; not on the premium tier."),
        EntitySetting(
            "user-metadata", "UserMetadata", .text(maximum: 1024), of: entities, "Free text about it; empty for none."),
        EntitySetting(
            "filter", "Filter", .choice(["all", "none", "sql", "correlation"]), of: [.rule], usual: "all",
            "Which messages it takes; said by the settings below when they are given."),
        EntitySetting("sql", "SqlExpression", .filter, of: [.rule], "The condition, in the language of SQL filters: region = 'eu'."),
        EntitySetting(
            "parameters", "Parameters", .properties, of: [.rule], "Values for the @names in the condition: @region=eu; @limit:long=3."),
        EntitySetting("subject", "Label", .text(maximum: 1024), of: [.rule], "Takes messages with this subject (label)."),
        EntitySetting("correlation-id", "CorrelationId", .text(maximum: 1024), of: [.rule], "Takes messages with this correlation id."),
        EntitySetting("message-id", "MessageId", .text(maximum: 1024), of: [.rule], "Takes messages with this id."),
        EntitySetting("session", "SessionId", .text(maximum: 1024), of: [.rule], "Takes messages of this session."),
        EntitySetting("to", "To", .text(maximum: 1024), of: [.rule], "Takes messages with this address."),
        EntitySetting("reply-to", "ReplyTo", .text(maximum: 1024), of: [.rule], "Takes messages with this address for answers."),
        EntitySetting(
            "reply-to-session", "ReplyToSessionId", .text(maximum: 1024), of: [.rule], "Takes messages with this session for answers."),
        EntitySetting("content-type", "ContentType", .text(maximum: 1024), of: [.rule], "Takes messages of this MIME type."),
        EntitySetting(
            "properties", "Properties", .properties, of: [.rule],
            "Takes messages with these application properties: region=eu; quantity:long=3."),
        EntitySetting(
            "action", "Action", .action, of: [.rule],
            "What it changes in its copy, in the language of SQL actions: SET priority = 1; empty for nothing."),
        EntitySetting(
            "action-parameters", "ActionParameters", .properties, of: [.rule], "Values for the @names in the action."),
    ]
}
