/// One part of an operation on many messages on its way.
///
/// Messages are received in one place, one call after another; batches of them are acted on side by side.
actor ManyRun {
    /// Where messages come from, and how they are acted on.
    struct Lane: Sendable {
        let receiver: MessageReceiver
        /// The connection for transactions; nil where each copy is sent by itself.
        let scope: TransactionScope?
        let session: MessageSession?
    }

    let namespace: Namespace
    let path: EntityPath
    let action: ManyAction
    let part: ManyPart
    let options: ManyOptions
    let observer: any ManyObserver
    var ledger: ManyLedger
    var report = ManyReport()
    /// What stops it; nothing new begins then.
    var failure: (any Error)?
    private var batches: Int
    /// Opens when the batch before is done with.
    private var lastTurn: Turn?
    private var lastProgress = ContinuousClock.now

    private static let largestChunk = 1000
    private static let sideBySide = 6
    private static let wait = Duration.seconds(1)

    init(
        _ namespace: Namespace, _ path: EntityPath, _ action: ManyAction, _ part: ManyPart, _ options: ManyOptions,
        _ observer: any ManyObserver, firstBatch: Int
    ) {
        self.namespace = namespace
        self.path = path
        self.action = action
        self.part = part
        self.options = options
        self.observer = observer
        batches = firstBatch
        ledger = ManyLedger(part.numbers.sorted(), unresolved: options.unresolved, copied: options.copied)
    }

    /// Works until nothing is left, or nothing more can be done, and adds how it went.
    func perform(into total: inout ManyReport) async {
        var attempt = 0
        while ledger.open > 0, failure == nil, !report.isStopped, !Task.isCancelled {
            let before = ledger.open
            do {
                try await connect()
                break
            } catch {
                guard let lost = error as? ServiceBusError, lost.passes else {
                    failure = error
                    break
                }
                attempt = ledger.open < before ? 1 : attempt + 1
                let configuration = namespace.configuration
                guard let pause = configuration.retry.pause(after: lost, attempt: attempt, random: configuration.pacing.random()) else {
                    failure = lost
                    break
                }
                await observer.willReconnect(after: lost)
                if (try? await configuration.pacing.sleep(pause)) == nil { break }
            }
        }
        report.left = ledger.openNumbers.filter { ledger[$0] != .copied }
        report.copied += ledger.openNumbers.filter { ledger[$0] == .copied }
        report.unresolved += ledger.openNumbers.filter { ledger[$0] == .unresolved }
        if Task.isCancelled, failure == nil { failure = ServiceBusError(.cancelled, "stopped", entity: path) }
        total.add(report, failure, batches: batches)
    }

    // MARK: Reaching the messages

    private func connect() async throws {
        if case .scheduled = part.way { return try await cancelScheduled() }
        if case .forward = action, options.isAtomic {
            return try await namespace.withTransactionScope { scope in
                switch part.way {
                case .line, .deferred(nil):
                    try await scope.withReceiver(for: path) { try await work(Lane(receiver: $0, scope: scope, session: nil)) }
                case .session(let id), .deferred(.some(let id)):
                    try await scope.withSession(.named(id), of: path) {
                        try await work(Lane(receiver: $0.receiver, scope: scope, session: $0))
                    }
                case .scheduled: break
                }
            }
        }
        switch part.way {
        case .line, .deferred(nil):
            try await namespace.withReceiver(for: path) { try await work(Lane(receiver: $0, scope: nil, session: nil)) }
        case .session(let id), .deferred(.some(let id)):
            try await namespace.withSession(.named(id), of: path) {
                try await work(Lane(receiver: $0.receiver, scope: nil, session: $0))
            }
        case .scheduled: break
        }
    }

    private func work(_ lane: Lane) async throws {
        lastProgress = .now
        var hands = Hands(
            held: PassedOver(lane.receiver, session: lane.session, clock: namespace.clock, lockDuration: options.lockDuration))
        var thrown: (any Error)?
        await withTaskGroup(of: Event.self) { group in
            do {
                if case .deferred = part.way {
                    try await takeDeferred(lane, &group, &hands)
                } else {
                    try await take(lane, &group, &hands)
                }
            } catch {
                thrown = error
            }
            hands.alarm?.cancel()
            await group.waitForAll()
        }
        let given = await hands.held.giveBack()
        report.passedOver += given.passedOver
        report.stillLocked += given.stillLocked
        if let error = thrown ?? failure {
            // What another connection may mend is not for good.
            if let lost = error as? ServiceBusError, lost.passes { failure = nil }
            throw error
        }
    }

    /// How many batches are acted on at a time.
    private var lanes: Int {
        if options.keepsOrder || part.way.isInSession { return 1 }
        // At most one batch is in doubt where there is no transaction.
        if case .forward = action, !options.isAtomic { return 1 }
        return Self.sideBySide
    }

    private func take(_ lane: Lane, _ group: inout TaskGroup<Event>, _ hands: inout Hands) async throws {
        var chunk = 1
        // Were releases counted, only the one message that shows it is to be in our hands and is not meant. So as long as it is not known, only those
        // are received together that surely follow one another; where others may stand between, it is found out on the first that is meant.
        var knowsReleases = false
        var isToTry = ledger.hasGaps
        while failure == nil {
            guard ledger.open > 0 else {
                if hands.underWay == 0 { return }
                try await next(&group, &hands)
                continue
            }
            guard try await mayProceed(with: nil, &group, &hands) else { return stop() }
            let room = options.heldAtOnce - hands.held.count
            guard room > 0 else {
                throw ServiceBusError(
                    .invalidRequest,
                    "More than \(options.heldAtOnce) other messages stand between those that are meant: they would have to be locked meanwhile.",
                    entity: path)
            }
            let most = knowsReleases ? chunk : max(1, ledger.run(atMost: chunk))
            let messages = try await lane.receiver.receive(max: min(size(of: most, hands.held), room), wait: Self.wait)
            var wanted: [ReceivedMessage] = []
            var others: [ReceivedMessage] = []
            for message in messages {
                if ledger[message.sequenceNumber]?.isOpen == true { wanted.append(message) } else { others.append(message) }
            }
            if !others.isEmpty, !knowsReleases {
                let first = others.removeFirst()
                try await namespace.tryRelease(
                    first, by: lane.receiver,
                    consequence: "The messages between those that are meant could not be passed over without that.")
                knowsReleases = true
                // It comes again, and is held then.
                if wanted.isEmpty, others.isEmpty, !ledger.isBehind(first.sequenceNumber) { continue }
            }
            if isToTry, !knowsReleases, let first = wanted.first {
                isToTry = false
                knowsReleases = try await isReleaseFree(first, lane)
                // It comes again.
                wanted.removeFirst()
                if wanted.isEmpty, others.isEmpty { continue }
            }
            if wanted.isEmpty, others.allSatisfy({ ledger.isBehind($0.sequenceNumber) }) {
                // What is left is under way, gone, or in somebody else's hands.
                for result in await lane.receiver.settle(others, .release) { try result.get() }
                if hands.underWay > 0 {
                    try await next(&group, &hands)
                } else if try await isOver(keeping: { try await hands.held.renewLocks() }) {
                    return
                } else if !messages.isEmpty {
                    try await namespace.configuration.pacing.sleep(Self.wait)
                }
                chunk = 1
                continue
            }
            for message in others { hands.held.hold(message) }
            guard try await act(on: wanted, lane, &group, &hands) else { return stop() }
            chunk = min(chunk * 4, Self.largestChunk)
        }
    }

    /// Gives a message back that is meant, and looks whether that counts as a delivery. If it does, nothing is wrong until another is met.
    private func isReleaseFree(_ message: ReceivedMessage, _ lane: Lane) async throws -> Bool {
        do {
            try await namespace.tryRelease(message, by: lane.receiver, consequence: "")
            return true
        } catch let error as ServiceBusError where error.code == .releaseRaisesCount { return false }
    }

    private func takeDeferred(_ lane: Lane, _ group: inout TaskGroup<Event>, _ hands: inout Hands) async throws {
        var numbers = ledger.openNumbers[...]
        while !numbers.isEmpty, failure == nil {
            guard try await mayProceed(with: nil, &group, &hands) else { return stop() }
            let chunk = numbers.prefix(size(of: options.batchSize, hands.held))
            numbers = numbers.dropFirst(chunk.count)
            let messages = try await receive(deferred: Array(chunk), lane)
            guard try await act(on: messages, lane, &group, &hands) else { return stop() }
        }
        while hands.underWay > 0 { try await next(&group, &hands) }
        _ = try await isOver(keeping: { try await hands.held.renewLocks() })
    }

    /// The service refuses all where one of them is not deferred any more: then they are asked for one by one.
    private func receive(deferred numbers: [SequenceNumber], _ lane: Lane) async throws(ServiceBusError) -> [ReceivedMessage] {
        do throws(ServiceBusError) { return try await lane.receiver.receiveDeferred(numbers) } catch {
            guard error.code == .messageNotFound, error.outcome == .notCarriedOut else { throw error }
            guard numbers.count > 1 else { return [] }
            var messages: [ReceivedMessage] = []
            for number in numbers { messages += try await receive(deferred: [number], lane) }
            return messages
        }
    }

    /// Hands messages on in batches.
    /// - Returns: false when it is to stop; what was not handed on is given back at the end.
    private func act(
        on messages: [ReceivedMessage], _ lane: Lane, _ group: inout TaskGroup<Event>, _ hands: inout Hands
    ) async throws -> Bool {
        hands.held.keep(messages)
        var rest = messages[...]
        while !rest.isEmpty {
            // What only has to be removed is not sent again.
            let first = ledger[rest[rest.startIndex].sequenceNumber]
            let batch = Array(rest.prefix(options.batchSize).prefix { (ledger[$0.sequenceNumber] == .copied) == (first == .copied) })
            rest = rest.dropFirst(batch.count)
            while hands.underWay >= lanes { try await next(&group, &hands) }
            guard failure == nil else { return true }
            guard try await mayProceed(with: batch.count, &group, &hands) else { return false }
            batches += 1
            let number = batches
            try await observer.willAct(on: number, batch.map(\.sequenceNumber))
            for message in batch { ledger[message.sequenceNumber] = .underWay }
            lastProgress = .now
            hands.held.handOn(batch.count)
            let (before, own) = (lastTurn, Turn())
            lastTurn = own
            group.addTask {
                await self.finish(number, await self.outcome(of: batch, number, lane, isCopied: first == .copied, after: before))
                own.open()
                return .done
            }
            hands.underWay += 1
        }
        return true
    }

    private func stop() { report.isStopped = true }

    private func finish(_ batch: Int, _ outcome: ManyOutcome) async {
        report.done += outcome.done.count
        report.failed += outcome.failed.count
        report.unknown += outcome.unknown
        for number in outcome.done + outcome.failed.map(\.number) + outcome.unknown { ledger[number] = .settled }
        for number in outcome.copied { ledger[number] = .copied }
        for number in outcome.postponed { ledger[number] = outcome.isResolved ? .waiting : .unresolved }
        lastProgress = .now
        await observer.didAct(on: batch, outcome)
    }

    // MARK: What is not there

    /// Looks which of the messages that are left are still there: of the others, those that were acted on are done.
    /// - Parameter keep: called now and then meanwhile, to renew what is held.
    /// - Returns: whether nothing is left, or patience has ended.
    private func isOver(keeping keep: () async throws -> Void = {}) async throws -> Bool {
        let open = ledger.openNumbers
        let present = try await present(among: open, keeping: keep)
        let absent = open.filter { !present.contains($0) }
        if !absent.isEmpty {
            var done = ManyOutcome()
            var gone: [SequenceNumber] = []
            for number in absent {
                switch ledger[number] {
                case .unresolved?, .copied?: done.done.append(number)
                default: gone.append(number)
                }
            }
            report.gone += gone.count
            for number in gone { ledger[number] = .settled }
            if !gone.isEmpty { await observer.areGone(gone) }
            if !done.done.isEmpty { await finish(0, done) }
        }
        return ledger.open == 0 || ContinuousClock.now - lastProgress > options.patience
    }

    private func present(
        among numbers: [SequenceNumber], keeping keep: () async throws -> Void
    ) async throws -> Set<SequenceNumber> {
        var ranges: [ClosedRange<SequenceNumber>] = []
        for number in numbers {
            if let last = ranges.last {
                // Numbers are the service's: any two may be as far apart as there are numbers.
                let (distance, overflow) = number.rawValue.subtractingReportingOverflow(last.upperBound.rawValue)
                if !overflow, distance < 250 {
                    ranges[ranges.count - 1] = last.lowerBound...number
                    continue
                }
            }
            ranges.append(number...number)
        }
        var options = BrowseOptions(headersOnly: true)
        options.end = .within(ranges)
        let browser = namespace.browser(for: path, options: options)
        var present: Set<SequenceNumber> = []
        do {
            while let page = try await browser.nextPage() {
                for message in page where !isDoneBy(action, message) { present.insert(message.sequenceNumber) }
                try await keep()
            }
            await browser.finish()
            return present
        } catch {
            await browser.finish()
            throw error
        }
    }

    /// Whether a message is as the action leaves it: one that is set aside stays where it is.
    private func isDoneBy(_ action: ManyAction, _ message: PeekedMessage) -> Bool {
        if case .defer = action { message.state == .deferred } else { false }
    }

    private func cancelScheduled() async throws {
        var numbers = ledger.openNumbers[...]
        while !numbers.isEmpty, failure == nil {
            guard await observer.mayProceed(with: nil) else { return stop() }
            let chunk = Array(numbers.prefix(options.batchSize))
            numbers = numbers.dropFirst(chunk.count)
            guard await observer.mayProceed(with: chunk.count) else { return stop() }
            batches += 1
            try await observer.willAct(on: batches, chunk)
            for number in chunk { ledger[number] = .underWay }
            await finish(batches, await outcome(ofScheduled: chunk))
        }
        if ledger.open > 0 { _ = try await isOver() }
    }
}

extension ManyPart.Way {
    fileprivate var isInSession: Bool {
        switch self {
        case .session, .deferred(.some): true
        default: false
        }
    }
}

extension ManyReport {
    fileprivate mutating func add(_ part: ManyReport, _ failure: (any Error)?, batches: Int) {
        done += part.done
        failed += part.failed
        unknown += part.unknown
        copied += part.copied
        gone += part.gone
        left += part.left
        unresolved += part.unresolved
        passedOver += part.passedOver
        stillLocked += part.stillLocked
        isStopped = isStopped || part.isStopped
        lastBatch = batches
        if let failure { self.failure = failure }
    }
}
