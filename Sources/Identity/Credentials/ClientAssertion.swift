internal import JWTKit

/// A JSON web token that an application signs to prove that it has the key of its certificate (RFC 7523).
enum ClientAssertion {
    static let type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    static let lifetime = Duration.seconds(600)

    private struct Claims: JWTPayload {
        var aud: String
        var iss: String
        var sub: String
        var jti: String
        var nbf: Int64
        var exp: Int64

        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }

    /// - Parameters:
    ///   - audience: the token endpoint.
    ///   - id: a text that is never used twice.
    static func make(
        certificate: ClientCertificate, clientID: String, audience: String, id: String, at now: WallTime
    ) async throws(IdentityError) -> Secret {
        let claims = Claims(
            aud: audience, iss: clientID, sub: clientID, jti: id, nbf: now.secondsSince1970,
            exp: now.advanced(by: Self.lifetime).secondsSince1970)
        do {
            let keys = await JWTKeyCollection().add(pss: certificate.key, digestAlgorithm: .sha256)
            let text = try await keys.sign(claims, header: ["x5t#S256": .string(certificate.thumbprint)])
            return Secret(text)
        } catch {
            throw IdentityError(
                .misconfigured, "The key of the client certificate cannot sign.", hint: "It must be an RSA key of 2048 bits or more.")
        }
    }
}

/// The certificate of an application and its private key.
public struct ClientCertificate: Sendable, CustomStringConvertible, CustomReflectable {
    let key: Insecure.RSA.PrivateKey
    /// SHA-256 of the certificate (`x5t#S256`), in base64 for URLs. Everybody may know it.
    public let thumbprint: String

    /// - Parameter pem: the text of a file with a `CERTIFICATE` and a `PRIVATE KEY` (or `RSA PRIVATE KEY`); where it has several certificates, the first counts.
    /// - Throws: ``IdentityError/Code/misconfigured`` with what is missing or does not fit.
    public init(pem: Secret) throws(IdentityError) {
        let blocks = pem.withRevealedText { PEMBlock.all(in: $0) }
        guard let certificate = blocks.first(where: { $0.label == "CERTIFICATE" }) else {
            throw IdentityError(
                .misconfigured, "The file of the client certificate has no CERTIFICATE in it.",
                hint: "Give a PEM file with certificate and key.")
        }
        if blocks.contains(where: { $0.label == "ENCRYPTED PRIVATE KEY" || ($0.label.hasSuffix("PRIVATE KEY") && $0.hasHeaders) }) {
            throw IdentityError(
                .misconfigured, "The key of the client certificate is protected by a password.",
                hint: "Give a PEM file with an unprotected key, mode 0600.")
        }
        guard let key = blocks.first(where: { $0.label == "PRIVATE KEY" || $0.label == "RSA PRIVATE KEY" }) else {
            throw IdentityError(
                .misconfigured, "The file of the client certificate has no PRIVATE KEY in it.",
                hint: "Give a PEM file with certificate and key.")
        }
        guard let der = Base64.decode(certificate.content.utf8),
            let publicKey = try? Insecure.RSA.PublicKey(certificatePEM: certificate.text)
        else {
            throw IdentityError(
                .misconfigured, "The client certificate cannot be read.", hint: "It must be an X.509 certificate with an RSA key.")
        }
        guard let privateKey = try? Insecure.RSA.PrivateKey(pem: key.text) else {
            throw IdentityError(
                .misconfigured, "The key of the client certificate cannot be read.", hint: "It must be an RSA key of 2048 bits or more.")
        }
        guard privateKey.publicKey == publicKey else {
            throw IdentityError(.misconfigured, "The key in the file is not the key of the client certificate.")
        }
        self.key = privateKey
        self.thumbprint = Base64.encodeURLSafe(Digest.sha256(der))
    }

    /// The thumbprint, not the key.
    public var description: String { "ClientCertificate(\(self.thumbprint))" }
    /// The same, for `dump` and test reports.
    public var customMirror: Mirror { Mirror(self, children: ["thumbprint": self.thumbprint]) }
}

/// A part of a PEM file (RFC 7468).
private struct PEMBlock {
    let label: String
    let lines: [Substring]

    /// `Proc-Type: 4,ENCRYPTED` and the like, of the time before PKCS #8.
    var hasHeaders: Bool { self.lines.contains { $0.contains(":") } }
    var content: String { self.lines.joined() }
    var text: String { "-----BEGIN \(self.label)-----\n\(self.lines.joined(separator: "\n"))\n-----END \(self.label)-----" }

    static func all(in text: String) -> [PEMBlock] {
        var result: [PEMBlock] = []
        var open: (label: Substring, lines: [Substring])?
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.drop(while: \.isWhitespace)
            if line.hasPrefix("-----BEGIN ") {
                open = (line.dropFirst(11).prefix { $0 != "-" }, [])
            } else if line.hasPrefix("-----END ") {
                if let block = open { result.append(PEMBlock(label: String(block.label), lines: block.lines)) }
                open = nil
            } else {
                open?.lines.append(line.prefix { !$0.isWhitespace || line.contains(":") })
            }
        }
        return result
    }
}
