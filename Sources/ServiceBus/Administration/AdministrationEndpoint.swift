/// Where a namespace is administered.
public struct AdministrationEndpoint: Hashable, Sendable, CustomStringConvertible {
    /// Whether HTTP runs over TLS. Only emulators and sandboxes do without.
    public var isSecure: Bool
    /// The host name or address, without brackets.
    public var host: String
    /// The port; `nil` for the scheme's own.
    public var port: Int?

    /// An endpoint.
    public init(isSecure: Bool = true, host: String, port: Int? = nil) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
    }

    /// Scheme, host and port, without a slash at the end.
    public var baseURL: String {
        let authority = host.contains(":") ? "[\(host)]" : host
        return "\(isSecure ? "https" : "http")://\(authority)\(port.map { ":\($0)" } ?? "")"
    }

    /// The base URL.
    public var description: String { baseURL }
}
