import Terminal
import Testing

@testable import Console

@Suite struct KeySequenceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        var presses: [KeyPress]
        var label: String
        var testDescription: String { text }
    }

    static let cases: [Case] = [
        Case(text: "j", presses: [.character("j")], label: "j"),
        Case(text: "gg", presses: [.character("g"), .character("g")], label: "gg"),
        Case(text: "<C-l>", presses: [.control("l")], label: "^L"),
        Case(text: "<A-x>", presses: [.alt("x")], label: "alt-x"),
        Case(text: "<Enter>", presses: [KeyPress(.enter)], label: "enter"),
        Case(text: "<S-Tab>", presses: [KeyPress(.tab, .shift)], label: "shift-tab"),
        Case(text: "<F5>", presses: [KeyPress(.function(5))], label: "F5"),
        Case(text: "<Space>", presses: [.character(" ")], label: "space"),
        Case(text: "<lt>", presses: [.character("<")], label: "<"),
        Case(text: "é", presses: [.character("é")], label: "é"),
    ]

    @Test("reads and writes vim's notation", arguments: cases)
    func notation(_ example: Case) throws {
        let sequence = try #require(KeySequence(example.text))
        #expect(sequence.presses == example.presses)
        #expect(sequence.description == example.text)
        #expect(sequence.label == example.label)
    }

    @Test("reads names in any case", arguments: ["<enter>", "<ENTER>", "<pagedown>"])
    func anyCase(_ text: String) { #expect(KeySequence(text) != nil) }

    @Test("refuses what is no key", arguments: ["", "<Nope>", "<C->", "<X-a>", "<F0>", "<F64>", "<ab>"])
    func refuses(_ text: String) { #expect(KeySequence(text) == nil) }

    @Test("an opening bracket alone stands for itself")
    func bracket() { #expect(KeySequence("<")?.presses == [.character("<")]) }
}
