internal import ServiceBus

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// The first line of a journal: all that it takes to go on with a job.
struct JobHeader: Codable, Hashable, Sendable {
    struct Part: Codable, Hashable, Sendable {
        var way: String
        var session: String?
        var numbers: String
    }

    struct Changes: Codable, Hashable, Sendable {
        struct Property: Codable, Hashable, Sendable {
            var name: String
            var text: String
        }
        var stripped: [String]
        var newIDPrefix: String?
        var added: [Property]
        /// The bytes of an edited body, in base64; of a text that was no data section, its text in ``text``.
        var body: String?
        var text: String?
    }

    static let currentVersion = 1

    var version = currentVersion
    var id: Int
    var verb: String
    var source: String
    var target: String?
    var file: String?
    var before: Int64?
    /// Nil in the journals of versions that took their own clock for the service's.
    var closedBefore: Int64?
    var reason: String?
    var description: String?
    var changes: Changes?
    var choice: String
    var context: String
    var endpoint: String
    var isEmulator: Bool
    var isProduction: Bool
    var environment: String
    var plannedAt: Int64
    var count: Int
    var bytes: Int64?
    var isAtomic: Bool
    var keepsOrder: Bool
    var rate: Int?
    var lockMilliseconds: Int64
    var export: String?
    var parts: [Part]
    /// Four bytes a message, in base64.
    var idHashes: String?
    /// The policy's rule that allowed it.
    var rule: String?
    var fileDigest: String?
    /// `queue` or `topic`, where it was known.
    var sourceKind: String?
    var targetKind: String?
}

extension JobHeader {
    /// What a plan is, written down.
    init(_ plan: ActionPlan, id: Int, rule: String?) {
        self.id = id
        verb = plan.action.verb
        source = plan.source.address
        target = plan.action.target?.address
        choice = plan.choice
        context = plan.title.name
        endpoint = plan.title.endpoint
        isEmulator = plan.title.isEmulator
        isProduction = plan.title.isProduction
        environment = plan.title.environment
        plannedAt = plan.plannedAt.milliseconds
        count = plan.count
        bytes = plan.bytes
        isAtomic = plan.isAtomic
        keepsOrder = plan.keepsOrder
        rate = plan.rate
        // What the service says it is, whatever that is.
        lockMilliseconds =
            plan.lockDuration.components.seconds.multipliedReportingOverflow(by: 1000).overflow
            ? Int64.max : plan.lockDuration.components.seconds * 1000
        export = plan.export
        parts = plan.snapshot.parts.map { part in
            switch part.way {
            case .line: Part(way: "line", session: nil, numbers: NumberText.text(part.numbers))
            case .session(let id): Part(way: "session", session: id, numbers: NumberText.text(part.numbers))
            case .deferred(let session): Part(way: "deferred", session: session, numbers: NumberText.text(part.numbers))
            case .scheduled: Part(way: "scheduled", session: nil, numbers: NumberText.text(part.numbers))
            }
        }
        if !plan.idHashes.isEmpty {
            idHashes = Data(plan.idHashes.flatMap { hash in (0..<4).map { UInt8(truncatingIfNeeded: hash >> ($0 * 8)) } })
                .base64EncodedString()
        }
        self.rule = rule
        fileDigest = plan.fileDigest
        sourceKind = plan.sourceKind.word
        targetKind = plan.targetKind.word
        switch plan.action {
        case .redrive(_, let changes), .move(_, let changes), .reactivate(_, let changes): self.changes = Changes(changes)
        case .importing(let file, let changes):
            self.file = file
            self.changes = Changes(changes)
        case .purge(let before):
            self.before = before.milliseconds
            closedBefore = plan.closedBefore?.milliseconds
        case .deadLetter(let reason, let description): (self.reason, self.description) = (reason, description)
        case .delete, .defer, .cancelScheduled: break
        }
    }

    /// The hashes of the message ids.
    var hashes: [UInt32] {
        guard let idHashes, let data = Data(base64Encoded: idHashes), data.count % 4 == 0 else { return [] }
        let bytes = [UInt8](data)
        return stride(from: 0, to: bytes.count, by: 4).map { place in
            (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[place + $1]) << UInt32($1 * 8) }
        }
    }

    /// The plan that was written down.
    /// - Throws: ``JournalFault`` when it cannot have been written by this program.
    func plan() throws(JournalFault) -> ActionPlan {
        guard let source = try? EntityPath(parsing: source) else { throw JournalFault("names no queue") }
        var parts: [Snapshot.Part] = []
        for part in self.parts {
            let way: ManyPart.Way
            switch part.way {
            case "line": way = .line
            case "session": way = .session(part.session ?? "")
            case "deferred": way = .deferred(session: part.session)
            case "scheduled": way = .scheduled
            default: throw JournalFault("reaches messages in a way that is not known here: '\(part.way)'")
            }
            guard let numbers = try? NumberText.parse(part.numbers) else { throw JournalFault("names no messages") }
            parts.append(Snapshot.Part(way: way, numbers: numbers))
        }
        var plan = ActionPlan(
            action: try action(), source: source, choice: choice, snapshot: Snapshot(parts: parts),
            plannedAt: Timestamp(milliseconds: plannedAt), isAtomic: isAtomic, keepsOrder: keepsOrder, rate: rate, credits: 0,
            bytes: bytes, duration: .zero, lockDuration: .milliseconds(max(lockMilliseconds, 0)), export: export, remarks: [],
            title: ContextTitle(
                name: context, endpoint: endpoint, environment: environment, isProduction: isProduction, mode: .readWrite,
                isEmulator: isEmulator), idHashes: hashes, records: file == nil ? nil : max(count, 0))
        plan.closedBefore = closedBefore.map { Timestamp(milliseconds: $0) }
        plan.fileDigest = fileDigest
        plan.sourceKind = PolicyScope.Kind(word: sourceKind)
        plan.targetKind = PolicyScope.Kind(word: targetKind)
        return plan
    }

    private func action() throws(JournalFault) -> MessageAction {
        func to() throws(JournalFault) -> EntityPath {
            guard let target, let path = try? EntityPath(parsing: target) else { throw JournalFault("names no queue to send to") }
            return path
        }
        let changes = self.changes?.changes ?? .none
        switch verb {
        case "redrive": return .redrive(to: try to(), changes)
        case "move": return .move(to: try to(), changes)
        case "receive-deferred": return .reactivate(to: try to(), changes)
        case "delete": return .delete
        case "purge":
            guard let before else { throw JournalFault("names no time before which to purge") }
            return .purge(before: Timestamp(milliseconds: before))
        case "defer": return .defer
        case "dead-letter": return .deadLetter(reason: reason ?? "", description: description)
        case "cancel-scheduled": return .cancelScheduled
        case "import":
            guard let file else { throw JournalFault("names no file to send") }
            return .importing(file: file, changes)
        default: throw JournalFault("is of an action that is not known here: '\(verb)'")
        }
    }
}

extension PolicyScope.Kind {
    fileprivate var word: String? {
        switch self {
        case .queue: "queue"
        case .topic: "topic"
        case .unknown: nil
        }
    }

    fileprivate init(word: String?) {
        switch word {
        case "queue": self = .queue
        case "topic": self = .topic
        default: self = .unknown
        }
    }
}

/// Why a journal cannot be used.
struct JournalFault: Error, Hashable, Sendable {
    /// The end of a sentence that names the journal.
    var description: String
    init(_ description: String) { self.description = description }
}

extension JobHeader.Changes {
    init(_ changes: CopyChanges) {
        stripped = changes.stripped
        newIDPrefix = changes.newIDPrefix
        added = changes.added.map { Property(name: $0.name, text: $0.value.textForm) }
        switch changes.body {
        case nil: break
        case .data(let bytes): body = Data(bytes).base64EncodedString()
        case .value(let value): text = value.textForm
        case .sequence: break
        }
    }

    var changes: CopyChanges {
        func string(_ text: String) -> PropertyValue { PropertyValue(typeName: "string", content: .text(text)) }
        return CopyChanges(
            stripped: stripped, newIDPrefix: newIDPrefix, added: added.map { .init(name: $0.name, value: string($0.text)) },
            body: body.flatMap { Data(base64Encoded: $0) }.map { .data([UInt8]($0)) } ?? text.map { .value(string($0)) })
    }
}

extension PropertyValue {
    /// The text of a string; what is none has no other here.
    fileprivate var textForm: String { if case .text(let text) = content { text } else { "" } }
}
