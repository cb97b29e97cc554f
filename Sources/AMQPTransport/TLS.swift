import NIOCore
import NIOPosix
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

extension TransportError {
    /// Names the reason a socket gave.
    init(socket error: any Error, _ endpoint: Endpoint? = nil) {
        switch error {
        case let error as TransportError: self = error
        case let error as NIOConnectionError:
            if let dns = error.dnsAError ?? error.dnsAAAAError, error.connectionErrors.isEmpty {
                _ = dns
                self = .unknownHost(error.host)
            } else {
                let reason = error.connectionErrors.first.map { "\($0.error)" } ?? "no address"
                self = .refused(host: error.host, port: error.port, reason: Self.words(reason))
            }
        case let error as ChannelError:
            if case .connectTimeout = error { self = .timeout("connecting") } else { self = .system("\(error)") }
        case NIOSSLError.handshakeFailed(let cause):
            self = .tls(isCertificate: "\(cause)".contains("CERTIFICATE"), reason: TLS.words(cause))
        case let error as NIOSSLError: self = .tls(isCertificate: "\(error)".contains("Certificate"), reason: TLS.words(error))
        case let error as NIOSSLExtraError: self = .tls(isCertificate: true, reason: TLS.words(error))
        case let error as BoringSSLError:
            let text = "\(error)"
            self = .tls(isCertificate: text.contains("CERTIFICATE"), reason: text)
        case let error as IOError:
            self = .refused(host: endpoint?.host ?? "the server", port: endpoint?.port ?? 0, reason: Self.words(error.description))
        default:
            let text = "\(error)"
            self =
                text.contains("SSL") || text.contains("handshake")
                ? .tls(isCertificate: text.contains("CERTIFICATE"), reason: text) : .system(text)
        }
    }

    /// The words of an errno description like `connection reset (error set): Connection refused (errno: 111)`.
    private static func words(_ text: String) -> String {
        text.contains("errno: 111") ? "connection refused" : text
    }
}
