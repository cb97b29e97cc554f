import NIOCore

/// Protocol headers (part 2, 2.2), SASL (part 5, 5.3) and open (part 2, 2.4.1).
extension Engine {
    /// The header we would take now.
    var expectedHeader: ProtocolHeader {
        if state == .awaitingHeader, case .server(_, required: true) = configuration.security { return .sasl }
        return .amqp
    }

    mutating func received(_ header: ProtocolHeader) throws(EngineError) {
        guard header.isVersion1 else { throw unsupported(header) }
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
        default: throw unsupported(header)
        }
    }

    private func unsupported(_ header: ProtocolHeader) -> EngineError {
        .unsupportedProtocol(id: header.id, major: header.major, minor: header.minor, revision: header.revision)
    }

    // MARK: SASL

    mutating func receivedSASL(_ body: ByteBuffer) throws(EngineError) {
        let performative: SASLPerformative
        do throws(CodecError) { performative = try SASLPerformative.decode(body) } catch { throw .malformed(error) }
        switch (configuration.side, state, performative) {
        case (.client, .saslStarted, .mechanisms(let offered)):
            guard case .client(let ours) = configuration.security,
                let mechanism = ours.first(where: { offered.mechanisms.contains($0.name) })
            else { throw .noCommonMechanism(offered.mechanisms) }
            let choice = SASLInit(
                mechanism: mechanism.name, initialResponse: mechanism.initialResponse, hostname: configuration.hostname)
            writeSASL(.initial(choice))
            state = .saslInitiated
        case (.client, .saslInitiated, .challenge):
            // None of our mechanisms has one. An empty answer lets the server decide; it may ask a few times, not for ever.
            challenges += 1
            guard challenges <= 4 else { throw .violation(AMQPError(.notAllowed, "the server asks without end in the SASL exchange")) }
            writeSASL(.response(SASLResponse(response: ByteBuffer())))
        case (.client, .saslInitiated, .outcome(let outcome)):
            guard outcome.code == 0 else { throw .authenticationFailed(code: outcome.code) }
            ProtocolHeader.amqp.write(to: &outbound)
            outbound.writeImmutableBuffer(staged)
            staged = ByteBuffer()
            state = .awaitingAMQPHeader
        case (.server, .saslStarted, .initial(let initial)):
            state = .saslInitiated
            guard case .server(let offers, _) = configuration.security, offers.contains(initial.mechanism) else {
                return completeSASL(false)
            }
            events.append(.saslInitiated(initial))
        default: throw .violation(AMQPError(.notAllowed, "a SASL frame is out of place here"))
        }
    }

    /// Server: ends the SASL exchange.
    /// - Parameter success: whether the client may go on.
    public mutating func completeSASL(_ success: Bool) {
        guard configuration.side == .server, state == .saslInitiated else { return }
        writeSASL(.outcome(SASLOutcome(code: success ? 0 : 1, additionalData: success ? ByteBuffer(string: "Welcome!") : nil)))
        guard success else { return finish(.authenticationFailed(code: 1)) }
        state = .awaitingAMQPHeader
        // The client may have gone on without waiting.
        process()
    }

    private mutating func writeSASL(_ performative: SASLPerformative) {
        let start = outbound.writerIndex
        outbound.writeMultipleIntegers(UInt32(0), UInt8(2), Frame.sasl, UInt16(0))
        performative.encode(into: &outbound)
        outbound.setInteger(UInt32(clamping: outbound.writerIndex &- start), at: start)
    }

    // MARK: Open

    mutating func sendOpen() {
        guard !openSent else { return }
        openSent = true
        let open = Open(
            containerID: configuration.containerID, hostname: configuration.hostname,
            maxFrameSize: negotiated(max(configuration.maxFrameSize, Frame.minimumMaxFrameSize), remoteOpen?.maxFrameSize),
            channelMax: negotiated(configuration.channelMax, remoteOpen?.channelMax),
            idleTimeout: configuration.idleTimeout.map { UInt32(clamping: $0.nanoseconds / 2_000_000) },
            properties: configuration.properties)
        write(.open(open), channel: 0)
    }

    /// A server never asks for more than its client does, as the real service behaves.
    private func negotiated<T: FixedWidthInteger>(_ ours: T, _ theirs: T?) -> T {
        configuration.side == .server ? min(ours, theirs ?? ours) : ours
    }

    mutating func received(_ open: Open) throws(EngineError) {
        if let size = open.maxFrameSize, size < Frame.minimumMaxFrameSize {
            throw .violation(AMQPError(.invalidField, "max-frame-size \(size) is below 512"))
        }
        remoteOpen = open
        // A peer may allow 4 GiB; our frames need not be larger than this.
        remoteMaxFrameSize = Int(min(open.maxFrameSize ?? .max, 1_048_576))
        state = .open
        sendOpen()
        events.append(.opened(open))
    }

    mutating func received(_ close: Close) {
        guard state != .closeSent else { return finish(nil) }
        sendOpen()
        write(.close(Close()), channel: 0)
        finish(.closedByPeer(close.error))
    }
}
