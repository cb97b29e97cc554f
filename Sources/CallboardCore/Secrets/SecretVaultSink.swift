package import AzureResources
package import Identity

/// A secret of Azure Key Vault: each one handed over is its next version, and who may read it is for the vault's own roles to say.
package struct SecretVaultSink: SecretSink {
    private let address: KeyVaultSecretAddress
    private let client: KeyVaultClient

    /// A secret of a vault.
    package init(_ address: KeyVaultSecretAddress, client: KeyVaultClient) {
        self.address = address
        self.client = client
    }

    package var title: String { "the secret \(address) of Key Vault" }

    /// Nothing is asked: writing is a right of its own, and reading the secret to find out would take another.
    package func check(replacing known: Set<SecretFingerprint>) async throws(OperatorError) {}

    package func deliver(_ secret: Secret, _ note: SecretNote, replacing known: Set<SecretFingerprint>) async throws(OperatorError) {
        do throws(AzureError) {
            _ = try await client.setSecret(
                secret, named: address.name, contentType: note.contentType, expiresAt: note.expiresAt, tags: note.tags)
        } catch {
            throw OperatorError(error)
        }
    }

    /// Reading is a right of its own: who may only write cannot know.
    package func holds(_ fingerprint: SecretFingerprint) async -> Bool? {
        do throws(AzureError) { return SecretFingerprint(try await client.secret(named: address.name).value) == fingerprint } catch {
            return error.code == .notFound ? false : nil
        }
    }

    /// A version that was handed over stays: consumers read the newest one, and the vault keeps what was there.
    package func withdraw(_ fingerprint: SecretFingerprint) async {}
}
