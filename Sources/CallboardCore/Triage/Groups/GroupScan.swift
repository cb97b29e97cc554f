public import ServiceBus

/// Sorts the messages of one queue into groups while they are read, up to the newest there was when it began.
///
/// It can be stopped by cancelling the task it runs in, and run again: it goes on where it stood, to the same end.
public actor GroupScan {
    /// What is known so far.
    public struct Progress: Sendable {
        /// Groups of more than one message, largest first; where each message is alone and they are few, those.
        public var groups: [MessageGroup] = []
        /// Messages that are alone in their group.
        public var singles = SequenceNumberSet()
        /// How many messages were read.
        public var scanned = 0
        /// Messages that are in no group, because there were too many different ones.
        public var others = 0
        /// The newest message when it began; nil while that is not known, and where there is none.
        public var bound: SequenceNumber?
        /// How much of the numbers up to there was passed, from 0 to 1: an estimate of how far it is, for numbers may be missing.
        public var passed = 0.0
        /// Whether all was read.
        public var isComplete = false
        /// How long it has run.
        public var elapsed = Duration.zero
        /// Names of application properties that were seen: what could be grouped by.
        public var propertyNames: [String] = []

        /// Nothing yet.
        public init() {}
    }

    /// The queue or sub-queue.
    public nonisolated let path: EntityPath
    /// What is grouped by.
    public nonisolated let keys: [GroupKey]
    private var found: MessageGroups
    private var names: Set<String> = []
    /// The numbers to look at; nil until they are known.
    private var ranges: [ClosedRange<SequenceNumber>]?
    /// The last number seen.
    private var reached: SequenceNumber?
    private var isComplete = false
    private var elapsed = Duration.zero
    /// Which run is the one that counts: one that was stopped may still be on its way out.
    private var run = 0

    /// So few messages that differ are shown as they are.
    static let fewSingles = 200
    private static let mostNames = 100

    /// A scan that has not begun.
    public init(_ path: EntityPath, by keys: [GroupKey]) {
        self.path = path
        found = MessageGroups(by: keys)
        self.keys = found.keys
    }

    /// Reads on until the end, and says what is known: at the first page, at the end or where it stops, and between as often as costs little.
    /// - Throws: ``OperatorError``; ``OperatorError/Code/cancelled`` when its task was cancelled or it was run again.
    public func run(in workspace: Workspace, report: @Sendable (Progress) -> Void) async throws(OperatorError) {
        run += 1
        let own = run
        let began = ContinuousClock.now
        let before = elapsed
        var pace = Pace(began)
        do throws(OperatorError) {
            if ranges == nil {
                try await begin(in: workspace, own) {
                    self.elapsed = before + (.now - began); report(progress())
                }
                pace.reported(taking: .zero)
            }
            var pages = workspace.scan(path, options: options(.within(rest))).makeAsyncIterator()
            while let page = try await pages.next() {
                try check(own)
                take(page)
                guard pace.isDue else { continue }
                elapsed = before + (.now - began)
                let started = ContinuousClock.now
                report(progress())
                pace.reported(taking: .now - started)
            }
            try check(own)
            isComplete = true
        } catch {
            if own == run {
                elapsed = before + (.now - began)
                report(progress())
            }
            throw error
        }
        elapsed = before + (.now - began)
        report(progress())
    }

    /// Reads the first page at once, while it is found out how far it goes.
    private func begin(in workspace: Workspace, _ own: Int, report: () -> Void) async throws(OperatorError) {
        async let extent = Self.extent(of: path, in: workspace)
        let first = try await workspace.peek(path, count: Workspace.pageSize, options: options(.whenNoMoreCome))
        try check(own)
        // A scan that was stopped before its end was known begins again: nothing counts twice.
        (found, reached) = (MessageGroups(by: keys), nil)
        take(first)
        if !first.isEmpty { report() }
        let ranges = try await extent.get()
        try check(own)
        // Whether one page shows all there is up to its end is sure only where there is one range: with partitions it is read again.
        if ranges.count > 1 {
            found = MessageGroups(by: keys)
            reached = nil
        }
        self.ranges = ranges
    }

    private static func extent(
        of path: EntityPath, in workspace: Workspace
    ) async -> Result<[ClosedRange<SequenceNumber>], OperatorError> {
        do throws(OperatorError) { return .success(try await workspace.extent(of: path)) } catch { return .failure(error) }
    }

    private func check(_ own: Int) throws(OperatorError) {
        if own != run { throw OperatorError(.cancelled, "The scan was started again.") }
    }

    private func options(_ end: BrowseOptions.End) -> PeekOptions {
        PeekOptions(headersOnly: !keys.contains(where: \.readsBody), end: end)
    }

    private func take(_ page: [PeekedMessage]) {
        found.append(contentsOf: page)
        reached = page.last?.sequenceNumber ?? reached
        // What properties there are shows early; later pages are tried with one message each.
        for message in page.prefix(found.count <= Workspace.pageSize ? page.count : 1) where names.count < Self.mostNames {
            var properties = message.readApplicationProperties()
            while properties.next() {
                if let name = properties.name.text, name.utf8.count <= 64, !name.hasPrefix("DeadLetter") { names.insert(name) }
            }
        }
    }

    /// The ranges still to be read.
    private var rest: [ClosedRange<SequenceNumber>] {
        guard let reached else { return ranges ?? [] }
        return (ranges ?? []).compactMap { range in
            guard range.upperBound > reached else { return nil }
            return max(range.lowerBound, reached.next ?? range.upperBound)...range.upperBound
        }
    }

    /// What is known now.
    public func progress() -> Progress {
        var progress = Progress()
        (progress.groups, progress.singles) = found.summary()
        if progress.groups.isEmpty, (1...Self.fewSingles).contains(progress.singles.count) {
            progress.groups = found.groups()
            progress.singles = SequenceNumberSet()
        }
        progress.scanned = found.count
        progress.others = found.others
        progress.bound = (ranges?.last?.upperBound).map { max($0, reached ?? $0) }
        progress.passed = isComplete ? 1 : passed
        progress.isComplete = isComplete
        progress.elapsed = elapsed
        progress.propertyNames = names.sorted()
        return progress
    }

    private var passed: Double {
        guard let ranges, reached != nil else { return 0 }
        let width = { (ranges: [ClosedRange<SequenceNumber>]) in
            ranges.reduce(0.0) { $0 + Double($1.upperBound.rawValue) - Double($1.lowerBound.rawValue) + 1 }
        }
        let all = width(ranges)
        return all > 0 ? min(max(1 - width(rest) / all, 0), 1) : 0
    }
}

extension GroupScan: Hashable {
    /// Whether both are the same scan.
    public static func == (a: GroupScan, b: GroupScan) -> Bool { a === b }
    /// Hashes which scan it is.
    public nonisolated func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// How often a scan says what it knows: ten times a second, and less often where putting it together takes long.
private struct Pace {
    private var last: ContinuousClock.Instant
    private var interval = Pace.shortest
    private static let shortest = Duration.milliseconds(100)

    init(_ now: ContinuousClock.Instant) { last = now }

    var isDue: Bool { ContinuousClock.now - last >= interval }

    mutating func reported(taking cost: Duration) {
        last = .now
        interval = max(Pace.shortest, cost * 8)
    }
}
