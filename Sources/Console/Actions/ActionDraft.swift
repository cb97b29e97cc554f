internal import CallboardCore
internal import ServiceBus

/// An action as far as it was filled in: everything a plan is made from.
struct ActionDraft: Hashable, Sendable {
    /// What becomes of messages that are removed for good, before they are.
    enum Export: Hashable, Sendable {
        /// They are exported to the folder of jobs.
        case standard
        /// They are not kept.
        case none
        case file(String)

        /// How it is typed.
        var text: String {
            switch self {
            case .standard: "yes"
            case .none: "no"
            case .file(let path): path
            }
        }

        init(_ text: String) {
            switch text.lowercased() {
            case "", "yes", "y": self = .standard
            case "no", "n": self = .none
            default: self = .file(text)
            }
        }
    }

    let kind: ActionKind
    let subject: ActionSubject
    /// Where copies go; nil: to where they came from.
    var target: EntityPath?
    var onlySubscription = ""
    var newIDs = false
    /// Messages a second; nil: what is usual here.
    var rate: Int?
    var isAtomic = true
    /// A moment or an age, as it was typed; empty: now.
    var before = ""
    var deathReason = ""
    var deathDescription = ""
    var file = ""
    var export = Export.standard
    /// The body of the copy, where it was edited.
    var body: OutgoingMessage.Body?
    /// Why, for the policy and the ledger.
    var reason = ""
    var ticket = ""

    init(_ kind: ActionKind, _ subject: ActionSubject) {
        self.kind = kind
        self.subject = subject
    }

    /// What is asked for, if all that it needs was said.
    func request(now: Timestamp) -> Result<ActionRequest, Question.Problem> {
        if let field = kind.needed(self) { return .failure(Question.Problem(text: "it needs a \(field.name)")) }
        guard let choice = subject.choice(for: kind) else { return .failure(Question.Problem(text: "no message is meant")) }
        let wish: ActionRequest.Wish
        switch kind {
        case .redrive: wish = .redrive(to: target)
        case .resubmit:
            // What is no dead letter goes to where it is, behind the others.
            let path = subject.path
            wish = path.subQueue == .active ? .move(to: target ?? path.topic ?? path.entity) : .redrive(to: target)
        case .move:
            guard let target else { return .failure(Question.Problem(text: "it needs a target")) }
            wish = .move(to: target)
        case .delete: wish = .delete
        case .purge:
            switch ActionField.moment(before, now: now) {
            case .success(let moment): wish = .purge(before: moment)
            case .failure(let problem): return .failure(problem)
            }
        case .defer: wish = .defer
        case .deadLetter: wish = .deadLetter(reason: deathReason, description: deathDescription.isEmpty ? nil : deathDescription)
        case .receiveDeferred: wish = .reactivate
        case .cancelScheduled: wish = .cancelScheduled
        case .importing: wish = .importing(file: file)
        case .export: return .failure(Question.Problem(text: "an export needs no plan"))
        }
        var request = ActionRequest(wish, in: subject.place(of: kind), choice)
        request.newIDs = newIDs
        request.onlySubscription = onlySubscription.isEmpty ? nil : onlySubscription
        request.rate = rate
        request.isAtomic = isAtomic
        request.body = body
        // An empty path is that of the job in its folder.
        switch export {
        case .standard: request.export = ""
        case .none: request.export = nil
        case .file(let path): request.export = path
        }
        return .success(request)
    }
}
