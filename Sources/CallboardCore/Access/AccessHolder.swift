internal import AzureResources
internal import Identity
public import ServiceBus

/// Somebody, or a key, that can do something somewhere, and why. All texts but ids may come from others: sanitise.
public struct AccessHolder: Hashable, Sendable {
    /// What somebody may be able to do.
    public enum Ability: String, Hashable, Sendable, CaseIterable {
        /// Sending messages.
        case send
        /// Receiving messages, which includes removing them.
        case receive
        /// Changing and removing the entity.
        case manage
        /// Getting at shared access keys.
        case keys
        /// Giving roles to others, and so to oneself.
        case grant
    }

    /// How sure that is.
    public enum Certainty: String, Hashable, Sendable {
        /// They can.
        case yes
        /// They can, by keys that they can get at.
        case byKeys
        /// Under a condition that is not evaluated here.
        case conditional
        /// It cannot be told.
        case unknown
        /// A role gives it, and a deny assignment takes it away.
        case denied
    }

    /// For how long.
    public enum Term: Hashable, Sendable {
        /// Until somebody removes it.
        case standing
        /// As far as is known until somebody removes it: ends could not be read.
        case standingAsFarAsKnown
        /// Azure ends it then.
        case until(Timestamp)
        /// A note says that it is to be gone then; Azure does not end it.
        case noted(Timestamp)
    }

    /// Why they can.
    public enum Source: Hashable, Sendable {
        /// By a role.
        case role(name: String, assignment: String)
        /// Who has a key of this shared access rule.
        case key(rule: String)
        /// It could not be read who can, and why.
        case unknown(what: String, reason: String)
    }

    /// The entity it is about; nil where a scope above is.
    public var entity: EntityPath?
    /// Who: a name, or an id where names are not known.
    public var principal: String
    /// The object id; nil for keys.
    public var principalID: String?
    /// `person`, `group`, `application`, `key`, …
    public var kind: String
    /// What they can do.
    public var abilities: [Ability: Certainty]
    /// Why.
    public var source: Source
    /// Where it was assigned, as people call it.
    public var scope: String
    /// The id of that scope.
    public var scopeID: String
    /// Whether it was assigned above the entity.
    public var isInherited: Bool
    /// The group through which they have it.
    public var group: String?
    /// The entries of the catalogue that act as this identity.
    public var components: [String] = []
    /// For how long.
    public var term: Term = .standing
    /// The condition under which it holds.
    public var condition: String?
    /// Whether it stands for the members of a group that nobody could name.
    public var standsForMembers = false

    /// Whether it says only that it could not be read who can.
    public var isUnknown: Bool { if case .unknown = source { true } else { false } }
}

extension AccessIndex {
    /// Who can do something on an entity: roles at it and above, members of groups by name where they are known, and the keys that open it.
    public func holders(of path: EntityPath) -> [AccessHolder] {
        guard let entity = entity(path), namespace != nil else { return [unknown("the namespace", picture.namespace.whyUnknown, path)] }
        var holders: [AccessHolder] = []
        if let matrix {
            holders = matrix.bindings(on: entity.id, expandingGroups: true).filter { binding in
                binding.roleName == nil || !Self.abilities(binding).isEmpty
            }.map { holder($0, entity: path) }
            if let reason = picture.unreadBelow.assignments { holders.append(unknown("role assignments on entities", reason, path)) }
        } else {
            holders.append(unknown("role assignments", picture.assignments.whyUnknown, path))
        }
        return holders + keyHolders(entity)
    }

    /// Keys that open an entity, while the namespace takes keys.
    private func keyHolders(_ entity: AccessEntity) -> [AccessHolder] {
        guard takesKeys, let namespace else { return [] }
        if let reason = picture.rules.whyUnknown { return [unknown("shared access rules", reason, entity.path)] }
        return rules(opening: entity).map { rule in
            let isOnTopic = rule.owner != entity.id
            return AccessHolder(
                entity: entity.path, principal: rule.name, kind: "key", abilities: Self.abilities(rule, on: entity),
                source: .key(rule: rule.name), scope: title(rule.owner), scopeID: rule.owner.text,
                isInherited: rule.owner == namespace.id || isOnTopic)
        }.filter { !$0.abilities.isEmpty }
    }

    /// The shared access rules that open an entity: its own, its topic's, the namespace's.
    func rules(opening entity: AccessEntity) -> [AccessRule] {
        guard let namespace else { return [] }
        var rules = rulesByOwner[entity.id] ?? []
        if let topic = entity.path.topic.flatMap({ self.entity($0) }) { rules += rulesByOwner[topic.id] ?? [] }
        return rules + (rulesByOwner[namespace.id] ?? [])
    }

    static func abilities(_ rule: AccessRule, on entity: AccessEntity) -> [AccessHolder.Ability: AccessHolder.Certainty] {
        var abilities: [AccessHolder.Ability: AccessHolder.Certainty] = [:]
        let isAll = rule.rights.contains(.manage)
        if (isAll || rule.rights.contains(.send)) && entity.path.subscription == nil { abilities[.send] = .yes }
        if isAll || rule.rights.contains(.listen) { abilities[.receive] = .yes }
        if isAll { abilities[.manage] = .yes }
        return abilities
    }

    /// What an identity can do in the namespace: everything it was given, itself or through groups that are known.
    /// - Returns: what, and whether there may be more through groups that are not known. What is not known is among it.
    public func holdings(of id: String) -> (holders: [AccessHolder], areAll: Bool) {
        guard let namespace else { return ([unknown("the namespace", picture.namespace.whyUnknown, nil)], true) }
        guard let matrix else { return ([unknown("role assignments", picture.assignments.whyUnknown, nil)], true) }
        let principal = GUID(id)
        let above = matrix.bindings(on: namespace.id, expandingGroups: true).filter { $0.principal == principal }
        let (all, areAll) = matrix.bindings(of: principal)
        let below = all.filter { binding in
            guard let scope = scopes[binding.assignment] else { return false }
            return scope != namespace.id && namespace.id.contains(scope)
        }
        let holders = (above + below).map { binding in
            holder(binding, entity: scopes[binding.assignment].flatMap { path($0) })
        }
        // A list of all members settles for a group who is in it; what remains are groups that nobody could look into.
        return (holders, (areAll || !hasUnknownGroups) && picture.unreadBelow.assignments == nil)
    }

    private var hasUnknownGroups: Bool {
        (picture.assignments.value ?? []).contains { $0.principalKind.isGroup && picture.membership.members(of: $0.principal) == nil }
    }

    private func unknown(_ what: String, _ reason: String?, _ path: EntityPath?) -> AccessHolder {
        AccessHolder(
            entity: path, principal: "✕", kind: "not known", abilities: [:],
            source: .unknown(what: what, reason: reason ?? "it is not in the picture"),
            scope: "–", scopeID: "", isInherited: false)
    }

    // MARK: Bindings of roles

    static func abilities(_ binding: RoleBinding) -> [AccessHolder.Ability: AccessHolder.Certainty] {
        var abilities: [AccessHolder.Ability: AccessHolder.Certainty] = [:]
        for (ability, right) in Self.rights {
            let certainty: AccessHolder.Certainty? =
                switch binding.answer(for: right) {
                case .yes: binding.rights.contains(right) ? .yes : .byKeys
                case .conditional: .conditional
                case .unknown: .unknown
                case .no: binding.deniedRights.contains(right) ? .denied : nil
                }
            if let certainty { abilities[ability] = certainty }
        }
        return abilities
    }

    private static let rights: [(AccessHolder.Ability, Right)] = [
        (.send, .send), (.receive, .receive), (.manage, .manage), (.keys, .listKeys), (.grant, .grantRoles),
    ]

    func holder(_ binding: RoleBinding, entity: EntityPath?) -> AccessHolder {
        let scope = scopes[binding.assignment] ?? .root
        return AccessHolder(
            entity: entity, principal: title(binding.principal), principalID: binding.principal.canonical,
            kind: Self.word(kind(binding.principal, binding.principalKind)), abilities: Self.abilities(binding),
            source: .role(
                name: binding.roleName ?? "role \(binding.role.text), which could not be read", assignment: binding.assignment.text),
            scope: title(scope), scopeID: scope.text, isInherited: binding.origin != .direct, group: binding.group.map { title($0) },
            components: expectations.components[binding.principal] ?? [], term: term(binding), condition: binding.condition,
            standsForMembers: binding.members == .unknown)
    }

    private func term(_ binding: RoleBinding) -> AccessHolder.Term {
        if case .until(let end) = binding.term { return .until(Timestamp(end)) }
        if let note = binding.note.flatMap({ GrantNote($0) }) { return .noted(Timestamp(note.expires)) }
        if picture.schedules.value == nil { return .standingAsFarAsKnown }
        guard picture.unreadBelow.schedules != nil, let namespace, let scope = scopes[binding.assignment] else {
            return .standing
        }
        return scope != namespace.id && namespace.id.contains(scope) ? .standingAsFarAsKnown : .standing
    }

    static func word(_ kind: PrincipalKind) -> String {
        switch kind {
        case .user: "person"
        case .group: "group"
        case .foreignGroup: "group of another tenant"
        case .servicePrincipal: "application"
        case .device: "device"
        case .systemDefined: "everybody"
        default: kind.rawValue.isEmpty ? "not known" : kind.rawValue
        }
    }
}

extension Timestamp {
    /// A moment of Azure's.
    init(_ time: WallTime) {
        let (milliseconds, overflow) = time.secondsSince1970.multipliedReportingOverflow(by: 1000)
        self.init(milliseconds: overflow ? (time.secondsSince1970 < 0 ? .min : .max) : milliseconds)
    }
}
