import NIOCore

/// One link of a session (part 2, 2.6): its state, its credit and the delivery that is being put together.
struct Link {
    /// Where a link stands. Absent from the session's table: detached.
    enum State: Equatable {
        /// We attached; the peer has not answered.
        case attachSent
        /// The peer attached; the owner has not answered.
        case attachReceived
        /// Both attached.
        case attached
        /// We detached; the peer has not answered. Whether the owner knows already that the link is gone.
        case detachSent(isReported: Bool)
    }

    /// A delivery of which more frames will come.
    struct Partial {
        var id: UInt32
        var tag: ByteBuffer
        var format: UInt32
        var settled = false
        var state: DeliveryState?
        /// What has come of it; where that is one frame, a slice of what was received.
        private(set) var payload = ByteBuffer()
        private var isSlice = false

        init(id: UInt32, tag: ByteBuffer, format: UInt32) {
            self.id = id
            self.tag = tag
            self.format = format
        }

        /// Adds the payload of a frame.
        /// - Parameters:
        ///   - more: whether others follow, for which room is then made.
        ///   - usual: how large such deliveries are here. More than four times what is there is not believed.
        mutating func append(_ part: ByteBuffer, more: Bool, usual: Int) {
            // A small part of something large would hold all of it for as long as the rest takes to come.
            if payload.readableBytes == 0, part.readableBytes >= part.storageCapacity / 2 {
                payload = part
                isSlice = true
                return
            }
            if isSlice {
                var joined = ByteBuffer()
                let size = payload.readableBytes &+ part.readableBytes
                joined.reserveCapacity(more ? max(2 &* size, min(usual, 4 &* size)) : size)
                joined.writeImmutableBuffer(payload)
                payload = joined
                isSlice = false
            }
            payload.writeImmutableBuffer(part)
        }
    }

    /// The role and name both ends know a link by.
    struct Key: Hashable {
        let name: String
        let role: Role
    }

    let id: LinkID
    let name: String
    /// What we are on the link.
    let role: Role
    var state: State
    var remoteHandle: UInt32?
    /// Deliveries sent by the sender, as we know it (part 2, 2.6.7).
    var deliveryCount: UInt32 = 0
    /// Whether the sender has told its first delivery count: before, a receiver's flow must not name one.
    var knowsDeliveryCount: Bool
    /// Deliveries the receiver will still take.
    var credit: UInt32 = 0
    var drain = false
    /// Sender: deliveries counted that have not begun to leave, because the session's window or the way out is full.
    var waiting: UInt32 = 0
    /// Sender: whether the drain is to be answered when the last of those has left.
    var owesDrain = false
    /// Receiver: the highest delivery count ever granted. Which of our flows the sender has seen is not known, so a lower credit, or a
    /// drain, takes nothing back that was granted before.
    var grantedLimit: UInt32 = 0
    var partial: Partial?
    /// Receiver: the size of the last delivery of more than one frame, in bytes: the next is often as large.
    private var usualSize = 0
    /// Receiver: the largest message accepted, in bytes.
    var maxMessageSize: Int

    init(id: LinkID, name: String, role: Role, state: State, maxMessageSize: Int) {
        self.id = id
        self.name = name
        self.role = role
        self.state = state
        self.maxMessageSize = maxMessageSize
        knowsDeliveryCount = role == .sender
    }

    var key: Key { Key(name: name, role: role) }

    var isDetaching: Bool { if case .detachSent = state { true } else { false } }

    // MARK: Credit (part 2, 2.6.7)

    /// The peer's attach names the count a sender starts from.
    mutating func learn(_ attach: Attach) {
        guard role == .receiver else { return }
        let count = attach.initialDeliveryCount ?? 0
        // Credit granted before the sender's count was known counts from that count.
        grantedLimit = count &+ (grantedLimit &- deliveryCount)
        deliveryCount = count
        knowsDeliveryCount = true
    }

    /// Receiver: grants credit, in total.
    mutating func grant(_ newCredit: UInt32, drain: Bool) {
        // Serial numbers can tell before from after only within half their range.
        credit = min(newCredit, UInt32(Int32.max) / 2)
        self.drain = drain
        let limit = deliveryCount &+ credit
        if Serial.isAfter(limit, grantedLimit) { grantedLimit = limit }
    }

    /// Sender: takes one credit for a delivery; false when there is none.
    mutating func spend() -> Bool {
        guard role == .sender, state == .attached, credit > 0 else { return false }
        credit &-= 1
        deliveryCount &+= 1
        return true
    }

    /// Sender: gives back what credit is left, unless deliveries are still to leave: the receiver must see them before the count that
    /// includes them.
    /// - Returns: whether a flow is to say so now.
    mutating func giveBack() -> Bool {
        guard role == .sender, state == .attached, drain else { return false }
        owesDrain = waiting > 0
        guard !owesDrain else { return false }
        deliveryCount &+= credit
        credit = 0
        return true
    }

    /// What a flow says of the link: deliveries that have not begun to leave are not yet told of.
    func describe(in flow: inout Flow) {
        flow.handle = id.handle
        flow.deliveryCount = knowsDeliveryCount ? deliveryCount &- waiting : nil
        flow.linkCredit = credit &+ waiting
        flow.drain = drain
    }

    /// Takes over the flow state the peer sent.
    mutating func receive(_ flow: Flow) {
        if role == .sender {
            // Some clients send credit for links they receive nothing on; without a link-credit it means nothing.
            credit = Serial.left(of: flow.linkCredit ?? 0, from: flow.deliveryCount ?? 0, at: deliveryCount)
            drain = flow.drain ?? false
            owesDrain = owesDrain && drain
        } else {
            if let count = flow.deliveryCount, Serial.isAfter(count, deliveryCount) {
                // The sender gave credit back.
                credit = Serial.left(of: credit, from: deliveryCount, at: count)
                deliveryCount = count
            }
            if credit == 0 { drain = false }
        }
    }

    // MARK: Receiving

    /// What the peer may make a link hold.
    struct Rules {
        var creditTolerance: UInt32
        var maxUnfinishedBytes: Int
    }

    /// Takes a transfer.
    /// - Parameter unfinished: the bytes of all unfinished messages of the connection.
    mutating func receive(_ transfer: Transfer, _ payload: ByteBuffer, _ rules: Rules, unfinished: inout Int) -> TransferAction {
        guard state == .attached else {
            // Between our detach and the peer's, what was on its way is dropped; nothing else may come before both attached.
            return isDetaching ? .none : .endSession(AMQPError(.notAllowed, "a transfer came before its link was attached"))
        }
        guard role == .receiver else { return .endSession(AMQPError(.notAllowed, "a transfer came on a link we send on")) }
        if partial == nil, transfer.more != true, transfer.aborted != true {
            return receiveWhole(transfer, payload, rules)
        }
        return receivePart(transfer, payload, rules, &unfinished)
    }

    private mutating func receiveWhole(_ transfer: Transfer, _ payload: ByteBuffer, _ rules: Rules) -> TransferAction {
        guard let delivery = transfer.deliveryID else { return .missingDeliveryID }
        guard countDelivery(rules) else { return .detach(id, AMQPError(.transferLimitExceeded, "a transfer came without credit")) }
        guard payload.readableBytes <= maxMessageSize else { return tooLarge }
        return .deliver(
            id,
            Delivery(
                id: delivery, tag: transfer.deliveryTag ?? ByteBuffer(), format: transfer.messageFormat ?? 0,
                settled: transfer.settled ?? false, state: transfer.state, payload: payload))
    }

    private mutating func receivePart(
        _ transfer: Transfer, _ payload: ByteBuffer, _ rules: Rules, _ unfinished: inout Int
    ) -> TransferAction {
        if let begun = partial?.id {
            guard transfer.deliveryID == nil || transfer.deliveryID == begun else {
                return .close(AMQPError(.invalidField, "a delivery began before the last one of its link ended"))
            }
        } else {
            guard let delivery = transfer.deliveryID else { return .missingDeliveryID }
            guard countDelivery(rules) else { return .detach(id, AMQPError(.transferLimitExceeded, "a transfer came without credit")) }
            partial = Partial(id: delivery, tag: transfer.deliveryTag ?? ByteBuffer(), format: transfer.messageFormat ?? 0)
        }
        if transfer.aborted == true {
            abandonPartial(&unfinished)
            return .none
        }
        let size = partial?.payload.readableBytes ?? 0
        guard payload.readableBytes <= maxMessageSize &- size else { return tooLarge }
        guard payload.readableBytes <= rules.maxUnfinishedBytes &- unfinished else {
            return .detach(id, AMQPError(.resourceLimitExceeded, "too many bytes of unfinished messages are held for this connection"))
        }
        unfinished &+= payload.readableBytes
        partial?.append(payload, more: transfer.more == true, usual: usualSize)
        if transfer.settled == true { partial?.settled = true }
        if let state = transfer.state { partial?.state = state }
        guard transfer.more != true, let whole = partial else { return .none }
        abandonPartial(&unfinished)
        usualSize = whole.payload.readableBytes
        return .deliver(
            id,
            Delivery(
                id: whole.id, tag: whole.tag, format: whole.format, settled: whole.settled, state: whole.state, payload: whole.payload))
    }

    /// Forgets the delivery that is being put together.
    mutating func abandonPartial(_ unfinished: inout Int) {
        unfinished &-= partial?.payload.readableBytes ?? 0
        partial = nil
    }

    /// Counts a delivery against the credit granted; false when the sender had none.
    private mutating func countDelivery(_ rules: Rules) -> Bool {
        guard Serial.isAfter(grantedLimit &+ rules.creditTolerance, deliveryCount) else { return false }
        deliveryCount &+= 1
        if credit > 0 { credit &-= 1 }
        return true
    }

    private var tooLarge: TransferAction {
        .detach(id, AMQPError(.messageSizeExceeded, "a message is larger than the \(maxMessageSize) bytes allowed here"))
    }
}

/// What follows from a transfer.
enum TransferAction {
    /// Nothing yet.
    case none
    /// A message is complete.
    case deliver(LinkID, Delivery)
    /// The link is detached for it.
    case detach(LinkID, AMQPError)
    /// The session is ended for it.
    case endSession(AMQPError)
    /// The connection is closed for it.
    case close(AMQPError)

    static var missingDeliveryID: TransferAction {
        .close(AMQPError(.invalidField, "the first transfer of a delivery has no delivery-id"))
    }
}
