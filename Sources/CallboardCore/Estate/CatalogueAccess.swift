internal import Backstage
public import ServiceBus

/// What a Component or Resource of the catalogue says about access: its entities, who is to send and receive there, and as which identity it acts.
public struct CatalogueAccess: Hashable, Sendable {
    /// The most references or ids that one annotation may name.
    static let most = 1_000

    /// Its reference, for instance `component:default/checkout`.
    public var ref: String
    /// Whether it is a Component, which acts; Resources only are.
    public var isComponent: Bool
    /// The entities that its own annotations name: for each the paths it may mean, the likeliest first.
    public var entities: [[EntityPath]]
    /// The Resources it depends on, whose entities are its own as well.
    public var dependencies: [String]
    /// The references of those that are to send to its entities; nil when nothing says so, which is not the same as nobody.
    public var senders: [String]?
    /// The references of those that are to receive from them; nil when nothing says so.
    public var receivers: [String]?
    /// The object ids it acts as.
    public var principals: [String]
    /// Whether Backstage says that nothing stands behind it any more (`backstage.io/orphan`).
    public var isOrphan: Bool

    /// Creates what an entry says.
    public init(
        ref: String, isComponent: Bool = true, entities: [[EntityPath]] = [], dependencies: [String] = [], senders: [String]? = nil,
        receivers: [String]? = nil, principals: [String] = [], isOrphan: Bool = false
    ) {
        self.ref = ref
        self.isComponent = isComponent
        self.entities = entities
        self.dependencies = dependencies
        self.senders = senders
        self.receivers = receivers
        self.principals = principals
        self.isOrphan = isOrphan
    }
}

extension EstateBuilder {
    /// What every Component, and every Resource that is bound or says something about access, says.
    func access() -> [CatalogueAccess] {
        var result: [CatalogueAccess] = []
        for entity in catalogue.entities where entity.kind == .component || entity.kind == .resource {
            // What is for another environment is not expected here.
            guard isHere(entity) else { continue }
            func first(_ keys: [String]) -> [String]? {
                for key in keys {
                    if let value = entity.annotation(key) { return Array(Self.elements(value).prefix(CatalogueAccess.most)) }
                }
                return nil
            }
            func references(_ keys: [String]) -> [String]? {
                first(keys)?.map { text in
                    EntityRef(parsing: text, defaultKind: "component", defaultNamespace: entity.ref.namespace)?.description ?? text
                }.uniqued()
            }
            let access = CatalogueAccess(
                ref: entity.ref.description, isComponent: entity.kind == .component,
                entities: (bindings[entity.ref] ?? []).map(\.candidates),
                dependencies: catalogue.targets(of: entity.ref, .dependsOn).filter { $0.kind.lowercased() == "resource" }.map(
                    \.description),
                senders: references(rules.senderAnnotations), receivers: references(rules.receiverAnnotations),
                principals: first(rules.principalAnnotations)?.uniqued() ?? [],
                isOrphan: entity.annotation("backstage.io/orphan")?.lowercased() == "true")
            guard access.isComponent || !access.entities.isEmpty || access.senders != nil || access.receivers != nil else { continue }
            result.append(access)
        }
        return result
    }

    /// The elements of a list separated by commas or blanks.
    private static func elements(_ value: String) -> [String] {
        value.utf8.split { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: " ") || (0x09...0x0d).contains($0) }.map { String(Substring($0)) }
    }
}
