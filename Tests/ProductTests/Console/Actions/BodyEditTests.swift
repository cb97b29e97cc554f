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
        console.send(.edited(.success("{}")))
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
        console.send(.edited(.success("{}")))
        #expect(try #require(console.proposals.last).wish == .move(to: Fixture.path("orders")))
    }

    @Test("a body that was left as it was is not sent")
    func unchanged() {
        var console = editing()
        console.send(.edited(.success(Fixture.json)))
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
        console.send(.edited(.success("{")))
        #expect(console.line(22).contains("is not JSON any more"))
        console.type("e")
        #expect(edits(console) == [Fixture.json, "{"])
    }

    @Test("a list has no one message to edit")
    func list() {
        var console = ConsoleHarness()
        console.type("<Enter>d<Space><Space>a")
        #expect(console.text.contains("✕ open one message to edit it"))
    }
}
