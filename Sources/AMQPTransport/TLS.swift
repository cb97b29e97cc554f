import NIOCore
import NIOSSL

/// TLS for client connections: verification is always on.
enum TLS {
    /// The library's words, without the names of its types.
    static func words(_ error: any Error) -> String {
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") { return "nobody this machine trusts vouches for it" }
        if text.contains("nableToValidateCertificate") || text.contains("failedToValidateHostname") { return "it is for another name" }
        if text.contains("EOF during handshake") { return "the server closed the connection during the TLS handshake" }
        if text.contains("WRONG_VERSION_NUMBER") { return "the server does not speak TLS on this port" }
        if text.contains("noSuchFilesystemObject") { return "there is no such file" }
        if text.contains("failedToLoadCertificate") { return "it holds no certificate in PEM form" }
        return text
    }

    static func clientContext(_ security: Endpoint.Security) throws -> NIOSSLContext? {
        guard case .tls(let caFile) = security else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .fullVerification
        if let caFile { configuration.trustRoots = .file(caFile) }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw TransportError.trustFile(path: caFile ?? "the system's store", reason: Self.words(error))
        }
    }

    static func clientHandler(_ context: NIOSSLContext, host: String) throws -> NIOSSLClientHandler {
        // An address has no name to indicate; the certificate must then carry the address itself.
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
    }
}
