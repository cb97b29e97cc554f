internal import CallboardCore
internal import ServiceBus

/// The entities of a namespace as a tree: queues, and topics with their subscriptions, each with whose it is.
///
/// Made once for a listing and off the UI thread, in order of path, so that ten thousand entities cost the UI thread little more than an
/// index for each.
struct EntityTree: Sendable {
    /// An entity.
    struct Node: Sendable {
        let path: EntityPath
        /// Nil where only the catalogue knows it.
        let description: EntityDescription?
        /// The services it belongs to; a subscription that is not named itself belongs to its topic's.
        let services: [Int]
        /// Whether only its name says so, and not the catalogue.
        let isByName: Bool
        /// The place of its topic.
        let topic: Int?
        /// What a filter looks at, in lower case.
        let text: String
        /// The places of its subscriptions.
        fileprivate(set) var children: Range<Int>

        /// What it is; nil where that is not known.
        var kind: EntityDescription.Kind? { path.subscription == nil ? description?.kind : .subscription }
    }

    /// Every topic is followed by its subscriptions.
    private(set) var nodes: [Node] = []
    /// What is known of the messages of each; for a topic, the sums over its subscriptions.
    private(set) var figures: [Reading<EntityCounts>] = []
    /// How the dead letters of each change; for a topic, the sum over its subscriptions.
    private(set) var growth: [CountRate?] = []
    private let services: [ServiceSummary]
    /// Whether it is known whose entities are, so that nobody's are a finding.
    let knowsOwners: Bool
    private var places: [EntityPath: Int] = [:]

    init(_ board: Board = Board(), _ listing: EntityListing? = nil, _ history: CountHistory = CountHistory()) {
        services = board.rows.map(\.service)
        // The first entities are there before the catalogue is.
        if case .pending = board.totals { knowsOwners = false } else { knowsOwners = board.isCatalogueKnown }
        let byName = Set(services.flatMap(\.entitiesByName))
        var owners: [EntityPath: [Int]] = [:]
        for (index, service) in services.enumerated() { for path in service.entities { owners[path, default: []].append(index) } }
        let descriptions = Dictionary((listing?.entities ?? []).map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        for path in EntityTree.paths(listing, descriptions, named: owners.keys) {
            let topic = path.topic.flatMap { places[$0] }
            let mine = owners[path] ?? path.topic.flatMap { owners[$0] } ?? []
            let place = nodes.count
            nodes.append(
                Node(
                    path: path, description: descriptions[path], services: mine,
                    isByName: byName.contains(owners[path] == nil ? path.topic ?? path : path), topic: topic,
                    text: EntityTree.text(path, descriptions[path], mine.map { services[$0] })
                        + (mine.isEmpty && knowsOwners ? "\u{1F}nobody" : ""),
                    children: place..<place))
            places[path] = place
            if let topic { nodes[topic].children = topic + 1..<place + 1 }
        }
        let unknown = EntityTree.unknown(board, listing)
        figures = nodes.map { node in
            guard let listing, let counts = node.description?.counts else { return unknown }
            return .known(counts, at: listing.asOf)
        }
        for place in nodes.indices where nodes[place].kind == .topic { figures[place] = total(place, figures) }
        growth = nodes.map { history.deadLetters(of: $0.path) }
        for place in nodes.indices where nodes[place].kind == .topic {
            growth[place] = history.deadLetters(of: nodes[place].children.map { nodes[$0].path })
        }
    }

    /// All paths in order, those the service listed and those only the catalogue names; a topic before its subscriptions.
    private static func paths(
        _ listing: EntityListing?, _ descriptions: [EntityPath: EntityDescription], named: some Sequence<EntityPath>
    ) -> [EntityPath] {
        let listed = (listing?.entities ?? []).map(\.path)
        var others = Set(named.filter { descriptions[$0] == nil })
        for path in listed + Array(others) {
            if let topic = path.topic, descriptions[topic] == nil { others.insert(topic) }
        }
        // A listing comes in order of path: sorting ten thousand again would take longer than all the rest.
        return others.isEmpty ? listed : (listed + others).sorted()
    }

    /// Why an entity without counts has none.
    private static func unknown(_ board: Board, _ listing: EntityListing?) -> Reading<EntityCounts> {
        switch board.totals {
        case .known: .unavailable("the service gave no counts")
        case .pending: listing == nil ? .pending : .unavailable("the service gave no counts")
        case .notPermitted(let needs): .notPermitted(needs: needs)
        case .unavailable(let reason): .unavailable(reason)
        }
    }

    private static func text(_ path: EntityPath, _ description: EntityDescription?, _ services: [ServiceSummary]) -> String {
        var words = [path.displayName]
        if let description { words += [description.kind.rawValue, description.status.description] + EntityNotes.of(description) }
        for service in services { words += [service.name, service.owner ?? ""] }
        return words.joined(separator: "\u{1F}").lowercased()
    }

    /// The place of an entity.
    func place(of path: EntityPath) -> Int? { places[path.entity] }

    /// An entity as it was listed.
    func description(of path: EntityPath) -> EntityDescription? { place(of: path).flatMap { nodes[$0].description } }

    /// Whose an entity is, by the catalogue.
    func services(of place: Int) -> [ServiceSummary] { nodes[place].services.map { services[$0] } }

    /// Whose an entity is, in words: those of its services; that it is nobody's, where that is known.
    func serviceText(of place: Int) -> (text: String, isFinding: Bool) {
        let node = nodes[place]
        if node.services.isEmpty { return (knowsOwners ? "nobody" : "", knowsOwners) }
        let names = services(of: place).map(\.name).joined(separator: ", ")
        return (node.isByName ? "\(names) (by name)" : names, false)
    }

    /// A topic's figures from those of its subscriptions: as old as the oldest, and not known where one is not. What is scheduled waits in
    /// the topic itself.
    func total(_ place: Int, _ figures: [Reading<EntityCounts>]) -> Reading<EntityCounts> {
        guard case .known(let own, var oldest) = figures[place] else { return figures[place] }
        var sum = EntityCounts(scheduled: own.scheduled)
        for child in nodes[place].children {
            guard case .known(let counts, let moment) = figures[child] else { return figures[child] }
            oldest = min(oldest, moment)
            sum.active = EntityTree.add(sum.active, counts.active)
            sum.deadLetter = EntityTree.add(sum.deadLetter, counts.deadLetter)
            sum.scheduled = EntityTree.add(sum.scheduled, counts.scheduled)
            sum.transfer = EntityTree.add(sum.transfer, counts.transfer)
            sum.transferDeadLetter = EntityTree.add(sum.transferDeadLetter, counts.transferDeadLetter)
        }
        return .known(sum, at: oldest)
    }

    /// Counts come off a wire: they saturate instead of trapping.
    static func add(_ a: Int64, _ b: Int64) -> Int64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? (b > 0 ? .max : .min) : sum
    }
}

/// What is special about an entity, in a few words each.
enum EntityNotes {
    static func of(_ description: EntityDescription) -> [String] {
        var notes: [String] = []
        switch description.status {
        case .active: break
        case .disabled: notes.append("disabled")
        case .sendDisabled: notes.append("disabled for sending")
        case .receiveDisabled: notes.append("disabled for receiving")
        case .other(let word): notes.append("status \(word)")
        }
        if let target = description.forwardTo { notes.append("→ \(name(of: target))") }
        if let target = description.forwardDeadLetteredTo { notes.append("dead letters → \(name(of: target))") }
        if description.requiresSession { notes.append("sessions") }
        if description.requiresDuplicateDetection { notes.append("duplicate detection") }
        return notes
    }

    /// An entity's name in the address that the service gives for where messages are forwarded.
    static func name(of target: String) -> String {
        guard target.holds("://") else { return target }
        let parts = target.split(separator: "/", omittingEmptySubsequences: true)
        return parts.count > 2 ? parts.dropFirst(2).joined(separator: "/") : target
    }
}
