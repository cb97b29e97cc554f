public import AMQP

/// Why something on a connection failed.
public enum TransportError: Error, Sendable, CustomStringConvertible {
    /// The host name has no address.
    case unknownHost(String)
    /// Nobody listens there, or the network refused.
    case refused(host: String, port: Int, reason: String)
    /// The TLS handshake failed; whether the certificate was the reason, and the library's words.
    case tls(isCertificate: Bool, reason: String)
    /// The file with trusted certificates cannot be used, and why.
    case trustFile(path: String, reason: String)
    /// Our certificate or its key cannot be used, and why.
    case identityFile(path: String, reason: String)
    /// The proxy did not open a tunnel to the server.
    case proxy(proxy: String, target: String, reason: String)
    /// The server opened no WebSocket, or closed it, or broke its rules.
    case webSocket(String)
    /// No answer in time to the named step.
    case timeout(String)
    /// The connection ended.
    case connection(EngineError)
    /// We closed it.
    case closed
    /// The peer refused or ended a link, with its reason.
    case link(AMQPError?)
    /// The peer gave an outcome other than "accepted".
    case outcome(DeliveryState)
    /// What was to be sent never left us, and why: it was certainly not carried out.
    indirect case unsent(TransportError)
    /// An answer that is not a valid message.
    case malformed(CodecError)
    /// Anything else from the operating system.
    case system(String)

    /// One line for an operator. Peer's text is included: sanitise before showing.
    public var description: String {
        switch self {
        case .unknownHost(let host): "the host name '\(host)' cannot be resolved"
        case .refused(let host, let port, let reason): "cannot connect to \(host):\(port): \(reason)"
        case .tls(true, let reason): "the server's certificate is not trusted: \(reason)"
        case .tls(false, let reason): "no TLS with this server: \(reason)"
        case .trustFile(let path, let reason): "cannot read the certificates in \(path): \(reason)"
        case .identityFile(let path, let reason): "cannot use the client certificate or key in \(path): \(reason)"
        case .proxy(let proxy, let target, let reason): "the proxy \(proxy) gives no tunnel to \(target): \(reason)"
        case .webSocket(let reason): reason
        case .timeout(let step): "no answer in time (\(step))"
        case .connection(let error): error.description
        case .closed: "the connection is closed"
        case .link(let error?): error.description
        case .link(nil): "the server ended the link"
        case .outcome(let state): "the message was not accepted: \(state)"
        case .unsent(let cause): cause.description
        case .malformed(let error): "the server sent an invalid message: \(error)"
        case .system(let reason): reason
        }
    }

    /// The peer's AMQP error, where it gave one.
    public var amqpError: AMQPError? {
        switch self {
        case .link(let error): error
        case .connection(.closedByPeer(let error)): error
        case .outcome(.rejected(let error)): error
        case .unsent(let cause): cause.amqpError
        default: nil
        }
    }
}
