import NIOCore
import NIOPosix
import NIOSSL

/// TLS for client connections: verification is always on.
enum TLS {
    static func clientContext(_ security: Endpoint.Security) throws -> NIOSSLContext? {
        guard case .tls(let caFile) = security else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .fullVerification
        if let caFile { configuration.trustRoots = .file(caFile) }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw TransportError.tls(
                isCertificate: true, reason: "cannot read the certificates in \(caFile ?? "the system's store"): \(error)")
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
        case let error as NIOSSLError: self = .tls(isCertificate: true, reason: "\(error)")
        case let error as NIOSSLExtraError: self = .tls(isCertificate: true, reason: "\(error)")
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
