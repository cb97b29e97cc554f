internal import NIOCore
public import RESTClient

/// The identity that Azure gives a machine or an app; there is no secret to keep.
///
/// Which of the three services answers is told by the environment: `IDENTITY_ENDPOINT` with `IDENTITY_HEADER` is App Service (Functions, Container Apps),
/// `IDENTITY_ENDPOINT` with `IMDS_ENDPOINT` is Azure Arc, and everything else is the instance metadata service of virtual machines, which is looked for
/// with one request of at most a second. `AZURE_POD_IDENTITY_AUTHORITY_HOST` says where that service is, and that it is there.
public struct ManagedIdentityCredential: AccessTokenSource {
    /// Which of a machine's identities.
    public enum Selection: Hashable, Sendable {
        /// The machine's own, or the only one it has.
        case systemAssigned
        /// That of a client id (of the identity's service principal).
        case clientID(String)
        /// That of an object id (of the identity's service principal).
        case objectID(String)
        /// That of a resource id.
        case resourceID(String)
    }

    private let keeper: TokenKeeper

    /// - Parameters:
    ///   - selection: which identity.
    ///   - environment: the variables of this process.
    ///   - http: the client that requests go through. It must not use a proxy: the services are on this machine.
    ///   - clock: the time of day.
    ///   - pause: how to wait between attempts.
    public init(
        _ selection: Selection = .systemAssigned, environment: [String: String], http: RESTClient, clock: WallClock = .system,
        pause: Pause = .system
    ) {
        self.init(selection, environment: environment, http: http, clock: clock, pause: pause, arcFolder: ArcKeyFile.folder)
    }

    init(_ selection: Selection, environment: [String: String], http: RESTClient, clock: WallClock, pause: Pause, arcFolder: String) {
        let value: (String) -> String? = { name in environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let fetch: any IdentityService
        if let endpoint = value("IDENTITY_ENDPOINT"), let header = value("IDENTITY_HEADER") {
            fetch = AppServiceIdentity(endpoint: endpoint, header: Secret(header), http: http)
        } else if let endpoint = value("IDENTITY_ENDPOINT"), value("IMDS_ENDPOINT") != nil {
            fetch = ArcIdentity(endpoint: endpoint, http: http, folder: arcFolder)
        } else {
            fetch = InstanceMetadataService(override: value("AZURE_POD_IDENTITY_AUTHORITY_HOST"), http: http, pause: pause)
        }
        self.keeper = TokenKeeper(clock: clock) { (scope, challenge) throws(IdentityError) in
            // The platform keeps these tokens and knows no claims; asking again is all there is.
            let response = try await fetch.answer(for: scope, selection)
            guard let grant = TokenGrant(body: response.body, at: clock.now) else {
                throw IdentityError(
                    .invalidAnswer,
                    "The managed identity service answered the request for a token for \(scope.resource) with something else.")
            }
            try selection.check(response.body)
            return grant
        }
    }

    /// A token of the identity.
    /// - Throws: ``IdentityError/Code/notConfigured`` when there is no such service here, or no such identity.
    public func accessToken(for scope: TokenScope, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> AccessToken {
        try await self.keeper.token(for: scope, answering: challenge)
    }

    /// A token that is asked for now. The service keeps tokens too, and may give the same again.
    public func freshToken(for scope: TokenScope) async throws(IdentityError) -> AccessToken {
        try await self.keeper.freshToken(for: scope)
    }
}

/// One of the services that give a machine's tokens.
protocol IdentityService: Sendable {
    /// The answer with a token. What cannot be one is thrown.
    func answer(for scope: TokenScope, _ selection: ManagedIdentityCredential.Selection) async throws(IdentityError) -> RESTResponse
}

extension ManagedIdentityCredential.Selection {
    /// The parameter that says it.
    func query(resourceIDName: String) -> String {
        switch self {
        case .systemAssigned: ""
        case .clientID(let id): "&client_id=\(PercentEncoding.encode(id))"
        case .objectID(let id): "&object_id=\(PercentEncoding.encode(id))"
        case .resourceID(let id): "&\(resourceIDName)=\(PercentEncoding.encode(id))"
        }
    }

    private struct Body: Decodable { var client_id: String? }

    /// That the answer is for the identity that was asked for, where it says whose it is. Services differ in case.
    fileprivate func check(_ body: ByteBuffer) throws(IdentityError) {
        guard case .clientID(let asked) = self, let given = JSONBody.decode(Body.self, from: body)?.client_id, !given.isEmpty else {
            return
        }
        guard given.lowercased() == asked.lowercased() else {
            throw IdentityError(.invalidAnswer, "The managed identity service gave a token of another identity than \(asked).")
        }
    }
}

extension RESTResponse {
    private struct Problem: Decodable {
        var error: String?
        var error_description: String?
        var message: String?
    }

    /// What a managed identity service says went wrong, in its words.
    var identityProblem: String {
        guard let problem = JSONBody.decode(Problem.self, from: self.body) else { return "status \(self.status)" }
        return String((problem.error_description ?? problem.message ?? problem.error ?? "status \(self.status)").prefix(300))
    }
}
