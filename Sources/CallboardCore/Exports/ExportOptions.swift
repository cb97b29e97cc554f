public import ServiceBus

/// Which messages of an entity are exported, and how.
public struct ExportOptions: Sendable {
    /// Messages by their numbers.
    public enum Selection: Hashable, Sendable {
        /// All that there are when the export begins.
        case all
        /// Those in these ranges.
        case within([ClosedRange<SequenceNumber>])
        /// Exactly these. Those that are gone are missing in the export; its ``ExportSummary/count`` tells.
        case numbers(SequenceNumberSet)
    }

    /// Messages by their numbers.
    public var selection: Selection
    /// Only messages for which it is true.
    public var condition: SQLFilter?
    /// Only messages of this session.
    public var sessionID: String?
    /// Whether a file of that name is replaced.
    public var isOverwriting: Bool
    /// What for; stands in the header.
    public var reason: ExportReason
    /// The job it belongs to; stands in the header.
    public var jobID: String?

    /// Creates options; by default all messages, and no file replaced.
    public init(
        selection: Selection = .all, condition: SQLFilter? = nil, sessionID: String? = nil, isOverwriting: Bool = false,
        reason: ExportReason = .export, jobID: String? = nil
    ) {
        self.selection = selection
        self.condition = condition
        self.sessionID = sessionID
        self.isOverwriting = isOverwriting
        self.reason = reason
        self.jobID = jobID
    }
}

/// How far an export is.
public struct ExportProgress: Hashable, Sendable {
    /// The messages written so far.
    public var count: Int
    /// The bytes written so far.
    public var bytes: Int64
}
