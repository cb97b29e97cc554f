/// Why the terminal cannot be used, in words for the person in front of it.
public struct TerminalError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Kinds of failure; more may come.
    public struct Code: Hashable, Sendable {
        private enum Kind { case notATerminal, tooSimple, noDatabase, cannotOpen, alreadyOpen, cannotRun }
        private let kind: Kind

        private init(_ kind: Kind) { self.kind = kind }

        /// Neither standard input nor `/dev/tty` is a terminal, or standard output is not one.
        public static let notATerminal = Code(.notATerminal)
        /// The terminal cannot place its cursor (`TERM=dumb`), or `TERM` is not set.
        public static let tooSimple = Code(.tooSimple)
        /// No terminfo database was found.
        public static let noDatabase = Code(.noDatabase)
        /// ncurses could not take the terminal.
        public static let cannotOpen = Code(.cannotOpen)
        /// There is a screen already; there can be only one.
        public static let alreadyOpen = Code(.alreadyOpen)
        /// A program could not be started.
        public static let cannotRun = Code(.cannotRun)
    }

    /// What kind of failure it is.
    public let code: Code
    /// What failed.
    public let message: String
    /// What to try.
    public let hint: String

    init(_ code: Code, _ message: String, hint: String) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// Message and hint.
    public var description: String { hint.isEmpty ? message : "\(message) (\(hint))" }
}
