import CallboardCore
import ServiceBus
import Terminal
import Testing

@testable import Console

/// What the screens look like, to the letter.
@Suite struct ScreenGoldenTests {
    private func screen(_ keys: String, _ rows: Int, _ columns: Int) -> ConsoleHarness {
        var console = ConsoleHarness(rows: rows, columns: columns)
        console.type(keys)
        return console
    }

    @Test("board, 80x24")
    func board80() {
        #expect(
            screen("", 24, 80).text == """
                BOARD80
                """)
    }

    @Test("board, 40x10: names and dead letters stay")
    func board40() {
        #expect(
            screen("", 10, 40).text == """
                BOARD40
                """)
    }

    @Test("service, 80x24")
    func service80() {
        #expect(
            screen("<Enter>", 24, 80).text == """
                SERVICE80
                """)
    }

    @Test("entity, 80x24")
    func entity80() {
        #expect(
            screen("<Enter><Enter>", 24, 80).text == """
                ENTITY80
                """)
    }

    @Test("messages, 80x24")
    func messages80() {
        #expect(
            screen("djj", 24, 80).text == """
                MESSAGES80
                """)
    }

    @Test("a message, 80x24")
    func message80() {
        #expect(
            screen("d<Enter>", 24, 80).text == """
                MESSAGEONE80
                """)
    }

    @Test("a message as hex, 40x10")
    func hex40() {
        #expect(
            screen("d<Enter>vvG", 10, 40).text == """
                HEX40
                """)
    }

    @Test("the command line, 80x24")
    func palette80() {
        #expect(
            screen("d:th", 24, 80).text.split(separator: "\n", omittingEmptySubsequences: false).suffix(6).joined(separator: "\n") == """
                PALETTE80
                """)
    }

    @Test("200x60: a message beside its list, and no column cut that has room")
    func wide() {
        let console = screen("d<Enter>", 60, 200)
        let lines = (0..<60).map { console.line($0) }
        #expect(
            lines[2...8].joined(separator: "\n") == """
                WIDE200
                """)
        #expect(lines.allSatisfy { Width.of($0) <= 200 })
    }

    @Test("roles, 80x24: what is wrong stands out, the selection more")
    func roles() {
        let console = screen("", 24, 80)
        #expect(console.roles(inRow: 0) == [.barBadge, .bar])
        #expect(
            console.roles(inRow: 1) == [
                .text, .title, .text, .statusError, .text, .statusWarning, .text, .statusError, .text, .statusError, .text, .muted, .text,
            ])
        #expect(Set(console.roles(inRow: 2)) == [.rule, .header])
        #expect(console.roles(inRow: 3) == [.rowSelected])
        #expect(console.roles(inRow: 4).contains(.statusError))
        #expect(Set(console.roles(inRow: 23)) == [.text, .keyName, .keyHint, .rule])
    }

    @Test("one cell is enough", arguments: ["", "<Enter>", "d", "d<Enter>", "?", "L", "/x", ":q", "g"])
    func oneCell(_ keys: String) {
        let console = screen(keys, 1, 1)
        #expect(console.surface.rows == 1)
        #expect(Width.of(console.text) <= 1)
    }

    @Test("no size and no row of keys makes it trap, and every line fits")
    func sizesAndKeys() {
        let keys = [
            "<Enter>", "j", "k", "G", "gg", "q", "d", "m", "T", "/e", "<Esc>", ":", "e", "<Tab>", "<Down>", "<Up>", "<C-f>", "<C-b>",
            "<C-d>", "<C-u>",
            "v", "<Tab>", "O", "J", "K", "?", "L", "<C-r>", "+", "<C-l>", "h", "l", "M", "gb", "<Backspace>", "<C-w>", "<End>",
        ]
        var random = SeededGenerator(state: 20_261_123)
        for _ in 0..<12 {
            var console = ConsoleHarness(rows: 24, columns: 80)
            for _ in 0..<120 {
                console.type(keys[Int.random(in: 0..<keys.count, using: &random)])
                console.resize(Int.random(in: 1...40, using: &random), Int.random(in: 1...160, using: &random))
                let surface = console.surface
                #expect((surface.cursor?.row ?? 0) < surface.rows && (surface.cursor?.column ?? 0) < surface.columns)
            }
        }
    }
}

/// SplitMix64: the same steps in every run, so that a failure can be looked at again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
