internal import Backstage
internal import Identity
internal import ServiceBus

/// Joins a catalogue to the entities it names.
struct EstateBuilder {
    let catalogue: Catalogue
    let rules: BindingRules
    /// The namespace we look at, in lower case, where its name can be told from its host.
    private let namespace: String?
    /// The context's environment, in lower case; empty where it names none.
    private let environment: String
    private let knowsGroups: Bool
    private(set) var bindings: [EntityRef: [EntityBinding]] = [:]
    private var findings: [EntityRef: [String]] = [:]
    /// Where else an entity is, by its annotations.
    private var elsewhere: [EntityRef: [Elsewhere]] = [:]

    /// - Parameters:
    ///   - host: the namespace's host at Azure.
    ///   - environment: the context's.
    init(catalogue: Catalogue, rules: BindingRules, host: String, environment: String) {
        self.catalogue = catalogue
        self.rules = rules
        self.environment = environment.lowercased()
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
            let isHere = self.isHere(component)
            if !isHere { elsewhere += environments(of: component).names.map { .environment($0) } }
            for target in catalogue.targets(of: component.ref, .dependsOn) where target.kind.lowercased() == "resource" {
                if catalogue[target] == nil {
                    findings.append("depends on \(target), which is not in the catalogue")
                }
                used.insert(target)
                // What is for another environment uses its Resources there.
                guard isHere else { continue }
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
            services.append(
                JoinedService(summary: summary(resource, findings), bindings: bound.uniqued(), elsewhere: elsewhere[resource.ref] ?? []))
        }
        return services.map { (name: $0.summary.name.lowercased(), service: $0) }
            .sorted { ($0.name, $0.service.summary.ref) < ($1.name, $1.service.summary.ref) }.map(\.service)
    }

    /// Who answers for each path that the catalogue may mean.
    func ownership(_ services: [JoinedService]) -> [EntityPath: EntityOwnership] {
        var ownership: [EntityPath: EntityOwnership] = [:]
        for service in services {
            for path in service.bindings.flatMap(\.candidates) {
                ownership[path, default: EntityOwnership()].join(service.summary)
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
        var elsewhere: [Elsewhere] = []
        var decided: Set<BindingRules.Form> = []
        for rule in rules.rules where !decided.contains(rule.form) {
            if let value = entity.annotation(rule.annotation), reader.read(value, rule: rule) { decided.insert(rule.form) }
            // With an environment's name behind it, it says what is so there only.
            for (name, value) in entity.annotations(behind: rule.annotation) {
                let key = "\(rule.annotation).\(name)"
                if rules.rules.contains(where: { FoldedASCII.isSame($0.annotation, key) }) { continue }
                if name == environment {
                    if reader.read(value, rule: rule) { decided.insert(rule.form) }
                } else {
                    elsewhere.append(.environment(name))
                }
            }
        }
        let environments = environments(of: entity)
        guard environments.include(environment) else {
            if !reader.bindings.isEmpty || !elsewhere.isEmpty { self.elsewhere[entity.ref] = environments.names.map { .environment($0) } }
            return
        }
        let namespace = namespace
        let isHere = { (binding: EntityBinding) in binding.namespace == nil || namespace == nil || binding.namespace == namespace }
        let here = reader.bindings.filter(isHere)
        if !here.isEmpty { bindings[entity.ref] = here }
        elsewhere += reader.bindings.filter { !isHere($0) }.compactMap(\.namespace).map { .namespace($0) }
        if !elsewhere.isEmpty { self.elsewhere[entity.ref] = elsewhere }
        if !reader.findings.isEmpty { findings[entity.ref] = reader.findings }
    }

    /// The environments that something says it is for.
    func environments(of entity: Entity) -> EnvironmentNames {
        for key in rules.environmentAnnotations {
            if let value = entity.annotation(key) ?? entity.label(key) { return EnvironmentNames(value) }
        }
        return EnvironmentNames(nil)
    }

    /// Whether something is for this environment, or says none.
    func isHere(_ entity: Entity) -> Bool { environments(of: entity).include(environment) }

    // MARK: Names

    /// Whose entities are by their names: of services that the catalogue names no entity for, here or elsewhere.
    /// - Parameter problem: is told when there are more names than can be looked for.
    func naming(_ services: [JoinedService], problem: (String) -> Void) -> NamedEntities {
        guard !rules.naming.isEmpty else { return NamedEntities() }
        let environment = environment
        let values = services.enumerated().compactMap { place, service -> (place: Int, value: (NamingPattern.Placeholder) -> String?)? in
            let summary = service.summary
            guard service.bindings.isEmpty, service.elsewhere.isEmpty, EnvironmentNames(summary.environments).include(environment),
                let ref = EntityRef(parsing: summary.ref)
            else { return nil }
            let owner = summary.ownerRef.flatMap { EntityRef(parsing: $0)?.name }
            let system = catalogue.targets(of: ref, .partOf).first { $0.kind.lowercased() == "system" }?.name
            return (
                place,
                { placeholder in
                    switch placeholder {
                    case .service: ref.name
                    case .system: system
                    case .owner: owner
                    case .environment: environment
                    }
                }
            )
        }
        let index = NamingIndex(rules.naming, services: values)
        if index.isCut { problem("'naming' makes more than \(NamingIndex.most) names of this catalogue: some services are not looked for") }
        return NamedEntities(
            index,
            owners: services.map { service in
                var ownership = EntityOwnership(
                    services: [service.summary.ref], owner: service.summary.owner, onCall: service.summary.onCall)
                ownership.isByName = true
                ownership.links = service.summary.links
                return ownership
            })
    }

    // MARK: Summaries

    private func summary(_ entity: Entity, _ bindingFindings: [String]) -> ServiceSummary {
        let owner = catalogue.owner(of: entity.ref)
        var findings: [String] = []
        if let owner {
            if knowsGroups, catalogue[owner] == nil { findings.append("its owner \(owner) is not in the catalogue") }
        } else {
            findings.append(ServiceSummary.nobodyOwnsIt)
        }
        let onCall = onCall(entity, owner)
        var summary = ServiceSummary(
            ref: entity.ref.description, name: entity.ref.shortName, title: entity.title, summary: entity.summary,
            owner: owner.map { name(of: $0) }, ownerRef: owner?.description, onCall: onCall?.text,
            system: catalogue.targets(of: entity.ref, .partOf).first { $0.kind.lowercased() == "system" }?.shortName,
            lifecycle: entity.lifecycle, links: ServiceLinks.of(entity, onCall: onCall?.address, app: rules.backstageApp),
            findings: findings + bindingFindings.uniqued())
        summary.environments = environments(of: entity).names
        return summary
    }

    /// Teams go by their short name, people by their own.
    private func name(of owner: EntityRef) -> String {
        guard let entity = catalogue[owner], entity.kind == .user else { return owner.shortName }
        return entity.peopleName
    }

    /// Who is on call, and where that leads: from the entity itself, from a link that says so, then from its owner.
    private func onCall(_ entity: Entity, _ owner: EntityRef?) -> (text: String, address: String?)? {
        for entity in [entity, owner.flatMap { catalogue[$0] }].compactMap({ $0 }) {
            for key in rules.onCallAnnotations {
                guard let value = entity.annotation(key), !value.isEmpty else { continue }
                return (
                    Self.label(key).map { "\($0) \(value)" } ?? value, rules.onCallLinks[key.lowercased()]?.address(of: value)
                )
            }
            let link = entity.links.first { link in
                [link.type, link.title].contains { text in
                    let text = text?.lowercased() ?? ""
                    return text.contains("on-call") || text.contains("oncall") || text.contains("on call")
                }
            }
            if let link { return (link.url, nil) }
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

/// Where entities are that the catalogue names, and that are not here.
enum Elsewhere: Hashable, Sendable {
    /// In another namespace.
    case namespace(String)
    /// Where another environment is.
    case environment(String)
}

/// A service and everything the catalogue binds to it.
struct JoinedService: Sendable {
    var summary: ServiceSummary
    let bindings: [EntityBinding]
    /// Where else it has entities.
    let elsewhere: [Elsewhere]

    /// In words why none of its entities is here; nil when the catalogue names none elsewhere either.
    var whyNoneHere: String? {
        let namespaces = elsewhere.compactMap { if case .namespace(let name) = $0 { name } else { nil } }.uniqued()
        let environments = elsewhere.compactMap { if case .environment(let name) = $0 { name } else { nil } }.uniqued()
        let parts =
            (namespaces.isEmpty ? [] : ["in \(namespaces.joined(separator: ", "))"])
            + (environments.isEmpty ? [] : ["for \(environments.joined(separator: ", "))"])
        return parts.isEmpty ? nil : "its entities are " + parts.joined(separator: " and ")
    }

    /// What it is, with the paths that the catalogue alone tells of.
    var named: ServiceSummary {
        var summary = summary
        summary.entities = paths()
        return summary
    }

    /// The paths as far as the catalogue alone can tell, or as they exist among those given.
    func paths(among known: (EntityPath) -> Bool = { _ in false }) -> [EntityPath] {
        bindings.compactMap { $0.resolved(among: known) }.uniqued()
    }
}

extension EntityOwnership {
    /// Takes a service in; of what two say the first counts.
    fileprivate mutating func join(_ service: ServiceSummary) {
        if !services.contains(service.ref) { services.append(service.ref) }
        owner = owner ?? service.owner
        onCall = onCall ?? service.onCall
        if links.isEmpty { links = service.links }
    }
}

extension Array where Element: Hashable {
    /// The elements without repetitions, in order of first occurrence.
    func uniqued() -> [Element] {
        // Most lists of a catalogue hold one, and there are tens of thousands of them.
        guard count > 1 else { return self }
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}

extension Sequence where Element: Hashable {
    /// The elements without repetitions, in order of first occurrence.
    func uniqued() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
