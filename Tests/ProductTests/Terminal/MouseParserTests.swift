import Testing

@testable import Terminal

@Suite("The SGR mouse protocol")
struct MouseParserTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let event: MouseEvent?
        var testDescription: String { text }

        init(_ text: String, _ action: MouseEvent.Action, row: Int = 0, column: Int = 0, _ modifiers: KeyModifiers = []) {
            self.text = text
            event = MouseEvent(action, row: row, column: column, modifiers: modifiers)
        }

        init(invalid text: String) {
            self.text = text
            event = nil
        }
    }

    static let cases: [Case] = [
        Case("0;1;1M", .press(.left)),
        Case("0;1;1m", .release(.left)),
        Case("1;1;1M", .press(.middle)),
        Case("2;1;1M", .press(.right)),
        Case("2;300;71m", .release(.right), row: 70, column: 299),
        Case("4;1;1M", .press(.left), .shift),
        Case("8;1;1M", .press(.left), .alt),
        Case("16;1;1M", .press(.left), .control),
        Case("28;1;1M", .press(.left), [.shift, .alt, .control]),
        Case("32;5;6M", .drag(.left), row: 5, column: 4),
        Case("34;5;6M", .drag(.right), row: 5, column: 4),
        Case("35;5;6M", .move, row: 5, column: 4),
        Case("64;1;1M", .wheel(.up)),
        Case("65;1;1M", .wheel(.down)),
        Case("66;1;1M", .wheel(.left)),
        Case("67;1;1M", .wheel(.right)),
        Case("80;1;1M", .wheel(.up), .control),
        Case("128;1;1M", .press(.extra(8))),
        Case("129;1;1m", .release(.extra(9))),
        Case(invalid: "M"),
        Case(invalid: ";;M"),
        Case(invalid: "0;1M"),
        Case(invalid: "0;1;1;1M"),
        Case(invalid: "0;0;1M"),
        Case(invalid: "0;1;0M"),
        Case(invalid: "-1;1;1M"),
        Case(invalid: "0;999999;1M"),
        Case(invalid: "99999999999999999999;1;1M"),
        Case(invalid: "3;1;1M"),
        Case(invalid: "64;1;1m"),
        Case(invalid: "192;1;1M"),
    ]

    @Test("numbers become a mouse event", arguments: cases) func numbersBecomeMouseEvent(_ item: Case) {
        let bytes = Array(item.text.utf8)
        #expect(MouseParser.parse(Array(bytes.dropLast()), isRelease: bytes.last == UInt8(ascii: "m")) == item.event)
    }
}
