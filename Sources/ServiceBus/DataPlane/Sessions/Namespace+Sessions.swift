internal import AMQP
internal import AMQPTransport
internal import Logging

/// Which session to accept.
public enum SessionChoice: Hashable, Sendable {
    /// The one of this id, whether it holds messages or not.
    case named(String)
    /// The next that holds messages and that nobody has.
    case next
}

extension Namespace {
    /// Accepts a session, runs `body` with it, and gives it back.
    /// - Parameters:
    ///   - choice: which session.
    ///   - path: an entity that requires sessions. Its sub-queues do not: they are received from with a plain receiver.
    ///   - mode: whether messages stay until they are settled.
    ///   - wait: how long the service may take to find one.
    ///   - atEnd: what becomes of messages that `body` received and did not settle.
    /// - Throws: ``ServiceBusError``, with ``ServiceBusError/Code/sessionTaken`` when another receiver holds it,
    ///   ``ServiceBusError/Code/noSession`` when none came free in time; and what `body` throws.
    public nonisolated func withSession<R: Sendable>(
        _ choice: SessionChoice, of path: EntityPath, mode: ReceiveMode = .peekLock, wait: Duration = .seconds(30),
        atEnd: UnsettledMessages = .areReleased, _ body: (MessageSession) async throws -> R
    ) async throws -> R {
        let session = try await connection.accept(choice, of: path, mode: mode, wait: wait, logger: logger)
        do {
            let result = try await body(session)
            await session.receiver.close(releasing: atEnd == .areReleased)
            return result
        } catch {
            await session.receiver.close(releasing: atEnd == .areReleased)
            throw error
        }
    }

    /// The ids of sessions, a page at a time from the service.
    /// - Parameters:
    ///   - since: only sessions whose state was set after this moment; nil for all that hold messages.
    ///   - maximum: the most ids to return.
    /// - Throws: ``ServiceBusError``.
    public func sessionIDs(
        of path: EntityPath, stateUpdatedSince since: Timestamp? = nil, maximum: Int = 100_000
    ) async throws(ServiceBusError) -> [String] {
        // The year 10000 stands for "those with messages" (azure-servicebus, `_session_browser.py`).
        let time = since?.milliseconds ?? 253_402_300_800_000
        var ids: [String] = []
        while ids.count < maximum {
            let request = ManagementRequest(
                "get-message-sessions", isRepeatable: true,
                [
                    "last-updated-time": .timestamp(time), "skip": .int(Int32(clamping: ids.count)),
                    "top": .int(Int32(clamping: min(100, maximum - ids.count))),
                ])
            guard let body = try await connection.performIfAny(request, on: path)?.body() else { break }
            let page = (body["sessions-ids"] ?? body["session-ids"])?.elements?.compactMap(\.text) ?? []
            if page.isEmpty { break }
            ids += page.prefix(maximum - ids.count)
        }
        return ids
    }
}

extension NamespaceConnection {
    /// Attaches a link that holds a session.
    func accept(
        _ choice: SessionChoice, of path: EntityPath, mode: ReceiveMode, wait: Duration, logger: Logger
    ) async throws(ServiceBusError) -> MessageSession {
        guard path.subQueue == .active else {
            throw ServiceBusError(.invalidRequest, "Sub-queues have no sessions: receive from them without one.", entity: path)
        }
        let options = Self.sessionLink(choice, of: path, mode, wait, patience: configuration.requestTimeout)
        do throws(ServiceBusError) {
            let link = try await attempting(path, isRepeatable: false) { try await self.openReceiver(path, options) }
            guard let id = Self.sessionID(of: link) else {
                await link.close()
                await receiverClosed(link, path)
                throw ServiceBusError(unreadable: "it does not name the session", path)
            }
            let ticks = link.properties?["com.microsoft:locked-until-utc"]?.integer
            return MessageSession(
                id: id, lockedUntil: ticks.map { Timestamp(milliseconds: DotNetTicks.milliseconds($0)) },
                receiver: MessageReceiver(self, path: path, mode: mode, session: id, link: link, logger: logger), linkName: options.name)
        } catch {
            var failure = error
            if choice == .next, failure.code == .timeout { failure.code = .noSession }
            throw failure
        }
    }

    private static func sessionLink(
        _ choice: SessionChoice, of path: EntityPath, _ mode: ReceiveMode, _ wait: Duration, patience: Duration
    ) -> ReceiverOptions {
        var options = ReceiverOptions(
            name: linkName(), address: path.address, settlement: mode == .peekLock ? .confirmed : .atSender, window: nil)
        let id: AMQPValue = if case .named(let name) = choice { .string(name) } else { .null }
        options.source.filter = AMQPMap([.init(key: .symbol("com.microsoft:session-filter"), value: id)])
        // The service gives up a moment before we do: were it the other way round, it might give us a session that nobody awaits.
        let milliseconds = wait.components.seconds.multipliedReportingOverflow(by: 1000)
        let total = milliseconds.overflow ? Int64.max : milliseconds.partialValue &+ wait.components.attoseconds / 1_000_000_000_000_000
        options.properties = AMQPMap([
            .init(key: .symbol("com.microsoft:receiver-name"), value: .string(options.name)),
            .init(key: .symbol("com.microsoft:timeout"), value: .uint(UInt32(clamping: max(total, 1)))),
        ])
        options.attachTimeout = min(wait, .seconds(86_400)) + patience
        return options
    }

    /// The session that the peer's attach names: plain, or as a described value.
    private static func sessionID(of link: AMQPReceiver) -> String? {
        let filter = link.source?.filter?["com.microsoft:session-filter"]
        if case .described(_, let value)? = filter { return value.text }
        return filter?.text
    }
}
