import AzureResources
import Backstage
import Identity
import ServiceBus

@testable import CallboardCore

/// A small namespace with a catalogue, in which access is as it should be: checkout sends to the queue `orders` and the topic `events`, billing receives
/// from the queue and from its own subscription. Tests change one thing and look at what is found.
struct AccessScene {
    static let subscription = ResourceID("/subscriptions/5ab00000-0000-0000-0000-000000000001")
    static let group = subscription.appending("resourceGroups", "rg-retail")
    static let namespace = group.appending("providers", "Microsoft.ServiceBus", "namespaces", "sb-retail")
    static let orders = namespace.appending("queues", "orders")
    static let events = namespace.appending("topics", "events")
    static let eventsBilling = events.appending("subscriptions", "billing")

    static let checkout = GUID("c0000000-0000-0000-0000-000000000001")
    static let billing = GUID("c0000000-0000-0000-0000-000000000002")
    static let stranger = GUID("c0000000-0000-0000-0000-000000000009")
    static let olga = GUID("d0000000-0000-0000-0000-000000000001")
    static let admin = GUID("d0000000-0000-0000-0000-000000000002")
    static let team = GUID("e0000000-0000-0000-0000-000000000001")

    static let sender = RoleDefinition.BuiltIn.serviceBusDataSender
    static let receiver = RoleDefinition.BuiltIn.serviceBusDataReceiver
    static let dataOwner = RoleDefinition.BuiltIn.serviceBusDataOwner
    static let contributor = RoleDefinition.BuiltIn.contributor

    /// 2026-08-10T00:00:00Z
    static let now = Timestamp(milliseconds: 1_786_320_000_000)

    var picture = AccessPicture(host: "sb-retail.servicebus.windows.net", asOf: now)
    var catalogue = """
        ---
        apiVersion: v1
        kind: Component
        metadata: {name: checkout, annotations: {callboard.dev/principal-id: c0000000-0000-0000-0000-000000000001}}
        spec: {type: service, owner: team-cart, dependsOn: ['resource:orders', 'resource:events']}
        ---
        apiVersion: v1
        kind: Component
        metadata: {name: billing, annotations: {callboard.dev/principal-id: c0000000-0000-0000-0000-000000000002}}
        spec: {type: service, owner: team-bill, dependsOn: ['resource:orders', 'resource:events']}
        ---
        apiVersion: v1
        kind: Resource
        metadata: {name: orders, annotations: {azure-service-bus/queues: orders, callboard.dev/senders: checkout, callboard.dev/receivers: 'component:default/billing'}}
        spec: {type: queue, owner: team-cart}
        ---
        apiVersion: v1
        kind: Resource
        metadata: {name: events, annotations: {azure-service-bus/topics: events, callboard.dev/senders: checkout, callboard.dev/receivers: billing}}
        spec: {type: topic, owner: team-cart}

        """

    init() {
        let now = Self.now
        picture.namespace = .known(AccessNamespace(id: Self.namespace, localAuthentication: .off), at: now)
        picture.entities = .known(
            [
                AccessEntity(path: Self.path("events"), id: Self.events),
                AccessEntity(path: Self.path("events/Subscriptions/billing"), id: Self.eventsBilling),
                AccessEntity(path: Self.path("orders"), id: Self.orders),
            ], at: now)
        picture.assignments = .known(
            [
                Self.assignment(1, Self.sender, Self.checkout, .servicePrincipal, at: Self.orders),
                Self.assignment(2, Self.sender, Self.checkout, .servicePrincipal, at: Self.events),
                Self.assignment(3, Self.receiver, Self.billing, .servicePrincipal, at: Self.orders),
                Self.assignment(4, Self.receiver, Self.billing, .servicePrincipal, at: Self.eventsBilling),
            ], at: now)
        picture.roles = .known([], at: now)
        picture.denials = .known([], at: now)
        picture.schedules = .known([], at: now)
        picture.rules = .known([], at: now)
        picture.names = .known(
            [
                Self.checkout: AccessPrincipal(name: "app-checkout", kind: .servicePrincipal),
                Self.olga: AccessPrincipal(name: "Olga Brandt", kind: .user, account: "olga@contoso.example"),
                Self.team: AccessPrincipal(name: "sg-support", kind: .group),
            ], at: now)
    }

    /// How entities are named that the catalogue does not bind.
    var naming: [NamingPattern] = []

    var estate: Estate {
        var rules = BindingRules.standard
        rules.naming = naming
        return LoadedEstate(
            catalogue: CatalogueLoader.load(bytes: Array(catalogue.utf8), file: "catalog.yaml"), rules: rules, host: picture.host,
            environment: "test"
        ).estate
    }
    var index: AccessIndex { AccessIndex(picture, estate: estate) }
    var report: DriftReport { DriftReport(index) }

    /// The findings of a kind.
    func findings(_ kind: DriftFinding.Kind) -> [DriftFinding] { report.findings.filter { $0.kind == kind } }

    /// Why findings of a kind were not looked for.
    func gaps(_ kind: DriftFinding.Kind) -> [String] { report.gaps.filter { $0.kind == kind }.map(\.reason) }

    // MARK: Changes

    mutating func assign(
        _ number: Int, _ role: GUID, _ principal: GUID, _ kind: PrincipalKind, at scope: ResourceID, note: String? = nil,
        by author: GUID? = nil
    ) {
        let assignment = Self.assignment(number, role, principal, kind, at: scope, note: note, by: author)
        picture.assignments = picture.assignments.map { $0 + [assignment] }
    }

    mutating func remove(_ number: Int) { picture.assignments = picture.assignments.map { $0.filter { $0.id.name != Self.name(number) } } }

    mutating func setKeys(_ authentication: NamespaceResource.LocalAuthentication, tags: [String: String] = [:]) {
        picture.namespace = .known(AccessNamespace(id: Self.namespace, localAuthentication: authentication, tags: tags), at: Self.now)
    }

    mutating func addRule(_ name: String, _ rights: Set<AuthorizationRuleResource.KeyRight>, at owner: ResourceID) {
        let rule = AccessRule(id: owner.appending("authorizationRules", name), name: name, rights: rights, owner: owner)
        picture.rules = picture.rules.map { $0 + [rule] }
    }

    /// Denies rights on messages at a scope.
    mutating func deny(_ actions: [String], to principal: GUID, _ kind: PrincipalKind = .servicePrincipal, at scope: ResourceID) {
        let denial = DenyAssignment(
            id: scope.appending("providers", "Microsoft.Authorization", "denyAssignments", Self.name(900)),
            permissions: [RolePermissions(dataActions: actions)], scope: scope, principals: [.init(id: principal, kind: kind)])
        picture.denials = picture.denials.map { $0 + [denial] }
    }

    mutating func addEntity(_ path: String, metadata: String? = nil) {
        let entity = AccessEntity(path: Self.path(path), id: Self.namespace.appending("queues", path), metadata: metadata)
        picture.entities = picture.entities.map { $0 + [entity] }
    }

    mutating func schedule(_ role: GUID, _ principal: GUID, at scope: ResourceID, activated: Bool, until end: WallTime?) {
        let instance = RoleScheduleInstance(
            id: scope.appending("schedule"), standing: .assignment(activated ? .activated : .assigned), scope: scope,
            roleDefinitionID: Self.definition(role), principal: principal, principalKind: .user, endsAt: end)
        picture.schedules = picture.schedules.map { $0 + [RoleTerm(instance)].compactMap(\.self) }
    }

    /// A moment so many hours from now.
    static func hours(_ count: Int) -> WallTime {
        WallTime(secondsSince1970: now.milliseconds / 1000).advanced(by: .seconds(count * 3600))
    }

    static func name(_ number: Int) -> String {
        let digits = String(number)
        return "a0000000-0000-0000-0000-" + String(repeating: "0", count: 12 - digits.count) + digits
    }

    static func definition(_ role: GUID) -> ResourceID {
        subscription.appending("providers", "Microsoft.Authorization", "roleDefinitions", role.canonical)
    }

    static func assignment(
        _ number: Int, _ role: GUID, _ principal: GUID, _ kind: PrincipalKind, at scope: ResourceID, note: String? = nil,
        by author: GUID? = nil
    ) -> RoleAssignment {
        RoleAssignment(
            id: scope.appending("providers", "Microsoft.Authorization", "roleAssignments", name(number)),
            roleDefinitionID: definition(role),
            principal: principal, principalKind: kind, scope: scope, note: note, createdAt: hours(-240), createdBy: author)
    }

    static func path(_ text: String) -> EntityPath {
        guard let path = try? EntityPath(parsing: text) else { preconditionFailure("'\(text)' is no path") }
        return path
    }
}
