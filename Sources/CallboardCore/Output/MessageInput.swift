#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif
public import ServiceBus

/// Reads messages to be sent from JSON lines, in the form in which `peek` prints them. What only the service sets is passed over.
public enum MessageInput {
    /// The messages of a file with one JSON object a line; empty lines are passed over.
    /// - Parameter file: its name, for errors.
    /// - Throws: ``OperatorError`` of kind usage that names file and line.
    public static func lines(_ bytes: [UInt8], file: String) throws(OperatorError) -> [OutgoingMessage] {
        try numbered(bytes, file: file).messages
    }

    /// The same, and the line that each message stands on, counted from 1.
    /// - Throws: ``OperatorError`` of kind usage that names file and line.
    public static func numbered(_ bytes: [UInt8], file: String) throws(OperatorError) -> (messages: [OutgoingMessage], lines: [Int]) {
        var drafts: [OutgoingMessage] = []
        var lines: [Int] = []
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard line.contains(where: { $0 != 0x20 && $0 != 0x0d && $0 != 0x09 }) else { continue }
            do {
                drafts.append(try JSONDecoder().decode(Line.self, from: Data(line)).draft())
                lines.append(index + 1)
            } catch let fault as TypedJSON.Fault {
                throw OperatorError(.usage, "\(file):\(index + 1): \(fault.text).", hint: "Compare with what 'peek --output jsonl' prints.")
            } catch {
                throw OperatorError(
                    .usage, "\(file):\(index + 1): \(words(error)).",
                    hint: "Each line must be one JSON object, as 'peek --output jsonl' prints.")
            }
        }
        return (drafts, lines)
    }

    private static func words(_ error: any Error) -> String {
        switch error {
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.keyNotFound(_, let context):
            "'\(context.codingPath.map(\.stringValue).joined(separator: "."))': \(context.debugDescription)"
        case DecodingError.dataCorrupted(let context): "not JSON: \(context.debugDescription)"
        default: "cannot be read"
        }
    }

    private typealias Fault = TypedJSON.Fault

    private struct Line: Decodable {
        struct Body: Decodable {
            var kind: String?
            var encoding: String?
            var text: String?
            var value: JSONContent?
            var type: String?
            var amqp: String?
            var withheld: String?

            /// The value of a body that is one.
            func typed() throws -> PropertyValue {
                // A null is told by its type: to a decoder it is no value.
                guard let content = value?.content ?? (type == "null" ? .null : nil) else { return try typedText() }
                // What is said without a type is what JSON takes it for.
                guard let type else {
                    guard amqp == nil else { throw Fault(text: "'body.type' is missing") }
                    return PropertyValue(typeName: "", content: content).asReceived
                }
                let typed = try TypedJSON.value("body", type: type, content, amqp: amqp).asReceived
                // It is printed twice, and who changes one of them wants that to be sent.
                guard text == nil || text == MessageRecord.text(of: typed).text else {
                    throw Fault(text: "'body.text' and 'body.value' say different things: change both, or leave 'text' out")
                }
                return typed
            }

            private func typedText() throws -> PropertyValue {
                let type = type ?? (encoding == "base64" ? "binary" : "string")
                guard type == "string" || type == "binary" else {
                    throw Fault(text: "'body.value' is missing: only text can be without it")
                }
                return try TypedJSON.value("body", type: type, .text(text ?? ""), amqp: nil)
            }
        }
        struct Value: Decodable {
            var type: String
            var value: JSONContent
            var amqp: String?
        }

        var messageId, correlationId, sessionId, partitionKey, subject, to, replyTo, replyToSessionId: String?
        var contentType, contentEncoding, scheduledEnqueueTime: String?
        var timeToLiveMilliseconds: JSONContent?
        var maskedFields: Int?
        var applicationProperties: [String: Value]?
        var body: Body?

        func draft() throws -> OutgoingMessage {
            // What was masked is not here to be sent: a copy with the placeholders in it would pass for the message.
            guard maskedFields == nil, body?.withheld == nil else { throw Fault(text: "this message was masked when it was printed") }
            var draft = OutgoingMessage(body: try content())
            draft.messageID = messageId
            draft.correlationID = correlationId
            draft.sessionID = sessionId
            draft.partitionKey = partitionKey
            draft.subject = subject
            draft.to = to
            draft.replyTo = replyTo
            draft.replyToSessionID = replyToSessionId
            draft.contentType = contentType
            draft.contentEncoding = contentEncoding
            if let timeToLiveMilliseconds {
                // Less is over before anybody sees the message, and the largest number of a header stands for ever.
                guard case .integer(let milliseconds) = timeToLiveMilliseconds.content, (1..<Int64(UInt32.max)).contains(milliseconds)
                else {
                    throw Fault(text: "'timeToLiveMilliseconds' must be a whole number from 1 to \(UInt32.max - 1), which is 49 days")
                }
                draft.timeToLive = .milliseconds(milliseconds)
            }
            if let scheduledEnqueueTime {
                guard let time = Timestamp(rfc3339: scheduledEnqueueTime) else {
                    throw Fault(text: "'scheduledEnqueueTime' is not an RFC 3339 time")
                }
                draft.scheduledEnqueueTime = time
            }
            // The order of JSON's keys means nothing; sorted, the same line always sends the same bytes.
            draft.applicationProperties = try (applicationProperties ?? [:]).sorted { $0.key < $1.key }.map { name, value in
                OutgoingMessage.Property(
                    name: name,
                    value: try TypedJSON.value("applicationProperties.\(name)", type: value.type, value.value.content, amqp: value.amqp))
            }
            return draft
        }

        private func content() throws -> OutgoingMessage.Body {
            guard let body else { return .data([]) }
            switch body.kind ?? "data" {
            case "data":
                guard body.encoding == "base64" else { return .data(Array((body.text ?? "").utf8)) }
                guard let bytes = Data(base64Encoded: body.text ?? "") else { throw Fault(text: "'body.text' is not base64") }
                return .data([UInt8](bytes))
            case "value":
                return .value(try body.typed())
            case let kind: throw Fault(text: "a body of kind '\(kind)' cannot be sent from JSON")
            }
        }
    }
}
