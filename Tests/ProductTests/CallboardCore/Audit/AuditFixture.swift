import ServiceBus
import Synchronization

@testable import CallboardCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What tests of the ledger need again and again.
enum AuditFixture {
    static let actor = AuditActor(oid: "a11ce000-0000-4000-8000-000000000001", name: "alice", kind: .person, host: "desk-7")
    static let time = Timestamp(rfc3339: "2026-11-26T03:04:05.678Z") ?? Timestamp(milliseconds: 0)

    /// An event with every field.
    static func event(_ action: PolicyAction = .redriveMessage, _ stage: AuditEvent.Stage = .intended, job: String = "job-1") -> AuditEvent
    {
        var event = AuditEvent(
            action, stage, by: actor, context: "retail", environment: "prod", namespace: "sb-retail.servicebus.windows.net",
            entity: (try? EntityPath.queue("orders"))?.deadLetter)
        event.target = try? EntityPath.subscription(topic: "events", name: "billing")
        event.rule = "redrive-own"
        event.reason = "the parser is fixed"
        event.ticket = "INC-4711"
        event.counts = AuditEvent.Counts(planned: 3, done: 2, failed: 0, unknown: 1)
        event.messages = SequenceNumberDigest([300, 1, 2].map { SequenceNumber($0) })
        event.jobID = job
        event.trackingIDs = ["8a6f_G1_B7"]
        event.correlationRequestIDs = ["1f0c"]
        return event
    }

    static func ledger(
        _ path: String, system: LedgerSystem = .real, patience: Duration = .seconds(20), checkedAtOnce: Int = AuditLedger.checkedAtOnce
    )
        -> AuditLedger
    {
        AuditLedger(path: path, system: system, patience: patience, checkedAtOnce: checkedAtOnce, now: { time })
    }

    static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }
    static func lines(_ path: String) throws -> [String] {
        String(decoding: try bytes(path), as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

/// A disk that takes so many more bytes, and syncs only when told to.
final class SmallDisk: Sendable {
    private let state: Mutex<(room: Int, syncError: Int32, truncateError: Int32)>

    init(room: Int, syncError: Int32 = 0, truncateError: Int32 = 0) { state = Mutex((room, syncError, truncateError)) }

    func set(room: Int, syncError: Int32 = 0, truncateError: Int32 = 0) { state.withLock { $0 = (room, syncError, truncateError) } }

    var system: LedgerSystem {
        let real = LedgerSystem.real
        return LedgerSystem(
            write: { descriptor, bytes in
                let room = self.state.withLock { $0.room }
                guard room > 0 else { return (-1, 28) }
                let written = real.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[..<min(room, bytes.count)]))
                self.state.withLock { $0.room -= written.count }
                return written
            },
            sync: { descriptor in
                let error = self.state.withLock { $0.syncError }
                return error == 0 ? real.sync(descriptor) : error
            },
            truncate: { descriptor, size in
                let error = self.state.withLock { $0.truncateError }
                return error == 0 ? real.truncate(descriptor, size) : error
            })
    }
}
