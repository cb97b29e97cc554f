internal import AMQP
internal import FuzzSupport
internal import NIOCore

/// A whole message from arbitrary bytes: accepted or refused, never a trap, whatever is asked of it afterwards.
///
/// - The raw sections together are no longer than the message, and the bare message lies within it.
/// - What its sections decode to can be encoded, is accepted again, and then encodes to the same bytes.
func fuzzMessage(_ input: ByteBuffer) {
    guard let message = try? Message(input) else { return }
    let sections = Message.Section.allCases.reduce(0) { $0 + (message.bytes(of: $1)?.readableBytes ?? 0) }
    hold(sections <= input.readableBytes, "the sections are longer than the message")
    hold(message.bareBytes.readableBytes <= input.readableBytes, "the bare message is longer than the message")

    // A section that is valid AMQP of the wrong shape is refused here, after it was accepted.
    guard let encoded = try? MessageContent(message).encoded else { return }
    guard let again = try? Message(encoded), let content = try? MessageContent(again) else {
        hold(false, "an encoded message is refused")
        return
    }
    hold(content.encoded == encoded, "a message changes when it is decoded and encoded again")
}
