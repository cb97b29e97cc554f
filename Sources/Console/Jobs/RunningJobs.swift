internal import CallboardCore
internal import ServiceBus

/// The jobs of this console: those under way, and those that ended since it was started, as they were last told of.
struct RunningJobs: Sendable {
    private var loads: [LoadID: Int] = [:]
    private(set) var known: [Int: JobProgress] = [:]
    private var ended: [Int: Timestamp] = [:]
    /// The loads whose jobs have ended: one begun by a person each.
    private var endedLoads: Set<LoadID> = []

    /// Those under way, the newest first.
    var running: [JobProgress] { loads.values.sorted(by: >).compactMap { known[$0] } }

    /// Whether a load is a job.
    func contains(_ load: LoadID) -> Bool { loads[load] != nil }

    /// Whether a job is this console's, and under way.
    func isRunning(_ id: Int) -> Bool { loads.values.contains(id) }

    /// A job tells how far it is.
    /// - Returns: false where it has ended: then nothing more is believed of it.
    @discardableResult
    mutating func note(_ progress: JobProgress, _ load: LoadID) -> Bool {
        guard !endedLoads.contains(load) else { return false }
        loads[load] = progress.id
        known[progress.id] = progress
        return true
    }

    /// A job has ended.
    /// - Returns: how; nil where the load is none.
    mutating func end(_ load: LoadID, now: Timestamp) -> JobProgress? {
        guard let id = loads.removeValue(forKey: load) else { return nil }
        endedLoads.insert(load)
        ended[id] = now
        return known[id]
    }

    /// What is known of a job that is newer than a list of all jobs.
    /// - Parameter listed: when the list was read; nil where the job is not in it.
    func newer(_ id: Int, than listed: Timestamp?) -> JobProgress? {
        if let listed, let ended = ended[id], !isRunning(id), ended < listed { return nil }
        return known[id]
    }

    /// A few characters for the top line of every screen: `#12 64 %`, `#12 paused`, `3 jobs 40 %`; nil where none is under way.
    var note: String? {
        let running = running
        guard let first = running.first else { return nil }
        if running.count == 1 {
            return first.state == .paused ? "#\(first.id) paused" : "#\(first.id) \(JobFigures.percent(first.settled, of: first.total)) %"
        }
        let (settled, total) = running.reduce((0, 0)) { (JobFigures.sum($0.0, $1.settled), JobFigures.sum($0.1, $1.total)) }
        return "\(running.count) jobs \(JobFigures.percent(settled, of: total)) %"
    }
}

/// A job as the list of all has it, whoever runs it.
struct JobEntry: Sendable {
    var id: Int
    /// How far it is, or why its journal cannot be read.
    var progress: Result<JobProgress, OperatorError>
}

/// What a running job is told.
enum JobOrder: Hashable, Sendable {
    case pause, goOn, cancel
}

/// How the progress of a job is written.
enum JobFigures {
    /// Whole percents; what is not all is not a hundred.
    static func percent(_ done: Int, of total: Int) -> Int {
        guard total > 0 else { return 0 }
        if done >= total { return 100 }
        return min(Int(Double(max(done, 0)) / Double(total) * 100), 99)
    }

    /// `██████░░░░`; what is begun is not nothing.
    static func bar(_ done: Int, of total: Int, width: Int) -> String {
        guard total > 0, width > 0 else { return "" }
        let share = min(max(Double(done) / Double(total), 0), 1)
        var filled = Int(share * Double(width))
        if filled == 0, done > 0 { filled = 1 }
        return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    }

    /// Messages a second so far; nil before there is anything to tell.
    static func rate(_ progress: JobProgress) -> Double? {
        let seconds = progress.elapsed / .seconds(1)
        guard seconds > 0, progress.done > 0 else { return nil }
        return Double(progress.done) / seconds
    }

    /// The same for a person; nil where there is nothing to tell. A damaged journal may name any figures: what is no rate of anything is cut.
    static func rateText(_ progress: JobProgress) -> String? {
        guard let rate = rate(progress), let whole = Int(exactly: min(rate, mostRate).rounded()) else { return nil }
        return "\(Figures.count(whole))/s"
    }

    private static let mostRate = 1e9

    /// The sum, or the largest number there is.
    static func sum(_ a: Int, _ b: Int) -> Int {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : sum
    }

    /// How long it takes at that rate; nil where that is not known.
    static func left(_ progress: JobProgress) -> Duration? {
        guard progress.state == .running, let rate = rate(progress), rate > 0 else { return nil }
        let seconds = Double(progress.remaining) / rate
        return (0..<1e9).contains(seconds) ? .seconds(Int64(seconds.rounded(.up))) : nil
    }

    /// Where it stands, in a word or two.
    static func state(_ progress: JobProgress) -> (text: String, role: RoleName) {
        switch progress.state {
        case .running: ("running", .statusPending)
        case .paused: ("paused", .statusWarning)
        case .reconnecting: ("reconnecting", .statusWarning)
        case .finished: ("done", .statusOK)
        case .partly: ("partly done", .statusWarning)
        case .cancelled: ("cancelled", .statusInfo)
        case .stopped: ("stopped", .statusError)
        case .interrupted: ("interrupted", .statusWarning)
        }
    }
}
