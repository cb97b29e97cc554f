import CallboardCore
import ServiceBus
import Terminal

@testable import Console

/// A small estate that the console's tests walk through, and a clock that stands still.
enum Fixture {
    /// 2026-11-23T03:12:44Z.
    static let now = Timestamp(rfc3339: "2026-11-23T03:12:44Z") ?? Timestamp(milliseconds: 0)

    static func title(isProduction: Bool = false) -> ContextTitle {
        ContextTitle(
            name: "retail", endpoint: "sb-retail", environment: isProduction ? "prod" : "demo", isProduction: isProduction,
            mode: isProduction ? .readOnly : .readWrite, identity: "dana@contoso", isEmulator: !isProduction)
    }

    static func path(_ text: String) -> EntityPath {
        guard let path = try? EntityPath(parsing: text) else { preconditionFailure("not an entity path: \(text)") }
        return path
    }

    static func entity(
        _ text: String, _ kind: EntityDescription.Kind = .queue, dead: Int64 = 0, active: Int64 = 0, scheduled: Int64 = 0,
        transferDead: Int64 = 0, status: EntityStatus = .active
    ) -> EntityDescription {
        EntityDescription(
            path: path(text), kind: kind, status: status,
            counts: EntityCounts(active: active, deadLetter: dead, scheduled: scheduled, transferDeadLetter: transferDead))
    }

    static var orders: EntityDescription {
        var orders = entity("orders", dead: 50_012, active: 1_830, scheduled: 12)
        orders.settings = [
            .init(name: "LockDuration", value: "PT1M"), .init(name: "MaxDeliveryCount", value: "10"),
            .init(name: "DefaultMessageTimeToLive", value: "P14D"), .init(name: "RequiresSession", value: "false"),
        ]
        orders.lockDuration = .seconds(60)
        orders.maxDeliveryCount = 10
        orders.defaultTimeToLive = .seconds(14 * 86_400)
        return orders
    }

    static var entities: [EntityDescription] {
        var topic = entity("order-events", .topic)
        topic.subscriptionCount = 2
        var refunds = entity("refunds", dead: 17, transferDead: 17)
        refunds.forwardTo = "ledger"
        return [
            entity("audit-old", active: 3), entity("invoices", dead: 188, active: 12), topic,
            entity("order-events/Subscriptions/billing", .subscription, dead: 4, active: 2),
            entity("order-events/Subscriptions/search", .subscription), orders, refunds,
            entity("shipments", active: 402, status: .receiveDisabled),
        ]
    }

    static func service(_ name: String, owner: String?, onCall: String?, entities: [String]) -> ServiceSummary {
        ServiceSummary(
            ref: "component:default/\(name)", name: name, summary: "The \(name) service.", owner: owner, onCall: onCall, system: "retail",
            lifecycle: "production", entities: entities.map { path($0) })
    }

    static var rules: [RuleDescription] {
        [
            RuleDescription(
                name: "large", filter: .sql(expression: "amount>500 and (region = 'eu' or region is null)", parameters: []),
                action: .sql(expression: "set review = 'manual'; remove trace", parameters: [])),
            RuleDescription(
                name: "placed",
                filter: .correlation([.init(name: "Label", value: "OrderPlaced")], properties: [.init(name: "tier", value: "gold")])),
        ]
    }

    /// Settings as they would be read in order to change them.
    static func settings(_ target: EntityTarget) -> EntitySettings {
        if case .rule(let name, _) = target {
            return EntitySettings(target, .rule(RuleRevision(rule: rules.first { $0.name == name } ?? RuleDescription(name: name))))
        }
        let description = target.path == orders.path ? orders : entities.first { $0.path == target.path } ?? orders
        var definition = EntityDefinition(description.kind)
        definition.status = description.status
        definition.lockDuration = .seconds(60)
        definition.maxDeliveryCount = 10
        definition.defaultTimeToLive = .seconds(14 * 86_400)
        definition.requiresSession = false
        return EntitySettings(target, .entity(EntityRevision(description: description, definition: definition)))
    }

    static var routing: TopicRouting {
        TopicRouting([
            .init(entity("order-events/Subscriptions/billing", .subscription), rules: rules),
            .init(entity("order-events/Subscriptions/search", .subscription), rules: [RuleDescription(name: "$Default")]),
        ])
    }

    static var draft: OutgoingMessage {
        var message = OutgoingMessage()
        message.subject = "OrderPlaced"
        message.messageID = "order-88213"
        message.applicationProperties = [.init(name: "tier", value: PropertyValue(typeName: "string", content: .text("gold")))]
        return message
    }

    static var board: Board {
        let known = { (value: Int64) in Reading.known(value, at: now) }
        let aged = { (seconds: Int) in Reading.known(now.advanced(by: .seconds(-seconds)), at: now) }
        return Board(
            rows: [
                BoardRow(
                    service: service("checkout", owner: "team-cart", onCall: "R. Osei", entities: ["orders", "order-events"]),
                    deadLetters: known(50_016), transferDeadLetters: known(0), active: known(1_832), scheduled: known(12),
                    trend: trend([38_000, 38_000, 41_000, 44_500, 47_600, 50_016], growth: 1_198, backlog: 14, active: 1_832),
                    oldestDeadLetter: aged(41 * 60), health: .ill,
                    worstEntity: path("orders"), findings: ["orders has 50012 dead letters"]),
                BoardRow(
                    service: service("billing", owner: "team-fin", onCall: nil, entities: ["invoices", "refunds"]),
                    deadLetters: known(205), transferDeadLetters: known(17), active: known(12), scheduled: known(0),
                    trend: trend([204, 204, 204, 222, 222, 222], growth: 6, backlog: -180, active: 12),
                    oldestDeadLetter: aged(2 * 86_400), health: .ill,
                    worstEntity: path("invoices"), findings: ["invoices has 188 dead letters"]),
                BoardRow(
                    service: service("shipping", owner: nil, onCall: "J. Lindqvist", entities: ["shipments"]),
                    deadLetters: known(0), transferDeadLetters: known(0), active: known(402), scheduled: known(0),
                    trend: trend([0, 0, 0, 0, 0, 0], growth: 0, backlog: 0, active: 402), haltedEntities: 1, health: .warning,
                    findings: ["shipments is disabled for receiving"]),
                BoardRow(
                    service: service("search", owner: "team-web", onCall: "web-oncall", entities: []),
                    deadLetters: .unavailable("no entity is bound to it"), transferDeadLetters: .unavailable(""), active: .unavailable(""),
                    scheduled: .unavailable(""), health: .well),
            ],
            unownedEntities: [entity("audit-old", active: 3)],
            totals: .known(Board.Totals(deadLetters: 50_221, transferDeadLetters: 17, active: 2_249, entities: 8), at: now),
            trend: trend([38_204, 38_204, 41_204, 44_722, 47_822, 50_238], growth: 1_204, backlog: -166, active: 2_249))
    }

    /// Counts of the last two and a half minutes, and what follows from them.
    static func trend(_ dead: [Int64?], growth: Double, backlog: Double, active: Int64) -> CountTrend {
        let over = Duration.seconds(30 * (dead.count - 1))
        let rate = CountRate(perMinute: backlog, over: over)
        return CountTrend(
            deadLetters: CountRate(perMinute: growth, over: over), backlog: rate, drain: DrainTime(backlog: active, rate: rate),
            course: CountCourse(
                times: dead.indices.map { now.advanced(by: .seconds(-30 * (dead.count - 1 - $0))) }, deadLetters: dead,
                active: dead.map { _ in active }))
    }

    static var overview: Overview { Overview(board: board, entities: EntityListing(entities: entities, asOf: now)) }

    /// Dead letters of `orders`, as the scan hands them out.
    static func deadLetters(_ count: Int, from first: Int64 = 4_770_112) -> [MessageTable.Row] {
        let reasons = ["MaxDeliveryCountExceeded", "TTLExpiredException", "ValidationFailed"]
        var rows: [MessageTable.Row] = []
        for index in 0..<count {
            let millisecond = now.milliseconds - 2_500_000 + Int64(index) * 1000
            rows.append(
                MessageTable.Row(
                    sequenceNumber: SequenceNumber(first + Int64(index)), enqueuedTime: Timestamp(milliseconds: millisecond),
                    messageID: "order-\(88_213 + index)", subject: index % 2 == 0 ? "OrderPlaced" : "OrderCancelled",
                    deadLetterReason: reasons[index % 3], deliveryCount: index % 3 == 0 ? 10 : 1, encodedSize: 700))
        }
        return rows
    }

    // MARK: Sessions and counts

    static var sessions: [SessionSummary] {
        func counts(_ active: Int, _ deferred: Int, _ scheduled: Int, _ minutes: Int) -> SessionSummary.Counts {
            var counts = SessionSummary.Counts()
            (counts.active, counts.deferred, counts.scheduled) = (active, deferred, scheduled)
            counts.oldest = now.advanced(by: .seconds(-60 * minutes))
            return counts
        }
        return [
            SessionSummary(id: "customer-4", counts: counts(3, 1, 0, 41)), SessionSummary(id: "customer-5", counts: counts(1, 0, 2, 3)),
            SessionSummary(id: "only-state", counts: .init()),
        ]
    }

    static var uncountedSessions: [SessionSummary] { sessions.map { SessionSummary(id: $0.id) } }

    static func state(of id: String) -> SessionState {
        switch id {
        case "customer-4": .bytes(Array(#"{"lastStep":3,"retries":1}"#.utf8))
        case "customer-5": .heldElsewhere
        default: .bytes([0xFF, 0x00, 0x10])
        }
    }

    /// A count that is under way.
    static var counting: CountedMessages {
        var counted = CountedMessages(startedAt: now)
        counted.queue = .init(active: 1_826, deferred: 2, scheduled: 12, isComplete: true)
        counted.deadLetters = .init(active: 20_000)
        return counted
    }

    /// The same at its end.
    static func counted(_ path: EntityPath) -> CountedMessages {
        var counted = counting
        counted.deadLetters = .init(active: 50_010, isComplete: true)
        counted.transferDeadLetters.isComplete = true
        counted.service = .known(EntityCounts(active: 1_828, deadLetter: 50_012, scheduled: 12), at: now)
        counted.finishedAt = now.advanced(by: .milliseconds(1_900))
        return counted
    }

    static let json =
        #"{"orderId":88213,"customer":{"email":"a@example.com","tier":"gold"},"lines":[{"sku":"A-1","qty":2},{"sku":"B-7","qty":1}],"total":129.90,"paid":false,"note":null}"#

    /// Two messages of which three values differ.
    static func difference(_ left: SequenceNumber, _ right: SequenceNumber) -> MessageDifference {
        let message = { (number: SequenceNumber, body: String) in
            ComparedMessage(
                sequenceNumber: number, headers: [.init(name: "subject", value: "OrderPlaced")], properties: [],
                body: BodyDecoder().decode(Array(body.utf8)))
        }
        return MessageDifference(
            message(left, #"{"orderId":88213,"total":129.90,"paid":true}"#), message(right, #"{"orderId":88213,"total":99.00,"note":"x"}"#))
    }

    static func document(_ number: SequenceNumber, body: BodyDocument? = nil) -> MessageDocument {
        MessageDocument(
            sequenceNumber: number, peekedAt: now,
            problems: [
                .init(label: "Reason", value: "MaxDeliveryCountExceeded", isProblem: true),
                .init(
                    label: "Error", value: "TimeoutException: POST https://pay/v2 took 30012ms (limit 30000ms)", isProblem: true),
            ],
            facts: [
                .init(label: "Sequence", value: "#\(number)"), .init(label: "Enqueued", value: "11-23 02:30:58Z"),
                .init(label: "Message id", value: "8f0e21bc-a21c"), .init(label: "Delivered", value: "10 times"),
                .init(label: "Subject", value: "OrderPlaced"),
            ],
            properties: [
                .init(name: "tenant", typeName: "string", value: "emea"), .init(name: "attempt", typeName: "int", value: "3"),
                .init(name: "Diagnostic-Id", typeName: "string", value: "00-4bf92f3577b34da6a3ce929d0e0e4736-01"),
            ],
            body: body ?? BodyDocument(bytes: Array(json.utf8), contentType: "application/json"))
    }
}

/// Drives an ``App`` by keys and answers its requests at once, or holds them back.
struct ConsoleHarness {
    private(set) var app: App
    var now = Fixture.now
    /// Requests that were not answered yet.
    private(set) var waiting: [(id: LoadID, request: Request)] = []
    /// Requests that were asked to stop.
    private(set) var stopped: [Request] = []
    private(set) var asked: [Request] = []
    /// Everything else the application wanted.
    private(set) var effects: [Effect] = []
    /// What is answered; nil: the request waits.
    var respond: (Request) -> Result<[Answer], OperatorError>?

    init(
        rows: Int = 24, columns: Int = 80, title: ContextTitle = Fixture.title(),
        respond: @escaping (Request) -> Result<[Answer], OperatorError>? = ConsoleHarness.usual
    ) {
        self.respond = respond
        app = App(rows: rows, columns: columns, title: title)
        perform(app.start(now: now))
    }

    /// An estate in which everything works.
    static func usual(_ request: Request) -> Result<[Answer], OperatorError>? {
        switch request {
        case .connect: .success([.connected(Fixture.title()), .changes(refusal: nil)])
        case .overview: .success([.overview(Fixture.overview)])
        case .access: .success([.access(AccessFixture.snapshot(AccessFixture.scene))])
        case .inbox: .success([.inbox(RequestsFixture.inbox(waiting: [], own: [], active: []))])
        case .grants: .success([.grants(AccessListing(), asOf: Fixture.now)])
        case .emergencies: .success([.emergencies([])])
        case .keys: .success([.keys(KeysFixture.survey)])
        case .accessReview, .accessProposal, .ask, .decide, .takeBack, .endAccess, .probe: RequestsFixture.answer(request)
        case .entity(let path): .success(Fixture.entities.filter { $0.path == path }.map { .entity($0) })
        case .subscriptions(let topic): .success([.subscriptions(Fixture.entities.filter { $0.path.topic == topic })])
        case .rules: .success([.rules(Fixture.rules)])
        case .settings(let target): .success([.settings(Fixture.settings(target))])
        case .carryOut(let change): .success([.changed(change.after)])
        case .propose, .begin, .resume, .order, .jobs, .job, .history, .export, .editable, .edited: Fixture.answer(toAction: request)
        case .routing: .success([.routing(Fixture.routing)])
        case .draft: .success([.draft(Fixture.draft)])
        case .scan: .success([.page(Fixture.deadLetters(40)), .page(Fixture.deadLetters(20, from: 4_771_000))])
        case .scanSelected(_, let selection, _, _):
            .success([
                .page(
                    Fixture.deadLetters(3).map { row in
                        var row = row
                        row.deadLetterReason = nil
                        row.state = selection.state ?? .active
                        return row
                    })
            ])
        case .count(let path): .success([.counted(Fixture.counting), .counted(Fixture.counted(path))])
        case .sessions: .success([.sessions(Fixture.uncountedSessions, isCounted: false), .sessions(Fixture.sessions, isCounted: true)])
        case .session(let id, _):
            .success(Fixture.sessions.filter { $0.id == id }.map { .session(SessionDetail(summary: $0, state: Fixture.state(of: id))) })
        case .sessionStates(let ids, _): .success(ids.map { .sessionState($0, Fixture.state(of: $0)) })
        case .members(_, let numbers, _, _): .success([.page(Fixture.rows(numbers))])
        case .groups(let scan): .success([.groups(Fixture.progress(by: scan.keys, count: 250)), .groups(Fixture.progress(by: scan.keys))])
        case .evidence(_, let number):
            .success([.evidence(Fixture.evidence(number) ?? DeadLetterEvidence(reason: "MaxDeliveryCountExceeded"))])
        case .search: .success([.found(Fixture.deadLetters(3), MessageSearch(looked: 60, matched: 3, unknown: 2), next: nil)])
        case .trace(let id, _, _): .success(TraceFixture.answers(id))
        case .message(_, let number, _): .success([.message(Fixture.document(number))])
        case .difference(let left, let right): .success([.difference(Fixture.difference(left.number, right.number))])
        case .save(let path, _): .success([.saved(path: path)])
        case .theme(let name): .success([.palette(Palette(), name: name)])
        case .themeNames: .success([.themeNames(["default", "mono", "nord"])])
        case .saveScreen(let path, _): .success([.saved(path: path)])
        }
    }

    mutating func type(_ keys: String) {
        for press in KeySequence.presses(of: keys) ?? [] { send(.input(.key(press))) }
    }

    mutating func send(_ event: Event) { perform(app.update(event, now: now)) }

    /// The loop's sleep is over.
    mutating func wake() { perform(app.wake(now: now)) }

    mutating func resize(_ rows: Int, _ columns: Int) { send(.input(.resize(rows: rows, columns: columns))) }

    /// Answers a request that was held back.
    mutating func answer(_ result: Result<[Answer], OperatorError>, isLast: Bool = true, to fits: (Request) -> Bool) {
        guard let place = waiting.firstIndex(where: { fits($0.request) }) else { return }
        let id = waiting[place].id
        if isLast { waiting.remove(at: place) }
        switch result {
        case .success(let answers):
            for answer in answers { send(.answer(id, answer)) }
            if isLast { send(.finished(id, nil)) }
        case .failure(let error): send(.finished(id, error))
        }
    }

    private mutating func perform(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .start(let id, let request):
                asked.append(request)
                waiting.append((id, request))
                if let result = respond(request) {
                    waiting.removeAll { $0.id == id }
                    switch result {
                    case .success(let answers):
                        for answer in answers { send(.answer(id, answer)) }
                        send(.finished(id, nil))
                    case .failure(let error): send(.finished(id, error))
                    }
                }
            case .stop(let id):
                stopped += waiting.filter { $0.id == id }.map(\.request)
            default: self.effects.append(effect)
            }
        }
    }

    var surface: Surface {
        var surface = Surface(rows: app.rows, columns: app.columns)
        app.render(into: &surface, now: now)
        return surface
    }

    var text: String { surface.textGrid() }

    func line(_ row: Int) -> String { surface.line(row) }

    /// The names of the roles in a row, without repetition.
    func roles(inRow row: Int) -> [RoleName] {
        let surface = surface
        var names: [RoleName] = []
        for column in 0..<surface.columns {
            let role = surface[row, column].role
            if let name = RoleName.allCases.first(where: { $0.role == role }), names.last != name { names.append(name) }
        }
        return names
    }
}
