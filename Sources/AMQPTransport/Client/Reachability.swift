internal import NIOCore
internal import NIOPosix

/// The way to an endpoint, step by step, for whoever has to say at which one it ends.
public enum Reachability {
    /// The addresses of the host to connect to: the proxy's where there is one.
    /// - Throws: ``TransportError/unknownHost(_:)``.
    public static func addresses(of endpoint: Endpoint) async throws(TransportError) -> [String] {
        let (host, port) = target(endpoint)
        // An address needs no name service.
        if let address = try? SocketAddress(ipAddress: host, port: port) { return [address.ipAddress ?? host] }
        do {
            // The system's resolver blocks its thread.
            let address = try await NIOThreadPool.singleton.runIfActive { try SocketAddress.makeAddressResolvingHost(host, port: port) }
            return [address.ipAddress ?? host]
        } catch {
            throw .unknownHost(host)
        }
    }

    /// Opens a connection, sends nothing, and closes it.
    /// - Throws: ``TransportError``.
    public static func connect(to endpoint: Endpoint, timeout: Duration) async throws(TransportError) {
        let (host, port) = target(endpoint)
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(TimeAmount(timeout)).connect(host: host, port: port).get()
            try? await channel.close()
        } catch {
            throw TransportError(socket: error, endpoint)
        }
    }

    /// Goes the rest of the way, through TLS and a WebSocket where there are any, to an AMQP connection that is open, and closes it.
    /// - Throws: ``TransportError``, which tells TLS from AMQP.
    public static func open(_ endpoint: Endpoint, timeout: Duration) async throws(TransportError) {
        var configuration = ConnectionConfiguration(containerID: "callboard-doctor")
        configuration.connectTimeout = timeout
        do {
            try await AMQPConnection.withConnection(to: endpoint, configuration: configuration) { _ in }
        } catch {
            throw error as? TransportError ?? .system("\(error)")
        }
    }

    private static func target(_ endpoint: Endpoint) -> (host: String, port: Int) {
        (endpoint.proxy?.host ?? endpoint.host, endpoint.proxy?.port ?? endpoint.port)
    }
}
