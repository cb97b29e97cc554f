/// What an approver says to a request. There is none without a reason, and none that widens.
public struct AccessDecision: Hashable, Sendable {
    /// Yes or no.
    public enum Answer: Hashable, Sendable {
        /// As it was asked.
        case approve
        /// Not at all.
        case deny
        /// Less than was asked.
        case narrow(AccessNarrowing)

        /// The stable name.
        public var word: String {
            switch self {
            case .approve: "approve"
            case .deny: AccessDecision.denyWord
            case .narrow: AccessDecision.narrowWord
            }
        }
    }

    static let denyWord = "deny"
    static let narrowWord = "narrow"

    /// The longest reason, in characters, that every place takes.
    public static let longestReason = 500

    /// What was decided.
    public let answer: Answer
    /// Why, without blanks around it.
    public let reason: String

    /// A decision.
    /// - Throws: ``OperatorError`` of kind usage without a reason, or with one that is too long.
    public init(_ answer: Answer, reason: String) throws(OperatorError) {
        self.answer = answer
        self.reason = try Self.checked(reason, of: "a decision")
    }

    /// Whether somebody was agreed with and has no role by it: as the request stands after the decision.
    public func cameToNothing(_ decided: AccessRequest) -> Bool {
        guard answer != .deny else { return false }
        return switch decided.standing {
        case .waiting, .reviewed, .granted: false
        case .denied, .cancelled, .expired, .ended, .failed: true
        }
    }

    /// A reason as it may be sent.
    static func checked(_ text: String, of what: String) throws(OperatorError) -> String {
        let reason = text.trimmed
        guard !reason.isEmpty else {
            throw OperatorError(.usage, "Without a reason there is no \(what.drop { $0 != " " }.dropFirst()).", hint: "Give --reason.")
        }
        guard reason.unicodeScalars.count <= longestReason else {
            throw OperatorError(
                .usage, "The reason is longer than \(longestReason) characters.", hint: "Say it shorter, and name the ticket.")
        }
        return reason
    }
}

/// Less than a request asks for. It can only be made from the request, and only smaller.
public struct AccessNarrowing: Hashable, Sendable {
    /// The role that is left.
    public let role: PolicyRole
    /// Where it is left.
    public let scope: AccessScope
    /// For how long it is left.
    public let duration: Duration

    /// What is left of a request; what is nil stays as it was asked.
    /// - Throws: ``OperatorError`` of kind usage when that is not less, not within what was asked, or not of Service Bus.
    public init(
        of request: AccessRequest, role: PolicyRole? = nil, scope: AccessScope? = nil, duration: Duration? = nil
    ) throws(OperatorError) {
        let subject = "The request \(request.id.short)"
        guard let left = role ?? request.role.policyRole else {
            throw OperatorError(
                .usage, "\(subject) is for \(request.role.title), which has no narrower role here.",
                hint: "Deny it, and say what to ask for.")
        }
        guard AccessRole.serviceBus(left).isWithin(request.role) else {
            throw OperatorError(.usage, "\(left.title) is not within \(request.role.title): a request can be narrowed and never widened.")
        }
        let place = scope ?? request.scope
        guard place.isWithin(request.scope) else {
            throw OperatorError(.usage, "\(place.title) is not within \(request.scope.title): a request can be narrowed and never widened.")
        }
        guard let time = duration ?? request.duration else {
            throw OperatorError(.usage, "\(subject) has no end.", hint: "Say for how long it may be.")
        }
        guard time > .zero, request.duration.map({ time <= $0 }) ?? true else {
            throw OperatorError(.usage, "\(DurationText.text(time)) is longer than was asked: a request can be narrowed and never widened.")
        }
        guard AccessRole.serviceBus(left) != request.role || place != request.scope || time != request.duration else {
            throw OperatorError(.usage, "That is all that was asked: nothing is narrower.", hint: "Approve it, or say less.")
        }
        self.role = left
        self.scope = place
        self.duration = time
    }

    /// What is left, in words: `Data Receiver on orders for 30m`.
    public var description: String { "\(role.title) on \(scope.title) for \(DurationText.text(duration))" }
}
