/// How a command prints what it found.
public enum OutputFormat: String, Hashable, Sendable, CaseIterable {
    /// Aligned columns for people.
    case table
    /// One JSON array.
    case json
    /// One JSON object a line.
    case jsonl
}

/// A column of a table.
public struct OutputColumn: Hashable, Sendable {
    /// Its heading.
    public var title: String
    /// Whether its texts stand at its right edge, as numbers do.
    public var isNumeric: Bool

    /// Creates a column.
    public init(_ title: String, isNumeric: Bool = false) {
        self.title = title
        self.isNumeric = isNumeric
    }
}

/// Something a command lists.
public protocol OutputRecord: Sendable {
    /// The columns of its table.
    static var columns: [OutputColumn] { get }
    /// Writes its cells, one a column.
    func write(to row: inout TableRow)
    /// Writes it as one JSON object.
    func write(to json: inout JSONWriter)
}
