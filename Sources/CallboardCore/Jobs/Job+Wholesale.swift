internal import ServiceBus

/// What is not done message by message: exporting first, deleting by a moment, sending what is in a file.
extension Job {
    /// Whether messages are deleted by the moment they were enqueued, many in one request.
    ///
    /// What enters a queue itself is enqueued then: nothing newer can be hit. A dead letter keeps the moment it was enqueued first, so that one
    /// that dies after the export would be deleted with those that were exported: there, each is deleted by its number.
    var deletesByTime: Bool {
        guard case .purge = plan.action else { return false }
        return plan.export == nil || plan.source.subQueue == .active
    }

    /// Writes down what is to be removed, so that it can be put back. Without an export that is whole, nothing is removed.
    func exportFirst() async throws {
        guard let path = plan.export, plan.action.destroys else { return }
        if wasExported {
            exported(to: path)
            return
        }
        let writer = try ExportWriter(
            to: path,
            header: ExportHeader(
                namespace: plan.title.endpoint, entity: plan.source, exportedAt: plan.plannedAt, context: plan.title.name,
                identity: plan.title.identity, reason: plan.action.verb == "purge" ? .purge : .delete, jobID: String(id)),
            isOverwriting: true)
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

    /// Deletes by the moment of enqueueing, request after request.
    func purge(before cutoff: Timestamp) async throws {
        let already = counted
        try await journal.write(JobLine(kind: .begin, at: journal.time, count: plan.count))
        let (control, changing, source) = (control, changing, plan.source)
        let work = Task {
            await changing.deleteMessages(in: source, enqueuedBefore: cutoff) { count in Task { await self.deleted(already + count) } }
        }
        let result = await control.stopping(work)
        deleted(already + result.done)
        try await journal.write(JobLine(kind: .deleted, at: journal.time, count: counted))
        guard let failure = result.failure else { return }
        // Partitioned entities know no such request: there, each is deleted by its number.
        if failure.code == .invalidRequest, failure.outcome == .notCarriedOut, counted == 0 { return try await runMany() }
        let words =
            failure.outcome == .unknown ? " A request was cut off: up to 4,000 more messages may have been deleted." : ""
        end(failure.code == .cancelled ? .cancelled : .stopped, failure.code == .cancelled ? nil : failure)
        if !words.isEmpty { note(words) }
    }

    /// Sends the messages of an export in order, a batch after the other; each is in the journal before it is sent.
    func send(_ file: String, _ changes: CopyChanges) async throws {
        let reader = try ExportReader(file)
        let (done, begun) = sentBefore
        var place = 0
        while place < done, try reader.next() != nil { place += 1 }
        counted = done - progress.failed
        if begun > done {
            note("The \(begun - done) messages after the first \(done) may be there twice: the last run was cut off while it sent them.")
        }
        var batch: [PeekedMessage] = []
        var isAtEnd = false
        let size = control.batchSize(100, rate: plan.rate)
        while !isAtEnd {
            while control.isPaused, !Task.isCancelled { await control.whilePaused() }
            while batch.count < size, let message = try reader.next() { batch.append(message) }
            isAtEnd = batch.count < size
            if batch.isEmpty { return }
            guard await control.mayProceed(with: batch.count), !Task.isCancelled else {
                if control.isPaused, !Task.isCancelled { continue }
                return end(.cancelled, nil)
            }
            try await journal.write(JobLine(kind: .begin, at: journal.time, count: place + batch.count))
            let results = await changing.send(each: batch.map { ForwardedMessage($0, changes: changes) }, to: plan.source)
            var stop: ServiceBusError?
            for (message, result) in zip(batch, results) {
                guard case .failure(let error) = result else {
                    counted += 1
                    continue
                }
                noteFailure(message.sequenceNumber, error)
                stop = stop ?? error
            }
            place += batch.count
            let failed = zip(batch, results).compactMap { message, result -> JobLine.Failed? in
                guard case .failure(let error) = result else { return nil }
                return JobLine.Failed(number: message.sequenceNumber.rawValue, why: seen(error))
            }
            try await journal.write(JobLine(kind: .end, at: journal.time, failed: failed.isEmpty ? nil : failed, count: place))
            deleted(counted)
            batch = []
            // Nothing is sent after what was not taken: the order would be another one.
            if let stop { return end(.stopped, stop) }
        }
    }

}
