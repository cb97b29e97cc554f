import AMQP
import NIOCore

/// Message `n` of an exchange: see exchange.py.
enum ExchangeMessage {
    /// What is sent.
    static func content(_ number: Int) -> MessageContent {
        let size = number % 1000 == 0 ? 100_000 : 100
        var content = MessageContent(body: .data([ByteBuffer(repeating: UInt8(truncatingIfNeeded: number), count: size)]))
        content.header = Header(durable: true)
        var properties = Properties()
        properties.messageID = .string("exchange-\(number)")
        properties.contentType = "application/octet-stream"
        content.properties = properties
        content.applicationProperties = ["number": .long(Int64(number))]
        return content
    }

    /// What is printed of a received one: its id and the size of its body, or that it is not what was sent.
    static func line(_ payload: ByteBuffer) -> String {
        guard let message = try? Message(payload) else { return "? not a message" }
        let id = message.properties?.messageID?.text ?? "?"
        guard let number = message.applicationProperties?["number"]?.integer, case .data(let sections) = message.body else {
            return "\(id) damaged"
        }
        let bytes = sections.reduce(into: [UInt8]()) { $0 += $1.readableBytesView }
        let isWhole = bytes.allSatisfy { $0 == UInt8(truncatingIfNeeded: number) }
        return isWhole ? "\(id) \(bytes.count)" : "\(id) damaged"
    }
}
