public import ServiceBus

/// Exact exports.
extension Workspace {
    /// How far apart two wanted messages may be for one question to ask for both: those between are read for nothing, bodies and all.
    private static let gap: Int64 = 8

    /// Writes messages to a file exactly as they are, in order of sequence number. Nothing is locked.
    ///
    /// It ends at the newest message there is when it begins. What arrives, leaves or changes meanwhile may be in it or not: the service
    /// has no view of a moment. See ``ExportWriter`` for what becomes of the file, and ``ExportReader`` for reading it.
    /// - Parameters:
    ///   - permission: leave for it; see ``Operator/export(_:_:to:reason:ticket:progress:)``.
    ///   - progress: called after each page of messages.
    /// - Throws: ``OperatorError``: ``OperatorError/Code/refused`` where the context masks messages; ``OperatorError/Code/conflict`` when
    ///   there is such a file already; usage for a condition that cannot be evaluated; not found, not permitted, cancelled. No file then.
    public nonisolated func export(
        _ path: EntityPath, _ options: ExportOptions = ExportOptions(), to file: String, with permission: ChangePermission,
        progress: (ExportProgress) -> Void = { _ in }
    ) async throws(OperatorError) -> ExportSummary {
        try check(permission, .exportMessage, on: path)
        try checkExactExport(of: path)
        let header = await exportHeader(of: path, reason: options.reason, jobID: options.jobID)
        let writer = try ExportWriter(to: file, header: header, isOverwriting: options.isOverwriting)
        let pages = scan(path, options: PeekOptions(sessionID: options.sessionID, end: Self.end(of: options.selection)))
        try await writer.append(pages: pages) { message throws(OperatorError) in
            if case .numbers(let numbers) = options.selection, !numbers.contains(message.sequenceNumber) { return false }
            return try options.condition?.admits(message, of: path) ?? true
        } progress: { writer throws(OperatorError) in
            // How many there are is known when they were read.
            do throws(Denial) { try permission.authorization.check(messages: writer.count) } catch { throw error.operatorError }
            progress(ExportProgress(count: writer.count, bytes: writer.bytes))
        }
        return try writer.finish()
    }

    /// What an export of this namespace says of itself when it begins now.
    private func exportHeader(of path: EntityPath, reason: ExportReason, jobID: String? = nil) -> ExportHeader {
        ExportHeader(
            namespace: title.endpoint, entity: path, exportedAt: currentTime, context: title.name, identity: title.identity,
            reason: reason, jobID: jobID)
    }

    /// Whether what comes through this workspace may be written exactly as it is.
    /// - Throws: ``OperatorError`` with ``OperatorError/Code/refused`` where messages are masked.
    private nonisolated func checkExactExport(of path: EntityPath) throws(OperatorError) {
        guard title.isMasking else { return }
        throw .maskedExport("context '\(title.name)' masks messages", entity: path)
    }

    private static func end(of selection: ExportOptions.Selection) -> BrowseOptions.End {
        switch selection {
        case .all: .atNewestNow
        case .within(let ranges): .within(ranges)
        case .numbers(let numbers): .within(numbers.ranges(gap: gap))
        }
    }
}
