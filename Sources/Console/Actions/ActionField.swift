internal import CallboardCore
internal import ServiceBus

/// A line of an action's form: what it is called, what may be typed, and what that means.
enum ActionField: Hashable, Sendable {
    case target, onlySubscription, newIDs, rate, atomic, before, deathReason, deathDescription, file, export, reason, ticket

    /// The most messages a second that can be asked for.
    static let mostPerSecond = 1_000_000
    /// The longest text of a line, in bytes.
    static let longestText = 1024

    var name: String {
        switch self {
        case .target: "to"
        case .onlySubscription: "only-subscription"
        case .newIDs: "new-id"
        case .rate: "rate"
        case .atomic: "atomic"
        case .before: "before"
        case .deathReason: "dead-letter-reason"
        case .deathDescription: "description"
        case .file: "file"
        case .export: "export-first"
        case .reason: "reason"
        case .ticket: "ticket"
        }
    }

    func help(_ kind: ActionKind) -> String {
        switch self {
        case .target:
            kind == .redrive || kind == .resubmit
                ? "The queue or topic the copies go to; empty: where they came from." : "The queue or topic they go to."
        case .onlySubscription: "The one subscription of a topic that is to get the copies, where the rules of the others allow it."
        case .newIDs: "Whether copies get new ids, so that duplicate detection takes them; the old ones are kept in a property."
        case .rate: "The most messages a second, 500 or 500/s; empty: what is usual here; 0: as fast as it goes."
        case .atomic: "Whether a copy is sent and the original removed in one transaction."
        case .before: "What was enqueued before a moment, or longer ago than 2h or 3d; empty: all there is now."
        case .deathReason: "The reason that the dead letters get."
        case .deathDescription: "What is said about it; may be empty."
        case .file: "The export whose messages are sent."
        case .export: "Whether they are exported exactly before they are removed, so that they can be put back; or to which file."
        case .reason: "Why, for the policy and the audit ledger."
        case .ticket: "The number of a ticket, where the policy asks for one."
        }
    }

    /// What it says at the moment; nil where it says nothing.
    func value(_ draft: ActionDraft) -> String? {
        let text: String =
            switch self {
            case .target: draft.target?.displayName ?? ""
            case .onlySubscription: draft.onlySubscription
            case .newIDs: draft.newIDs ? "yes" : "no"
            case .rate: draft.rate.map { $0 == 0 ? "0" : "\($0)/s" } ?? ""
            case .atomic: draft.isAtomic ? "yes" : "no"
            case .before: draft.before
            case .deathReason: draft.deathReason
            case .deathDescription: draft.deathDescription
            case .file: draft.file
            case .export: draft.export.text
            case .reason: draft.reason
            case .ticket: draft.ticket
            }
        return text.isEmpty ? nil : text
    }

    /// What stands in its place while it says nothing.
    func placeholder(_ kind: ActionKind) -> String {
        switch self {
        case .target: kind == .redrive || kind == .resubmit ? "where they came from" : "– needed"
        case .deathReason, .file: "– needed"
        case .rate: "what is usual here"
        case .before: "now"
        default: "–"
        }
    }

    /// Answers to choose from.
    func choices(_ draft: ActionDraft, _ model: Model) -> [Question.Choice] {
        let entities = model.entities ?? []
        return switch self {
        case .newIDs, .atomic: [.init(text: "yes"), .init(text: "no")]
        case .export: [.init(text: "yes", note: "in the folder of jobs"), .init(text: "no", note: "they cannot be put back")]
        case .target: entities.filter { $0.kind != .subscription }.map { .init(text: $0.path.displayName, note: $0.kind.rawValue) }
        case .onlySubscription:
            entities.filter { $0.path.topic != nil && $0.path.topic == (draft.target ?? draft.subject.path.topic) }
                .compactMap { entity in entity.path.subscription.map { .init(text: $0, note: entity.path.topic?.displayName ?? "") } }
        default: []
        }
    }

    /// Puts an answer into a draft; says what is wrong with it, and then changes nothing.
    func set(_ answer: String, in draft: inout ActionDraft, now: Timestamp) -> Question.Problem? {
        let answer = Substring(answer).trimmed
        guard answer.utf8.count <= Self.longestText else { return Question.Problem(text: "that is too long") }
        switch self {
        case .target: return setTarget(answer, in: &draft)
        case .onlySubscription: draft.onlySubscription = answer
        case .newIDs: return Self.flag(answer) { draft.newIDs = $0 }
        case .atomic: return Self.flag(answer) { draft.isAtomic = $0 }
        case .rate:
            let digits = answer.hasSuffix("/s") ? Substring(answer.dropLast(2)).trimmed : answer
            guard !digits.isEmpty else {
                draft.rate = nil
                return nil
            }
            guard let rate = Int(digits), (0...Self.mostPerSecond).contains(rate) else {
                return Question.Problem(text: "write messages a second: 500 or 500/s, at most \(Figures.count(Self.mostPerSecond))")
            }
            draft.rate = rate
        case .before:
            if case .failure(let problem) = Self.moment(answer, now: now) { return problem }
            draft.before = answer
        case .deathReason: draft.deathReason = answer
        case .deathDescription: draft.deathDescription = answer
        case .file: draft.file = answer
        case .export: draft.export = ActionDraft.Export(answer)
        case .reason: draft.reason = answer
        case .ticket: draft.ticket = answer
        }
        return nil
    }

    private func setTarget(_ answer: String, in draft: inout ActionDraft) -> Question.Problem? {
        guard !answer.isEmpty else {
            draft.target = nil
            return nil
        }
        do throws(EntityPathError) {
            draft.target = try EntityPath(parsing: answer)
            return nil
        } catch {
            return Question.Problem(text: error.description)
        }
    }

    private static func flag(_ answer: String, _ set: (Bool) -> Void) -> Question.Problem? {
        switch answer.lowercased() {
        case "yes", "y", "true": set(true)
        case "no", "n", "false": set(false)
        default: return Question.Problem(text: "yes or no")
        }
        return nil
    }

    /// The moment that a text means: a moment itself, or how long ago; nil where it is empty.
    static func moment(_ text: String, now: Timestamp) -> Result<Timestamp?, Question.Problem> {
        if text.isEmpty { return .success(nil) }
        if let moment = Timestamp(rfc3339: text) { return .success(moment) }
        if case .lasting(let age)? = DurationText.parse(text), age > .zero { return .success(now.advanced(by: .zero - age)) }
        return .failure(Question.Problem(text: "write a moment, 2026-11-23T03:00:00Z, or how long ago: 2h, 3d"))
    }
}
