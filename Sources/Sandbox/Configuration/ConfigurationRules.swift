/// What a configuration file may ask for. Times are in milliseconds.
public struct ConfigurationRules: Sendable, Hashable {
    /// How many queues and topics together.
    public var maximumEntities: Int
    /// How many subscriptions a topic may have.
    public var maximumSubscriptions: Int
    /// How many rules a subscription may have.
    public var maximumRules: Int
    /// What MaxDeliveryCount may be.
    public var maxDeliveryCount: ClosedRange<Int>
    /// What LockDuration may be.
    public var lockDuration: ClosedRange<Int64>
    /// What DefaultMessageTimeToLive may be.
    public var timeToLive: ClosedRange<Int64>
    /// Whether DefaultMessageTimeToLive may be unlimited.
    public var allowsUnlimitedTimeToLive: Bool
    /// What DuplicateDetectionHistoryTimeWindow may be.
    public var duplicateDetectionWindow: ClosedRange<Int64>

    /// What the real service allows, and shorter times for tests: the default.
    public static let service = ConfigurationRules(
        maximumEntities: 10_000, maximumSubscriptions: 2000, maximumRules: 2000, maxDeliveryCount: 1...2000,
        lockDuration: 1000...300_000, timeToLive: 1000...Int64.max, allowsUnlimitedTimeToLive: true,
        duplicateDetectionWindow: 1000...604_800_000)

    /// What Microsoft's emulator allows (its published schema).
    public static let emulator = ConfigurationRules(
        maximumEntities: 50, maximumSubscriptions: 50, maximumRules: 1000, maxDeliveryCount: 1...10,
        lockDuration: 5000...300_000, timeToLive: 300_000...3_600_000, allowsUnlimitedTimeToLive: false,
        duplicateDetectionWindow: 5000...300_000)
}
