internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// What stands in the columns of the lists.
extension InboxScreen {
    static let waitingColumns = [
        TableColumn("who", 10, upTo: 30, worth: 100),
        TableColumn("wants", 13, upTo: 24, worth: 95),
        TableColumn("on", 8, upTo: 50, worth: 98),
        TableColumn("for", 5, upTo: 12, worth: 90),
        TableColumn("asked", 6, upTo: 10, worth: 80),
        TableColumn("stands", 8, upTo: 40, worth: 85),
        TableColumn("kept in", 9, upTo: 12, worth: 60),
        TableColumn("why", 10, upTo: 100, worth: 50),
    ]
    static let grantColumns = [
        TableColumn("who", 10, upTo: 36, worth: 100),
        TableColumn("has", 13, upTo: 24, worth: 95),
        TableColumn("on", 8, upTo: 50, worth: 98),
        TableColumn("how long", 34, upTo: 36, worth: 99),
        TableColumn("counts", 20, upTo: 20, worth: 80),
        TableColumn("kept in", 9, upTo: 12, worth: 60),
        TableColumn("ended by", 25, upTo: 30, worth: 55),
    ]

    static func cells(_ row: Row, _ model: Model, now: Timestamp) -> [Span] {
        switch row {
        case .request(let request):
            let isMine = model.inbox.lists.value?.isParty(to: request) == true
            let who = request.isForSelf ? request.requester.title : "\(request.principal.title) (by \(request.requester.title))"
            return [
                Span(who), Span(request.role.title), Span(request.scope.title),
                Span(request.duration.map { Figures.duration($0) } ?? "no end"),
                Span(request.askedAt.map { Age.label(of: $0, now: now) + " ago" } ?? "–", .muted), RequestText.standing(request, now: now),
                Span(request.backend.label, .statusInfo), Span(request.reason, isMine ? .muted : .text),
            ]
        case .grant(let grant):
            let isMine = model.inbox.lists.value.map { grant.principal.isSame(as: $0.me) } == true
            let proof = isMine ? RequestText.proof(model.inbox.proofs[grant.id] ?? .pending) : Span("", .muted)
            return [
                Span(grant.principal.title + (isMine ? " (you)" : "")), Span(grant.role.title), Span(grant.scope.title),
                RequestText.left(grant, seen: model.inbox.seen(grant), now: now), proof, Span(grant.backend.label, .statusInfo),
                Span(RequestText.keeper(grant), .muted),
            ]
        }
    }
}
