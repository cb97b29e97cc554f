internal import AMQP
public import FuzzSupport
internal import NIOCore

/// The entry point: SwiftPM links an executable's main to this name.
@_cdecl("FuzzFrames_main")
public func fuzzFramesMain(_ argc: CInt, _ argv: Arguments) -> CInt {
    runFuzzer(argc, argv) { data, size in
        let input = ByteBuffer(bytes: UnsafeBufferPointer(start: data, count: size))
        for side in [EngineConfiguration.Side.client, .server] {
            // The same bytes, however the network sliced them, do the same.
            let whole = Peer(side).feed(input, slices: .max)
            let sliced = Peer(side).feed(input, slices: 1 + size % 17)
            hold(whole.sent == sliced.sent, "slicing changes what a \(side) sends")
            hold(whole.events == sliced.events, "slicing changes what a \(side) reports: \(whole.events), \(sliced.events)")
            // And with an owner that answers everything, as a client or a broker would.
            _ = Peer(side, answers: true).feed(input, slices: 1 + size % 31)
            // And in the middle of a connection's life: open, with sessions, links and credit both ways.
            var open = Peer(side, answers: true)
            open.meet()
            _ = open.feed(input, slices: 1 + size % 13)
        }
        return 0
    }
}
