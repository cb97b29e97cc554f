@testable import AMQP
import NIOCore

/// Our code for each composite type of the standard, by the standard's name.
enum OurCode {
    static func of(_ name: String) -> (any CompositeCode)? { all[name] }

    private static let all: [String: any CompositeCode] = [
        "open": Frame(), "begin": Frame(), "attach": Frame(), "flow": Frame(), "transfer": Frame(), "disposition": Frame(),
        "detach": Frame(), "end": Frame(), "close": Frame(),
        "sasl-mechanisms": SASLFrame(), "sasl-init": SASLFrame(), "sasl-challenge": SASLFrame(), "sasl-response": SASLFrame(),
        "sasl-outcome": SASLFrame(),
        "error": Part { (reader, buffer) throws(CodecError) in
            let value = try AMQPError(from: &reader, in: buffer)
            return (value, { value.encode(to: &$0) })
        },
        "source": Part { (reader, buffer) throws(CodecError) in
            let value = try Source(from: &reader, in: buffer)
            return (value, { value.encode(to: &$0) })
        },
        "target": target, "coordinator": target,
        "received": state, "accepted": state, "rejected": state, "released": state, "modified": state, "declared": state,
        "transactional-state": state,
        "declare": request, "discharge": request,
        "header": Section(), "properties": Section(),
    ]

    private static let target = Part { (reader, buffer) throws(CodecError) in
        let value = try Target(from: &reader, in: buffer)
        return (value, { value.encode(to: &$0) })
    }
    private static let state = Part { (reader, buffer) throws(CodecError) in
        let value = try DeliveryState(from: &reader, in: buffer)
        return (value, { value.encode(to: &$0) })
    }
    private static let request = Part { (reader, buffer) throws(CodecError) in
        let value = try TransactionRequest(from: &reader, in: buffer)
        return (value, { value.encode(to: &$0) })
    }

    /// Frame bodies.
    private struct Frame: CompositeCode {
        func roundTrip(_ bytes: ByteBuffer) throws(CodecError) -> (fields: [(name: String, value: AMQPValue?)], encoded: ByteBuffer) {
            let (performative, length) = try Performative.decode(bytes)
            guard length == bytes.readableBytes else { throw CodecError(.trailingBytes, at: length) }
            var encoded = ByteBuffer()
            performative.encode(into: &encoded)
            return (OurCode.fields(of: performative), encoded)
        }
    }

    private struct SASLFrame: CompositeCode {
        func roundTrip(_ bytes: ByteBuffer) throws(CodecError) -> (fields: [(name: String, value: AMQPValue?)], encoded: ByteBuffer) {
            let performative = try SASLPerformative.decode(bytes)
            var encoded = ByteBuffer()
            performative.encode(into: &encoded)
            return (OurCode.fields(of: performative), encoded)
        }
    }

    /// What stands inside frame bodies.
    private struct Part: CompositeCode {
        typealias Decoded = (value: any Sendable, encode: (inout SpanWriter) -> Void)
        let decode: @Sendable (inout WireReader, ByteBuffer) throws(CodecError) -> Decoded

        init(_ decode: @escaping @Sendable (inout WireReader, ByteBuffer) throws(CodecError) -> Decoded) { self.decode = decode }

        func roundTrip(_ bytes: ByteBuffer) throws(CodecError) -> (fields: [(name: String, value: AMQPValue?)], encoded: ByteBuffer) {
            var reader = WireReader(bytes.readableBytesSpan)
            let (value, encode) = try decode(&reader, bytes)
            guard reader.remaining == 0 else { throw CodecError(.trailingBytes, at: reader.offset) }
            var encoded = ByteBuffer()
            encoded.writeAMQP { encode(&$0) }
            return (OurCode.fields(of: value), encoded)
        }
    }

    /// Sections of a message.
    private struct Section: CompositeCode {
        func roundTrip(_ bytes: ByteBuffer) throws(CodecError) -> (fields: [(name: String, value: AMQPValue?)], encoded: ByteBuffer) {
            let message = try Message(bytes)
            let content = try MessageContent(message)
            let section: any Sendable = message.has(.header) ? content.header : content.properties
            return (OurCode.fields(of: section), content.encoded)
        }
    }

    /// The fields of a decoded composite, in the order our type declares them. Enums and optionals stand for what they hold.
    private static func fields(of subject: Any) -> [(name: String, value: AMQPValue?)] {
        let mirror = Mirror(reflecting: subject)
        if mirror.displayStyle == .struct { return mirror.children.map { ($0.label ?? "", value($0.value)) } }
        guard let only = mirror.children.first else { return [] }
        // A case with one unnamed value is a wrapper; else its labels name the fields.
        if let label = only.label, mirror.displayStyle == .enum, !label.hasPrefix(".") {
            let payload = Mirror(reflecting: only.value)
            if payload.displayStyle == .tuple { return payload.children.map { ($0.label ?? "", value($0.value)) } }
            if payload.displayStyle == .struct, !(only.value is ByteBuffer), !(only.value is AMQPError) { return fields(of: only.value) }
            if label == "rejected" { return [("error", value(only.value))] }
        }
        return fields(of: only.value)
    }

    /// A field's value as an AMQP value; nil when only its encoding can be compared.
    private static func value(_ subject: Any) -> AMQPValue? {
        switch subject {
        case let value as AMQPValue: value
        case let value as Bool: .boolean(value)
        case let value as UInt8: .ubyte(value)
        case let value as UInt16: .ushort(value)
        case let value as UInt32: .uint(value)
        case let value as UInt64: .ulong(value)
        case let value as Int64: .timestamp(value)
        case let value as String: .string(value)
        case let value as Symbol: .symbol(value)
        case let value as ByteBuffer: .binary(value)
        case let value as [Symbol]: .array(.symbols(value))
        case let value as AMQPMap: .map(value)
        case let value as Role: .boolean(value == .receiver)
        default: nil
        }
    }
}
