internal import Backstage
internal import ServiceBus

/// Joins a catalogue to the entities it names.
struct EstateBuilder {
    let catalogue: Catalogue
    let rules: BindingRules
    /// The namespace we look at, in lower case, where its name can be told from its host.
    private let namespace: String?
    private let knowsGroups: Bool
    private(set) var bindings: [EntityRef: [EntityBinding]] = [:]
    private var findings: [EntityRef: [String]] = [:]
    /// The other namespaces that an entity's annotations name.
    private var elsewhere: [EntityRef: [String]] = [:]

    init(catalogue: Catalogue, rules: BindingRules, host: String) {
        self.catalogue = catalogue
        self.rules = rules
        namespace = Self.namespaceName(host: host)
        knowsGroups = catalogue.entities.contains { $0.kind == .group }
        for entity in catalogue.entities where entity.kind == .component || entity.kind == .resource { bind(entity) }
    }

    /// The first label of a Service Bus host; nil for an emulator, an address, or a name of one's own.
    static func namespaceName(host: String) -> String? {
        let host = host.lowercased()
        guard host.contains(".servicebus."), let label = host.split(separator: ".").first else { return nil }
        return String(label)
    }

    /// Services and what is bound to them. Resources that are bound and that no Component uses stand for themselves: what dies
    /// in their queues must not be out of sight.
    func services() -> [JoinedService] {
        var services: [JoinedService] = []
        var used: Set<EntityRef> = []
        for component in catalogue.entities where component.kind == .component {
            var bound = bindings[component.ref] ?? []
            var findings = findings[component.ref] ?? []
            var elsewhere = elsewhere[component.ref] ?? []
            for target in catalogue.targets(of: component.ref, .dependsOn) where target.kind.lowercased() == "resource" {
                if catalogue[target] == nil {
                    findings.append("depends on \(target), which is not in the catalogue")
                }
                used.insert(target)
                bound.append(contentsOf: bindings[target] ?? [])
                findings.append(contentsOf: self.findings[target] ?? [])
                elsewhere.append(contentsOf: self.elsewhere[target] ?? [])
            }
            let isService = component.type.map { type in rules.serviceTypes.contains { $0.lowercased() == type.lowercased() } } ?? false
            guard isService || !bound.isEmpty || !findings.isEmpty else { continue }
            services.append(
                JoinedService(summary: summary(component, findings), bindings: bound.uniqued(), elsewhere: elsewhere.uniqued()))
        }
        for resource in catalogue.entities where resource.kind == .resource && !used.contains(resource.ref) {
            let bound = bindings[resource.ref] ?? []
            let findings = findings[resource.ref] ?? []
            guard !bound.isEmpty || !findings.isEmpty else { continue }
            services.append(JoinedService(summary: summary(resource, findings), bindings: bound.uniqued(), elsewhere: []))
        }
        return services.sorted { ($0.summary.name.lowercased(), $0.summary.ref) < ($1.summary.name.lowercased(), $1.summary.ref) }
    }

    /// Who answers for each path that the catalogue may mean.
    func ownership(_ services: [JoinedService]) -> [EntityPath: EntityOwnership] {
        var ownership: [EntityPath: EntityOwnership] = [:]
        for service in services {
            for path in service.bindings.flatMap(\.candidates) {
                var entry = ownership[path] ?? EntityOwnership()
                if !entry.services.contains(service.summary.ref) { entry.services.append(service.summary.ref) }
                entry.owner = entry.owner ?? service.summary.owner
                entry.onCall = entry.onCall ?? service.summary.onCall
                ownership[path] = entry
            }
        }
        // A Resource has an owner of its own, who comes before the owners of those that use it.
        for resource in catalogue.entities where resource.kind == .resource {
            guard let owner = catalogue.owner(of: resource.ref) else { continue }
            for path in (bindings[resource.ref] ?? []).flatMap(\.candidates) { ownership[path]?.owner = name(of: owner) }
        }
        return ownership
    }

    // MARK: Bindings

    private mutating func bind(_ entity: Entity) {
        var reader = BindingReader()
        let values = Dictionary(entity.annotations.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first })
        var decided: Set<BindingRules.Form> = []
        for rule in rules.rules where !decided.contains(rule.form) {
            guard let value = values[rule.annotation.lowercased()] else { continue }
            if reader.read(value, rule: rule) { decided.insert(rule.form) }
        }
        let namespace = namespace
        let isHere = { (binding: EntityBinding) in binding.namespace == nil || namespace == nil || binding.namespace == namespace }
        let here = reader.bindings.filter(isHere)
        if !here.isEmpty { bindings[entity.ref] = here }
        let elsewhere = reader.bindings.filter { !isHere($0) }.compactMap(\.namespace)
        if !elsewhere.isEmpty { self.elsewhere[entity.ref] = elsewhere }
        if !reader.findings.isEmpty { findings[entity.ref] = reader.findings }
    }

    // MARK: Summaries

    private func summary(_ entity: Entity, _ bindingFindings: [String]) -> ServiceSummary {
        let owner = catalogue.owner(of: entity.ref)
        var findings: [String] = []
        if let owner {
            if knowsGroups, catalogue[owner] == nil { findings.append("its owner \(owner) is not in the catalogue") }
        } else {
            findings.append("nobody owns it")
        }
        return ServiceSummary(
            ref: entity.ref.description, name: entity.ref.shortName, title: entity.title, summary: entity.summary,
            owner: owner.map { name(of: $0) }, ownerRef: owner?.description, onCall: onCall(entity, owner),
            system: catalogue.targets(of: entity.ref, .partOf).first { $0.kind.lowercased() == "system" }?.shortName,
            lifecycle: entity.lifecycle,
            links: entity.links.map { ServiceSummary.Link(title: $0.title ?? $0.url, url: $0.url) },
            findings: findings + bindingFindings.uniqued())
    }

    /// Teams go by their short name, people by their own.
    private func name(of owner: EntityRef) -> String {
        guard let entity = catalogue[owner], entity.kind == .user else { return owner.shortName }
        return entity.peopleName
    }

    /// From the entity itself, from a link that says so, then from its owner.
    private func onCall(_ entity: Entity, _ owner: EntityRef?) -> String? {
        for entity in [entity, owner.flatMap { catalogue[$0] }].compactMap({ $0 }) {
            for key in rules.onCallAnnotations {
                guard let value = entity.annotations.first(where: { $0.key.lowercased() == key.lowercased() })?.value, !value.isEmpty
                else { continue }
                return Self.label(key).map { "\($0) \(value)" } ?? value
            }
            let link = entity.links.first { link in
                [link.type, link.title].contains { text in
                    let text = text?.lowercased() ?? ""
                    return text.contains("on-call") || text.contains("oncall") || text.contains("on call")
                }
            }
            if let link { return link.url }
        }
        return nil
    }

    private static func label(_ key: String) -> String? {
        switch key.lowercased().split(separator: "/").first {
        case "pagerduty.com": "PagerDuty"
        case "opsgenie.com": "Opsgenie"
        case "splunk.com": "Splunk On-Call"
        default: nil
        }
    }
}

/// A service and everything the catalogue binds to it.
struct JoinedService: Sendable {
    var summary: ServiceSummary
    let bindings: [EntityBinding]
    /// The other namespaces in which it has entities.
    let elsewhere: [String]

    /// The paths as far as the catalogue alone can tell, or as they exist among those given.
    func paths(among known: (EntityPath) -> Bool = { _ in false }) -> [EntityPath] {
        bindings.compactMap { $0.resolved(among: known) }.uniqued()
    }
}

extension Sequence where Element: Hashable {
    /// The elements without repetitions, in order of first occurrence.
    func uniqued() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
