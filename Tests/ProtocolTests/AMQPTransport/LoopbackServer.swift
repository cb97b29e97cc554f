import AMQP
import AMQPTransport
import NIOCore
import NIOPosix
import Synchronization

/// A server on loopback that accepts every link. Requests on `$management` are answered with their own body; what is sent elsewhere is
/// accepted and counted.
final class LoopbackServer: Sendable {
    /// What the server did.
    struct Tally: Sendable {
        var received: [Int] = []
        var outcomes: [String] = []
        var connections = 0
    }

    let listener: AMQPListener
    let tally = Mutex(Tally())

    var endpoint: Endpoint { Endpoint(host: "127.0.0.1", port: listener.port, security: .plain, transport: transport) }
    private let transport: Endpoint.Transport

    private init(_ listener: AMQPListener, _ transport: Endpoint.Transport) {
        self.listener = listener
        self.transport = transport
    }

    /// How the server behaves.
    struct Behaviour: Sendable {
        /// Messages sent on each link the client receives on.
        var messages = 0
        /// The size of each, in bytes.
        var size = 100
        /// Whether they are sent settled.
        var settled = false
        /// Whether requests are answered.
        var answers = true
        /// Whether links are accepted or refused; nil leaves them without an answer.
        var accepts: Bool? = true
        /// Whether the link is detached after the messages.
        var detachesAfterwards = false
        /// What carries AMQP's bytes.
        var transport = Endpoint.Transport.tcp
    }

    /// Runs a server for as long as `body` runs.
    static func run<R: Sendable>(
        _ behaviour: Behaviour = Behaviour(), _ body: (LoopbackServer) async throws -> R
    ) async throws -> R {
        let box = Box()
        let configuration = EngineConfiguration(
            side: .server, containerID: "loopback", security: .server(offers: ["ANONYMOUS", "PLAIN"], required: true))
        let listener = try await AMQPListener.start(
            host: "127.0.0.1", port: 0, transport: behaviour.transport, on: MultiThreadedEventLoopGroup.singleton.next(),
            configuration: configuration
        ) { _ in Owner(behaviour, box) }
        let server = LoopbackServer(listener, behaviour.transport)
        box.server.withLock { $0 = server }
        do {
            let result = try await body(server)
            await listener.stop()
            return result
        } catch {
            await listener.stop()
            throw error
        }
    }

    private final class Box: Sendable {
        let server = Mutex<LoopbackServer?>(nil)
        func note(_ edit: (inout sending Tally) -> Void) { server.withLock { $0 }?.tally.withLock { edit(&$0) } }
    }

    private final class Owner: ConnectionOwner {
        private let behaviour: Behaviour
        private let box: Box
        private var handler: EngineHandler?
        private var incoming: Set<LinkID> = []
        private var requests: LinkID?
        private var replies: LinkID?
        private var left: [LinkID: Int] = [:]

        init(_ behaviour: Behaviour, _ box: Box) {
            self.behaviour = behaviour
            self.box = box
        }

        func bind(_ handler: EngineHandler) { self.handler = handler }
        func transportFailed(_ error: any Error) {}

        func handle(_ event: Event, _ handler: EngineHandler) {
            switch event {
            case .saslInitiated: handler.engine.completeSASL(true)
            case .opened: box.note { $0.connections += 1 }
            case .linkRequested(let id, let attach): requested(id, attach, handler)
            case .flow(let id, _): pump(id, handler)
            case .delivery(let id, let delivery): received(delivery, id, handler)
            case .disposition(let session, let disposition):
                let outcome = disposition.state.map { "\($0)" } ?? "none"
                box.note { $0.outcomes.append(outcome) }
                if disposition.settled != true {
                    handler.engine.dispose(
                        session, role: .sender, first: disposition.first, last: disposition.last, settled: true,
                        state: disposition.state)
                }
            default: break
            }
        }

        private func requested(_ id: LinkID, _ attach: Attach, _ handler: EngineHandler) {
            guard let accepts = behaviour.accepts else { return }
            guard accepts else { return handler.engine.refuse(id, AMQPError(.notFound, "no such entity")) }
            handler.engine.accept(id, attach)
            if attach.role == .sender {
                handler.engine.setCredit(id, 10_000)
                incoming.insert(id)
                if attach.target?.address == "$management" { requests = id }
            } else if attach.source?.address == "$management" {
                replies = id
            } else {
                left[id] = behaviour.messages
            }
        }

        private func received(_ delivery: Delivery, _ id: LinkID, _ handler: EngineHandler) {
            handler.engine.dispose(id.session, role: .receiver, first: delivery.id, settled: true, state: .accepted)
            let size = delivery.payload.readableBytes
            box.note { $0.received.append(size) }
            guard id == requests, behaviour.answers, let replies, let request = try? Message(delivery.payload),
                var answer = try? MessageContent(request)
            else { return }
            answer.properties = Properties()
            answer.properties?.correlationID = request.properties?.messageID
            _ = handler.engine.send(replies, head: answer.encoded, tag: ByteBuffer(integer: delivery.id))
        }

        func resumeSending() {
            guard let handler else { return }
            for id in Array(left.keys) { pump(id, handler) }
        }

        private func pump(_ id: LinkID, _ handler: EngineHandler) {
            guard var count = left[id] else { return }
            while count > 0, handler.engine.credit(id) > 0, handler.hasRoom(on: id.session) {
                let content = MessageContent(body: .data([ByteBuffer(repeating: UInt8(truncatingIfNeeded: count), count: behaviour.size)]))
                guard handler.engine.send(id, head: content.encoded, tag: ByteBuffer(integer: count), settled: behaviour.settled) != nil
                else { break }
                count -= 1
            }
            left[id] = count
            if count == 0, behaviour.detachesAfterwards {
                left[id] = nil
                handler.engine.detach(id, AMQPError(.detachForced, "idle"))
            }
        }
    }
}
