import Testing

@testable import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Each in a process of its own, which dies with the screen up. The action that was there before ours (here: a check that ends the process
/// with a status of its own) must still be called, and must find the terminal as it was.
@Suite("A process that dies")
struct CrashTests {
    @Test("gives the terminal back when Swift traps") func trap() async {
        await #expect(processExitsWith: .exitCode(Witness.success)) {
            try Witness.prepare(SIGILL, SIGTRAP)
            // The argument count is not known when this is compiled.
            let number = Int.max + Int(CommandLine.argc)
            Issue.record("\(number)")
        }
    }

    @Test("gives the terminal back on abort") func abortion() async {
        await #expect(processExitsWith: .exitCode(Witness.success)) {
            try Witness.prepare(SIGABRT)
            abort()
        }
    }

    @Test("gives the terminal back on a bad address") func badAddress() async {
        await #expect(processExitsWith: .exitCode(Witness.success)) {
            try Witness.prepare(SIGSEGV)
            UnsafeMutablePointer<Int>(bitPattern: 64)?.pointee = 1
        }
    }

    @Test("gives the terminal back when somebody sends the signal of a crash") func sentSignal() async {
        await #expect(processExitsWith: .exitCode(Witness.success)) {
            try Witness.prepare(SIGBUS)
            kill(getpid(), SIGBUS)
            while true { pause() }
        }
    }

    @Test("gives the terminal back when somebody calls exit") func exitCall() async {
        await #expect(processExitsWith: .exitCode(Witness.success)) {
            // Handlers of exit run in the opposite order: this one after the screen's.
            atexit { _exit(Witness.terminalIsBack ? Witness.success : Witness.failure) }
            try Witness.prepare()
            exit(0)
        }
    }
}

/// What the dying process knows of its terminal.
private enum Witness {
    static let success: Int32 = 42
    static let failure: Int32 = 43

    nonisolated(unsafe) private static var terminal: PseudoTerminal?
    nonisolated(unsafe) private static var screen: TerminalScreen?
    nonisolated(unsafe) private static var modes: [UInt32] = []

    /// Takes a terminal, after it has set the action for the signals to the check.
    static func prepare(_ signals: Int32...) throws {
        for number in signals {
            signal(number) { _ in _exit(Witness.terminalIsBack ? Witness.success : Witness.failure) }
        }
        let terminal = try #require(PseudoTerminal(rows: 24, columns: 80))
        modes = terminal.modes
        var options = TerminalOptions()
        options.capturesDiagnostics = false
        let screen = try TerminalScreen.open(options, term: "xterm-256color", input: terminal.slave, output: terminal.slave)
        screen.present(Surface(rows: 24, columns: 80))
        try #require(terminal.modes != modes)
        (Witness.terminal, Witness.screen) = (terminal, screen)
    }

    /// Whether the terminal has its modes, its main screen and its cursor again.
    static var terminalIsBack: Bool {
        guard let terminal, terminal.modes == modes else { return false }
        _ = write(terminal.slave, "\u{07}", 1)
        let bytes = String(decoding: terminal.output(upTo: 0x07), as: UTF8.self)
        return ["\u{1B}[?1049l", "\u{1B}[?25h", "\u{1B}[?2004l"].allSatisfy(bytes.contains)
    }
}
