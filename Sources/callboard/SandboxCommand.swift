import ArgumentParser
import CallboardCore
import Sandbox

/// `callboard sandbox`
struct SandboxCommand: ServerCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox", abstract: "Serve a Service Bus namespace on this machine until interrupted.",
        discussion: """
            It speaks the real protocols: Microsoft's clients work with the connection string of the line it prints when ready.
            Example: callboard sandbox --amqp-port 0 --http-port 0 --seed demo
            """)

    @Option(help: ArgumentHelp("Entities to create, in the format of Microsoft's emulator.", valueName: "Config.json"))
    var config: String?

    @Option(help: "Port for AMQP; 0 for any free one.")
    var amqpPort = 5672

    @Option(help: "Port for administration over HTTP; 0 for any free one.")
    var httpPort = 5300

    @Option(help: "Port for AMQP over TLS as well, with a certificate made for this run; 0 for any free one.")
    var amqpsPort: Int?

    @Option(help: "Port for administration over HTTPS as well, with a certificate made for this run; 0 for any free one.")
    var httpsPort: Int?

    @Option(
        help: ArgumentHelp(
            "Port for stand-ins of Entra, Azure Resource Manager, Graph, managed identity and Backstage, over HTTPS; 0 for any free one."))
    var cloudPort: Int?

    @Option(
        help: ArgumentHelp(
            "Refuse management calls beyond this many credits a second, 10 each; Azure's Standard tier: 1000.", valueName: "N"))
    var creditsPerSecond: Int?

    @Option(help: "Port for AMQP over WebSockets; 0 for any free one.")
    var webSocketPort = 0

    @Option(help: ArgumentHelp("Keep everything in this folder and go on from it; without it all is in memory only.", valueName: "DIR"))
    var data: String?

    @Option(help: "What to fill it with: demo, large (10,000 entities of 2,000 services) or none.")
    var seed = Seed.none

    @Option(help: ArgumentHelp("Delay everything that arrives, for instance 40ms.", valueName: "duration"))
    var latency = DurationArgument(.zero)

    @Option(help: ArgumentHelp("Let the delay vary by up to this much.", valueName: "duration"))
    var jitter = DurationArgument(.zero)

    @Option(help: "Whose quotas to hold to: standard or premium.")
    var tier = TierArgument.standard

    @Option(help: ArgumentHelp("What to do wrong on purpose, to test a client: see docs/commands.md.", valueName: "JSON"))
    var faults: String?

    enum Seed: String, ExpressibleByArgument, CaseIterable, Sendable { case demo, large, none }
    enum TierArgument: String, ExpressibleByArgument, CaseIterable, Sendable { case standard, premium }

    func execute() async throws -> Int32 {
        var configuration = SandboxConfiguration()
        configuration.amqpPort = amqpPort
        configuration.httpPort = httpPort
        configuration.amqpsPort = amqpsPort
        configuration.httpsPort = httpsPort
        configuration.cloudPort = cloudPort
        configuration.creditsPerSecond = creditsPerSecond
        configuration.webSocketPort = webSocketPort
        configuration.dataFolder = data
        configuration.tier = tier == .premium ? .premium : .standard
        configuration.latency = latency.duration
        configuration.jitter = jitter.duration
        if let faults { configuration.faults = try Self.faults(faults) }
        let server = try await Self.start(configuration, config: config, seed: seed)
        Standard.output.write(Self.readyLine(server))
        let failure = await Self.firstFailure(of: server)
        await server.stop()
        if let failure { throw OperatorError(failure) }
        return 0
    }

    /// Waits until the sandbox is to end.
    /// - Returns: why it cannot go on; nil when it was interrupted.
    private static func firstFailure(of server: SandboxServer) async -> StoreError? {
        await withTaskGroup(of: StoreError?.self) { group in
            group.addTask {
                await Interruption.shared.wait()
                return nil
            }
            group.addTask { await server.failure }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    /// One line of JSON: where to connect, and with what.
    static func readyLine(_ server: SandboxServer) -> String {
        var json = JSONWriter()
        json.object {
            $0.member("ready", true)
            $0.member("amqpPort", Int64(server.amqpPort))
            $0.member("httpPort", Int64(server.httpPort))
            $0.member("webSocketPort", Int64(server.webSocketPort))
            $0.member("httpsPort", server.httpsPort.map { Int64($0) })
            $0.member("amqpsPort", server.amqpsPort.map { Int64($0) })
            $0.member("cloudPort", server.cloudPort.map { Int64($0) })
            $0.member("connectionString", server.connectionString)
            $0.member("caFile", server.caFile)
            if let cloud = server.cloudDetails {
                $0.member("tenantId", cloud.tenantID)
                $0.member("subscriptionId", cloud.subscriptionID)
                $0.member("resourceGroup", cloud.resourceGroup)
                $0.member("namespaceName", cloud.namespaceName)
                $0.member("clientId", cloud.clientID)
                $0.member("publicClientId", cloud.publicClientID)
                // Secrets are in this file, which only this user can read.
                $0.member("credentialsFile", cloud.credentialsFile)
            }
        }
        return String(decoding: json.bytes, as: UTF8.self) + "\n"
    }
}

/// A duration as people type it: `40ms`, `2s`, `1.5s`.
struct DurationArgument: ExpressibleByArgument, Sendable, CustomStringConvertible {
    let duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        let (number, unit): (Substring, Double) =
            argument.hasSuffix("ms") ? (argument.dropLast(2), 0.001) : argument.hasSuffix("s") ? (argument.dropLast(), 1) : ("", 0)
        guard let value = Double(number), value >= 0, value <= 600 else { return nil }
        duration = .nanoseconds(Int64(value * unit * 1_000_000_000))
    }

    var description: String { "\(duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000)ms" }
    var defaultValueDescription: String { description }
}
