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
    ///   - person: whose the kept catalogue is; nil where nobody knows, so that nothing is kept: what somebody may see is theirs.
    /// - Throws: ``OperatorError`` of kind usage when the address cannot be used, or a token is wanted and nobody signs in.
    func backend(
        context: String, tokens: (any AccessTokenSource)?, person: String?, environment: [String: String], caFile: String?, logger: Logger
    ) throws(OperatorError) -> CatalogueSource.Backend {
        let client = try client(context: context, tokens: tokens, environment: environment, caFile: caFile, logger: logger)
        let cache = person.flatMap { person in
            StateFolder.path(environment: environment).map { (folder: $0, person: person) }
        }.map { folder, person in
            CatalogueCache(file: "\(folder)/catalogues/\(Self.plain(context))-\(Self.plain(person)).catalogue")
        }
        return CatalogueSource.Backend(client: client, cache: cache)
    }

    /// What asks the backend.
    /// - Parameters:
    ///   - context: the context's name.
    ///   - tokens: who gives tokens of Entra ID; nil where nobody signs in.
    /// - Throws: ``OperatorError`` of kind usage when the address cannot be used, or a token is wanted and nobody signs in.
    func client(
        context: String, tokens: (any AccessTokenSource)?, environment: [String: String], caFile: String?, logger: Logger
    ) throws(OperatorError) -> BackstageClient {
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
        return BackstageClient(address: address, authorization: authorization, http: RESTClient(configuration: settings, logger: logger))
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
            context: context.name, tokens: chain, person: context.backstage.flatMap { reader(of: $0) }, environment: environment,
            caFile: caFile, logger: logger)
    }

    /// Whose the kept catalogue is: who signed in, or the program that the context says. Nil where Backstage is shown a token of whoever the Azure CLI or
    /// the chain finds: that can be somebody else tomorrow, and is not known before it is asked.
    func reader(of backstage: BackstageSettings) -> String? {
        if let account { return account.objectID }
        // What is asked for without a token of Entra ID is the same for everybody here.
        guard case .entra = backstage.access else { return settings.credential.rawValue }
        guard case .program(let name) = acting else { return nil }
        return "\(settings.credential.rawValue)-\(name)"
    }
}
