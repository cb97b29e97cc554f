/// One entity of a Backstage catalogue. Every kind is kept, known or not; all texts are as untrusted as the file they came from.
public struct Entity: Sendable {
    /// What an entity is.
    public enum Kind: Hashable, Sendable, CustomStringConvertible {
        /// A piece of software.
        case component
        /// An interface that components provide and consume.
        case api
        /// Infrastructure that components depend on: a queue, a database.
        case resource
        /// Components and resources that belong together.
        case system
        /// Systems of one part of the business.
        case domain
        /// A team or another unit of an organisation.
        case group
        /// A person.
        case user
        /// A pointer to more catalogue files.
        case location
        /// A template of the scaffolder.
        case template
        /// Anything else.
        case other(String)

        /// Reads a kind in any case.
        public init(_ text: String) {
            switch text.lowercased() {
            case "component": self = .component
            case "api": self = .api
            case "resource": self = .resource
            case "system": self = .system
            case "domain": self = .domain
            case "group": self = .group
            case "user": self = .user
            case "location": self = .location
            case "template": self = .template
            default: self = .other(text)
            }
        }

        /// The kind as Backstage writes it.
        public var description: String {
            switch self {
            case .component: "Component"
            case .api: "API"
            case .resource: "Resource"
            case .system: "System"
            case .domain: "Domain"
            case .group: "Group"
            case .user: "User"
            case .location: "Location"
            case .template: "Template"
            case .other(let text): text
            }
        }
    }

    /// A link of an entity's metadata.
    public struct Link: Hashable, Sendable {
        /// Where it leads.
        public var url: String
        /// What it is called.
        public var title: String?
        /// What kind of link it is, by the organisation's own words.
        public var type: String?

        /// Creates a link.
        public init(url: String, title: String? = nil, type: String? = nil) {
            self.url = url
            self.title = title
            self.type = type
        }
    }

    /// Where an entity, or a part of it, was read.
    public struct Origin: Hashable, Sendable, CustomStringConvertible {
        /// The file, or the address of the Backstage backend.
        public var file: String
        /// The line, counted from 1; nil where there are none, in an answer of a backend.
        public var line: Int?

        /// Creates an origin.
        public init(file: String, line: Int? = nil) {
            self.file = file
            self.line = line
        }

        /// `file:line`, or the address.
        public var description: String { line.map { "\(file):\($0)" } ?? file }
    }

    /// Its reference.
    public var ref: EntityRef
    /// What it is.
    public var kind: Kind
    /// The format's version, for instance `backstage.io/v1alpha1`; empty when a backend was not asked for it.
    public var apiVersion: String
    /// The name for people.
    public var title: String?
    /// What it is about.
    public var summary: String?
    /// Annotations by key.
    public var annotations: [String: String] = [:]
    /// Labels by key.
    public var labels: [String: String] = [:]
    /// Tags in order.
    public var tags: [String] = []
    /// Links in order.
    public var links: [Link] = []
    /// Everything under `spec`.
    public var spec: EntityValue = .map([])
    /// Where it was read.
    public var origin: Origin

    /// Creates an entity with nothing but its reference.
    public init(ref: EntityRef, apiVersion: String = "backstage.io/v1alpha1", origin: Origin) {
        self.ref = ref
        kind = Kind(ref.kind)
        self.apiVersion = apiVersion
        self.origin = origin
    }

    /// `spec.type`: `service`, `website`, `team`, …
    public var type: String? { spec["type"]?.text }
    /// `spec.lifecycle`: `production`, `experimental`, …
    public var lifecycle: String? { spec["lifecycle"]?.text }
    /// `spec.profile.displayName` of groups and users.
    public var displayName: String? { spec["profile"]?["displayName"]?.text }
    /// The best name for people: the profile's, the title, or the short reference.
    public var peopleName: String { displayName ?? title ?? ref.shortName }
}
