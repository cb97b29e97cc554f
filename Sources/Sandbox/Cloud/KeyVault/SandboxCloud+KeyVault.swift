/// Azure Key Vault, data plane 7.4: secrets are set, read and listed. The vault's access policy lets `platform` and `platform-automation` do
/// everything with secrets, and nobody else anything.
extension SandboxCloud {
    /// The vault's name.
    static let vault = "kv-retail"
    private static let vaultAudiences: Set<String> = ["https://vault.azure.net"]

    /// - Parameter rest: the segments after `secrets`.
    func answerKeyVault(_ request: CloudRequest, _ rest: [String]) -> CloudResponse {
        let requestID = CallID.make()
        var response: CloudResponse
        do throws(KeyVaultRefusal) {
            let caller = try keyVaultCaller(request)
            guard let version = request.parameter("api-version") else {
                throw KeyVaultRefusal(400, "BadParameter", "api-version must be specified")
            }
            // 7.4 and its kin, and the versions by date that came after.
            guard version.hasPrefix("7.") || version.hasPrefix("20") else {
                throw KeyVaultRefusal(400, "BadParameter", "The specified version (\(version.prefix(20))) is not recognized.")
            }
            response = try answer(request, rest, caller)
        } catch {
            response = error.response
        }
        response.headers += [("x-ms-request-id", requestID), ("x-ms-keyvault-service-version", "1.9.0"), ("Cache-Control", "no-cache")]
        return response
    }

    private func keyVaultCaller(_ request: CloudRequest) throws(KeyVaultRefusal) -> Caller {
        func unauthorised(_ message: String) -> KeyVaultRefusal {
            let challenge = #"Bearer authorization="\#(request.origin)/\#(CloudSeed.tenant)", resource="https://vault.azure.net""#
            return KeyVaultRefusal(401, "Unauthorized", message, headers: [("WWW-Authenticate", challenge)])
        }
        guard let text = request.bearer else {
            throw unauthorised("AKV10000: Request is missing a Bearer or PoP token.")
        }
        do throws(TokenRefusal) { return try caller(of: text, for: Self.vaultAudiences) } catch {
            switch error {
            case .audience: throw unauthorised("AKV10022: Invalid audience. Expected https://vault.azure.net.")
            case .expired: throw unauthorised("AKV10046: The token is expired.")
            case .malformed, .signature, .unknownPrincipal: throw unauthorised("AKV10032: Invalid issuer or signature.")
            }
        }
    }

    private func require(_ permission: String, _ caller: Caller) throws(KeyVaultRefusal) {
        guard caller.principals.isDisjoint(with: [CloudSeed.platform, CloudSeed.automationPrincipal]) else { return }
        throw KeyVaultRefusal(
            403, "Forbidden",
            "The user, group or application 'oid=\(caller.principal.id)' does not have secrets \(permission) permission on key vault '\(Self.vault);location=westeurope'."
        )
    }

    private func answer(_ request: CloudRequest, _ rest: [String], _ caller: Caller) throws(KeyVaultRefusal) -> CloudResponse {
        switch (request.method, rest.count) {
        case ("GET", 0):
            try require("list", caller)
            let all = keyVault.secrets.values.sorted { $0.name < $1.name }
            return list(all.compactMap { secret in secret.versions.last.map { item(secret.name, $0, request, versioned: false) } })
        case ("PUT", 1):
            try require("set", caller)
            return try set(rest[0], request)
        case ("GET", 2) where rest[1].lowercased() == "versions":
            try require("list", caller)
            let versions = keyVault.secrets[rest[0].lowercased()]?.versions ?? []
            return list(versions.map { item(rest[0], $0, request, versioned: true) })
        case ("GET", 1), ("GET", 2):
            try require("get", caller)
            guard let (name, version) = keyVault.version(rest.count > 1 && !rest[1].isEmpty ? rest[1] : nil, of: rest[0]) else {
                throw KeyVaultRefusal(
                    404, "SecretNotFound",
                    "A secret with (name/id) \(rest.joined(separator: "/").prefix(200)) was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command."
                )
            }
            guard version.isEnabled else {
                throw KeyVaultRefusal(403, "Forbidden", "Operation get is not allowed on a disabled secret.")
            }
            return CloudResponse(200, item(name, version, request, versioned: true).setting("value", .string(version.value)))
        default:
            throw KeyVaultRefusal(405, "MethodNotAllowed", "The sandbox's vault sets, reads and lists secrets, and does nothing else.")
        }
    }

    private func set(_ name: String, _ request: CloudRequest) throws(KeyVaultRefusal) -> CloudResponse {
        let isName =
            (1...127).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                $0 < 0x80 && (Character(Unicode.Scalar($0)).isLetter || Character(Unicode.Scalar($0)).isNumber || $0 == UInt8(ascii: "-"))
            }
        guard isName else { throw KeyVaultRefusal(400, "BadParameter", "The request URI contains an invalid name: \(name.prefix(127))") }
        guard let json = request.json, let value = json["value"]?.text else {
            throw KeyVaultRefusal(400, "BadParameter", "Property value has invalid value")
        }
        let tags = json["tags"]?.members ?? []
        guard value.utf8.count <= KeyVaultStandIn.maximumValueBytes, tags.count <= KeyVaultStandIn.maximumTags,
            tags.allSatisfy({ $0.key.utf8.count <= 256 && ($0.value.text?.utf8.count ?? .max) <= 256 }),
            json["contentType"]?.text?.utf8.count ?? 0 <= 255
        else { throw KeyVaultRefusal(400, "BadParameter", "The value, its type or its tags are too long.") }
        let attributes = json["attributes"]
        let version = KeyVaultStandIn.Version(
            id: CallID.make().lowercased().filter { $0 != "-" }, value: value, contentType: json["contentType"]?.text, tags: tags,
            expires: attributes?["exp"]?.number, notBefore: attributes?["nbf"]?.number, isEnabled: attributes?["enabled"]?.flag ?? true,
            created: now / 1000)
        guard keyVault.add(version, to: name) else { throw KeyVaultRefusal(403, "Forbidden", "The sandbox's vault is full.") }
        return CloudResponse(200, item(name, version, request, versioned: true).setting("value", .string(value)))
    }

    private func list(_ items: [CloudJSON]) -> CloudResponse { CloudResponse(200, ["value": .array(items), "nextLink": nil]) }

    private func item(_ name: String, _ version: KeyVaultStandIn.Version, _ request: CloudRequest, versioned: Bool) -> CloudJSON {
        var attributes: CloudJSON = [
            "enabled": .bool(version.isEnabled), "created": .int(version.created), "updated": .int(version.created),
            "recoveryLevel": "Recoverable+Purgeable", "recoverableDays": 90,
        ]
        if let expires = version.expires { attributes = attributes.setting("exp", .int(expires)) }
        if let notBefore = version.notBefore { attributes = attributes.setting("nbf", .int(notBefore)) }
        var json: CloudJSON = [
            "id": .string("\(request.origin)/secrets/\(name)\(versioned ? "/\(version.id)" : "")"), "attributes": attributes,
            "tags": .object(version.tags),
        ]
        if let type = version.contentType { json = json.setting("contentType", .string(type)) }
        return json
    }
}

/// Why a request to the vault is refused, in its words.
struct KeyVaultRefusal: Error {
    var status: Int
    var code: String
    var message: String
    var headers: [(name: String, value: String)]

    init(_ status: Int, _ code: String, _ message: String, headers: [(name: String, value: String)] = []) {
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
    }

    var response: CloudResponse {
        CloudResponse(status, ["error": ["code": .string(code), "message": .string(message)]], headers: headers)
    }
}
