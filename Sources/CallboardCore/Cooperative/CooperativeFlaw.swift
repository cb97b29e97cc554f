package import Identity

/// Why a statement of the queue is not what it says, or may not be acted on. One of these is enough: nothing that has a flaw can be approved.
package enum CooperativeFlaw: Error, Hashable, Sendable {
    /// It is no statement, or not in its one spelling.
    case malformed(String)
    /// Its place is no queue, topic or subscription in the one spelling of ids.
    case scope
    /// Its role is neither Data Sender nor Data Receiver of the subscription of its place.
    case role
    /// Nobody signed it.
    case unsigned
    /// The id token it came with is not to be believed.
    case token(IDTokenFlaw)
    /// The id token signs something else: the statement was altered, or the token was taken from elsewhere.
    case altered
    /// The key it was signed with is not the one that the id token stands for.
    case foreignKey
    /// The key's signature is over something else.
    case keySignature
    /// The id token was made too long before the message came, or after it.
    case stale(apart: Duration)
    /// It is of another tenant than the token.
    case otherTenant
    /// It says that somebody else made it than signed it.
    case impersonation
    /// The message has another id than the statement makes.
    case messageID
    /// Another statement with this id is decided on already.
    case idTaken
    /// It is decided on already.
    case decided
    /// It was made under another policy than the one that is loaded here.
    case policy(theirs: String, ours: String)
    /// Its place is in another namespace than the one of this context.
    case otherNamespace(theirs: String, ours: String)
    /// It names an environment that this is not, or whose subscriptions do not hold its place.
    case environment(String)
    /// The policy does not let its requester have this.
    case denied(Denial)
    /// Its place is not there.
    case noSuchEntity(String)
    /// Whoever would decide asked for it, or would have the role.
    case ownRequest
    /// Nobody may decide any more.
    case expired
    /// The clock of this machine differs too much from the service's.
    case clock(Duration)

    /// Whether it was made to deceive, or by what does not know the form: such a message is put aside by whoever finds it. What only cannot be decided here
    /// and now stays for others.
    package var isForgery: Bool {
        switch self {
        case .malformed, .scope, .role, .unsigned, .token, .altered, .foreignKey, .keySignature, .stale, .otherTenant, .impersonation,
            .messageID, .idTaken:
            true
        case .decided, .policy, .otherNamespace, .environment, .denied, .noSuchEntity, .ownRequest, .expired, .clock: false
        }
    }

    /// One word, for tables and the reason of a dead letter.
    package var word: String {
        switch self {
        case .malformed: "malformed"
        case .scope: "scope"
        case .role: "role"
        case .unsigned: "unsigned"
        case .token(let flaw): "token-\(flaw.rawValue)"
        case .altered: "altered"
        case .foreignKey: "foreign-key"
        case .keySignature: "key-signature"
        case .stale: "stale"
        case .otherTenant: "other-tenant"
        case .impersonation: "impersonation"
        case .messageID: "message-id"
        case .idTaken: "id-taken"
        case .decided: "decided"
        case .policy: "policy"
        case .otherNamespace: "other-namespace"
        case .environment: "environment"
        case .denied: "denied"
        case .noSuchEntity: "no-such-entity"
        case .ownRequest: "own-request"
        case .expired: "expired"
        case .clock: "clock"
        }
    }

    /// What it means, as a sentence for an operator. It may hold words of others: sanitise.
    package var sentence: String {
        switch self {
        case .malformed(let reason):
            "INVALID: it is no request in the form that is signed (\(reason)); somebody sent something else, or an older program did."
        case .scope:
            "INVALID: its place is not written as the id of a queue, topic or subscription is written here; look-alikes are refused."
        case .role: "INVALID: only Data Sender and Data Receiver can be asked for, in the subscription of the place."
        case .unsigned: "INVALID: nobody signed it; whoever can send to the queue can have written it."
        case .token(let flaw):
            "INVALID: the sign-in that signed it is not to be believed (\(flaw.rawValue)); whoever can send to the queue can have written it."
        case .altered: "INVALID: it is not what was signed; it was altered on its way, or the signature was taken from another one."
        case .foreignKey: "INVALID: the key that signed it is not the one that somebody signed in for."
        case .keySignature: "INVALID: it is not what its key signed; it was altered on its way."
        case .stale(let apart):
            "INVALID: its signature is \(DurationText.text(apart)) apart from the moment the service took it; it was sent again, or a clock is wrong."
        case .otherTenant: "INVALID: it is of another tenant than the one its signature is of."
        case .impersonation: "INVALID: it says that somebody else made it than signed it."
        case .messageID: "INVALID: the message has the id of another one, so that the service could not drop copies of it."
        case .idTaken: "INVALID: another request with this id is decided on already."
        case .decided: "It is decided on already: nothing more can be said to it."
        case .policy(let theirs, let ours):
            "It was asked under the policy \(theirs.prefix(12)), and you have \(ours.prefix(12)) loaded: get the same policy before anybody decides."
        case .otherNamespace(let theirs, let ours):
            "It is for the namespace '\(theirs)', and this context is for '\(ours)': decide about it in a context of that namespace, by its policy."
        case .environment(let name): "It names the environment '\(name)', which is not the one of this context, or does not hold its place."
        case .denied(let denial): "The policy does not allow it: \(denial.message) [\(denial.rule)]"
        case .noSuchEntity(let scope): "There is no \(scope): look closely at the name, it may look like another one."
        case .ownRequest: "You asked for it, or would have the role: somebody else has to decide."
        case .expired: "Its time is over: whoever needs it still has to ask again."
        case .clock(let skew):
            "The clock of this machine is \(DurationText.text(skew < .zero ? .zero - skew : skew)) \(skew < .zero ? "ahead of" : "behind") the service's: set it before anything is decided."
        }
    }

    /// The flaw as commands tell it: exit status 3, or 1 for what is decided already.
    package var operatorError: OperatorError {
        switch self {
        case .decided, .idTaken: OperatorError(.conflict, sentence)
        case .denied(let denial): denial.operatorError
        case .noSuchEntity, .expired: OperatorError(.notFound, sentence)
        default: OperatorError(.refused, sentence)
        }
    }
}
