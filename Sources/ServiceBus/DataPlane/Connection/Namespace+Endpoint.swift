internal import AMQPTransport

extension Namespace.Configuration {
    /// Where and how to connect, in the transport's terms. The path is the service's own.
    var transportEndpoint: Endpoint {
        Endpoint(
            host: endpoint.host, port: endpoint.port, security: endpoint.isSecure ? .tls(caFile: caFile) : .plain,
            transport: endpoint.transport == .webSocket ? .webSocket(path: "/$servicebus/websocket") : .tcp, proxy: proxy?.http)
    }
}
