import Foundation
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore
@testable import Console

/// What the console asks, answered by a workspace.
@Suite struct WorkspaceSourceTests {
    /// Where ledger and journals go, removed with the test.
    private let state: TemporaryFolder

    init() throws { state = try TemporaryFolder() }

    private let gateway = MemoryGateway(
        NamespaceEndpoint(host: "sb-retail", isEmulator: false), MemoryGateway.State(descriptions: [Fixture.orders]))

    private func source(_ context: OperatorContext, allowsChanges: Bool = false) -> WorkspaceSource {
        let gateway = gateway
        return WorkspaceSource(
            themes: ThemeLibrary(folders: []), allowsChanges: allowsChanges, environment: ["XDG_STATE_HOME": state.path],
            now: { Fixture.now }
        ) {
            Workspace(context: context, gateway: gateway, now: { Fixture.now })
        }
    }

    private func answers(_ source: WorkspaceSource, _ request: Request) async throws -> [Answer] {
        let answers = Mutex<[Answer]>([])
        try await source.perform(request) { answer in answers.withLock { $0.append(answer) } }
        return answers.withLock { $0 }
    }

    /// What the model of a console says of changes once it is connected.
    private func model(_ source: WorkspaceSource) async throws -> Model {
        var model = Model()
        for answer in try await answers(source, .connect) {
            if case .changes(let refusal, let guardrails) = answer { (model.changeRefusal, model.guardrails) = (refusal, guardrails) }
        }
        return model
    }

    private static let nothingSaid =
        "refused by built-in:read-only. Name a policy with 'policy' in the configuration file, or set 'mode: read-write' for the context."
    private static let readOnly = "refused by built-in:read-only. Set 'mode: read-write' for it in the configuration file."
    private static let production = "'retail' is production; start with --allow-changes"

    @Test(
        "says why nothing may be changed, and what it takes: --allow-changes is for production, and opens nothing else",
        arguments: [
            (nil, false, false, nothingSaid), (nil, false, true, nothingSaid), (.readWrite, false, false, nil),
            (.readWrite, true, false, production), (.readWrite, true, true, nil), (nil, true, true, nothingSaid),
            (.readOnly, false, true, readOnly), (.readOnly, true, false, production),
        ] as [(AccessMode?, Bool, Bool, String?)])
    func permission(_ mode: AccessMode?, _ isProduction: Bool, _ allowed: Bool, _ expected: String?) async throws {
        let context = OperatorContext(name: "retail", isProduction: isProduction, mode: mode)
        let model = try await model(source(context, allowsChanges: allowed))
        #expect(model.contextRefusal == expected)
        #expect(model.refusal(of: .redriveMessage, on: Fixture.path("orders").deadLetter)?.clause == expected)
    }

    @Test("a policy that cannot be used refuses every change, and says what is wrong with it")
    func brokenPolicy() async throws {
        var context = OperatorContext(name: "retail", mode: .readWrite)
        context.policyPath = "/nowhere/policy.yaml"
        let refusal = try #require(try await model(source(context)).contextRefusal)
        #expect(refusal.contains("/nowhere/policy.yaml"))
    }

    @Test("carries nothing out without leave, whatever the screen asks")
    func carryOut() async throws {
        let change = EntityChange.removing(Fixture.settings(.queue(Fixture.path("orders"))))
        let source = source(OperatorContext(name: "retail"))
        await #expect(throws: OperatorError.self) { try await answers(source, .carryOut(change)) }
        #expect(gateway.with { $0.removed.isEmpty })
        let history = try await history(source)
        #expect(history.map(\.type) == ["entity.delete.refused"])
        #expect(history.first?["rule"] == "built-in:read-only")
    }

    @Test("what is carried out is in the ledger before and after, with the rule that allowed it")
    func ledger() async throws {
        gateway.with { $0.settings[.queue(Fixture.path("orders"))] = Fixture.settings(.queue(Fixture.path("orders"))) }
        let change = EntityChange.removing(Fixture.settings(.queue(Fixture.path("orders"))))
        let source = source(OperatorContext(name: "retail", mode: .readWrite))
        _ = try await answers(source, .carryOut(change))
        let history = try await history(source)
        #expect(history.map(\.type) == ["entity.delete.done", "entity.delete.intended"])
        #expect(history.allSatisfy { $0["rule"] == "built-in:read-write context" && $0.entity == "orders" })
    }

    @Test("an export of all is held against max_messages, and takes the reason and the ticket that the policy wants")
    func export() async throws {
        var context = OperatorContext(name: "retail", mode: .readWrite)
        context.policyPath = try state.write(
            "policy.yaml",
            """
            version: 1
            allow:
              - {id: few, who: [anyone], action: [message.export], scope: "**", max_messages: 10, reason: required, ticket: "INC-[0-9]+"}
            """)
        let (source, queue, file) = (source(context), Fixture.path("orders").deadLetter, state.path + "/kept.cbx")
        gateway.with { $0.messages[queue] = Fixture.dead }
        let refusal = { (numbers: SequenceNumberSet?, why: Justification) async -> OperatorError? in
            await #expect(throws: OperatorError.self) {
                try await answers(source, .export(queue, numbers, to: file, why))
            }
        }
        let few = SequenceNumberSet(Fixture.dead.prefix(3).map(\.sequenceNumber))
        #expect(Justification.Part(wantedBy: try #require(await refusal(few, Justification()))) == .reason)
        #expect(Justification.Part(wantedBy: try #require(await refusal(few, Justification(reason: "why", ticket: "7")))) == .ticket)
        let justification = Justification(reason: "why", ticket: "INC-7")
        let tooMany = try #require(await refusal(nil, justification))
        #expect(tooMany.code == .refused && tooMany.message.contains("[messages>10]"))
        #expect(Justification.Part(wantedBy: tooMany) == nil)
        #expect(!FileManager.default.fileExists(atPath: file))
        guard case .exported(let summary)? = try await answers(source, .export(queue, few, to: file, justification)).last else {
            return #expect(Bool(false), "it is written")
        }
        #expect(summary.count == 3)
    }

    private func history(_ source: WorkspaceSource) async throws -> [HistoryEntry] {
        for answer in try await answers(source, .history) { if case .history(let history) = answer { return history.entries } }
        return []
    }

    @Test("who has access is worked out before it is handed to the screens, and told part by part")
    func access() async throws {
        let gateway = gateway
        let source = WorkspaceSource(themes: ThemeLibrary(folders: []), environment: [:], now: { Fixture.now }) {
            Workspace(
                context: OperatorContext(name: "retail"), gateway: gateway, access: ScriptedAccess(scene: AccessFixture.scene),
                now: { Fixture.now })
        }
        let answers = try await answers(source, .access)
        let parts = answers.compactMap { answer -> AccessPart? in if case .accessPart(let part) = answer { part } else { nil } }
        #expect(parts == [.catalogue, .namespace])
        guard case .access(let snapshot)? = answers.last else { return #expect(Bool(false), "the snapshot is last") }
        #expect(snapshot.row(of: Fixture.path("orders")) != nil && !snapshot.report.findings.isEmpty && snapshot.asOf == Fixture.now)
    }

    @Test("with a connection string nobody can say who has access")
    func noAccess() async throws {
        let source = source(OperatorContext(name: "retail"))
        let error = await #expect(throws: OperatorError.self) { try await answers(source, .access) }
        #expect(error?.code == .usage)
    }

    @Test("with a connection string nobody can say how old keys are; of break-glass the ledger tells in any context")
    func keysAndEmergencies() async throws {
        let source = source(OperatorContext(name: "retail"))
        let error = await #expect(throws: OperatorError.self) { try await answers(source, .keys) }
        #expect(error?.code == .usage)
        guard case .emergencies(let uses)? = try await answers(source, .emergencies).last else {
            return #expect(Bool(false), "the ledger is looked at")
        }
        #expect(uses.isEmpty)
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

    @Test("gives the services before anybody is asked for counts, the first time only")
    func outline() async throws {
        var context = OperatorContext(name: "retail")
        context.catalogueText = "apiVersion: v1\nkind: Component\nmetadata: {name: checkout}\nspec: {type: service, owner: team}\n"
        let source = source(context)
        guard case .outline(let board)? = try await answers(source, .overview).first else {
            return #expect(Bool(false), "the services come first")
        }
        #expect(board.rows.map(\.service.name) == ["checkout"] && board.totals.value == nil)
        guard case .overview? = try await answers(source, .overview).first else {
            return #expect(Bool(false), "they are known by then")
        }
    }

    @Test("a role that would be given at once is not asked for in production without leave")
    func assignment() async throws {
        let source = source(OperatorContext(name: "retail", isProduction: true, mode: .readWrite))
        let wish = AccessWish(
            entity: Fixture.path("orders"), role: .receiver, principal: nil, duration: .seconds(1800), reason: "why", ticket: nil)
        let error = await #expect(throws: OperatorError.self) {
            _ = try await answers(source, .ask(RequestsFixture.proposal(wish, way: .assignment)))
        }
        #expect(error?.code == .refused && error?.message.contains("start with --allow-changes") == true)
    }
}
