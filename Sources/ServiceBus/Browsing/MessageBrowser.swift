internal import AMQP

/// Where a browser's pages come from: an entity, or a script in tests.
protocol PeekSource: Sendable {
    /// Messages from a number on, in order; none only when there are no more.
    func page(from: Int64, count: Int) async throws(ServiceBusError) -> [PeekedMessage]
}

extension PeekedMessage: Numbered {
    var number: Int64 { sequenceNumber.rawValue }
    var size: Int { encodedSize }
}

/// Walks an entity's messages in order of sequence number, with many pages under way at once: see ``RangeScan`` for how they are chosen.
///
/// Nothing is locked. What is held is bounded: a consumer that is slow holds the questions back. Ask it from one task.
public actor MessageBrowser {
    private let source: any PeekSource
    private let path: EntityPath
    private let options: BrowseOptions
    private let limits: ScanLimits
    /// Made at the first question, when the end is known.
    private var scan: RangeScan<PeekedMessage>?
    private var underWay: [Int: Task<Void, Never>] = [:]
    private var failure: ServiceBusError?
    private var waiters: [CheckedContinuation<Void, Never>] = []
    private var isFinished = false

    init(source: any PeekSource, path: EntityPath, options: BrowseOptions, limits: ScanLimits = ScanLimits()) {
        self.source = source
        self.path = path
        self.options = options
        self.limits = limits
    }

    /// The next messages; nil at the end.
    /// - Throws: ``ServiceBusError``. After an error the browser may be asked again; it goes on where it stood.
    public func nextPage() async throws(ServiceBusError) -> [PeekedMessage]? {
        if scan == nil { try await begin() }
        while !isFinished {
            if let failure {
                self.failure = nil
                throw failure
            }
            if Task.isCancelled {
                abandonQuestions()
                throw ServiceBusError(CancellationError(), entity: path)
            }
            let page = scan?.takePage()
            ask()
            if let page {
                let wanted = options.state == nil ? Array(page) : page.filter { $0.state == options.state }
                if wanted.isEmpty { continue }
                return wanted
            }
            if scan?.isFinished != false { break }
            await news()
        }
        return nil
    }

    /// Stops; pages under way are given up.
    public func finish() {
        isFinished = true
        abandonQuestions()
        wake()
    }

    private func begin() async throws(ServiceBusError) {
        let from = options.from.rawValue
        let ranges: [ClosedRange<Int64>] =
            switch options.end {
            case .whenNoMoreCome: [from ... .max]
            case .at(let number): from <= number.rawValue ? [from...number.rawValue] : []
            case .atNewestNow: try await partitionsNow()
            case .within(let wanted): Self.apart(wanted, from: from)
            }
        guard scan == nil else { return }
        if ranges.isEmpty { isFinished = true } else { scan = RangeScan(ranges, limits: limits) }
    }

    /// Ranges in order and apart, as a scan needs them.
    private static func apart(_ wanted: [ClosedRange<SequenceNumber>], from: Int64) -> [ClosedRange<Int64>] {
        var ranges: [ClosedRange<Int64>] = []
        for range in wanted.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            let upper = range.upperBound.rawValue
            let lower = max(range.lowerBound.rawValue, from)
            guard lower <= upper else { continue }
            if let last = ranges.last, lower <= last.upperBound {
                ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, upper)
            } else {
                ranges.append(lower...upper)
            }
        }
        return ranges
    }

    /// Where the messages that there are now lie: from the first to the newest, in each partition.
    func extent() async throws(ServiceBusError) -> [ClosedRange<SequenceNumber>] {
        try await partitionsNow().map { SequenceNumber($0.lowerBound)...SequenceNumber($0.upperBound) }
    }

    /// What there is now: a range a partition, from its first message to its newest.
    private func partitionsNow() async throws(ServiceBusError) -> [ClosedRange<Int64>] {
        let source = source
        var starts: [Int64] = []
        var from = options.from.rawValue
        // Whether a peek goes on into the next partition is left open by the service's documents. Where it does not, the first partition
        // without messages ends the list.
        while let first = try await source.page(from: from, count: 1).first?.number, first >= from {
            starts.append(first)
            guard Partition(first).last < .max else { break }
            from = Partition(first).last + 1
        }
        do {
            return try await withThrowingTaskGroup(of: ClosedRange<Int64>.self) { group in
                for start in starts { group.addTask { start...(try await Self.newest(from: start, source)) } }
                return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.lowerBound < $1.lowerBound }
            }
        } catch {
            throw ServiceBusError(error, entity: path)
        }
    }

    /// The highest number in the partition of one that is there.
    private static func newest(from start: Int64, _ source: any PeekSource) async throws -> Int64 {
        var search = UpperBoundSearch(from: start, through: Partition(start).last)
        while case let positions = search.nextRound(), !positions.isEmpty {
            let found = try await withThrowingTaskGroup(of: (Int64, Int64?).self) { group in
                for position in positions {
                    group.addTask { (position, try await source.page(from: position, count: 1).first?.number) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for (position, number) in found { search.answered(position, number) }
        }
        // What was there a moment ago may be gone.
        return max(search.highest, start)
    }

    // MARK: Questions

    private func ask() {
        guard failure == nil, !isFinished else { return }
        while let question = scan?.nextQuestion() {
            // Not on this actor: the answers to many questions are read at once.
            underWay[question.id] = Task { @concurrent [source] in
                let answer: Result<[PeekedMessage], ServiceBusError>
                do throws(ServiceBusError) {
                    answer = .success(try await source.page(from: question.from, count: question.count))
                } catch {
                    answer = .failure(error)
                }
                await self.take(answer, to: question)
            }
        }
    }

    private func take(_ answer: Result<[PeekedMessage], ServiceBusError>, to question: RangeScan<PeekedMessage>.Question) {
        // A question that was given up has been forgotten.
        guard underWay.removeValue(forKey: question.id) != nil else { return }
        switch answer {
        case .success(let page):
            do throws(RangeScan<PeekedMessage>.Fault) {
                try scan?.answered(question, page)
            } catch {
                fail(question, outOfOrder(error, question))
            }
        case .failure(let error): fail(question, error)
        }
        ask()
        wake()
    }

    private func fail(_ question: RangeScan<PeekedMessage>.Question, _ error: ServiceBusError) {
        scan?.failed(question)
        abandonQuestions()
        failure = error
    }

    private func outOfOrder(_ fault: RangeScan<PeekedMessage>.Fault, _ question: RangeScan<PeekedMessage>.Question) -> ServiceBusError {
        let number =
            switch fault {
            case .outOfOrder(let number): number
            }
        return ServiceBusError(
            .protocolMismatch, "The service answered a peek from #\(question.from) with #\(number), out of order.", entity: path)
    }

    private func abandonQuestions() {
        for task in underWay.values { task.cancel() }
        underWay = [:]
        scan?.forgetQuestions()
    }

    // MARK: Waiting

    /// Waits until an answer has come, or the caller is cancelled.
    private func news() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                // Cancelled before there was anything to wake: the caller looks for itself.
                if Task.isCancelled { waiter.resume() } else { waiters.append(waiter) }
            }
        } onCancel: {
            Task { await self.wake() }
        }
    }

    private func wake() {
        let woken = waiters
        waiters = []
        for waiter in woken { waiter.resume() }
    }
}

extension Namespace {
    /// Where the messages of an entity lie now: from the first to the newest, in each of its partitions; none when there is no message.
    /// Some twenty questions for one message each.
    public nonisolated func extent(of path: EntityPath) async throws(ServiceBusError) -> [ClosedRange<SequenceNumber>] {
        try await browser(for: path, options: BrowseOptions(headersOnly: true)).extent()
    }

    /// The messages of an entity, page by page, many pages under way at once.
    public nonisolated func browser(for path: EntityPath, options: BrowseOptions = BrowseOptions()) -> MessageBrowser {
        MessageBrowser(source: EntitySource(namespace: self, path: path, options: options), path: path, options: options)
    }
}

private struct EntitySource: PeekSource {
    let namespace: Namespace
    let path: EntityPath
    let options: BrowseOptions

    func page(from: Int64, count: Int) async throws(ServiceBusError) -> [PeekedMessage] {
        try await namespace.peek(
            path, from: SequenceNumber(from), count: count, headersOnly: options.headersOnly, sessionID: options.sessionID)
    }
}
