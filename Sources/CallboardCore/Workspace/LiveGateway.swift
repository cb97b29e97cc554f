internal import Identity
public import Logging
internal import RESTClient
public import ServiceBus

/// A namespace over the network: AMQP for messages, the administration interface for entities and counts.
package struct LiveGateway: NamespaceGateway {
    package let endpoint: NamespaceEndpoint
    let namespace: Namespace
    let administration: AdministrationClient?
    private let http: RESTClient
    /// The namespace's allowance of credits, for what is not administration and costs them too.
    let budget: CreditBudget
    /// Who is asked for entities where the namespace itself may not be asked; nil where nobody signed in.
    private let resources: ResourceManagerEntities?

    /// A gateway that connects when first asked for something.
    /// - Parameters:
    ///   - access: where, and as whom.
    ///   - caFile: a PEM file of authorities to trust besides the system's.
    ///   - proxy: the proxy messages go through.
    ///   - creditsPerSecond: what administration may cost; nil for the usual half of the Standard tier's allowance.
    ///   - resources: who is asked for entities where the namespace itself refuses.
    init(
        _ access: NamespaceAccess, caFile: String?, proxy: NamespaceProxy? = nil, creditsPerSecond: Int? = nil,
        resources: ResourceManagerEntities? = nil, logger: Logger
    ) {
        self.resources = resources
        endpoint = NamespaceEndpoint(
            host: access.host, isEmulator: access.isEmulator, identity: access.identity, usesRoles: access.usesRoles)
        namespace = Namespace(
            Namespace.Configuration(endpoint: access.messaging, caFile: caFile, proxy: proxy), tokens: access.tokens, logger: logger)
        var settings = RESTConfiguration()
        if let caFile { settings.trust = .systemAnd(pemFile: caFile) }
        let http = RESTClient(configuration: settings, logger: logger)
        self.http = http
        let budget = NamespaceBudgets.budget(for: access.administration, creditsPerSecond: creditsPerSecond)
        self.budget = budget
        administration = access.tokens.map {
            AdministrationClient(endpoint: access.administration, tokens: $0, http: http, budget: budget)
        }
    }

    func administering() throws(OperatorError) -> AdministrationClient {
        guard let administration else {
            throw OperatorError(
                .notPermitted, "Listing entities needs a key or token, and this connection string has none.",
                hint: "Add SharedAccessKeyName and SharedAccessKey.", neededRight: "Manage")
        }
        return administration
    }

    package func entities(first: (@Sendable ([EntityDescription]) -> Void)?) async throws(OperatorError) -> [EntityDescription] {
        let client = try administering()
        // A list takes many calls: whoever asks for one entity meanwhile goes first.
        do throws(AdministrationError) { return try await client.inBackground.entities(first: first) } catch {
            return try await instead(of: error, OperatorError(error, doing: listing)) { resources throws(OperatorError) in
                try await resources.all()
            }
        }
    }

    /// What is being done when entities are listed.
    var listing: String { "Listing the entities of \(endpoint.host)" }

    /// Asks Azure Resource Manager where the namespace refused: the right to read there is another one.
    /// - Parameters:
    ///   - refusal: what the namespace said.
    ///   - told: the same for an operator. It is what is thrown where Azure Resource Manager refuses as well.
    func instead<Value>(
        of refusal: AdministrationError, _ told: OperatorError,
        _ ask: (ResourceManagerEntities) async throws(OperatorError) -> Value
    ) async throws(OperatorError) -> Value {
        guard let resources, refusal.code == .unauthorized || refusal.code == .notPermitted else { throw told }
        do throws(OperatorError) { return try await ask(resources) } catch {
            switch error.code {
            case .cancelled, .notFound: throw error
            case .notPermitted: throw told
            default:
                var told = told
                told.hint += (told.hint.isEmpty ? "" : " ") + "Asked instead, Azure Resource Manager did not answer: \(error.message)"
                throw told
            }
        }
    }

    package func waitForBudget(credits: Int) async throws(OperatorError) {
        do { try await budget.spend(credits, priority: .background) } catch { throw OperatorError(.cancelled, "Stopped.") }
    }

    package func entity(_ path: EntityPath) async throws(OperatorError) -> EntityDescription {
        let client = try administering()
        do throws(AdministrationError) { return try await client.entity(path) } catch {
            let told = OperatorError(error, doing: "Reading \(path.entity.displayName)", entity: path)
            return try await instead(of: error, told) { resources throws(OperatorError) in try await resources.entity(path) }
        }
    }

    package func subscriptions(of topic: EntityPath) async throws(OperatorError) -> [EntityDescription] {
        let client = try administering()
        do throws(AdministrationError) { return try await client.subscriptions(of: topic.entity).all() } catch {
            let told = OperatorError(error, doing: "Listing the subscriptions of \(topic.displayName)", entity: topic)
            return try await instead(of: error, told) { resources throws(OperatorError) in try await resources.subscriptions(of: topic) }
        }
    }

    package func rules(of subscription: EntityPath) async throws(OperatorError) -> [RuleDescription] {
        let client = try administering()
        do throws(AdministrationError) { return try await client.rules(of: subscription) } catch {
            throw OperatorError(error, doing: "Reading the rules of \(subscription.displayName)", entity: subscription)
        }
    }

    package func peekPage(
        _ path: EntityPath, from: SequenceNumber, count: Int, options: PeekOptions
    ) async throws(OperatorError) -> [PeekedMessage] {
        do throws(ServiceBusError) {
            return try await namespace.peek(
                path, from: from, count: count, headersOnly: options.headersOnly, sessionID: options.sessionID)
        } catch {
            throw OperatorError(error, doing: "Peeking", at: endpoint)
        }
    }

    package func scan(_ path: EntityPath, from: SequenceNumber, options: PeekOptions) -> any PageSource {
        var browsing = BrowseOptions(from: from, headersOnly: options.headersOnly, sessionID: options.sessionID, state: options.state)
        browsing.end = options.end
        return LivePageSource(browser: namespace.browser(for: path, options: browsing), endpoint: endpoint)
    }

    package func extent(of path: EntityPath) async throws(OperatorError) -> [ClosedRange<SequenceNumber>] {
        do throws(ServiceBusError) { return try await namespace.extent(of: path) } catch {
            throw OperatorError(error, doing: "Peeking", at: endpoint)
        }
    }

    package func send(_ messages: [OutgoingMessage], to path: EntityPath) async throws(OperatorError) {
        if let error = OperatorError(sending: await namespace.send(each: messages, to: path), at: endpoint) { throw error }
    }

    package func renewRights(of path: EntityPath) async { await namespace.renewRights(of: path) }

    package func close() async {
        await namespace.close()
        await http.shutdown()
    }
}

struct LivePageSource: PageSource {
    let browser: MessageBrowser
    let endpoint: NamespaceEndpoint

    func nextPage() async throws(OperatorError) -> [PeekedMessage]? {
        do throws(ServiceBusError) { return try await browser.nextPage() } catch {
            throw OperatorError(error, doing: "Peeking", at: endpoint)
        }
    }

    func finish() async { await browser.finish() }
}

extension Workspace {
    /// Opens a context on a namespace named by a connection string. Nothing is connected yet.
    /// - Parameters:
    ///   - caFile: a PEM file of authorities to trust besides the system's.
    ///   - proxy: the proxy messages go through; nil to connect directly.
    ///   - environment: of the process; it says who asks, where a policy wants to know.
    /// - Throws: ``OperatorError`` with ``OperatorError/Code/usage`` when the credentials in the string cannot be used; what is wrong with the
    ///   policy that the context names.
    public init(
        context: OperatorContext, connection: ConnectionString, caFile: String? = nil, proxy: NamespaceProxy? = nil,
        environment: [String: String] = [:], logger: Logger
    ) throws(OperatorError) {
        try self.init(
            context: context, access: try NamespaceAccess(connection), signIn: nil, caFile: caFile, proxy: proxy,
            environment: environment, logger: logger)
    }

    /// Opens a context on a namespace. Nothing is connected yet.
    /// - Parameters:
    ///   - access: where it is, and as whom it is used.
    ///   - signIn: how the context signs in, which says who acts; nil where nobody signs in.
    ///   - caFile: a PEM file of authorities to trust besides the system's.
    ///   - proxy: the proxy messages go through; nil to connect directly.
    ///   - environment: of the process; it says who asks, where nobody signed in.
    /// - Throws: ``OperatorError``: what is wrong with the policy that the context names.
    public init(
        context: OperatorContext, access: NamespaceAccess, signIn: ContextSignIn?, caFile: String? = nil,
        proxy: NamespaceProxy? = nil, environment: [String: String] = [:], logger: Logger
    ) throws(OperatorError) {
        let gateway = LiveGateway(
            access, caFile: caFile, proxy: proxy, creditsPerSecond: context.creditsPerSecond, resources: signIn?.resourceManagerEntities(),
            logger: logger)
        let acting = signIn?.acting ?? .local
        let backend =
            if let signIn {
                try signIn.backstage(environment: environment, caFile: caFile, logger: logger)
            } else {
                try context.backstage?.backend(
                    context: context.name, tokens: nil, person: "local", environment: environment, caFile: caFile, logger: logger)
            }
        var guardrails: Guardrails?
        if let file = context.policyPath {
            let place = Guardrails.Place(
                context: context.name, host: gateway.endpoint.host, environment: context.environment, mode: context.mode,
                isEmulator: gateway.endpoint.isEmulator, isProduction: context.isProduction)
            let policy = try PolicyFile.load(file, tenant: acting.tenantID)
            guardrails = Guardrails(
                rules: .policy(policy), place: place, caller: acting.caller(policy, environment: environment, isAgent: context.isAgent))
        }
        self.init(
            context: context.masked(for: acting, environment: environment, isEmulator: gateway.endpoint.isEmulator), gateway: gateway,
            guardrails: guardrails, acting: acting, backend: backend, access: signIn)
    }
}
