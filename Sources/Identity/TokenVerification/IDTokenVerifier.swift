/// An id token that passed every check, with what an archive needs to check it again.
public struct VerifiedIDToken: Sendable {
    /// Who signed in.
    public let account: Account
    /// When it was made.
    public let issuedAt: WallTime?
    /// When it ends.
    public let expiresAt: WallTime
    /// What it was bound to, if anything.
    public let nonce: String?
    /// The key that signed it.
    public let key: SigningKey
    /// The token itself.
    public let token: Secret
}

/// Decides whether an id token may be believed (OpenID Connect Core 3.1.3.7, and what Microsoft adds).
///
/// In this order: the algorithm is RS256, the key is one the issuer publishes (and publishes for this issuer), the signature fits, the issuer is exactly the
/// expected one with the token's own `tid` in its place, the tenant is allowed, it was made for this application, its time has come and has not passed (120 s
/// of difference between clocks are allowed), the nonce is the one that was sent. An account is `(tid, oid)`, never an address.
public struct IDTokenVerifier: Sendable {
    /// How far clocks may differ.
    public static let clockSkew = Duration.seconds(120)
    /// The most roles, groups or contexts that are kept.
    static let listLimit = 1000

    private let issuer: String
    private let clientID: String
    private let allowedTenants: Set<String>?
    private let keys: SigningKeys
    private let clock: WallClock

    /// - Parameters:
    ///   - issuer: as discovery has it; `{tenantid}` in it stands for the token's own tenant.
    ///   - clientID: the application that the token must be for.
    ///   - allowedTenants: the ids of the tenants that may sign in; nil when the issuer alone decides, which is right where it names one tenant.
    ///   - keys: the issuer's keys.
    ///   - clock: the time of day.
    public init(issuer: String, clientID: String, allowedTenants: Set<String>?, keys: SigningKeys, clock: WallClock) {
        self.issuer = issuer
        self.clientID = clientID
        self.allowedTenants = allowedTenants.map { Set($0.map { $0.lowercased() }) }
        self.keys = keys
        self.clock = clock
    }

    /// Checks a token.
    /// - Parameters:
    ///   - token: its text.
    ///   - nonce: what was sent with the request; nil where the request had no place for one (device code).
    /// - Throws: ``IdentityError/Code/untrusted(_:)`` with the first check that failed; others when the keys cannot be had.
    public func verify(_ token: Secret, nonce: String?) async throws(IdentityError) -> VerifiedIDToken {
        guard let compact = token.withUnsafeBytes({ CompactToken($0) }) else { throw .untrusted(.malformed, "it is not a JSON web token") }
        guard compact.header.alg == "RS256", compact.header.crit == nil else { throw .untrusted(.algorithm, "it is not signed with RS256") }
        guard let kid = compact.header.kid, let key = try await self.keys.key(named: kid) else {
            throw .untrusted(.unknownKey, "it is signed with a key that the issuer does not publish")
        }
        guard await key.verifies(compact.signature, of: compact.signed) else { throw .untrusted(.signature, "its signature does not fit") }
        guard let claims = JSONBody.decode(IDTokenClaims.self, from: compact.claims) else {
            throw .untrusted(.malformed, "its claims cannot be read")
        }
        try self.check(claims, key: key, nonce: nonce)
        guard let account = claims.account else { throw .untrusted(.malformed, "it does not say who signed in (tid and oid)") }
        return VerifiedIDToken(
            account: account, issuedAt: claims.iat.map { WallTime(secondsSince1970: $0.value) },
            expiresAt: WallTime(secondsSince1970: claims.exp.value), nonce: claims.nonce, key: key, token: token)
    }

    private func check(_ claims: IDTokenClaims, key: SigningKey, nonce: String?) throws(IdentityError) {
        let tenant = claims.tid?.lowercased()
        let expected = self.issuer.replacing("{tenantid}", with: tenant ?? "")
        // Where the issuer names a tenant, the claim must name the same one.
        guard claims.iss == expected, key.issuer.map({ $0.replacing("{tenantid}", with: tenant ?? "") == expected }) ?? true else {
            throw .untrusted(.issuer, "it was issued by somebody else")
        }
        guard let tenant, !tenant.isEmpty else { throw .untrusted(.tenant, "it does not name a tenant") }
        if let allowedTenants, !allowedTenants.contains(tenant) { throw .untrusted(.tenant, "its tenant is not allowed") }
        guard claims.aud.texts == [self.clientID] else { throw .untrusted(.audience, "it was made for another application") }
        let now = self.clock.now
        guard now < WallTime(secondsSince1970: claims.exp.value).advanced(by: Self.clockSkew) else {
            throw .untrusted(.expired, "its end has passed")
        }
        if let start = claims.nbf, now.advanced(by: Self.clockSkew) < WallTime(secondsSince1970: start.value) {
            throw .untrusted(.notYetValid, "its time has not come")
        }
        if let nonce {
            guard let given = claims.nonce, ConstantTime.areEqual(Array(given.utf8), Array(nonce.utf8)) else {
                throw .untrusted(.nonce, "it does not answer this request")
            }
        }
    }
}

extension IdentityError {
    fileprivate static func untrusted(_ flaw: IDTokenFlaw, _ reason: String) -> IdentityError {
        let hint =
            switch flaw {
            case .expired, .notYetValid: "Check this machine's clock."
            case .tenant: "Check the tenant of the context."
            default: "Try again; if it stays, somebody is between you and the sign-in service."
            }
        return IdentityError(.untrusted(flaw), "The id token cannot be trusted: \(reason).", hint: hint)
    }
}

/// What an id token says; believed only after ``IDTokenVerifier``.
struct IDTokenClaims: Decodable {
    var iss: String
    var aud: TextOrList
    var exp: LenientInteger
    var nbf: LenientInteger?
    var iat: LenientInteger?
    var nonce: String?
    var tid: String?
    var oid: String?
    var preferred_username: String?
    var name: String?
    var idp: String?
    var groups: [String]?
    var hasgroups: JSONValue?
    var roles: TextOrList?
    var amr: TextOrList?
    var acrs: TextOrList?
    /// Claims that are elsewhere. Where they are is not read: the address is of a service that is gone.
    var _claim_names: [String: JSONValue]?

    var account: Account? {
        guard let tid, let oid, !tid.isEmpty, !oid.isEmpty, tid.utf8.count <= 200, oid.utf8.count <= 200 else { return nil }
        let limit = IDTokenVerifier.listLimit
        return Account(
            tenantID: tid, objectID: oid, preferredUsername: String((preferred_username ?? "").prefix(500)),
            name: String((name ?? "").prefix(500)),
            identityProvider: idp.map { String($0.prefix(500)) }, groups: self.membership, roles: Array((roles?.texts ?? []).prefix(limit)),
            authenticationMethods: Array((amr?.texts ?? []).prefix(limit)), authenticationContexts: Array((acrs?.texts ?? []).prefix(limit))
        )
    }

    private var membership: GroupClaim {
        if self._claim_names?["groups"] != nil { return .unknown(.overage) }
        // Any value but a plain no: in doubt the groups are not known.
        if let hasgroups, hasgroups != .boolean(false), hasgroups != .null, hasgroups != .text("false") { return .unknown(.overage) }
        guard let groups else { return .unknown(.notInToken) }
        return groups.count <= IDTokenVerifier.listLimit ? .known(groups) : .unknown(.overage)
    }
}

/// A claim that is a text or a list of texts.
struct TextOrList: Decodable, Hashable, Sendable {
    let texts: [String]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self.texts = [text]
        } else {
            self.texts = try container.decode([String].self)
        }
    }
}
