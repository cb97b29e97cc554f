public import Identity

/// How a context that has no connection string signs in to Entra ID.
public struct SignInSettings: Hashable, Sendable {
    /// Which credential is used.
    public enum Credential: String, Hashable, Sendable, CaseIterable {
        /// The first that can: this context's sign-in, the environment's secret or certificate, workload identity, the Azure CLI, a managed
        /// identity.
        case chain
        /// Only who signed in with `callboard login`.
        case login
        /// Only the secret or certificate of `AZURE_CLIENT_ID` and its kin.
        case environment
        /// Only workload identity.
        case workload = "workload-identity"
        /// Only the Azure CLI.
        case cli = "azure-cli"
        /// Only a managed identity.
        case managed = "managed-identity"

        /// The only link of the chain that is asked; nil for all.
        var link: CredentialLink.Name? {
            switch self {
            case .chain: nil
            case .login: .signIn
            case .environment: .environment
            case .workload: .workloadIdentity
            case .cli: .azureCLI
            case .managed: .managedIdentity
            }
        }
    }

    /// The public client of the Azure CLI, with which people sign in to Azure Resource Manager and Service Bus where nobody has registered
    /// an application for Callboard.
    public static let azureCLIClientID = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

    /// The cloud, its URLs overridden where the configuration says so.
    public var cloud = AzureCloud.global
    /// The tenant: an id or a domain; `organizations` for whichever somebody belongs to.
    public var tenant = "organizations"
    /// The application people sign in with.
    public var clientID = azureCLIClientID
    /// Which credential is used.
    public var credential = Credential.chain
    /// The client id of a managed identity where a machine has several.
    public var managedIdentityClientID: String?
    /// The applications whose tokens are handed out for a role, each by a federated credential.
    public var roleIdentities: [RoleIdentity] = []

    /// The defaults above.
    public init() {}
}

/// An application that has one role, and proves itself with a token of another issuer: its tokens can do no more than the role, and have its name in the
/// sign-in log.
public struct RoleIdentity: Hashable, Sendable {
    /// The role it has.
    public var role: PolicyRole
    /// The entity it has it on, as `queue`, `topic` or `topic/subscription`; nil for any.
    public var entity: String?
    /// Its client id.
    public var clientID: String
    /// The file with the other issuer's token; nil for the one that `AZURE_FEDERATED_TOKEN_FILE` names.
    public var tokenFile: String?

    /// Creates an identity.
    public init(role: PolicyRole, entity: String? = nil, clientID: String, tokenFile: String? = nil) {
        self.role = role
        self.entity = entity
        self.clientID = clientID
        self.tokenFile = tokenFile
    }
}

/// A Backstage that answers over REST.
public struct BackstageSettings: Hashable, Sendable {
    /// How it learns who asks.
    public enum Access: Hashable, Sendable {
        /// It is open.
        case none
        /// A static token of `backend.auth.externalAccess`, and where it is.
        case token(ConnectionSource)
        /// A token of Entra ID for this resource, which Backstage checks by the issuer's keys (`externalAccess` of type `jwks`).
        case entra(resource: String)
    }

    /// The backend's base URL, without a slash at its end.
    public var url: String
    /// How it learns who asks.
    public var access: Access

    /// A Backstage.
    public init(url: String, access: Access) {
        self.url = url
        self.access = access
    }
}
