/// How many messages of each kind an entity holds (`countDetails`).
public struct CountDetails: Hashable, Sendable, Decodable {
    /// Messages that receivers get.
    public let active: Int64
    /// Dead letters.
    public let deadLetter: Int64
    /// Messages whose time has not come.
    public let scheduled: Int64
    /// Messages that are to be forwarded.
    public let transfer: Int64
    /// Messages that could not be forwarded.
    public let transferDeadLetter: Int64

    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        active = try fields.required("activeMessageCount")
        deadLetter = try fields.required("deadLetterMessageCount")
        scheduled = try fields.required("scheduledMessageCount")
        transfer = try fields.required("transferMessageCount")
        transferDeadLetter = try fields.required("transferDeadLetterMessageCount")
    }
}

/// Which operations an entity takes.
public struct EntityResourceStatus: ServiceWord {
    /// As the service wrote it.
    public let rawValue: String
    /// A word as the service wrote it.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// All of them.
    public static let active = EntityResourceStatus(rawValue: "Active")
    /// None.
    public static let disabled = EntityResourceStatus(rawValue: "Disabled")
    /// It takes no messages.
    public static let sendDisabled = EntityResourceStatus(rawValue: "SendDisabled")
    /// It gives none.
    public static let receiveDisabled = EntityResourceStatus(rawValue: "ReceiveDisabled")
    /// The words that have names.
    public static let known: [EntityResourceStatus] = [active, disabled, sendDisabled, receiveDisabled]
}
