internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Turns what the libraries below throw into what an operator can act on.
enum FailureDiagnosis {
    /// The failure behind `error`. Where a certificate was refused this asks the peer for it once more, to say why.
    static func diagnose(_ error: any Error, endpoint: Endpoint, configuration: RESTConfiguration) async -> RESTError {
        switch error {
        case let error as RESTError:
            return error
        case is NIOTooManyBytesError:
            return RESTError(
                .bodyTooLarge, endpoint: endpoint.description,
                message: "The answer of \(endpoint) is larger than \(configuration.maximumBodyBytes) bytes.",
                hint: "It is probably not the service that was meant.")
        case is DeadlineExceeded:
            return self.timedOut(endpoint, "\(endpoint) did not answer within \(configuration.answerTimeout.components.seconds) s.")
        case let error as NIOConnectionError:
            return self.connectionFailed(error, endpoint: endpoint)
        case let error as ChannelError:
            return self.channelFailed(error, endpoint: endpoint)
        case let error as IOError:
            return self.ioFailed(error.errnoCode, endpoint: endpoint)
        case is NIOSSLExtraError:
            return self.nameMismatch(endpoint)
        case let error as NIOSSLError:
            return await self.tlsFailed(error, endpoint: endpoint)
        case is BoringSSLError:
            return self.notTLS(endpoint)
        case is HTTPParserError:
            return self.notHTTP(endpoint)
        case let error as HTTPClientError:
            return self.clientFailed(error, endpoint: endpoint, configuration: configuration)
        default:
            return self.connectionLost(endpoint)
        }
    }

    private static func connectionFailed(_ error: NIOConnectionError, endpoint: Endpoint) -> RESTError {
        // An address family without an answer is normal; a name is unknown only when no connection was tried at all.
        guard let first = error.connectionErrors.first else {
            return RESTError(
                .unknownHost, endpoint: endpoint.description, message: "The host name '\(endpoint.host)' does not resolve.",
                hint: "Check the spelling of the endpoint, and the network or VPN.")
        }
        for failure in error.connectionErrors {
            if let code = (failure.error as? IOError)?.errnoCode, code == ECONNREFUSED {
                return self.ioFailed(code, endpoint: endpoint)
            }
        }
        if let error = first.error as? IOError { return self.ioFailed(error.errnoCode, endpoint: endpoint) }
        if let error = first.error as? ChannelError { return self.channelFailed(error, endpoint: endpoint) }
        return self.connectionLost(endpoint)
    }

    private static func channelFailed(_ error: ChannelError, endpoint: Endpoint) -> RESTError {
        if case .connectTimeout = error { return self.connectTimedOut(endpoint) }
        return self.connectionLost(endpoint)
    }

    private static func ioFailed(_ code: CInt, endpoint: Endpoint) -> RESTError {
        switch code {
        case ECONNREFUSED:
            return RESTError(
                .refused, endpoint: endpoint.description, message: "Nothing listens on \(endpoint): the connection was refused.",
                hint: "Check host and port, and that the server is running.")
        case EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL, ENETDOWN:
            return RESTError(
                .unreachable, endpoint: endpoint.description, message: "No network route leads to \(endpoint).",
                hint: "Check the network or VPN.")
        case ETIMEDOUT:
            return self.connectTimedOut(endpoint)
        default:
            return self.connectionLost(endpoint)
        }
    }

    private static func tlsFailed(_ error: NIOSSLError, endpoint: Endpoint) async -> RESTError {
        switch error {
        case .handshakeFailed(.sslError(let stack)):
            let text = stack.map(\.description).joined(separator: " ")
            if text.contains("CERTIFICATE_VERIFY_FAILED") {
                return self.certificateRefused(await CertificateInspection.inspect(endpoint), endpoint: endpoint)
            }
            return self.notTLS(endpoint)
        case .unableToValidateCertificate, .noCertificateToValidate:
            return self.nameMismatch(endpoint)
        case .handshakeFailed:
            return self.notTLS(endpoint)
        default:
            return self.connectionLost(endpoint)
        }
    }

    private static func certificateRefused(_ finding: CertificateInspection.Finding, endpoint: Endpoint) -> RESTError {
        switch finding {
        case .expired:
            return RESTError(
                .certificateExpired, endpoint: endpoint.description, message: "The certificate of \(endpoint) has expired.",
                hint: "It must be renewed on the server; check this machine's clock too.")
        case .notYetValid:
            return RESTError(
                .certificateExpired, endpoint: endpoint.description, message: "The certificate of \(endpoint) is not valid yet.",
                hint: "Check the clocks of this machine and of the server.")
        case .withinItsTime, .unknown:
            return RESTError(
                .certificateUntrusted, endpoint: endpoint.description,
                message: "The certificate of \(endpoint) is not signed by an authority that this machine trusts.",
                hint: "If the server is yours, pass its CA certificate with --ca-file.")
        }
    }

    private static func clientFailed(_ error: HTTPClientError, endpoint: Endpoint, configuration: RESTConfiguration) -> RESTError {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout, .httpProxyHandshakeTimeout, .socksHandshakeTimeout:
            return self.connectTimedOut(endpoint)
        case .tlsHandshakeTimeout:
            return self.notTLS(endpoint)
        case .readTimeout, .writeTimeout, .deadlineExceeded:
            return self.timedOut(endpoint, "\(endpoint) did not answer within \(configuration.answerTimeout.components.seconds) s.")
        case .invalidURL, .emptyHost, .emptyScheme, .missingSocketPath:
            return self.notWritable(endpoint, error)
        case .cancelled, .alreadyShutdown:
            return RESTError(.cancelled, endpoint: endpoint.description, message: "The request to \(endpoint) was cancelled.", hint: "")
        default:
            let header = [HTTPClientError.invalidHeaderFieldNames([]), .invalidHeaderFieldValues([])]
            if header.contains(where: { $0.shortDescription == error.shortDescription }) { return self.notWritable(endpoint, error) }
            return self.connectionLost(endpoint)
        }
    }

    private static func notWritable(_ endpoint: Endpoint, _ error: HTTPClientError) -> RESTError {
        // The short description has no values in it: a header's value may be a token.
        RESTError(
            .invalidURL, endpoint: endpoint.description,
            message: "The request to \(endpoint) cannot be written as HTTP: \(error.shortDescription).",
            hint: "Check the endpoint, the entity's name and the token.")
    }

    private static func connectTimedOut(_ endpoint: Endpoint) -> RESTError {
        self.timedOut(endpoint, "\(endpoint) could not be reached in time.")
    }

    private static func timedOut(_ endpoint: Endpoint, _ message: String) -> RESTError {
        RESTError(.timedOut, endpoint: endpoint.description, message: message, hint: "Check host and port, firewalls and VPN.")
    }

    private static func connectionLost(_ endpoint: Endpoint) -> RESTError {
        RESTError(
            .connectionLost, endpoint: endpoint.description, message: "The connection to \(endpoint) broke before the answer was complete.",
            hint: endpoint.isSecure ? "Try again; check the network." : "Check that the port speaks HTTP and not HTTPS or AMQP.")
    }

    private static func nameMismatch(_ endpoint: Endpoint) -> RESTError {
        RESTError(
            .certificateNameMismatch, endpoint: endpoint.description,
            message: "The certificate of \(endpoint) is for another name than '\(endpoint.host)'.",
            hint: "Use the host name that the certificate was made for.")
    }

    private static func notTLS(_ endpoint: Endpoint) -> RESTError {
        RESTError(
            .tlsFailed, endpoint: endpoint.description, message: "\(endpoint) does not speak TLS, or none that this client accepts.",
            hint: "Check the port. For an emulator or a sandbox add UseDevelopmentEmulator=true to the connection string.")
    }

    private static func notHTTP(_ endpoint: Endpoint) -> RESTError {
        RESTError(
            .notHTTP, endpoint: endpoint.description, message: "\(endpoint) answers, but not in HTTP.",
            hint: "Check the port: administration is HTTP (an emulator's is 5300), messages are AMQP (5671, 5672).")
    }
}
