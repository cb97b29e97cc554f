import DequeModule
public import NIOCore

/// AMQP 1.0 without I/O: bytes in, events and bytes out, for either side of a connection.
///
/// The owner feeds it what arrives (``receive(_:now:)``), gives commands (``begin()``, ``attach(_:_:)``, ...), then takes
/// events (``nextEvent()``) and bytes to send (``takeOutbound(now:)``, until there are no more), and calls ``timerFired(now:)`` at
/// ``nextDeadline``. It has no clock, socket or lock. A peer's misbehaviour ends the link, the session or the connection with an error;
/// it can never trap, and what it can make the engine hold is bounded by the configuration and the credit granted.
///
/// There are no copies of one: an owner that asks it something looks at it where it lies.
public struct Engine: ~Copyable, Sendable {
    /// Where the connection stands (part 2, 2.4.6, with the SASL layer of part 5 in front).
    enum State: Equatable {
        /// Client: waiting for the server's SASL header. Server: waiting for any header.
        case awaitingHeader
        /// Client: waiting for the mechanisms. Server: waiting for the client's choice.
        case saslStarted
        /// Client: waiting for the outcome. Server: waiting for the owner's verdict.
        case saslInitiated
        /// SASL is over; waiting for the peer's AMQP header.
        case awaitingAMQPHeader
        /// Waiting for the peer's open.
        case awaitingOpen
        /// Both may use the connection.
        case open
        /// We sent close; the peer has not answered.
        case closeSent
        /// Nothing more will be read or written.
        case closed
    }

    /// As many bytes are prepared to be sent at a time; transfers beyond wait as slices of what the owner gave.
    static let outboundChunk = 262_144
    /// Parts of messages of so many bytes are sent from where they lie.
    static let sharedPart = 16_384

    /// What this engine is.
    public let configuration: EngineConfiguration
    var state: State = .awaitingHeader
    /// Bytes of an incomplete frame. Never larger than a frame.
    var inbound = ByteBuffer()
    /// Whether slices of ``inbound``'s storage were given out: appending to it would copy all of it.
    private var inboundIsShared = false
    /// Bytes to be sent that are still written to; those in ``finished`` come first.
    var outbound = ByteBuffer()
    /// Bytes to be sent to which nothing is added, in order: parts of messages are among them as their owners gave them.
    var finished: Deque<ByteBuffer> = []
    private var finishedBytes = 0
    /// A client's AMQP frames written before the SASL layer is done.
    var staged = ByteBuffer()
    var events: Deque<Event> = []
    var sessions: [Session?] = []
    var channelOfRemote: [UInt16: Int] = [:]
    private var serials: UInt32 = 0
    /// Whether some session may have transfers that wait.
    var mayHavePending = false
    /// The bytes of unfinished messages, all links together.
    var unfinishedBytes = 0
    /// What the peer's open said.
    public internal(set) var remoteOpen: Open?
    var remoteMaxFrameSize: Int = Int(Frame.minimumMaxFrameSize)
    var openSent = false
    var challenges = 0
    private let started: NIODeadline
    private(set) var lastReceived: NIODeadline
    private var lastSent: NIODeadline
    private var closeDeadline: NIODeadline?

    /// Creates an engine. A client's first bytes are ready to be taken at once.
    public init(_ configuration: EngineConfiguration, now: NIODeadline) {
        self.configuration = configuration
        started = now
        lastReceived = now
        lastSent = now
        guard configuration.side == .client else { return }
        if case .client = configuration.security {
            ProtocolHeader.sasl.write(to: &outbound)
        } else {
            ProtocolHeader.amqp.write(to: &outbound)
            state = .awaitingAMQPHeader
        }
        sendOpen()
    }

    // MARK: What the owner takes

    /// The next event, or nil.
    public mutating func nextEvent() -> Event? { events.popFirst() }

    /// Hands over bytes to be sent, piece by piece, some of them shared with whoever gave the messages. The owner sends them in this order.
    /// - Returns: false when there were none.
    public mutating func takeOutbound(now: NIODeadline, _ send: (ByteBuffer) -> Void) -> Bool {
        if mayHavePending { flushPending() }
        guard outboundBytes > 0 else { return false }
        lastSent = now
        if state == .closeSent, closeDeadline == nil { closeDeadline = now + configuration.closeTimeout }
        while let piece = finished.popFirst() { send(piece) }
        finishedBytes = 0
        if outbound.readableBytes > 0 {
            send(outbound)
            outbound = ByteBuffer()
        }
        return true
    }

    /// The same in one piece, or nil.
    public mutating func takeOutbound(now: NIODeadline) -> ByteBuffer? {
        var all: ByteBuffer?
        guard takeOutbound(now: now, { if all == nil { all = $0 } else { all?.writeImmutableBuffer($0) } }) else { return nil }
        return all
    }

    /// The bytes that wait to be taken; messages that wait for a window or for these bytes to be taken come on top.
    public var outboundBytes: Int { finishedBytes &+ outbound.readableBytes }

    /// Whether so much waits to be taken that no more is added to it: messages wait for it to be taken.
    public var hasOutboundChunk: Bool { outboundBytes >= Self.outboundChunk }

    /// Adds a part of a message to what is to be sent, large ones as they are: copying is what sending them would cost most.
    mutating func send(_ part: ByteBuffer) {
        guard part.readableBytes >= Self.sharedPart else {
            outbound.writeImmutableBuffer(part)
            return
        }
        for piece in [outbound, part] where piece.readableBytes > 0 {
            finished.append(piece)
            finishedBytes &+= piece.readableBytes
        }
        outbound = ByteBuffer()
    }

    /// Whether the connection is over.
    public var isClosed: Bool { state == .closed }

    // MARK: Time

    /// When ``timerFired(now:)`` wants to be called, at the latest.
    public var nextDeadline: NIODeadline? {
        guard state != .closed else { return nil }
        return [idleDeadline, openDeadline, heartbeatDeadline, state == .closeSent ? closeDeadline : nil].compactMap { $0 }.min()
    }

    private var idleDeadline: NIODeadline? { configuration.idleTimeout.map { lastReceived + $0 } }

    private var openDeadline: NIODeadline? {
        guard state != .open, state != .closeSent, let timeout = configuration.openTimeout else { return nil }
        return started + timeout
    }

    /// Half of the peer's idle time-out after our last frame, but not more often than twenty times a second.
    private var heartbeatDeadline: NIODeadline? {
        guard state == .open, let milliseconds = remoteOpen?.idleTimeout, milliseconds > 0 else { return nil }
        return lastSent + .milliseconds(max(Int64(milliseconds) / 2, 50))
    }

    /// Sends a heartbeat, or notices that the peer is silent or late, when due.
    public mutating func timerFired(now: NIODeadline) {
        guard state != .closed else { return }
        if let closeDeadline, state == .closeSent, now >= closeDeadline {
            finish(nil)
        } else if let idleDeadline, now >= idleDeadline {
            fail(.idleTimeout, telling: AMQPError(.resourceLimitExceeded, "local-idle-timeout expired"))
        } else if let openDeadline, now >= openDeadline {
            fail(.violation(AMQPError(.connectionForced, "the connection was not opened in time")))
        } else if let heartbeatDeadline, now >= heartbeatDeadline {
            // Where bytes wait already, the peer is the one who does not read: nothing to add.
            if outboundBytes == 0 {
                outbound.writeMultipleIntegers(UInt32(Frame.headerSize), UInt8(2), Frame.amqp, UInt16(0))
            }
            lastSent = now
        }
    }

    // MARK: Bytes from the peer

    /// Takes bytes from the peer.
    public mutating func receive(_ bytes: ByteBuffer, now: NIODeadline) {
        guard state != .closed else { return }
        lastReceived = now
        var rest = bytes
        // A frame that had begun is completed by itself: what follows it is read where it lies.
        while state != .closed, inbound.readableBytes > 0, let missing = missingBytes, missing < rest.readableBytes,
            let end = rest.readSlice(length: missing)
        {
            append(end)
            process()
        }
        guard state != .closed, rest.readableBytes > 0 else { return }
        append(rest)
        process()
    }

    /// How many bytes the frame that has begun lacks; nil when that cannot be said or what has come is no frame in the making.
    private var missingBytes: Int? {
        switch state {
        case .awaitingOpen, .open, .closeSent: break
        default: return nil
        }
        guard let size = inbound.getInteger(at: inbound.readerIndex, as: UInt32.self) else { return nil }
        let missing = Int(size) &- inbound.readableBytes
        return missing > 0 && size <= configuration.maxFrameSize ? missing : nil
    }

    /// The peer's bytes have ended.
    public mutating func disconnected() {
        guard state != .closed else { return }
        finish(state == .closeSent ? nil : .disconnected)
    }

    /// Handles what has arrived, as far as it goes.
    mutating func process() {
        do throws(EngineError) {
            while try step() {}
            if state == .saslInitiated, inbound.readableBytes > Int(configuration.maxFrameSize) &+ Self.outboundChunk {
                throw .violation(AMQPError(.resourceLimitExceeded, "too much was sent before SASL was over"))
            }
            if outboundBytes > configuration.maxOutboundBytes {
                throw .violation(AMQPError(.resourceLimitExceeded, "too many answers wait to be read"))
            }
        } catch {
            fail(error)
        }
    }

    private mutating func append(_ bytes: ByteBuffer) {
        if inbound.readableBytes == 0 {
            inbound = bytes
            inboundIsShared = true
        } else if inboundIsShared {
            var joined = ByteBuffer()
            joined.reserveCapacity(inbound.readableBytes &+ bytes.readableBytes)
            joined.writeImmutableBuffer(inbound)
            joined.writeImmutableBuffer(bytes)
            inbound = joined
            inboundIsShared = false
        } else {
            inbound.writeImmutableBuffer(bytes)
        }
    }

    /// Handles one header or frame. False when more bytes are needed, or the owner's word.
    private mutating func step() throws(EngineError) -> Bool {
        switch state {
        case .awaitingHeader, .awaitingAMQPHeader:
            guard let header = try ProtocolHeader.read(from: &inbound) else { return false }
            try received(header)
            return true
        case .saslInitiated where configuration.side == .server: return false
        case .saslStarted, .saslInitiated:
            guard let frame = try nextFrame(Frame.sasl, maximum: Frame.maximumSASLSize) else { return false }
            try receivedSASL(frame.body)
            return true
        case .awaitingOpen, .open, .closeSent:
            guard let frame = try nextFrame(Frame.amqp, maximum: Int(configuration.maxFrameSize)) else { return false }
            if frame.body.readableBytes > 0 { try received(frame) }
            return true
        case .closed: return false
        }
    }

    private mutating func nextFrame(_ type: UInt8, maximum: Int) throws(EngineError) -> Frame.Head? {
        let frame: Frame.Head
        do throws(CodecError) {
            guard let head = try Frame.read(from: &inbound, maximum: maximum) else { return nil }
            frame = head
        } catch {
            throw .violation(AMQPError(.framingError, error.description))
        }
        inboundIsShared = true
        guard frame.type == type else { throw .violation(AMQPError(.framingError, "a frame of type \(frame.type) is out of place here")) }
        return frame
    }

    // MARK: Ending

    /// Closes the connection; ``Event/closed(_:)`` follows when the peer has answered, or has not in time. What waits to be sent is dropped.
    public mutating func close(_ error: AMQPError? = nil) {
        switch state {
        case .open, .awaitingOpen:
            sendOpen()
            write(.close(Close(error: error)), channel: 0)
            state = .closeSent
            release()
        case .closeSent, .closed: break
        default: finish(nil)
        }
    }

    /// Ends the connection because of the peer's misbehaviour, telling it why where that is possible.
    mutating func fail(_ error: EngineError, telling told: AMQPError? = nil) {
        let reason: AMQPError? =
            switch error {
            case .malformed(let error): AMQPError(.decodeError, error.description)
            case .violation(let error): error
            default: told
            }
        switch state {
        case .open, .awaitingOpen:
            guard let reason else { break }
            sendOpen()
            write(.close(Close(error: reason)), channel: 0)
        case .awaitingHeader, .awaitingAMQPHeader:
            // Part 2, 2.2: answer with the header we would take, then close.
            if configuration.side == .server { expectedHeader.write(to: &outbound) }
        default: break
        }
        finish(error)
    }

    /// The connection is over.
    mutating func finish(_ error: EngineError?) {
        state = .closed
        release()
        inbound = ByteBuffer()
        staged = ByteBuffer()
        events.append(.closed(error))
    }

    /// Lets go of what belonged to sessions and links.
    private mutating func release() {
        sessions = []
        channelOfRemote = [:]
        unfinishedBytes = 0
        mayHavePending = false
    }

    mutating func nextSerial() -> UInt32 {
        serials &+= 1
        return serials
    }
}
