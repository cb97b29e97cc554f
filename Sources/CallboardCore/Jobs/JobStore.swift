public import ServiceBus

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// The journals of jobs, a file each, in the folder for state.
public struct JobStore: Sendable {
    /// The folder.
    public let folder: String
    let system: LedgerSystem
    let now: @Sendable () -> Timestamp

    /// The journals in a folder, which need not be there yet.
    public init(folder: String) { self.init(folder: folder, system: .real) }

    package init(folder: String, system: LedgerSystem, now: @escaping @Sendable () -> Timestamp = { .now }) {
        self.folder = folder
        self.system = system
        self.now = now
    }

    /// Where the journals of whoever runs this are: beside the audit ledger.
    /// - Throws: ``OperatorError`` when not even a home is known.
    public static func standard(environment: [String: String]) throws(OperatorError) -> JobStore {
        let ledger = try AuditLedger.path(environment: environment)
        let folder = ledger.lastIndex(of: "/").map { String(ledger[..<$0]) } ?? "."
        return JobStore(folder: folder + "/jobs")
    }

    /// Where the journal of a job is.
    func path(of id: Int) -> String { "\(folder)/\(id).job" }

    /// Where an export of a job goes, unless it is said.
    func exportPath(of id: Int) -> String { "\(folder)/\(id).cbx" }

    /// The numbers of all jobs, the newest first.
    public var ids: [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.compactMap { name in name.hasSuffix(".job") ? Self.number(name.dropLast(4)) : nil }.sorted(by: >)
    }

    /// The number of a job as it is written; nil for what is none that a job can have.
    private static func number(_ text: some StringProtocol) -> Int? {
        guard let number = Int(text), (1...JobStanding.most).contains(number), String(number) == text else { return nil }
        return number
    }

    /// How far jobs are, the newest first. A journal that cannot be read is told of by its error.
    public func jobs(limit: Int = 100) -> [(id: Int, progress: Result<JobProgress, OperatorError>)] {
        ids.prefix(limit).map { id in
            do throws(OperatorError) { return (id, .success(try job(id))) } catch { return (id, .failure(error)) }
        }
    }

    /// How far a job is.
    /// - Throws: ``OperatorError``: there is none of that number, or its journal cannot be read.
    public func job(_ id: Int) throws(OperatorError) -> JobProgress {
        let (standing, plan) = try read(id)
        return standing.progress(plan, isRunning: isRunning(id))
    }

    /// What a job was to do.
    public func plan(of id: Int) throws(OperatorError) -> ActionPlan { try read(id).plan }

    /// Takes the journal of a job, to go on with it.
    func open(_ id: Int) throws(OperatorError) -> JobJournal {
        try check(id)
        return try JobJournal(resuming: path(of: id), system: system, now: now)
    }

    /// Removes the journal of a job that was never begun.
    func discard(_ id: Int) {
        // One that stays is listed as cut off before its first message, which is true.
        try? FileManager.default.removeItem(atPath: path(of: id))
    }

    private func check(_ id: Int) throws(OperatorError) {
        guard id > 0, ids.contains(id) else {
            throw OperatorError(.notFound, "There is no job \(id).", hint: "'callboard jobs' lists what there is.")
        }
    }

    func read(_ id: Int) throws(OperatorError) -> (standing: JobStanding, plan: ActionPlan) {
        try check(id)
        let standing = try JobStanding(path: path(of: id))
        do throws(JournalFault) { return (standing, try standing.header.plan()) } catch {
            throw OperatorError(
                .usage, "The journal \(path(of: id)) \(error.description).", hint: "It was changed, or is of a later version.")
        }
    }

    /// Whether a process runs a job at the moment.
    private func isRunning(_ id: Int) -> Bool {
        guard let file = try? LedgerFile.reading(path(of: id)) else { return false }
        return !((try? file.lock()) ?? true)
    }

    /// Makes the journal of a new job.
    func create(_ plan: ActionPlan, rule: String?) throws(OperatorError) -> (id: Int, journal: JobJournal, plan: ActionPlan) {
        var id = (ids.first ?? 0) + 1
        for _ in 0..<1000 where id <= JobStanding.most {
            var plan = plan
            if let export = plan.export, export.isEmpty { plan.export = exportPath(of: id) }
            if let journal = try JobJournal(
                creating: JobHeader(plan, id: id, rule: rule), at: path(of: id), system: system, now: now)
            {
                return (id, journal, plan)
            }
            id += 1
        }
        throw OperatorError(
            .internal, "No number could be found for a new job in \(folder).",
            hint: ids.first.map { "The highest there is \($0): move \(path(of: $0)) away." } ?? "")
    }

    /// The job that a file is the export of, where it did not remove all that the file holds. nil also for exports of jobs of others, and of
    /// those that are not kept any more.
    func job(leftPartOf file: String) -> JobProgress? {
        guard let header = try? ExportReader(file).header, let id = header.jobID.flatMap({ Self.number($0) }),
            let (standing, plan) = try? read(id), plan.title.endpoint == header.namespace, plan.source == header.entity,
            plan.plannedAt == header.exportedAt, plan.title.name == header.context
        else { return nil }
        let progress = standing.progress(plan, isRunning: isRunning(id))
        return progress.done < progress.total ? progress : nil
    }

    /// How often messages were sent on by jobs, by the hashes of their ids: of the newest jobs of a namespace.
    public func cameBack(to source: EntityPath, endpoint: String) -> [UInt32: Int] {
        var counts: [UInt32: Int] = [:]
        for id in ids.prefix(Self.remembered) {
            guard let standing = try? JobStanding(path: path(of: id)), standing.header.endpoint == endpoint,
                (try? EntityPath(parsing: standing.header.source)) == source, !standing.done.isEmpty,
                let plan = try? standing.header.plan()
            else { continue }
            let sent = zip(plan.snapshot.numbers, plan.idHashes).filter { standing.done.contains($0.0) }
            for hash in Set(sent.map(\.1)) { counts[hash, default: 0] += 1 }
        }
        return counts
    }

    private static let remembered = 50
}
