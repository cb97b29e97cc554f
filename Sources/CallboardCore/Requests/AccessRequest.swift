public import ServiceBus

/// Somebody's wish for a role for a while, wherever it is kept: in Entra Privileged Identity Management, or in a Service Bus queue.
///
/// This room holds what turns "somebody please approve this" into one key press: what is asked (``AccessRequest``, ``AccessRequestDraft``), what an
/// approver says (``AccessDecision``), what is in force (``ActiveGrant``), where it is kept (``AccessBackend``), and the one door to all of it
/// (``AccessDesk``). Azure's roles alone enforce anything: nothing that is stored here gives a right.
public struct AccessRequest: Hashable, Sendable {
    /// Where requests are kept, and who sees to it that they are kept to.
    public enum Backend: String, Hashable, Sendable, CaseIterable {
        /// Entra Privileged Identity Management: Azure knows who asked and who decided, and ends what was granted.
        case pim
        /// A Service Bus queue with signed requests: whoever takes part keeps to it, and Azure enforces the grant alone.
        case cooperative

        /// What the screen says of it.
        public var label: String {
            switch self {
            case .pim: "Entra PIM"
            case .cooperative: "cooperative"
            }
        }
    }

    /// What names a request: a GUID in both places.
    public struct ID: Hashable, Sendable, Comparable, CustomStringConvertible {
        /// In lower case.
        public let text: String

        /// The id of a text.
        public init(_ text: String) { self.text = text.lowercased() }

        /// The id.
        public var description: String { text }
        /// Its first eight characters, which a table shows and a command takes.
        public var short: String { String(text.prefix(8)) }
        /// Orders by text.
        public static func < (a: Self, b: Self) -> Bool { a.text < b.text }
    }

    /// Where it stands.
    public enum Standing: Hashable, Sendable {
        /// Nobody has decided; after this moment nobody can.
        case waiting(until: Timestamp?)
        /// Somebody has it open to decide about it.
        case reviewed(by: AccessParty?)
        /// It was granted and is on its way, or in force until then; nil: the end is not known.
        case granted(until: Timestamp?, by: AccessParty?)
        /// Somebody said no.
        case denied(by: AccessParty?, reason: String?)
        /// Whoever asked took it back.
        case cancelled
        /// Nobody decided in time.
        case expired
        /// It was granted and is over: its time came, or somebody ended it.
        case ended
        /// It came to nothing: the service's word for why.
        case failed(String)

        /// The stable name, as JSON and tables have it.
        public var word: String {
            switch self {
            case .waiting: "waiting"
            case .reviewed: "being reviewed"
            case .granted: "granted"
            case .denied: "denied"
            case .cancelled: "cancelled"
            case .expired: "expired"
            case .ended: "ended"
            case .failed: "failed"
            }
        }

        /// Whether somebody can still decide about it.
        public var isOpen: Bool {
            switch self {
            case .waiting, .reviewed: true
            default: false
            }
        }
    }

    /// What names it.
    public var id: ID
    /// Where it is kept.
    public var backend: Backend
    /// Who asked.
    public var requester: AccessParty
    /// Who would have the role: a person, or the identity of a service.
    public var principal: AccessParty
    /// The role.
    public var role: AccessRole
    /// Where.
    public var scope: AccessScope
    /// For how long, counted from the grant; nil: without an end, or one that is not said.
    public var duration: Duration?
    /// Why, in the words of who asked. Hostile text: sanitise.
    public var reason: String
    /// The ticket. Hostile text: sanitise.
    public var ticket: String?
    /// When it was asked; nil where nobody says.
    public var askedAt: Timestamp?
    /// Where it stands.
    public var standing: Standing
    /// The same as a sentence for an operator: what it means and what to do. It may hold words of others: sanitise.
    public var sentence: String
    /// What its place names it with, besides ``id``: the full id of Azure Resource Manager, or the sequence number in the queue.
    public var reference: String
    /// What decides about it at its place; nil where nobody is asked.
    public var approvalReference: String?
    /// Whether it only claims to be a request: nothing it says is to be believed, and all that can be done is putting it aside, by denying it.
    public var isForgery: Bool

    /// A request.
    public init(
        id: ID, backend: Backend, requester: AccessParty, principal: AccessParty, role: AccessRole, scope: AccessScope, duration: Duration?,
        reason: String, ticket: String? = nil, askedAt: Timestamp?, standing: Standing, sentence: String, reference: String,
        approvalReference: String? = nil, isForgery: Bool = false
    ) {
        self.id = id
        self.backend = backend
        self.requester = requester
        self.principal = principal
        self.role = role
        self.scope = scope
        self.duration = duration
        self.reason = reason
        self.ticket = ticket
        self.askedAt = askedAt
        self.standing = standing
        self.sentence = sentence
        self.reference = reference
        self.approvalReference = approvalReference
        self.isForgery = isForgery
    }

    /// Whether somebody asked for themselves.
    public var isForSelf: Bool { requester.isSame(as: principal) }

    /// What the role allows that its name does not say; nil when nothing needs saying.
    public var risk: String? {
        switch role {
        case .serviceBus(.receiver): "can also complete (delete) messages: no peek-only role exists"
        case .serviceBus(.sender): nil
        case .serviceBus(.owner): "can send, receive, and change or remove what is there"
        case .other: "is no role of Service Bus's: read what it allows before agreeing"
        }
    }
}
