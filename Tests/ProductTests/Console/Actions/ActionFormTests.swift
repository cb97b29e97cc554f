import ServiceBus
import Testing

@testable import CallboardCore
@testable import Console

/// What an action is told before it is planned.
@Suite struct ActionFormTests {
    @Test("move asks where to first; the plan is of what was filled in")
    func move() throws {
        var console = ConsoleHarness()
        console.type("<Enter>d<Space>am")
        #expect(console.line(0).contains("› move › form"))
        #expect(console.line(1).contains("needs to"))
        console.type("<C-s>")
        #expect(console.line(22).contains("it needs to") && console.proposals.isEmpty)
        console.type("<Enter>invoices<Enter>jjj<Enter>500/s<Enter>jj<Enter>INC-1<Enter><C-s>")
        let request = try #require(console.proposals.last)
        #expect(request.wish == .move(to: Fixture.path("invoices")) && request.rate == 500)
        console.type("<Enter>yes<Enter>")
        #expect(console.begun.last?.reason == "INC-1")
    }

    @Test("by name with a target it is planned at once; a target that is no name is told")
    func byName() throws {
        var console = ConsoleHarness()
        console.type("<Enter>d<Space>:redrive invoices<Enter>")
        #expect(try #require(console.proposals.last).wish == .redrive(to: Fixture.path("invoices")))
        console.type("q:move a//b<Enter>")
        #expect(console.proposals.count == 1)
        #expect(console.line(22).contains("an entity name is empty"))
    }

    @Test(
        "what is typed is checked where it is typed",
        arguments: [
            (ActionField.rate, "fast", "write messages a second: 500 or 500/s"), (.rate, "-1", "write messages a second"),
            (.rate, "9999999999999999999", "write messages a second"), (.before, "yesterday", "write a moment"),
            (.newIDs, "maybe", "yes or no"), (.target, "a//b", "an entity name is empty"),
            (.reason, String(repeating: "x", count: 1025), "that is too long"),
        ])
    func problems(_ field: ActionField, _ text: String, _ expected: String) throws {
        let subject = ActionSubject(path: Fixture.path("orders").deadLetter, messages: .all)
        let empty = ActionDraft(.redrive, subject)
        var draft = empty
        let problem = try #require(field.set(text, in: &draft, now: Fixture.now))
        #expect(problem.text.contains(expected))
        #expect(draft == empty)
    }

    @Test("a purge is before a moment, or of what is older than an age")
    func before() {
        var draft = ActionDraft(.purge, ActionSubject(path: Fixture.path("orders").deadLetter, messages: .all))
        let wish = { (text: String) -> ActionRequest.Wish? in
            #expect(ActionField.before.set(text, in: &draft, now: Fixture.now) == nil)
            return try? draft.request(now: Fixture.now).get().wish
        }
        #expect(wish("") == .purge(before: nil))
        #expect(wish("2h") == .purge(before: Fixture.now.advanced(by: .seconds(-7200))))
        #expect(wish("2026-11-23T03:00:00Z") == .purge(before: Timestamp(rfc3339: "2026-11-23T03:00:00Z")))
    }

    @Test("what destroys exports first, unless it is told not to")
    func exports() throws {
        var draft = ActionDraft(.purge, ActionSubject(path: Fixture.path("orders").deadLetter, messages: .all))
        #expect(try draft.request(now: Fixture.now).get().export == "")
        _ = ActionField.export.set("no", in: &draft, now: Fixture.now)
        #expect(try draft.request(now: Fixture.now).get().export == nil)
        _ = ActionField.export.set("/tmp/x.cbx", in: &draft, now: Fixture.now)
        #expect(try draft.request(now: Fixture.now).get().export == "/tmp/x.cbx")
    }

    @Test("an import goes to the entity, wherever one looks at")
    func importing() throws {
        var draft = ActionDraft(.importing, ActionSubject(path: Fixture.path("orders").deadLetter, messages: .none("")))
        draft.file = "kept.cbx"
        let request = try draft.request(now: Fixture.now).get()
        #expect(request.path == Fixture.path("orders") && request.wish == .importing(file: "kept.cbx"))
    }

    @Test("a dead letter on purpose wants a reason")
    func deadLetter() throws {
        var console = ConsoleHarness()
        console.type("<Enter>m<Space>aX")
        #expect(console.line(1).contains("needs dead-letter-reason"))
        console.type("<Enter>poison<Enter><C-s>")
        #expect(try #require(console.proposals.last).wish == .deadLetter(reason: "poison", description: nil))
    }
}
