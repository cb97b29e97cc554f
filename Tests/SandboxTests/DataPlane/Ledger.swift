import ServiceBus
import Synchronization

/// What was reported about each message, by its id.
final class Ledger: Sendable {
    /// The last word about a message.
    enum Report: Sendable {
        /// It was carried out.
        case done
        /// It may have been.
        case unknown
    }

    private let reports = Mutex<[String: Report]>([:])
    private let doubts = Mutex(0)

    /// Takes a report down. What was carried out stays so.
    func note(_ id: String, _ result: Result<Void, ServiceBusError>) {
        switch result {
        case .success: reports.withLock { $0[id] = .done }
        case .failure(let error):
            guard error.outcome == .unknown else { return }
            reports.withLock { if $0[id] == nil { $0[id] = .unknown } }
        }
    }

    /// Takes one report about several messages down.
    func note(_ ids: [String], _ result: Result<Void, ServiceBusError>) {
        for id in ids { note(id, result) }
    }

    /// Runs an operation on some messages and takes its end down.
    func note(_ ids: [String], _ operation: () async throws -> Void) async throws {
        do {
            try await operation()
            note(ids, .success(()))
        } catch let error as ServiceBusError {
            note(ids, .failure(error))
        }
    }

    /// So many messages more may have gone without a report of their own.
    func doubt(_ count: Int) { doubts.withLock { $0 += count } }

    /// How many messages may have gone without a report of their own.
    var doubted: Int { doubts.withLock { $0 } }

    /// What was reported about a message.
    func report(_ id: String) -> Report? { reports.withLock { $0[id] } }

    /// How many were reported carried out.
    var doneCount: Int { reports.withLock { $0.values.count(where: { $0 == .done }) } }
}
