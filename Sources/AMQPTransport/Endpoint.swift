/// Where to connect, and how the way there is secured.
public struct Endpoint: Sendable, Hashable {
    /// How bytes travel.
    public enum Security: Sendable, Hashable {
        /// In the clear: an emulator or a sandbox on this machine.
        case plain
        /// TLS with full verification, against the system's roots or those of a PEM file.
        case tls(caFile: String?)
    }

    /// A host name or address.
    public var host: String
    /// The port.
    public var port: Int
    /// How bytes travel.
    public var security: Security

    /// Creates an endpoint.
    public init(host: String, port: Int, security: Security) {
        self.host = host
        self.port = port
        self.security = security
    }
}
