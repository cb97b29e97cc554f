internal import AMQP
internal import FuzzSupport
internal import NIOCore

/// One value of the AMQP type system from arbitrary bytes.
///
/// - Skipping accepts what decoding accepts, and ends at the same byte: a message that was accepted by the skip pass can be read.
/// - What was decoded survives encoding: encoding, decoding and encoding again gives the same bytes, in both styles.
func fuzzValue(_ input: ByteBuffer) {
    var reader = WireReader(input.readableBytesSpan)
    guard let value = try? reader.readValue(in: input) else { return }
    let end = reader.offset

    var skipper = WireReader(input.readableBytesSpan)
    guard (try? skipper.skipValue()) != nil else { hold(false, "skipping refuses what decoding accepts"); return }
    hold(skipper.offset == end, "skipping ends at \(skipper.offset), decoding at \(end)")

    var viewer = WireReader(input.readableBytesSpan)
    guard let view = try? viewer.readEncodedValue(), let viewed = try? view.decoded(in: input) else {
        hold(false, "reading in place refuses what decoding accepts")
        return
    }
    hold(viewed.encoded() == value.encoded(), "reading in place and decoding differ")

    for style in [EncodingStyle.compact, .uniform] {
        let encoded = value.encoded(style: style)
        guard let again = try? AMQPValue(decoding: encoded) else { hold(false, "what was encoded cannot be decoded"); return }
        hold(again.encoded(style: style) == encoded, "a value changes when it is decoded and encoded again")
        hold(value.encodedSize(style: style) == encoded.readableBytes, "a value is measured otherwise than written")
    }
    _ = try? AMQPValue.sequence(decoding: input)
}
