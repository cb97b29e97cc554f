internal import AMQP
internal import NIOCore

/// Reads the answer to `com.microsoft:peek-message`: a map whose `messages` are a list of maps that hold a `message` each.
enum PeekPage {
    /// The messages of an answer: slices of it, their sections not decoded yet.
    static func messages(of answer: Message, entity: EntityPath) throws(ServiceBusError) -> [PeekedMessage] {
        let body: EncodedValue?
        do throws(CodecError) { body = try answer.readBody() } catch { throw malformed("\(error)", entity) }
        guard answer.bodyKind == .value, var fields = body?.map, find("messages", in: &fields), var entries = fields.value.list else {
            throw malformed("the answer has no list of messages", entity)
        }
        var messages: [PeekedMessage] = []
        // A page is as long as was asked for; what a list says of itself is not worth more memory than that.
        messages.reserveCapacity(min(entries.remainingElements, 1000))
        while entries.next() {
            guard var entry = entries.value.map, find("message", in: &entry), let bytes = entry.value.binary(in: answer.buffer) else {
                throw malformed("an entry holds no message", entity)
            }
            let message: Message
            do throws(CodecError) { message = try Message(bytes) } catch { throw malformed("\(error)", entity) }
            guard let number = PeekedMessage.sequenceNumber(of: message) else {
                throw malformed("a message has no sequence number", entity)
            }
            messages.append(PeekedMessage(message, number: number))
        }
        return messages
    }

    /// Moves to the pair with this key; false when there is none.
    private static func find(_ key: StaticString, in pairs: inout MapReader) -> Bool {
        while pairs.next() {
            if pairs.key == key { return true }
        }
        return false
    }

    private static func malformed(_ reason: String, _ entity: EntityPath) -> ServiceBusError {
        ServiceBusError(.protocolMismatch, "The service's answer to a peek cannot be read: \(reason).", entity: entity)
    }
}
