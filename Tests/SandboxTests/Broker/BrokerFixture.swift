import AMQP
import NIOCore

@testable import Sandbox

/// The engine has a `Delivery` too; here it is always the broker's.
typealias Delivery = Sandbox.Delivery

/// A clock that stands still until a test moves it.
final class ManualClock {
    var milliseconds: Int64 = 1_700_000_000_000
    /// Called when a wire's broker looks at it.
    var onRead: (() -> Void)?
}

/// A namespace with a clock in the test's hand and messages that are quick to write.
struct BrokerFixture {
    let clock = ManualClock()
    let broker: Broker

    init(limits: BrokerLimits = .standard) {
        let clock = clock
        broker = Broker(namespace: "sandbox", limits: limits, seed: 7) { clock.milliseconds }
    }

    /// A fixture with one queue, `q`.
    static func withQueue(limits: BrokerLimits = .standard, _ configure: (inout QueueSettings) -> Void = { _ in }) throws -> BrokerFixture {
        let fixture = BrokerFixture(limits: limits)
        var settings = QueueSettings()
        configure(&settings)
        try fixture.broker.createQueue("q", settings)
        return fixture
    }

    var q: MessageQueue { get throws { try queue("q") } }
    var deadLetters: MessageQueue { get throws { try queue("q/$deadletterqueue") } }

    func queue(_ address: String) throws -> MessageQueue { try broker.queue(at: Self.address(address)) }

    @discardableResult
    func send(_ body: String = "hello", to address: String = "q", _ configure: (inout MessageContent) -> Void = { _ in }) throws -> Int64? {
        try broker.send(Self.message(body, configure), to: Self.address(address))
    }

    /// Moves the clock and lets happen what is due.
    func pass(milliseconds: Int64) {
        clock.milliseconds += milliseconds
        broker.advance()
    }

    func counts(_ path: String = "q") throws -> EntitySnapshot.Counts { try broker.snapshot(of: path).counts }

    static func address(_ text: String) throws -> EntityAddress {
        guard let address = EntityAddress(parsing: text) else { throw BrokerError(.invalidArgument, text) }
        return address
    }

    static func message(_ body: String, _ configure: (inout MessageContent) -> Void = { _ in }) throws -> IncomingMessage {
        var content = MessageContent(body: .data([ByteBuffer(string: body)]))
        configure(&content)
        return IncomingMessage(try Message(content.encoded))
    }
}

extension MessageContent {
    var sessionID: String? {
        get { properties?.groupID }
        set { properties = properties ?? Properties(); properties?.groupID = newValue }
    }
    var messageID: String? {
        get { properties?.messageID?.text }
        set { properties = properties ?? Properties(); properties?.messageID = newValue.map { .string($0) } }
    }
    var ttl: UInt32? {
        get { header?.ttl }
        set { header = header ?? Header(); header?.ttl = newValue }
    }
    var scheduledAt: Int64? {
        get { messageAnnotations["x-opt-scheduled-enqueue-time"]?.integer }
        set { messageAnnotations["x-opt-scheduled-enqueue-time"] = newValue.map { .timestamp($0) } }
    }
}

extension Delivery {
    /// The delivery as a client would decode it.
    var decoded: MessageContent {
        get throws {
            var buffer = ByteBuffer()
            write(into: &buffer)
            return try MessageContent(Message(buffer))
        }
    }

    var text: String {
        get throws {
            guard case .data(let sections) = try decoded.body else { return "" }
            return sections.map { String(buffer: $0) }.joined()
        }
    }

    var token: UUIDBytes { get throws { if let lockToken { lockToken } else { throw BrokerError(.messageLockLost, "not locked") } } }

    func property(_ name: String) throws -> AMQPValue? { try decoded.applicationProperties[name] }
}

extension MessageQueue {
    /// Everything here, bodies and all.
    func peekAll() throws -> [Delivery] { try peek(from: 0, maxCount: 250) }

    func receiveOne(session: SessionLease? = nil) throws -> Delivery {
        guard let delivery = try receive(maxCount: 1, mode: .peekLock, session: session).first else {
            throw BrokerError(.messageNotFound, "nothing to receive")
        }
        return delivery
    }

    func texts() throws -> [String] { try peekAll().map { try $0.text } }
}

/// The reason a call was refused with; nil when it was not.
func refusal<T>(_ body: () throws -> T) -> BrokerError.Reason? {
    do {
        _ = try body()
        return nil
    } catch let error as BrokerError {
        return error.reason
    } catch {
        return nil
    }
}
