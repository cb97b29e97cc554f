import Terminal
import Testing

@testable import Console

@Suite struct KeymapTests {
    @Test("no two commands want the same keys on a screen")
    func noClash() { #expect(Keymap().clashes.map(\.description) == []) }

    @Test("a sequence needs all its keys, and says what may follow")
    func sequence() throws {
        let keymap = Keymap()
        guard case .prefix(let continuations) = keymap.match([.character("g")], in: .board) else {
            Issue.record("g should wait for another key")
            return
        }
        #expect(
            continuations.map(\.command) == [.sessions, .board, .tree, .testRules, .drift, .requests, .keys, .jobs, .history, .first, .ask])
        #expect(keymap.match([.character("g"), .character("g")], in: .board) == .command(.first))
        #expect(keymap.match([.character("g"), .character("x")], in: .board) == .none)
    }

    @Test("vim's keys and the arrows are the same")
    func arrows() {
        let keymap = Keymap()
        for (letter, key) in [("j", Key.down), ("k", .up), ("h", .left), ("l", .right)] {
            #expect(keymap.match([.character(Character(letter))], in: .board) == keymap.match([KeyPress(key)], in: .board))
        }
    }

    @Test("nothing that reads is bound to ^D or ^K but scrolling")
    func noDanger() {
        for command in CommandTable.all where command.danger == .changes || command.danger == .destroys {
            for keys in command.keys { #expect(!["<C-d>", "<C-k>"].contains(keys.description)) }
        }
    }

    @Test("a person's key wins over the keys in its way")
    func override() throws {
        let keys = try #require(KeySequence("g"))
        let keymap = Keymap(overrides: [.init(context: .board, keys: keys, command: .refresh)])
        #expect(keymap.match([.character("g")], in: .board) == .command(.refresh))
        #expect(keymap.match([.character("g"), .character("g")], in: .service) == .command(.first))
        #expect(keymap.clashes.isEmpty)
    }

    @Test("a key can be taken away")
    func unbind() throws {
        let keys = try #require(KeySequence("Q"))
        let keymap = Keymap(overrides: [.init(keys: keys, command: nil)])
        #expect(keymap.match([.character("Q")], in: .board) == .none)
        #expect(keymap.keys(of: .quit, in: .board).map(\.description) == ["<C-c>"])
    }

    @Test("an override for a screen where the command does nothing is left out")
    func misplaced() throws {
        let keys = try #require(KeySequence("x"))
        let keymap = Keymap(overrides: [.init(context: .help, keys: keys, command: .bodyForm)])
        #expect(keymap.match([.character("x")], in: .help) == .none)
    }
}
