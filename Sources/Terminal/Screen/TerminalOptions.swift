/// How to open a ``TerminalScreen``.
public struct TerminalOptions: Sendable {
    /// Which colours to use.
    public enum Colors: Hashable, Sendable {
        /// What terminfo says; none if `NO_COLOR` is set and not empty.
        case automatic
        /// None: `--color=never`.
        case never
        /// At most this many, whatever `NO_COLOR` says.
        case atMost(ColorDepth)
    }

    /// Which colours to use.
    public var colors = Colors.automatic
    /// Whether the mouse is ours from the start; while it is, the terminal's own selection needs shift.
    public var isMouseEnabled = false
    /// Whether to be told about the focus.
    public var reportsFocus = true
    /// Whether to catch what is written to standard output and standard error while the screen is up.
    public var capturesDiagnostics = true
    /// How long an escape byte may wait for the rest of a key.
    public var escapeDelay = Duration.milliseconds(25)

    /// The usual way.
    public init() {}
}

/// What woke ``TerminalScreen/poll(wake:timeout:)``.
public struct Readiness: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt8

    /// Makes a set from its bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// ``TerminalScreen/readEvents()`` has something. It must be called, or the next poll returns at once.
    public static let events = Readiness(rawValue: 1)
    /// The descriptor that was given is readable; draining it is its owner's business.
    public static let wake = Readiness(rawValue: 2)
    /// ``TerminalScreen/takeDiagnostics()`` has new lines.
    public static let diagnostics = Readiness(rawValue: 4)
}

/// How a program ended that was run on the terminal.
public enum ProgramExit: Hashable, Sendable {
    /// It returned this status.
    case status(Int32)
    /// It was ended by this signal.
    case signal(Int32)
}
