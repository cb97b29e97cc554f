/// Who signed in, from a verified id token.
///
/// An account is ``tenantID`` and ``objectID`` together and nothing else: names and addresses change, and can be given to somebody else.
public struct Account: Hashable, Sendable, Codable {
    /// The tenant that signed in (`tid`), in lower case.
    public let tenantID: String
    /// The person in that tenant (`oid`), in lower case.
    public let objectID: String
    /// The address they sign in with. For display only.
    public let preferredUsername: String
    /// Their name. For display only.
    public let name: String
    /// Who proved who they are, where that was not the tenant itself (`idp`): a guest.
    public let identityProvider: String?
    /// The groups they are in.
    public let groups: GroupClaim
    /// The application's roles they have (`roles`).
    public let roles: [String]
    /// How they proved who they are (`amr`).
    public let authenticationMethods: [String]
    /// The authentication contexts that were satisfied (`acrs`).
    public let authenticationContexts: [String]

    /// An account.
    public init(
        tenantID: String, objectID: String, preferredUsername: String = "", name: String = "", identityProvider: String? = nil,
        groups: GroupClaim = .unknown(.notInToken), roles: [String] = [], authenticationMethods: [String] = [],
        authenticationContexts: [String] = []
    ) {
        self.tenantID = tenantID.lowercased()
        self.objectID = objectID.lowercased()
        self.preferredUsername = preferredUsername
        self.name = name
        self.identityProvider = identityProvider
        self.groups = groups
        self.roles = roles
        self.authenticationMethods = authenticationMethods
        self.authenticationContexts = authenticationContexts
    }

    /// The same person, with what somebody else than the token said of their groups.
    public func with(groups: GroupClaim) -> Account {
        Account(
            tenantID: tenantID, objectID: objectID, preferredUsername: preferredUsername, name: name, identityProvider: identityProvider,
            groups: groups, roles: roles, authenticationMethods: authenticationMethods, authenticationContexts: authenticationContexts)
    }

    /// Whether both are the same person in the same tenant.
    public func isSame(as other: Account) -> Bool { self.tenantID == other.tenantID && self.objectID == other.objectID }
}

/// What a token says of somebody's groups.
public enum GroupClaim: Hashable, Sendable, Codable {
    /// Why it is not known.
    public enum Reason: String, Hashable, Sendable, Codable {
        /// There are too many for a token: Microsoft Graph has to be asked.
        case overage
        /// The token says nothing: the application is not set up to be told.
        case notInToken
    }

    /// The ids of all groups.
    case known([String])
    /// Not known. Whoever decides by groups takes it for "not a member", and never for "in no group, so no rule applies".
    case unknown(Reason)

    /// Whether somebody is in a group; nil when that is not known.
    public func contains(_ group: String) -> Bool? {
        guard case .known(let groups) = self else { return nil }
        return groups.contains { $0.lowercased() == group.lowercased() }
    }
}
