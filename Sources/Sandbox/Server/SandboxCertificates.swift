internal import Crypto
internal import NIOSSL
internal import SwiftASN1
internal import X509

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A certificate authority for one run of the sandbox, and the certificate it gave to its servers. Keys are in memory only, and the
/// authority's is forgotten as soon as it has signed.
struct SandboxCertificates {
    /// The authority's certificate, for clients to trust.
    let authorityPEM: String
    /// What a server shows.
    let server: TLSConfiguration

    /// Makes both.
    /// - Parameters:
    ///   - host: an address or name that is served besides `localhost`, `127.0.0.1` and `::1`.
    ///   - now: the time, in milliseconds since 1970.
    init(host: String, now: Int64) throws {
        let start = Date(timeIntervalSince1970: Double(now) / 1000 - 3600)
        let end = start.addingTimeInterval(365 * 86_400)
        let authorityKey = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let authorityName = try DistinguishedName { CommonName("Callboard sandbox authority") }
        let authorityID = SubjectKeyIdentifier(hash: authorityKey.publicKey)
        let authority = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: authorityKey.publicKey, notValidBefore: start, notValidAfter: end,
            issuer: authorityName, subject: authorityName, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                authorityID
            }, issuerPrivateKey: authorityKey)
        let key = P256.Signing.PrivateKey()
        let publicKey = Certificate.PublicKey(key.publicKey)
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: publicKey, notValidBefore: start, notValidAfter: end, issuer: authorityName,
            subject: try DistinguishedName { CommonName("localhost") }, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(Self.names(host))
                SubjectKeyIdentifier(hash: publicKey)
                AuthorityKeyIdentifier(keyIdentifier: authorityID.keyIdentifier)
            }, issuerPrivateKey: authorityKey)
        authorityPEM = try authority.serializeAsPEM().pemString
        server = TLSConfiguration.makeServerConfiguration(
            certificateChain: [
                .certificate(try NIOSSLCertificate(bytes: Array(try certificate.serializeAsPEM().pemString.utf8), format: .pem))
            ],
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.pemRepresentation.utf8), format: .pem)))
    }

    private static func names(_ host: String) -> [GeneralName] {
        var names: [GeneralName] = [
            .dnsName("localhost"), .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
            .ipAddress(ASN1OctetString(contentBytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
        ]
        let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        if parts.count == 4, parts.allSatisfy({ $0 != nil }) {
            names.append(.ipAddress(ASN1OctetString(contentBytes: parts.compactMap(\.self)[...])))
        } else if !host.contains(":") {
            names.append(.dnsName(host))
        }
        return names
    }
}

/// A folder that only this user can look into, with the authority's certificate; gone when the sandbox stops.
struct CertificateFolder: Sendable {
    private let folder: String
    /// Where the certificate is.
    let file: String

    init(authorityPEM: String) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "callboard-sandbox-\(CallID.make())").path
        file = "\(folder)/ca.pem"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        guard
            FileManager.default.createFile(atPath: file, contents: Data(authorityPEM.utf8), attributes: [.posixPermissions: 0o600])
        else {
            try? FileManager.default.removeItem(atPath: folder)
            throw SandboxError.certificates("\(file) cannot be written.")
        }
    }

    /// Writes another file that only this user can read.
    /// - Returns: where it is.
    func write(_ text: String, to name: String) throws -> String {
        let path = "\(folder)/\(name)"
        guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600]) else {
            throw SandboxError.certificates("\(path) cannot be written.")
        }
        return path
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }
}
