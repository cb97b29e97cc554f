import CNcurses

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension TerminalScreen {
    /// Where keys come from: standard input, or the controlling terminal if standard input is a pipe.
    ///
    /// - Returns: the descriptor, and whether the caller has to close it.
    static func inputDescriptor() throws(TerminalError) -> (descriptor: Int32, isOwned: Bool) {
        guard isatty(STDOUT_FILENO) != 0 else {
            throw TerminalError(
                .notATerminal, "standard output is not a terminal", hint: "use a command that prints, or start this in a terminal")
        }
        if isatty(STDIN_FILENO) != 0 { return (STDIN_FILENO, false) }
        let descriptor = Glue.openTerminal()
        guard descriptor >= 0 else {
            throw TerminalError(.notATerminal, "there is no terminal to read keys from", hint: "start this in a terminal")
        }
        return (descriptor, true)
    }

    /// The terminal description to use, and what to tell the person about it.
    static func description(for term: String, output: Int32) throws(TerminalError) -> (term: String, notices: [String]) {
        guard !term.isEmpty else {
            throw TerminalError(.tooSimple, "TERM is not set", hint: "set TERM to the terminal's name, for instance xterm-256color")
        }
        let shown = Sanitizer.visible(term)
        switch UInt32(bitPattern: cn_check(term, output)) {
        case CN_OK.rawValue:
            return (term, [])
        case CN_TOO_SIMPLE.rawValue:
            throw TerminalError(
                .tooSimple, "a terminal of type \(shown) cannot show the console",
                hint: "use the plain commands, or set TERM to the terminal's real name")
        case CN_NO_DATABASE.rawValue:
            throw TerminalError(.noDatabase, "no terminfo database was found", hint: "install ncurses-base, or set TERMINFO")
        default:
            for fallback in ["xterm-256color", "xterm"] where cn_check(fallback, output) == Int32(CN_OK.rawValue) {
                return (fallback, ["this system does not know TERM=\(shown); using \(fallback)"])
            }
            throw TerminalError(
                .noDatabase, "this system does not know TERM=\(shown), nor xterm", hint: "install ncurses-base or ncurses-term")
        }
    }
}

/// An environment variable; empty if it is not set.
func environment(_ name: String) -> String {
    getenv(name).map { String(cString: $0) } ?? ""
}

/// Calls a function with a null-terminated array of C strings.
func withCStrings<Result>(_ strings: [String], _ body: ([UnsafePointer<CChar>?]) -> Result) -> Result {
    let copies = strings.map { strdup($0) }
    defer {
        for copy in copies {
            free(copy)
        }
    }
    return body(copies.map { UnsafePointer($0) } + [nil])
}

enum Glue {
    /// Opens the controlling terminal; -1 if there is none.
    static func openTerminal() -> Int32 {
        open("/dev/tty", O_RDWR | O_CLOEXEC)
    }
}

extension Duration {
    /// Rounded up, so that a wait is never shorter than it should be.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        guard !overflow else { return seconds < 0 ? .min / 2 : .max / 2 }
        return product &+ (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}

extension InputUnit {
    /// Reads what `cn_read` returned.
    init(_ code: Int32) {
        if let byte = UInt8(exactly: code) {
            self = .byte(byte)
            return
        }
        let number = UInt32(bitPattern: code) & ~UInt32(CN_KEY)
        let modifiers = KeyModifiers(rawValue: UInt8(number & 7))
        let key: Key
        switch number >> 3 {
        case CN_KEY_UP.rawValue: key = .up
        case CN_KEY_DOWN.rawValue: key = .down
        case CN_KEY_LEFT.rawValue: key = .left
        case CN_KEY_RIGHT.rawValue: key = .right
        case CN_KEY_HOME.rawValue: key = .home
        case CN_KEY_END.rawValue: key = .end
        case CN_KEY_PAGE_UP.rawValue: key = .pageUp
        case CN_KEY_PAGE_DOWN.rawValue: key = .pageDown
        case CN_KEY_INSERT.rawValue: key = .insert
        case CN_KEY_DELETE.rawValue: key = .delete
        case CN_KEY_ENTER.rawValue: key = .enter
        case CN_KEY_TAB.rawValue: key = .tab
        case CN_KEY_BACKSPACE.rawValue: key = .backspace
        case (CN_KEY_FUNCTION.rawValue + 1)...(CN_KEY_FUNCTION.rawValue + 63): key = .function(Int(number >> 3 - CN_KEY_FUNCTION.rawValue))
        case CN_KEY_PASTE_BEGIN.rawValue:
            self = .pasteBegin
            return
        case CN_KEY_PASTE_END.rawValue:
            self = .pasteEnd
            return
        case CN_KEY_FOCUS_IN.rawValue:
            self = .focus(true)
            return
        case CN_KEY_FOCUS_OUT.rawValue:
            self = .focus(false)
            return
        case CN_KEY_MOUSE.rawValue:
            self = .mouse
            return
        default:
            self = .unknown
            return
        }
        self = .key(key, modifiers)
    }
}
