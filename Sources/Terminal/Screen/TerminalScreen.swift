import CNcurses

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The terminal, taken over: shows a ``Surface`` and tells what was typed.
///
/// There is one at a time, and it belongs to one thread: ncurses knows no others. Whatever ends the process, the terminal is given back:
/// ``restore()``, `exit`, a signal, and, by a handler that remembers how, a trap.
///
/// The loop of a program:
///
///     let screen = try TerminalScreen.open()
///     defer { screen.restore() }
///     while true {
///         screen.present(surface)
///         screen.poll(wake: mailbox.descriptor)
///         for event in screen.readEvents() { … }
///     }
public final class TerminalScreen {
    private enum State { case up, left, closed }

    /// Height in rows.
    public private(set) var rows = 0
    /// Width in columns.
    public private(set) var columns = 0
    /// How many colours are used.
    public let colorDepth: ColorDepth
    /// Whether the locale is UTF-8; otherwise everything is drawn in ASCII.
    public let isUTF8: Bool
    /// Things the person should know, for a status line: an unknown `TERM`, say.
    public let notices: [String]

    /// What roles look like. Setting it paints everything anew.
    public var palette = Palette() {
        didSet { if palette != oldValue { applyPalette() } }
    }

    /// Whether the mouse is ours.
    public var isMouseEnabled: Bool {
        didSet { applyModes() }
    }

    private let options: TerminalOptions
    private var state = State.up
    private var painter: Painter
    private var decoder = InputDecoder()
    private var diagnostics = Diagnostics()
    /// Events that did not come from the terminal and wait for ``readEvents()``.
    private var pending: [InputEvent] = []
    private var isHungUp = false
    private var emptyReads = 0

    /// Takes the terminal.
    ///
    /// If `TERM` names a terminal that this system does not know, xterm-256color is taken instead, and ``notices`` says so.
    ///
    /// - Throws: ``TerminalError`` if there is no terminal, it is too simple, or it is taken already.
    public static func open(_ options: TerminalOptions = TerminalOptions()) throws(TerminalError) -> TerminalScreen {
        let (input, isOwned) = try inputDescriptor()
        defer { if isOwned { close(input) } }
        return try open(options, term: environment("TERM"), input: input, output: STDOUT_FILENO)
    }

    /// As ``open(_:)``, on any terminal.
    static func open(
        _ options: TerminalOptions, term: String, input: Int32, output: Int32
    ) throws(TerminalError) -> TerminalScreen {
        guard cn_in_use() == 0 else {
            throw TerminalError(.alreadyOpen, "the terminal is in use already", hint: "")
        }
        let (term, notices) = try description(for: term, output: output)
        let delay = Int32(clamping: options.escapeDelay.wholeMilliseconds)
        guard cn_open(term, input, output, delay) == Int32(CN_OK.rawValue) else {
            throw TerminalError(.cannotOpen, "cannot take the terminal (TERM=\(Sanitizer.visible(term)))", hint: "try TERM=xterm")
        }
        return TerminalScreen(options, notices: notices)
    }

    private init(_ options: TerminalOptions, notices: [String]) {
        self.options = options
        self.notices = notices
        isUTF8 = cn_is_utf8() != 0
        isMouseEnabled = options.isMouseEnabled
        let available = ColorDepth(colors: Int(cn_colors()), directColor: cn_has_direct_color() != 0, noColor: nil)
        switch options.colors {
        case .never: colorDepth = .mono
        case .atMost(let depth): colorDepth = min(depth, available)
        case .automatic: colorDepth = environment("NO_COLOR").isEmpty ? available : .mono
        }
        painter = Painter(isUTF8: isUTF8)
        if options.capturesDiagnostics {
            _ = cn_capture_begin()
        }
        applyModes()
        applyPalette()
        takeSize()
    }

    deinit {
        restore()
    }

    // MARK: - Painting

    /// Shows a surface. Sends only what differs from what is on the screen, and nothing at all if nothing does.
    public func present(_ surface: Surface) {
        guard state == .up else { return }
        painter.present(surface, rows: rows, columns: columns)
    }

    /// Makes the next ``present(_:)`` send everything; for when something else wrote to the terminal.
    public func redraw() {
        cn_invalidate()
        painter.forget()
    }

    /// Rings, or flashes.
    public func bell() {
        if state == .up { cn_bell() }
    }

    /// Puts text into the clipboard of the terminal (OSC 52), which may be far away.
    ///
    /// Terminals do not say whether they did: tmux needs `set-clipboard on`, some ask, some refuse.
    ///
    /// - Returns: false if the text is longer than terminals take (about 56 kB), or the terminal has no such thing.
    public func copyToClipboard(_ text: String) -> Bool {
        guard state == .up, cn_is_xterm_like() != 0, let sequence = Clipboard.sequence(for: text) else { return false }
        send(sequence)
        return true
    }

    /// Names the terminal's window, where it has one.
    public func setTitle(_ title: String) {
        guard state == .up, cn_is_xterm_like() != 0 else { return }
        send(Array("\u{1B}]2;\(String(Sanitizer.visible(title).prefix(200)))\u{07}".utf8))
    }

    private func send(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            cn_send(buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
        }
    }

    private func applyPalette() {
        guard state != .closed else { return }
        painter.apply(palette.reduced(to: colorDepth))
        cn_invalidate()
    }

    private func applyModes() {
        guard state != .closed else { return }
        var modes: UInt32 = 0
        if cn_is_xterm_like() != 0 {
            modes |= CN_MODE_PASTE.rawValue
            if options.reportsFocus { modes |= CN_MODE_FOCUS.rawValue }
        }
        if isMouseEnabled { modes |= CN_MODE_MOUSE.rawValue }
        cn_modes(modes)
    }

    private func takeSize() {
        var height: Int32 = 0
        var width: Int32 = 0
        cn_size(&height, &width)
        rows = Int(height)
        columns = Int(width)
    }

    // MARK: - Input

    /// Sleeps until something is typed, the system has something to say, or a descriptor becomes readable. There is no timer behind it:
    /// without a timeout, a program that nothing happens to does not run.
    ///
    /// - Parameters:
    ///   - wake: a descriptor to watch as well; negative for none.
    ///   - timeout: the longest it may take; nil for no limit. Rounded up to milliseconds.
    /// - Returns: what happened; empty after the timeout.
    @discardableResult
    public func poll(wake: Int32 = -1, timeout: Duration? = nil) -> Readiness {
        let milliseconds = timeout.map { Int32(clamping: max(0, $0.wholeMilliseconds)) } ?? -1
        let waits = pending.isEmpty && state != .closed
        let found = UInt32(bitPattern: cn_wait(wake, waits ? milliseconds : 0))
        var readiness: Readiness = pending.isEmpty ? [] : .events
        if found & (CN_READY_INPUT.rawValue | CN_READY_SIGNAL.rawValue | CN_READY_HANGUP.rawValue) != 0 {
            readiness.insert(.events)
        }
        if found & CN_READY_HANGUP.rawValue != 0 { isHungUp = true }
        if found & CN_READY_WAKE.rawValue != 0 { readiness.insert(.wake) }
        if found & CN_READY_DIAGNOSTICS.rawValue != 0 {
            collectDiagnostics()
            if diagnostics.hasFresh { readiness.insert(.diagnostics) }
        }
        return readiness
    }

    /// Everything that happened since the last call. Never waits, except for the rest of a key that has begun (``TerminalOptions``).
    public func readEvents() -> [InputEvent] {
        guard state == .up else { return [] }
        takeSignals()
        var events = pending
        pending = []
        // Bounded, so that a flood of input cannot keep a frame from being painted.
        var remaining = 65_536
        var units = 0
        while remaining > 0 {
            let code = cn_read()
            guard code >= 0 else { break }
            decoder.feed(InputUnit(code), into: &events)
            remaining -= 1
            units += 1
        }
        if remaining > 0 {
            decoder.flush(into: &events)
            noticeEnd(units, into: &events)
        }
        return events
    }

    /// A terminal that is gone is readable for ever and gives nothing.
    private func noticeEnd(_ units: Int, into events: inout [InputEvent]) {
        emptyReads = units == 0 && events.isEmpty ? emptyReads + 1 : 0
        if isHungUp && units == 0 || emptyReads > 100 {
            isHungUp = false
            emptyReads = 0
            events.append(.endOfInput)
        }
    }

    private func takeSignals() {
        var number: Int32 = 0
        let signals = UInt32(bitPattern: cn_take_signals(&number))
        if signals & CN_SIGNAL_TERMINATE.rawValue != 0 { pending.append(.terminate(signal: number)) }
        if signals & CN_SIGNAL_STOP.rawValue != 0 {
            suspend()
        } else if signals & CN_SIGNAL_CONTINUE.rawValue != 0 {
            // Stopped by a signal that cannot be caught; a shell may have used the terminal since.
            comeBack()
        }
        if signals & CN_SIGNAL_RESIZE.rawValue != 0 { adoptSize() }
    }

    /// However often the size changed, this looks once.
    private func adoptSize() {
        let before = (rows, columns)
        let changed = cn_adopt_size() != 0
        takeSize()
        // Not only what changed in this call: ncurses may have followed the window by itself while the terminal was lent.
        guard changed || before != (rows, columns) else { return }
        painter.forget()
        pending.removeAll { if case .resize = $0 { true } else { false } }
        pending.append(.resize(rows: rows, columns: columns))
    }

    // MARK: - Lending the terminal

    /// Gives the terminal to the shell and stops, as ^Z does elsewhere; returns when the shell lets the process go on.
    ///
    /// ``readEvents()`` then has ``InputEvent/resumed``.
    public func suspend() {
        guard state == .up else { return }
        leave()
        cn_stop()
        comeBack()
    }

    /// Runs a program on the terminal (an editor, a pager) and waits for it.
    ///
    /// ``readEvents()`` then has ``InputEvent/resumed``.
    ///
    /// - Parameter arguments: the program, looked up in `PATH`, and its arguments. No shell is involved.
    /// - Returns: how it ended.
    /// - Throws: ``TerminalError`` if it could not be started.
    public func run(_ arguments: [String]) throws(TerminalError) -> ProgramExit {
        guard state == .up, let program = arguments.first, !program.isEmpty, !arguments.contains(where: { $0.utf8.contains(0) }) else {
            throw TerminalError(.cannotRun, "no program to run", hint: "")
        }
        leave()
        var status: Int32 = 0
        let error = withCStrings(arguments) { cn_run($0, &status) }
        comeBack()
        guard error == 0 else {
            let reason = String(cString: strerror(error))
            throw TerminalError(.cannotRun, "cannot run \(Sanitizer.visible(program)): \(reason)", hint: "is it installed and in PATH?")
        }
        return status & 0x7F == 0 ? .status(status >> 8 & 0xFF) : .signal(status & 0x7F)
    }

    private func leave() {
        cn_leave()
        state = .left
    }

    private func comeBack() {
        cn_enter()
        state = .up
        decoder.reset()
        painter.forget()
        adoptSize()
        if !pending.contains(.resumed) { pending.append(.resumed) }
    }

    // MARK: - What others write

    /// Lines that were written to standard output and standard error since the last call. They are shown nowhere else before the end.
    public func takeDiagnostics() -> [String] {
        collectDiagnostics()
        return diagnostics.take()
    }

    private func collectDiagnostics() {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
            // Bounded: the pipe holds 1 MiB, and who writes faster than this reads must not hold up the screen.
            for _ in 0..<256 {
                let count = cn_capture_read(buffer.baseAddress, buffer.count)
                guard count > 0 else { return }
                diagnostics.append(buffer[..<count].lazy.map(UInt8.init(bitPattern:)))
            }
        }
    }

    // MARK: - The end

    /// Gives the terminal back, and writes to standard error what was caught. May be called any number of times.
    public func restore() {
        guard state != .closed else { return }
        cn_close()
        state = .closed
        guard options.capturesDiagnostics else { return }
        cn_capture_end()
        collectDiagnostics()
        diagnostics.finish()
        var text = diagnostics.dropped > 0 ? "(\(diagnostics.dropped) earlier lines were dropped)\n" : ""
        for line in diagnostics.history {
            text += Sanitizer.visible(line) + "\n"
        }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }
}

@available(*, unavailable)
extension TerminalScreen: Sendable {}
