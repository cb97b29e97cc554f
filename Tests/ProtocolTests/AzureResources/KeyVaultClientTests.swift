import AzureResources
import Identity
import Logging
import RESTClient
import Testing

@Suite("Azure Key Vault")
struct KeyVaultClientTests {
    @Test("a vault and a secret by name or by URL; a URL of another host is refused, since the secret would go there")
    func addresses() throws {
        let address = try KeyVaultSecretAddress(parsing: "kv-retail/orders", cloud: .global)
        #expect(try KeyVaultSecretAddress(parsing: "https://kv-retail.vault.azure.net/secrets/orders", cloud: .global) == address)
        #expect(try KeyVaultSecretAddress(parsing: "https://KV-retail.vault.azure.cn/secrets/orders", cloud: .china).vault == "KV-retail")
        for text in [
            "", "kv-retail", "kv-retail/orders/4387e9", "kv/x y", "kv-retail/", "/orders", "1kv/orders", "kv-/orders", "a.b/orders",
            "kv-retail/a_b",
            "https://kv-retail.vault.azure.cn/secrets/orders", "https://kv-retail.vault.azure.net.evil.example/secrets/orders",
            "https://evil.example/.vault.azure.net/secrets/orders", "https://u@kv.vault.azure.net/secrets/orders",
            "http://kv-retail.vault.azure.net/secrets/orders", "https://kv-retail.vault.azure.net/keys/orders",
            "https://vault.azure.net/secrets/orders", "kv-retail/..",
        ] {
            #expect(throws: KeyVaultSecretAddress.Problem.self, "\(text)") { try KeyVaultSecretAddress(parsing: text, cloud: .global) }
        }
    }

    @Test("each cloud has its own hosts, and one resource for tokens")
    func clouds() {
        #expect(AzureCloud.global.keyVaultURL("kv") == "https://kv.vault.azure.net")
        #expect(AzureCloud.usGovernment.keyVaultURL("kv") == "https://kv.vault.usgovcloudapi.net")
        #expect(AzureCloud.china.keyVaultURL("kv") == "https://kv.vault.azure.cn")
        #expect(TokenScope.keyVault(.global).defaultScope == "https://vault.azure.net/.default")
        var sandbox = AzureCloud.global
        sandbox.keyVault = "https://127.0.0.1:8443"
        #expect(sandbox.keyVaultURL("kv") == "https://127.0.0.1:8443" && TokenScope.keyVault(sandbox) == .keyVault(.global))
    }

    @Test("writing is one PUT of version 7.4 with type, end and tags, with a token for vaults")
    func writing() async throws {
        let azure = ScriptedAzure { _, _ in
            .text(#"{"value":"v","id":"https://kv.vault.azure.net/secrets/orders/1f","attributes":{"exp":1900000000},"tags":{"rule":"r"}}"#)
        }
        let version = try await azure.vault.setSecret(
            Secret("the-value"), named: "orders", contentType: "text/plain", expiresAt: WallTime(secondsSince1970: 1_900_000_000),
            tags: ["rule": "r"])
        #expect(
            version.id.hasSuffix("/1f") && version.expiresAt == WallTime(secondsSince1970: 1_900_000_000) && version.tags == ["rule": "r"])
        #expect(azure.lines == ["PUT https://kv.vault.azure.net/secrets/orders?api-version=7.4"])
        #expect(azure.bodies == [#"{"attributes":{"exp":1900000000},"contentType":"text/plain","tags":{"rule":"r"},"value":"the-value"}"#])
        #expect(azure.tokens.scopes == [.keyVault(.global)])
    }

    @Test("reading gives the value as a secret, and what the vault refuses is told without it")
    func reading() async throws {
        let azure = ScriptedAzure { number, _ in
            number == 0
                ? .text(#"{"value":"the-value","id":"https://kv.vault.azure.net/secrets/orders/1f","attributes":{"enabled":true}}"#)
                : .error(403, "Forbidden", "no secrets set permission")
        }
        let (version, value) = try await azure.vault.secret(named: "orders")
        #expect(version.expiresAt == nil && value.isEqual(to: Secret("the-value")))
        let error = try await azureFailure { () throws(AzureError) in
            _ = try await azure.vault.setSecret(Secret("the-value"), named: "orders", contentType: "t", expiresAt: nil, tags: [:])
        }
        #expect(error.code == .forbidden && !error.description.contains("the-value"))
    }

    @Test("keys come with what joins them to the Activity Log; tags are replaced as a whole")
    func correlation() async throws {
        let azure = ScriptedAzure { _, request in
            request.method == .patch
                ? .text(#"{"id":"/s/n","name":"n","tags":{"a":"b"},"properties":{"provisioningState":"Succeeded"}}"#)
                : .text(
                    #"{"keyName":"r","primaryKey":"p","secondaryKey":"s","primaryConnectionString":"cp","secondaryConnectionString":"cs","aliasSecondaryConnectionString":"as"}"#,
                    headers: ["x-ms-correlation-request-id": "c-1"])
        }
        let keys = try await azure.resourceManager.regenerateKey(.secondary, of: ResourceID("/s/n/authorizationRules/r"))
        #expect(keys.correlationID == "c-1")
        #expect(keys.connectionString(.secondary).isEqual(to: Secret("as")) && keys.connectionString(.primary).isEqual(to: Secret("cp")))
        #expect(keys.key(.primary).isEqual(to: Secret("p")) && AccessKeyKind.primary.other == .secondary)
        #expect(try await azure.resourceManager.setTags(["a": "b"], of: ResourceID("/s/n")).tags == ["a": "b"])
        #expect(azure.bodies.last == #"{"tags":{"a":"b"}}"#)
    }
}

extension ScriptedAzure {
    var vault: KeyVaultClient {
        KeyVaultClient(
            vault: "kv", cloud: .global, tokens: tokens,
            client: RESTClient(
                configuration: RESTConfiguration(), exchange: exchange, clock: clock, jitter: { 1 },
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })))
    }
}
