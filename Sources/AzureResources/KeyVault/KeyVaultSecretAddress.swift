public import Identity

/// Where a secret is in Azure Key Vault: the vault and the secret's name.
public struct KeyVaultSecretAddress: Hashable, Sendable, CustomStringConvertible {
    /// Why a text is no address; a sentence's end.
    public struct Problem: Error, Hashable, Sendable {
        /// Such as `has a host that is not of this cloud's vaults`.
        public let message: String
    }

    /// The vault's name: the first label of its host.
    public let vault: String
    /// The secret's name.
    public let name: String

    /// Reads `VAULT/NAME`, or `https://VAULT.vault.azure.net/secrets/NAME`.
    /// - Parameter cloud: its vaults are meant: a URL with another host is refused, since the secret would go there.
    /// - Throws: ``Problem``.
    public init(parsing text: String, cloud: AzureCloud) throws(Problem) {
        var rest = text[...]
        if text.lowercased().hasPrefix("https://") {
            rest = rest.dropFirst("https://".count)
            let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 3, parts[1].lowercased() == "secrets" else {
                throw Problem(message: "is not https://VAULT.\(cloud.keyVaultSuffix)/secrets/NAME, without a version")
            }
            let suffix = "." + cloud.keyVaultSuffix
            guard parts[0].lowercased().hasSuffix(suffix) else {
                throw Problem(message: "has a host that is none of this cloud's vaults, *\(suffix)")
            }
            try self.init(vault: String(parts[0].dropLast(suffix.count)), name: String(parts[2]))
            return
        }
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw Problem(message: "is not VAULT/NAME") }
        try self.init(vault: String(parts[0]), name: String(parts[1]))
    }

    /// An address of its parts (Azure documentation, "Naming rules and restrictions for Azure resources", Microsoft.KeyVault).
    /// - Throws: ``Problem`` for what no vault or secret can be called.
    public init(vault: String, name: String) throws(Problem) {
        guard (3...24).contains(vault.utf8.count), Self.isPlain(vault), vault.first?.isLetter == true, vault.last != "-" else {
            throw Problem(message: "does not name a vault: 3 to 24 letters, digits and hyphens, a letter first")
        }
        guard (1...127).contains(name.utf8.count), Self.isPlain(name) else {
            throw Problem(message: "does not name a secret: 1 to 127 letters, digits and hyphens")
        }
        self.vault = vault
        self.name = name
    }

    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }

    /// `VAULT/NAME`.
    public var description: String { "\(vault)/\(name)" }
}
