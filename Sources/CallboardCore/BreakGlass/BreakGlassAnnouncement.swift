public import ServiceBus

/// What everybody is told before somebody breaks the glass: who takes what, where, for how long and why. There is no secret in it.
///
/// This room holds what access in an emergency is besides a request: the announcement that goes out before anything is asked for
/// (``BreakGlassAnnouncer``), the uses that the ledger knows and the reviews that are owed for them (``BreakGlassUse``), and what a screen says of
/// them (``BreakGlassBanner``).
public struct BreakGlassAnnouncement: Hashable, Sendable {
    /// The request's id.
    public var request: AccessRequest.ID
    /// Who takes it. Names are hostile text: sanitise.
    public var who: AccessParty
    /// The role.
    public var role: AccessRole
    /// Where.
    public var scope: AccessScope
    /// The namespace's host.
    public var namespace: String
    /// For how long.
    public var duration: Duration
    /// Why, in the words of who takes it.
    public var reason: String
    /// The ticket.
    public var ticket: String?
    /// The rule of `break_glass` that allows it.
    public var rule: String
    /// When it was announced.
    public var announcedAt: Timestamp
    /// Until when it is to be reviewed; nil where the policy does not say.
    public var reviewBy: Timestamp?

    /// One line: `BREAK-GLASS: r.osei takes Data Receiver on orders (sb-retail…) for 30m`.
    public var title: String {
        "BREAK-GLASS: \(who.title) takes \(role.title) on \(scope.title) (\(namespace)) for \(DurationText.text(duration))"
    }

    /// The same as a message for a queue or topic: JSON, with the request's id as message id.
    package var message: OutgoingMessage {
        var message = OutgoingMessage(body: .data(Array(json)))
        message.messageID = "break-glass-\(request.text)"
        message.subject = "break-glass"
        message.contentType = "application/json"
        message.correlationID = request.text
        return message
    }

    private var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("event", "break-glass")
            json.member("request", request.text)
            json.member("who", who.id)
            json.member("name", who.name)
            json.member("role", role.title)
            json.member("scope", scope.id)
            json.member("namespace", namespace)
            json.member("seconds", duration.components.seconds)
            json.member("reason", reason)
            json.member("ticket", ticket)
            json.member("rule", rule)
            json.member("announcedAt", announcedAt.rfc3339)
            json.member("reviewBy", reviewBy?.rfc3339)
        }
        return json.bytes
    }
}

/// Where a use of break-glass is announced.
public enum BreakGlassPlace: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// A queue of the namespace.
    case queue(EntityPath)
    /// A topic of the namespace.
    case topic(EntityPath)
    /// Backstage's notifications, to everybody.
    case backstage

    /// Reads a place as a policy writes it: `queue:NAME`, `topic:NAME`; nil for what is none.
    init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let path = try? EntityPath.queue(String(parts[1])) else { return nil }
        switch parts[0] {
        case "queue": self = .queue(path)
        case "topic": self = .topic(path)
        default: return nil
        }
    }

    /// As a policy writes it.
    public var description: String {
        switch self {
        case .queue(let path): "queue:\(path.name)"
        case .topic(let path): "topic:\(path.name)"
        case .backstage: "Backstage"
        }
    }

    /// Orders by text.
    public static func < (a: Self, b: Self) -> Bool { a.description < b.description }
}
