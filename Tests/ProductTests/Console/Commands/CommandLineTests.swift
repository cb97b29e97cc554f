import Testing

@testable import Console

@Suite struct CommandLineTests {
    private func suggestions(_ line: String) -> [String] {
        CommandLine.suggestions(
            for: line, context: .board, keymap: Keymap(),
            candidates: { $0 == .entity ? [("orders", "queue"), ("order-events", "topic"), ("border", "queue")] : [] },
            availability: { $0 == .back ? .disabled("this is the first screen") : .enabled }
        ).map(\.text)
    }

    @Test("reads a name, an alias, an argument")
    func reads() {
        #expect(CommandLine.read("refresh") == .call(.init(id: .refresh)))
        #expect(CommandLine.read("  q ") == .call(.init(id: .quit)))
        #expect(CommandLine.read("entity orders/$deadletterqueue") == .call(.init(id: .entity, argument: "orders/$deadletterqueue")))
        #expect(CommandLine.read("theme  nord ") == .call(.init(id: .theme, argument: "nord")))
    }

    @Test("says what is missing or unknown")
    func incomplete() {
        #expect(CommandLine.read("entity") == .needsArgument(.entity, .entity))
        #expect(CommandLine.read("frobnicate now") == .unknown("frobnicate"))
        #expect(CommandLine.read("   ") == .empty)
    }

    @Test("commands of the prompt itself have no name there")
    func promptCommands() { #expect(CommandLine.read("prompt-accept") == .unknown("prompt-accept")) }

    @Test("suggests by the start of a name, then by alias, then by any part")
    func ranked() {
        let all = suggestions("re")
        #expect(all.first == "refresh")
        #expect(all.contains("redraw"))
        #expect(all.firstIndex(of: "redraw") ?? 99 < all.firstIndex(of: "save-screen ") ?? 0)
        #expect(suggestions("dlq") == ["dead-letters"])
    }

    @Test("an empty line suggests everything but the prompt's own keys")
    func empty() { #expect(suggestions("").count == CommandTable.all.filter { $0.group != .prompt }.count) }

    @Test("after a name, what it takes: first what starts with the word, then what holds it")
    func arguments() {
        #expect(suggestions("entity ord") == ["entity orders", "entity order-events", "entity border"])
        #expect(suggestions("refresh x") == [])
    }
}
