internal import ServiceBus

/// Looks at the messages that are meant and at where they would go.
struct Planner {
    let request: ActionRequest
    /// The queue's entity; nil where its settings may not be read.
    let source: EntityDescription?
    let title: ContextTitle
    let gateway: MaskingGateway
    let changing: any MessageChanging
    let tier: String?
    let now: Timestamp
    /// The namespace's allowance; nil for the usual.
    let credits: Int?

    private var snapshot = Snapshot()
    private var census = Census()
    private var remarks: [PlanRemark] = []

    init(
        request: ActionRequest, source: EntityDescription?, title: ContextTitle, gateway: MaskingGateway, changing: any MessageChanging,
        tier: String?, now: Timestamp, credits: Int?
    ) {
        self.request = request
        self.source = source
        self.title = title
        self.gateway = gateway
        self.changing = changing
        self.tier = tier
        self.now = now
        self.credits = credits
    }

    /// What was seen of the messages that are meant.
    struct Census {
        var idHashes: [UInt32] = []
        var withoutSession = 0
        var withTimeToLive = 0
        var withPartitionKey = 0
        var scheduled = 0
        var enqueued: [Int64] = []
        var bytes: Int64 = 0
        var largest = 0
        var origins: [String: Int] = [:]
        var repeated = 0
        /// How many copies each subscription would get.
        var copies: [EntityPath: Int] = [:]
        /// Messages that no subscription would take.
        var lost = 0
        /// Others that stand before the last of those that are meant.
        var passedOver = 0
        fileprivate var ids: Set<UInt64> = []
    }

    private var path: EntityPath { request.path }

    mutating func plan(
        cameBack: [UInt32: Int], progress: @Sendable (Int) -> Void,
        routing: (EntityPath) async throws(OperatorError) -> TopicRouting
    ) async throws(OperatorError) -> ActionPlan {
        try checkWish()
        if case .purge = request.wish { return try await planPurge(progress) }
        if case .importing(let file) = request.wish { return try await planImport(file) }
        let wanted = try await wantedTarget()
        var target: EntityDescription?
        if let wanted { target = try await described(wanted) }
        var rules: TopicRouting?
        if target?.kind == .topic { rules = try await readRouting(of: target, routing) }
        try await look(rules, progress)
        var action = try action(to: target?.path ?? wanted)
        if let target { judge(target, rules) }
        if action.copies != nil { judgeCopies(target, cameBack) }
        if request.newIDs, let (_, changes) = action.copies {
            var changes = changes
            changes.newIDPrefix = "redriven-\(now.milliseconds)"
            action = action.with(changes)
        }
        return finished(action, target)
    }

    private func checkWish() throws(OperatorError) {
        switch request.wish {
        case .deadLetter where path.subQueue != .active:
            throw OperatorError(
                .usage, "\(path.displayName) is a dead-letter queue already: there is none of it.",
                hint: "Move or delete its messages instead.",
                entity: path)
        case .cancelScheduled where path.subQueue != .active, .reactivate where path.subQueue != .active:
            throw OperatorError(.usage, "A sub-queue has no such messages.", hint: "Leave --dead-letter out.", entity: path)
        default: break
        }
        if source?.kind == .topic {
            switch request.wish {
            case .cancelScheduled: break
            default:
                throw OperatorError(
                    .usage, "\(path.displayName) is a topic: its messages are in its subscriptions.",
                    hint: "Name one as topic/subscription.",
                    entity: path)
            }
        }
    }

    // MARK: Where to

    /// Where copies would go, if they go anywhere. Of dead letters that were forwarded the messages know it.
    private mutating func wantedTarget() async throws(OperatorError) -> EntityPath? {
        switch request.wish {
        case .redrive(let target?), .move(let target): return try checked(target)
        case .redrive(nil):
            if path.subQueue != .active { return path.topic ?? path.entity }
            return try await origin()
        case .reactivate: return path.topic ?? path.entity
        default: return nil
        }
    }

    private func checked(_ target: EntityPath) throws(OperatorError) -> EntityPath {
        guard target.subQueue == .active else {
            throw OperatorError(
                .usage, "\(target.displayName) takes no messages: a dead-letter queue is filled by the service only.", entity: target)
        }
        guard target.kind == .queueOrTopic else {
            throw OperatorError(
                .usage, "\(target.displayName) is a subscription: messages reach it by its topic.",
                hint: "Send to \(target.topic?.displayName ?? target.displayName), with --only-subscription to reach no other.",
                entity: target)
        }
        return target
    }

    /// Where the messages of a queue that dead letters are forwarded to came from: of all the same, by the annotation of the service.
    private func origin() async throws(OperatorError) -> EntityPath {
        let pages = changing.pages(of: path, options: PeekOptions(headersOnly: true, end: .atNewestNow))
        var found: Set<String> = []
        do throws(OperatorError) {
            while let page = try await pages.nextPage() {
                for message in page { found.insert(message.deadLetterSource ?? "") }
                if found.count > 1 { break }
            }
            await pages.finish()
        } catch {
            await pages.finish()
            throw error
        }
        guard found.count == 1, let only = found.first, !only.isEmpty, let parsed = try? EntityPath(parsing: only) else {
            throw OperatorError(
                .usage, "The messages of \(path.displayName) do not all say where they came from, so they are not redriven by themselves.",
                hint: "Say where to with --to.", entity: path)
        }
        return parsed.topic ?? parsed.entity
    }

    private mutating func described(_ target: EntityPath) async throws(OperatorError) -> EntityDescription {
        if target == source?.path.entity, let source { return source }
        do throws(OperatorError) { return try await gateway.entity(target) } catch {
            switch error.code {
            case .notFound: throw OperatorError(.notFound, "There is no queue or topic \(target.displayName) to send to.", entity: target)
            case .notPermitted:
                remarks.append(
                    PlanRemark(
                        .unreadable, .warning,
                        "The settings of \(target.displayName) may not be read (needs Manage): whether it drops repeated ids, is disabled or forwards elsewhere is not known."
                    ))
                return EntityDescription(path: target, kind: .queue)
            default: throw error
            }
        }
    }

    private mutating func readRouting(
        of target: EntityDescription?, _ routing: (EntityPath) async throws(OperatorError) -> TopicRouting
    ) async throws(OperatorError) -> TopicRouting? {
        guard let target else { return nil }
        do throws(OperatorError) { return try await routing(target.path) } catch {
            guard error.code == .notPermitted else { throw error }
            remarks.append(
                PlanRemark(
                    .unreadable, .warning,
                    "Who else gets what is sent to \(target.path.displayName) is not known: its rules may not be read."))
            return nil
        }
    }

    // MARK: Which

    /// Walks through the queue up to the newest message there is now, and takes those that are meant.
    private mutating func look(_ routing: TopicRouting?, _ progress: @Sendable (Int) -> Void) async throws(OperatorError) {
        var options = PeekOptions(headersOnly: !readsBodies, end: .atNewestNow)
        var picked: (PeekedMessage) throws(OperatorError) -> Bool = { _ in true }
        switch request.choice {
        case .all: break
        case .numbers(let numbers, _):
            // Some headers more cost less than a question more.
            options.end = .within(numbers.ranges(gap: 64))
            picked = { numbers.contains($0.sequenceNumber) }
        case .condition(let filter):
            let (gateway, path) = (gateway, path)
            picked = { message throws(OperatorError) in
                // Masked fields never match.
                guard let seen = gateway.masked(message) else { return false }
                do throws(FilterEvaluationError) { return try filter.matches(seen) } catch {
                    throw OperatorError(
                        .usage, "The condition cannot be evaluated for message #\(message.sequenceNumber): \(error.description).",
                        hint: "It is this part: \(error.range.text(in: filter.text))", entity: path)
                }
            }
        case .group(let id, let keys):
            let members = try await members(of: id, keys, progress)
            options.end = .within(members.ranges(gap: 64))
            picked = { members.contains($0.sequenceNumber) }
        }
        var looked = 0
        var others = 0
        try await each(options) { message throws(OperatorError) in
            looked += 1
            if looked % 1000 == 0 { progress(looked) }
            let before = snapshot.count
            if try picked(message) { take(message, routing) }
            // Only what stands before one that is meant is met on the way to it.
            if snapshot.count > before { census.passedOver = others } else { others += 1 }
        }
        progress(looked)
        judgePassing()
        if snapshot.isEmpty {
            throw OperatorError(
                .notFound, "No message of \(path.displayName) is meant (\(request.choice.title)): there is nothing to do.", entity: path)
        }
    }

    /// What stands between is received on the way, held, and given back.
    private mutating func judgePassing() {
        let isInLine = snapshot.parts.contains { $0.way == .line || $0.way.isSession }
        guard isInLine, census.passedOver > 0 else { return }
        let isWatched = path.subQueue == .active
        remarks.append(
            PlanRemark(
                .passesOver, isWatched ? .warning : .note,
                "\(census.passedOver) other messages stand between them: they are locked while the job runs, and given back untouched."
                    + (isWatched ? " Consumers do not get them meanwhile." : ""), count: census.passedOver))
    }

    private var readsBodies: Bool { request.choice.readsBody }

    private func each(_ options: PeekOptions, _ body: (PeekedMessage) throws(OperatorError) -> Void) async throws(OperatorError) {
        let pages = changing.pages(of: path, options: options)
        do throws(OperatorError) {
            while let page = try await pages.nextPage() {
                if Task.isCancelled { throw OperatorError(.cancelled, "Planning was stopped.") }
                for message in page { try body(message) }
            }
            await pages.finish()
        } catch {
            await pages.finish()
            throw error
        }
    }

    private func members(
        of id: String, _ keys: [GroupKey], _ progress: @Sendable (Int) -> Void
    ) async throws(OperatorError) -> SequenceNumberSet {
        var groups = MessageGroups(by: keys)
        var options = PeekOptions(headersOnly: !keys.contains(where: \.readsBody))
        options.end = .atNewestNow
        var looked = 0
        try await each(options) { message in
            looked += 1
            if looked % 1000 == 0 { progress(looked) }
            if let seen = gateway.masked(message) { groups.append(contentsOf: [seen]) }
        }
        for group in groups.groupsOneByOne() where group.id == id { return group.members }
        throw OperatorError(
            .notFound, "There is no group \(id) in \(path.displayName) now.",
            hint: "'callboard groups' lists them; ids change when the placeholders of a cause do.", entity: path)
    }

    private mutating func take(_ message: PeekedMessage, _ routing: TopicRouting?) {
        let fields = message.fields
        let state = fields.state
        switch request.wish {
        case .cancelScheduled where state != .scheduled, .reactivate where state != .deferred: return
        case .move where state == .scheduled, .redrive where state == .scheduled, .defer where state != .active,
            .deadLetter where state == .scheduled:
            census.scheduled += 1
            return
        default: break
        }
        let session = message.sessionID
        let isSessionful = source?.requiresSession == true && path.subQueue == .active
        let way: ManyPart.Way =
            switch state {
            case .scheduled: .scheduled
            case .deferred: .deferred(session: isSessionful ? session : nil)
            default: isSessionful ? .session(session ?? "") : .line
            }
        snapshot.add(message.sequenceNumber, reached: way)
        if session == nil { census.withoutSession += 1 }
        if fields.timeToLive != nil { census.withTimeToLive += 1 }
        if message.partitionKey != nil { census.withPartitionKey += 1 }
        census.bytes += Int64(message.encodedSize)
        census.largest = max(census.largest, message.encodedSize)
        if let origin = message.deadLetterSource { census.origins[origin, default: 0] += 1 }
        guard request.wish.sendsCopies else { return }
        census.enqueued.append(fields.enqueuedTime?.milliseconds ?? .max)
        var hash = StableHash()
        hash.combine((message.messageID ?? "").utf8)
        if !census.ids.insert(hash.value).inserted { census.repeated += 1 }
        census.idHashes.append(UInt32(truncatingIfNeeded: hash.value))
        if let routing { take(message, routing) }
    }

    private mutating func take(_ message: PeekedMessage, _ routing: TopicRouting) {
        var isTaken = false
        let copy = ForwardedMessage(message, changes: CopyChanges(stripped: CopyChanges.traces, added: stamp.map { [$0] } ?? []))
        for subscription in routing.subscriptions where subscription.takes(copy) {
            isTaken = true
            census.copies[subscription.path, default: 0] += 1
        }
        if !isTaken { census.lost += 1 }
    }

    /// The property by which one subscription is meant.
    private var stamp: OutgoingMessage.Property? {
        request.onlySubscription.map {
            OutgoingMessage.Property(name: CopyChanges.onlySubscriptionProperty, value: .init(typeName: "string", content: .text($0)))
        }
    }

    // MARK: What

    private func action(to target: EntityPath?) throws(OperatorError) -> MessageAction {
        var changes = CopyChanges(stripped: CopyChanges.traces, body: request.body)
        if let stamp { changes.added.append(stamp) }
        switch request.wish {
        case .redrive: return .redrive(to: target ?? path.entity, changes)
        // A move is an exact copy: nothing of it is a trace of having died.
        case .move:
            return .move(
                to: target ?? path.entity, path.subQueue == .active ? CopyChanges(added: changes.added, body: request.body) : changes)
        case .reactivate: return .reactivate(to: target ?? path.entity, CopyChanges(added: changes.added))
        case .delete: return .delete
        case .purge(let before): return .purge(before: before ?? now)
        case .defer: return .defer
        case .deadLetter(let reason, let description): return .deadLetter(reason: reason, description: description)
        case .cancelScheduled: return .cancelScheduled
        case .importing(let file): return .importing(file: file, .none)
        }
    }

    // MARK: Judging

    private mutating func judge(_ target: EntityDescription, _ routing: TopicRouting?) {
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

    private mutating func judgeCopies(_ target: EntityDescription?, _ cameBack: [UInt32: Int]) {
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

    // MARK: The plan

    private func finished(_ action: MessageAction, _ target: EntityDescription?) -> ActionPlan {
        let count = snapshot.count
        let (rate, perMessage) = pace(action)
        let keepsOrder = target?.requiresSession == true
        var all = remarks
        if request.isAtomic == false, action.copies != nil {
            all.append(
                PlanRemark(
                    .notRemovable, .warning,
                    "Without transactions: a copy is sent, its outcome awaited, the original removed. If that is cut off, one batch may be there twice."
                ))
        }
        // What the sandbox and the service do in a second, when nothing slows them down.
        let possible = action.copies == nil ? 20_000 : 10_000
        let seconds = Double(count) / Double(min(rate ?? possible, possible))
        // Headers were looked at, not bodies: the size is that of the queue, shared out evenly.
        var bytes: Int64?
        if readsBodies {
            bytes = census.bytes
        } else if let size = source?.sizeInBytes, let counts = source?.counts {
            let messages = counts.active + counts.deadLetter + counts.scheduled + counts.transferDeadLetter
            if messages > 0 { bytes = Int64(Double(size) / Double(messages) * Double(count)) }
        }
        return ActionPlan(
            action: action, source: path, choice: request.choice.title, snapshot: snapshot, plannedAt: now,
            isAtomic: action.copies != nil && request.isAtomic && tier?.lowercased() != "basic", keepsOrder: keepsOrder, rate: rate,
            credits: count * perMessage, bytes: bytes, duration: .milliseconds(Int64(seconds * 1000)),
            lockDuration: source?.lockDuration ?? .seconds(60), export: action.destroys ? request.export : nil, remarks: all, title: title,
            idHashes: action.copies == nil ? [] : census.idHashes)
    }

    /// How many messages a second, and what each costs in credits: one to receive and one to send (service-bus-throttling).
    private func pace(_ action: MessageAction) -> (rate: Int?, credits: Int) {
        let perMessage = action.copies == nil ? 1 : 2
        if let rate = request.rate { return (rate > 0 ? rate : nil, perMessage) }
        if title.isEmulator || tier?.lowercased() == "premium" { return (nil, perMessage) }
        return (max(1, (credits ?? 500) / perMessage), perMessage)
    }

    // MARK: Importing

    /// What is in an export, sent in its order. The file is checked whole first.
    private mutating func planImport(_ file: String) async throws(OperatorError) -> ActionPlan {
        let target = try await described(try checked(path))
        let summary = try ExportReader(file).verify()
        let reader = try ExportReader(file)
        let isOfDeadLetters = reader.header.entity.subQueue != .active
        while let message = try reader.next() {
            if message.sessionID == nil { census.withoutSession += 1 }
            if message.timeToLive != nil { census.withTimeToLive += 1 }
            census.largest = max(census.largest, message.encodedSize)
        }
        judge(target, nil)
        if target.requiresDuplicateDetection, !request.newIDs {
            remarks.append(
                PlanRemark(
                    .duplicateDetection, .warning,
                    "\(path.displayName) drops repeated ids for \(DurationText.text(target.duplicateWindow)): what was there lately is accepted and dropped.",
                    remedy: "Give new ids (--new-id) where that matters."))
        }
        if census.withTimeToLive > 0 {
            remarks.append(
                PlanRemark(
                    .timeToLive, .note, "\(census.withTimeToLive) have a time to live, which begins anew.", count: census.withTimeToLive))
        }
        // What was alive is put back as it was; of what was dead, that it died is left out.
        var changes = CopyChanges(stripped: isOfDeadLetters ? CopyChanges.traces : [])
        if request.newIDs { changes.newIDPrefix = "imported-\(now.milliseconds)" }
        var plan = finished(.importing(file: file, changes), target)
        plan.records = summary.count
        plan.bytes = summary.bytes
        plan.credits = summary.count
        plan.isAtomic = false
        let (rate, _) = pace(plan.action)
        plan.duration = .milliseconds(Int64(Double(summary.count) / Double(min(rate ?? 10_000, 10_000)) * 1000))
        if summary.count == 0 { throw OperatorError(.notFound, "There is no message in '\(file)': there is nothing to do.") }
        return plan
    }

    // MARK: Purging

    /// Everything before a moment: it is counted by looking, and deleted by the moment.
    private mutating func planPurge(_ progress: @Sendable (Int) -> Void) async throws(OperatorError) -> ActionPlan {
        guard case .purge(let before) = request.wish else { return finished(.purge(before: now), nil) }
        let cutoff = min(before ?? now, now)
        var looked = 0
        try await each(PeekOptions(headersOnly: true, end: .atNewestNow)) { message in
            looked += 1
            if looked % 1000 == 0 { progress(looked) }
            let fields = message.fields
            guard let enqueued = fields.enqueuedTime, enqueued < cutoff else { return }
            guard fields.state == .active else {
                census.scheduled += 1
                return
            }
            take(message, nil)
        }
        progress(looked)
        if snapshot.isEmpty {
            throw OperatorError(
                .notFound, "No message of \(path.displayName) is older than \(cutoff.rfc3339): there is nothing to purge.", entity: path)
        }
        if census.scheduled > 0 {
            remarks.append(
                PlanRemark(
                    .scheduled, .note, "\(census.scheduled) are scheduled or set aside, and are left alone.", count: census.scheduled))
        }
        return finished(.purge(before: cutoff), nil)
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

extension ActionRequest.Wish {
    var sendsCopies: Bool {
        switch self {
        case .redrive, .move, .reactivate: true
        default: false
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

extension ManyPart.Way {
    var isSession: Bool { if case .session = self { true } else { false } }
}
