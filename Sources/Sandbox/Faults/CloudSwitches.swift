internal import ServiceBus

/// What the sandbox's cloud does differently on purpose, so that a client can be tested against it. Counted ones wear off.
struct CloudSwitches: Sendable, Hashable {
    /// For how long an access token is good.
    var tokenSeconds = 4200
    /// After how many polls a device code approves itself, as ``signInAs``; 0 for never.
    var deviceCodePolls = 0
    /// How long a client is told to wait between polls.
    var deviceCodeInterval = 5
    /// For how long a device code is good.
    var deviceCodeSeconds = 900
    /// Answers so many of the next polls with `slow_down`.
    var deviceCodeSlowDowns = 0
    /// Asks for stronger proof in so many of the next token requests of people that bring none.
    var claimsChallenges = 0
    /// Refuses so many of the next ARM calls with a token that knows continuous access evaluation, as after a sign-out everywhere.
    var accessChallenges = 0
    /// How long a change of role assignments takes to count.
    var propagationMilliseconds = 0
    /// Refuses every so-manyth call of ARM and Graph with 429; 0 is off.
    var throttleEvery = 0
    /// How many reads of ARM there are at most before it refuses, as there are 250 in Azure; 0 for any number.
    var reads = 0
    /// How many of those come back in a second, as 25 do in Azure.
    var readsPerSecond = 25
    /// What such a refusal says about when to come back.
    var retryAfterSeconds = 1
    /// How many elements a list of ARM shows at a time; 0 for all.
    var pageSize = 0
    /// Answers so many of the next managed-identity requests with 410, as a host that is being changed.
    var identityGone = 0
    /// Leaves groups out of tokens, as if there were too many.
    var groupsOverage = false
    /// Spells ids in answers of ARM in other cases, in turn.
    var randomCasing = false
    /// Refuses everything of Graph for lack of rights.
    var graphForbidden = false
    /// Refuses who asks Graph for the members of groups.
    var groupMembersForbidden = false
    /// Wants an authentication context (`acrs`) of who activates a role.
    var activationContext = false
    /// Who signs in when nobody is asked: a user's name or object id; empty for nobody.
    var signInAs = CloudSeed.onCall.name

    private static let numbers: [(name: String, path: any WritableKeyPath<CloudSwitches, Int> & Sendable, range: ClosedRange<Int>)] = [
        ("tokenSeconds", \.tokenSeconds, 1...86_400), ("deviceCodePolls", \.deviceCodePolls, 0...1000),
        ("deviceCodeInterval", \.deviceCodeInterval, 1...60), ("deviceCodeSeconds", \.deviceCodeSeconds, 1...86_400),
        ("deviceCodeSlowDowns", \.deviceCodeSlowDowns, 0...1000), ("claimsChallenges", \.claimsChallenges, 0...1000),
        ("accessChallenges", \.accessChallenges, 0...1000), ("propagationMilliseconds", \.propagationMilliseconds, 0...3_600_000),
        ("throttleEvery", \.throttleEvery, 0...1_000_000), ("reads", \.reads, 0...1_000_000),
        ("readsPerSecond", \.readsPerSecond, 1...1_000_000), ("retryAfterSeconds", \.retryAfterSeconds, 0...3600),
        ("pageSize", \.pageSize, 0...1000), ("identityGone", \.identityGone, 0...1000),
    ]
    private static let flags: [(name: String, path: any WritableKeyPath<CloudSwitches, Bool> & Sendable)] = [
        ("groupsOverage", \.groupsOverage), ("randomCasing", \.randomCasing), ("graphForbidden", \.graphForbidden),
        ("groupMembersForbidden", \.groupMembersForbidden),
        ("activationContext", \.activationContext),
    ]

    init() {}

    /// Why a text describes no switches.
    struct ParseError: Error, Hashable, CustomStringConvertible {
        let description: String
    }

    /// Reads a JSON object; what is left out is as in a new value.
    init(json: CloudJSON) throws(ParseError) {
        guard case .object(let members) = json else { throw ParseError(description: "The switches must be a JSON object.") }
        for member in members {
            if let number = Self.numbers.first(where: { $0.name == member.key }) {
                guard let value = member.value.number.flatMap({ Int(exactly: $0) }), number.range.contains(value) else {
                    throw ParseError(
                        description:
                            "'\(number.name)' must be a whole number from \(number.range.lowerBound) to \(number.range.upperBound).")
                }
                self[keyPath: number.path] = value
            } else if let flag = Self.flags.first(where: { $0.name == member.key }) {
                guard let value = member.value.flag else { throw ParseError(description: "'\(flag.name)' must be true or false.") }
                self[keyPath: flag.path] = value
            } else if member.key == "signInAs" {
                guard let text = member.value.text else { throw ParseError(description: "'signInAs' must be a user's name or object id.") }
                signInAs = text
            } else {
                let known = Self.numbers.map(\.name) + Self.flags.map(\.name) + ["signInAs"]
                throw ParseError(description: "There is no switch '\(member.key)'. Known are \(known.joined(separator: ", ")).")
            }
        }
    }

    /// The JSON object that ``init(json:)`` reads, with every member.
    var json: CloudJSON {
        .object(
            Self.numbers.map { .init(key: $0.name, value: .int(Int64(self[keyPath: $0.path]))) }
                + Self.flags.map { .init(key: $0.name, value: .bool(self[keyPath: $0.path])) }
                + [.init(key: "signInAs", value: .string(signInAs))])
    }

    /// Counts one down; answers whether it was on.
    mutating func take(_ switched: WritableKeyPath<CloudSwitches, Int>) -> Bool {
        guard self[keyPath: switched] > 0 else { return false }
        self[keyPath: switched] -= 1
        return true
    }
}
