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

    walk(message)
    guard let content = try? MessageContent(message) else {
        hold(!message.malformedSections.isEmpty, "a message cannot be decoded, but no section is malformed")
        return
    }
    hold(message.malformedSections.isEmpty, "a message can be decoded, but a section is malformed")
    let encoded = content.encoded
    guard let again = try? MessageContent(Message(encoded)) else { hold(false, "an encoded message is refused"); return }
    hold(again.encoded == encoded, "a message changes when it is decoded and encoded again")
}

/// Reads every section in place: as many pairs and fields as decoding finds.
private func walk(_ message: Message) {
    if var header = try? message.readHeader() { while header.next() { touch(header.value) } }
    if var properties = try? message.readProperties() { while properties.next() { touch(properties.value) } }
    if var annotations = try? message.readMessageAnnotations() {
        var pairs = 0
        while annotations.next() {
            touch(annotations.key)
            touch(annotations.value)
            pairs += 1
        }
        if let decoded = message.messageAnnotations {
            hold(pairs == decoded.pairs.count, "reading in place finds \(pairs) pairs, decoding \(decoded.pairs.count)")
        }
    }
    if var properties = try? message.readApplicationProperties() {
        while properties.next() {
            touch(properties.key)
            touch(properties.value)
        }
    }
    if let body = try? message.readBody() { touch(body) }
}

/// Asks a value everything there is to ask.
private func touch(_ value: borrowing EncodedValue) {
    _ = (value.isNull, value.bool, value.integer, value.text, value == "x-opt-sequence-number")
    if let descriptor = value.descriptor { touch(descriptor) }
    if let described = value.described { touch(described) }
    if var list = value.list { while list.next() { touch(list.value) } }
    if var map = value.map {
        while map.next() {
            touch(map.key)
            touch(map.value)
        }
    }
}
