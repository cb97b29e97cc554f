internal import Identity

/// Reads descriptions: the elements this product knows become typed properties, and every element stays in the list of settings in the service's order.
enum DescriptionReader {
    /// The description in an entry.
    /// - Parameters:
    ///   - entry: the entry.
    ///   - topic: the topic whose subscriptions are listed: a subscription's entry names only itself.
    /// - Throws: ``EntityPathError`` when the service uses a name that is none.
    static func entity(_ entry: AtomDocument.Entry, topic: EntityPath?) throws(EntityPathError) -> EntityDescription? {
        let element = entry.content
        var description: EntityDescription.Fields
        switch element.name.local {
        case "QueueDescription":
            description = EntityDescription.Fields(path: try .queue(entry.title), kind: .queue)
        case "TopicDescription":
            description = EntityDescription.Fields(path: try .topic(entry.title), kind: .topic)
        case "SubscriptionDescription":
            guard let topic else { return nil }
            description = EntityDescription.Fields(path: try .subscription(topic: topic.name, name: entry.title), kind: .subscription)
        default:
            return nil
        }
        for child in element.children {
            if child.name.local == "CountDetails" {
                description.counts = counts(child)
                description.settings += unknownCounts(child)
            } else {
                appendSettings(child, path: child.name.local, to: &description.settings)
                read(child, into: &description)
            }
        }
        // As long as it has to be: appending left it up to twice as long, ten thousand times.
        description.settings = description.settings.map(\.self)
        return EntityDescription(description)
    }

    /// All elements of `element` as settings.
    static func settings(of element: XMLElement) -> [EntityDescription.Setting] {
        var settings: [EntityDescription.Setting] = []
        for child in element.children { appendSettings(child, path: child.name.local, to: &settings) }
        return settings
    }

    private static func read(_ element: XMLElement, into description: inout EntityDescription.Fields) {
        let text = element.text
        switch element.name.local {
        case "Status": description.status = EntityStatus(text)
        case "CreatedAt": description.createdAt = timestamp(text)
        case "UpdatedAt": description.updatedAt = timestamp(text)
        case "AccessedAt": description.accessedAt = timestamp(text)
        case "LockDuration": description.lockDuration = duration(text)
        case "MaxDeliveryCount": description.maxDeliveryCount = Int(text)
        case "DefaultMessageTimeToLive": description.defaultTimeToLive = duration(text)
        case "RequiresSession": description.requiresSession = isTrue(text)
        case "RequiresDuplicateDetection": description.requiresDuplicateDetection = isTrue(text)
        case "DeadLetteringOnMessageExpiration": description.deadLetteringOnExpiration = isTrue(text)
        case "ForwardTo": description.forwardTo = text.isEmpty ? nil : text
        case "ForwardDeadLetteredMessagesTo": description.forwardDeadLetteredTo = text.isEmpty ? nil : text
        case "SizeInBytes": description.sizeInBytes = Int64(text)
        case "SubscriptionCount": description.subscriptionCount = Int(text)
        default: break
        }
    }

    // MARK: Counts

    /// The counts, by the elements' local names: their prefix changes from answer to answer.
    private static func counts(_ element: XMLElement) -> EntityCounts {
        func count(_ name: String) -> Int64 { element.first(name).flatMap { Int64($0.text) } ?? 0 }
        return EntityCounts(
            active: count("ActiveMessageCount"), deadLetter: count("DeadLetterMessageCount"), scheduled: count("ScheduledMessageCount"),
            transfer: count("TransferMessageCount"), transferDeadLetter: count("TransferDeadLetterMessageCount"))
    }

    private static let knownCounts: Set<String> = [
        "ActiveMessageCount", "DeadLetterMessageCount", "ScheduledMessageCount", "TransferMessageCount", "TransferDeadLetterMessageCount",
    ]

    /// Counts of a kind that this product does not know yet, and known ones that are no numbers.
    private static func unknownCounts(_ element: XMLElement) -> [EntityDescription.Setting] {
        element.children.filter { !knownCounts.contains($0.name.local) || Int64($0.text) == nil }
            .map { EntityDescription.Setting(name: "CountDetails.\($0.name.local)", value: $0.text) }
    }

    // MARK: Settings

    /// Elements whose text is a key. They are never kept: settings are for the screen.
    private static let secretElements: Set<String> = ["PrimaryKey", "SecondaryKey"]

    /// Texts that nearly every description holds: kept once, and not once for each of ten thousand entities.
    private static let sharedTexts: [String: String] = {
        let names = [EntityDescription.Kind.queue, .topic, .subscription].flatMap { EntityDefinition.order($0) }
        let values = ["P10675199DT2H48M5.4775807S", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00"]
        return Dictionary((names + values).map { ($0, $0) }, uniquingKeysWith: { first, _ in first })
    }()

    /// The one copy of a text that is held often. A short text is held in place anyway.
    private static func shared(_ text: String) -> String { text.utf8.count > 15 ? sharedTexts[text] ?? text : text }

    /// Appends `element`, or the elements inside it under a dotted name. Attributes other than `nil` follow as `name@attribute`.
    private static func appendSettings(_ element: XMLElement, path: String, to settings: inout [EntityDescription.Setting]) {
        for attribute in element.attributes {
            settings.append(.init(name: "\(path)@\(attribute.name.local)", value: attribute.value))
        }
        if element.children.isEmpty || !element.text.isEmpty {
            let value = secretElements.contains(element.name.local) ? Secret.placeholder : element.text
            settings.append(.init(name: shared(path), value: shared(value)))
        }
        for child in element.children { appendSettings(child, path: "\(path).\(child.name.local)", to: &settings) }
    }

    // MARK: Values

    /// A moment; `nil` for .NET's first one, which stands for "never".
    static func timestamp(_ text: String) -> Timestamp? {
        guard let timestamp = Timestamp(rfc3339: text), timestamp.utc.year > 1 else { return nil }
        return timestamp
    }

    /// A duration; `nil` for the longest one, which stands for "for ever".
    private static func duration(_ text: String) -> Duration? {
        if case .lasting(let duration) = XMLDuration.parse(text) { return duration }
        return nil
    }

    private static func isTrue(_ text: String) -> Bool {
        text == "true" || text == "1"
    }
}
