internal import Identity
public import ServiceBus

/// Which credential answers in a context, whose it is, and why the others did not.
public struct WhoAmI: Sendable {
    /// A link of the credential chain.
    public struct Link: Hashable, Sendable {
        /// `sign-in`, `environment`, `workload-identity`, `azure-cli`, `managed-identity`.
        public var name: String
        /// `answered`, `not asked`, `not set up`, `failed`.
        public var outcome: String
        /// Why, where it did not answer. Words of the service may be in it: sanitise.
        public var reason: String

        init(_ report: LinkReport) {
            name = report.name.rawValue
            switch report.outcome {
            case .answered: (outcome, reason) = ("answered", "")
            case .notAsked: (outcome, reason) = ("not asked", "one before it answered")
            case .notConfigured(let error): (outcome, reason) = ("not set up", error.message)
            case .failed(let error): (outcome, reason) = ("failed", error.message)
            }
        }
    }

    /// The context.
    public var context: String
    /// The tenant's id, or what the configuration calls it.
    public var tenant: String
    /// The cloud.
    public var cloud: String
    /// The link that answered; nil when none did.
    public var credential: String?
    /// The name of who that is.
    public var name: String?
    /// The object id.
    public var objectID: String?
    /// The application the token was given to.
    public var applicationID: String?
    /// Whether it is an application on its own behalf.
    public var isApplication = false
    /// Whether name and ids are from an id_token that was verified. From other tokens they are what the token says of itself.
    public var isVerified = false
    /// The person's groups.
    var groups: GroupClaim?
    /// The application's roles of the person.
    public var roles: [String] = []
    /// When an id_token last said who that is: at the sign-in, or when a token was renewed since; nil where none did.
    public var verifiedAt: Timestamp?
    /// When the groups were told; nil where they are not by a verified id_token.
    public var groupsAt: Timestamp?
    /// When the token ends.
    var expiresAt: WallTime?
    /// The links in their order.
    public var links: [Link] = []
    /// The file with this context's tokens.
    public var cachePath = ""
    var keyKind: KeyStoreKind?
    /// Why that file cannot be used.
    public var cacheProblem: OperatorError?
    /// Why there is no token.
    public var failure: OperatorError?

    init(context: String, tenant: String, cloud: String) {
        self.context = context
        self.tenant = tenant
        self.cloud = cloud
    }

    /// When the token ends.
    public var expiry: Timestamp? {
        expiresAt.flatMap { time in
            let (milliseconds, overflow) = time.secondsSince1970.multipliedReportingOverflow(by: 1000)
            return overflow ? nil : Timestamp(milliseconds: milliseconds)
        }
    }

    /// The groups in words; nil where there is no person.
    public var groupsText: String? {
        switch groups {
        case .known(let groups): groups.isEmpty ? "none" : groups.joined(separator: ", ")
        case .unknown(.overage): "not known: too many for a token (taken for a member of none by every rule)"
        case .unknown(.notInToken): "not known: the application is not told (taken for a member of none by every rule)"
        case nil: nil
        }
    }

    /// Where the key of the token file is, in words; nil while there is none.
    public var keyPlace: String? { keyKind.map(Self.words) }

    static func words(_ kind: KeyStoreKind) -> String {
        switch kind {
        case .keychain: "the keychain"
        case .secretService: "the Secret Service of the desktop session"
        case .file: "a file beside it, for its owner only (there is no keyring here)"
        }
    }
}

/// The answer of `whoami`.
public struct WhoAmIRecord {
    private let answer: WhoAmI
    private let now: Timestamp

    /// Wraps an answer.
    public init(_ answer: WhoAmI) { self.init(answer, now: .now) }

    /// - Parameter now: what ages are counted to.
    init(_ answer: WhoAmI, now: Timestamp) {
        self.answer = answer
        self.now = now
    }

    /// The answer in lines for people. Not sanitised.
    public var lines: [String] {
        var lines: [(String, String)] = [("context", answer.context)]
        if answer.credential != nil {
            let who = answer.name ?? answer.objectID ?? "an identity whose token says nothing of itself"
            let kind =
                answer.isApplication ? "an application" : answer.isVerified ? "a person, verified" : "by what the token says of itself"
            lines.append(("you are", "\(who) (\(kind))"))
            if let id = answer.objectID { lines.append(("object id", id)) }
        } else {
            lines.append(("you are", "nobody here: no credential answers"))
        }
        lines.append(("tenant", "\(answer.tenant), cloud \(answer.cloud)"))
        if let application = answer.applicationID { lines.append(("application", application)) }
        if let groups = answer.groupsText { lines.append(("groups", groups)) }
        if !answer.roles.isEmpty { lines.append(("roles", answer.roles.joined(separator: ", "))) }
        if let verified = answer.verifiedAt { lines.append(("verified", age(verified))) }
        if let told = answer.groupsAt, told != answer.verifiedAt, answer.groups != nil { lines.append(("groups as of", age(told))) }
        if let credential = answer.credential { lines.append(("answered by", credential)) }
        if let expiry = answer.expiry { lines.append(("token until", expiry.description)) }
        for link in answer.links where link.outcome != "answered" {
            lines.append((link.name, link.reason.isEmpty ? link.outcome : "\(link.outcome): \(link.reason)"))
        }
        if let place = answer.keyPlace { lines.append(("tokens in", "\(answer.cachePath), the key in \(place)")) }
        if let problem = answer.cacheProblem { lines.append(("tokens", problem.description)) }
        let width = (lines.map(\.0.count).max() ?? 0) + 2
        return lines.map { $0.0 + String(repeating: " ", count: width - $0.0.count) + $0.1 }
    }

    /// A moment, and how long ago that was.
    private func age(_ moment: Timestamp) -> String {
        let (milliseconds, overflow) = now.milliseconds.subtractingReportingOverflow(moment.milliseconds)
        guard !overflow, milliseconds >= 0 else { return moment.rfc3339 }
        let minutes = milliseconds / 60_000
        let ago =
            switch minutes {
            case 0: "just now"
            case ..<120: "\(minutes) min ago"
            case ..<2_880: "\(minutes / 60) h ago"
            default: "\(minutes / 1_440) days ago"
            }
        return "\(moment.rfc3339), \(ago)"
    }

    /// Writes the answer as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("context", answer.context)
            json.member("credential", answer.credential)
            json.member("name", answer.name)
            json.member("objectId", answer.objectID)
            json.member("tenant", answer.tenant)
            json.member("cloud", answer.cloud)
            json.member("applicationId", answer.applicationID)
            json.member("isApplication", answer.isApplication)
            json.member("isVerified", answer.isVerified)
            if case .known(let groups) = answer.groups { json.member("groups", groups) }
            if answer.groups != nil { json.member("groupsText", answer.groupsText) }
            json.member("roles", answer.roles)
            json.member("verifiedAt", answer.verifiedAt?.rfc3339)
            json.member("groupsAt", answer.groupsAt?.rfc3339)
            json.member("tokenExpiresAt", answer.expiry?.description)
            json.member("tokenFile", answer.cachePath)
            json.member("keyPlace", answer.keyPlace)
            json.member("error", answer.failure?.description)
            json.key("links")
            json.array { json in
                for link in answer.links {
                    json.object { json in
                        json.member("name", link.name)
                        json.member("outcome", link.outcome)
                        json.member("reason", link.reason.isEmpty ? nil : link.reason)
                    }
                }
            }
        }
    }
}
