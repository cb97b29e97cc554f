internal import RESTClient

/// A tenant of Entra ID in one of Microsoft's clouds, or of something that speaks like it: the URLs a client talks to.
public struct EntraEndpoint: Hashable, Sendable {
    /// The base URL of the sign-in service, such as `https://login.microsoftonline.com`.
    public let login: String
    /// The tenant's id or one of its domains, or `organizations`, `common`.
    public let tenant: String

    /// - Parameters:
    ///   - cloud: whose `login` counts.
    ///   - tenant: the tenant's id, one of its domains, or `organizations`.
    /// - Throws: ``IdentityError/Code/misconfigured`` when the tenant cannot be one, or the base URL would send secrets in the clear: it is
    ///   `https`, or `http` on this machine.
    public init(cloud: AzureCloud, tenant: String) throws(IdentityError) {
        try self.init(login: cloud.login, tenant: tenant)
    }

    /// As ``init(cloud:tenant:)``, with the base URL itself.
    public init(login: String, tenant: String) throws(IdentityError) {
        let login = login.hasSuffix("/") ? String(login.dropLast()) : login
        guard LoopbackURL.isSafeForSecrets(login) else {
            throw IdentityError(
                .misconfigured, "'\(login.prefix(200))' cannot be where to sign in: it is neither https nor on this machine.",
                hint: "Check the login URL of the context, or AZURE_AUTHORITY_HOST.")
        }
        // What azure-identity allows; anything else could lead to another path.
        let isPlain =
            !tenant.isEmpty && tenant.utf8.count <= 200
            && tenant.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "-" || $0 == ".")
            }
        guard isPlain, tenant != ".", tenant != ".." else {
            throw IdentityError(
                .misconfigured, "'\(tenant.prefix(200))' is not a tenant.", hint: "Give the tenant's id or one of its domains.")
        }
        self.login = login
        self.tenant = tenant
    }

    /// The tenant's id, where it was given by it and not by a domain.
    var tenantID: String? {
        let groups = self.tenant.split(separator: "-", omittingEmptySubsequences: false)
        return groups.map(\.utf8.count) == [8, 4, 4, 4, 12] && groups.allSatisfy { $0.allSatisfy(\.isHexDigit) } ? self.tenant : nil
    }

    var base: String { "\(self.login)/\(self.tenant)" }
    /// Where tokens are asked for.
    public var token: String { self.base + "/oauth2/v2.0/token" }
    /// Where a person signs in.
    public var authorize: String { self.base + "/oauth2/v2.0/authorize" }
    /// Where a code for another device is asked for.
    public var deviceCode: String { self.base + "/oauth2/v2.0/devicecode" }
    /// Where the issuer and its keys are described.
    public var openIDConfiguration: String { self.base + "/v2.0/.well-known/openid-configuration" }
}

/// Whether a URL can be trusted with secrets.
enum LoopbackURL {
    /// `https`, or `http` to this machine, with nothing after the authority but a path.
    static func isSafeForSecrets(_ url: String) -> Bool {
        guard !url.contains(where: { $0 == "?" || $0 == "#" || $0.isWhitespace }), url.utf8.count <= 2048 else { return false }
        return Endpoint(url: url)?.isSafeForSecrets ?? false
    }
}
