import AMQP
import NIOCore
import Testing

@Suite("An engine's handshake: headers, SASL, open")
struct HandshakeTests {
    @Test("client and server open a connection, however the network slices the bytes", arguments: slicings)
    func opens(slice: Int) {
        let pair = EnginePair(slice: slice)
        pair.run()
        #expect(pair.clientEvents.map(\.summary) == ["opened"])
        #expect(pair.serverEvents.map(\.summary) == ["saslInitiated ANONYMOUS", "opened"])
        #expect(pair.client.engine.remoteOpen?.containerID == "server")
        #expect(pair.server.engine.remoteOpen?.hostname == "localhost")
    }

    @Test("a client's session and link leave before the server has answered the open", arguments: slicings)
    func pipelines(slice: Int) {
        let pair = EnginePair(slice: slice)
        #expect(pair.attach(.sender) != nil)
        #expect(pair.clientEvents.map(\.summary) == ["opened", "sessionBegun", "linkAttached link", "flow 100"])
    }

    @Test("a client says its header only, until it knows the server's")
    func firstBytes() throws {
        let client = Subject(EngineConfiguration(side: .client, containerID: "c", security: .client([.anonymous])))
        _ = client.begin()
        #expect(client.bytes() == Wire.sasl)
        client.receive(Wire.sasl)
        #expect(client.bytes().readableBytes == 0)
    }

    @Test("a server takes open, begin and attach that come with the SASL choice")
    func pipelinedPastSASL() throws {
        let server = Subject(
            EngineConfiguration(side: .server, containerID: "s", security: .server(offers: ["ANONYMOUS"], required: true)))
        server.receive(
            Wire.joined(
                Wire.sasl, Wire.sasl(.initial(SASLInit(mechanism: "ANONYMOUS"))), Wire.amqp,
                WireFrame(body: .open(Open(containerID: "eager"))).encoded, WireFrame(body: .begin(.usual)).encoded))
        #expect(server.told() == ["saslInitiated ANONYMOUS"])
        server.engine.completeSASL(true)
        #expect(server.told() == ["opened", "sessionBegun"])
        let sent = try server.sent()
        #expect(sent.headers == [3, 0])
        #expect(sent.sasl.count == 2)
        #expect(sent.frames.map(\.summary) == ["open", "begin(answers)"])
    }

    @Test("a client that sends without end before the verdict is cut off")
    func floodBeforeVerdict() throws {
        let server = Subject(
            EngineConfiguration(side: .server, containerID: "s", security: .server(offers: ["ANONYMOUS"], required: true)))
        server.receive(Wire.joined(Wire.sasl, Wire.sasl(.initial(SASLInit(mechanism: "ANONYMOUS")))))
        #expect(server.told() == ["saslInitiated ANONYMOUS"])
        for _ in 0..<100 where !server.engine.isClosed { server.receive(ByteBuffer(repeating: 0, count: 10_000)) }
        #expect(server.told() == ["closed violation amqp:resource-limit-exceeded"])
    }

    @Test("the first of the client's mechanisms that the server offers is used")
    func choosesMechanism() throws {
        let client = Subject(
            EngineConfiguration(
                side: .client, containerID: "c", hostname: "h", security: .client([.mssbcbs, .plain(user: "u", password: "p")])))
        client.receive(Wire.joined(Wire.sasl, Wire.sasl(.mechanisms(SASLMechanisms(mechanisms: ["EXTERNAL", "PLAIN"])))))
        let sent = try client.sent()
        #expect(sent.sasl == [.initial(SASLInit(mechanism: "PLAIN", initialResponse: ByteBuffer(string: "\0u\0p"), hostname: "h"))])
    }

    @Test("without a common mechanism the connection fails, naming what is offered")
    func noCommonMechanism() {
        let client = Subject(EngineConfiguration(side: .client, containerID: "c", security: .client([.anonymous])))
        client.receive(Wire.joined(Wire.sasl, Wire.sasl(.mechanisms(SASLMechanisms(mechanisms: ["GSSAPI", "PLAIN"])))))
        guard case .closed(let error)? = client.events().first else { return #expect(Bool(false), "not closed") }
        #expect(error == .noCommonMechanism(["GSSAPI", "PLAIN"]))
    }

    @Test("a mechanism the server never offered is refused")
    func unknownMechanism() throws {
        let server = Subject(
            EngineConfiguration(side: .server, containerID: "s", security: .server(offers: ["ANONYMOUS"], required: true)))
        server.receive(Wire.joined(Wire.sasl, Wire.sasl(.initial(SASLInit(mechanism: "KERBEROS")))))
        #expect(server.told() == ["closed authenticationFailed 1"])
        #expect(try server.sent().sasl.last == .outcome(SASLOutcome(code: 1)))
    }

    @Test("refused credentials end both sides", arguments: slicings)
    func refusedCredentials(slice: Int) throws {
        let client = Subject(EngineConfiguration(side: .client, containerID: "c", security: .client([.plain(user: "u", password: "p")])))
        client.receive(
            Wire.joined(
                Wire.sasl, Wire.sasl(.mechanisms(SASLMechanisms(mechanisms: ["PLAIN"]))), Wire.sasl(.outcome(SASLOutcome(code: 1)))))
        #expect(client.told() == ["closed authenticationFailed 1"])
        #expect(client.engine.isClosed == true)
    }

    @Test("a server that challenges without end is left")
    func endlessChallenges() throws {
        let client = Subject(EngineConfiguration(side: .client, containerID: "c", security: .client([.anonymous])))
        client.receive(Wire.joined(Wire.sasl, Wire.sasl(.mechanisms(SASLMechanisms(mechanisms: ["ANONYMOUS"])))))
        for _ in 0..<5 { client.receive(Wire.sasl(.challenge(SASLChallenge(challenge: ByteBuffer(string: "?"))))) }
        #expect(client.told() == ["closed violation amqp:not-allowed"])
    }

    @Test("a server that speaks something else is named by its first bytes", arguments: slicings)
    func notAMQP(slice: Int) {
        let client = Subject(EngineConfiguration(side: .client, containerID: "c", security: .client([.anonymous])))
        var rest = ByteBuffer(string: "HTTP/1.1 400 Bad Request\r\n")
        while let part = rest.readSlice(length: min(slice, rest.readableBytes)), part.readableBytes > 0 { client.receive(part) }
        guard case .closed(.notAMQP(let bytes))? = client.events().first else { return #expect(Bool(false), "not closed") }
        #expect("HTTP/1.1".hasPrefix(String(buffer: bytes)))
    }

    @Test("a server answers foreign bytes with the header it would take, then closes")
    func foreignBytes() throws {
        let server = Subject.server()
        server.receive(ByteBuffer(string: "GET / HTTP/1.1\r\n"))
        #expect(server.told() == ["closed notAMQP"])
        #expect(try server.sent().headers == [0])
    }

    @Test("a client without SASL is told that SASL comes first")
    func saslRequired() throws {
        let server = Subject(
            EngineConfiguration(side: .server, containerID: "s", security: .server(offers: ["ANONYMOUS"], required: true)))
        server.receive(Wire.amqp)
        #expect(server.told() == ["closed unsupportedProtocol 0 1.0.0"])
        #expect(try server.sent().headers == [3])
    }

    @Test("a server that needs no SASL takes a client that skips it")
    func saslOptional() throws {
        let server = Subject(
            EngineConfiguration(side: .server, containerID: "s", security: .server(offers: ["ANONYMOUS"], required: false)))
        server.receive(Wire.amqp)
        server.receive(.open(Open(containerID: "c")))
        #expect(server.told() == ["opened"])
    }

    @Test("another version of AMQP is named")
    func otherVersion() throws {
        let client = Subject(EngineConfiguration(side: .client, containerID: "c", security: .client([.anonymous])))
        client.receive(ByteBuffer(bytes: [0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]))
        #expect(client.told() == ["closed unsupportedProtocol 0 0.9.1"])
    }

    @Test("a server takes the smaller of its and the client's limits")
    func negotiates() throws {
        let server = Subject.server {
            $0.maxFrameSize = 65_536
            $0.channelMax = 4999
        }
        server.receive(Wire.amqp)
        server.receive(.open(Open(containerID: "c", maxFrameSize: 512, channelMax: 1)))
        guard case .open(let open)? = try server.sent().frames.first?.body else { return #expect(Bool(false), "no open") }
        #expect(open.maxFrameSize == 512)
        #expect(open.channelMax == 1)
    }

    @Test("a maximum frame size below 512 is a violation")
    func tinyFrames() throws {
        let server = Subject.server()
        server.receive(Wire.amqp)
        server.receive(.open(Open(containerID: "c", maxFrameSize: 511)))
        #expect(server.told() == ["closed violation amqp:invalid-field"])
        #expect(try server.said() == ["open", "close amqp:invalid-field"])
    }

    @Test(
        "frames out of place end the connection",
        arguments: [
            Performative.begin(.usual), .end(End()), .attach(.sender("l", handle: 0)), .transfer(.first(0, 0)),
            .flow(.credit(1, handle: 0)), .disposition(Disposition(role: .receiver, first: 0)), .detach(Detach(handle: 0)),
        ])
    func beforeOpen(body: Performative) throws {
        let server = Subject.server()
        server.receive(Wire.amqp)
        server.receive(body)
        #expect(server.told() == ["closed violation amqp:not-allowed"])
        #expect(try server.said() == ["open", "close amqp:not-allowed"])
    }

    @Test("a second open is a violation")
    func twoOpens() throws {
        let server = try Subject.openServer()
        server.receive(.open(Open(containerID: "again")))
        #expect(server.told() == ["closed violation amqp:not-allowed"])
    }

    @Test("a frame larger than was allowed is refused before it has arrived")
    func largeFrame() throws {
        let server = try Subject.openServer { $0.maxFrameSize = 1024 }
        server.receive(ByteBuffer(bytes: [0, 0, 4, 1]))
        #expect(server.told() == ["closed violation amqp:connection:framing-error"])
    }

    @Test(
        "frames whose head contradicts itself are refused",
        arguments: [[0, 0, 0, 7, 2, 0, 0, 0], [0, 0, 0, 8, 1, 0, 0, 0], [0, 0, 0, 8, 3, 0, 0, 0], [0, 0, 0, 8, 2, 7, 0, 0]])
    func badHeads(bytes: [UInt8]) throws {
        let server = try Subject.openServer()
        server.receive(ByteBuffer(bytes: bytes))
        #expect(server.told() == ["closed violation amqp:connection:framing-error"])
    }

    @Test("an extended frame header is skipped")
    func extendedHeader() throws {
        let server = try Subject.openServer()
        var frame = ByteBuffer(bytes: [0, 0, 0, 0, 3, 0, 0, 0, 0xde, 0xad, 0xbe, 0xef])
        Performative.begin(.usual).encode(into: &frame)
        frame.setInteger(UInt32(frame.readableBytes), at: 0)
        server.receive(frame)
        #expect(server.told() == ["sessionBegun"])
    }
}
