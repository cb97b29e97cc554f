import AzureResources
import Identity
import ServiceBus
import Synchronization

@testable import CallboardCore

/// The entities of requests and decisions in memory, and a clock in the test's hand: locks, time to live, duplicate detection and scheduling as the service
/// has them, and failures where a test wants some.
final class MemoryApprovals: CooperativeTransport {
    struct Stored {
        var message: CooperativeMessage
        var lockedUntil: Timestamp?
        var activeFrom: Timestamp
    }

    struct State {
        var now: Timestamp
        var queues: [EntityPath: [Stored]] = [:]
        var dead: [EntityPath: [(message: CooperativeMessage, reason: String)]] = [:]
        var next: Int64 = 1
        var seen: Set<String> = []
        /// Fails what is done next under a name, so many times, after carrying it out or before.
        var failures: [(step: String, error: OperatorError, isCarriedOut: Bool)] = []
        var steps: [String] = []
        var renewals = 0
        /// Taken by the topic just before the next decision that is sent.
        var beforeSend: CooperativePosting?
    }

    static let lock = Duration.seconds(300)

    let entities: CooperativeEntities
    private let state: Mutex<State>

    init(now: Timestamp) throws {
        entities = try CooperativeEntities()
        state = Mutex(State(now: now))
    }

    func with<R>(_ body: (inout State) -> R) -> R where R: Sendable { state.withLock { body(&$0) } }

    var now: Timestamp { with { $0.now } }
    func pass(_ duration: Duration) { with { $0.now = $0.now.advanced(by: duration) } }

    /// What is done goes wrong once: before it is carried out, or so that nobody hears of it.
    func fail(_ step: String, isCarriedOut: Bool = false, _ code: OperatorError.Code = .unreachable) {
        with { $0.failures.append((step, OperatorError(code, "cut off"), isCarriedOut)) }
    }

    private func step(_ name: String, _ body: (inout State) throws(OperatorError) -> Void) throws(OperatorError) {
        let failure: OperatorError? = with { state in
            state.steps.append(name)
            guard let index = state.failures.firstIndex(where: { $0.step == name }) else { return nil }
            let failure = state.failures.remove(at: index)
            return failure.isCarriedOut ? nil : failure.error
        }
        if let failure { throw failure }
        let result: Result<Void, OperatorError> = with { state in
            do throws(OperatorError) { return .success(try body(&state)) } catch { return .failure(error) }
        }
        try result.get()
    }

    /// Whether a failure after carrying something out is due.
    private func late(_ name: String) -> OperatorError? {
        with { state in
            guard let index = state.failures.firstIndex(where: { $0.step == name && $0.isCarriedOut }) else { return nil }
            return state.failures.remove(at: index).error
        }
    }

    private func perform(_ name: String, _ body: (inout State) throws(OperatorError) -> Void) throws(OperatorError) {
        let late = late(name)
        try step(name, body)
        if let late { throw late }
    }

    /// Puts a message in, as anybody could who may send.
    func put(_ posting: CooperativePosting, to path: EntityPath, at time: Timestamp? = nil) {
        with { state in Self.store(posting, path == entities.decisions ? entities.log : path, time, &state) }
    }

    private static func store(_ posting: CooperativePosting, _ path: EntityPath, _ time: Timestamp?, _ state: inout State) {
        guard state.seen.insert("\(path.address) \(posting.id)").inserted else { return }
        let from = max(time ?? state.now, state.now)
        let message = CooperativeMessage(
            number: SequenceNumber(state.next), id: posting.id, body: posting.body, enqueuedAt: from,
            expiresAt: posting.timeToLive.map { from.advanced(by: $0) })
        state.next += 1
        state.queues[path, default: []].append(Stored(message: message, activeFrom: from))
    }

    func send(_ posting: CooperativePosting, to path: EntityPath) async throws(OperatorError) {
        let log = path == entities.decisions ? entities.log : path
        try perform("send \(path.name)") { state throws(OperatorError) in
            if log != path, let raced = state.beforeSend {
                state.beforeSend = nil
                Self.store(raced, log, nil, &state)
            }
            Self.store(posting, log, nil, &state)
        }
    }

    func schedule(_ posting: CooperativePosting, at time: Timestamp, on path: EntityPath) async throws(OperatorError) {
        try perform("schedule") { state throws(OperatorError) in Self.store(posting, path, time, &state) }
    }

    func messages(_ path: EntityPath) -> [CooperativeMessage] {
        with { state in (state.queues[path] ?? []).filter { $0.activeFrom <= state.now }.map(\.message) }
    }

    func page(of path: EntityPath, from number: SequenceNumber) async throws(OperatorError) -> [CooperativeMessage] {
        try perform("peek \(path.name)") { _ in }
        return Array(messages(path).filter { $0.number >= number }.prefix(3))
    }

    func withMessage<R: Sendable>(
        _ number: SequenceNumber, of path: EntityPath, _ body: (any HeldMessage) async throws(OperatorError) -> R
    ) async throws(OperatorError) -> R {
        let taken: CooperativeMessage? = with { state in
            guard
                let index = state.queues[path]?.firstIndex(where: {
                    $0.message.number == number && ($0.lockedUntil ?? state.now) <= state.now && $0.activeFrom <= state.now
                })
            else { return nil }
            state.queues[path]?[index].lockedUntil = state.now.advanced(by: Self.lock)
            return state.queues[path]?[index].message
        }
        guard let taken else { throw OperatorError(.notFound, "Somebody else holds it, or it is gone.") }
        let held = Held(owner: self, path: path, message: taken, lockedUntil: now.advanced(by: Self.lock))
        let result: Result<R, OperatorError>
        do throws(OperatorError) { result = .success(try await body(held)) } catch { result = .failure(error) }
        // A program that was cut off gives nothing back: the lock has to run out.
        if case .failure(let error) = result, error.code == .unreachable { return try result.get() }
        with { state in
            guard let index = state.queues[path]?.firstIndex(where: { $0.message.number == number }) else { return }
            state.queues[path]?[index].lockedUntil = nil
        }
        return try result.get()
    }

    func withMessages(
        of path: EntityPath, max count: Int, _ body: (any HeldMessage) async throws(OperatorError) -> Void
    ) async throws(OperatorError) -> Int {
        try perform("receive") { _ in }
        let numbers = messages(path).prefix(count).map(\.number)
        for number in numbers { try await withMessage(number, of: path, body) }
        return numbers.count
    }

    private struct Held: HeldMessage {
        let owner: MemoryApprovals
        let path: EntityPath
        let message: CooperativeMessage
        let lockedUntil: Timestamp?

        func renew() async throws(OperatorError) -> Timestamp {
            var end = message.enqueuedAt
            try owner.perform("renew") { state throws(OperatorError) in
                guard let index = state.queues[path]?.firstIndex(where: { $0.message.number == message.number }),
                    let until = state.queues[path]?[index].lockedUntil, state.now < until
                else { throw OperatorError(.conflict, "The lock is gone.") }
                state.renewals += 1
                end = state.now.advanced(by: MemoryApprovals.lock)
                state.queues[path]?[index].lockedUntil = end
            }
            return end
        }

        func complete() async throws(OperatorError) {
            try owner.perform("complete \(path.name)") { state throws(OperatorError) in _ = try take(&state) }
        }

        func deadLetter(reason: String, description: String) async throws(OperatorError) {
            try owner.perform("dead-letter \(path.name)") { state throws(OperatorError) in
                state.dead[path, default: []].append((try take(&state), reason))
            }
        }

        private func take(_ state: inout State) throws(OperatorError) -> CooperativeMessage {
            guard let index = state.queues[path]?.firstIndex(where: { $0.message.number == message.number }),
                let until = state.queues[path]?[index].lockedUntil, state.now < until
            else { throw OperatorError(.conflict, "The lock is gone.") }
            state.queues[path]?.remove(at: index)
            return message
        }
    }
}

/// Azure's roles in memory: what is assigned, under which name, by whom.
final class MemoryGrants: GrantAuthority {
    struct State {
        var assignments: [ResourceID: RoleAssignment] = [:]
        var missing: Set<String> = []
        var failures: [(step: String, isCarriedOut: Bool)] = []
        /// Everything that was ever assigned, in order.
        var made: [ResourceID] = []
    }

    let actor: GUID
    private let state: Mutex<State>
    private let shared: MemoryGrants?

    init(actor: GUID, sharing other: MemoryGrants? = nil) {
        self.actor = actor
        shared = other
        state = Mutex(State())
    }

    func with<R: Sendable>(_ body: (inout State) -> R) -> R { shared?.with(body) ?? state.withLock { body(&$0) } }

    func fail(_ step: String, isCarriedOut: Bool = false) { with { $0.failures.append((step, isCarriedOut)) } }

    /// Nil: it is to be carried out; else whether it is carried out all the same.
    private func failure(_ step: String) -> Bool? {
        with { state in
            guard let index = state.failures.firstIndex(where: { $0.step == step }) else { return nil }
            return state.failures.remove(at: index).isCarriedOut
        }
    }

    func hasEntity(_ scope: CooperativeScope) async throws(OperatorError) -> Bool { with { !$0.missing.contains(scope.id.text) } }

    func assignment(_ id: ResourceID) async throws(OperatorError) -> RoleAssignment? {
        if failure("look") != nil { throw OperatorError(.notPermitted, "not for you to see") }
        if failure("reach") != nil { throw OperatorError(.unreachable, "cut off") }
        return with { $0.assignments[id] }
    }

    func assign(
        _ draft: RoleAssignmentDraft, at scope: CooperativeScope, name: GUID
    ) async throws(OperatorError) -> Correlated<RoleAssignment> {
        let failure = failure("assign")
        let assignment = RoleAssignment(
            id: scope.assignment(named: name), roleDefinitionID: draft.roleDefinitionID, principal: draft.principal,
            principalKind: draft.principalKind, scope: scope.id, note: draft.note, createdBy: actor)
        if failure != false {
            with { state in
                if state.assignments[assignment.id] == nil { state.made.append(assignment.id) }
                state.assignments[assignment.id] = assignment
            }
        }
        if failure != nil { throw OperatorError(.unreachable, "cut off") }
        return Correlated(assignment, correlationID: "c-\(name.canonical.prefix(4))")
    }

    func remove(_ id: ResourceID) async throws(OperatorError) -> Correlated<Bool> {
        Correlated(with { $0.assignments.removeValue(forKey: id) != nil }, correlationID: nil)
    }

    func assignments() async throws(OperatorError) -> [RoleAssignment] { with { Array($0.assignments.values) } }
}
