/// Records that are printed together, in order.
public protocol OutputPage<Record>: Sendable {
    /// What it is made of.
    associatedtype Record: OutputRecord
    /// Whether there is none.
    var isEmpty: Bool { get }
    /// Them, for a table.
    var records: [Record] { get }
    /// Writes each as one element.
    func write(to list: inout JSONList)
}

extension Array: OutputPage where Element: OutputRecord {
    /// Itself.
    public var records: [Element] { self }

    /// Writes each as one element.
    public func write(to list: inout JSONList) {
        for record in self { list.element { record.write(to: &$0) } }
    }
}
