/// What an access token says about itself. **Nobody has checked it**: the service that the token is for does that. For display, and for nothing else.
public struct UnverifiedTokenClaims: Hashable, Sendable {
    /// The tenant (`tid`).
    public let tenantID: String?
    /// The person or service principal (`oid`).
    public let objectID: String?
    /// The address a person signs in with (`preferred_username`, `upn`, `unique_name`).
    public let username: String?
    /// The name of a person or application (`name`, `app_displayname`).
    public let name: String?
    /// The application that asked (`azp`, `appid`).
    public let applicationID: String?
    /// What the token is for (`aud`).
    public let audience: [String]
    /// What a person granted (`scp`).
    public let scopes: [String]
    /// What an application was granted (`roles`).
    public let roles: [String]
    /// When it ends (`exp`).
    public let expiresAt: WallTime?
    /// Whether an application asked on its own behalf (`idtyp`).
    public let isApplication: Bool
    /// Whether the client said it answers claims challenges (`xms_cc`).
    public let answersClaimsChallenges: Bool

    private struct Claims: Decodable {
        var tid: String?
        var oid: String?
        var preferred_username: String?
        var upn: String?
        var unique_name: String?
        var name: String?
        var app_displayname: String?
        var azp: String?
        var appid: String?
        var aud: TextOrList?
        var scp: String?
        var roles: TextOrList?
        var exp: LenientInteger?
        var idtyp: String?
        var xms_cc: TextOrList?
    }

    /// Reads a token's claims without checking its signature.
    /// - Returns: nil when the token cannot be looked into, which services are free to arrange.
    public init?(of token: AccessToken) {
        guard token.kind == .jsonWebToken, let compact = token.secret.withUnsafeBytes({ CompactToken($0) }),
            let claims = JSONBody.decode(Claims.self, from: compact.claims)
        else { return nil }
        self.tenantID = claims.tid
        self.objectID = claims.oid
        self.username = claims.preferred_username ?? claims.upn ?? claims.unique_name
        self.name = claims.name ?? claims.app_displayname
        self.applicationID = claims.azp ?? claims.appid
        self.audience = claims.aud?.texts ?? []
        self.scopes = claims.scp?.split(separator: " ").map(String.init) ?? []
        self.roles = claims.roles?.texts ?? []
        self.expiresAt = claims.exp.map { WallTime(secondsSince1970: $0.value) }
        self.isApplication = claims.idtyp == "app" || (claims.idtyp == nil && claims.scp == nil)
        self.answersClaimsChallenges = claims.xms_cc?.texts.contains { $0.lowercased() == "cp1" } ?? false
    }
}
