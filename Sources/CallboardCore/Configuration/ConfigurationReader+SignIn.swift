internal import Backstage
internal import Identity
internal import RESTClient

/// How a context signs in, and what it asks besides Service Bus.
extension ConfigurationReader {
    private static let signInKeys = [
        "tenant", "client-id", "cloud", "credential", "managed-identity-client-id", "login-url", "resource-manager-url", "graph-url",
        "vault-url", "role-identities",
    ]

    mutating func signIn(_ entry: YAMLNode.Entry) -> SignInSettings? {
        var settings = SignInSettings()
        // 'sign-in: true' is enough where the defaults are right.
        if let isWanted = entry.value.bool {
            if !isWanted {
                report(entry.value.line, "'sign-in' is true or a mapping; a context that nobody signs in to has a 'connection-string'")
            }
            return settings
        }
        guard let entries = mapping(entry.value, "'sign-in'") else { return nil }
        // The cloud first: the URLs override it, in whatever order they stand.
        for entry in entries where entry.key == "cloud" {
            guard let name = text(entry) else { continue }
            if let cloud = AzureCloud(named: name) {
                settings.cloud = cloud
            } else {
                report(entry.value.line, "'cloud' is one of \(AzureCloud.all.map(\.name).joined(separator: ", "))")
            }
        }
        for entry in entries {
            switch entry.key {
            case "cloud": break
            case "tenant": settings.tenant = identifier(entry.value, of: entry.key) ?? settings.tenant
            case "client-id": settings.clientID = identifier(entry.value, of: entry.key) ?? settings.clientID
            case "managed-identity-client-id": settings.managedIdentityClientID = identifier(entry.value, of: entry.key)
            case "credential":
                settings.credential =
                    choice(entry, of: SignInSettings.Credential.self, SignInSettings.Credential.allCases.map(\.rawValue)) ?? .chain
            case "login-url": settings.cloud.login = url(entry) ?? settings.cloud.login
            case "resource-manager-url": settings.cloud.resourceManager = url(entry) ?? settings.cloud.resourceManager
            case "graph-url": settings.cloud.graph = url(entry) ?? settings.cloud.graph
            case "vault-url": settings.cloud.keyVault = url(entry) ?? settings.cloud.keyVault
            case "role-identities": settings.roleIdentities = list(entry).compactMap { roleIdentity($0) }
            default: reportUnknown(entry, among: Self.signInKeys)
            }
        }
        return settings
    }

    /// Where signed requests for roles travel, and with which application they are signed.
    mutating func approvals(_ entry: YAMLNode.Entry) -> ApprovalSettings? {
        guard let entries = mapping(entry.value, "'approvals'") else { return nil }
        var (namespace, clientID): (String?, String?)
        for entry in entries {
            switch entry.key {
            case "namespace": namespace = host(entry)
            case "client-id": clientID = identifier(entry.value, of: entry.key)
            default: reportUnknown(entry, among: ["namespace", "client-id"])
            }
        }
        guard let namespace, let clientID else {
            report(entry.line, "'approvals' needs the 'namespace' that requests travel by and the 'client-id' that they are signed with")
            return nil
        }
        return ApprovalSettings(namespace: namespace, clientID: clientID)
    }

    private mutating func roleIdentity(_ element: YAMLNode) -> RoleIdentity? {
        guard let entries = mapping(element, "an entry of 'role-identities'") else { return nil }
        var role: PolicyRole?
        var client: String?
        var identity = RoleIdentity(role: .receiver, clientID: "")
        for entry in entries {
            switch entry.key {
            case "role":
                role = choice(entry, of: PolicyRole.self, PolicyRole.allCases.map(\.rawValue))
                if role == .owner {
                    report(entry.value.line, "no tokens are handed out for the role 'owner': it opens everything; name sender or receiver")
                }
            case "entity": identity.entity = text(entry)
            case "client-id": client = identifier(entry.value, of: entry.key)
            case "token-file": identity.tokenFile = text(entry).map { path($0) }
            default: reportUnknown(entry, among: ["role", "entity", "client-id", "token-file"])
            }
        }
        for key in ["role", "client-id"] where !entries.contains(where: { $0.key == key }) {
            report(element.line, "an entry of 'role-identities' needs a '\(key)'")
        }
        guard let role, let client else { return nil }
        (identity.role, identity.clientID) = (role, client)
        return identity
    }

    mutating func backstage(_ entry: YAMLNode.Entry, into rules: inout BindingRules) -> BackstageSettings? {
        guard let entries = mapping(entry.value, "'backstage'") else { return nil }
        var address: String?
        var access: BackstageSettings.Access?
        for entry in entries {
            switch entry.key {
            case "url": address = url(entry)
            case "app-url": rules.backstageApp = url(entry, why: "people open it")
            case "token", "resource":
                guard access == nil else {
                    report(entry.line, "'backstage' takes one of 'token' and 'resource'")
                    continue
                }
                if entry.key == "token" {
                    access = source(entry, what: "the token").map { .token($0) }
                } else {
                    access = text(entry).map { .entra(resource: $0) }
                }
            default: reportUnknown(entry, among: ["url", "token", "resource", "app-url"])
            }
        }
        // Whoever reads the catalogue from files can go to its pages as well.
        if address == nil, access == nil, entries.contains(where: { $0.key == "app-url" }), !entries.contains(where: { $0.key == "url" }) {
            return nil
        }
        guard let address else {
            report(entry.line, "'backstage' needs the backend's 'url'")
            return nil
        }
        return BackstageSettings(url: address, access: access ?? .none)
    }

    /// The id of something at Entra ID or Azure, or a domain: it becomes part of a path.
    mutating func identifier(_ node: YAMLNode, of key: String) -> String? {
        let text = node.text ?? ""
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isPlain, (1...255).contains(text.utf8.count) else {
            report(node.line, "'\(key)' is an id such as 8f5c1f5e-3f6c-4a07-9b53-1c0b8a4f2f11, or a domain")
            return nil
        }
        return text
    }

    /// The base URL of a service. Without TLS only on this machine.
    /// - Parameter why: it has to be so elsewhere.
    private mutating func url(_ entry: YAMLNode.Entry, why: String = "tokens go there") -> String? {
        guard var text = text(entry) else { return nil }
        while text.hasSuffix("/") { text.removeLast() }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), !text.contains("?"), !text.contains("#"),
            let endpoint = Endpoint(url: text)
        else {
            report(entry.value.line, "'\(entry.key)' is a base URL, as in https://backstage.example.com")
            return nil
        }
        guard endpoint.isSafeForSecrets else {
            report(entry.value.line, "'\(entry.key)' has to be https: \(why)")
            return nil
        }
        return text
    }

    /// Where a secret is: `{env: NAME}` or `{file: PATH}`.
    mutating func source(_ entry: YAMLNode.Entry, what: String) -> ConnectionSource? {
        guard let entries = entry.value.entries else {
            // Whatever stands here may be a key: it must not be repeated in a message.
            report(
                entry.line,
                "'\(entry.key)' says where \(what) is, {env: NAME} or {file: PATH}; \(what) itself has no place in this file")
            return nil
        }
        guard entries.count == 1, let source = entries.first else {
            report(entry.line, "'\(entry.key)' takes one of 'env' and 'file'")
            return nil
        }
        switch source.key {
        case "env": return text(source).map { .environment($0) }
        case "file": return text(source).map { .file(path($0)) }
        default:
            reportUnknown(source, among: ["env", "file"])
            return nil
        }
    }
}
