internal import CallboardCore
internal import FuzzSupport

/// A Protobuf descriptor set, and behind the length that the first two bytes give, a message of it: read or refused, never a trap.
func fuzzSchema(_ input: [UInt8]) {
    guard input.count > 2 else { return }
    let length = min(Int(input[0]) << 8 | Int(input[1]), input.count - 2)
    let set = Array(input[2..<2 + length])
    guard let schema = try? ProtobufSchema(descriptorSet: set) else { return }
    hold(!schema.messageNames.isEmpty, "a descriptor set without messages was accepted")
    let decoder = BodyDecoder(schema: schema)
    let bytes = Array(input[(2 + length)...])
    for name in schema.messageNames.prefix(4) + ["none"] {
        let body = decoder.decode(bytes, .init(contentType: "application/x-protobuf; messageType=\(name)"))
        hold(body.bytes == bytes, "the bytes changed")
        if let tree = body.tree { _ = BodyLayout(tree).lines.count }
    }
}
