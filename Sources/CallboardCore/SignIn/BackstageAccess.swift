internal import Backstage
internal import Identity
internal import Logging
internal import RESTClient

extension BackstageSettings {
    /// The backend as a source of the catalogue, with what is kept of it in a file for each context and whoever signed in: what somebody may see
    /// is theirs.
    /// - Parameters:
    ///   - context: the context's name.
    ///   - tokens: who gives tokens of Entra ID; nil where nobody signs in.
    ///   - person: whose the kept catalogue is.
    /// - Throws: ``OperatorError`` of kind usage when the address cannot be used, or a token is wanted and nobody signs in.
    func backend(
        context: String, tokens: (any AccessTokenSource)?, person: String, environment: [String: String], caFile: String?, logger: Logger
    ) throws(OperatorError) -> CatalogueSource.Backend {
        let address: BackstageAddress
        do throws(BackstageError) { address = try BackstageAddress(url) } catch {
            throw OperatorError(.usage, error.message, hint: error.hint)
        }
        let authorization: BackstageAuthorization
        switch access {
        case .none: authorization = .none
        case .token(let place):
            let secret = try place.secret(environment: environment, what: "token")
            authorization = BackstageAuthorization(.staticToken) { secret.withRevealedText { "Bearer \($0)" } }
        case .entra(let resource):
            guard let tokens else {
                throw OperatorError(
                    .usage, "Backstage wants a token of Entra ID, and context '\(context)' signs nobody in.",
                    hint: "Give it 'sign-in', or a 'token' for Backstage.")
            }
            let scope = TokenScope(resource: resource)
            authorization = BackstageAuthorization(.issuedToken) {
                let token = try await tokens.accessToken(for: scope)
                return token.authorizationHeader.withRevealedText { $0 }
            }
        }
        var settings = RESTConfiguration()
        settings.maximumBodyBytes = 64 << 20
        if let caFile { settings.trust = .systemAnd(pemFile: caFile) }
        let cache = StateFolder.path(environment: environment).map { folder in
            CatalogueCache(file: "\(folder)/catalogues/\(Self.plain(context))-\(Self.plain(person)).catalogue")
        }
        return CatalogueSource.Backend(
            client: BackstageClient(
                address: address, authorization: authorization, http: RESTClient(configuration: settings, logger: logger)), cache: cache)
    }

    /// A text as part of a file's name.
    private static func plain(_ text: String) -> String {
        String(
            text.utf8.prefix(100).map { byte -> Character in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"):
                    Character(Unicode.Scalar(byte))
                default: "_"
                }
            })
    }
}

extension ContextSignIn {
    /// The Backstage of this context, asked as whoever signed in; nil where there is none.
    func backstage(environment: [String: String], caFile: String?, logger: Logger) throws(OperatorError) -> CatalogueSource.Backend? {
        try context.backstage?.backend(
            context: context.name, tokens: chain, person: account?.objectID ?? settings.credential.rawValue, environment: environment,
            caFile: caFile, logger: logger)
    }
}
