import AMQP
import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension TransportError {
    /// Names the reason a socket gave before there was a connection.
    init(socket error: any Error, _ endpoint: Endpoint) {
        self.init(connecting: error, endpoint)
        // Not the server is out of reach but the proxy: whoever reads this must not look for the fault in the wrong place.
        guard let proxy = endpoint.proxy else { return }
        switch self {
        case .unknownHost, .refused:
            self = .proxy(proxy: proxy.authority, target: endpoint.authority, reason: description)
        default: break
        }
    }

    private init(connecting error: any Error, _ endpoint: Endpoint) {
        switch error {
        case let error as TransportError: self = error
        case let error as NIOConnectionError:
            if error.dnsAError ?? error.dnsAAAAError != nil, error.connectionErrors.isEmpty {
                self = .unknownHost(error.host)
            } else {
                let cause = error.connectionErrors.first.map { Self.words($0.error) } ?? "no address"
                self = .refused(host: error.host, port: error.port, reason: cause)
            }
        case let error as ChannelError:
            if case .connectTimeout = error { self = .timeout("connecting") } else { self = .system("\(error)") }
        case let error as IOError: self = .refused(host: endpoint.host, port: endpoint.port, reason: Self.words(error))
        default: self = Self.tls(error) ?? .system("\(error)")
        }
    }

    /// Names the reason why a connection was lost.
    init(lost error: any Error) {
        switch error {
        case let error as TransportError: self = error
        case is IOError, is ChannelError: self = .connection(.disconnected)
        default: self = Self.tls(error) ?? .system("\(error)")
        }
    }

    /// Tells a certificate that is not trusted from a server that cannot speak TLS with us.
    private static func tls(_ error: any Error) -> TransportError? {
        switch error {
        case NIOSSLError.uncleanShutdown: return .connection(.disconnected)
        case NIOSSLError.handshakeFailed(let cause):
            return .tls(isCertificate: "\(cause)".contains("CERTIFICATE"), reason: TLS.words(cause))
        case is NIOSSLError: return .tls(isCertificate: "\(error)".contains("Certificate"), reason: TLS.words(error))
        case is NIOSSLExtraError: return .tls(isCertificate: true, reason: TLS.words(error))
        case is BoringSSLError: return .tls(isCertificate: "\(error)".contains("CERTIFICATE"), reason: TLS.words(error))
        default: return nil
        }
    }

    /// The words of an errno description like `connection reset (error set): Connection refused (errno: 111)`.
    private static func words(_ error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        return error.errnoCode == ECONNREFUSED ? "connection refused" : error.description
    }
}
