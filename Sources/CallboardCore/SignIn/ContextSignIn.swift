internal import AzureResources
internal import Backstage
internal import Identity
public import Logging
internal import RESTClient
internal import ServiceBus

/// Signing in to a context: which credential answers, and who that is.
public struct ContextSignIn: Sendable {
    /// The context.
    public let context: OperatorContext
    let settings: SignInSettings
    let chain: CredentialChain
    let cache: TokenCache
    let entra: EntraClient
    let http: RESTClient
    let caFile: String?
    let logger: Logger
    let environment: [String: String]
    /// Who signed in with ``signIn(_:)`` last, from a verified id_token; nil when nobody did, or another credential is asked.
    let account: Account?

    /// Prepares signing in. Nobody is asked yet.
    /// - Parameters:
    ///   - environment: the variables of this process.
    ///   - caFile: a PEM file of authorities to trust besides the system's.
    /// - Throws: ``OperatorError`` of kind usage when tenant or URLs cannot be used, or there is no place for tokens.
    public init(
        _ context: OperatorContext, environment: [String: String], caFile: String?, logger: Logger
    ) async throws(OperatorError) {
        guard let folder = StateFolder.path(environment: environment) else {
            throw OperatorError(.usage, "There is no place to keep a sign-in.", hint: "Set HOME or XDG_STATE_HOME.")
        }
        let settings = context.signIn ?? SignInSettings()
        let runner = ProgramRunner.system(environment: environment)
        let tokens = folder + "/tokens"
        let cache = TokenCache(
            folder: tokens, name: context.name, keys: KeyStores.platform(folder: tokens, environment: environment, runner: runner))
        var rest = RESTConfiguration()
        if let caFile { rest.trust = .systemAnd(pemFile: caFile) }
        let http = RESTClient(configuration: rest, logger: logger)
        let endpoint: EntraEndpoint
        do throws(IdentityError) { endpoint = try EntraEndpoint(cloud: settings.cloud, tenant: settings.tenant) } catch {
            throw OperatorError(error)
        }
        var setup = CredentialChain.Setup(
            endpoint: endpoint, clientID: settings.clientID, cache: cache, environment: environment, http: http, runner: runner)
        setup.cliTenant = settings.tenant == SignInSettings().tenant ? nil : settings.tenant
        setup.managedIdentity = settings.managedIdentityClientID.map { .clientID($0) }
        self.context = context
        self.settings = settings
        self.cache = cache
        self.environment = environment
        self.http = http
        self.caFile = caFile
        self.logger = logger
        entra = EntraClient(endpoint: endpoint, http: http)
        let account =
            settings.credential == .chain || settings.credential == .login
            ? await cache.account(clientID: settings.clientID, at: endpoint) : nil
        self.account = account
        // Whoever the policy is asked about is who the tokens are of.
        setup.person = .some(account)
        chain = .standard(setup, only: settings.credential.link)
    }

    // MARK: Who acts

    /// Who acts, as far as it is known without asking anybody: who signed in; a program, where the context says so; whoever the chain finds,
    /// where nobody signed in.
    public var acting: ActingIdentity {
        if let account { return .person(Person(account)) }
        switch settings.credential {
        // By the client id that the chain itself takes, so that a policy can name it.
        case .managed: return .program(settings.managedIdentityClientID ?? clientID ?? "managed identity")
        case .workload: return .program(clientID ?? "workload identity")
        case .environment: return .program(clientID ?? "application")
        // Which link will answer is not known yet, and it may be a machine's.
        case .chain: return .undetermined
        case .login, .cli: return .local
        }
    }

    private var clientID: String? { environment["AZURE_CLIENT_ID"].flatMap { $0.isEmpty ? nil : $0 } }

    /// The namespace as whoever signed in.
    /// - Throws: ``OperatorError`` of kind usage when the context names none.
    public func access() throws(OperatorError) -> NamespaceAccess {
        try NamespaceAccess(
            context, tokens: EntraTokenProvider(source: chain, scope: .serviceBus(settings.cloud)), identity: title)
    }

    /// Who we are, for the top line.
    private var title: String {
        if let account { return account.displayName }
        return settings.credential == .chain || settings.credential == .login ? "signed in" : settings.credential.rawValue
    }

    /// What the organisation runs, by the context's catalogue: files, and Backstage as whoever signed in.
    /// - Parameter host: the namespace's host.
    /// - Throws: ``OperatorError`` of kind usage when Backstage's address cannot be used.
    func estate(host: String) async throws(OperatorError) -> Estate {
        let source = CatalogueSource(
            paths: context.cataloguePaths, backend: try backstage(environment: environment, caFile: caFile, logger: logger))
        let (rules, label) = (context.bindingRules, context.environment)
        let keeper = CatalogueKeeper(source, now: { .now }) {
            LoadedEstate(catalogue: $0, rules: rules, host: host, environment: label)
        }
        // What is concluded from it is acted on: an old one will not do where a new one can be had.
        await keeper.asked()
        return await keeper.current().estate
    }

    // MARK: Signing in and out

    /// How somebody signs in.
    public enum Way: Sendable {
        /// With a code, in a browser anywhere. What is to be shown is given at once: code, address, and the service's words with both.
        case deviceCode(@Sendable (_ code: String, _ url: String, _ message: String) async -> Void)
        /// In a browser of this machine. The address is given, to be opened and shown.
        case browser(@Sendable (_ url: String) async -> Void)
    }

    /// Signs somebody in, and keeps the sign-in for this context. An earlier one is replaced.
    /// - Returns: who that is.
    /// - Throws: ``OperatorError``: declined, in time, refused, or the sign-in cannot be kept.
    public func signIn(_ way: Way) async throws(OperatorError) -> SignedInPerson {
        guard settings.credential == .chain || settings.credential == .login else {
            throw OperatorError(
                .usage, "Context '\(context.name)' uses \(settings.credential.rawValue): nobody signs in to it.",
                hint: "Set 'credential: login' under 'sign-in', or leave it out.")
        }
        do throws(IdentityError) {
            let scope = TokenScope.serviceBus(settings.cloud)
            let result: SignedIn
            switch way {
            case .deviceCode(let show):
                result = try await DeviceCodeSignIn(entra: entra, clientID: settings.clientID, scope: scope).run { prompt in
                    await show(prompt.userCode, prompt.verificationURL, prompt.message)
                }
            case .browser(let open):
                var options = BrowserSignIn.Options()
                options.prompt = "select_account"
                result = try await BrowserSignIn(entra: entra, clientID: settings.clientID, scope: scope).run(options, open: open)
            }
            try await cache.keep(result)
            let account = await withGroups(result.account)
            if account != result.account { try await cache.update(account) }
            return SignedInPerson(account, keptIn: cache.path, keyKind: await cache.keyKind())
        } catch { throw OperatorError(error) }
    }

    /// The account with its groups, which Graph is asked for where the token does not say: since there are too many, or since the application is
    /// not told. Where Graph does not say either they stay unknown.
    private func withGroups(_ account: Account) async -> Account {
        guard case .unknown = account.groups else { return account }
        let credential = SignedInCredential(entra: entra, clientID: settings.clientID, cache: cache)
        let graph = GraphClient(cloud: settings.cloud, tokens: credential, client: http)
        guard case .known(let groups)? = try? await graph.groups(of: nil) else { return account }
        return account.with(groups: .known(groups.map(\.canonical).sorted()))
    }

    /// Forgets the sign-in and every token of this context.
    /// - Returns: who was signed in; nil when nobody was.
    /// - Throws: ``OperatorError`` when the file cannot be removed.
    public func signOut() async throws(OperatorError) -> String? {
        let name = await cache.accounts().first?.displayName
        do throws(IdentityError) { try await cache.forget() } catch { throw OperatorError(error) }
        return name
    }

    /// Whether nothing gives a token until a person signs in. It asks the other links of the chain.
    public var wantsPerson: Bool {
        get async {
            guard account == nil, settings.credential == .chain || settings.credential == .login else { return false }
            do throws(IdentityError) {
                _ = try await chain.accessToken(for: .serviceBus(settings.cloud))
                return false
            } catch { return error.code == .notSignedIn }
        }
    }

    // MARK: Who am I

    /// Asks for a token of Service Bus, and says which link of the chain gave it, whose it is, and why the others did not.
    public func whoAmI() async -> WhoAmI {
        var answer = WhoAmI(context: context.name, tenant: settings.tenant, cloud: settings.cloud.name)
        do throws(IdentityError) {
            let token = try await chain.accessToken(for: .serviceBus(settings.cloud))
            let claims = UnverifiedTokenClaims(of: token)
            answer.expiresAt = token.expiresAt
            answer.applicationID = claims?.applicationID
            answer.objectID = claims?.objectID
            answer.tenant = claims?.tenantID ?? answer.tenant
            answer.name = claims?.username ?? claims?.name
            answer.isApplication = claims?.isApplication ?? false
        } catch {
            answer.failure = OperatorError(error)
        }
        answer.credential = chain.chosen?.rawValue
        // Asking for the token may have brought a newer id_token.
        if chain.chosen == .signIn, let kept = await cache.claims(clientID: settings.clientID, at: entra.endpoint),
            account?.isSame(as: kept.account) ?? false
        {
            let account = kept.account
            answer.verifiedAt = Timestamp(kept.verifiedAt)
            answer.groupsAt = Timestamp(kept.groupsAt)
            answer.name = account.displayName
            answer.objectID = account.objectID
            answer.tenant = account.tenantID
            answer.isVerified = true
            answer.groups = account.groups
            answer.roles = account.roles
        }
        answer.links = chain.reports.map { WhoAmI.Link($0) }
        answer.cachePath = cache.path
        answer.keyKind = await cache.keyKind()
        answer.cacheProblem = await cache.problem().map { OperatorError($0) }
        return answer
    }
}

/// Somebody who has just signed in.
public struct SignedInPerson: Sendable {
    /// Their name; sanitise.
    public let name: String
    /// The tenant's id.
    public let tenantID: String
    /// The object id.
    public let objectID: String
    /// The file the sign-in is kept in.
    public let path: String
    /// Where the file's key is, in words.
    public let keyPlace: String

    init(_ account: Account, keptIn path: String, keyKind: KeyStoreKind?) {
        name = account.displayName
        tenantID = account.tenantID
        objectID = account.objectID
        self.path = path
        keyPlace = keyKind.map(WhoAmI.words) ?? "unknown"
    }
}

extension Account {
    /// How people call them.
    var displayName: String {
        let texts = [preferredUsername, name, objectID]
        return texts.first { !$0.isEmpty } ?? ""
    }
}

extension Person {
    /// A person of a verified id_token.
    init(_ account: Account) {
        var claims: [String: Set<String>] = [
            "roles": Set(account.roles), "acrs": Set(account.authenticationContexts), "amr": Set(account.authenticationMethods),
            "tid": [account.tenantID], "oid": [account.objectID],
        ]
        var knowsGroups = false
        if case .known(let groups) = account.groups {
            claims["groups"] = Set(groups)
            knowsGroups = true
        }
        self.init(
            tenantID: account.tenantID, objectID: account.objectID, name: account.displayName, claims: claims, knowsGroups: knowsGroups)
    }
}
