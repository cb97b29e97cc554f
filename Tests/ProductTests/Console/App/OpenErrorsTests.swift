import ServiceBus
import Testing

@testable import CallboardCore
@testable import Console

/// The errors that the top line tells of.
@Suite struct OpenErrorsTests {
    private typealias Scene = RequestsFixture

    private static let refused = OperatorError(.notPermitted, "Looking into invoices: Unauthorized access.", neededRight: "Listen")

    private func console(_ keys: String, respond: @escaping (Request) -> Result<[Answer], OperatorError>?) -> ConsoleHarness {
        var console = ConsoleHarness(rows: 24, columns: 140, title: AccessFixture.title()) { request in
            if case .connect = request { return .success([.connected(AccessFixture.title()), .changes(refusal: nil)]) }
            return respond(request)
        }
        console.type(keys)
        return console
    }

    private static func refusing(_ request: Request) -> Result<[Answer], OperatorError>? {
        if case .scan(let path, _, _) = request, path.entity == Fixture.path("invoices") { return .failure(refused) }
        return ConsoleHarness.usual(request)
    }

    @Test("a refusal that a grant has mended is told of no more when looking works; the log keeps it")
    func mended() {
        var console = console("ge/invoices<Enter>m") { Self.refusing($0) }
        #expect(console.line(0).contains("! 1 error (L)"))
        console.type("<C-r>")
        #expect(console.line(0).contains("! 2 errors (L)"))
        console.respond = { ConsoleHarness.usual($0) }
        console.type("<C-r>")
        #expect(!console.line(0).contains("error"))
        #expect(console.app.model.log.count { $0.level == .error } == 2)
    }

    @Test("that the namespace says the role counts is enough")
    func proved() {
        var console = console("ge/invoices<Enter>m") { Self.refusing($0) }
        #expect(console.app.model.unreadErrors == 1)
        console.respond = { request in
            if case .probe = request { return .success([.probed(.allowed)]) }
            return request == .inbox ? .success([.inbox(Scene.inbox())]) : Self.refusing(request)
        }
        console.type("ga<C-r>")
        #expect(console.asked.contains(.probe(Fixture.path("invoices"), .serviceBus(.receiver))))
        #expect(console.app.model.unreadErrors == 0)
    }

    @Test("looking at the log is enough; what fails afterwards counts again")
    func looked() {
        var console = console("ge/invoices<Enter>m") { Self.refusing($0) }
        console.type("Lq")
        #expect(console.app.model.unreadErrors == 0)
        console.type("<C-r>")
        #expect(console.app.model.unreadErrors == 1)
    }

    @Test("what works elsewhere mends nothing; of what nothing mends the count stays")
    func others() {
        var errors = OpenErrors()
        errors.add(.looking(Fixture.path("invoices")))
        errors.add(.looking(Fixture.path("invoices")))
        errors.add(nil)
        errors.mend(.looking(Fixture.path("orders")))
        #expect(errors.count == 3)
        errors.mend(.looking(Fixture.path("invoices")))
        #expect(errors.count == 1)
        for number in 0..<5000 { errors.add(.looking(Fixture.path("queue-\(number)"))) }
        #expect(errors.count == 5001)
    }

    @Test("of what is under way nothing is kept when it has ended")
    func bounded() {
        let console = console("ge/invoices<Enter>mqqgaqgkq") { Self.refusing($0) }
        #expect(console.waiting.isEmpty && console.app.model.subjects.isEmpty)
    }

    @Test("what failed and went well the second time is told of no more; on 80 columns until when one has a role goes before who one is")
    func secondTime() {
        var console = Scene.console("a<Tab><Tab>jDdone<Enter><C-s>", 24, 80) { request in
            if case .endAccess = request { return .failure(OperatorError(.service, "It is too young to be ended.")) }
            return Scene.answer(request)
        }
        #expect(console.line(0).contains("! 1 error (L) · PIM until 04:10Z · read-only"))
        console.respond = { Scene.answer($0) ?? ConsoleHarness.usual($0) }
        console.type("<C-s>")
        #expect(console.app.model.unreadErrors == 0)
    }
}
