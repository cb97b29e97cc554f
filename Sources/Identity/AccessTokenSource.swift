/// The resource a token is for. Entra ID gives tokens for one resource at a time.
public struct TokenScope: Hashable, Sendable {
    /// The resource, without a slash at its end, such as `https://management.azure.com`.
    public let resource: String

    /// The scope of everything that was granted on a resource.
    public init(resource: String) {
        self.resource = resource.hasSuffix("/") ? String(resource.dropLast()) : resource
    }

    /// What version 2 of Entra ID's protocol calls it: the resource and `/.default`.
    public var defaultScope: String { resource + "/.default" }

    /// Azure Resource Manager of a cloud.
    public static func resourceManager(_ cloud: AzureCloud) -> TokenScope { TokenScope(resource: cloud.resourceManagerResource) }
    /// Microsoft Graph of a cloud.
    public static func graph(_ cloud: AzureCloud) -> TokenScope { TokenScope(resource: cloud.graphResource) }
    /// The Key Vaults of a cloud.
    public static func keyVault(_ cloud: AzureCloud) -> TokenScope { TokenScope(resource: "https://\(cloud.keyVaultSuffix)") }
    /// Service Bus of a cloud.
    public static func serviceBus(_ cloud: AzureCloud) -> TokenScope { TokenScope(resource: cloud.serviceBusResource) }
}

/// What a service asks of a new token, since the one it got is not enough (continuous access evaluation, step-up): the JSON text of the
/// `claims` parameter, decoded from the `WWW-Authenticate` header's base64.
public struct ClaimsChallenge: Hashable, Sendable {
    /// The JSON text.
    public let json: String

    /// A challenge of that JSON text.
    public init(json: String) { self.json = json }

    /// The largest header field that is read, in characters.
    private static let longest = 16 * 1024

    /// What a 401's `WWW-Authenticate` field asks for, `Bearer …, error="insufficient_claims", claims="{base64}"`; nil when it asks for nothing.
    package init?(wwwAuthenticate field: String) {
        guard field.utf8.count <= Self.longest, let claims = AuthenticationChallenge.parameters(of: field)["claims"],
            // Both alphabets are seen, and the padding is sometimes missing.
            let bytes = Base64.decode(claims.utf8), let json = String(validating: bytes, as: UTF8.self), json.hasPrefix("{")
        else { return nil }
        self.init(json: json)
    }
}

/// A source of tokens of Entra ID for several resources: a sign-in, a managed identity, a chain of such.
public protocol AccessTokenSource: Sendable {
    /// A token for a resource that lives on for some minutes. Sources keep tokens and renew them ahead of their end; callers ask again
    /// whenever they need one.
    /// - Parameters:
    ///   - scope: what it is for.
    ///   - challenge: what the service said is missing in the last one; nil when nothing was.
    /// - Throws: ``IdentityError`` when no token can be had.
    func accessToken(for scope: TokenScope, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> AccessToken

    /// A token for a resource that is asked for now, also where one that is kept lives on for some minutes: for where it goes it cannot be renewed. Where no
    /// new one can be had, the one that is kept. A source that keeps none gives what it gives.
    /// - Throws: ``IdentityError`` when no token can be had.
    func freshToken(for scope: TokenScope) async throws(IdentityError) -> AccessToken
}

extension AccessTokenSource {
    /// A token for a resource; see ``accessToken(for:answering:)``.
    public func freshToken(for scope: TokenScope) async throws(IdentityError) -> AccessToken { try await accessToken(for: scope) }

    /// A token for a resource; see ``accessToken(for:answering:)``.
    public func accessToken(for scope: TokenScope) async throws(IdentityError) -> AccessToken {
        try await accessToken(for: scope, answering: nil)
    }
}
