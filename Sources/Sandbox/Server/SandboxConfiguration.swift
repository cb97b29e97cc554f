/// How a sandbox is started.
public struct SandboxConfiguration: Sendable {
    /// The tiers of Service Bus whose quotas the sandbox can hold to.
    public enum Tier: String, Sendable, Hashable, CaseIterable {
        /// 256 KB messages.
        case standard = "Standard"
        /// 1 MB messages.
        case premium = "Premium"
    }

    /// The estates that the cloud's stand-ins know: whose entities they are and who has which role.
    public enum Estate: Sendable, Hashable, CaseIterable {
        /// ``DemoEstate``.
        case demo
        /// ``LargeEstate``.
        case large
    }

    /// The address to listen on; this machine only, unless told otherwise.
    public var host = "127.0.0.1"
    /// The AMQP port; 0 for any free one.
    public var amqpPort = 5672
    /// The port for AMQP over TLS; 0 for any free one, nil for none.
    public var amqpsPort: Int?
    /// The administration port; 0 for any free one.
    public var httpPort = 5300
    /// The administration port for HTTPS; 0 for any free one, nil for none.
    public var httpsPort: Int?
    /// The port of the cloud's stand-ins (Entra, Azure Resource Manager, Graph, managed identity, Backstage), over HTTPS; 0 for any free one,
    /// nil for none.
    public var cloudPort: Int?
    /// What the cloud's stand-ins hold.
    public var estate = Estate.demo
    /// From how many credits a second on management calls are refused, as the Standard tier does at 1,000; nil for never.
    public var creditsPerSecond: Int?
    /// The port for AMQP over WebSockets; 0 for any free one.
    public var webSocketPort = 0
    /// The tier.
    public var tier = Tier.standard
    /// Added to everything that arrives, so that a far region can be rehearsed.
    public var latency = Duration.zero
    /// The latency varies by up to this much.
    public var jitter = Duration.zero
    /// The namespace's name, unless one is kept in ``dataFolder``, which has its own.
    public var namespace = "sbemulatorns"
    /// The folder the namespace is kept in, made when it is missing; nil for in memory only.
    public var dataFolder: String?
    /// What goes wrong from the start.
    public var faults = SandboxFaults()
    /// Who may do what.
    public var access = AccessPolicy.standard
    /// The time, in milliseconds since 1970.
    package var clock: @Sendable () -> Int64 = { WallClockTime.milliseconds() }
    /// Creates a configuration with the defaults above.
    public init() {}
}
