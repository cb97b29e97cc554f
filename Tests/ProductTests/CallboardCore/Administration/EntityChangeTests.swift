import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Changes of entities")
struct EntityChangeTests {
    private let gateway = MemoryGateway()
    private let orders: EntityTarget
    private let rule: EntityTarget

    init() throws {
        orders = .queue(try .queue("orders"))
        rule = .rule("big", of: try .subscription(topic: "events", name: "audit"))
    }

    private func workspace(_ mode: AccessMode? = nil, isEmulator: Bool = true, isProduction: Bool = false) -> Workspace {
        let gateway = isEmulator ? gateway : MemoryGateway(NamespaceEndpoint(host: "contoso"))
        return Workspace(
            context: OperatorContext(name: "c", isProduction: isProduction, mode: mode), gateway: gateway,
            now: { Timestamp(milliseconds: 1) })
    }

    private func queue(_ elements: KeyValuePairs<String, String>, counts: EntityCounts? = nil, version: String = "1", createdAt: Int64 = 5)
        -> EntitySettings
    {
        var definition = EntityDefinition(.queue)
        for (name, value) in elements { definition[name] = value }
        var description = EntityDescription(path: orders.path, kind: .queue, counts: counts)
        description.createdAt = Timestamp(milliseconds: createdAt)
        description.settings = elements.map { .init(name: $0.key, value: $0.value) }
        return EntitySettings(orders, .entity(EntityRevision(description: description, definition: definition, version: version)))
    }

    private func settings(of filter: RuleDescription.Filter, _ action: RuleDescription.Action = .none) -> EntitySettings {
        EntitySettings(rule, .rule(RuleRevision(rule: RuleDescription(name: "big", filter: filter, action: action))))
    }

    private func lines(_ change: EntityChange) -> [String] {
        change.difference.map { "\($0.setting.name): \($0.before ?? "–") -> \($0.after ?? "–")" }
    }

    // MARK: Differences

    @Test("creating shows what was given, in the order of the table, and sends only that")
    func create() async throws {
        let change = try EntityChange.creating(
            orders, [SettingInput("max-delivery-count", "5"), SettingInput("lock-duration", "PT30S"), SettingInput("user-metadata", "")])
        #expect(lines(change) == ["lock-duration: – -> 30s", "max-delivery-count: – -> 5"])
        let workspace = workspace()
        let made = try await workspace.carryOut(change, with: workspace.leave(for: change.policyAction, on: change.target.path))
        #expect(made == change.after)
        let put = try #require(gateway.with { $0.put.first })
        #expect(!put.isUpdate)
        guard case .entity(let revision) = put.settings.content else { return #expect(Bool(false), "a queue is an entity") }
        #expect(revision.definition.settingElements.map { "\($0.name.local)=\($0.text)" } == ["LockDuration=PT30S", "MaxDeliveryCount=5"])
    }

    @Test("updating shows what becomes different, and sends everything else as it came")
    func update() async throws {
        let before = queue([
            "LockDuration": "PT1M", "Status": "Active", "ForwardTo": "https://ns/archive", "Future": "kept", "MessageCount": "7",
        ])
        gateway.with { [orders] in $0.settings[orders] = before }
        let change = try EntityChange.updating(
            before,
            [
                SettingInput("lock-duration", "60s"), SettingInput("status", "send-disabled"), SettingInput("forward-to", ""),
                SettingInput("user-metadata", "mine"),
            ])
        #expect(lines(change) == ["status: active -> send-disabled", "forward-to: archive -> –", "user-metadata: – -> mine"])
        #expect(change.consequences == ["Nobody can send to it."])
        let workspace = workspace()
        try await workspace.carryOut(change, with: workspace.leave(for: change.policyAction, on: change.target.path))
        let put = try #require(gateway.with { $0.put.first })
        #expect(put.isUpdate)
        guard case .entity(let revision) = put.settings.content else { return #expect(Bool(false), "a queue is an entity") }
        #expect(
            revision.definition.settingElements.map { "\($0.name.local)=\($0.text)" } == [
                "LockDuration=PT1M", "Status=SendDisabled", "Future=kept", "UserMetadata=mine",
            ])
        #expect(before.others.map(\.name) == ["Future", "MessageCount"])
    }

    @Test("an update that changes nothing sends nothing")
    func nothing() async throws {
        let before = queue(["LockDuration": "PT1M"])
        let change = try EntityChange.updating(before, [SettingInput("lock-duration", "1m")])
        #expect(change.isEmpty)
        let workspace = workspace()
        #expect(try await workspace.carryOut(change, with: workspace.leave(for: change.policyAction, on: change.target.path)) == before)
        #expect(gateway.with { $0.put.isEmpty })
    }

    @Test("what is fixed for life is refused before anything is sent")
    func fixed() throws {
        let before = queue(["RequiresSession": "false", "EnablePartitioning": "true"])
        #expect(try EntityChange.updating(before, [SettingInput("requires-session", "no"), SettingInput("partitioned", "true")]).isEmpty)
        let error = #expect(throws: OperatorError.self) { try EntityChange.updating(before, [SettingInput("requires-session", "true")]) }
        #expect(error?.message == "requires-session of queue orders is false for good: it is fixed when a queue is created.")
        #expect(throws: OperatorError.self) { try EntityChange.updating(before, [SettingInput("requires-duplicate-detection", "true")]) }
        let twice = #expect(throws: OperatorError.self) {
            try EntityChange.updating(before, [SettingInput("status", "active"), SettingInput("status", "disabled")])
        }
        #expect(twice?.message == "status is given twice.")
    }

    @Test("removing says what is lost")
    func remove() async throws {
        let before = queue(["LockDuration": "PT1M"], counts: EntityCounts(active: 3, deadLetter: 50_000))
        gateway.with { [orders] in $0.settings[orders] = before }
        let change = EntityChange.removing(before)
        #expect(lines(change) == ["lock-duration: 1m -> –"])
        #expect(change.consequences == ["Its messages are lost: 3 active, 50000 dead-lettered."])
        let workspace = workspace()
        #expect(try await workspace.carryOut(change, with: workspace.leave(for: change.policyAction, on: change.target.path)) == nil)
        #expect(gateway.with { $0.removed } == [orders])
        let gone = await #expect(throws: OperatorError.self) {
            try await workspace.carryOut(change, with: workspace.leave(for: change.policyAction, on: change.target.path))
        }
        #expect(gone?.code == .notFound)
    }

    // MARK: Conflicts

    @Test("a change worked out on settings that are no longer so is not sent")
    func conflict() async throws {
        let before = queue(["LockDuration": "PT1M", "MessageCount": "1"])
        let change = try EntityChange.updating(before, [SettingInput("max-delivery-count", "5")])
        let changed = queue(["LockDuration": "PT2M", "MessageCount": "2"], version: "2")
        gateway.with { [orders] in $0.settings[orders] = changed }
        let workspace = workspace()
        let error = await #expect(throws: OperatorError.self) {
            try await workspace.carryOut(change, with: workspace.leave(for: change.policyAction, on: change.target.path))
        }
        #expect(error?.code == .conflict)
        #expect(
            error?.message == "Somebody else changed queue orders since it was looked at: lock-duration was 1m and is 2m. Nothing was sent."
        )
        #expect(gateway.with { $0.put.isEmpty })
    }

    @Test("messages that came meanwhile are no conflict; what is not known here is one")
    func unknownConflict() async throws {
        let before = queue(["LockDuration": "PT1M", "MessageCount": "1", "Future": "a"])
        let change = try EntityChange.updating(before, [SettingInput("max-delivery-count", "5")])
        let workspace = workspace()
        let changed = queue(["LockDuration": "PT1M", "MessageCount": "9", "Future": "b"], version: "2", createdAt: 5)
        gateway.with { [orders] in $0.settings[orders] = changed }
        let error = await #expect(throws: OperatorError.self) {
            try await workspace.carryOut(change, with: workspace.leave(for: change.policyAction, on: change.target.path))
        }
        #expect(error?.message.contains("a setting that is not shown here is different") == true)
        let counted = queue(["LockDuration": "PT1M", "MessageCount": "9", "Future": "a"], version: "2", createdAt: 5)
        gateway.with { [orders] in $0.settings[orders] = counted }
        #expect(try await workspace.carryOut(change, with: workspace.leave(for: change.policyAction, on: change.target.path)) != nil)
    }

    @Test("another entity of the same name is not removed")
    func recreated() async throws {
        let change = EntityChange.removing(queue(["LockDuration": "PT1M"]))
        let recreated = queue(["LockDuration": "PT1M"], version: "2", createdAt: 6)
        gateway.with { [orders] in $0.settings[orders] = recreated }
        let workspace = workspace()
        let error = await #expect(throws: OperatorError.self) {
            try await workspace.carryOut(change, with: workspace.leave(for: change.policyAction, on: change.target.path))
        }
        #expect(error?.code == .conflict)
        #expect(gateway.with { $0.removed.isEmpty })
    }

    @Test("a name of another kind is a mistake, not an entity")
    func otherKind() async throws {
        let settings = queue([:])
        let topic = EntityTarget.topic(orders.path)
        gateway.with { $0.settings[topic] = settings }
        let error = await #expect(throws: OperatorError.self) { try await workspace().settings(of: topic) }
        #expect(error?.message == "orders is a queue, not a topic.")
    }

    // MARK: Rules

    @Test("settings of rules make filters: what is given says which kind")
    func rules() throws {
        func made(_ inputs: [SettingInput]) throws -> RuleDescription? { try EntityChange.creating(rule, inputs).after?.rule }
        #expect(try made([])?.filter == .all)
        #expect(
            try made([SettingInput("sql", "a > @n"), SettingInput("parameters", "@n:long=3")])?.filter
                == .sql(expression: "a > @n", parameters: [.init(name: "@n", type: "long", value: "3")]))
        #expect(
            try made([SettingInput("subject", "OrderPlaced"), SettingInput("properties", "region=eu")])?.filter
                == .correlation([.init(name: "Label", value: "OrderPlaced")], properties: [.init(name: "region", value: "eu")]))
        #expect(try made([SettingInput("action", "SET a = 1")])?.action == .sql(expression: "SET a = 1", parameters: []))
        let old = settings(
            of: .correlation([.init(name: "Label", value: "A"), .init(name: "Newer", value: "n")], properties: []),
            .sql(expression: "SET a = 1", parameters: []))
        let change = try EntityChange.updating(old, [SettingInput("subject", ""), SettingInput("to", "here"), SettingInput("action", "")])
        #expect(lines(change) == ["subject: A -> –", "to: – -> here", "action: SET a = 1 -> –"])
        #expect(
            change.after?.rule?.filter
                == .correlation([.init(name: "Newer", value: "n"), .init(name: "To", value: "here")], properties: []),
            "what is not known stays")
        #expect(change.after?.rule?.action == RuleDescription.Action.none)
    }

    @Test(
        "settings of rules that make no filter together are refused",
        arguments: [
            ([SettingInput("sql", "a = 1"), SettingInput("subject", "x")], "sql and parameters belong to a filter of kind sql"),
            ([SettingInput("filter", "all"), SettingInput("sql", "a = 1")], "sql and parameters belong"),
            ([SettingInput("filter", "none"), SettingInput("subject", "x")], "filter of kind correlation, not none"),
            ([SettingInput("sql", "a = ")], "sql, "), ([SettingInput("sql", "a = @b")], "sql, "),
            ([SettingInput("action", "SET")], "action, "),
            ([SettingInput("subject", "")], "needs at least one condition"), ([SettingInput("filter", "sql")], "needs a condition"),
            ([SettingInput("action-parameters", "a=1")], "need an action"),
        ])
    func wrongRules(inputs: [SettingInput], message: String) {
        let error = #expect(throws: OperatorError.self) { try EntityChange.creating(rule, inputs) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        #expect(error?.code == .usage)
    }

    @Test("a filter of a kind that cannot be sent back is not sent back, unless it is replaced")
    func unknownFilter() throws {
        let old = settings(of: .other(type: "GeoFilter"))
        let error = #expect(throws: OperatorError.self) { try EntityChange.updating(old, [SettingInput("action", "SET a = 1")]) }
        #expect(error?.message.contains("GeoFilter") == true)
        #expect(
            try EntityChange.updating(old, [SettingInput("sql", "a = 1")]).after?.rule?.filter == .sql(expression: "a = 1", parameters: []))
    }

    // MARK: Leave

    @Test("leave to change one namespace is none to change another")
    func otherNamespace() async throws {
        let permission = try workspace(isEmulator: false).leave(for: .createEntity, on: orders.path)
        let change = try EntityChange.creating(orders, [])
        let error = await #expect(throws: OperatorError.self) { try await workspace().carryOut(change, with: permission) }
        #expect(error?.code == .refused)
        #expect(gateway.with { $0.put.isEmpty })
    }

    @Test("entities come page by page")
    func pages() async throws {
        let all = try (0..<5).map { EntityDescription(path: try .queue("q\($0)"), kind: .queue) }
        gateway.with {
            $0.descriptions = all
            $0.pageLimit = 2
        }
        var sizes: [Int] = []
        for try await page in workspace().entityPages() { sizes.append(page.count) }
        #expect(sizes == [2, 2, 1])
    }
}
