package import Identity
package import NIOCore

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// Reads and writes the JSON of Azure's services.
package enum AzureJSON {
    /// Why an answer could not be read, or a request not be written: where, and what is wrong there.
    package struct Fault: Error, Hashable, Sendable {
        /// Such as `value[3].properties.principalId is missing`.
        package let message: String

        package init(message: String) { self.message = message }
    }

    /// Reads a value.
    package static func decode<Value: Decodable>(_ type: Value.Type, from buffer: ByteBuffer) throws(Fault) -> Value {
        try decode(type, from: buffer, sharing: nil)
    }

    /// Reads a value.
    /// - Parameter texts: ids and names in it are taken from there where they came before.
    static func decode<Value: Decodable>(_ type: Value.Type, from buffer: ByteBuffer, sharing texts: SharedTexts?) throws(Fault) -> Value {
        let decoder = JSONDecoder()
        if let key = CodingUserInfoKey.sharedTexts { decoder.userInfo[key] = texts }
        do {
            return try decoder.decode(type, from: Data(buffer.readableBytesView))
        } catch let error as DecodingError {
            throw Fault(message: explanation(of: error))
        } catch {
            throw Fault(message: "it is not JSON")
        }
    }

    /// Writes a value, members in the order of their names.
    /// - Throws: ``Fault`` for a number that is none, which JSON has no words for.
    package static func encode(_ value: JSONValue) throws(Fault) -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do { return ByteBuffer(bytes: try encoder.encode(value)) } catch {
            throw Fault(message: "a number in it is none")
        }
    }

    private static func explanation(of error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context): "\(path(context.codingPath + [key])) is missing"
        case .valueNotFound(_, let context): "\(path(context.codingPath)) is null"
        case .typeMismatch(_, let context): "\(path(context.codingPath)) has an unexpected type"
        case .dataCorrupted(let context):
            context.codingPath.isEmpty
                ? "it is not JSON" : "\(path(context.codingPath)) is not what it should be: \(context.debugDescription)"
        @unknown default: "it has an unexpected form"
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        var text = ""
        for key in keys {
            if let index = key.intValue { text += "[\(index)]" } else { text += (text.isEmpty ? "" : ".") + key.stringValue }
        }
        return text
    }
}
