import ServiceBus
import Testing

@testable import CallboardCore
@testable import Console

/// The body of a message, edited and sent again.
@Suite struct BodyEditTests {
    private let place = MessagePlace(path: Fixture.path("orders").deadLetter, number: SequenceNumber(4_770_112))

    private func edits(_ console: ConsoleHarness) -> [String] {
        console.effects.compactMap { if case .edit(let text) = $0 { text } else { nil } }
    }

    private func editing() -> ConsoleHarness {
        var console = ConsoleHarness()
        console.type("<Enter>d<Enter>e")
        return console
    }

    @Test("e on a message gives its body to the editor; what comes back is planned as one message with a new body")
    func edited() throws {
        var console = editing()
        #expect(edits(console) == [Fixture.json])
        console.send(.edited(.edited("{}")))
        #expect(console.asked.contains(.edited(place, "{}")))
        let request = try #require(console.proposals.last)
        #expect(request.body == .data(Array("{}".utf8)))
        #expect(request.wish == .redrive(to: nil) && request.choice == .numbers(SequenceNumberSet([place.number]), title: "#4770112"))
        #expect(console.line(0).contains("› plan"))
    }

    @Test("a message that is no dead letter is sent again to where it is")
    func active() throws {
        var console = ConsoleHarness()
        console.type("<Enter>m<Enter>e")
        console.send(.edited(.edited("{}")))
        #expect(try #require(console.proposals.last).wish == .move(to: Fixture.path("orders")))
    }

    @Test("a body that was left as it was is not sent")
    func unchanged() {
        var console = editing()
        console.send(.edited(.edited(Fixture.json)))
        #expect(console.line(22).contains("The body was left as it was: nothing is sent."))
        #expect(console.proposals.isEmpty)
    }

    @Test("what cannot be edited says why, and no editor opens")
    func refused() {
        var console = ConsoleHarness { request in
            guard case .editable = request else { return ConsoleHarness.usual(request) }
            return .failure(
                OperatorError(.refused, "The body of #1 cannot be edited: it is a typed value.", hint: "Send it again as it is."))
        }
        console.type("<Enter>d<Enter>e")
        #expect(edits(console).isEmpty)
        #expect(console.line(22).contains("cannot be edited: it is a typed value"))
    }

    @Test("what was typed and could not be taken is not lost: e goes on with it")
    func kept() {
        var console = ConsoleHarness { request in
            guard case .edited = request else { return ConsoleHarness.usual(request) }
            return .failure(OperatorError(.usage, "The edited body is not JSON any more.", hint: "Edit it again."))
        }
        console.type("<Enter>d<Enter>e")
        console.send(.edited(.edited("{")))
        #expect(console.line(22).contains("is not JSON any more"))
        console.type("e")
        #expect(edits(console) == [Fixture.json, "{"])
    }

    @Test("a body comes to no other message: while one is looked at, no edit is begun")
    func oneAtATime() throws {
        var console = ConsoleHarness { request in if case .editable = request { nil } else { ConsoleHarness.usual(request) } }
        console.type("<Enter>d<Enter>eeqj<Enter>e")
        #expect(console.line(22).contains("the body of #4770112 is being edited"))
        #expect(console.asked.count { if case .editable = $0 { true } else { false } } == 1)
        console.answer(.success([.editable("of the first")])) { if case .editable = $0 { true } else { false } }
        #expect(edits(console) == ["of the first"])
        console.send(.edited(.edited("{}")))
        #expect(console.asked.contains(.edited(place, "{}")))
        #expect(try #require(console.proposals.last).choice == .numbers(SequenceNumberSet([place.number]), title: "#4770112"))
    }

    @Test("what was typed of one message outlasts the edit of another")
    func keptByMessage() {
        var console = ConsoleHarness { request in
            guard case .edited = request else { return ConsoleHarness.usual(request) }
            return .failure(OperatorError(.usage, "The edited body is not JSON any more.", hint: "Edit it again."))
        }
        console.type("<Enter>d<Enter>e")
        console.send(.edited(.edited("{")))
        console.type("qj<Enter>e")
        console.send(.edited(.edited(Fixture.json)))
        console.type("qk<Enter>e")
        #expect(edits(console) == [Fixture.json, Fixture.json, "{"])
    }

    @Test("of more messages than anybody edits at once, what was typed first is let go")
    func bounded() {
        var bodies = BodyEdits()
        let places = (1...Int64(BodyEdits.most + 1)).map { MessagePlace(path: Fixture.path("orders"), number: SequenceNumber($0)) }
        for place in places {
            _ = bodies.begin(ActionSubject(path: place.path, messages: .all), place)
            _ = bodies.open("", of: place)
            bodies.leave(keeping: "typed")
        }
        #expect(places.map { bodies.begin(ActionSubject(path: $0.path, messages: .all), $0) == nil } == places.map { $0 == places[0] })
    }

    @Test("an editor that fails loses nothing: e goes on with what was in its file")
    func failingEditor() {
        var console = editing()
        console.send(.edited(.failed(OperatorError(.cancelled, "The editor ended with an error: nothing was done."), typed: "{ half")))
        #expect(console.line(22).contains("The editor ended with an error: nothing was done. e goes on with what"))
        console.type("e")
        #expect(edits(console) == [Fixture.json, "{ half"])
        console.send(.edited(.failed(OperatorError(.usage, "vi was not found."), typed: "{ half")))
        console.type("e")
        #expect(edits(console) == [Fixture.json, "{ half", "{ half"])
        #expect(console.proposals.isEmpty)
    }

    @Test("a list has no one message to edit")
    func list() {
        var console = ConsoleHarness()
        console.type("<Enter>d<Space><Space>a")
        #expect(console.text.contains("✕ open one message to edit it"))
    }
}
