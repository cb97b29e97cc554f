internal import ServiceBus

/// Plans of what is not chosen message by message: everything in a file, everything before a moment.
extension Planner {
    /// What is in an export, sent in its order. The file is checked whole first.
    mutating func planImport(_ file: String) async throws(OperatorError) -> ActionPlan {
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
        plan.fileDigest = summary.sha256
        plan.bytes = summary.bytes
        plan.credits = summary.count
        plan.isAtomic = false
        let (rate, _) = pace(plan.action)
        plan.duration = .milliseconds(Int64(Double(summary.count) / Double(min(rate ?? 10_000, 10_000)) * 1000))
        if summary.count == 0 { throw OperatorError(.notFound, "There is no message in '\(file)': there is nothing to do.") }
        return plan
    }

    /// Everything before a moment: it is seen by looking, and what is old enough deleted by a moment.
    ///
    /// The times of messages are the service's, and ours may be ahead of them: our own clock says nothing about what is still to come. What
    /// the service itself gave last does, as far as messages are numbered in the order of their times, which they are not across partitions.
    mutating func planPurge(_ progress: @Sendable (Int) -> Void) async throws(OperatorError) -> ActionPlan {
        guard case .purge(let before) = request.wish else { return finished(.purge(before: now), nil) }
        var looked = 0
        var newest = Timestamp(milliseconds: .min)
        var isInOrder = source?.isPartitioned != true
        try await each(PeekOptions(headersOnly: true, end: .atNewestNow)) { message throws(OperatorError) in
            looked += 1
            if looked % 1000 == 0 { progress(looked) }
            let fields = message.fields
            guard let enqueued = fields.enqueuedTime else { return }
            if fields.state == .active {
                // Dead letters keep the times they had.
                if enqueued < newest, path.subQueue == .active { isInOrder = false }
                newest = max(newest, enqueued)
            }
            if let before, enqueued >= before { return }
            guard fields.state == .active else {
                census.scheduled += 1
                return
            }
            try take(message, nil)
        }
        progress(looked)
        if snapshot.isEmpty {
            let which = before.map { " is older than \($0.rfc3339)" } ?? " can be purged"
            throw OperatorError(.notFound, "No message of \(path.displayName)\(which): there is nothing to purge.", entity: path)
        }
        if census.scheduled > 0 {
            remarks.append(
                PlanRemark(
                    .scheduled, .note, "\(census.scheduled) are scheduled or set aside, and are left alone.", count: census.scheduled))
        }
        let end = newest.advanced(by: .milliseconds(1))
        var plan = finished(.purge(before: min(before ?? end, end)), nil)
        // In the millisecond of the newest others may still come.
        if isInOrder { plan.closedBefore = min(before ?? newest, newest) }
        return plan
    }
}
