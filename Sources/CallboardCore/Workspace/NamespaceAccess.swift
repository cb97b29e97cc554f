public import Identity
public import ServiceBus

/// Where a namespace is, and as whom it is used.
public struct NamespaceAccess: Sendable {
    /// Where messages are.
    var messaging: MessagingEndpoint
    /// Where entities are administered.
    var administration: AdministrationEndpoint
    /// Whether it is an emulator or the sandbox.
    var isEmulator: Bool
    /// Who we are to the service, for the top line.
    var identity: String
    /// Whether rights come from roles, and not from a key.
    var usesRoles: Bool
    /// Who gives tokens; nil where none are to be had.
    var tokens: (any TokenProvider)?

    /// What a connection string opens.
    /// - Throws: ``OperatorError`` of kind usage when the credentials in the string cannot be used.
    public init(_ connection: ConnectionString) throws(OperatorError) {
        do throws(ConnectionStringError) { tokens = try connection.tokenProvider() } catch {
            throw OperatorError(.usage, error.description)
        }
        messaging = connection.messagingEndpoint
        administration = connection.administrationEndpoint
        isEmulator = connection.usesDevelopmentEmulator
        usesRoles = false
        identity =
            switch connection.authentication {
            case .sharedAccessKey(let name, _): "key \(name)"
            case .sharedAccessSignature: "shared access signature"
            case .none: "no credentials"
            }
    }

    /// A namespace that is used as whoever signed in.
    /// - Parameters:
    ///   - context: it names the namespace.
    ///   - tokens: who gives tokens.
    ///   - identity: who that is, for the top line.
    /// - Throws: ``OperatorError`` of kind usage when the context names no namespace.
    public init(_ context: OperatorContext, tokens: any TokenProvider, identity: String) throws(OperatorError) {
        guard let endpoint = context.endpoint, let (host, port) = Self.hostAndPort(endpoint) else {
            throw OperatorError(
                .usage, "Context '\(context.name)' names neither a connection string nor a namespace to sign in to.",
                hint: "Set 'namespace' for it in the configuration file, as in sb-retail.servicebus.windows.net.")
        }
        messaging = MessagingEndpoint(host: host, port: port ?? 5671, isSecure: true)
        administration = AdministrationEndpoint(isSecure: true, host: host, port: context.administrationPort)
        isEmulator = false
        usesRoles = true
        self.identity = identity
        self.tokens = tokens
    }

    /// The host as people know it, with the port where it is unusual.
    var host: String { isEmulator || messaging.port != 5671 && messaging.port != 443 ? messaging.description : messaging.host }

    private static func hostAndPort(_ text: String) -> (String, Int?)? {
        let host: Substring
        var rest: Substring
        if text.hasPrefix("[") {
            guard let bracket = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<bracket]
            rest = text[text.index(after: bracket)...]
        } else {
            host = text.prefix { $0 != ":" }
            rest = text.dropFirst(host.count)
        }
        guard !host.isEmpty else { return nil }
        if rest.isEmpty { return (String(host), nil) }
        guard rest.first == ":", let port = UInt16(rest.dropFirst()), port > 0 else { return nil }
        return (String(host), Int(port))
    }
}
