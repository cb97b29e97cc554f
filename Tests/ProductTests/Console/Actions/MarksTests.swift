import ServiceBus
import Testing

@testable import CallboardCore
@testable import Console

/// Marks on lists of messages and of groups.
@Suite struct MarksTests {
    /// The dead letters of orders: 40 from 4770112 on, 20 from 4771000 on.
    private func messages(_ keys: String = "") -> ConsoleHarness {
        var console = ConsoleHarness()
        console.type("<Enter>d" + keys)
        return console
    }

    private func marked(_ console: ConsoleHarness) -> [Int64] {
        guard let screen = console.app.screens.last as? MessagesScreen else { return [] }
        return screen.marks.numbers.map(\.rawValue)
    }

    @Test("space marks the selected message and goes on; the number of marks is in the summary, and each has a sign")
    func toggle() {
        var console = messages("<Space><Space>")
        #expect(marked(console) == [4_770_112, 4_770_113])
        #expect(console.line(1).contains("● 2 marked"))
        #expect(console.line(3).hasPrefix(" ●4770112") && console.line(5).hasPrefix("▌ 4770114"))
        console.type("gg<Space>")
        #expect(marked(console) == [4_770_113])
    }

    @Test("V marks from the last mark to here, in both directions")
    func range() {
        #expect(marked(messages("jj<Space>jjV")) == Array(4_770_114...4_770_117))
        #expect(marked(messages("jjjj<Space>ggV")) == Array(4_770_112...4_770_116))
        var console = messages("V")
        #expect(console.line(22).contains("mark the first message of the range (space)"))
        console.type("u")
        #expect(console.line(22).contains("nothing is marked"))
    }

    @Test("* marks all shown, I inverts, u takes all away; what a filter hides is left as it is")
    func all() {
        var console = messages("*")
        #expect(marked(console).count == 60)
        console.type("u<Space>I")
        #expect(marked(console).count == 59 && !marked(console).contains(4_770_112))
        console.type("u/ttl<Enter>*")
        #expect(marked(console).count == 20)
        console.type("<Esc>I")
        #expect(marked(console).count == 40)
    }

    @Test("marks stay when the list is filtered and loaded again")
    func stay() {
        var console = messages("jj<Space><C-r>/OrderCancelled<Enter>")
        #expect(marked(console) == [4_770_114])
        console.type("<Esc>")
        #expect(console.text.contains("●4770114"))
    }

    @Test("marked groups: an action is on their members, called by what they have in common")
    func groups() throws {
        var console = ConsoleHarness()
        console.type("<Enter><Enter>c")
        let screen = try #require(console.app.screens.last as? GroupsScreen)
        let unmarked = try #require(screen.subjects(console.app.model).first)
        guard case .picked(let first, let title) = unmarked.messages else { return #expect(Bool(false), "the selected group is meant") }
        #expect(title.hasPrefix("\"MaxDeliveryCountExceeded: TimeoutException"))
        console.type("<Space><Space>")
        #expect(console.line(1).contains("● 2 causes marked"))
        let two = try #require((console.app.screens.last as? GroupsScreen)?.subjects(console.app.model).first)
        guard case .picked(let both, let titles) = two.messages else { return #expect(Bool(false), "two groups are meant") }
        #expect(both.count > first.count && first.allSatisfy { both.contains($0) })
        console.type("/ValidationFailed<Enter>")
        #expect(console.app.screens.last?.subjects(console.app.model) == [two], "what a filter hides is marked and meant all the same")
        #expect(console.line(1).contains("● 2 causes marked"))
        console.type("<Esc>")
        #expect(titles.hasPrefix("2 groups, the first \"MaxDeliveryCountExceeded: TimeoutException"))
        console.type("I")
        let others = try #require((console.app.screens.last as? GroupsScreen)?.subjects(console.app.model).first)
        guard case .picked(let rest, _) = others.messages else { return #expect(Bool(false), "the others are meant") }
        #expect(both.count + rest.count == Fixture.dead.count)
        console.type("zreason<Enter>")
        #expect(!console.line(1).contains("marked"), "other groups are not those that were marked")
    }
}
