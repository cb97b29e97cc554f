internal import NIOCore
internal import NIOPosix
internal import NIOSSL

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Looks at the certificate of a peer that was just refused, to tell an operator whether it is expired or unknown.
///
/// The TLS library only says that verification failed. This opens one more connection, reads the certificate, refuses it and closes: nothing is sent, nothing is trusted.
enum CertificateInspection {
    enum Finding: Hashable, Sendable {
        case expired
        case notYetValid
        case withinItsTime
        case unknown
    }

    static func inspect(_ endpoint: Endpoint) async -> Finding {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let seen = loop.makePromise(of: Finding.self)
        let limit = loop.scheduleTask(in: .seconds(5)) { seen.succeed(.unknown) }
        seen.futureResult.whenComplete { _ in limit.cancel() }
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.seconds(5))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let context = try NIOSSLContext(configuration: .makeClientConfiguration())
                    let handler = try NIOSSLClientHandler(
                        context: context, serverHostname: self.isAddress(endpoint.host) ? nil : endpoint.host,
                        customVerificationCallback: { certificates, verdict in
                            seen.succeed(certificates.first.map(self.judge) ?? .unknown)
                            verdict.succeed(.failed)
                        })
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        let channel = try? await bootstrap.connect(host: endpoint.host, port: endpoint.port).get()
        if let channel {
            channel.closeFuture.whenComplete { _ in seen.succeed(.unknown) }
        } else {
            seen.succeed(.unknown)
        }
        let finding = (try? await seen.futureResult.get()) ?? .unknown
        try? await channel?.close()
        return finding
    }

    private static func judge(_ certificate: NIOSSLCertificate) -> Finding {
        let now = time(nil)
        if certificate.notValidAfter < now { return .expired }
        if certificate.notValidBefore > now { return .notYetValid }
        return .withinItsTime
    }

    /// Addresses are not sent as server names.
    private static func isAddress(_ host: String) -> Bool {
        (try? SocketAddress(ipAddress: host, port: 0)) != nil
    }
}
