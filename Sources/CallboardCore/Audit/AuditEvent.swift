internal import Crypto
public import ServiceBus

/// What is written down of a change or a reveal: that it was going to be done, and what came of it.
///
/// This room holds the audit trail: an append-only file in which every line has the hash of the one before (``AuditLedger``), what checks it
/// (``AuditVerification``) against a copy of its head kept elsewhere (``AuditCheckpoint``), and what shows and exports it. An intent is on disk before
/// anything is done, so that what is not in the ledger was not done by Callboard. There is no field for a message's content or a secret.
public struct AuditEvent: Hashable, Sendable {
    /// How far it had come.
    public enum Stage: String, Hashable, Sendable, CaseIterable {
        /// It was about to be done.
        case intended
        /// It was done.
        case done
        /// Some of it was done and some was not, or it is not known.
        case partly
        /// Nothing of it was done: the service or the network refused.
        case failed
        /// The policy or the service's authorisation refused.
        case refused
        /// Whoever acted stopped it.
        case cancelled
    }

    /// How many messages or things.
    public struct Counts: Hashable, Sendable {
        /// Those of the plan.
        public var planned: Int?
        /// Those that are done.
        public var done: Int?
        /// Those that failed and are as they were.
        public var failed: Int?
        /// Those of which it is not known.
        public var unknown: Int?
        /// Those that were left out on purpose, or were gone.
        public var skipped: Int?

        /// Creates counts.
        public init(planned: Int? = nil, done: Int? = nil, failed: Int? = nil, unknown: Int? = nil, skipped: Int? = nil) {
            self.planned = planned
            self.done = done
            self.failed = failed
            self.unknown = unknown
            self.skipped = skipped
        }
    }

    /// The role that a request or a grant is about.
    public struct Access: Hashable, Sendable {
        /// The request's id.
        public var request: String?
        /// The object id of who would have the role.
        public var principal: String
        /// The role's name.
        public var role: String
        /// The full id of the scope.
        public var scope: String
        /// For how long.
        public var duration: Duration?
        /// What was decided: `approve`, `deny`, `narrow`; nil where nothing was.
        public var answer: String?
        /// Where the request is kept: `pim`, `cooperative`; nil where there is none.
        public var backend: String?

        /// Creates what is written down of a role.
        public init(request: String?, principal: String, role: String, scope: String, duration: Duration?) {
            self.request = request
            self.principal = principal
            self.role = role
            self.scope = scope
            self.duration = duration
        }

        var value: JSONValue {
            let texts = [
                ("request", request), ("principal", principal), ("role", role), ("scope", scope), ("answer", answer), ("backend", backend),
            ]
            var members: [JSONValue.Member] = texts.compactMap { name, text in text.map { .init(name, .text(AuditEvent.bounded($0))) } }
            if let duration { members.append(.init("seconds", .integer(duration.components.seconds))) }
            return .object(members)
        }
    }

    /// What is written down of a use of break-glass.
    public struct Emergency: Hashable, Sendable {
        /// Where it was told before it was asked for.
        public var announced: [String]
        /// Where it could not be told, or was not yet.
        public var notAnnounced: [String]
        /// Until when it is to be reviewed.
        public var reviewBy: Timestamp?

        /// Creates what is written down of an emergency.
        public init(announced: [String] = [], notAnnounced: [String] = [], reviewBy: Timestamp? = nil) {
            self.announced = announced
            self.notAnnounced = notAnnounced
            self.reviewBy = reviewBy
        }

        /// The most places that are named.
        private static let mostPlaces = 5

        var value: JSONValue {
            let list = { (texts: [String]) in
                JSONValue.array(texts.prefix(Self.mostPlaces).map { .text(AuditEvent.bounded($0, AuditEvent.longestID)) })
            }
            var members: [JSONValue.Member] = [.init("announced", list(announced)), .init("notAnnounced", list(notAnnounced))]
            if let reviewBy { members.append(.init("reviewBy", .text(reviewBy.rfc3339))) }
            return .object(members)
        }
    }

    /// What was done.
    public var action: PolicyAction
    /// How far it had come.
    public var stage: Stage
    /// Who did it.
    public var actor: AuditActor
    /// The context's name.
    public var context: String
    /// The environment, as the context calls it.
    public var environment: String
    /// The namespace's host.
    public var namespace: String
    /// The entity, with the sub-queue.
    public var entity: EntityPath?
    /// Where messages went.
    public var target: EntityPath?
    /// The rule that allowed it, or refused.
    public var rule: String?
    /// Why, in the words of whoever acted.
    public var reason: String?
    /// The ticket it was done for.
    public var ticket: String?
    /// How many.
    public var counts: Counts?
    /// Exactly which messages.
    public var messages: SequenceNumberDigest?
    /// The job, where there is one.
    public var jobID: String?
    /// The role it is about.
    public var access: Access?
    /// The use of break-glass that it is; nil for quiet times.
    public var emergency: Emergency?
    /// The key or token it is about.
    public var credential: AuditCredential?
    /// The service's tracking ids.
    public var trackingIDs: [String] = []
    /// Azure's `x-ms-correlation-request-id`.
    public var correlationRequestIDs: [String] = []

    /// Creates an event.
    public init(
        _ action: PolicyAction, _ stage: Stage, by actor: AuditActor, context: String, environment: String = "", namespace: String,
        entity: EntityPath? = nil
    ) {
        self.action = action
        self.stage = stage
        self.actor = actor
        self.context = context
        self.environment = environment
        self.namespace = namespace
        self.entity = entity
    }

    /// An event of what guardrails allowed.
    public init(
        _ authorization: Authorization, _ stage: Stage, by actor: AuditActor, in place: Guardrails.Place, entity: EntityPath? = nil
    ) {
        self.init(
            authorization.action, stage, by: actor, context: place.context, environment: place.environment, namespace: place.host,
            entity: entity)
        rule = authorization.rule
        reason = authorization.reason
        ticket = authorization.ticket
    }

    /// An event of what guardrails refused.
    public init(_ denial: Denial, _ question: PolicyQuestion, by actor: AuditActor, in place: Guardrails.Place, entity: EntityPath? = nil) {
        self.init(
            question.action, .refused, by: actor, context: place.context, environment: place.environment, namespace: place.host,
            entity: entity)
        rule = denial.rule
    }

    /// `message.redrive.intended`.
    public var type: String { "\(action.rawValue).\(stage.rawValue)" }

    /// The fields in the order they are written.
    var members: [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        func add(_ name: String, _ text: String?) {
            if let text, !text.isEmpty { members.append(.init(name, .text(Self.bounded(text)))) }
        }
        members.append(.init("actor", actor.value))
        add("context", context)
        add("environment", environment)
        add("namespace", namespace)
        add("entity", entity?.address)
        add("target", target?.address)
        add("rule", rule)
        add("reason", reason)
        add("ticket", ticket)
        if let counts {
            let all = [
                ("planned", counts.planned), ("done", counts.done), ("failed", counts.failed), ("unknown", counts.unknown),
                ("skipped", counts.skipped),
            ]
            members.append(.init("counts", .object(all.compactMap { name, count in count.map { .init(name, .integer(Int64($0))) } })))
        }
        if let access { members.append(.init("access", access.value)) }
        if let emergency { members.append(.init("emergency", emergency.value)) }
        if let credential { members.append(.init("credential", credential.value)) }
        add("messagesSHA256", messages?.hexadecimal)
        add("job", jobID)
        for (name, ids) in [("trackingIds", trackingIDs), ("correlationRequestIds", correlationRequestIDs)] where !ids.isEmpty {
            members.append(.init(name, .array(ids.prefix(Self.mostIDs).map { .text(Self.bounded($0, Self.longestID)) })))
        }
        return members
    }

    /// The most ids of a kind; a long job has thousands, and the journal has them all.
    static let mostIDs = 25
    static let longestID = 100
    private static let longestText = 1000

    /// A text of at most so many characters. With all texts as long as they may be, and each character escaped as two times six bytes, a record is
    /// shorter than ``LedgerReader/longestLine``.
    static func bounded(_ text: String, _ longest: Int = longestText) -> String {
        let scalars = text.unicodeScalars
        return scalars.count <= longest ? text : String(String.UnicodeScalarView(scalars.prefix(longest - 1))) + "…"
    }
}

/// Who did something.
public struct AuditActor: Hashable, Sendable {
    /// What vouches for the name.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Somebody who signed in: the name and id are Azure's.
        case person
        /// The user of this machine, on a connection without a sign-in: the operating system vouches for the name.
        case local
        /// A program that acts by itself.
        case agent
        /// Callboard itself.
        case system
    }

    /// The object id in the directory; nil without a sign-in.
    public var oid: String?
    /// The name.
    public var name: String
    /// What vouches for it.
    public var kind: Kind
    /// The machine.
    public var host: String

    /// Creates an actor.
    public init(oid: String? = nil, name: String, kind: Kind, host: String) {
        self.oid = oid
        self.name = name
        self.kind = kind
        self.host = host
    }

    /// Callboard itself, on this machine.
    static var system: AuditActor { AuditActor(name: "callboard", kind: .system, host: LocalUser.host) }

    var value: JSONValue {
        var members: [JSONValue.Member] = []
        if let oid { members.append(.init("oid", .text(AuditEvent.bounded(oid)))) }
        members.append(.init("name", .text(AuditEvent.bounded(name))))
        members.append(.init("kind", .text(kind.rawValue)))
        members.append(.init("host", .text(AuditEvent.bounded(host))))
        return .object(members)
    }
}

/// Which messages exactly, in 32 bytes: SHA-256 over their sequence numbers in ascending order, each once, as 64 bits, most significant byte first.
///
/// Whoever has the numbers can prove that it was these, and nobody can read from it how many or which they were.
public struct SequenceNumberDigest: Hashable, Sendable {
    /// 64 hexadecimal digits.
    public let hexadecimal: String

    /// The digest of numbers in any order.
    public init(_ numbers: some Sequence<SequenceNumber>) { self.init(ascending: Set(numbers).sorted()) }

    /// The digest of a set, without taking it apart.
    public init(_ numbers: SequenceNumberSet) { self.init(ascending: numbers) }

    private init(ascending numbers: some Sequence<SequenceNumber>) {
        var hash = SHA256()
        for number in numbers { withUnsafeBytes(of: number.rawValue.bigEndian) { hash.update(bufferPointer: $0) } }
        hexadecimal = hash.finalize().hexadecimal
    }
}
