import DequeModule
public import NIOCore

/// AMQP 1.0 without I/O: bytes in, events and bytes out, for either side of a connection.
///
/// The owner feeds it what arrives (``receive(_:now:)``), gives commands (``begin()``, ``attach(_:_:)``, ...), then takes
/// events (``nextEvent()``) and bytes to send (``takeOutbound()``), and calls ``timerFired(now:)`` at ``nextDeadline``.
/// It has no clock, socket or lock. A peer's misbehaviour ends the connection with an error; it can never trap.
public struct Engine: Sendable {
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

    /// What this engine is.
    public let configuration: EngineConfiguration
    var state: State = .awaitingHeader
    /// Bytes of an incomplete frame. Never larger than a frame.
    private var inbound = ByteBuffer()
    /// Whether slices of ``inbound``'s storage were given out: appending to it would copy all of it.
    private var inboundIsShared = false
    private(set) var outbound = ByteBuffer()
    /// AMQP frames written before the SASL layer is done.
    private var staged = ByteBuffer()
    var events: Deque<Event> = []
    var sessions: [Session?] = []
    var channelOfRemote: [UInt16: Int] = [:]
    var serials: UInt32 = 0
    /// What the peer's open said.
    public internal(set) var remoteOpen: Open?
    var remoteMaxFrameSize: Int = Int(Frame.minimumMaxFrameSize)
    private var openSent = false
    private var lastReceived: NIODeadline?
    private var lastSent: NIODeadline?

    /// Creates an engine. A client's first bytes are ready to be taken at once.
    public init(_ configuration: EngineConfiguration, now: NIODeadline) {
        self.configuration = configuration
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

    /// Bytes to be sent, or nil. The owner sends them in the order taken.
    public mutating func takeOutbound(now: NIODeadline) -> ByteBuffer? {
        guard outbound.readableBytes > 0 else { return nil }
        lastSent = now
        let bytes = outbound
        outbound = ByteBuffer()
        return bytes
    }

    /// Whether there is something to send.
    public var hasOutbound: Bool { outbound.readableBytes > 0 }

    /// Whether the connection is over.
    public var isClosed: Bool { state == .closed }

    /// When ``timerFired(now:)`` wants to be called, at the latest.
    public var nextDeadline: NIODeadline? {
        guard state != .closed else { return nil }
        var deadline: NIODeadline?
        if let timeout = configuration.idleTimeout, let lastReceived { deadline = lastReceived + timeout }
        if let heartbeat = heartbeatInterval, let lastSent {
            let next = lastSent + heartbeat
            deadline = deadline.map { min($0, next) } ?? next
        }
        return deadline
    }

    /// Half of the peer's idle time-out, but not more often than twice a second.
    private var heartbeatInterval: TimeAmount? {
        guard let milliseconds = remoteOpen?.idleTimeout, milliseconds > 0 else { return nil }
        return .milliseconds(max(Int64(milliseconds) / 2, 500))
    }

    /// Sends a heartbeat or notices the peer's silence, when due.
    public mutating func timerFired(now: NIODeadline) {
        guard state != .closed else { return }
        if let timeout = configuration.idleTimeout, let lastReceived, now >= lastReceived + timeout {
            fail(.idleTimeout, telling: AMQPError(.resourceLimitExceeded, "local-idle-timeout expired"))
            return
        }
        if state == .open, let heartbeat = heartbeatInterval, let lastSent, now >= lastSent + heartbeat, outbound.readableBytes == 0 {
            outbound.writeMultipleIntegers(UInt32(Frame.headerSize), UInt8(2), Frame.amqp, UInt16(0))
        }
    }

    // MARK: Bytes from the peer

    /// Takes bytes from the peer.
    public mutating func receive(_ bytes: ByteBuffer, now: NIODeadline) {
        guard state != .closed else { return }
        lastReceived = now
        append(bytes)
        do throws(EngineError) {
            while state != .closed, try step() {}
        } catch {
            fail(error)
        }
    }

    /// The peer's bytes have ended.
    public mutating func disconnected() {
        guard state != .closed else { return }
        state = .closed
        events.append(.closed(.disconnected))
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

    /// Handles one header or frame. False when more bytes are needed.
    private mutating func step() throws(EngineError) -> Bool {
        switch state {
        case .awaitingHeader, .awaitingAMQPHeader:
            guard let header = try ProtocolHeader.read(from: &inbound) else { return false }
            try received(header)
            return true
        case .saslStarted, .saslInitiated: return try stepFrame(Frame.sasl)
        case .awaitingOpen, .open, .closeSent: return try stepFrame(Frame.amqp)
        case .closed: return false
        }
    }

    private mutating func stepFrame(_ type: UInt8) throws(EngineError) -> Bool {
        let frame: Frame.Head
        do throws(CodecError) {
            // Before SASL is done nothing large is in order.
            let maximum = type == Frame.sasl ? 4096 : Int(configuration.maxFrameSize)
            guard let head = try Frame.read(from: &inbound, maximum: maximum) else { return false }
            frame = head
        } catch {
            throw .violation(AMQPError(.framingError, error.description))
        }
        inboundIsShared = true
        guard frame.type == type else { throw .violation(AMQPError(.framingError, "a frame of type \(frame.type) is out of place here")) }
        if type == Frame.sasl {
            try receivedSASL(try decoding { () throws(CodecError) in try SASLPerformative.decode(frame.body) })
        } else if frame.body.readableBytes > 0 {
            let (performative, length) = try decoding { () throws(CodecError) in try Performative.decode(frame.body) }
            try received(performative, channel: frame.channel, payload: frame.body, payloadOffset: length)
        }
        return true
    }

    private func decoding<T>(_ body: () throws(CodecError) -> T) throws(EngineError) -> T {
        do throws(CodecError) { return try body() } catch { throw .malformed(error) }
    }

    private mutating func received(_ header: ProtocolHeader) throws(EngineError) {
        switch (configuration.side, state, header.id, configuration.security) {
        case (.client, .awaitingHeader, ProtocolHeader.sasl.id, _): state = .saslStarted
        case (.client, .awaitingAMQPHeader, ProtocolHeader.amqp.id, _): state = .awaitingOpen
        case (.server, .awaitingHeader, ProtocolHeader.sasl.id, .server(let offers, _)):
            ProtocolHeader.sasl.write(to: &outbound)
            writeSASL(.mechanisms(SASLMechanisms(mechanisms: offers)))
            state = .saslStarted
        case (.server, .awaitingAMQPHeader, ProtocolHeader.amqp.id, _),
            (.server, .awaitingHeader, ProtocolHeader.amqp.id, .none),
            (.server, .awaitingHeader, ProtocolHeader.amqp.id, .server(_, required: false)):
            ProtocolHeader.amqp.write(to: &outbound)
            state = .awaitingOpen
        default:
            // Part 2, 2.2: answer with the header we would take, then close.
            if configuration.side == .server { (state == .awaitingHeader ? ProtocolHeader.sasl : .amqp).write(to: &outbound) }
            throw .unsupportedProtocol(id: header.id, major: 1, minor: 0, revision: 0)
        }
    }

    // MARK: SASL (part 5, 5.3)

    private mutating func receivedSASL(_ performative: SASLPerformative) throws(EngineError) {
        switch (configuration.side, state, performative) {
        case (.client, .saslStarted, .mechanisms(let offered)):
            guard case .client(let ours) = configuration.security,
                let mechanism = ours.first(where: { offered.mechanisms.contains($0.name) })
            else { throw .noCommonMechanism(offered.mechanisms) }
            writeSASL(
                .initial(
                    SASLInit(
                        mechanism: mechanism.name, initialResponse: mechanism.initialResponse, hostname: configuration.hostname)))
            state = .saslInitiated
        case (.client, .saslInitiated, .challenge):
            writeSASL(.response(SASLResponse(response: ByteBuffer())))
        case (.client, .saslInitiated, .outcome(let outcome)):
            guard outcome.code == 0 else { throw .authenticationFailed(code: outcome.code) }
            ProtocolHeader.amqp.write(to: &outbound)
            outbound.writeImmutableBuffer(staged)
            staged = ByteBuffer()
            state = .awaitingAMQPHeader
        case (.server, .saslStarted, .initial(let initial)):
            state = .saslInitiated
            events.append(.saslInitiated(initial))
        default: throw .violation(AMQPError(.notAllowed, "a SASL frame is out of place here"))
        }
    }

    /// Server: ends the SASL exchange.
    /// - Parameter success: whether the client may go on.
    public mutating func completeSASL(_ success: Bool) {
        guard configuration.side == .server, state == .saslInitiated else { return }
        writeSASL(.outcome(SASLOutcome(code: success ? 0 : 1, additionalData: success ? ByteBuffer(string: "Welcome!") : nil)))
        if success {
            state = .awaitingAMQPHeader
            // The client may have gone on without waiting.
            receive(ByteBuffer(), now: lastReceived ?? .uptimeNanoseconds(0))
        } else {
            state = .closed
            events.append(.closed(.authenticationFailed(code: 1)))
        }
    }

    private mutating func writeSASL(_ performative: SASLPerformative) {
        let start = outbound.writerIndex
        outbound.writeMultipleIntegers(UInt32(0), UInt8(2), Frame.sasl, UInt16(0))
        withWriter { performative.encode(to: &$0) }
        outbound.setInteger(UInt32(clamping: outbound.writerIndex &- start), at: start)
    }

    // MARK: Frames out

    private mutating func withWriter(_ body: (inout WireWriter) -> Void) {
        var writer = WireWriter(outbound)
        outbound = ByteBuffer()
        body(&writer)
        outbound = writer.finish()
    }

    /// Whether AMQP frames may go out already. Before, a client's are kept; a server has none.
    private var isStaging: Bool {
        switch state {
        case .awaitingHeader, .saslStarted, .saslInitiated: configuration.side == .client
        default: false
        }
    }

    /// Writes a frame.
    mutating func write(_ performative: Performative, channel: UInt16) {
        if isStaging { swap(&staged, &outbound) }
        let start = outbound.writerIndex
        outbound.writeMultipleIntegers(UInt32(0), UInt8(2), Frame.amqp, channel)
        withWriter { performative.encode(to: &$0) }
        outbound.setInteger(UInt32(clamping: outbound.writerIndex &- start), at: start)
        if isStaging { swap(&staged, &outbound) }
    }

    /// Writes a transfer frame with as much of the payload as fits.
    /// - Returns: whether the whole payload was written.
    mutating func write(_ transfer: Transfer, head: inout ByteBuffer, body: inout ByteBuffer, channel: UInt16) -> Bool {
        var transfer = transfer
        let start = outbound.writerIndex
        outbound.writeMultipleIntegers(UInt32(0), UInt8(2), Frame.amqp, channel)
        let performativeStart = outbound.writerIndex
        transfer.more = false
        withWriter { transfer.encode(to: &$0) }
        let room = remoteMaxFrameSize &- (outbound.writerIndex &- start)
        let isWhole = head.readableBytes &+ body.readableBytes <= room
        if !isWhole {
            outbound.moveWriterIndex(to: performativeStart)
            transfer.more = true
            withWriter { transfer.encode(to: &$0) }
        }
        if isWhole {
            outbound.writeImmutableBuffer(head)
            outbound.writeImmutableBuffer(body)
        } else {
            // A peer's maximum frame size is at least 512, and a transfer's fields take less: there is always room.
            var left = max(room, 1)
            for part in 0..<2 where left > 0 {
                let slice =
                    part == 0
                    ? head.readSlice(length: min(left, head.readableBytes)) : body.readSlice(length: min(left, body.readableBytes))
                if let slice {
                    outbound.writeImmutableBuffer(slice)
                    left &-= slice.readableBytes
                }
            }
        }
        outbound.setInteger(UInt32(clamping: outbound.writerIndex &- start), at: start)
        return isWhole
    }

    private mutating func sendOpen() {
        guard !openSent else { return }
        openSent = true
        write(
            .open(
                Open(
                    containerID: configuration.containerID, hostname: configuration.hostname,
                    maxFrameSize: negotiated(configuration.maxFrameSize, remoteOpen?.maxFrameSize),
                    channelMax: negotiated(configuration.channelMax, remoteOpen?.channelMax),
                    idleTimeout: configuration.idleTimeout.map { UInt32(clamping: $0.nanoseconds / 2_000_000) },
                    properties: configuration.properties)), channel: 0)
    }

    /// A server never asks for more than its client does, as the real service behaves.
    private func negotiated<T: FixedWidthInteger>(_ ours: T, _ theirs: T?) -> T {
        configuration.side == .server ? min(ours, theirs ?? ours) : ours
    }

    // MARK: Frames in

    private mutating func received(
        _ performative: Performative, channel: UInt16, payload: ByteBuffer, payloadOffset: Int
    ) throws(EngineError) {
        switch (state, performative) {
        case (.awaitingOpen, .open(let open)): try received(open)
        case (.closeSent, .close), (.open, .close), (.awaitingOpen, .close): receivedClose(performative)
        case (.closeSent, _): return
        case (.open, .transfer(let transfer)):
            var body = payload
            body.moveReaderIndex(forwardBy: payloadOffset)
            try received(transfer, payload: body, channel: channel)
        case (.open, .disposition(let disposition)): received(disposition, channel: channel)
        case (.open, .flow(let flow)): try received(flow, channel: channel)
        case (.open, .begin(let begin)): try received(begin, channel: channel)
        case (.open, .attach(let attach)): try received(attach, channel: channel)
        case (.open, .detach(let detach)): received(detach, channel: channel)
        case (.open, .end(let end)): received(end, channel: channel)
        default: throw .violation(AMQPError(.notAllowed, "a frame is out of place here"))
        }
    }

    private mutating func received(_ open: Open) throws(EngineError) {
        remoteOpen = open
        if let size = open.maxFrameSize, size < Frame.minimumMaxFrameSize {
            throw .violation(AMQPError(.invalidField, "max-frame-size \(size) is below 512"))
        }
        // A peer may allow 4 GiB; our frames need not be larger than this.
        remoteMaxFrameSize = Int(min(open.maxFrameSize ?? .max, 1_048_576))
        state = .open
        sendOpen()
        events.append(.opened(open))
    }

    private mutating func receivedClose(_ performative: Performative) {
        guard case .close(let close) = performative else { return }
        if state != .closeSent {
            sendOpen()
            write(.close(Close()), channel: 0)
            events.append(.closed(.closedByPeer(close.error)))
        } else {
            events.append(.closed(nil))
        }
        state = .closed
    }

    // MARK: Ending

    /// Closes the connection; ``Event/closed(_:)`` follows when the peer has answered.
    public mutating func close(_ error: AMQPError? = nil) {
        switch state {
        case .open, .awaitingOpen:
            write(.close(Close(error: error)), channel: 0)
            state = .closeSent
        case .closeSent, .closed: break
        default:
            state = .closed
            events.append(.closed(nil))
        }
    }

    /// Ends the connection because of the peer's misbehaviour, telling it why where that is possible.
    private mutating func fail(_ error: EngineError, telling told: AMQPError? = nil) {
        let reason: AMQPError? =
            switch error {
            case .malformed(let error): AMQPError(.decodeError, error.description)
            case .violation(let error): error
            default: told
            }
        if state == .open || state == .awaitingOpen, let reason {
            if configuration.side == .server { sendOpen() }
            write(.close(Close(error: reason)), channel: 0)
        }
        state = .closed
        events.append(.closed(error))
    }

    mutating func nextSerial() -> UInt32 {
        serials &+= 1
        return serials
    }
}
