import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore
@testable import Console

/// What the console asks, answered by a workspace.
@Suite struct WorkspaceSourceTests {
    private let gateway = MemoryGateway(
        NamespaceEndpoint(host: "sb-retail", isEmulator: false), MemoryGateway.State(descriptions: [Fixture.orders]))

    private func source(_ context: OperatorContext, allowsChanges: Bool = false) -> WorkspaceSource {
        let gateway = gateway
        return WorkspaceSource(themes: ThemeLibrary(folders: []), allowsChanges: allowsChanges, now: { Fixture.now }) {
            Workspace(context: context, gateway: gateway, now: { Fixture.now })
        }
    }

    private func answers(_ source: WorkspaceSource, _ request: Request) async throws -> [Answer] {
        let answers = Mutex<[Answer]>([])
        try await source.perform(request) { answer in answers.withLock { $0.append(answer) } }
        return answers.withLock { $0 }
    }

    private func refusal(_ source: WorkspaceSource) async throws -> String? {
        for answer in try await answers(source, .connect) { if case .changes(let refusal) = answer { return refusal } }
        Issue.record("nothing was said about changes")
        return nil
    }

    @Test(
        "says why nothing may be changed, and what it takes",
        arguments: [
            (nil, false, false, "'retail' is read-only; start with --allow-changes"), (nil, false, true, nil),
            (.readWrite, false, false, nil), (.readWrite, true, false, "'retail' is production; start with --allow-changes"),
            (.readWrite, true, true, nil), (.readOnly, false, true, "the configuration makes 'retail' read-only"),
        ] as [(AccessMode?, Bool, Bool, String?)])
    func permission(_ mode: AccessMode?, _ isProduction: Bool, _ allowed: Bool, _ expected: String?) async throws {
        let context = OperatorContext(name: "retail", isProduction: isProduction, mode: mode)
        #expect(try await refusal(source(context, allowsChanges: allowed)) == expected)
    }

    @Test("carries nothing out without leave, whatever the screen asks")
    func carryOut() async throws {
        let change = EntityChange.removing(Fixture.settings(.queue(Fixture.path("orders"))))
        let source = source(OperatorContext(name: "retail"))
        await #expect(throws: OperatorError.self) { try await answers(source, .carryOut(change)) }
        #expect(gateway.with { $0.removed.isEmpty })
    }

    @Test("gives a first page of entities before all of them, the first time only")
    func glimpse() async throws {
        let source = source(OperatorContext(name: "retail"))
        let kinds = { (answers: [Answer]) in
            answers.map { answer in
                switch answer {
                case .glimpse: "glimpse"
                case .overview: "overview"
                default: "other"
                }
            }
        }
        // Of one listing: a page of a hundred entities costs ten credits, whoever looks at it. The second overview has ages in it.
        #expect(kinds(try await answers(source, .overview)) == ["glimpse", "overview", "overview"])
        #expect(gateway.with { $0.listings } == 1)
        #expect(kinds(try await answers(source, .overview)) == ["overview"])
        #expect(gateway.with { $0.listings } == 2)
    }
}
