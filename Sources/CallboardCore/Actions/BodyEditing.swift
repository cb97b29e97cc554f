public import ServiceBus

/// Editing the body of a message that is to be sent again: only where what is edited can be decoded and encoded again exactly.
public enum BodyEditing {
    /// The body as text to be edited.
    ///
    /// Bytes that are valid UTF-8, and values that are text, are edited as they are. Whatever is packed, encrypted, typed or in another
    /// encoding is not: what comes back would not be what went in where nothing was changed.
    /// - Throws: ``OperatorError`` with ``OperatorError/Code/refused`` that says why it cannot be edited.
    public static func text(of message: PeekedMessage) throws(OperatorError) -> String {
        guard message.redaction == nil else {
            throw refused(message, "something of it is masked, and would be lost", "Use a context without masking.")
        }
        let body = message.body
        switch body.kind {
        case .none: throw refused(message, "it has none", "Send a message of your own instead.")
        case .sequence: throw refused(message, "it is a sequence of typed values", "Send it again as it is.")
        case .value:
            guard let content = body.content, content.typeName == "string", case .text(let text) = content.content else {
                throw refused(message, "it is a typed value", "Send it again as it is.")
            }
            return text
        case .data:
            guard let text = String(validating: body.bytes, as: UTF8.self), !text.unicodeScalars.contains(where: { $0.value == 0 }) else {
                throw refused(message, "it is not text in UTF-8: packed, binary or in another encoding", "Send it again as it is.")
            }
            return text
        }
    }

    /// The body made of an edited text, of the kind that the message has.
    /// - Throws: ``OperatorError`` of kind usage when the message's body was JSON, or says that it is, and the text is none.
    public static func body(_ text: String, like message: PeekedMessage) throws(OperatorError) -> OutgoingMessage.Body {
        let bytes = Array(text.utf8)
        if isJSON(message.body.bytes) || message.contentType?.lowercased().contains("json") == true {
            do throws(PositionedJSON.SyntaxError) { _ = try PositionedJSON(parsing: bytes) } catch {
                throw OperatorError(
                    .usage, "The edited body of #\(message.sequenceNumber) is not JSON any more: line \(error.line): \(error.message).",
                    hint: "Edit it again.")
            }
        }
        if message.body.kind == .value { return .value(PropertyValue(typeName: "string", content: .text(text))) }
        return .data(bytes)
    }

    private static func isJSON(_ bytes: [UInt8]) -> Bool {
        let first = bytes.first { $0 != 0x20 && $0 != 0x0a && $0 != 0x0d && $0 != 0x09 }
        guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { return false }
        return (try? PositionedJSON(parsing: bytes)) != nil
    }

    private static func refused(_ message: PeekedMessage, _ why: String, _ hint: String) -> OperatorError {
        OperatorError(.refused, "The body of #\(message.sequenceNumber) cannot be edited: \(why).", hint: hint)
    }
}
