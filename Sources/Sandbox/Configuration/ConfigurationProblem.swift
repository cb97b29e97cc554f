/// One thing that is wrong in a configuration file, and where.
public struct ConfigurationProblem: Sendable, Hashable, CustomStringConvertible {
    /// The line, from 1.
    public let line: Int
    /// The place in the document: `$.UserConfig.Namespaces[0].Queues[1].Properties.LockDuration`.
    public let path: String
    /// What is wrong, and what would be right.
    public let message: String

    /// `line 12: $.UserConfig.Namespaces[0].Name: …`
    public var description: String { "line \(line): \(path): \(message)" }
}

/// A configuration file that cannot be used, with everything that is wrong in it.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file, as it was named.
    public let file: String
    /// In the order of the file; never empty.
    public let problems: [ConfigurationProblem]

    /// One line a problem, each beginning with the file's name.
    public var description: String { problems.map { "\(file): \($0)" }.joined(separator: "\n") }
}
