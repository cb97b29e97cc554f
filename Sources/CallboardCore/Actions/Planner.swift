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

    var snapshot = Snapshot()
    var census = Census()
    var remarks: [PlanRemark] = []
    /// Whether it is known what the target is: its settings need not be readable.
    private var isTargetRead = true

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
        /// Others that stand before those that are meant.
        var passing = Passing()
        fileprivate var ids: Set<UInt64> = []
    }

    var path: EntityPath { request.path }

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

    func checked(_ target: EntityPath) throws(OperatorError) -> EntityPath {
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

    mutating func described(_ target: EntityPath) async throws(OperatorError) -> EntityDescription {
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
                isTargetRead = false
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
        var looksAtAll = true
        switch request.choice {
        case .all: break
        case .numbers(let numbers, _):
            // Some headers more cost less than a question more.
            options.end = .within(numbers.ranges(gap: 64))
            looksAtAll = false
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
            looksAtAll = false
            picked = { members.contains($0.sequenceNumber) }
        }
        var looked = 0
        var passing = Passing()
        try await each(options) { message throws(OperatorError) in
            looked += 1
            if looked % 1000 == 0 { progress(looked) }
            let before = snapshot.count
            if try picked(message) { try take(message, routing) }
            note(message, isWanted: snapshot.count > before, in: &passing)
        }
        progress(looked)
        census.passing = passing
        if !looksAtAll { try await lookBefore() }
        judgePassing()
        if snapshot.isEmpty {
            throw OperatorError(
                .notFound, "No message of \(path.displayName) is meant (\(request.choice.title)): there is nothing to do.", entity: path)
        }
    }

    private var readsBodies: Bool { request.choice.readsBody }

    func each(_ options: PeekOptions, _ body: (PeekedMessage) throws(OperatorError) -> Void) async throws(OperatorError) {
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

    mutating func take(_ message: PeekedMessage, _ routing: TopicRouting?) throws(OperatorError) {
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
        guard snapshot.add(message.sequenceNumber, reached: way) else {
            throw OperatorError(
                .protocolMismatch, "The service gave message #\(message.sequenceNumber) out of order, or twice: nothing was planned.",
                hint: "Plan it again.", entity: path)
        }
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

    // MARK: The plan

    func finished(_ action: MessageAction, _ target: EntityDescription?) -> ActionPlan {
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
        if title.isMasking, action.destroys, request.export != nil {
            all.append(
                PlanRemark(
                    .notExported, .blocker,
                    "'\(title.name)' masks messages: they are not written to a file as they are, so that what is removed could not be put back.",
                    remedy: "Do it where masking is off, or without an export (--no-export)."))
        }
        // What the sandbox and the service do in a second, when nothing slows them down.
        let possible = action.copies == nil ? 20_000 : 10_000
        let seconds = Double(count) / Double(min(rate ?? possible, possible))
        // Headers were looked at, not bodies: the size is that of the queue, shared out evenly.
        var bytes: Int64?
        if readsBodies {
            bytes = census.bytes
        } else if let size = source?.sizeInBytes, let counts = source?.counts {
            // As the service says them, whatever they are.
            let messages = [counts.active, counts.deadLetter, counts.scheduled, counts.transferDeadLetter].reduce(0.0) { $0 + Double($1) }
            if messages > 0 { bytes = Int64(exactly: (Double(size) / messages * Double(count)).rounded()) }
        }
        var plan = ActionPlan(
            action: action, source: path, choice: request.choice.title, snapshot: snapshot, plannedAt: now,
            isAtomic: action.copies != nil && request.isAtomic && tier?.lowercased() != "basic", keepsOrder: keepsOrder, rate: rate,
            credits: count * perMessage, bytes: bytes, duration: .milliseconds(Int64(seconds * 1000)),
            lockDuration: source?.lockDuration ?? .seconds(60), export: action.destroys ? request.export : nil, remarks: all, title: title,
            idHashes: action.copies == nil ? [] : census.idHashes)
        plan.sourceKind = PolicyScope.Kind(source)
        // A guess is nothing for a policy: a rule that denies counts then, whatever it is about.
        plan.targetKind = isTargetRead ? PolicyScope.Kind(target) : .unknown
        return plan
    }

    /// How many messages a second, and what each costs in credits: one to receive and one to send (service-bus-throttling).
    func pace(_ action: MessageAction) -> (rate: Int?, credits: Int) {
        let perMessage = action.copies == nil ? 1 : 2
        if let rate = request.rate { return (rate > 0 ? rate : nil, perMessage) }
        // Hundreds go in one request.
        if case .purge = action { return (nil, 1) }
        if title.isEmulator || tier?.lowercased() == "premium" { return (nil, perMessage) }
        return (max(1, (credits ?? 500) / perMessage), perMessage)
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

extension ManyPart.Way {
    var isSession: Bool { if case .session = self { true } else { false } }
}

extension PolicyScope.Kind {
    init(_ entity: EntityDescription?) {
        switch entity?.kind {
        case .queue: self = .queue
        case .topic: self = .topic
        case .subscription, nil: self = .unknown
        }
    }
}
