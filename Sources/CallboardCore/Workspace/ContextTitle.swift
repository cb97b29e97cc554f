/// What the top line of every screen says: where am I, and as whom.
public struct ContextTitle: Hashable, Sendable {
    /// The context's name.
    public var name: String
    /// The namespace's host, with its port where that is unusual.
    public var endpoint: String
    /// The environment's label: `prod`, `test`, `demo`.
    public var environment: String
    /// Whether mistakes here hurt customers.
    public var isProduction: Bool
    /// Whether changes are possible at all.
    public var mode: AccessMode
    /// Who we are to the service: a rule's name, a person, or nothing yet.
    public var identity: String
    /// Whether the namespace is an emulator or the sandbox.
    public var isEmulator: Bool
    /// Whether messages are masked before anybody sees them.
    public var isMasking: Bool
    /// Whether it signs in to Azure, which can then be asked who has access.
    public var signsIn: Bool

    /// Creates a title.
    public init(
        name: String, endpoint: String, environment: String = "", isProduction: Bool = false, mode: AccessMode = .readOnly,
        identity: String = "", isEmulator: Bool = false, isMasking: Bool = false, signsIn: Bool = false
    ) {
        self.name = name
        self.endpoint = endpoint
        self.environment = environment
        self.isProduction = isProduction
        self.mode = mode
        self.identity = identity
        self.isEmulator = isEmulator
        self.isMasking = isMasking
        self.signsIn = signsIn
    }
}
