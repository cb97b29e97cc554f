import NIOCore
import NIOSSL

/// TLS for client connections: verification is always on.
enum TLS {
    /// The library's words, without the names of its types.
    static func words(_ error: any Error, of what: String = "certificate") -> String {
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") { return "nobody this machine trusts vouches for it" }
        if text.contains("nableToValidateCertificate") || text.contains("failedToValidateHostname") { return "it is for another name" }
        if text.contains("EOF during handshake") { return "the server closed the connection during the TLS handshake" }
        if text.contains("WRONG_VERSION_NUMBER") { return "the server does not speak TLS on this port" }
        if text.contains("noSuchFilesystemObject") { return "there is no such file" }
        if text.contains("failedToLoadCertificate") || text.contains("failedToLoadPrivateKey") { return "it holds no \(what) in PEM form" }
        return text
    }

    static func clientContext(_ security: Endpoint.Security) throws -> NIOSSLContext? {
        guard case .tls(let caFile, let identity) = security else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .fullVerification
        if let caFile { configuration.trustRoots = .file(caFile) }
        if let identity { try present(identity, in: &configuration) }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw TransportError.trustFile(path: caFile ?? "the system's store", reason: Self.words(error))
        }
    }

    /// Our own certificate, for servers that ask for one.
    private static func present(_ identity: ClientIdentity, in configuration: inout TLSConfiguration) throws {
        do {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(identity.certificateFile).map { .certificate($0) }
        } catch {
            throw TransportError.identityFile(path: identity.certificateFile, reason: words(error))
        }
        do {
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: identity.keyFile, format: .pem))
        } catch {
            throw TransportError.identityFile(path: identity.keyFile, reason: words(error, of: "key"))
        }
    }

    static func clientHandler(_ context: NIOSSLContext, host: String) throws -> NIOSSLClientHandler {
        // An address has no name to indicate; the certificate must then carry the address itself.
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
    }
}
