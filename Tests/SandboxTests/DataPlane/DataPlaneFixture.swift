import Identity
import Logging
import ServiceBus
import Testing

@testable import Sandbox

/// A sandbox in this process and a client connected to it, for as long as a test runs.
///
/// Entities: the queues `q` and `r`, the queue `s` that requires sessions, and the topic `t` with the subscription `all`.
struct DataPlaneFixture: Sendable {
    let server: SandboxServer
    let namespace: Namespace

    let q: EntityPath
    let r: EntityPath
    let s: EntityPath
    let t: EntityPath
    let all: EntityPath

    static func run<R: Sendable>(
        tier: SandboxConfiguration.Tier = .standard, clock: SharedClock? = nil,
        queue: @escaping @Sendable (inout QueueSettings) -> Void = { _ in },
        client: (inout Namespace.Configuration) -> Void = { _ in }, _ body: (DataPlaneFixture) async throws -> R
    ) async throws -> R {
        var configuration = SandboxConfiguration()
        configuration.amqpPort = 0
        configuration.httpPort = 0
        configuration.tier = tier
        if let clock { configuration.clock = { clock.milliseconds } }
        let server = try await SandboxServer.start(configuration, logger: quiet) { broker in
            var settings = QueueSettings()
            queue(&settings)
            try broker.createQueue("q", settings)
            try broker.createQueue("r")
            settings.requiresSession = true
            try broker.createQueue("s", settings)
            try broker.createTopic("t")
            try broker.createSubscription("all", of: "t")
        }
        let namespace = try Self.namespace(of: server, clock: clock?.client ?? .system, edit: client)
        let fixture = DataPlaneFixture(
            server: server, namespace: namespace, q: try .queue("q"), r: try .queue("r"), s: try .queue("s"), t: try .topic("t"),
            all: try .subscription(topic: "t", name: "all"))
        do {
            let result = try await body(fixture)
            await namespace.close()
            await server.stop()
            return result
        } catch {
            await namespace.close()
            await server.stop()
            throw error
        }
    }

    /// Another client of the same sandbox.
    static func namespace(
        of server: SandboxServer, clock: WallClock = .system, edit: (inout Namespace.Configuration) -> Void = { _ in }
    ) throws -> Namespace {
        let connection = try ConnectionString(parsing: server.connectionString)
        var settings = Namespace.Configuration(endpoint: connection.messagingEndpoint)
        settings.requestTimeout = .seconds(20)
        settings.connectTimeout = .seconds(20)
        edit(&settings)
        return Namespace(settings, tokens: try connection.tokenProvider(), clock: clock, logger: quiet)
    }

    private static var quiet: Logger { Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() } }

    // MARK: Sending and looking

    /// Sends so many messages, with the bodies `0`, `1` and so on.
    func send(_ count: Int, to path: EntityPath? = nil, edit: (inout OutgoingMessage, Int) -> Void = { _, _ in }) async throws {
        var messages: [OutgoingMessage] = []
        for number in 0..<count {
            var message = OutgoingMessage(body: .data(Array(String(number).utf8)))
            message.messageID = "m\(number)"
            edit(&message, number)
            messages.append(message)
        }
        try await namespace.send(messages, to: path ?? q)
    }

    /// Everything in an entity, in order.
    func peek(_ path: EntityPath? = nil) async throws -> [PeekedMessage] {
        var messages: [PeekedMessage] = []
        while true {
            let next = messages.last.map { SequenceNumber($0.sequenceNumber.rawValue + 1) } ?? SequenceNumber(0)
            let page = try await namespace.peek(path ?? q, from: next, count: 250)
            if page.isEmpty { return messages }
            messages += page
        }
    }

    /// The bodies in an entity, in order.
    func bodies(_ path: EntityPath? = nil) async throws -> [String] { try await peek(path).map { $0.body.text ?? "?" } }

    /// How many messages an entity's queues hold, as the broker counts them.
    func counts(_ path: EntityPath? = nil) async throws -> EntitySnapshot.Counts {
        let address = (path ?? q).entity.address
        return try await server.withBroker { try $0.snapshot(of: address).counts }
    }

    /// The numbers of the messages that somebody has locked.
    func locked(_ path: EntityPath? = nil) async throws -> [Int64] {
        let text = (path ?? q).address
        return try await server.withBroker { broker in
            try broker.queue(at: BrokerFixture.address(text)).locks.values.map(\.sequenceNumber).sorted()
        }
    }
}

extension Array where Element == ReceivedMessage {
    var bodies: [String] { map { $0.body.text ?? "?" } }
}

extension Array where Element == Result<Void, ServiceBusError> {
    /// How many held.
    var held: Int { count(where: { if case .success = $0 { true } else { false } }) }
    /// The failures.
    var failures: [ServiceBusError] { compactMap { if case .failure(let error) = $0 { error } else { nil } } }
}

/// The failure a closure throws.
func failure(_ body: () async throws -> Void) async -> ServiceBusError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? ServiceBusError
    }
}

/// Waits until a condition holds, at most half a minute.
func eventually(_ condition: () async throws -> Bool) async rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < deadline {
        if try await condition() { return true }
        // Whoever asks without a pause takes the processor from what is waited for.
        try? await Task.sleep(for: .milliseconds(5))
    }
    return false
}
