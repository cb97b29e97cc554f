public import Identity
public import RESTClient

/// Azure Key Vault, as far as writing a secret and looking at it goes (REST version 7.4).
///
/// It acts with the tokens of its source: what is missing is `Microsoft.KeyVault/vaults/secrets/setSecret/action` for whoever that is.
public struct KeyVaultClient: Sendable {
    /// The version of the data plane that is spoken.
    static let version = "7.4"

    private let service: AzureService

    /// A client of one vault.
    /// - Parameters:
    ///   - vault: its name.
    ///   - cloud: where its vaults answer.
    ///   - tokens: where tokens come from.
    ///   - client: what talks HTTP.
    public init(vault: String, cloud: AzureCloud, tokens: any AccessTokenSource, client: RESTClient) {
        service = AzureService(
            base: cloud.keyVaultURL(vault), scope: .keyVault(cloud), client: client, tokens: tokens, clock: ContinuousClock(),
            gate: RequestGate(limit: ResourceManagerClient.mostRequestsAtOnce), memory: ClientMemory())
    }

    /// Writes a secret; where there is one of that name, this is its next version.
    /// - Parameters:
    ///   - value: the secret. It leaves the process here.
    ///   - name: the secret's name.
    ///   - contentType: what it is, in a word.
    ///   - expiresAt: until when it is good; nil for no end.
    ///   - tags: what else is known of it, at most fifteen. Nothing secret.
    /// - Returns: the version.
    /// - Throws: ``AzureError``.
    public func setSecret(
        _ value: Secret, named name: String, contentType: String, expiresAt: WallTime?, tags: [String: String]
    ) async throws(AzureError) -> KeyVaultSecretVersion {
        let operation = "Writing the secret \(name) to \(service.base)"
        var body: [String: JSONValue] = [
            "contentType": .text(contentType), "tags": .object(tags.mapValues(JSONValue.text)),
            "value": value.withRevealedText { .text($0) },
        ]
        if let expiresAt { body["attributes"] = .object(["exp": .integer(expiresAt.secondsSince1970)]) }
        let answer = try await service.send(.put, url(name), body: .object(body), operation: operation)
        return try service.decode(KeyVaultSecretVersion.self, answer, operation: operation)
    }

    /// The newest version of a secret with its value.
    /// - Throws: ``AzureError``; ``AzureError/Code/notFound`` when there is none.
    public func secret(named name: String) async throws(AzureError) -> (version: KeyVaultSecretVersion, value: Secret) {
        let operation = "Reading the secret \(name) of \(service.base)"
        let answer = try await service.send(.get, url(name), operation: operation)
        let value = try service.decode(Value.self, answer, operation: operation)
        return (try service.decode(KeyVaultSecretVersion.self, answer, operation: operation), value.value)
    }

    private func url(_ name: String) -> String {
        service.url(ResourceID("/secrets/\(name)"), query: [("api-version", Self.version)])
    }

    private struct Value: Decodable {
        let value: Secret

        init(from decoder: any Decoder) throws { value = Secret(try JSONFields(decoder).text("value")) }
    }
}

/// A version of a secret, without its value.
public struct KeyVaultSecretVersion: Hashable, Sendable, Decodable {
    /// `https://VAULT.vault.azure.net/secrets/NAME/VERSION`.
    public let id: String
    /// Until when it is good; nil for no end.
    public let expiresAt: WallTime?
    /// What else is known of it.
    public let tags: [String: String]

    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        id = try fields.text("id")
        tags = try fields.optional("tags") ?? [:]
        expiresAt = try fields.optionalObject("attributes")?.optional("exp", as: Int64.self).map { WallTime(secondsSince1970: $0) }
    }
}
