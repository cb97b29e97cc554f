import ArgumentParser
import CallboardCore
import ServiceBus

/// An entity as an operator types it: `queue`, `topic`, `topic/subscription`, or any spelling of the wire.
struct EntityArgument: ExpressibleByArgument, Sendable {
    /// What it may mean, the likelier first: `a/b` is a subscription to people, and a name that Service Bus allows for a queue.
    let candidates: [EntityPath]

    init?(argument: String) {
        guard let plain = try? EntityPath(parsing: argument) else { return nil }
        var candidates = [plain]
        let parts = plain.name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if plain.subscription == nil, parts.count == 2,
            let subscription = try? EntityPath.subscription(topic: parts[0], name: parts[1]).subQueue(plain.subQueue)
        {
            candidates.insert(subscription, at: 0)
        }
        self.candidates = candidates
    }

    /// Tries what it may mean, the likelier first, until one exists.
    func resolve<T>(
        _ subQueue: EntityPath.SubQueue?, _ body: (EntityPath) async throws(OperatorError) -> T
    ) async throws(OperatorError) -> T {
        if let subQueue, let named = candidates.first(where: { $0.subQueue != .active && $0.subQueue != subQueue }) {
            throw OperatorError(
                .usage, "\(named.displayName) names one sub-queue, and the option another.", hint: "Leave one of them out.", entity: named)
        }
        var missing: OperatorError?
        for candidate in candidates {
            do throws(OperatorError) {
                return try await body(subQueue.map { candidate.subQueue($0) } ?? candidate)
            } catch {
                guard error.code == .notFound else { throw error }
                missing = missing ?? error
            }
        }
        throw missing ?? OperatorError(.notFound, "There is no such entity.")
    }
}

/// Which queue of an entity is meant.
struct SubQueueOptions: ParsableArguments {
    @Flag(help: "The dead-letter queue of the entity.")
    var deadLetter = false

    @Flag(help: "The transfer dead-letter queue of the entity: messages that could not be forwarded.")
    var transferDeadLetter = false

    /// The sub-queue named by a flag; nil leaves it to the entity's spelling.
    var subQueue: EntityPath.SubQueue? { deadLetter ? .deadLetter : transferDeadLetter ? .transferDeadLetter : nil }

    func validate() throws {
        if deadLetter && transferDeadLetter { throw ValidationError("--dead-letter and --transfer-dead-letter exclude each other.") }
    }
}
