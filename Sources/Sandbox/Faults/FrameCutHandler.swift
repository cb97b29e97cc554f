import NIOCore

/// Counts the AMQP frames that arrive on a connection and cuts it when a fault says so: what arrived up to that frame is handed on, nothing
/// after it is read, and no answer leaves.
///
/// It follows only the sizes of frames (part 2, 2.3.1); whether they are valid is the engine's business.
final class FrameCutHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let faults: FaultSwitches
    private let delay: DelayHandler?
    private var progress = FaultSwitches.Progress()
    /// The first bytes of a frame or protocol header whose first eight have not all arrived.
    private var head: UInt64 = 0
    private var headBytes = 0
    /// Bytes of the present frame still to come.
    private var left = 0
    private var isCountedFrame = false
    private var isCut = false

    /// - Parameter delay: what holds arriving bytes back before this counts them.
    init(_ faults: FaultSwitches, after delay: DelayHandler?) {
        self.faults = faults
        self.delay = delay
    }

    func handlerAdded(context: ChannelHandlerContext) {
        guard let delay else { return }
        do {
            try context.pipeline.syncOperations.addHandler(delay, position: .before(self))
        } catch {
            // The channel is gone already.
            context.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isCut { return }
        var bytes = unwrapInboundIn(data)
        if let length = lengthUntilCut(bytes.readableBytesView), let part = bytes.readSlice(length: length) {
            isCut = true
            context.fireChannelRead(wrapInboundOut(part))
            context.close(promise: nil)
        } else {
            context.fireChannelRead(data)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !isCut { context.fireChannelReadComplete() }
    }

    /// How many of these bytes lie before the cut; nil when there is none among them.
    private func lengthUntilCut(_ bytes: ByteBufferView) -> Int? {
        var index = bytes.startIndex
        while index < bytes.endIndex {
            if headBytes < 8 {
                head = head << 8 | UInt64(bytes[index])
                headBytes += 1
                index += 1
                if headBytes == 8 { enterFrame() } else { continue }
            } else {
                let step = min(left, bytes.endIndex - index)
                index += step
                left -= step
            }
            guard left == 0 else { continue }
            headBytes = 0
            if isCountedFrame, faults.cutsConnection(&progress) { return index - bytes.startIndex }
        }
        return nil
    }

    private func enterFrame() {
        // A protocol header: "AMQP" and four bytes.
        if head >> 32 == 0x414d_5150 {
            left = 0
            isCountedFrame = false
            return
        }
        let size = Int(head >> 32)
        let headerSize = Int(head >> 24 & 0xff) * 4
        left = max(size - 8, 0)
        // SASL frames and heartbeats are none of those that count.
        isCountedFrame = head >> 16 & 0xff == 0 && size > headerSize
    }
}

@available(*, unavailable)
extension FrameCutHandler: Sendable {}
