/// What a ``MessageBrowser`` looks at.
public struct BrowseOptions: Hashable, Sendable {
    /// Where a scan ends.
    public enum End: Hashable, Sendable {
        /// Where there are no more messages. While more arrive than are read, that is never.
        case whenNoMoreCome
        /// After this number.
        case at(SequenceNumber)
        /// After the highest number there is when the scan begins; on a partitioned entity, the highest of each partition.
        case atNewestNow
        /// After the last of these ranges; numbers outside of them are passed over. For messages that were seen before, and to go on with a
        /// scan that had an end.
        case within([ClosedRange<SequenceNumber>])
    }

    /// The lowest number wanted.
    public var from: SequenceNumber
    /// Where to end.
    public var end: End
    /// Leave the bodies out: many times faster.
    public var headersOnly: Bool
    /// Only messages of this session; nil for all.
    public var sessionID: String?
    /// Only messages in this state; nil for all. The service has no such filter: all are read, and others dropped.
    public var state: MessageState?

    /// Creates options.
    public init(
        from: SequenceNumber = SequenceNumber(0), end: End = .whenNoMoreCome, headersOnly: Bool = false, sessionID: String? = nil,
        state: MessageState? = nil
    ) {
        self.from = from
        self.end = end
        self.headersOnly = headersOnly
        self.sessionID = sessionID
        self.state = state
    }
}
