internal import Crypto
internal import CryptoExtras
internal import SwiftASN1
internal import X509

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The certificate an app registration knows its program by: what it is called, and the key that proves it.
struct ClientCertificate: Sendable {
    let publicKey: _RSA.Signing.PublicKey
    /// SHA-256 of the certificate, as the header's `x5t#S256` has it.
    let thumbprintSHA256: String
    /// SHA-1 of it, as `x5t` has it.
    let thumbprintSHA1: String

    /// Makes one for a run of the sandbox.
    /// - Returns: it, and the file that a program needs: private key and certificate, in PEM.
    static func make(name: String, now: Int64) throws -> (certificate: ClientCertificate, pem: String) {
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let subject = try DistinguishedName { CommonName(name) }
        let start = Date(timeIntervalSince1970: Double(now) / 1000 - 3600)
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey), notValidBefore: start,
            notValidAfter: start.addingTimeInterval(365 * 86_400), issuer: subject, subject: subject,
            signatureAlgorithm: .sha256WithRSAEncryption, extensions: try Certificate.Extensions {}, issuerPrivateKey: .init(key))
        let document = try certificate.serializeAsPEM()
        let bytes = document.derBytes
        return (
            ClientCertificate(
                publicKey: key.publicKey, thumbprintSHA256: Base64URL.encode(SHA256.hash(data: bytes)),
                thumbprintSHA1: Base64URL.encode(Insecure.SHA1.hash(data: bytes))),
            key.pkcs8PEMRepresentation + "\n" + document.pemString + "\n"
        )
    }

    /// Whether a token says that it is signed with this certificate, and is.
    func proves(_ token: JSONWebToken) -> Bool {
        // Microsoft's library pads what the standard does not.
        func name(_ field: String) -> String? { token.header[field]?.text.map { String($0.filter { $0 != "=" }) } }
        let isNamed = name("x5t#S256") == thumbprintSHA256 || name("x5t") == thumbprintSHA1
        return isNamed && token.isSigned(by: publicKey, allowing: ["RS256", "PS256"])
    }
}
