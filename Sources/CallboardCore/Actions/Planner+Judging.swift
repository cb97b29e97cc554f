internal import ServiceBus

/// What an operator should know of where copies would go, and of the messages themselves.
extension Planner {
    mutating func judge(_ target: EntityDescription, _ routing: TopicRouting?) {
        let name = target.path.displayName
        switch target.status {
        case .disabled, .sendDisabled:
            remarks.append(
                PlanRemark(
                    .targetDisabled, .blocker, "\(name) is \(target.status): it takes no messages.", remedy: "Enable sending to it first."))
        default: break
        }
        if let next = target.forwardTo, !next.isEmpty {
            remarks.append(PlanRemark(.targetForwards, .warning, "\(name) forwards what it gets to \(next): the copies go there."))
        }
        if target.requiresSession, census.withoutSession > 0 {
            remarks.append(
                PlanRemark(
                    .sessionRequired, .blocker, "\(name) requires sessions, and \(census.withoutSession) of the messages have none.",
                    remedy: "Leave them out, or send them to a queue without sessions.", count: census.withoutSession))
        }
        if let routing { judge(routing, name) }
    }

    private mutating func judge(_ routing: TopicRouting, _ topic: String) {
        let own = path.subscription != nil && path.entity.topic == request.topic ? path.entity : nil
        let only = request.onlySubscription.map { $0.lowercased() }
        let others = census.copies.filter { copy in
            copy.key != own && copy.key.subscription?.lowercased() != only
        }.sorted { $0.key < $1.key }
        if census.lost > 0 {
            remarks.append(
                PlanRemark(
                    .noSubscription, .blocker,
                    "No subscription of \(topic) takes \(census.lost) of the messages: the service would drop them.",
                    remedy: "Look with 'callboard rules test' why, or send them to a queue with --to.", count: census.lost))
        }
        if let own, census.copies[own, default: 0] < snapshot.count {
            let missing = snapshot.count - census.copies[own, default: 0]
            remarks.append(
                PlanRemark(
                    .otherOrigin, .warning, "\(own.displayName) itself does not take \(missing) of them by its rules now.", count: missing))
        }
        if others.isEmpty { return }
        let list = others.prefix(5).map { "\($0.key.subscription ?? "?") \($0.value)" }.joined(separator: ", ")
        let more = others.count > 5 ? " and \(others.count - 5) more" : ""
        if let only = request.onlySubscription {
            remarks.append(
                PlanRemark(
                    .otherSubscriptions, .blocker,
                    "Subscriptions other than \(only) would get copies too: \(list)\(more).",
                    remedy:
                        "Let the rules of the others begin with \"[\(CopyChanges.onlySubscriptionProperty)] IS NULL AND\" ('callboard rules'), then plan again.",
                    count: others.map(\.value).max()))
        } else {
            remarks.append(
                PlanRemark(
                    .otherSubscriptions, .warning, "Subscriptions that would also get a copy: \(list)\(more).",
                    remedy: "With --only-subscription they are kept out, where their rules allow it.", count: others.map(\.value).max()))
        }
    }

    mutating func judgeCopies(_ target: EntityDescription?, _ cameBack: [UInt32: Int]) {
        if let target, target.requiresDuplicateDetection, !request.newIDs {
            let window = target.duplicateWindow
            let since: Int64 =
                switch window {
                case .forever: .min
                case .lasting(let duration): now.milliseconds.subtractingReportingOverflow(Self.milliseconds(duration)).partialValue
                }
            // What came to another entity is not known to this one; a time that is not known may be within.
            let isOwn = target.path == (path.topic ?? path.entity)
            let recent = isOwn ? census.enqueued.count { $0 >= since } : 0
            let swallowed = max(recent, census.repeated)
            let length = DurationText.text(window)
            if swallowed > 0 {
                remarks.append(
                    PlanRemark(
                        .duplicateDetection, .blocker,
                        "\(target.path.displayName) drops repeated ids for \(length), and would accept and drop \(swallowed) of the copies without a word.",
                        remedy: "Give new ids (--new-id): the old ones are kept in \(CopyChanges.originalIDProperty).", count: swallowed))
            } else {
                remarks.append(
                    PlanRemark(
                        .duplicateDetection, .note,
                        "\(target.path.displayName) drops repeated ids for \(length); all of these are older than that."))
            }
        }
        var times: [Int: Int] = [:]
        if !cameBack.isEmpty { for hash in census.idHashes { if let count = cameBack[hash] { times[count, default: 0] += 1 } } }
        for (count, messages) in times.sorted(by: { $0.key > $1.key }).prefix(3) {
            remarks.append(
                PlanRemark(
                    .cameBack, .warning,
                    "\(messages) of these came back \(count == 1 ? "once" : count == 2 ? "twice" : "\(count) times") before.",
                    remedy: "What made them fail may not be mended yet.", count: messages))
        }
        if request.newIDs || request.onlySubscription != nil {
            remarks.append(
                PlanRemark(
                    .tooLarge, .note,
                    "What is added makes each copy up to 300 bytes larger: a message that is too large then stays where it is, and the job says so."
                ))
        }
        if census.withTimeToLive > 0 {
            remarks.append(
                PlanRemark(
                    .timeToLive, .note, "\(census.withTimeToLive) have a time to live, which begins anew with the copy.",
                    count: census.withTimeToLive))
        }
        if census.withPartitionKey > 0 {
            remarks.append(
                PlanRemark(
                    .partitionKey, .note, "\(census.withPartitionKey) have a partition key, which is kept.", count: census.withPartitionKey)
            )
        }
        if census.origins.count > 1, case .redrive(nil) = request.wish {
            remarks.append(
                PlanRemark(
                    .otherOrigin, .warning,
                    "They came from \(census.origins.count) places: \(census.origins.sorted { $0.value > $1.value }.prefix(3).map { "\($0.key) \($0.value)" }.joined(separator: ", "))."
                ))
        }
        if census.scheduled > 0 {
            remarks.append(
                PlanRemark(
                    .scheduled, .note, "\(census.scheduled) are scheduled or set aside, and are left alone.", count: census.scheduled))
        }
    }

    private static func milliseconds(_ duration: Duration) -> Int64 {
        let (value, overflow) = duration.components.seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? .max : value
    }
}

extension ActionRequest {
    /// Where copies would be sent, when that is a topic that messages of a subscription came by.
    fileprivate var topic: EntityPath? {
        switch wish {
        case .redrive(let target): target ?? path.topic
        case .move(let target): target
        case .reactivate: path.topic
        default: nil
        }
    }
}

extension EntityDescription {
    /// For how long repeated ids are dropped; ten minutes unless the service said otherwise.
    var duplicateWindow: XMLDuration.Value {
        let text = self.settings.first { $0.name == "DuplicateDetectionHistoryTimeWindow" }?.value
        return text.flatMap { DurationText.parse($0) } ?? .lasting(.seconds(600))
    }
}
