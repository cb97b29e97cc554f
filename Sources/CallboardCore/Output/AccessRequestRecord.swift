public import ServiceBus

/// A request as `access list` and `access show` print it.
public struct AccessRequestRecord: OutputRecord {
    private let request: AccessRequest
    private let review: AccessReview?
    private let now: Timestamp

    /// Wraps a request.
    /// - Parameters:
    ///   - review: what an approver has to see of it.
    ///   - now: from when its age is told.
    public init(_ request: AccessRequest, review: AccessReview? = nil, now: Timestamp) {
        self.request = request
        self.review = review
        self.now = now
    }

    /// Id, who, what, where, for how long, how old, how it stands, why.
    public static let columns = [
        OutputColumn("request"), OutputColumn("who"), OutputColumn("role"), OutputColumn("where"), OutputColumn("for"),
        OutputColumn("asked"),
        OutputColumn("standing"), OutputColumn("backend"), OutputColumn("why"),
    ]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        row.cell(request.id.short)
        row.cell(request.isForSelf ? request.principal.title : "\(request.principal.title) (asked by \(request.requester.title))")
        row.cell(request.role.title)
        row.cell(request.scope.title)
        row.cell(request.duration.map { DurationText.text($0) } ?? "–")
        row.cell(request.askedAt.map { Self.age($0, now) } ?? "–")
        row.cell(request.standing.word)
        row.cell(request.backend.label)
        row.cell([request.reason, request.ticket ?? ""].filter { !$0.isEmpty }.joined(separator: " · "))
    }

    /// How long ago something was, by this machine's clock, which may be behind Azure's.
    private static func age(_ moment: Timestamp, _ now: Timestamp) -> String {
        moment < now ? "\(RoundedDuration.text(now.since(moment))) ago" : "just now"
    }

    /// Writes the request as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", request.id.text)
            json.member("backend", request.backend.rawValue)
            Self.write(request.requester, "requester", to: &json)
            Self.write(request.principal, "principal", to: &json)
            json.member("role", request.role.policyRole?.rawValue ?? request.role.id)
            json.member("roleName", request.role.title)
            json.member("scope", request.scope.id)
            json.member("entity", request.scope.entity?.displayName)
            json.member("durationSeconds", request.duration.map { $0.components.seconds })
            json.member("reason", request.reason)
            json.member("ticket", request.ticket)
            json.member("askedAt", request.askedAt?.rfc3339)
            json.member("standing", request.standing.word)
            switch request.standing {
            case .waiting(let until): json.member("waitsUntil", until?.rfc3339)
            case .granted(let until, let by):
                json.member("grantedUntil", until?.rfc3339)
                if let by { Self.write(by, "decidedBy", to: &json) }
            case .denied(let by, let reason):
                if let by { Self.write(by, "decidedBy", to: &json) }
                json.member("decision", reason)
            case .reviewed(let by): if let by { Self.write(by, "reviewedBy", to: &json) }
            case .cancelled, .expired, .ended, .failed: break
            }
            json.member("sentence", request.sentence)
            json.member("risk", request.risk)
            if let review { Self.write(review, to: &json) }
        }
    }

    static func write(_ party: AccessParty, _ name: String, to json: inout JSONWriter) {
        json.key(name)
        json.object { json in
            json.member("id", party.id)
            json.member("name", party.name)
            json.member("kind", party.kind.rawValue)
        }
    }

    private static func write(_ review: AccessReview, to json: inout JSONWriter) {
        json.key("policy")
        json.object { json in
            json.member("allowed", review.verdict == nil)
            json.member("why", review.verdict?.description)
            json.member("approvals", review.approvals.map(\.description))
        }
        json.member("has", review.holdings.value ?? [])
        json.member("hasNotKnown", review.holdings.whyUnknown)
        json.key("approvers")
        json.array { json in
            for approver in review.approvers {
                json.object { json in
                    json.member("id", approver.id)
                    json.member("name", approver.name)
                    json.member("kind", approver.kind.rawValue)
                }
            }
        }
    }

    /// The request in lines for people. Not sanitised.
    public var lines: [String] {
        var facts: [(String, String)] = [
            ("who", request.principal.title + (request.isForSelf ? "" : ", asked by \(request.requester.title)")),
            ("role", request.role.title), ("where", request.scope.title), ("scope", request.scope.id),
            ("for", request.duration.map { DurationText.text($0) } ?? "no end"), ("why", request.reason.isEmpty ? "–" : request.reason),
        ]
        if let ticket = request.ticket { facts.append(("ticket", ticket)) }
        if let risk = request.risk { facts.append(("risk", risk)) }
        if let asked = request.askedAt { facts.append(("asked", "\(asked.rfc3339), \(Self.age(asked, now))")) }
        if let review {
            let has = review.holdings.value.map { $0.isEmpty ? "nothing here" : $0.joined(separator: ", ") }
            facts.append(("has", has ?? "not known: \(review.holdings.whyUnknown ?? "")"))
            if request.standing.isOpen {
                let others = review.approvals.map(\.description).joined(separator: " and ")
                facts.append(
                    (
                        "policy",
                        review.verdict.map { "! \($0.message)" }
                            ?? (others.isEmpty ? "you may decide" : "you may decide; it takes \(others)")
                    ))
            }
            if !review.approvers.isEmpty { facts.append(("asked were", review.approvers.map(\.title).joined(separator: ", "))) }
        }
        switch request.standing {
        case .granted(let until, let by):
            if let until { facts.append(("until", until.rfc3339)) }
            if let by { facts.append(("decided by", by.title)) }
        case .denied(let by, let reason):
            if let by { facts.append(("decided by", by.title)) }
            if let reason { facts.append(("they said", reason)) }
        default: break
        }
        let width = (facts.map(\.0.count).max() ?? 0) + 2
        return ["\(request.id.text)  \(request.standing.word)  \(request.backend.label)", "", request.sentence, ""]
            + facts.map { name, value in "  " + name + String(repeating: " ", count: width - name.count) + value }
    }
}
