internal import ServiceBus

/// What is received on the way to the messages that are meant.
extension Planner {
    /// The others that stand before messages that are meant, each in its line: that of the queue, or of a session.
    struct Passing {
        private var others: [String: Int] = [:]
        private var passed: [String: Int] = [:]
        /// Whether the lines were left before the last message that is meant.
        var isCut = false

        mutating func sawOther(in line: String) { others[line, default: 0] += 1 }
        /// One that is meant stands behind all the others that were seen in its line.
        mutating func sawWanted(in line: String) { passed[line] = others[line, default: 0] }
        /// How many there are, or, where the lines were left, how many at least.
        var count: Int { passed.values.reduce(0, +) }
    }

    /// As many messages are looked at as are to be had in about a second, to count those that stand before one that is named by its number.
    private static let mostCounted = 10_000

    /// Notes how a message stands; one that is set aside or scheduled stands in no line.
    func note(_ message: PeekedMessage, isWanted: Bool, in passing: inout Passing) {
        guard message.state == .active else { return }
        let line = source?.requiresSession == true && path.subQueue == .active ? message.sessionID ?? "" : ""
        if isWanted { passing.sawWanted(in: line) } else { passing.sawOther(in: line) }
    }

    /// Goes by the headers from the front to the last of the messages that are meant, where only these were looked at: a job has to receive
    /// what stands before them as well. Long lines are not followed to their end.
    mutating func lookBefore() async throws(OperatorError) {
        var passing = Passing()
        var ends: [Int64: SequenceNumber] = [:]
        var wanted: [(line: String, numbers: SequenceNumberSet)] = []
        for part in snapshot.parts {
            switch part.way {
            case .line: wanted.append(("", part.numbers))
            case .session(let id): wanted.append((id, part.numbers))
            case .deferred, .scheduled: continue
            }
            // In each partition, which the top 16 bits name.
            for number in part.numbers { ends[number.rawValue >> 48] = max(number, ends[number.rawValue >> 48] ?? number) }
        }
        if wanted.isEmpty { return }
        let meant = snapshot.numbers
        let ranges = ends.map { SequenceNumber($0.key << 48)...$0.value }
        let pages = changing.pages(of: path, options: PeekOptions(headersOnly: true, end: .within(ranges)))
        var looked = 0
        var last: SequenceNumber?
        do throws(OperatorError) {
            while looked < Self.mostCounted, let page = try await pages.nextPage() {
                if Task.isCancelled { throw OperatorError(.cancelled, "Planning was stopped.") }
                for message in page { note(message, isWanted: meant.contains(message.sequenceNumber), in: &passing) }
                looked += page.count
                last = page.last?.sequenceNumber ?? last
            }
            await pages.finish()
        } catch {
            await pages.finish()
            throw error
        }
        if looked >= Self.mostCounted, let last {
            for part in wanted where part.numbers.last.map({ $0 > last }) == true {
                passing.isCut = true
                passing.sawWanted(in: part.line)
            }
        }
        census.passing = passing
    }

    /// What stands between is received on the way, held, and given back.
    mutating func judgePassing() {
        let isInLine = snapshot.parts.contains { $0.way == .line || $0.way.isSession }
        let (count, isCut) = (census.passing.count, census.passing.isCut)
        guard isInLine, count > 0 || isCut else { return }
        let isWatched = path.subQueue == .active
        let they =
            switch (isCut, count) {
            case (true, 0): "Other messages may stand"
            case (true, _): "At least \(count) other messages stand"
            case (false, _): "\(count) other messages stand"
            }
        remarks.append(
            PlanRemark(
                .passesOver, isWatched ? .warning : .note,
                "\(they) between them: they are locked while the job runs, and given back untouched."
                    + (isWatched ? " Consumers do not get them meanwhile." : ""), count: isCut && count == 0 ? nil : count))
    }
}
