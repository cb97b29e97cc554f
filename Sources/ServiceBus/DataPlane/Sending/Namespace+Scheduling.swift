internal import AMQP
internal import NIOCore

/// Messages that become active later (`schedule-message`, `cancel-scheduled-message`; service-bus-amqp-request-response).
extension Namespace {
    /// Schedules messages.
    ///
    /// They go in several requests when they are many, each of which the service carries out as a whole or not at all.
    /// - Parameter time: when they become active.
    /// - Returns: the numbers by which they can be cancelled, in the order of the messages, as far as it came.
    public nonisolated func schedule(
        _ messages: [OutgoingMessage], at time: Timestamp, on path: EntityPath
    ) async -> Partly<[SequenceNumber]> {
        await connection.schedule(messages, at: time, on: path)
    }

    /// Cancels scheduled messages: each hundred of them as a whole or not at all.
    /// - Returns: the numbers that were cancelled. ``ServiceBusError/Code/messageNotFound`` when one of a hundred is not scheduled (any
    ///   more): then none of that hundred was.
    public func cancelScheduled(_ numbers: [SequenceNumber], on path: EntityPath) async -> Partly<[SequenceNumber]> {
        var result = Partly<[SequenceNumber]>(done: [])
        var rest = numbers[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(NamespaceConnection.mostScheduledAtOnce)
            rest = rest.dropFirst(chunk.count)
            let request = ManagementRequest(
                "cancel-scheduled-message", isRepeatable: false, ["sequence-numbers": .array(.longs(chunk.map(\.rawValue)))])
            do throws(ServiceBusError) {
                guard try await connection.performIfAny(request, on: path) != nil else {
                    throw ServiceBusError(.messageNotFound, "A message is not scheduled, or not any more.", entity: path)
                }
                result.done += chunk
            } catch {
                result.failure = error
                return result
            }
        }
        return result
    }
}

extension NamespaceConnection {
    /// The most messages in one request.
    fileprivate static let mostScheduledAtOnce = 100
    /// The most bytes of messages in one request: what every tier takes, less some room for the request itself.
    private static let mostScheduledBytes = 196_608

    /// Schedules messages, alone or in a transaction.
    func schedule(
        _ messages: [OutgoingMessage], at time: Timestamp, on path: EntityPath, in transaction: Transaction? = nil
    ) async -> Partly<[SequenceNumber]> {
        var result = Partly<[SequenceNumber]>(done: [])
        var chunk: [AMQPValue] = []
        var bytes = 0
        for message in messages {
            var message = message
            message.scheduledEnqueueTime = time
            let encoded = message.encoded()
            if !chunk.isEmpty, chunk.count == Self.mostScheduledAtOnce || bytes + encoded.readableBytes > Self.mostScheduledBytes {
                await schedule(chunk, on: path, transaction, &result)
                (chunk, bytes) = ([], 0)
                if result.failure != nil { return result }
            }
            chunk.append(Self.entry(message, encoded))
            bytes += encoded.readableBytes
        }
        if !chunk.isEmpty { await schedule(chunk, on: path, transaction, &result) }
        return result
    }

    private static func entry(_ message: OutgoingMessage, _ encoded: ByteBuffer) -> AMQPValue {
        var entry = AMQPMap()
        func add(_ key: String, _ text: String?) {
            if let text { entry.pairs.append(.init(key: .string(key), value: .string(text))) }
        }
        add("message-id", message.messageID)
        add("session-id", message.sessionID)
        add("partition-key", message.partitionKey)
        entry.pairs.append(.init(key: .string("message"), value: .binary(encoded)))
        return .map(entry)
    }

    private func schedule(
        _ entries: [AMQPValue], on path: EntityPath, _ transaction: Transaction?, _ result: inout Partly<[SequenceNumber]>
    ) async {
        var request = ManagementRequest("schedule-message", isRepeatable: false, ["messages": .list(entries)])
        request.state = transaction?.state(nil)
        do throws(ServiceBusError) {
            let answer = try await perform(request, on: path)
            let numbers = try answer.body()["sequence-numbers"]?.elements?.compactMap(\.integer) ?? []
            guard numbers.count == entries.count else {
                throw answer.malformed("it has \(numbers.count) numbers for \(entries.count) messages")
            }
            result.done += numbers.map { SequenceNumber($0) }
        } catch {
            result.failure = error
        }
    }
}
