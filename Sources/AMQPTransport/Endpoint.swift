/// Where to connect, and how the way there is made and secured.
public struct Endpoint: Sendable, Hashable {
    /// How bytes travel.
    public enum Security: Sendable, Hashable {
        /// In the clear: an emulator or a sandbox on this machine.
        case plain
        /// TLS with full verification, against the system's roots or those of a PEM file; with a certificate of our own where the
        /// server asks for one (SASL EXTERNAL then names its identity).
        case tls(caFile: String?, identity: ClientIdentity? = nil)
    }

    /// What carries AMQP's bytes.
    public enum Transport: Sendable, Hashable {
        /// The connection itself.
        case tcp
        /// The binary frames of a WebSocket at a path, for networks that let nothing but the web through (AMQP WebSocket binding, WSB10).
        case webSocket(path: String)
    }

    /// A host name or address.
    public var host: String
    /// The port.
    public var port: Int
    /// How bytes travel.
    public var security: Security
    /// What carries AMQP's bytes.
    public var transport: Transport
    /// The proxy to go through; nil to connect directly.
    public var proxy: HTTPProxy?

    /// Creates an endpoint.
    public init(host: String, port: Int, security: Security, transport: Transport = .tcp, proxy: HTTPProxy? = nil) {
        self.host = host
        self.port = port
        self.security = security
        self.transport = transport
        self.proxy = proxy
    }

    /// `host:port`, an address of IPv6 in brackets, as HTTP writes it.
    var authority: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }
}

/// A certificate of our own, and its key, for servers that ask for one.
public struct ClientIdentity: Sendable, Hashable {
    /// A PEM file with our certificate, and those between it and an authority the server knows.
    public var certificateFile: String
    /// A PEM file with the certificate's private key; without a passphrase.
    public var keyFile: String

    /// An identity from two files. They are read when connecting.
    public init(certificateFile: String, keyFile: String) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}
