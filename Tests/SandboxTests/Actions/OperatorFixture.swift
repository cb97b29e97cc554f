import Logging
import ServiceBus

@testable import CallboardCore
@testable import Sandbox

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An operator's door to a sandbox in this process, with ledger and journals in a folder of its own.
struct OperatorFixture: Sendable {
    let sandbox: DataPlaneFixture
    let folder: String
    let door: Operator

    var workspace: Workspace { door.workspace }
    var q: EntityPath { sandbox.q }
    var r: EntityPath { sandbox.r }
    var t: EntityPath { sandbox.t }
    var all: EntityPath { sandbox.all }

    static func run<R: Sendable>(
        policy: Policy? = nil, context: OperatorContext = OperatorContext(name: "test"), system: LedgerSystem = .real,
        clock: SharedClock? = nil, queue: @escaping @Sendable (inout QueueSettings) -> Void = { _ in },
        populate: (@Sendable (Broker) throws -> Void)? = nil,
        _ body: (OperatorFixture) async throws -> R
    ) async throws -> R {
        try await DataPlaneFixture.run(clock: clock, queue: queue) { sandbox in
            if let populate { try await sandbox.server.withBroker { try populate($0) } }
            let folder = FileManager.default.temporaryDirectory.path + "/callboard-operator-\(UUID().uuidString)"
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let connection = try ConnectionString(parsing: sandbox.server.connectionString)
            let workspace = try Workspace(
                context: context, connection: connection, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let rules: Guardrails.Rules = if let policy { .policy(policy) } else { .builtIn }
            let place = Guardrails.Place(context, title: workspace.title)
            let door = Operator(
                workspace, guardrails: Guardrails(rules: rules, place: place, caller: PolicyCaller([.user("tester")])),
                ledger: AuditLedger(path: folder + "/audit.jsonl", system: system),
                store: JobStore(folder: folder + "/jobs", system: system))
            do {
                let result = try await body(OperatorFixture(sandbox: sandbox, folder: folder, door: door))
                await workspace.close()
                return result
            } catch {
                await workspace.close()
                throw error
            }
        }
    }

    /// Sends messages and dead-letters them.
    func sendDead(_ count: Int, to path: EntityPath? = nil, edit: (inout OutgoingMessage, Int) -> Void = { _, _ in }) async throws {
        try await sandbox.send(count, to: path, edit: edit)
        let source = path ?? q
        let taken = source == t ? all : source
        try await sandbox.namespace.withReceiver(for: taken) { receiver in
            var left = count
            while left > 0 {
                let messages = try await receiver.receive(max: left, wait: .seconds(5))
                _ = await receiver.settle(messages, .deadLetter(reason: "poison", description: "d"))
                left -= messages.count
            }
        }
    }

    /// Plans something, agrees to it and does it.
    func carryOut(_ request: ActionRequest, reason: String? = nil) async throws -> JobProgress {
        let proposal = try await door.propose(request)
        let word: ConfirmationWord = proposal.demand.phrase.map { .typed($0) } ?? .yes
        let job = try await door.begin(try proposal.plan.confirm(word), reason: reason)
        return await door.run(job)
    }

    /// The types of the ledger's records, in order.
    func ledger() throws -> [String] {
        var types: [String] = []
        try AuditLedger.verify(folder + "/audit.jsonl") { types.append($0.type) }
        return types
    }
}
