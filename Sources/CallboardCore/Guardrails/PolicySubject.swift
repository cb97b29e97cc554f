/// Somebody a rule may be about.
public enum PolicySubject: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// A team of the policy, `team:orders`: whoever has its claims.
    case team(String)
    /// One user, `user:…`: the object id where somebody signed in, else the name of the user of this machine.
    case user(String)
    /// A program that acts by itself, `agent`.
    case agent
    /// Every person, `anyone`. Agents are not meant: they are named or have nothing.
    case anyone

    /// Reads a subject; nil when it is none. `agent:*` is understood as `agent`.
    public init?(_ text: String) {
        switch text {
        case "agent", "agent:*": self = .agent
        case "anyone": self = .anyone
        default:
            guard let colon = text.firstIndex(of: ":") else { return nil }
            let name = String(text[text.index(after: colon)...])
            guard !name.isEmpty, name.utf8.count <= 200, name.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7f }) else {
                return nil
            }
            switch text[..<colon] {
            case "team": self = .team(name)
            case "user": self = .user(name)
            default: return nil
            }
        }
    }

    /// As policies write it.
    public var description: String {
        switch self {
        case .team(let name): "team:\(name)"
        case .user(let name): "user:\(name)"
        case .agent: "agent"
        case .anyone: "anyone"
        }
    }

    /// Orders by text.
    public static func < (a: Self, b: Self) -> Bool { a.description < b.description }

    var isTeam: Bool { if case .team = self { true } else { false } }
}

/// Who asks.
public struct PolicyCaller: Hashable, Sendable {
    /// What is known of the teams somebody is in.
    public enum Groups: Hashable, Sendable {
        /// The teams are known: they come from verified claims.
        case known
        /// Nobody signed in: a connection string or an emulator has no claims. Rules about teams allow nothing, and those that deny are taken to
        /// apply.
        case notSignedIn
        /// Somebody signed in and their groups could not be had (an overage, and no answer from Graph). Everything is denied.
        case unknown
    }

    /// Who they are: the user, their teams, whether they are an agent.
    public var subjects: Set<PolicySubject>
    /// What is known of their teams.
    public var groups: Groups
    /// The client id of a program that acts with an identity of its own: rules name it with `user:CLIENT-ID`. Nil for everybody else, agents that act as
    /// whoever started them among them.
    public var program: String?

    /// Creates a caller.
    public init(_ subjects: Set<PolicySubject>, groups: Groups = .known, program: String? = nil) {
        self.subjects = subjects
        self.groups = groups
        self.program = program
    }

    /// Whether a program acts by itself.
    public var isAgent: Bool { subjects.contains(.agent) }

    /// Whoever runs this process on a connection without a sign-in.
    ///
    /// The name is that of the operating system's user, which this machine vouches for and Azure knows nothing of: good enough against mistakes,
    /// and it is not evidence of anything. Teams are not taken from anywhere: what a file on this machine says about its own user is no
    /// claim. A policy whose rules name teams therefore allows nothing here until somebody signs in.
    /// - Parameters:
    ///   - environment: `CALLBOARD_AGENT`, set to anything but nothing or `0`, makes the caller an agent.
    ///   - isAgent: whether the context says that agents work here.
    public static func local(_ environment: [String: String], isAgent: Bool = false) -> PolicyCaller {
        var subjects: Set<PolicySubject> = [.user(LocalUser.name)]
        let word = environment["CALLBOARD_AGENT"] ?? ""
        if isAgent || (word != "" && word != "0") { subjects.insert(.agent) }
        return PolicyCaller(subjects, groups: .notSignedIn)
    }
}
