import Testing

@testable import Terminal

@Suite("Input from a terminal")
struct InputDecoderTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let units: [InputUnit]
        let events: [InputEvent]
        let testDescription: String

        init(_ why: String, _ text: String, _ events: [InputEvent]) {
            self.init(why, text.utf8.map { .byte($0) }, events)
        }

        init(_ why: String, _ units: [InputUnit], _ events: [InputEvent]) {
            self.units = units
            self.events = events
            testDescription = why
        }
    }

    static func key(_ key: Key, _ modifiers: KeyModifiers = []) -> InputEvent { .key(KeyPress(key, modifiers)) }
    static func type(_ character: Character, _ modifiers: KeyModifiers = []) -> InputEvent { key(.character(character), modifiers) }
    static func bytes(_ text: String) -> [InputUnit] { text.utf8.map { .byte($0) } }

    static let cases: [Case] = [
        Case("letters", "aZ?", [type("a"), type("Z"), type("?")]),
        Case("space, enter, tab", " \r\t", [type(" "), key(.enter), key(.tab)]),
        Case("both backspaces", "\u{7F}\u{8}", [key(.backspace), key(.backspace)]),
        Case("control and a letter", "\u{1}\u{3}\u{1A}", [type("a", .control), type("c", .control), type("z", .control)]),
        Case("line feed is control-j", "\n", [type("j", .control)]),
        Case("the other controls", "\0\u{1C}\u{1F}", [type(" ", .control), type("\\", .control), type("_", .control)]),
        Case("two, three and four bytes", "é你🦖", [type("é"), type("你"), type("🦖")]),
        Case("invalid UTF-8 types nothing", [.byte(0x9B), .byte(0xC3), .byte(0x28), .byte(0xFF)], [type("(")]),
        Case("an overlong form types nothing", [.byte(0xC0), .byte(0x9B), .byte(0x61)], [type("a")]),
        Case("a surrogate types nothing", [.byte(0xED), .byte(0xA0), .byte(0x80), .byte(0x61)], [type("a")]),
        Case("escape alone", "\u{1B}", [key(.escape)]),
        Case("escape twice", "\u{1B}\u{1B}", [key(.escape), key(.escape)]),
        Case("alt and a letter", "\u{1B}x", [type("x", .alt)]),
        Case("alt and a letter of two bytes", "\u{1B}é", [type("é", .alt)]),
        Case("alt and control", "\u{1B}\u{1}", [type("a", [.alt, .control])]),
        Case("alt and enter", "\u{1B}\r", [key(.enter, .alt)]),
        Case("alt and a bracket", "\u{1B}[", [type("[", .alt)]),
        Case("alt and the letters that begin strings", "\u{1B}P", [type("P", .alt)]),
        Case("alt and O", "\u{1B}O", [type("O", .alt)]),
        Case("a named key", [.key(.up, []), .key(.function(5), .shift)], [key(.up), key(.function(5), .shift)]),
        Case("alt and a named key", [.byte(0x1B), .key(.up, .control)], [key(.up, [.alt, .control])]),
        Case("escape, then focus", [.byte(0x1B), .focus(true)], [key(.escape), .focus(true)]),
        Case("a key without a name", [.unknown, .byte(0x61)], [type("a")]),
        Case("focus", [.focus(false), .focus(true)], [.focus(false), .focus(true)]),
        Case("an unknown control sequence is one thing", "\u{1B}[99;5;1zq", [type("q")]),
        Case("with intermediates too", "\u{1B}[?1;2$yq", [type("q")]),
        Case("an unknown function key", "\u{1B}Ozq", [type("q")]),
        Case("a control inside a sequence ends it", "\u{1B}[12\rq", [key(.enter), type("q")]),
        Case("an escape inside a sequence begins another", "\u{1B}[12\u{1B}xq", [type("x", .alt), type("q")]),
        Case("the terminal's colour, told unasked", "\u{1B}]11;rgb:0000/0000/0000\u{7}q", [type("q")]),
        Case("ended by ST", "\u{1B}]11;rgb:0000/0000/0000\u{1B}\\q", [type("q")]),
        Case("a device control string", "\u{1B}P>|tmux 3.3a\u{1B}\\q", [type("q")]),
        Case("a string cut off by a key", [.byte(0x1B), .byte(0x5D), .byte(0x31), .key(.up, []), .byte(0x71)], [key(.up), type("q")]),
        Case("a string cut off by a sequence", "\u{1B}]11;r\u{1B}[Iq", [type("q")]),
        Case("a string cancelled", "\u{1B}]11;r\u{18}q", [type("q")]),
        Case(
            "CSI u", "\u{1B}[97;5u\u{1B}[13;2u\u{1B}[97;2u\u{1B}[27u", [type("a", .control), key(.enter, .shift), type("A"), key(.escape)]),
        Case("CSI u with alternates and event types", "\u{1B}[97:65;6:1u", [type("A", .control)]),
        Case("modifyOtherKeys", "\u{1B}[27;5;105~", [type("i", .control)]),
        Case("CSI u of nothing typed", "\u{1B}[57358u\u{1B}[1114112u\u{1B}[u\u{1B}[8238u\u{1B}[99999999u", []),
        Case(
            "a paste", [.pasteBegin] + bytes("rm -rf\r\n\u{3}q\u{1B}\t你") + [.pasteEnd, .byte(0x71)],
            [.paste("rm -rf\nq\t你"), type("q")]),
        Case(
            "keys in a paste are not keys", [.pasteBegin, .key(.up, []), .focus(true), .byte(0x61), .pasteBegin, .pasteEnd], [.paste("a")]),
        Case("an end without a beginning", [.pasteEnd, .byte(0x61)], [type("a")]),
        Case("a click", [.mouse] + bytes("0;12;5Mq"), [.mouse(MouseEvent(.press(.left), row: 4, column: 11)), type("q")]),
        Case("a broken click", [.mouse] + bytes("0;1x"), [type("x")]),
        Case("a click cut off by a key", [.mouse] + bytes("0;1") + [.key(.up, [])], [key(.up)]),
    ]

    @Test("input becomes events", arguments: cases) func inputBecomesEvents(_ item: Case) {
        var decoder = InputDecoder()
        var events: [InputEvent] = []
        for unit in item.units { decoder.feed(unit, into: &events) }
        decoder.flush(into: &events)
        #expect(events == item.events)
    }

    @Test(
        "what arrives in pieces is whole in the end",
        arguments: [
            bytes("é"), bytes("🦖"), [.mouse] + bytes("0;12;5M"), [.pasteBegin] + bytes("a\u{1B}b") + [.pasteEnd],
        ]) func whatArrivesPiecesWholeEnd(_ units: [InputUnit])
    {
        var whole: [InputEvent] = []
        var pieces: [InputEvent] = []
        var one = InputDecoder()
        var two = InputDecoder()
        for unit in units { one.feed(unit, into: &whole) }
        one.flush(into: &whole)
        for unit in units {
            two.feed(unit, into: &pieces)
            two.flush(into: &pieces)
        }
        #expect(whole == pieces)
    }

    @Test("a long sequence that is cut after its first number is still one thing") func longSequenceCutAfterFirst() {
        var decoder = InputDecoder()
        var events: [InputEvent] = []
        for unit in Self.bytes("\u{1B}[9") { decoder.feed(unit, into: &events) }
        decoder.flush(into: &events)
        for unit in Self.bytes("9;5zq") { decoder.feed(unit, into: &events) }
        #expect(events == [Self.type("q")])
    }

    @Test("a paste is bounded") func pasteBounded() {
        var decoder = InputDecoder()
        var events: [InputEvent] = []
        decoder.feed(.pasteBegin, into: &events)
        for _ in 0..<(InputDecoder.pasteLimit + 1_000) { decoder.feed(.byte(0x61), into: &events) }
        decoder.feed(.pasteEnd, into: &events)
        guard case .paste(let text) = events.first else {
            Issue.record("no paste")
            return
        }
        #expect(text.utf8.count == InputDecoder.pasteLimit)
    }

    @Test("after a reset nothing of what had begun is left") func afterResetNothingWhatHad() {
        var decoder = InputDecoder()
        var events: [InputEvent] = []
        for begun in [[.pasteBegin, .byte(0x61)], [.byte(0x1B), .byte(0x5D), .byte(0x31)], [.mouse, .byte(0x30)], [.byte(0xE4)]]
            as [[InputUnit]]
        {
            for unit in begun { decoder.feed(unit, into: &events) }
            decoder.reset()
            decoder.feed(.byte(0x71), into: &events)
        }
        #expect(events == Array(repeating: Self.type("q"), count: 4))
    }

    @Test("random input never traps, and letters at the end are heard again") func randomInputNeverTrapsLetters() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<3_000 {
            var decoder = InputDecoder()
            var events: [InputEvent] = []
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                switch Int.random(in: 0..<12, using: &random) {
                case 0:
                    decoder.feed(
                        [.mouse, .pasteBegin, .pasteEnd, .unknown, .focus(true), .key(.up, .alt)].randomElement() ?? .mouse, into: &events)
                case 1: decoder.feed(.byte(0x1B), into: &events)
                case 2: decoder.flush(into: &events)
                case 3: decoder.feed(.byte(UInt8(ascii: ";")), into: &events)
                default: decoder.feed(.byte(UInt8.random(in: 0...255, using: &random)), into: &events)
                }
            }
            for unit in [.pasteEnd, .byte(0x18), .byte(0x18), .byte(0x71)] as [InputUnit] {
                decoder.feed(unit, into: &events)
            }
            #expect(events.last == Self.type("q"))
        }
    }
}
