internal import NIOCore

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// Reads JSON that a service or a program answered with. What it says is data: nothing of it gets into an error.
enum JSONBody {
    /// The most bytes that are looked at; no answer to a token request comes near.
    static let limit = 512 * 1024

    /// The value, or nil when it is something else, or too large.
    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: some Collection<UInt8>) -> Value? {
        guard bytes.count <= self.limit else { return nil }
        return try? JSONDecoder().decode(type, from: Data(bytes))
    }

    static func decode<Value: Decodable>(_ type: Value.Type, from buffer: ByteBuffer) -> Value? {
        self.decode(type, from: buffer.readableBytesView)
    }

    /// The JSON text of a value, its members in order so that the same value has the same text.
    static func encode(_ value: some Encodable) -> [UInt8]? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(value)).map(Array.init)
    }
}
