internal import ServiceBus

/// What is not done message by message: exporting first, deleting by a moment, sending what is in a file.
extension Job {
    /// Whether messages are deleted by the moment they were enqueued, many in one request.
    ///
    /// What enters a queue itself is enqueued then, by the service's clock: nothing newer than the newest that was seen is hit. A dead letter
    /// keeps the moment it was enqueued first, so that one that dies after the export would be deleted with those that were exported: there,
    /// each is deleted by its number.
    /// Whoever asks for a rate gets it by deleting message by message too.
    var deletesByTime: Bool {
        guard case .purge = plan.action, plan.rate == nil else { return false }
        return plan.export == nil || plan.source.subQueue == .active
    }

    /// Writes down what is to be removed, so that it can be put back. Without an export that is whole, nothing is removed.
    func exportFirst() async throws {
        guard let path = plan.export, plan.action.destroys else { return }
        if wasExported {
            exported(to: path)
            return
        }
        let header = ExportHeader(
            namespace: plan.title.endpoint, entity: plan.source, exportedAt: plan.plannedAt, context: plan.title.name,
            identity: plan.title.identity, reason: plan.action.verb == "purge" ? .purge : .delete, jobID: String(id))
        let writer = try ExportWriter(to: path, header: header, isOverwriting: isThere(header, path))
        var found = 0
        do {
            for part in plan.snapshot.parts {
                let wanted = part.numbers
                let pages = changing.pages(of: plan.source, options: PeekOptions(end: .within(wanted.ranges(gap: 64))))
                do {
                    while let page = try await pages.nextPage() {
                        try Task.checkCancellation()
                        for message in page where wanted.contains(message.sequenceNumber) {
                            try writer.append(message)
                            found += 1
                        }
                    }
                    await pages.finish()
                } catch {
                    await pages.finish()
                    throw error
                }
            }
            _ = try writer.finish()
        } catch {
            writer.abandon()
            throw error
        }
        try await journal.write(JobLine(kind: .exported, at: journal.time, count: found))
        exported(to: path)
        tell()
    }

    /// Whether a file is the export of this very plan, of a run that ended before it could say so. Nothing else is written over: the number of a
    /// job is somebody else's too.
    private func isThere(_ header: ExportHeader, _ path: String) -> Bool {
        do throws(OperatorError) {
            let found = try ExportReader(path).header
            return found.jobID == header.jobID && found.namespace == header.namespace && found.entity == header.entity
                && found.exportedAt == header.exportedAt && found.context == header.context && found.reason == header.reason
        } catch { return false }
    }

    /// Deletes what is old enough by the moment of enqueueing, and the rest by number. Where no moment is known before which nothing comes any
    /// more, as in journals of versions that went by their own clock, all are deleted by number.
    func purge(before limit: Timestamp) async throws {
        guard let closed = plan.closedBefore else { return try await counted == 0 ? runMany() : purgeRest(nil) }
        let isWhole = try await isClosed(closed, before: limit)
        let cutoff = isWhole ? limit : closed
        let (control, changing, source) = (control, changing, plan.source)
        var failure: ServiceBusError
        while true {
            let already = counted
            try await journal.write(JobLine(kind: .begin, at: journal.time))
            let work = Task {
                await changing.deleteMessages(in: source, enqueuedBefore: cutoff) { count in Task { await self.deleted(already + count) } }
            }
            let result = await control.stopping(work)
            deleted(already + result.done)
            try await journal.write(JobLine(kind: .deleted, at: journal.time, count: counted))
            guard let stop = result.failure else { return try await purgeRest(cutoff) }
            failure = stop
            if failure.outcome == .unknown { note("A request was cut off: up to 4,000 more messages may have been deleted.") }
            guard failure.code == .cancelled, control.isPaused, !Task.isCancelled else { break }
            await waitWhilePaused()
            guard !control.isCancelled else { return end(.cancelled, nil) }
        }
        // Partitioned entities know no such request: there, each is deleted by its number.
        if failure.code == .invalidRequest, failure.outcome == .notCarriedOut, counted == 0 { return try await runMany() }
        end(failure.code == .cancelled ? .cancelled : .stopped, failure.code == .cancelled ? nil : failure)
    }

    /// How long it takes for the millisecond to be over in which the newest message was enqueued, with a margin.
    private static let margin = Duration.milliseconds(20)

    /// Whether all that was enqueued before the end of the plan's last millisecond is in the plan: others may have been enqueued in that
    /// millisecond after it was looked.
    private func isClosed(_ closed: Timestamp, before limit: Timestamp) async throws -> Bool {
        if limit <= closed { return true }
        // Of dead letters their times say nothing about it.
        guard plan.source.subQueue == .active, let last = plan.snapshot.last?.rawValue, last < .max else { return true }
        try await control.sleep(Self.margin)
        let others = SequenceNumber(last + 1)...SequenceNumber(.max)
        var found: PeekedMessage?
        try await each(PeekOptions(headersOnly: true, end: .within([others]))) { message in
            if message.state == .active { found = message }
            return found == nil
        }
        guard let found else { return true }
        return found.fields.enqueuedTime.map { $0 >= limit } ?? false
    }

    /// Looks what of the plan is left when all that may be deleted by a moment is. What is not there was deleted or taken by others; what is
    /// there and old enough is in somebody's hands; the others are deleted by their numbers.
    private func purgeRest(_ cutoff: Timestamp?) async throws {
        let wanted = plan.snapshot.numbers
        var held: Set<SequenceNumber> = []
        // Where it is not known whether they were deleted, that is found out in the same way.
        var open = unresolved
        try await each(PeekOptions(headersOnly: true, end: .within(wanted.ranges(gap: 64)))) { message in
            let number = message.sequenceNumber
            guard wanted.contains(number), !isSettled(number) else { return true }
            if let cutoff, let enqueued = message.fields.enqueuedTime, enqueued < cutoff {
                held.insert(number)
            } else {
                open.insert(number)
            }
            return true
        }
        open.subtract(held)
        try await areGone(plan.count - progress.done - progress.failed - held.count - open.count)
        rest = rest.compactMap { part in
            let numbers = part.numbers.filter(open.contains)
            return numbers.isEmpty ? nil : ManyPart(part.way, numbers)
        }
        if rest.isEmpty { endHeld(held.count) } else { try await runMany(besides: held.count) }
    }

    /// Looks at messages of the queue, until it is told to stop.
    private func each(_ options: PeekOptions, _ body: (PeekedMessage) -> Bool) async throws {
        let pages = changing.pages(of: plan.source, options: options)
        do {
            pages: while let page = try await pages.nextPage() {
                if control.isCancelled { throw CancellationError() }
                try Task.checkCancellation()
                for message in page where !body(message) { break pages }
            }
            await pages.finish()
        } catch {
            await pages.finish()
            throw error
        }
    }

    /// Sends the messages of an export in order, a batch after the other; each is in the journal before it is sent, by the places its messages
    /// have in the file, from 1.
    func send(_ file: String, _ changes: CopyChanges) async throws {
        let reader = try ExportReader(file)
        guard try reader.verify().sha256 == plan.fileDigest else {
            throw OperatorError(
                .conflict, "'\(file)' is not the file that was planned any more: nothing more of it is sent.", hint: "Plan it again.")
        }
        var place = SequenceNumber(0)
        var batch: [(place: SequenceNumber, message: PeekedMessage)] = []
        var number = lastBatch
        let size = control.batchSize(100, rate: plan.rate)
        while true {
            while batch.count < size, let message = try reader.next() {
                place = SequenceNumber(place.rawValue + 1)
                if !isSettled(place) { batch.append((place, message)) }
            }
            if batch.isEmpty { return }
            guard await mayProceed(with: batch.count), !Task.isCancelled else {
                guard control.isPaused, !Task.isCancelled else { return end(.cancelled, nil) }
                await waitWhilePaused()
                continue
            }
            number += 1
            try await willAct(on: number, batch.map(\.place))
            let results = await changing.send(each: batch.map { ForwardedMessage($0.message, changes: changes) }, to: plan.source)
            var outcome = ManyOutcome()
            for (entry, result) in zip(batch, results) {
                switch result {
                case .success: outcome.done.append(entry.place)
                case .failure(let error) where error.outcome == .unknown:
                    outcome.unknown.append(entry.place)
                    outcome.error = outcome.error ?? error
                case .failure(let error) where error.concernsOneMessage: outcome.failed.append((entry.place, error))
                case .failure(let error): outcome.error = outcome.error ?? error
                }
            }
            await didAct(on: number, outcome)
            batch = []
            // Nothing is sent after what was not taken: it would come before it when the job is gone on with.
            if let stop = outcome.error { return end(.stopped, stop) }
        }
    }
}
