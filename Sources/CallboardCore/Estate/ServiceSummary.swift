public import ServiceBus

/// A service of the catalogue with what an operator needs to know about it at three in the morning.
///
/// All texts come from catalogue files: sanitise before showing.
public struct ServiceSummary: Hashable, Sendable, Identifiable {
    /// Something to follow: a runbook, a dashboard, the on-call schedule.
    public struct Link: Hashable, Sendable {
        /// What it is called.
        public var title: String
        /// Where it leads.
        public var url: String

        /// Creates a link.
        public init(title: String, url: String) {
            self.title = title
            self.url = url
        }
    }

    /// The catalogue reference, for instance `component:default/checkout`.
    public var ref: String
    /// The short name.
    public var name: String
    /// The name for people, where the catalogue has one.
    public var title: String?
    /// What it does, in the catalogue's words.
    public var summary: String?
    /// The owner's name for people (`team-cart`, or a group's display name).
    public var owner: String?
    /// The owner's catalogue reference.
    public var ownerRef: String?
    /// Who is on call, or where to find out.
    public var onCall: String?
    /// The system it is part of.
    public var system: String?
    /// `production`, `experimental`, …
    public var lifecycle: String?
    /// The entities bound to it, directly or through Resources it depends on, in the catalogue's order.
    public var entities: [EntityPath]
    /// Those of them that are its own by their names alone: the catalogue does not say so.
    public var entitiesByName: [EntityPath] = []
    /// The environments it is for, in lower case; none where the catalogue does not say.
    public var environments: [String] = []
    /// Where to go from here: who is on call, the catalogue's own links, its page in Backstage, its documentation and source.
    public var links: [Link]
    /// What is wrong with its catalogue entry: no owner, an owner that does not exist, an annotation that cannot be read.
    public var findings: [String]

    /// The catalogue reference.
    public var id: String { ref }

    /// The finding of a service without an owner.
    static let nobodyOwnsIt = "nobody owns it"

    /// Its entities as people read them: those that are its own by name say so.
    public var entityTexts: [String] {
        let byName = Set(entitiesByName)
        return entities.map { byName.contains($0) ? "\($0.displayName) (by name)" : $0.displayName }
    }

    /// Creates a summary.
    public init(
        ref: String, name: String, title: String? = nil, summary: String? = nil, owner: String? = nil, ownerRef: String? = nil,
        onCall: String? = nil, system: String? = nil, lifecycle: String? = nil, entities: [EntityPath] = [], links: [Link] = [],
        findings: [String] = []
    ) {
        self.ref = ref
        self.name = name
        self.title = title
        self.summary = summary
        self.owner = owner
        self.ownerRef = ownerRef
        self.onCall = onCall
        self.system = system
        self.lifecycle = lifecycle
        self.entities = entities
        self.links = links
        self.findings = findings
    }
}
