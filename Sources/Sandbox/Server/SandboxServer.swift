import AMQP
import AMQPTransport
public import Logging
import NIOCore
import NIOPosix
import ServiceBus

/// How a sandbox is started.
public struct SandboxConfiguration: Sendable {
    /// The tiers of Service Bus whose quotas the sandbox can hold to.
    public enum Tier: String, Sendable, Hashable, CaseIterable {
        /// 256 KB messages.
        case standard = "Standard"
        /// 1 MB messages.
        case premium = "Premium"
    }

    /// The address to listen on; this machine only, unless told otherwise.
    public var host = "127.0.0.1"
    /// The AMQP port; 0 for any free one.
    public var amqpPort = 5672
    /// The administration port; 0 for any free one.
    public var httpPort = 5300
    /// The tier.
    public var tier = Tier.standard
    /// Added to everything that arrives, so that a far region can be rehearsed.
    public var latency = Duration.zero
    /// The latency varies by up to this much.
    public var jitter = Duration.zero
    /// The namespace's name.
    public var namespace = "sbemulatorns"
    /// What goes wrong from the start.
    public var faults = SandboxFaults()
    /// Who may do what.
    public var access = AccessPolicy.standard
    /// Creates a configuration with the defaults above.
    public init() {}
}

/// A Service Bus namespace in this process, served over the real protocols.
///
/// Everything that touches messages runs on one event loop of its own; nothing leaves this machine unless the host says so.
public final class SandboxServer: Sendable {
    /// The AMQP port listened on.
    public let amqpPort: Int
    /// The administration port listened on.
    public let httpPort: Int
    private let configuration: SandboxConfiguration
    private let group: MultiThreadedEventLoopGroup
    private let listener: AMQPListener
    private let hub: NIOLoopBound<WireHub>
    private let administration: Task<Void, any Error>

    /// Starts a sandbox; returns when both ports accept connections.
    /// - Parameter populate: fills the broker, on its event loop, before anybody can connect.
    /// - Throws: ``SandboxError`` when a port cannot be had, or what `populate` throws.
    public static func start(
        _ configuration: SandboxConfiguration = SandboxConfiguration(), logger: Logger,
        populate: @escaping @Sendable (Broker) throws -> Void = { _ in }
    ) async throws -> SandboxServer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            return try await SandboxServer(configuration, group, logger, populate)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private init(
        _ configuration: SandboxConfiguration, _ group: MultiThreadedEventLoopGroup, _ logger: Logger,
        _ populate: @escaping @Sendable (Broker) throws -> Void
    ) async throws {
        let loop = group.next()
        let clock: @Sendable () -> Int64 = { WallClockTime.milliseconds() }
        let started = Timestamp(milliseconds: clock())
        let access = configuration.access
        let hub = try await loop.submit {
            let broker = Broker(
                namespace: configuration.namespace, limits: configuration.tier == .premium ? .premium : .standard, now: clock)
            try populate(broker)
            let hub = WireHub(broker: broker, access: access, faults: FaultSwitches(), loop: loop, clock: clock)
            hub.setFaults(configuration.faults)
            return NIOLoopBound(hub, eventLoop: loop)
        }.get()
        let broker = try await loop.submit { NIOLoopBound(hub.value.broker, eventLoop: loop) }.get()
        var engine = EngineConfiguration(
            side: .server, containerID: "\(UUIDBytes.random())_G1",
            security: .server(offers: ["MSSBCBS", "PLAIN", "ANONYMOUS", "EXTERNAL"], required: false))
        engine.idleTimeout = .seconds(240)
        let delay = DelayHandler.Delay(latency: configuration.latency, jitter: configuration.jitter)
        do {
            listener = try await AMQPListener.start(
                host: configuration.host, port: configuration.amqpPort, on: loop, configuration: engine,
                delay: { FrameCutHandler(hub.value.faults, after: delay.makeHandler()) }
            ) { _ in WireConnection(hub: hub.value) }
        } catch {
            throw SandboxError.port(configuration.amqpPort, "\(error)")
        }
        amqpPort = listener.port
        self.configuration = configuration
        self.group = group
        self.hub = hub
        let source = BrokerAdministration(broker: broker, loop: loop, access: access, tier: configuration.tier, startedAt: started)
        let faults = FaultsEndpoint(
            get: { try await loop.submit { hub.value.faults.remaining }.get() },
            set: { faults in try await loop.submit { hub.value.setFaults(faults) }.get() })
        let server = AdministrationServer(
            source: source, faults: faults, host: configuration.host, port: configuration.httpPort, logger: logger)
        let (ready, readiness) = AsyncStream.makeStream(of: Int.self)
        administration = Task {
            defer { readiness.finish() }
            try await server.run { port in readiness.yield(port) }
        }
        var port: Int?
        for await bound in ready {
            port = bound
            break
        }
        guard let port else {
            await listener.stop()
            do { try await administration.value } catch { throw SandboxError.port(configuration.httpPort, "\(error)") }
            throw SandboxError.port(configuration.httpPort, "the server stopped at once")
        }
        httpPort = port
    }

    /// A connection string for the first rule, with the administration port.
    public var connectionString: String { connectionString(rule: configuration.access.rules.first) }

    /// A connection string for a rule.
    public func connectionString(rule: AccessPolicy.Rule?) -> String {
        let credentials = rule.map { "SharedAccessKeyName=\($0.name);SharedAccessKey=\($0.key);" } ?? ""
        let management = httpPort == 5300 ? "" : "ManagementPort=\(httpPort);"
        return "Endpoint=sb://\(configuration.host):\(amqpPort);\(credentials)\(management)UseDevelopmentEmulator=true;"
    }

    /// Stops: connections are closed, ports given back.
    public func stop() async {
        administration.cancel()
        await listener.stop()
        let hub = hub
        try? await hub.eventLoop.submit { hub.value.stop() }.get()
        _ = await administration.result
        try? await group.shutdownGracefully()
    }

    /// Sets what is to go wrong from now on; every count begins anew.
    /// - Throws: when the sandbox has stopped.
    public func setFaults(_ faults: SandboxFaults) async throws {
        let hub = hub
        try await hub.eventLoop.submit { hub.value.setFaults(faults) }.get()
    }

    /// What remains of the faults.
    public var faults: SandboxFaults {
        get async throws {
            let hub = hub
            return try await hub.eventLoop.submit { hub.value.faults.remaining }.get()
        }
    }

    /// Runs something on the broker, on its event loop.
    public func withBroker<T: Sendable>(_ body: @escaping @Sendable (Broker) throws -> T) async throws -> T {
        let hub = hub
        return try await hub.eventLoop.submit { try body(hub.value.broker) }.get()
    }
}

/// Why a sandbox did not start.
public enum SandboxError: Error, Sendable, CustomStringConvertible {
    /// A port cannot be listened on, and why.
    case port(Int, String)

    /// One line.
    public var description: String {
        switch self {
        case .port(let port, let reason):
            reason.contains("98") || reason.contains("in use") ? "Port \(port) is in use." : "Cannot listen on port \(port): \(reason)"
        }
    }
}
