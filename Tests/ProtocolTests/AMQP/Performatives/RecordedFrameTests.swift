import AMQP
import NIOCore
import Testing

@Suite("Frames the real service sent", .enabled(if: AMQPVectors.areAvailable, AMQPVectors.missing))
struct RecordedFrameTests {
    @Test("are decoded, and encoded byte for byte as they were", arguments: AMQPVectors.frames)
    func roundTrip(_ file: AMQPVectors.File) throws {
        let stream = RecordedFrame.stream(file.bytes)
        let frames = RecordedFrame.all(in: stream)
        #expect(frames.reduce(0) { $0 + $1.bytes.readableBytes } + headers(in: stream) * 8 == stream.readableBytes, "all of it is frames")
        for frame in frames {
            var encoded = ByteBuffer()
            if frame.type == 1 {
                try SASLPerformative.decode(frame.body).encode(into: &encoded)
            } else {
                let (performative, length) = try Performative.decode(frame.body)
                performative.encode(into: &encoded)
                let payload = try #require(
                    frame.body.getSlice(at: frame.body.readerIndex + length, length: frame.body.readableBytes - length))
                if case .transfer = performative {
                    encoded.writeImmutableBuffer(try MessageContent(Message(payload)).encoded)
                } else {
                    #expect(payload.readableBytes == 0)
                }
            }
            #expect(encoded.hex == frame.body.hex)
        }
    }

    private func headers(in stream: ByteBuffer) -> Int { String(buffer: stream).ranges(of: "AMQP").count }

    @Test("there are 33 of them, of nine kinds")
    func complete() throws {
        var kinds: [String: Int] = [:]
        for file in AMQPVectors.frames {
            for frame in RecordedFrame.all(in: RecordedFrame.stream(file.bytes)) {
                let kind: Any = frame.type == 1 ? try SASLPerformative.decode(frame.body) : try Performative.decode(frame.body).performative
                kinds[Mirror(reflecting: kind).children.first?.label ?? "?", default: 0] += 1
            }
        }
        #expect(
            kinds == [
                "mechanisms": 3, "outcome": 3, "open": 3, "begin": 3, "attach": 4, "flow": 1, "transfer": 8, "detach": 3,
            ])
    }

    @Test("a transfer says what a reader of the dump can see")
    func transfer() throws {
        let stream = RecordedFrame.stream(try AMQPVectors.named("3-roundtrip.bin", in: AMQPVectors.frames))
        let frame = try #require(
            RecordedFrame.all(in: stream).first { $0.body.getInteger(at: $0.body.readerIndex + 2, as: UInt8.self) == 0x14 })
        let (performative, length) = try Performative.decode(frame.body)
        guard case .transfer(let transfer) = performative else {
            Issue.record("\(performative) is no transfer")
            return
        }
        let tag = ByteBuffer(hex: "9e134f23c913fa43ad3eb90afc3bd9f0")
        #expect(transfer == Transfer(handle: 1, deliveryID: 0, deliveryTag: tag, messageFormat: 0, more: false, batchable: true))

        let message = try Message(
            try #require(frame.body.getSlice(at: frame.body.readerIndex + length, length: frame.body.readableBytes - length)))
        #expect(message.header == Header(priority: 0, ttl: 1_209_600_000, deliveryCount: 0))
        // The tag is the lock token in the memory order of .NET.
        let token = try #require(UUIDBytes("234f139e-13c9-43fa-ad3e-b90afc3bd9f0"))
        #expect(message.deliveryAnnotations == [.symbol("x-opt-lock-token"): .uuid(token)])
        #expect(tag.getInteger(at: 0, as: UInt64.self) == token.swappedToDotNetOrder.high)
        #expect(message.messageAnnotations?["x-opt-sequence-number"] == .long(2))
        #expect(message.messageAnnotations?["x-opt-enqueued-time"] == .timestamp(1_513_550_544_466))
        #expect(message.properties == Properties(messageID: "cebbd2d485bf4218a9f9d4ac1e0bc82e"))
        #expect(message.applicationProperties == nil)
        #expect(message.body == .data([ByteBuffer(string: "2Hey there!")]))
        #expect(message.malformedSections.isEmpty)
    }

    @Test("an idle link's detach carries the service's words")
    func detach() throws {
        let frames = RecordedFrame.all(in: try AMQPVectors.named("detach-idle-2019-js2540.bin", in: AMQPVectors.frames))
        #expect(frames.count == 1 && frames.first?.channel == 1)
        guard case .detach(let detach)? = try frames.first.map({ try Performative.decode($0.body).performative }) else {
            Issue.record("no detach")
            return
        }
        #expect(detach.handle == 0 && detach.closed == true)
        #expect(detach.error?.condition == .detachForced)
        #expect(detach.error?.text?.hasPrefix("The link 'G31:1388800:delayed-alerts-") == true)
        #expect(detach.error?.text?.hasSuffix("Idle timeout: 00:10:00.") == true)
        #expect(detach.error?.info == nil)
    }

    @Test("every fuzz input of connections: each frame is decoded or refused, and held in bounds", arguments: AMQPVectors.connections)
    func connections(_ file: AMQPVectors.File) throws {
        for frame in RecordedFrame.all(in: RecordedFrame.stream(file.bytes)) + RecordedFrame.all(in: file.bytes) {
            if frame.type == 1 {
                guard let performative = try? SASLPerformative.decode(frame.body) else { continue }
                var encoded = ByteBuffer()
                performative.encode(into: &encoded)
                #expect(try SASLPerformative.decode(encoded) == performative)
                #expect(HeldMemory.heap(ofAny: performative) <= MemoryBoundTests.bound * frame.bytes.readableBytes)
            } else if let (performative, length) = try? Performative.decode(frame.body) {
                var encoded = ByteBuffer()
                performative.encode(into: &encoded)
                var again = ByteBuffer()
                try Performative.decode(encoded).performative.encode(into: &again)
                #expect(again == encoded)
                #expect(HeldMemory.heap(ofAny: performative) <= MemoryBoundTests.bound * frame.bytes.readableBytes)
                guard let payload = frame.body.getSlice(at: frame.body.readerIndex + length, length: frame.body.readableBytes - length),
                    let message = try? Message(payload)
                else { continue }
                checkReadable(message)
            }
        }
    }

    /// Whatever was accepted can be asked anything.
    private func checkReadable(_ message: Message) {
        let malformed = Set(message.malformedSections)
        if malformed.isEmpty, let content = try? MessageContent(message) {
            let encoded = content.encoded
            #expect((try? Message(encoded)).map { (try? MessageContent($0))?.encoded } == encoded)
        } else {
            #expect(throws: CodecError.self) { try MessageContent(message) }
        }
    }
}
