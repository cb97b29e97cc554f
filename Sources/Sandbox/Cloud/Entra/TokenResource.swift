/// What a token is for: one of the interfaces that the tenant knows.
struct TokenResource: Hashable, Sendable {
    /// The token's audience, as the client spelled it.
    var audience: String
    /// What people let their programs do there.
    var delegated: String

    private static let known: [(name: String, delegated: String)] = [
        ("https://management.azure.com", "user_impersonation"), ("https://management.core.windows.net", "user_impersonation"),
        ("https://servicebus.azure.net", "user_impersonation"), ("https://graph.microsoft.com", "User.Read Directory.Read.All"),
        ("https://vault.azure.net", "user_impersonation"), (catalogueAudience, "access"),
    ]
    /// The catalogue, as a resource of the tenant.
    static let catalogueAudience = "api://callboard-backstage"

    /// The resource of a name such as `https://servicebus.azure.net/`; nil for one that the tenant does not know.
    init?(_ name: String) {
        let bare = name.hasSuffix("/") ? String(name.dropLast()) : name
        guard let match = Self.known.first(where: { $0.name == bare.lowercased() }) else { return nil }
        audience = name
        delegated = match.delegated
    }

    /// The application that asks, as a resource of its own: no interface takes such a token.
    private init(itself application: AppRegistration) {
        audience = application.appID
        delegated = ""
    }

    /// The resource of a `scope` parameter; of one that names only sign-in scopes, Graph.
    /// - Parameter application: who asks.
    init(scope: String, of application: AppRegistration, mustBeDefault: Bool) throws(EntraError) {
        let scopes = scope.split(separator: " ").map(String.init)
        guard let first = scopes.first(where: { !["openid", "profile", "offline_access", "email"].contains($0) }) else {
            guard !mustBeDefault else { throw EntraError.missing("scope") }
            audience = "https://graph.microsoft.com"
            delegated = "User.Read"
            return
        }
        guard let slash = first.lastIndex(of: "/") else { throw .unknownResource(first) }
        if mustBeDefault, !first.hasSuffix("/.default") {
            throw EntraError(
                error: "invalid_scope", code: 1_002_012,
                message: "The provided value for scope \(first.prefix(200)) is not valid. "
                    + "Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."
            )
        }
        let name = String(first[..<slash])
        guard name.lowercased() != application.appID else {
            self = TokenResource(itself: application)
            return
        }
        guard name.lowercased() != "api://\(application.appID)" else {
            throw EntraError(
                error: "invalid_request", code: 90_009,
                message: "Application '\(application.appID)'(\(application.displayName)) is requesting a token for itself. "
                    + "This scenario is supported only if resource is specified using the GUID based App Identifier.")
        }
        guard let resource = TokenResource(name) else { throw .unknownResource(name) }
        self = resource
    }

    /// What the answer says the token is good for.
    var grantedScopes: String {
        (delegated.split(separator: " ").map(String.init) + [".default"]).map { "\(audience)/\($0)" }.joined(separator: " ")
    }
}

/// What a client asks to be in its token: the `claims` parameter (OpenID Connect Core 5.5).
struct ClaimsRequest: Sendable {
    /// Whether the client understands continuous access evaluation.
    var isContinuousAccessCapable = false
    /// Whether it answers a demand for stronger proof.
    var answersChallenge = false
    /// The authentication contexts wanted.
    var contexts: [String] = []

    init(_ texts: String?...) {
        for text in texts {
            guard let text, let wanted = CloudJSON(parsing: Array(text.utf8))?["access_token"] else { continue }
            let capabilities = wanted["xms_cc"]?["values"]?.elements ?? []
            if capabilities.contains(where: { $0.text?.lowercased() == "cp1" }) { isContinuousAccessCapable = true }
            if wanted["capolids"] != nil { answersChallenge = true }
            if let acrs = wanted["acrs"] {
                contexts += ([acrs["value"]].compactMap(\.self) + (acrs["values"]?.elements ?? [])).compactMap(\.text).prefix(10)
            }
        }
    }
}
