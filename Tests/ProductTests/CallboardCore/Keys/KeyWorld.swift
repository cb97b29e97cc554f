import AzureResources
import Identity
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A rule with its keys, the place its consumers read theirs from, a clock, and a process that can be killed before any of its steps. After that
/// nothing it does has an effect, as with `kill -9`.
final class KeyWorld: Sendable {
    struct State {
        var primary = "primary-0"
        var secondary = "secondary-0"
        /// The connection string in the sink.
        var sink: String? = "Endpoint=sb://n/;SharedAccessKey=primary-0"
        /// The key of consumers that read the sink as late as they may.
        var slow = "primary-0"
        var now: Int64 = 1_764_000_000_000
        /// Steps of all processes so far.
        var steps = 0
        /// The step before which this process is killed.
        var killedBefore: Int?
        var isDead = false
        var made = 0
        /// Whether the place refuses what is put there.
        var isSinkClosed = false
        /// Whether Azure permits that keys are made anew.
        var mayMake = true
        /// Whether Azure makes the next key anew and answers that it failed.
        var losesAnswer = false
        /// Where something was put, in order.
        var places: [String] = []
        var tags: [RotationTag] = []
        /// What Azure's Activity Log has: the correlation id and what was done.
        var log: [(id: String, operation: String)] = []
        /// What somebody else does at the next step of this name.
        var others: (step: String, act: @Sendable (inout State) -> Void)?
        /// What was wrong at a step.
        var faults: [String] = []
    }

    let state = Mutex(State())
    let folder = FileManager.default.temporaryDirectory.path + "/callboard-keys-\(UUID().uuidString)"
    let rule = KeyRule(
        id: ResourceID(
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/n/queues/orders/authorizationRules/listen"),
        name: "listen", entity: try? EntityPath.queue("orders"), rights: [.listen])

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// One step of a process: it may be killed before it.
    /// - Returns: whether the process lives.
    func step(_ what: String) -> Bool {
        state.withLock { state in
            guard !state.isDead else { return false }
            state.steps += 1
            if state.steps == state.killedBefore { state.isDead = true }
            if let others = state.others, others.step == what {
                state.others = nil
                others.act(&state)
                return !state.isDead
            }
            // Whoever reads the sink now has a key that works, and so has whoever read it as late as the grace period allows.
            let valid = [state.primary, state.secondary]
            if let sink = state.sink, !valid.contains(where: { sink.hasSuffix("=" + $0) }) {
                state.faults.append("step \(state.steps), \(what): the key in the sink does not work")
            }
            if !valid.contains(state.slow) {
                state.faults.append("step \(state.steps), \(what): the key that consumers have does not work")
            }
            return !state.isDead
        }
    }

    static let killed = OperatorError(.internal, "killed")

    /// Another process begins.
    func restart(killedBefore step: Int? = nil) {
        state.withLock {
            $0.isDead = false
            $0.steps = 0
            $0.killedBefore = step
        }
    }

    /// Time passes; consumers that waited have read the sink by then.
    func pass(_ duration: Duration) {
        state.withLock {
            $0.now += duration.components.seconds * 1000
            if let key = $0.sink?.split(separator: "=").last { $0.slow = String(key) }
        }
    }

    private var disk: LedgerSystem {
        LedgerSystem(
            write: { [self] descriptor, bytes in step("a line") ? LedgerSystem.real.write(descriptor, bytes) : (-1, 5) },
            sync: { _ in 0 }, truncate: { [self] in state.withLock(\.isDead) ? 5 : LedgerSystem.real.truncate($0, $1) })
    }

    var store: KeyJournalStore { KeyJournalStore(folder: folder + "/keys", system: disk) }
    var ledgerPath: String { folder + "/audit.jsonl" }

    func rotation(policy: Policy? = nil, pause: Pause? = nil, later: Policy? = nil, folder: String = "/keys") -> KeyRotation {
        let place = Guardrails.Place(context: "test", host: "n.servicebus.windows.net", environment: "test", mode: .readWrite)
        let guarded = { [self] (policy: Policy?) in
            GuardedChange(
                guardrails: Guardrails(
                    rules: policy.map { .policy($0) } ?? .builtIn, place: place,
                    caller: PolicyCaller(Set(["user:olga"].compactMap { PolicySubject($0) }))),
                ledger: AuditLedger(path: ledgerPath, system: disk), actor: AuditFixture.actor)
        }
        let after = guarded(later ?? policy)
        return KeyRotation(
            ring: self, store: KeyJournalStore(folder: self.folder + folder, system: disk), guarded: guarded(policy),
            host: "n.servicebus.windows.net", now: { [self] in Timestamp(milliseconds: state.withLock(\.now)) },
            pause: pause ?? Pause { [self] in pass($0) }, reread: { () throws(OperatorError) in after },
            sinks: { [self] in MemorySink(world: self, place: $0.description) })
    }

    var options: KeyRotation.Options {
        var options = KeyRotation.Options()
        options.sink = .vault("kv-test/orders")
        options.active = "primary"
        options.grace = .seconds(3600)
        return options
    }
}

extension KeyWorld: KeyRing {
    private func current(_ operation: String) -> AccessKeys {
        state.withLock {
            $0.log.append(("c-\($0.log.count)", operation))
            return AccessKeys(
                keyName: "listen", primaryKey: Secret($0.primary), secondaryKey: Secret($0.secondary),
                primaryConnectionString: Secret("Endpoint=sb://n/;SharedAccessKey=\($0.primary)"),
                secondaryConnectionString: Secret("Endpoint=sb://n/;SharedAccessKey=\($0.secondary)"), correlationID: $0.log.last?.id)
        }
    }

    func keys(of rule: KeyRule) async throws(OperatorError) -> AccessKeys {
        guard step("listing") else { throw Self.killed }
        return current("listKeys")
    }

    func regenerate(_ kind: AccessKeyKind, of rule: KeyRule) async throws(OperatorError) -> AccessKeys {
        guard step("before making a key") else { throw Self.killed }
        guard state.withLock(\.mayMake) else { throw OperatorError(.notPermitted, "not for you to make anew") }
        state.withLock {
            $0.made += 1
            if kind == .primary { $0.primary = "primary-\($0.made)" } else { $0.secondary = "secondary-\($0.made)" }
        }
        // The answer may be lost.
        guard step("after making a key") else { throw Self.killed }
        let keys = current("regenerateKeys")
        let isLost = state.withLock { state in
            defer { state.losesAnswer = false }
            return state.losesAnswer
        }
        guard !isLost else {
            var error = OperatorError(.service, "Making a key anew failed: the gateway has no answer.")
            error.correlationIDs = keys.correlationID.map { [$0] } ?? []
            error.isOutcomeUnknown = true
            throw error
        }
        return keys
    }

    func note(_ tag: RotationTag, of rule: KeyRule) async throws(OperatorError) {
        guard step("tagging") else { throw Self.killed }
        state.withLock { $0.tags.append(tag) }
    }

    func tag(of rule: KeyRule) async throws(OperatorError) -> RotationTag? {
        guard step("looking at the tag") else { throw Self.killed }
        return state.withLock(\.tags.last)
    }
}

/// A place in memory.
struct MemorySink: SecretSink {
    let world: KeyWorld
    var place = ""
    var title: String { "the sink" }

    private var content: SecretFingerprint? { world.state.withLock(\.sink).map { SecretFingerprint(Secret($0)) } }

    func check(replacing known: Set<SecretFingerprint>) async throws(OperatorError) {
        guard world.step("looking at the sink") else { throw KeyWorld.killed }
        if let content, !known.contains(content) { throw OperatorError(.refused, "something else is there") }
    }

    func deliver(_ secret: Secret, _ note: SecretNote, replacing known: Set<SecretFingerprint>) async throws(OperatorError) {
        guard world.step("before handing over") else { throw KeyWorld.killed }
        guard !world.state.withLock(\.isSinkClosed) else { throw OperatorError(.notPermitted, "not for you to write") }
        if let content, !known.contains(content) { throw OperatorError(.refused, "something else is there") }
        let text = secret.withRevealedText { $0 }
        world.state.withLock {
            $0.sink = text
            $0.places.append(place)
        }
        guard world.step("after handing over") else { throw KeyWorld.killed }
    }

    func holds(_ fingerprint: SecretFingerprint) async -> Bool? { content == fingerprint }
    func withdraw(_ fingerprint: SecretFingerprint) async {}
}
