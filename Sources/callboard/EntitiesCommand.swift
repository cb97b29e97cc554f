import ArgumentParser
import CallboardCore
import ServiceBus

/// `callboard entities`
struct EntitiesCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "entities", abstract: "List queues, topics and subscriptions with their counts.",
        discussion: "Example, for cron, which mails what comes on standard error: callboard entities --fail-if-any dead-letter >/dev/null")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Option(
        help: ArgumentHelp(
            "Exit with status 1 when any entity has such messages, is disabled, or is nobody's: dead-letter, transfer-dead-letter, disabled, no-owner. May be repeated.",
            valueName: "what"))
    var failIfAny: [Alarm] = []

    enum Alarm: String, ExpressibleByArgument, CaseIterable, Sendable {
        case deadLetter = "dead-letter"
        case transferDeadLetter = "transfer-dead-letter"
        case disabled
        case noOwner = "no-owner"
    }

    func execute() async throws -> Int32 {
        let findings = try await connection.withWorkspace { workspace in
            output.output == .jsonl ? try await stream(workspace) : try await list(workspace)
        }
        for line in findings.lines { Standard.error(line) }
        return findings.isEmpty ? 0 : 1
    }

    /// Prints all at once, in the order of their paths.
    private func list(_ workspace: Workspace) async throws -> Findings {
        let listing = try await workspace.entities()
        let estate = await workspace.estate()
        output.write(listing.entities.map { EntityRecord($0, asOf: listing.asOf, in: estate) })
        if listing.isByResourceManager { Standard.error(EntityDescription.resourceManagerNote) }
        var findings = Findings(alarms: failIfAny)
        for entity in listing.entities { findings.look(at: entity, estate) }
        return findings
    }

    /// Prints each page as it comes, in the order of the service: however many there are, the first are there at once.
    private func stream(_ workspace: Workspace) async throws -> Findings {
        let estate = await workspace.estate()
        var list = ListOutput<EntityRecord>(.jsonl)
        var findings = Findings(alarms: failIfAny)
        var isByResourceManager = false
        for try await page in workspace.entityPages() {
            isByResourceManager = isByResourceManager || page.first?.isByResourceManager == true
            let now = Timestamp.now
            for entity in page {
                list.append(EntityRecord(entity, asOf: now, in: estate))
                findings.look(at: entity, estate)
            }
            list.flush { Standard.output.write($0) }
        }
        if isByResourceManager { Standard.error(EntityDescription.resourceManagerNote) }
        return findings
    }
}

extension EntitiesCommand {
    /// What was looked for and found: a line for each, for the mail of a cron job.
    struct Findings {
        private struct Found {
            var entities = 0
            var messages: Int64 = 0
            /// The first ones, in words.
            var examples: [String] = []

            mutating func add(_ example: String, _ count: Int64 = 0) {
                entities += 1
                let (sum, overflow) = messages.addingReportingOverflow(count)
                messages = overflow ? .max : sum
                if examples.count < Findings.mostExamples { examples.append(example) }
            }

            var list: String {
                examples.joined(separator: ", ") + (entities > examples.count ? ", and \(entities - examples.count) more" : "")
            }
        }

        private let alarms: [Alarm]
        private var found: [Alarm: Found] = [:]
        /// Entities whose counts were not given: that they have nothing cannot be known.
        private var uncounted = Found()
        /// Whether owners were looked for, and there is no catalogue that would know them.
        private var isCatalogueUnknown = false

        /// The most entities that a line names.
        private static let mostExamples = 5

        init(alarms: [Alarm]) { self.alarms = alarms }

        /// Whether everything that was looked for is known not to be there.
        var isEmpty: Bool { found.isEmpty && uncounted.entities == 0 && !isCatalogueUnknown }

        mutating func look(at entity: EntityDescription, _ estate: Estate) {
            for alarm in Set(alarms) {
                switch alarm {
                case .deadLetter: note(entity, alarm, entity.counts?.deadLetter)
                case .transferDeadLetter: note(entity, alarm, entity.counts?.transferDeadLetter)
                case .disabled:
                    if entity.status != .active { found[alarm, default: Found()].add("\(entity.path.displayName) \(entity.status)") }
                case .noOwner:
                    isCatalogueUnknown = isCatalogueUnknown || !estate.isKnown
                    if estate.ownerFinding(of: entity.path) != nil { found[alarm, default: Found()].add(entity.path.displayName) }
                }
            }
            let isCounting = alarms.contains { $0 == .deadLetter || $0 == .transferDeadLetter }
            if isCounting, entity.counts == nil, entity.kind != .topic { uncounted.add(entity.path.displayName) }
        }

        private mutating func note(_ entity: EntityDescription, _ alarm: Alarm, _ count: Int64?) {
            guard let count, count > 0, entity.kind != .topic else { return }
            found[alarm, default: Found()].add("\(entity.path.displayName) \(count)", count)
        }

        /// A line for each alarm that rings.
        var lines: [String] {
            var lines: [String] = []
            for alarm in Alarm.allCases {
                guard let found = found[alarm] else { continue }
                let entities = found.entities == 1 ? "1 entity" : "\(found.entities) entities"
                let what =
                    switch alarm {
                    case .deadLetter: "\(found.messages) dead letters in \(entities)"
                    case .transferDeadLetter: "\(found.messages) messages not forwarded in \(entities)"
                    case .disabled: "\(entities) not active"
                    case .noOwner: "\(entities) that nobody owns"
                    }
                lines.append("\(what): \(found.list)")
            }
            if isCatalogueUnknown { lines.append("not known, for there is no catalogue: whose the entities are") }
            if uncounted.entities > 0 { lines.append("not known, for the service gave no counts: \(uncounted.list)") }
            return lines
        }
    }
}
