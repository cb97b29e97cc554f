public import RESTClient

/// The identity that Kubernetes (or another platform with the same variables) gives a workload: a federated token in a file.
public struct WorkloadIdentityCredential: AccessTokenSource {
    private let credential: FederatedAssertionCredential

    /// - Parameters:
    ///   - environment: `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, `AZURE_FEDERATED_TOKEN_FILE`, and `AZURE_AUTHORITY_HOST` where it is not `login`.
    ///   - login: the base URL of the sign-in service unless the environment names one.
    ///   - http, clock, cache: as elsewhere.
    /// - Throws: ``IdentityError/Code/notConfigured``, which names the variables that are missing.
    public init(
        environment: [String: String], login: String, http: RESTClient, clock: WallClock = .system, cache: TokenCache? = nil
    ) throws(IdentityError) {
        let values = try environment.required(["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"])
        let host = environment["AZURE_AUTHORITY_HOST"].flatMap { $0.isEmpty ? nil : $0 } ?? login
        let endpoint = try EntraEndpoint(login: host.contains("://") ? host : "https://" + host, tenant: values[0])
        self.credential = FederatedAssertionCredential(
            entra: EntraClient(endpoint: endpoint, http: http, clock: clock), clientID: values[1], assertion: .file(values[2]), cache: cache
        )
    }

    /// A token of the workload's identity.
    public func accessToken(for scope: TokenScope, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> AccessToken {
        try await self.credential.accessToken(for: scope, answering: challenge)
    }

    /// A token that is asked for now; see ``AccessTokenSource/freshToken(for:)``.
    public func freshToken(for scope: TokenScope) async throws(IdentityError) -> AccessToken {
        try await self.credential.freshToken(for: scope)
    }
}

extension [String: String] {
    /// The values of all these variables.
    /// - Throws: ``IdentityError/Code/notConfigured``, which names those that are missing or empty.
    func required(_ names: [String]) throws(IdentityError) -> [String] {
        let missing = names.filter { self[$0]?.isEmpty != false }
        guard missing.isEmpty else {
            throw IdentityError(.notConfigured, "\(missing.joined(separator: ", ")) \(missing.count == 1 ? "is" : "are") not set.")
        }
        return names.compactMap { self[$0] }
    }
}
