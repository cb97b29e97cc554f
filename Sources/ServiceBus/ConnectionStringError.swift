/// Why a text is not a connection string. Names keys, never values.
public struct ConnectionStringError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of mistake.
    public enum Code: Hashable, Sendable {
        /// There is nothing.
        case empty
        /// A part is not `Key=Value`.
        case malformed
        /// A key that is needed is not there, or has no value.
        case missingKey
        /// A key is there twice.
        case duplicateKey
        /// A key's value cannot be used.
        case invalidValue
        /// Two keys contradict each other.
        case conflict
    }

    /// The kind of mistake.
    public let code: Code
    /// The key it is about, if it is about one.
    public let key: String?
    /// What is wrong.
    public let problem: String
    /// The way out.
    public let remedy: String

    init(_ code: Code, key: String? = nil, problem: String, remedy: String) {
        self.code = code
        self.key = key
        self.problem = problem
        self.remedy = remedy
    }

    /// Problem and remedy.
    public var description: String { "\(problem) \(remedy)" }
}
