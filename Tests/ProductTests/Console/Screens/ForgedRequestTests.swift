import ServiceBus
import Terminal
import Testing

@testable import CallboardCore
@testable import Console

/// A copy of a request that somebody put into the queue beside it: it has the same id, and is not what it claims to be.
@Suite struct ForgedRequestTests {
    private typealias Scene = RequestsFixture

    private static let genuine: AccessRequest = {
        var request = Scene.request(2, by: Scene.layla, on: Scene.queue("refunds"), backend: .cooperative)
        request.reference = "7"
        return request
    }()

    private static let copy: AccessRequest = {
        var request = genuine
        request.reference = "9"
        request.isForgery = true
        request.sentence = "Its signature is wrong."
        return request
    }()

    private func console(_ keys: String, _ lists: @escaping () -> [AccessRequest]) -> ConsoleHarness {
        Scene.console(keys, 40, 120) { request in
            request == .inbox ? .success([.inbox(Scene.inbox(waiting: lists()))]) : Scene.answer(request)
        }
    }

    private func denied(_ console: ConsoleHarness) -> [AccessRequest] {
        console.asked.compactMap { if case .decide(_, let request) = $0 { request } else { nil } }
    }

    @Test("a refresh leaves the copy selected, and a no to it is none to the request", arguments: [true, false])
    func selection(isCopyFirst: Bool) {
        let both = isCopyFirst ? [Self.copy, Self.genuine] : [Self.genuine, Self.copy]
        for reads in [both, both.reversed()] {
            var console = console("a" + (reads[0].isForgery ? "" : "j")) { reads }
            #expect(console.text.contains("it is not what it claims to be: X puts it aside"))
            console.type("<C-r>Xforged<Enter><C-s>")
            #expect(denied(console) == [Self.copy])
        }
    }

    @Test("the screen of a copy stays that of the copy while the list is read again")
    func screen() {
        var console = console("aj<Enter>") { [Self.genuine, Self.copy] }
        console.type("<C-r>")
        #expect(console.text.contains("it is not what it claims to be"))
        console.type("Xforged<Enter><C-s>")
        #expect(denied(console) == [Self.copy])
    }

    @Test("whoever it names puts it aside all the same, and can say nothing else to it")
    func naming() {
        var mine = Self.copy
        mine.requester = Scene.me
        mine.principal = Scene.me
        var console = console("aA") { [mine] }
        #expect(denied(console).isEmpty && console.text.contains("it is your own request"))
        console.type("Xforged<Enter><C-s>")
        #expect(denied(console).count == 1)
    }

    @Test("one that names oneself waits for oneself as well: nobody else would wonder")
    func inOwnName() {
        var mine = Self.copy
        mine.requester = Scene.me
        #expect(Scene.inbox(waiting: [mine]).toDecide == [mine])
        #expect(Scene.inbox(waiting: [mine]).news(since: Scene.inbox(waiting: [])).count == 1)
    }

    @Test("it is told of as what it is, and not as somebody's wish")
    func news() {
        let (before, now) = (Scene.inbox(waiting: [Self.genuine]), Scene.inbox(waiting: [Self.genuine, Self.copy]))
        #expect(now.news(since: before) == ["A request that is not what it claims lies in the queue: Its signature is wrong."])
    }
}
