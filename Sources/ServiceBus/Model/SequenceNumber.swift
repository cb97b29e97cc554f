/// The number Service Bus gives a message; unique in its entity. On partitioned entities the top 16 bits name the partition.
public struct SequenceNumber: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The 64-bit number.
    public var rawValue: Int64
    /// Wraps a number.
    public init(_ rawValue: Int64) { self.rawValue = rawValue }
    /// The number after this one; nil after the last.
    public var next: SequenceNumber? {
        let (value, overflow) = rawValue.addingReportingOverflow(1)
        return overflow ? nil : SequenceNumber(value)
    }
    /// Orders by number.
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    /// The decimal form.
    public var description: String { String(rawValue) }
}
