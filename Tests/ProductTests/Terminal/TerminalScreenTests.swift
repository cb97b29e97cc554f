import Testing

@testable import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("A screen on a pseudo-terminal", .serialized)
struct TerminalScreenTests {
    /// Opens a screen of 40 by 120, unless told otherwise, on a terminal of its own and closes it.
    private func withScreen(
        term: String = "xterm-256color", rows: Int = 40, columns: Int = 120,
        _ body: (TerminalScreen, PseudoTerminal) throws -> Void
    ) throws {
        let terminal = try #require(PseudoTerminal(rows: rows, columns: columns))
        var options = TerminalOptions()
        options.capturesDiagnostics = false
        options.colors = .atMost(.trueColor)
        let screen = try TerminalScreen.open(options, term: term, input: terminal.slave, output: terminal.slave)
        defer { screen.restore() }
        try body(screen, terminal)
    }

    /// What the screen sends for a surface; the bell marks the end.
    private func sent(_ surface: Surface, _ screen: TerminalScreen, _ terminal: PseudoTerminal) -> [UInt8] {
        screen.present(surface)
        screen.bell()
        return terminal.output(upTo: 0x07)
    }

    /// Sends a signal to this thread, which has it when this returns. Threads of the test library block signals.
    private func deliver(_ number: Int32) {
        var signals = sigset_t()
        var before = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, number)
        pthread_sigmask(SIG_UNBLOCK, &signals, &before)
        raise(number)
        pthread_sigmask(SIG_SETMASK, &before, nil)
    }

    /// A list as the console draws them, with one row selected.
    private func list(from top: Int, selected: Int, rows: Int = 40, columns: Int = 120) -> Surface {
        var surface = Surface(rows: rows, columns: columns)
        surface.put(row: 0, column: 0, " title", role: Role(rawValue: 2))
        for row in 1..<max(1, rows - 1) {
            let number = top + row
            let role = Role(rawValue: number == selected ? 4 : 3)
            surface.fill(Rect(row: row, column: 0, rows: 1, columns: columns), role: role)
            surface.put(row: row, column: 0, "#\(4_770_112 + number)  02:31:07  MaxDeliveryCountExceeded  10  2,311 B", role: role)
            if number == selected { surface.cursor = .init(row: row, column: 0) }
        }
        return surface
    }

    private let palette = Palette([
        Role(rawValue: 2): Attributes(foreground: .rgb(0x88, 0xC0, 0xD0), modifiers: .bold),
        Role(rawValue: 3): Attributes(foreground: .indexed(250)),
        Role(rawValue: 4): Attributes(background: .rgb(60, 70, 90), modifiers: .bold),
    ])

    @Test("the same surface costs nothing") func sameSurface() throws {
        try withScreen { screen, terminal in
            screen.palette = palette
            #expect(!sent(list(from: 0, selected: 5), screen, terminal).isEmpty)
            #expect(sent(list(from: 0, selected: 5), screen, terminal).isEmpty)
        }
    }

    @Test("a line step costs at most 300 bytes, by scrolling") func lineStep() throws {
        try withScreen { screen, terminal in
            screen.palette = palette
            _ = sent(list(from: 0, selected: 38), screen, terminal)
            for step in 1...20 {
                let bytes = sent(list(from: step, selected: 38 + step), screen, terminal)
                #expect(bytes.count <= 300, "\(bytes.count) bytes")
            }
        }
    }

    @Test("one changed number costs at most 100 bytes") func counter() throws {
        try withScreen { screen, terminal in
            var surface = list(from: 0, selected: 5)
            _ = sent(surface, screen, terminal)
            surface.put(row: 0, column: 60, "50,013")
            #expect(sent(surface, screen, terminal).count <= 100)
        }
    }

    @Test("hostile text does not reach the terminal", arguments: HostileText.corpus) func hostile(_ text: HostileText) throws {
        try withScreen { screen, terminal in
            var surface = Surface(rows: 40, columns: 120)
            _ = sent(surface, screen, terminal)
            surface.put(row: 1, column: 0, text.bytes)
            let bytes = sent(surface, screen, terminal)
            let isObeyed = text.bytes.contains { $0 < 0x20 } && bytes.firstRange(of: text.bytes) != nil
            #expect(!isObeyed)
            #expect(!bytes.contains(0x05) && !bytes.contains(0x9D))
            // Whatever begins with an escape is ncurses' own: no strings, and no private mode but that of the frame.
            for index in bytes.indices where bytes[index] == 0x1B {
                let next = bytes.dropFirst(index + 1).first ?? 0
                #expect([UInt8(ascii: "["), UInt8(ascii: "("), UInt8(ascii: "7"), UInt8(ascii: "8")].contains(next))
            }
        }
    }

    @Test("keys, pastes, clicks and focus arrive in order") func events() throws {
        try withScreen { screen, terminal in
            screen.isMouseEnabled = true
            terminal.type(
                Array("a\u{1B}[A\u{1B}OB\u{1B}[1;5C\u{1B}[15~\u{1B}[Z\u{1B}[200~x\ry\u{1B}[201~\u{1B}[<0;3;4M\u{1B}[I\u{1B}xé\u{1B}".utf8))
            let expected: [InputEvent] = [
                .key(.character("a")), .key(KeyPress(.up)), .key(KeyPress(.down)), .key(KeyPress(.right, .control)),
                .key(KeyPress(.function(5))), .key(KeyPress(.tab, .shift)), .paste("x\ny"),
                .mouse(MouseEvent(.press(.left), row: 3, column: 2)), .focus(true), .key(.alt("x")), .key(.character("é")),
                .key(KeyPress(.escape)),
            ]
            var events: [InputEvent] = []
            while events.count < expected.count, screen.poll(timeout: .seconds(10)).contains(.events) {
                events += screen.readEvents()
            }
            #expect(events == expected)
        }
    }

    @Test("a storm of resizes is one event") func resizeStorm() throws {
        try withScreen { screen, terminal in
            screen.present(Surface(rows: screen.rows, columns: screen.columns))
            for size in (1...60).reversed() {
                terminal.resize(rows: size, columns: size * 3)
                deliver(SIGWINCH)
            }
            #expect(screen.poll(timeout: .seconds(10)).contains(.events))
            #expect(screen.readEvents() == [.resize(rows: 1, columns: 3)])
            #expect(screen.rows == 1 && screen.columns == 3)
            #expect(!sent(Surface(rows: 1, columns: 3), screen, terminal).isEmpty)
            #expect(screen.poll(timeout: .zero) == [])
        }
    }

    @Test("any size is painted, also one that the surface does not have", arguments: [(1, 1), (1, 200), (60, 1), (24, 80), (500, 500)])
    func anySize(_ rows: Int, _ columns: Int) throws {
        try withScreen(rows: rows, columns: columns) { screen, terminal in
            #expect(screen.rows == rows && screen.columns == columns)
            for size in [(1, 1), (rows, columns), (24, 80), (rows + 1, columns + 1), (rows, columns)] {
                let surface = list(from: 0, selected: 3, rows: size.0, columns: size.1)
                screen.present(surface)
                #expect(sent(surface, screen, terminal).count >= 0)
            }
        }
    }

    @Test("being asked to end is an event") func terminate() throws {
        try withScreen { screen, _ in
            deliver(SIGTERM)
            #expect(screen.poll(timeout: .seconds(10)).contains(.events))
            #expect(screen.readEvents() == [.terminate(signal: SIGTERM)])
        }
    }

    @Test("a mailbox wakes it, and nothing else does") func wake() throws {
        try withScreen { screen, _ in
            var ends: [Int32] = [0, 0]
            #expect(pipe(&ends) == 0)
            defer { for end in ends { close(end) } }
            #expect(screen.poll(wake: ends[0], timeout: .milliseconds(1)) == [])
            _ = write(ends[1], "x", 1)
            #expect(screen.poll(wake: ends[0]) == .wake)
        }
    }

    @Test("the terminal is given back as it was, once", arguments: ["xterm-256color", "vt100", "linux"]) func restore(_ term: String) throws
    {
        let terminal = try #require(PseudoTerminal(rows: 24, columns: 80))
        let before = terminal.modes
        var options = TerminalOptions()
        options.capturesDiagnostics = false
        options.isMouseEnabled = true
        let screen = try TerminalScreen.open(options, term: term, input: terminal.slave, output: terminal.slave)
        #expect(terminal.modes != before)
        _ = sent(list(from: 0, selected: 3, rows: 24, columns: 80), screen, terminal)
        screen.restore()
        screen.restore()
        screen.present(list(from: 0, selected: 4, rows: 24, columns: 80))
        #expect(terminal.modes == before)
        _ = write(terminal.slave, "\u{07}", 1)
        let bytes = String(decoding: terminal.output(upTo: 0x07), as: UTF8.self)
        for mode in ["1000", "1002", "1006"] { #expect(bytes.contains("\u{1B}[?\(mode)l")) }
        guard term.hasPrefix("xterm") else { return }
        for mode in ["1004", "2004", "1049"] {
            #expect(bytes.components(separatedBy: "\u{1B}[?\(mode)l") == 2, "mode \(mode) is turned off once")
        }
        #expect(bytes.contains("\u{1B}[?25h"))
    }

    @Test("there is one at a time") func onlyOne() throws {
        try withScreen { _, terminal in
            let error = #expect(throws: TerminalError.self) {
                try TerminalScreen.open(TerminalOptions(), term: "xterm", input: terminal.slave, output: terminal.slave)
            }
            #expect(error?.code == .alreadyOpen)
        }
    }

    @Test("a terminal that is gone is noticed") func hangUp() throws {
        let terminal = try #require(PseudoTerminal(rows: 24, columns: 80))
        var options = TerminalOptions()
        options.capturesDiagnostics = false
        let screen = try TerminalScreen.open(options, term: "xterm", input: terminal.slave, output: terminal.slave)
        defer { screen.restore() }
        terminal.hangUp()
        #expect(screen.poll(timeout: .seconds(10)).contains(.events))
        #expect(screen.readEvents() == [.endOfInput])
    }

    @Test("a terminal this system does not know is taken for an xterm, and the person is told") func unknownTerminal() throws {
        try withScreen(term: "no-such-\u{1B}terminal") { screen, _ in
            #expect(screen.notices == ["this system does not know TERM=no-such-^[terminal; using xterm-256color"])
        }
    }

    @Test("a terminal that cannot place its cursor is refused", arguments: ["dumb", ""]) func tooSimple(_ term: String) {
        let error = #expect(throws: TerminalError.self) { try withScreen(term: term) { _, _ in } }
        #expect(error?.code == .tooSimple)
    }

    @Test("a program gets the terminal, and its end is told") func program() throws {
        try withScreen { screen, terminal in
            let before = terminal.modes
            screen.present(list(from: 0, selected: 3))
            let first = try screen.run(["sh", "-c", "test -t 0 && test -t 1 && stty -a >/dev/null && exit 3"])
            #expect(first == .status(3))
            let second = try screen.run(["sh", "-c", "kill -TERM $$"])
            #expect(second == .signal(SIGTERM))
            do {
                _ = try screen.run(["/no/such/program"])
                Issue.record("it ran")
            } catch {
                #expect((error as? TerminalError)?.code == .cannotRun)
            }
            #expect(screen.readEvents() == [.resumed])
            #expect(terminal.modes == before)
        }
    }
}

extension String {
    /// How many pieces a text is cut into.
    fileprivate func components(separatedBy separator: String) -> Int {
        var count = 1
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
