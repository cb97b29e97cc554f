import AMQP
import AMQPTransport
public import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceBus

/// A Service Bus namespace in this process, served over the real protocols.
///
/// Everything that touches messages runs on one event loop of its own; nothing leaves this machine unless the host says so.
public final class SandboxServer: Sendable {
    /// The AMQP port listened on.
    public let amqpPort: Int
    /// The port for AMQP over TLS, if it was asked for.
    public let amqpsPort: Int?
    /// The administration port listened on.
    public let httpPort: Int
    /// The administration port for HTTPS, if it was asked for.
    public let httpsPort: Int?
    /// The port of the cloud's stand-ins, if they were asked for.
    public var cloudPort: Int? { cloud?.port }
    /// What a script needs to use them.
    public var cloudDetails: SandboxCloudDetails? { cloud?.details }
    /// The port for AMQP over WebSockets, without TLS, at `/$servicebus/websocket`.
    public let webSocketPort: Int
    private let configuration: SandboxConfiguration
    private let group: MultiThreadedEventLoopGroup
    private let listener: AMQPListener
    private let secureListener: AMQPListener?
    private let webSockets: AMQPListener
    private let hub: NIOLoopBound<WireHub>
    private let administrations: [RunningServer]
    private let cloud: RunningCloud?
    private let certificateFolder: CertificateFolder?
    private let credits: CreditMeter
    /// Whether the namespace is one that was kept.
    public let isReopened: Bool
    private let failures: AsyncStream<StoreError>
    private let failureSource: AsyncStream<StoreError>.Continuation

    /// Starts a sandbox; returns when both ports accept connections.
    /// - Parameter populate: fills the broker, on its event loop, before anybody can connect; not called when a kept namespace is opened.
    /// - Throws: ``SandboxError`` when a port cannot be had, ``StoreError`` when what is kept cannot be opened, or what `populate` throws.
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
        let time = SandboxTime(configuration.clock)
        let configuration = configuration.clocked(by: time)
        let clock = configuration.clock
        let access = configuration.access
        let (failures, failureSource) = AsyncStream.makeStream(of: StoreError.self)
        let (hub, createdAt, isReopened) = try await loop.submit {
            let opened = try Self.open(configuration, clock, populate)
            let hub = WireHub(
                broker: opened.broker, access: access, faults: FaultSwitches(), loop: loop, keeper: opened.store, clock: clock)
            hub.setFaults(configuration.faults)
            hub.onFailure = { failureSource.yield($0) }
            return (NIOLoopBound(hub, eventLoop: loop), Timestamp(milliseconds: opened.createdAt), opened.isReopened)
        }.get()
        var engine = EngineConfiguration(
            side: .server, containerID: "\(UUIDBytes.random())_G1",
            security: .server(offers: ["MSSBCBS", "PLAIN", "ANONYMOUS", "EXTERNAL"], required: false))
        engine.idleTimeout = .seconds(240)
        let delay = DelayHandler.Delay(latency: configuration.latency, jitter: configuration.jitter)
        let settings = engine
        func listen(_ port: Int, _ tls: NIOSSLContext?, _ transport: Endpoint.Transport = .tcp) async throws -> AMQPListener {
            do {
                return try await AMQPListener.start(
                    host: configuration.host, port: port, transport: transport, tls: tls, on: loop, configuration: settings,
                    delay: { FrameCutHandler(hub.value.faults, after: delay.makeHandler()) }
                ) { _ in WireConnection(hub: hub.value) }
            } catch {
                throw SandboxError.port(port, "\(error)")
            }
        }
        listener = try await listen(configuration.amqpPort, nil)
        do {
            webSockets = try await listen(configuration.webSocketPort, nil, .webSocket(path: Self.webSocketPath))
        } catch {
            await listener.stop()
            throw error
        }
        webSocketPort = webSockets.port
        amqpPort = listener.port
        self.configuration = configuration
        self.group = group
        self.hub = hub
        self.isReopened = isReopened
        self.failures = failures
        self.failureSource = failureSource
        let source = BrokerAdministration(hub: hub, loop: loop, tier: configuration.tier, createdAt: createdAt)
        let faults = FaultsEndpoint(
            get: { try await loop.submit { hub.value.faults.remaining }.get() },
            set: { faults in try await loop.submit { hub.value.setFaults(faults) }.get() })
        let meter = CreditMeter(creditsPerSecond: configuration.creditsPerSecond)
        credits = meter
        // Two doors to one namespace: what one is told the other knows, and both spend the same credits.
        func administration(_ port: Int, _ tls: TLSConfiguration?) async throws -> RunningServer {
            let server = AdministrationServer(
                source: source, faults: faults, meter: meter, host: configuration.host, port: port, tls: tls, logger: logger)
            return try await RunningServer(port: port) { onReady in try await server.run(onReady: onReady) }
        }
        var doors: [RunningServer] = []
        var cloud: RunningCloud?
        var folder: CertificateFolder?
        var secure: AMQPListener?
        do {
            doors.append(try await administration(configuration.httpPort, nil))
            if configuration.httpsPort != nil || configuration.amqpsPort != nil || configuration.cloudPort != nil {
                let certificates = try Self.certificates(configuration, now: clock())
                let made = try CertificateFolder(authorityPEM: certificates.authorityPEM)
                folder = made
                if let port = configuration.httpsPort { doors.append(try await administration(port, certificates.server)) }
                if let port = configuration.amqpsPort {
                    secure = try await listen(port, try NIOSSLContext(configuration: certificates.server))
                }
                if let port = configuration.cloudPort {
                    cloud = try await RunningCloud.start(
                        configuration, port: port, hub: hub, time: time, createdAt: createdAt, tls: certificates.server, folder: made,
                        logger: logger)
                }
            }
        } catch {
            folder?.remove()
            await secure?.stop()
            for door in doors { await door.stop() }
            await listener.stop()
            await webSockets.stop()
            throw error
        }
        httpPort = doors[0].port
        httpsPort = doors.count > 1 ? doors[1].port : nil
        amqpsPort = secure?.port
        secureListener = secure
        administrations = doors
        self.cloud = cloud
        certificateFolder = folder
    }

    /// Opens the namespace that is kept, or makes one.
    private static func open(
        _ configuration: SandboxConfiguration, _ clock: @escaping () -> Int64, _ populate: (Broker) throws -> Void
    ) throws -> (broker: Broker, store: NamespaceStore?, createdAt: Int64, isReopened: Bool) {
        let store: NamespaceStore? = if let folder = configuration.dataFolder { try NamespaceStore(folder: folder) } else { nil }
        let broker = Broker(
            namespace: store?.header?.name ?? configuration.namespace,
            limits: configuration.tier == .premium ? .premium : .standard, now: clock)
        if let store, let header = store.header {
            try store.load(into: broker)
            return (broker, store, header.createdAt, true)
        }
        let header = NamespaceStore.Header(name: configuration.namespace, createdAt: clock())
        let journal = store.map { _ in BrokerJournal() }
        broker.journal = journal
        try populate(broker)
        if let store, let journal { try store.begin(header, journal) }
        return (broker, store, header.createdAt, false)
    }

    private static let webSocketPath = "/$servicebus/websocket"

    private static func certificates(_ configuration: SandboxConfiguration, now: Int64) throws -> SandboxCertificates {
        do { return try SandboxCertificates(host: configuration.host, now: now) } catch { throw SandboxError.certificates("\(error)") }
    }

    /// Where the certificate is that clients of ``httpsPort`` and ``amqpsPort`` must trust; nil without those ports.
    public var caFile: String? { certificateFolder?.file }

    /// What management calls have cost so far.
    package var creditUsage: CreditMeter.Usage { credits.usage }

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
        certificateFolder?.remove()
        await listener.stop()
        await secureListener?.stop()
        await webSockets.stop()
        let hub = hub
        try? await hub.eventLoop.submit { hub.value.stop() }.get()
        for administration in administrations { await administration.stop() }
        await cloud?.server.stop()
        try? await hub.eventLoop.submit { hub.value.closeKeeper() }.get()
        failureSource.finish()
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

    /// Runs something on the broker, on its event loop; what it changed is kept when this returns.
    /// - Throws: ``StoreError`` when that is not possible, and what `body` throws.
    public func withBroker<T: Sendable>(_ body: @escaping @Sendable (Broker) throws -> T) async throws -> T {
        let hub = hub
        return try await hub.eventLoop.submit {
            let result = try body(hub.value.broker)
            if !hub.value.keep(), let failure = hub.value.failure { throw failure }
            return result
        }.get()
    }

    /// Runs something on the cloud's stand-ins, on their event loop; nil where there are none.
    /// - Throws: what `body` throws.
    func withCloud<T: Sendable>(_ body: @escaping @Sendable (SandboxCloud) throws -> T) async throws -> T? {
        let hub = hub
        return try await hub.eventLoop.submit { try hub.value.cloud.map { try body($0) } }.get()
    }

    /// Waits until the namespace can be kept no longer; connections are cut then and nothing is answered any more. Nil when the sandbox is
    /// stopped before. For one caller.
    public var failure: StoreError? {
        get async {
            for await failure in failures { return failure }
            return nil
        }
    }
}

/// Why a sandbox did not start.
public enum SandboxError: Error, Sendable, CustomStringConvertible {
    /// A port cannot be listened on, and why.
    case port(Int, String)
    /// No certificate can be made, and why.
    case certificates(String)

    /// One line.
    public var description: String {
        switch self {
        case .certificates(let reason): "No certificate can be made for HTTPS: \(reason)"
        case .port(let port, let reason):
            reason.contains("98") || reason.contains("in use") ? "Port \(port) is in use." : "Cannot listen on port \(port): \(reason)"
        }
    }
}
