import Testing

@testable import Console

@Suite struct CommandTableTests {
    @Test("every command is in the table, once")
    func complete() {
        #expect(Set(CommandTable.all.map(\.id)) == Set(CommandID.allCases))
        #expect(CommandTable.all.count == CommandID.allCases.count)
    }

    @Test("names and aliases are unique")
    func uniqueNames() {
        let names = CommandTable.all.flatMap { [$0.id.rawValue] + $0.aliases }
        #expect(names.count == Set(names).count)
    }

    @Test("every command has words for hints and a sentence for help", arguments: CommandTable.all.map(\.id))
    func words(_ id: CommandID) throws {
        let command = try #require(CommandTable.command(id))
        #expect(!command.title.isEmpty)
        #expect(command.help.hasSuffix(".") && command.help.first?.isUppercase == true)
        #expect(!command.contexts.isEmpty)
    }

    @Test("every command can be reached: by a key wherever it applies, or by its name", arguments: CommandTable.all.map(\.id))
    func reachable(_ id: CommandID) throws {
        let command = try #require(CommandTable.command(id))
        let keymap = Keymap()
        for context in command.contexts {
            let hasKey = !keymap.keys(of: id, in: context).isEmpty
            // What is done with messages has a key in the menu of actions, which has one wherever it can be done.
            let isInMenu = !keymap.keys(of: id, in: .actions).isEmpty && !keymap.keys(of: .actions, in: context).isEmpty
            #expect(hasKey || isInMenu || (command.group != .prompt && command.argument != nil), "\(id.rawValue) on \(context.rawValue)")
        }
        if command.group != .prompt { #expect(CommandTable.command(named: id.rawValue)?.id == id) }
    }

    @Test("only commands that need an argument, or have one in the menu of actions, have no key")
    func keysAreRead() {
        #expect(CommandTable.all.filter { $0.keys.isEmpty }.allSatisfy { $0.needsArgument || $0.moreKeys[.actions] != nil })
        #expect(CommandTable.command(.first)?.keys.map(\.description) == ["gg", "<Home>"])
        #expect(CommandTable.command(.pageDown)?.moreKeys[.message]?.map(\.description) == ["<Space>"])
    }

    @Test("every screen says how to leave, how to get help, and how to quit")
    func essentials() {
        for context in KeyContext.allCases where context != .prompt {
            for id in [CommandID.back, .help, .quit, .commandLine, .stop] {
                #expect(CommandTable.command(id)?.contexts.contains(context) == true)
            }
        }
    }
}
