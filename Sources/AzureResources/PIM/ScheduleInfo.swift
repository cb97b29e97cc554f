public import Identity

/// When a role begins and ends, as Privileged Identity Management is told.
public struct ScheduleInfo: Hashable, Sendable {
    /// How it ends.
    public enum Expiration: Hashable, Sendable {
        /// Not at all.
        case never
        /// So long after it began.
        case after(Duration)
        /// At a moment.
        case at(WallTime)
    }

    /// When it begins; nil for at once.
    public var start: WallTime?
    /// How it ends.
    public var expiration: Expiration

    /// A schedule.
    public init(start: WallTime?, expiration: Expiration) {
        self.start = start
        self.expiration = expiration
    }

    /// As a request has it: what does not apply is null.
    package var body: JSONValue {
        var expirationBody: [String: JSONValue] = ["endDateTime": .null, "duration": .null]
        switch expiration {
        case .never: expirationBody["type"] = "NoExpiration"
        case .after(let duration):
            expirationBody["type"] = "AfterDuration"
            expirationBody["duration"] = .text(ISODuration.text(duration))
        case .at(let time):
            expirationBody["type"] = "AfterDateTime"
            expirationBody["endDateTime"] = .text(time.rfc3339)
        }
        var body: [String: JSONValue] = ["expiration": .object(expirationBody)]
        if let start { body["startDateTime"] = .text(start.rfc3339) }
        return .object(body)
    }
}

extension ScheduleInfo: Decodable {
    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        start = try fields.time("startDateTime")
        guard let end = try fields.optionalObject("expiration") else {
            expiration = .never
            return
        }
        switch try end.optionalText("type")?.lowercased() {
        case "afterduration":
            guard let duration = try end.duration("duration") else { throw end.mismatch("duration", "a duration") }
            expiration = .after(duration)
        case "afterdatetime":
            guard let time = try end.time("endDateTime") else { throw end.mismatch("endDateTime", "a time") }
            expiration = .at(time)
        case "noexpiration", nil: expiration = .never
        // Reading an unknown kind as "never" would promise what nobody said.
        default: throw end.mismatch("type", "a kind of expiration that is known here")
        }
    }
}

/// The ticket that a request names.
public struct TicketInfo: Hashable, Sendable, Decodable {
    /// Its number.
    public var number: String?
    /// Where it is kept.
    public var system: String?

    /// A ticket.
    public init(number: String?, system: String?) {
        self.number = number
        self.system = system
    }

    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        number = try fields.optionalText("ticketNumber")
        system = try fields.optionalText("ticketSystem")
    }

    package var body: JSONValue {
        ["ticketNumber": number.map(JSONValue.text) ?? .null, "ticketSystem": system.map(JSONValue.text) ?? .null]
    }
}
