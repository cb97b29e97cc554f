import AzureResources
import NIOCore
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore

@Suite("Rotations beside Azure's Activity Log")
struct KeyReconciliationTests {
    /// Joins the ledger of a world with what Azure has of it.
    private func join(_ world: KeyWorld) throws -> [Reconciliation.Entry] {
        let records = try AuditFixture.lines(world.ledgerPath).map { try AuditRecord(line: Array($0.utf8)) }
        let events = try world.state.withLock(\.log).map { id, operation in
            let text = #"""
                {"eventDataId":"e-\#(id)","correlationId":"\#(id)","caller":"alice@example.com",
                 "claims":{"http://schemas.microsoft.com/identity/claims/objectidentifier":"\#(AuditFixture.actor.oid ?? "")"},
                 "operationName":{"value":"Microsoft.ServiceBus/namespaces/queues/authorizationRules/\#(operation)/action"},
                 "resourceId":"\#(world.rule.id.text)","status":{"value":"Succeeded"},"eventTimestamp":"2026-11-26T03:04:05Z"}
                """#
            return try AzureJSON.decode(ActivityEvent.self, from: ByteBuffer(string: text))
        }
        let place = NamespacePlace(
            name: "n", id: ResourceID("/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/n"))
        return Reconciliation(records: records, events: events, place: place, now: .now).entries
    }

    @Test("every time that a round listed keys or made one anew is in the ledger, and every id of the ledger is there")
    func wholeRound() async throws {
        let world = KeyWorld()
        var options = world.options
        options.waits = true
        #expect(try await world.rotation().advance(world.rule, options) == .done)
        let log = world.state.withLock(\.log)
        #expect(log.count { $0.operation == "listKeys" } > 4 && log.count { $0.operation == "regenerateKeys" } == 2)
        let entries = try join(world)
        #expect(!entries.isEmpty && entries.allSatisfy { $0.finding == .matched }, "\(entries)")
    }

    @Test("so is what a run only looked at: it was refused, or ended where somebody else had changed a key")
    func onlyLooked() async throws {
        for (step, phase) in [("listing", KeyStanding.Phase?.none), ("after handing over", .made)] {
            let world = KeyWorld()
            world.state.withLock { state in
                if step == "listing" {
                    state.sink = "something of somebody else's"
                } else {
                    state.others = (step, { $0.secondary = "theirs" })
                }
            }
            #expect(await refusal { _ = try await world.rotation().advance(world.rule, world.options) } != nil)
            #expect(try world.store.standing(of: world.rule)?.phase == phase)
            let entries = try join(world)
            #expect(!entries.isEmpty && entries.allSatisfy { $0.finding == .matched }, "\(step): \(entries)")
        }
    }

    @Test("a key that was made anew although Azure answered that it failed: the next run finds it, and the first one's record has it")
    func lostAnswer() async throws {
        let world = KeyWorld()
        world.state.withLock { $0.losesAnswer = true }
        #expect(await refusal { _ = try await world.rotation().advance(world.rule, world.options) }?.isOutcomeUnknown == true)
        #expect(try AuditFixture.lines(world.ledgerPath).contains { $0.contains("secret.rotate.partly") && $0.contains(#""step":"make""#) })
        _ = try await world.rotation().advance(world.rule, world.options)
        world.pass(.seconds(3600))
        world.state.withLock { $0.losesAnswer = true }
        #expect(await refusal { _ = try await world.rotation().advance(world.rule, world.options) }?.isOutcomeUnknown == true)
        #expect(try await world.rotation().advance(world.rule, world.options) == .done)
        let log = world.state.withLock(\.log)
        #expect(log.count { $0.operation == "regenerateKeys" } == 2)
        let entries = try join(world)
        #expect(!entries.isEmpty && entries.allSatisfy { $0.finding == .matched }, "\(entries)")
    }

    @Test("what certainly was not done is no change in part: Azure refused, or nothing was asked")
    func notDone() {
        var event = AuditEvent(
            .rotateSecret, .intended, by: AuditFixture.actor, context: "test", environment: "test", namespace: "n", entity: nil)
        var error = OperatorError(.service, "no")
        error.isOutcomeUnknown = true
        #expect(error.auditStage(of: event) == .failed, "no key is concerned")
        event.credential = AuditCredential(.key, name: "listen primary", step: "make")
        #expect(error.auditStage(of: event) == .partly)
        #expect(OperatorError(.service, "no").auditStage(of: event) == .failed)
        #expect(OperatorError(.unreachable, "no").auditStage(of: event) == .failed)
        #expect(OperatorError(.notPermitted, "no").auditStage(of: event) == .refused)
    }

    @Test("and what is fetched for fingerprints")
    func fingerprints() async throws {
        let world = KeyWorld()
        var ages = [KeyAge(rule: world.rule), KeyAge(rule: world.rule)]
        #expect(try await KeyAge.addFingerprints(to: &ages, from: world, world.rotation().guarded).isEmpty)
        let entries = try join(world)
        #expect(entries.count == 2 && entries.allSatisfy { $0.finding == .matched }, "\(entries)")
    }
}
