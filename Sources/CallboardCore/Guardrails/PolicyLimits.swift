internal import ServiceBus

/// How far what is allowed goes. Of several rules the tightest of each holds.
public struct PolicyLimits: Hashable, Sendable {
    /// The longest a role or token may last.
    public var maxTTL: Duration?
    /// The most messages at once.
    public var maxMessages: Int?
    /// The most messages a second.
    public var maxRate: Int?
    /// The oldest a key may become until it is made new.
    public var maxKeyAge: Duration?
    /// The least time between handing out a new key and ending the old one.
    public var grace: Duration?
    /// Whether a reason has to be given.
    public var needsReason = false
    /// What the ticket has to look like: all of these.
    public var tickets: Set<PolicyTicket> = []
    /// Where a use of break-glass is announced.
    public var notify: Set<String> = []
    /// Within what time a use of break-glass is to be reviewed.
    public var reviewWithin: Duration?
    /// How old the proof may be that the same plan was carried out in a golden environment.
    public var requiresGolden: Duration?

    /// Creates limits that limit nothing.
    public init() {}

    /// The tightest of both.
    func tightened(by other: PolicyLimits) -> PolicyLimits {
        func least<Value: Comparable>(_ a: Value?, _ b: Value?) -> Value? {
            guard let a, let b else { return a ?? b }
            return min(a, b)
        }
        var limits = self
        limits.maxTTL = least(maxTTL, other.maxTTL)
        limits.maxMessages = least(maxMessages, other.maxMessages)
        limits.maxRate = least(maxRate, other.maxRate)
        limits.maxKeyAge = least(maxKeyAge, other.maxKeyAge)
        // Who waits longer breaks nobody.
        limits.grace = [grace, other.grace].compactMap { $0 }.max()
        limits.needsReason = needsReason || other.needsReason
        limits.tickets.formUnion(other.tickets)
        limits.notify.formUnion(other.notify)
        limits.reviewWithin = least(reviewWithin, other.reviewWithin)
        limits.requiresGolden = least(requiresGolden, other.requiresGolden)
        return limits
    }

    /// What is beyond the limits; nil when nothing is. What is not said is not held against them: a question may come before the figures are
    /// known, and ``Authorization/check(messages:rate:ttl:)`` asks again.
    func excess(ttl: Duration? = nil, messages: Int? = nil, rate: Int? = nil) -> Denial.Cause? {
        if let ttl, let maxTTL, ttl > maxTTL { return .tooLong(limit: maxTTL, asked: ttl) }
        if let messages, let maxMessages, messages > maxMessages { return .tooManyMessages(limit: maxMessages, asked: messages) }
        if let rate, let maxRate, rate > maxRate { return .tooFast(limit: maxRate, asked: rate) }
        return nil
    }

    /// The limit that a role would pass which is given for so long; one without an end passes every limit of time.
    /// - Parameter ttl: nil: without an end, or with one that is not said.
    func excess(ofGrantFor ttl: Duration?) -> Denial.Cause? {
        if ttl == nil, let maxTTL { return .endless(limit: maxTTL) }
        return excess(ttl: ttl)
    }

    /// What is missing of reason and ticket; nil when nothing is.
    func missing(reason: String?, ticket: String?) -> Denial.Cause? {
        let reason = reason?.trimmed ?? ""
        if needsReason, reason.isEmpty { return .reasonMissing }
        for pattern in tickets.sorted(by: { $0.text < $1.text }) where !pattern.fits(ticket ?? "") {
            return .ticketMissing(pattern.text, given: ticket)
        }
        return nil
    }

    /// The limits in words, for a person; empty where there are none.
    public var sentences: [String] {
        var texts: [String] = []
        if let maxTTL { texts.append("for at most \(DurationText.text(maxTTL))") }
        if let maxMessages { texts.append("at most \(maxMessages) messages") }
        if let maxRate { texts.append("at most \(maxRate) a second") }
        if let maxKeyAge { texts.append("keys no older than \(DurationText.text(maxKeyAge))") }
        if let grace { texts.append("old keys kept for at least \(DurationText.text(grace))") }
        if needsReason { texts.append("with a reason") }
        for ticket in tickets.sorted(by: { $0.text < $1.text }) { texts.append("with a ticket like \(ticket.text)") }
        if !notify.isEmpty { texts.append("told to \(notify.sorted().joined(separator: ", "))") }
        if let reviewWithin { texts.append("reviewed within \(DurationText.text(reviewWithin))") }
        if let requiresGolden { texts.append("after the same in a golden environment within \(DurationText.text(requiresGolden))") }
        return texts
    }
}

/// What a ticket's number looks like.
public struct PolicyTicket: Hashable, Sendable {
    /// As the policy writes it.
    public let text: String
    private let pattern: MaskingPattern

    /// Reads a pattern: what ``MaskingPattern`` knows, matched in time proportional to the ticket's length. It has to fit the whole ticket.
    init(_ text: String) throws(MaskingPattern.Problem) {
        self.text = text
        // A flag for the whole stands at the beginning; '^' and '$' around it all make parts of a ticket not enough.
        let flag = text.hasPrefix("(?i)") ? "(?i)" : ""
        _ = try MaskingPattern(name: "ticket", text)
        pattern = try MaskingPattern(name: "ticket", "\(flag)^(?:\(text.dropFirst(flag.count)))$")
    }

    /// Whether a ticket is like that.
    func fits(_ ticket: String) -> Bool {
        // '^' and '$' hold at the ends of lines: a ticket is one line.
        guard !ticket.isEmpty, ticket.utf8.count <= 200, ticket.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f }) else {
            return false
        }
        var text = ticket
        return text.withUTF8 { bytes in
            var isWhole = false
            pattern.find(in: bytes) { if $0 == bytes.startIndex..<bytes.endIndex { isWhole = true } }
            return isWhole
        }
    }
}

extension String {
    /// Without blanks around it.
    var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}

extension DurationText {
    /// The shortest text for a duration that ends.
    static func text(_ duration: Duration) -> String { text(.lasting(duration)) }
}
