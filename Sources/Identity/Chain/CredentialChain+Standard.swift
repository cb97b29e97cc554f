public import RESTClient

extension CredentialChain {
    /// What a standard chain is made of.
    public struct Setup: Sendable {
        /// The tenant and cloud of the context.
        public var endpoint: EntraEndpoint
        /// The application that people sign in to.
        public var clientID: String
        /// Where the context's sign-in is kept; nil when there is no place.
        public var cache: TokenCache?
        /// Whose sign-in counts; nil inside for nobody's. Whoever signed in last, unless said.
        public var person: Account?? = nil
        /// The variables of this process.
        public var environment: [String: String]
        /// The tenant to ask the Azure CLI for; nil for that of its subscription.
        public var cliTenant: String?
        /// Which of the machine's identities; nil for `AZURE_CLIENT_ID`'s, and the machine's own where that is not set.
        public var managedIdentity: ManagedIdentityCredential.Selection?
        /// The client that requests go through.
        public var http: RESTClient
        /// How programs are run.
        public var runner: ProgramRunner
        /// The time of day.
        public var clock: WallClock = .system
        /// How to wait.
        public var pause: Pause = .system
        /// Chance.
        public var random: RandomBytes = .system

        /// A setup for the system's time and chance.
        public init(
            endpoint: EntraEndpoint, clientID: String, cache: TokenCache?, environment: [String: String], http: RESTClient,
            runner: ProgramRunner
        ) {
            self.endpoint = endpoint
            self.clientID = clientID
            self.cache = cache
            self.environment = environment
            self.http = http
            self.runner = runner
        }
    }

    /// The chain in its documented order.
    /// - Parameter name: the only link of it that is to be asked; nil for all.
    public static func standard(_ setup: Setup, only name: CredentialLink.Name? = nil) -> CredentialChain {
        let links = [
            self.link(.signIn, setup, self.signIn), self.link(.environment, setup, self.environment),
            self.link(.workloadIdentity, setup, self.workload),
            CredentialLink(.azureCLI, AzureCLICredential(tenant: setup.cliTenant, runner: setup.runner, clock: setup.clock)),
            CredentialLink(
                .managedIdentity,
                ManagedIdentityCredential(
                    self.selection(setup), environment: setup.environment, http: setup.http, clock: setup.clock, pause: setup.pause)),
        ]
        return CredentialChain(name.map { name in links.filter { $0.name == name } } ?? links)
    }

    private static func link(
        _ name: CredentialLink.Name, _ setup: Setup, _ make: (Setup) throws(IdentityError) -> any AccessTokenSource
    ) -> CredentialLink {
        do throws(IdentityError) { return CredentialLink(name, try make(setup)) } catch { return CredentialLink(name, failed: error) }
    }

    private static func signIn(_ setup: Setup) throws(IdentityError) -> any AccessTokenSource {
        guard let cache = setup.cache else { throw IdentityError(.notConfigured, "This context keeps no sign-in.") }
        return SignedInCredential(
            entra: self.entra(setup, setup.endpoint), clientID: setup.clientID, cache: cache, person: setup.person)
    }

    private static func environment(_ setup: Setup) throws(IdentityError) -> any AccessTokenSource {
        let values = try setup.environment.required(["AZURE_TENANT_ID", "AZURE_CLIENT_ID"])
        let host = setup.environment["AZURE_AUTHORITY_HOST"].flatMap { $0.isEmpty ? nil : $0 } ?? setup.endpoint.login
        let endpoint = try EntraEndpoint(login: host.contains("://") ? host : "https://" + host, tenant: values[0])
        let entra = self.entra(setup, endpoint)
        if let secret = setup.environment["AZURE_CLIENT_SECRET"], !secret.isEmpty {
            return ClientSecretCredential(entra: entra, clientID: values[1], secret: Secret(secret), cache: setup.cache)
        }
        guard let path = setup.environment["AZURE_CLIENT_CERTIFICATE_PATH"], !path.isEmpty else {
            throw IdentityError(.notConfigured, "Neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH is set.")
        }
        let bytes: [UInt8]
        do throws(FileFault) { bytes = try BoundedFile.read(path, limit: 256 * 1024) } catch {
            throw IdentityError(
                .misconfigured, "The client certificate \(path) cannot be used: \(error.message).",
                hint: "Check AZURE_CLIENT_CERTIFICATE_PATH.")
        }
        return ClientCertificateCredential(
            entra: entra, clientID: values[1], certificate: try ClientCertificate(pem: Secret(bytes)), cache: setup.cache)
    }

    private static func workload(_ setup: Setup) throws(IdentityError) -> any AccessTokenSource {
        try WorkloadIdentityCredential(
            environment: setup.environment, login: setup.endpoint.login, http: setup.http, clock: setup.clock, cache: setup.cache)
    }

    private static func selection(_ setup: Setup) -> ManagedIdentityCredential.Selection {
        if let selection = setup.managedIdentity { return selection }
        return setup.environment["AZURE_CLIENT_ID"].flatMap { $0.isEmpty ? nil : .clientID($0) } ?? .systemAssigned
    }

    private static func entra(_ setup: Setup, _ endpoint: EntraEndpoint) -> EntraClient {
        EntraClient(endpoint: endpoint, http: setup.http, clock: setup.clock, pause: setup.pause, random: setup.random)
    }
}
