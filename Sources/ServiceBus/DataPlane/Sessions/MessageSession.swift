internal import AMQP
internal import NIOCore

/// A session that we hold: its messages come to us alone, in order, until the lock or the scope ends.
public struct MessageSession: Sendable {
    /// The session's id.
    public let id: String
    /// When its lock ends, as the service said when it gave us the session.
    public let lockedUntil: Timestamp?
    /// Receives and settles the session's messages.
    public let receiver: MessageReceiver
    let linkName: String

    private var path: EntityPath { receiver.path }

    /// The state that applications keep with the session; nil when there is none.
    /// - Throws: ``ServiceBusError``.
    public func state() async throws(ServiceBusError) -> [UInt8]? {
        let body = try await perform("get-session-state", isRepeatable: true).body()
        guard case .binary(let bytes)? = body["session-state"] else { return nil }
        return Array(bytes.readableBytesView)
    }

    /// Sets the session's state; nil clears it.
    ///
    /// Setting the same state twice does no harm, so it is repeated after a failure that passes.
    /// - Throws: ``ServiceBusError``.
    public func setState(_ state: [UInt8]?) async throws(ServiceBusError) {
        _ = try await perform(
            "set-session-state", isRepeatable: true, ("session-state", state.map { .binary(ByteBuffer(bytes: $0)) } ?? .null))
    }

    /// Makes the session's lock last a full lock duration from now.
    /// - Returns: when it ends now.
    /// - Throws: ``ServiceBusError``, with ``ServiceBusError/Code/sessionLost`` when it is gone.
    public func renewLock() async throws(ServiceBusError) -> Timestamp {
        let answer = try await perform("renew-session-lock", isRepeatable: true)
        guard let time = try answer.body()["expiration"]?.integer else { throw answer.malformed("it has no 'expiration'") }
        return Timestamp(milliseconds: time)
    }

    private func perform(
        _ operation: String, isRepeatable: Bool, _ argument: (String, AMQPValue)? = nil
    ) async throws(ServiceBusError) -> ManagementAnswer {
        var request = ManagementRequest(operation, isRepeatable: isRepeatable, ["session-id": .string(id)])
        if let argument { request.arguments.pairs.append(.init(key: .string(argument.0), value: argument.1)) }
        request.associatedLink = linkName
        return try await receiver.connection.perform(request, on: path)
    }
}
