import Foundation
import NIOCore
import Testing

@testable import AMQP

@Suite(
    "Byte streams that broke others, fed to both sides",
    .enabled(if: RecordedBytes.areAvailable, "no recordings at CALLBOARD_VECTORS"))
struct FuzzCorpusTests {
    /// What a stream led to.
    private struct Outcome: Equatable {
        var sent = ByteBuffer()
        var events: [String] = []
        var held = 0
    }

    private func subject(_ side: EngineConfiguration.Side) -> Subject {
        let security: EngineConfiguration.Security =
            side == .client ? .client([.mssbcbs, .anonymous]) : .server(offers: ["MSSBCBS", "PLAIN", "ANONYMOUS"], required: false)
        let subject = Subject(EngineConfiguration(side: side, containerID: "x", security: security))
        guard side == .client, let session = subject.begin() else { return subject }
        for (name, role) in [("a", Role.sender), ("b", .receiver)] {
            if let link = subject.attach(session, name, role) { subject.engine.setCredit(link, 1000) }
        }
        return subject
    }

    /// - Parameter answers: whether an owner accepts, grants, sends and settles. Then what happens depends on where reads end.
    private func feed(_ input: ByteBuffer, to side: EngineConfiguration.Side, slice: Int, answers: Bool) throws -> Outcome {
        let subject = subject(side)
        var outcome = Outcome()
        var rest = input
        while let part = rest.readSlice(length: min(slice, rest.readableBytes)), part.readableBytes > 0 {
            subject.receive(part)
            outcome.held = max(outcome.held, subject.engine.heldBytes)
            for event in subject.events() {
                outcome.events.append(event.summary)
                guard answers else { continue }
                switch event {
                case .saslInitiated: subject.engine.completeSASL(true)
                case .linkRequested(let id, let attach):
                    subject.engine.accept(id, attach)
                    subject.engine.setCredit(id, 1000)
                case .flow(let id, let flow):
                    for _ in 0..<min(flow.credit, 3) { _ = subject.send(id, ByteBuffer(repeating: 1, count: 700)) }
                    subject.engine.drained(id)
                default: break
                }
            }
            outcome.sent.writeImmutableBuffer(subject.bytes())
        }
        subject.engine.disconnected()
        outcome.events += subject.told()
        return outcome
    }

    @Test(
        "no stream traps, is held in more than 64 times its size, or means something else when sliced", arguments: [0, 1, 2, 3, 4, 5, 6, 7])
    func corpus(shard: Int) throws {
        #expect(RecordedBytes.connections.count == 353)
        for (index, url) in RecordedBytes.connections.enumerated() where index % 8 == shard {
            let data = try Data(contentsOf: url)
            for input in [ByteBuffer(bytes: data), RecordedBytes.withoutMarks(data)] {
                for side in [EngineConfiguration.Side.client, .server] {
                    let small = data.count > 10_000 ? 101 : 1
                    for slice in [Int.max, small] {
                        let outcome = try feed(input, to: side, slice: slice, answers: true)
                        #expect(outcome.held <= 64 * input.readableBytes + 65_536, "\(url.lastPathComponent)")
                        #expect(outcome.events.last?.hasPrefix("closed") == true)
                    }
                    let whole = try feed(input, to: side, slice: .max, answers: false)
                    let sliced = try feed(input, to: side, slice: small, answers: false)
                    #expect(whole.events == sliced.events, "\(url.lastPathComponent)")
                    #expect(whole.sent.readableBytes == sliced.sent.readableBytes, "\(url.lastPathComponent)")
                }
            }
        }
    }
}

extension Engine {
    /// An estimate of the memory an engine holds.
    fileprivate var heldBytes: Int {
        var bytes = inbound.capacity + outbound.capacity + staged.capacity + unfinishedBytes
        bytes += events.count * MemoryLayout<Event>.stride
        for case let session? in sessions {
            bytes += MemoryLayout<Session>.stride + session.links.count * MemoryLayout<Link?>.stride
            bytes += session.handleOfRemote.capacity * 16 + session.pending.count * MemoryLayout<Session.Pending>.stride
        }
        return bytes
    }
}
