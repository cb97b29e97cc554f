internal import AMQP
internal import NIOCore

/// Reads the answer to `com.microsoft:peek-message`.
enum PeekPage {
    /// The messages of an answer: slices of it, their sections not decoded yet.
    static func messages(of answer: Message, entity: EntityPath) throws(ServiceBusError) -> [PeekedMessage] {
        guard case .value(.map(let body)) = answer.body, let entries = body["messages"]?.elements else {
            throw malformed("the answer has no list of messages", entity)
        }
        var messages: [PeekedMessage] = []
        messages.reserveCapacity(entries.count)
        for entry in entries {
            guard case .binary(let bytes)? = entry.mapValue?["message"] else { throw malformed("an entry holds no message", entity) }
            let message: Message
            do throws(CodecError) { message = try Message(bytes) } catch { throw malformed("\(error)", entity) }
            guard let peeked = PeekedMessage(message) else { throw malformed("a message has no sequence number", entity) }
            messages.append(peeked)
        }
        return messages
    }

    private static func malformed(_ reason: String, _ entity: EntityPath) -> ServiceBusError {
        ServiceBusError(.protocolMismatch, "The service's answer to a peek cannot be read: \(reason).", entity: entity)
    }
}
