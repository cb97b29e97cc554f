internal import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// An HTTP or HTTPS server of the sandbox's: where it listens, and how it stops.
struct HTTPDoor: Sendable {
    let host: String
    /// 0 for any that is free.
    let port: Int
    /// With what to serve HTTPS; nil for HTTP.
    let tls: TLSConfiguration?
    /// The option that chooses the port, for texts.
    let option: String
    let logger: Logger

    /// Serves until the task is cancelled; requests under way are answered first, for two seconds at most.
    /// - Parameter onReady: called once with the port, when connections are accepted.
    /// - Throws: ``AdministrationServerError`` if the port cannot be had.
    func run(
        _ channel: HTTP1Channel, onReady: @escaping @Sendable (Int) async -> Void
    ) async throws(AdministrationServerError) {
        do {
            if let tls {
                try await serve(TLSChannel(channel, tlsConfiguration: tls), onReady)
            } else {
                try await serve(channel, onReady)
            }
        } catch {
            guard !Task.isCancelled else { return }
            throw AdministrationServerError(error, host: host, port: port, option: option)
        }
    }

    private func serve(_ channel: some ServerChildChannel, _ onReady: @escaping @Sendable (Int) async -> Void) async throws {
        let server = Server(
            childChannelSetup: channel, configuration: ServerConfiguration(address: .hostname(host, port: port), serverName: nil),
            onServerRunning: { channel in await onReady(channel.localAddress?.port ?? port) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        // A task of its own: cancelling the server's would cut connections off, stopping it lets them finish.
        let running = Task { try await server.run() }
        try await withTaskCancellationHandler {
            try await running.value
        } onCancel: {
            Task {
                let limit = Task {
                    try await Task.sleep(for: .seconds(2))
                    running.cancel()
                }
                try? await server.shutdownGracefully()
                limit.cancel()
            }
        }
    }
}
