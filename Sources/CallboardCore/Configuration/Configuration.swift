/// The configuration file: the contexts an operator may open.
///
/// ```yaml
/// default: retail                       # opened when no --context is given
/// policy: ~/src/policy.yaml             # who may do what, see ``Policy``; a context may name another one
/// naming: ['{service}-*']               # how entities are named that the catalogue gives to no service; a context may say otherwise
/// contexts:
///   retail:
///     environment: prod
///     production: true
///     mode: read-only                   # or read-write; read-only unless it is an emulator
///     namespace: sb-retail.servicebus.windows.net
///     connection-string: {env: RETAIL_SERVICEBUS}   # or {file: ~/.secrets/retail}; never the string itself
///     sign-in: {tenant: contoso.com, credential: login}     # instead of a connection string; 'sign-in: true' for the defaults
///     subscriptions: [8f5c1f5e-3f6c-4a07-9b53-1c0b8a4f2f11] # where its resources are looked for; all that may be seen unless said
///     service-host: sb-retail.servicebus.windows.net        # its host at Azure, where 'namespace' is a private endpoint or a sandbox
///     ca-file: ~/.callboard/ca.pem      # authorities to trust besides the system's
///     catalogue: [~/src/catalogue]
///     backstage: {url: https://backstage.example.com, resource: api://backstage}   # or token: {env: BACKSTAGE_TOKEN}
///                                       # and app-url: where its pages are, for links to them
///     on-call-links: {pagerduty.com/service-id: 'https://contoso.pagerduty.com/service-directory/{value}'}
///     naming: ['{service}', '{system}-{service}-events/{service}']
///     credits-per-second: 500           # what administration may cost; half of the Standard tier's allowance unless said
///     descriptor-set: ~/src/messages.pb # Protobuf messages, so that their bodies are shown by name
///     annotations:
///       entities: [callboard.dev/entities, {key: acme.io/queues, form: queues}]
///       on-call: [acme.io/pager]
///       service-types: [service, worker]
///       environment: [acme.io/stage]
///     agent: true                       # programs act here: whoever acts is an agent to the policy
///     masking: {paths: [$.customer.name]}   # see ``MaskingSettings``; on in production unless it says 'enabled: false'
/// ```
public struct Configuration: Hashable, Sendable {
    /// The file it was read from; nil when there is none.
    public var file: String?
    /// The contexts in the file's order.
    public var contexts: [OperatorContext]
    /// The context to open when none is named.
    public var defaultContext: String?
    /// The policy file of contexts that name none, and of connections that no context describes.
    public var policyPath: String?
    /// How entities are named, in contexts that do not say so themselves.
    public var naming: [NamingPattern] = []

    /// Creates a configuration.
    public init(file: String? = nil, contexts: [OperatorContext] = [], defaultContext: String? = nil) {
        self.file = file
        self.contexts = contexts
        self.defaultContext = defaultContext
    }

    /// The context of a name; without one the default, or the only one there is; nil when nothing is configured.
    /// - Throws: ``OperatorError``: not found when there is no such context, usage when there are several and none was named.
    public func context(named name: String?) throws(OperatorError) -> OperatorContext? {
        if let name = name ?? defaultContext {
            if let context = contexts.first(where: { $0.name == name }) { return context }
            let known = contexts.map(\.name)
            throw OperatorError(
                .notFound, "There is no context '\(name)' in \(file ?? "the configuration").",
                hint: known.isEmpty
                    ? "Add it under 'contexts', or give --connection-string."
                    : "There is \(known.joined(separator: ", ")).")
        }
        guard contexts.count > 1 else { return contexts.first }
        throw OperatorError(
            .usage, "\(contexts.count) contexts are configured and none is named.",
            hint: "Give --context NAME (\(contexts.map(\.name).joined(separator: ", "))), or set 'default:' in \(file ?? "the file").")
    }
}

/// A mistake in the configuration file.
public struct ConfigurationProblem: Hashable, Sendable, CustomStringConvertible {
    /// The file.
    public var file: String
    /// The line, counted from 1; nil when the whole file is meant.
    public var line: Int?
    /// What is wrong and, where it is known, what was meant.
    public var message: String

    /// Creates a problem.
    public init(file: String, line: Int? = nil, message: String) {
        self.file = file
        self.line = line
        self.message = message
    }

    /// `file:line: message`, as compilers write it.
    public var description: String { line.map { "\(file):\($0): \(message)" } ?? "\(file): \(message)" }
}
