/// Whether a context may change anything.
public enum AccessMode: String, Hashable, Sendable {
    /// Looking only: every change is refused before it reaches the service.
    case readOnly = "read-only"
    /// Changes are possible, through plan, verdict and confirmation.
    case readWrite = "read-write"
}

/// Where a connection string comes from. The key itself is never held here: it has no way onto a screen or into a log.
public enum ConnectionSource: Hashable, Sendable, CustomStringConvertible {
    /// An environment variable of this name.
    case environment(String)
    /// A file that holds nothing else.
    case file(String)
    /// Given to this process when it was started (a flag, or the sandbox it runs itself).
    case given

    /// Names the place, not the content.
    public var description: String {
        switch self {
        case .environment(let name): "environment variable \(name)"
        case .file(let path): "file \(path)"
        case .given: "given at start"
        }
    }
}

/// One namespace an operator works on, as the configuration file describes it.
public struct OperatorContext: Hashable, Sendable {
    /// The name used with `--context`.
    public var name: String
    /// A word for the kind of environment: `prod`, `test`, `demo`.
    public var environment: String
    /// Whether mistakes here hurt customers: it looks different, and changes need more confirmation.
    public var isProduction: Bool
    /// The mode the file asks for; nil leaves it to ``effectiveMode(isEmulator:)``.
    public var mode: AccessMode?
    /// Where the connection string comes from; nil when the context signs in to ``endpoint`` instead.
    public var connection: ConnectionSource?
    /// The namespace's host, for instance `sb-retail.servicebus.windows.net`.
    public var endpoint: String?
    /// Catalogue files and folders.
    public var cataloguePaths: [String]
    /// A catalogue that is in memory already: the demo brings its own. Nil reads the files.
    public var catalogueText: String?
    /// How catalogue entities are bound to Service Bus entities.
    public var bindingRules: BindingRules
    /// What administration may cost in credits a second, of which a call costs ten; nil for half of the Standard tier's 1,000.
    public var creditsPerSecond: Int?
    /// What is hidden of messages.
    public var masking = MaskingSettings()
    /// The file with the Protobuf messages of this namespace, as `protoc --descriptor_set_out` writes it.
    public var descriptorSet: String?
    /// The policy file that holds here: the context's own, else that of all contexts; nil when there is none.
    public var policyPath: String?
    /// Whether programs act here by themselves, so that whoever acts is an agent to the policy.
    public var isAgent = false

    /// How somebody signs in; nil for the defaults, or where there is a connection string.
    public var signIn: SignInSettings?
    /// The Backstage to ask, besides the catalogue's files.
    public var backstage: BackstageSettings?
    /// Where signed requests for roles travel; nil where there is no such place.
    public var approvals: ApprovalSettings?
    /// The namespace's host at Azure, where it is reached under another one: a private endpoint, a sandbox.
    public var serviceHost: String?
    /// The ids of the Azure subscriptions to look into; none for all that may be seen.
    public var subscriptions: [String] = []
    /// A PEM file of certificate authorities to trust besides the system's.
    public var caFile: String?
    /// The port the namespace is administered on, where it is not 443.
    public var administrationPort: Int?

    /// Creates a context.
    public init(
        name: String, environment: String = "", isProduction: Bool = false, mode: AccessMode? = nil, connection: ConnectionSource? = nil,
        endpoint: String? = nil, cataloguePaths: [String] = [], bindingRules: BindingRules = .standard
    ) {
        self.name = name
        self.environment = environment
        self.isProduction = isProduction
        self.mode = mode
        self.connection = connection
        self.endpoint = endpoint
        self.cataloguePaths = cataloguePaths
        self.bindingRules = bindingRules
    }

    /// What takes out of messages what is hidden; nil where masking is off. It is on in production unless the file says otherwise.
    var masker: Masker? { masking.isEnabled ?? isProduction ? Masker(masking) : nil }

    /// The mode that applies: what the file says; else read-only, except on an emulator or sandbox.
    public func effectiveMode(isEmulator: Bool) -> AccessMode { mode ?? (isEmulator ? .readWrite : .readOnly) }
}
