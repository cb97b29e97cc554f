import AMQP
import AMQPTransport
import Identity
import Logging
import NIOCore
import NIOPosix
import Synchronization

@testable import ServiceBus

/// A service that answers as a test says, and writes down what it was sent.
final class ScriptedService: Sendable {
    /// A request to a `$management` node.
    struct Call: Sendable {
        var address: String
        var operation: String
        var properties: AMQPMap
        /// The body section, as it came.
        var body: [UInt8]
    }

    /// What the service is to answer.
    struct Answer: Sendable {
        var status: Int32 = 200
        var condition: Symbol?
        var text = "OK"
        var body = AMQPMap()
        /// What the body is instead, where it is no map.
        var value: AMQPValue?
    }

    /// What a request ends besides, answered or not.
    enum Ending: Sendable {
        case nothing
        /// The pair of links it came on is detached.
        case links
        /// The connection is cut.
        case connection
    }

    /// What it was sent.
    struct Notes: Sendable {
        var attaches: [Attach] = []
        var calls: [Call] = []
        var transfers: [(address: String, delivery: Delivery)] = []
        var dispositions: [Disposition] = []
        var flows: [LinkFlow] = []
    }

    /// How it behaves.
    struct Script: Sendable {
        /// The answer to a request; nil for none at all.
        var answer: @Sendable (Call, _ number: Int) -> Answer? = { _, _ in Answer() }
        /// What a request ends.
        var ending: @Sendable (Call, _ number: Int) -> Ending = { _, _ in .nothing }
        /// What becomes of a message that is sent to an entity or the coordinator; nil for no word.
        var outcome: @Sendable (_ address: String, Message, Delivery) -> DeliveryState? = { _, _, delivery in
            if case .transactional(let id, _)? = delivery.state { return .transactional(transactionID: id, outcome: .accepted) }
            return .accepted
        }
        /// The messages each receiving link gets, with their tags.
        var messages: [(tag: [UInt8], bytes: ByteBuffer)] = []
        /// Whether only the first of them does.
        var givesOnce = false
        /// Whether they are sent only to a receiver that takes its credit back.
        var givesWhenDrained = false
        /// Whether what is left of the credit is given back when the receiver asks for that.
        var answersDrains = true
        /// Why a link is detached when a message has come on it; nil when it is not.
        var detachment: @Sendable (_ address: String, Message) -> AMQPError? = { _, _ in nil }
        /// What settlements are answered with; nil for no word.
        var confirmation: @Sendable (DeliveryState?) -> DeliveryState?? = { .some($0) }
        /// The answer to the attach of a link to receive on.
        var attach: @Sendable (Attach) -> Result<LinkAnswer, AMQPError> = { _ in .success(LinkAnswer()) }
        var maxMessageSize: UInt64 = 262_144
    }

    private let recorded = Mutex(Notes())
    private let listener: Mutex<AMQPListener?> = Mutex(nil)
    var notes: Notes { recorded.withLock { $0 } }

    /// Runs a service, and a client that brings no tokens, for as long as `body` runs.
    static func run<R: Sendable>(
        _ script: Script = Script(), client: (inout Namespace.Configuration) -> Void = { _ in },
        tokens: (any TokenProvider)? = nil, clock: WallClock = .system, _ body: (ScriptedService, Namespace) async throws -> R
    ) async throws -> R {
        let service = ScriptedService()
        let configuration = EngineConfiguration(
            side: .server, containerID: "scripted", security: .server(offers: ["ANONYMOUS"], required: false))
        let listener = try await AMQPListener.start(
            host: "127.0.0.1", port: 0, on: MultiThreadedEventLoopGroup.singleton.next(), configuration: configuration
        ) { _ in Owner(service, script) }
        var settings = Namespace.Configuration(endpoint: MessagingEndpoint(host: "127.0.0.1", port: listener.port, isSecure: false))
        settings.requestTimeout = .seconds(20)
        settings.connectTimeout = .seconds(20)
        client(&settings)
        let namespace = Namespace(settings, tokens: tokens, clock: clock, logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() })
        do {
            let result = try await body(service, namespace)
            await namespace.close()
            await listener.stop()
            return result
        } catch {
            await namespace.close()
            await listener.stop()
            throw error
        }
    }

    private func note(_ edit: (inout Notes) -> Void) { recorded.withLock { edit(&$0) } }

    private final class Owner: ConnectionOwner {
        private let service: ScriptedService
        private let script: Script
        private var handler: EngineHandler?
        private var targets: [LinkID: String] = [:]
        private var replies: [String: LinkID] = [:]
        private var left: [LinkID: [(tag: [UInt8], bytes: ByteBuffer)]] = [:]
        private var answered = 0

        init(_ service: ScriptedService, _ script: Script) {
            self.service = service
            self.script = script
        }

        func bind(_ handler: EngineHandler) { self.handler = handler }
        func transportFailed(_ error: any Error) {}

        func handle(_ event: Event, _ handler: EngineHandler) {
            switch event {
            case .saslInitiated: handler.engine.completeSASL(true)
            case .linkRequested(let id, let attach): requested(id, attach, handler)
            case .flow(let id, let flow):
                guard left[id] != nil else { return }
                service.note { $0.flows.append(flow) }
                pump(id, flow, handler)
            case .delivery(let id, let delivery): received(delivery, id, handler)
            case .disposition(let session, let disposition):
                guard disposition.role == .receiver else { return }
                service.note { $0.dispositions.append(disposition) }
                if disposition.settled != true, let state = script.confirmation(disposition.state) {
                    handler.engine.dispose(
                        session, role: .sender, first: disposition.first, last: disposition.last, settled: true, state: state)
                }
            default: break
            }
        }

        private func requested(_ id: LinkID, _ attach: Attach, _ handler: EngineHandler) {
            service.note { $0.attaches.append(attach) }
            if attach.role == .sender {
                targets[id] = attach.target?.address ?? "coordinator"
                var answer = LinkAnswer()
                answer.maxMessageSize = script.maxMessageSize
                handler.engine.accept(id, attach, answer: answer)
                handler.engine.setCredit(id, 1000)
            } else if let source = attach.source?.address, source.hasSuffix("$management") || source == "$cbs" {
                replies[attach.target?.address ?? ""] = id
                handler.engine.accept(id, attach)
            } else {
                switch script.attach(attach) {
                case .success(let answer):
                    left[id] = script.givesOnce && !left.isEmpty ? [] : script.messages
                    handler.engine.accept(id, attach, answer: answer)
                case .failure(let error): handler.engine.refuse(id, error)
                }
            }
        }

        private func pump(_ id: LinkID, _ flow: LinkFlow, _ handler: EngineHandler) {
            while handler.engine.credit(id) > 0, flow.drain || !script.givesWhenDrained, let next = left[id]?.first {
                left[id]?.removeFirst()
                _ = handler.engine.send(id, head: next.bytes, tag: ByteBuffer(bytes: next.tag))
            }
            if flow.drain, script.answersDrains { handler.engine.drained(id) }
        }

        private func received(_ delivery: Delivery, _ id: LinkID, _ handler: EngineHandler) {
            guard let address = targets[id], let message = try? Message(delivery.payload) else { return }
            guard address.hasSuffix("$management") || address == "$cbs" else {
                service.note { $0.transfers.append((address, delivery)) }
                if let state = script.outcome(address, message, delivery) {
                    handler.engine.dispose(id.session, role: .receiver, first: delivery.id, settled: true, state: state)
                }
                if let error = script.detachment(address, message) { handler.engine.detach(id, error) }
                return
            }
            handler.engine.dispose(id.session, role: .receiver, first: delivery.id, settled: true, state: .accepted)
            let properties = message.applicationProperties ?? AMQPMap()
            let body = message.bytes(of: .body).map { Array($0.readableBytesView) } ?? []
            let call = Call(address: address, operation: properties["operation"]?.text ?? "", properties: properties, body: body)
            service.note { $0.calls.append(call) }
            answered += 1
            guard let link = replies[message.properties?.replyTo ?? ""] else { return }
            if let answer = script.answer(call, answered) { send(answer, to: message, on: link, tag: delivery.id, handler) }
            switch script.ending(call, answered) {
            case .nothing: break
            case .links: for half in [id, link] { handler.engine.detach(half, AMQPError(.detachForced, "idle")) }
            case .connection: handler.abort()
            }
        }

        private func send(_ answer: Answer, to message: Message, on link: LinkID, tag: UInt32, _ handler: EngineHandler) {
            var content = MessageContent(body: .value(answer.value ?? .map(answer.body)))
            content.properties = Properties(correlationID: message.properties?.messageID)
            var pairs: [AMQPMap.Pair] = [
                .init(key: .string("statusCode"), value: .int(answer.status)),
                .init(key: .string("statusDescription"), value: .string(answer.text)),
            ]
            if let condition = answer.condition { pairs.append(.init(key: .string("errorCondition"), value: .symbol(condition))) }
            content.applicationProperties = AMQPMap(pairs)
            _ = handler.engine.send(link, head: content.encoded, tag: ByteBuffer(integer: tag))
        }
    }
}
