internal import AMQP
public import ServiceBus

/// Messages that are printed together.
public struct MessagePage: OutputPage {
    /// The messages.
    public let messages: [PeekedMessage]
    /// Whether their bodies were not asked for.
    public let isHeadersOnly: Bool

    /// Wraps messages.
    public init(_ messages: [PeekedMessage], isHeadersOnly: Bool = false) {
        self.messages = messages
        self.isHeadersOnly = isHeadersOnly
    }

    /// Whether there is none.
    public var isEmpty: Bool { messages.isEmpty }

    /// One for each message.
    public var records: [MessageRecord] { messages.map { MessageRecord($0, isHeadersOnly: isHeadersOnly) } }

    /// Writes each message as one object.
    public func write(to list: inout JSONList) {
        messages.forEachBorrowed { message in
            list.element { MessageRecord.write(message.element, isHeadersOnly: isHeadersOnly, to: &$0) }
        }
    }
}
