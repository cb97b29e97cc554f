/// Something in a catalogue that was not used as it stands, or not at all. It never stops the rest.
public struct LoadProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// How bad it is.
    public enum Severity: Hashable, Sendable, Comparable {
        /// Worth knowing: a remote location that was not followed.
        case note
        /// The entity is in use, part of it is not.
        case warning
        /// A file or an entity is missing because of it.
        case error
    }

    /// How bad it is.
    public var severity: Severity
    /// The file.
    public var file: String
    /// The line, counted from 1; nil when the whole file is meant.
    public var line: Int?
    /// What is wrong. May quote the file; sanitise before showing.
    public var message: String

    /// Creates a problem.
    public init(_ severity: Severity, file: String, line: Int? = nil, message: String) {
        self.severity = severity
        self.file = file
        self.line = line
        self.message = message
    }

    /// `file:line: message`, as compilers write it.
    public var description: String { line.map { "\(file):\($0): \(message)" } ?? "\(file): \(message)" }
}
