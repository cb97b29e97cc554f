import AzureResources
import Identity
import Testing

@Suite("Who can do what")
struct AccessMatrixTests {
    private let subscription = ResourceID("/subscriptions/s")
    private let group = ResourceID("/subscriptions/s/resourceGroups/g")
    private let namespace = ResourceID("/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/n")
    private var queue: ResourceID { namespace.appending("queues", "orders") }
    private var topic: ResourceID { namespace.appending("topics", "events") }
    private var billing: ResourceID { topic.appending("subscriptions", "billing") }

    private let alice = GUID("a11ce000-0000-4000-8000-000000000001")
    private let service = GUID("0a0a0000-0000-4000-8000-00000000a001")
    private let team = GUID("96096000-0000-4000-8000-00000000c001")

    private func assignment(
        _ role: GUID, to principal: GUID, at scope: ResourceID, kind: PrincipalKind = .servicePrincipal, condition: String? = nil,
        number: Int = 0
    ) -> RoleAssignment {
        RoleAssignment(
            id: scope.appending("providers", "Microsoft.Authorization", "roleAssignments", "\(role.text)-\(principal.text)-\(number)"),
            roleDefinitionID: ResourceID("/providers/Microsoft.Authorization/roleDefinitions/\(role.text.uppercased())"),
            principal: principal,
            principalKind: kind, scope: scope, condition: condition)
    }

    private func matrix(
        _ assignments: [RoleAssignment], roles: [RoleDefinition] = [], denials: [DenyAssignment] = [],
        schedules: [RoleScheduleInstance] = [],
        membership: GroupMembership = GroupMembership(), keys: NamespaceResource.LocalAuthentication = .off
    ) -> AccessMatrix {
        AccessMatrix(
            assignments: assignments, roles: roles, denials: denials, terms: schedules.compactMap { RoleTerm($0) }, membership: membership,
            localAuthentication: [ResourceID(namespace.text.uppercased()): keys])
    }

    private typealias Roles = RoleDefinition.BuiltIn

    // MARK: What roles give

    private static let givenRights: [(GUID, Rights)] = [
        (Roles.serviceBusDataSender, [.send]), (Roles.serviceBusDataReceiver, [.receive]),
        (Roles.serviceBusDataOwner, [.send, .receive, .manage, .listKeys]), (Roles.contributor, [.manage, .listKeys]),
        (Roles.owner, [.manage, .listKeys, .grantRoles]), (Roles.reader, []), (Roles.userAccessAdministrator, [.grantRoles]),
        (Roles.accessControlAdministrator, [.grantRoles]),
    ]

    @Test("follows from the role", arguments: givenRights)
    func roles(role: GUID, rights: Rights) throws {
        let binding = try #require(matrix([assignment(role, to: service, at: queue)]).bindings(on: queue).first)
        #expect(binding.rights == rights)
        #expect(binding.rightsByKeys == [])
        #expect(binding.origin == .direct)
        #expect(binding.term == .standing)
        #expect(binding.roleName == RoleDefinition.wellKnown.first { $0.role == role }?.roleName)
    }

    @Test(
        "includes what keys open, as long as the namespace takes keys",
        arguments: [NamespaceResource.LocalAuthentication.on, .unknown, .off])
    func keys(state: NamespaceResource.LocalAuthentication) throws {
        let matrix = matrix([assignment(Roles.contributor, to: service, at: group)], keys: state)
        #expect(matrix.can(service, .send, on: queue) == (state == .off ? .no : .yes))
        #expect(matrix.can(service, .receive, on: billing) == (state == .off ? .no : .yes))
        // No message is ever sent to a subscription.
        #expect(matrix.can(service, .send, on: billing) == .no)
        #expect(matrix.can(service, .listKeys, on: queue) == .yes)
    }

    @Test("reaches the keys of a namespace from the namespace or above, and a topic's keys from the topic")
    func reach() {
        let onBilling = matrix([assignment(Roles.serviceBusDataOwner, to: service, at: billing)], keys: .on)
        #expect(onBilling.can(service, .listKeys, on: billing) == .no)
        #expect(onBilling.can(service, .receive, on: billing) == .yes)
        let onTopic = matrix([assignment(Roles.serviceBusDataOwner, to: service, at: topic)], keys: .on)
        #expect(onTopic.can(service, .listKeys, on: billing) == .yes)
        let role = RoleDefinition(
            role: GUID("keys"), roleName: "Keys", kind: .custom,
            permissions: [RolePermissions(actions: ["Microsoft.ServiceBus/namespaces/authorizationRules/listKeys/action"])])
        #expect(matrix([assignment(role.role, to: service, at: queue)], roles: [role]).can(service, .listKeys, on: queue) == .no)
        #expect(matrix([assignment(role.role, to: service, at: namespace)], roles: [role]).can(service, .listKeys, on: queue) == .yes)
    }

    @Test("takes what the service says about a role for more than what is known of it")
    func serviceRole() {
        let emptied = RoleDefinition(role: Roles.serviceBusDataSender, roleName: "Sender", permissions: [])
        let matrix = matrix([assignment(Roles.serviceBusDataSender, to: service, at: queue)], roles: [emptied])
        #expect(matrix.can(service, .send, on: queue) == .no)
    }

    @Test("is not known when the role is not")
    func unknownRole() throws {
        let matrix = matrix([assignment(GUID("custom"), to: service, at: queue)])
        #expect(try #require(matrix.bindings(on: queue).first).roleName == nil)
        #expect(matrix.can(service, .send, on: queue) == .unknown)
        #expect(matrix.can(alice, .send, on: queue) == .no)
        #expect(matrix.whoCan(.send, on: queue).count == 1)
    }

    // MARK: Scopes

    @Test("holds below the scope, and says where it comes from")
    func inheritance() {
        let matrix = matrix([
            assignment(Roles.serviceBusDataReceiver, to: service, at: ResourceID(namespace.text.lowercased())),
            assignment(Roles.serviceBusDataReceiver, to: alice, at: billing, kind: .user),
            assignment(Roles.serviceBusDataSender, to: service, at: namespace.appending("queues", "orders2")),
            assignment(Roles.owner, to: GUID("root"), at: .root), assignment(Roles.reader, to: GUID("sub"), at: subscription),
        ])
        #expect(
            matrix.bindings(on: billing).map(\.origin)
                == [.direct, .inherited(from: namespace), .inherited(from: subscription), .inherited(from: .root)])
        #expect(matrix.bindings(on: queue).map(\.principal) == [service, GUID("sub"), GUID("root")])
        #expect(matrix.can(alice, .receive, on: topic) == .no)
        #expect(matrix.can(alice, .receive, on: billing) == .yes)
        #expect(matrix.can(service, .send, on: queue) == .no)
        #expect(matrix.can(GUID("root"), .grantRoles, on: queue) == .yes)
    }

    @Test("counts an assignment that was listed twice once")
    func twice() {
        let one = assignment(Roles.owner, to: alice, at: group)
        #expect(matrix([one, one]).bindings(on: queue).count == 1)
    }

    @Test("comes from those management groups that are above; from all where nobody said which")
    func managementGroups() {
        let mine = ResourceID("/providers/Microsoft.Management/managementGroups/mine")
        let other = ResourceID("/providers/Microsoft.Management/managementGroups/other")
        let assignments = [assignment(Roles.owner, to: alice, at: mine), assignment(Roles.owner, to: service, at: other)]
        let known = AccessMatrix(assignments: assignments, roles: [], managementGroups: [subscription: [mine]])
        #expect(known.bindings(on: queue).map(\.principal) == [alice])
        let unknown = AccessMatrix(assignments: assignments, roles: [])
        #expect(unknown.bindings(on: queue).count == 2)
        #expect(unknown.bindings(of: service).bindings.map(\.rights) == [[.manage, .listKeys, .grantRoles]])
    }

    @Test("is nothing on what belongs to other services")
    func elsewhere() {
        let account = group.appending("providers", "Microsoft.Storage", "storageAccounts", "a")
        let matrix = matrix([assignment(Roles.owner, to: alice, at: account), assignment(Roles.owner, to: alice, at: group)])
        #expect(matrix.bindings(of: alice).bindings.map(\.rights) == [[], [.manage, .listKeys, .grantRoles]])
        #expect(matrix.bindings(on: queue).count == 1)
    }

    @Test("depends on what an id is, by the place of its parts and not by names")
    func targets() {
        #expect([queue, topic, billing].map { AccessTarget($0) } == [.queue, .topic, .subscription])
        for scope in [namespace, group, subscription, .root] { #expect(AccessTarget(scope) == .namespace, "\(scope)") }
        let odd = ResourceID(
            "/subscriptions/s/resourceGroups/Microsoft.ServiceBus/providers/Microsoft.ServiceBus/namespaces/queues/topics/queues")
        #expect(AccessTarget(odd) == .topic)
        #expect(odd.serviceBusNamespace?.name == "queues")
        #expect(odd.resourceGroup == "Microsoft.ServiceBus")
        #expect(AccessTarget(queue.appending("authorizationRules", "app")) == .elsewhere)
        #expect(AccessTarget(ResourceID("/providers/Microsoft.Management/managementGroups/all")) == .namespace)
    }

    // MARK: Conditions and ends

    @Test("under a condition is conditional, never yes")
    func conditions() {
        let conditional = assignment(Roles.serviceBusDataSender, to: service, at: queue, condition: "(@Request[x] StringEquals 'y')")
        #expect(matrix([conditional]).can(service, .send, on: queue) == .conditional)
        #expect(matrix([conditional]).can(service, .receive, on: queue) == .no)
        let plain = assignment(Roles.serviceBusDataSender, to: service, at: namespace)
        #expect(matrix([conditional, plain]).can(service, .send, on: queue) == .yes)
        let role = RoleDefinition(
            role: GUID("r"), roleName: "r", permissions: [RolePermissions(dataActions: ["*"], condition: "(@Resource[x] StringEquals 'y')")]
        )
        #expect(matrix([assignment(role.role, to: service, at: queue)], roles: [role]).can(service, .send, on: queue) == .conditional)
    }

    @Test("ends when a schedule says so")
    func terms() {
        let activated = assignment(Roles.serviceBusDataReceiver, to: alice, at: queue, kind: .user)
        let assigned = assignment(Roles.serviceBusDataSender, to: service, at: queue)
        let standing = assignment(Roles.owner, to: alice, at: namespace, kind: .user)
        func schedule(
            _ assignment: RoleAssignment, _ kind: RoleScheduleInstance.AssignmentKind, until end: Int64?, origin: ResourceID?
        ) -> RoleScheduleInstance {
            RoleScheduleInstance(
                id: ResourceID("/x"), standing: .assignment(kind), scope: assignment.scope, roleDefinitionID: assignment.roleDefinitionID,
                principal: assignment.principal, principalKind: assignment.principalKind,
                endsAt: end.map { WallTime(secondsSince1970: $0) },
                originRoleAssignment: origin)
        }
        let eligible = RoleScheduleInstance(
            id: ResourceID("/y"), standing: .eligibility, scope: namespace, roleDefinitionID: standing.roleDefinitionID, principal: alice,
            principalKind: .user, endsAt: WallTime(secondsSince1970: 1))
        let matrix = matrix(
            [activated, assigned, standing],
            schedules: [
                schedule(activated, .activated, until: 100, origin: ResourceID(activated.id.text.uppercased())),
                schedule(activated, .activated, until: 200, origin: activated.id), schedule(assigned, .assigned, until: 300, origin: nil),
                eligible,
                schedule(standing, .assigned, until: nil, origin: standing.id),
                schedule(standing, .activated, until: 50, origin: standing.id),
            ])
        #expect(
            matrix.bindings(on: queue).map(\.term)
                == [.until(WallTime(secondsSince1970: 200)), .until(WallTime(secondsSince1970: 300)), .standing])
    }

    // MARK: Groups

    @Test("goes through groups whose members are known, by name")
    func groups() throws {
        var membership = GroupMembership()
        membership.setMembers([.init(id: alice, kind: .user), .init(id: service, kind: .servicePrincipal)], of: team)
        let matrix = matrix([assignment(Roles.serviceBusDataReceiver, to: team, at: queue, kind: .group)], membership: membership)
        let holders = matrix.whoCan(.receive, on: queue)
        #expect(holders.map(\.principal) == [alice, service])
        #expect(holders.map(\.principalKind) == [.user, .servicePrincipal])
        #expect(holders.allSatisfy { $0.group == team && $0.members == .none })
        #expect(matrix.bindings(on: queue).map(\.principal) == [team])
        #expect(matrix.can(alice, .receive, on: queue) == .yes)
        // All members are known, and this is none of them.
        #expect(matrix.can(GUID("bob"), .receive, on: queue) == .no)
        let (bindings, areAll) = matrix.bindings(of: alice)
        #expect(bindings.map(\.group) == [team])
        #expect(bindings.map(\.rights) == [[.receive]])
        // Alice may be in groups that nobody listed.
        #expect(!areAll)
        membership.setMembers([], of: team)
        #expect(membership.groups(of: alice).groups.isEmpty)
    }

    @Test("is not known where a group's members are not, unless the identity's groups are")
    func unknownGroups() throws {
        let assignments = [assignment(Roles.serviceBusDataReceiver, to: team, at: queue, kind: .group)]
        let blind = matrix(assignments)
        #expect(blind.can(alice, .receive, on: queue) == .unknown)
        #expect(blind.can(alice, .send, on: queue) == .no)
        #expect(try #require(blind.whoCan(.receive, on: queue).first).members == .unknown)
        var membership = GroupMembership()
        membership.setGroups([], of: alice)
        membership.setGroups([team], of: service)
        let seeing = matrix(assignments, membership: membership)
        #expect(seeing.can(alice, .receive, on: queue) == .no)
        #expect(seeing.can(service, .receive, on: queue) == .yes)
        #expect(seeing.bindings(of: alice).areAll)
        #expect(seeing.bindings(of: service).bindings.map(\.group) == [team])
    }

    // MARK: Denials

    private func denial(
        _ permissions: RolePermissions, of principals: [DenyAssignment.Principal], at scope: ResourceID,
        except excluded: [DenyAssignment.Principal] = [],
        childless: Bool = false, condition: String? = nil, effect: DenyAssignment.Effect = .enforced
    ) -> DenyAssignment {
        DenyAssignment(
            id: scope.appending("providers", "Microsoft.Authorization", "denyAssignments", "d"), permissions: [permissions], scope: scope,
            doesNotApplyToChildScopes: childless, principals: principals, excludedPrincipals: excluded, condition: condition, effect: effect
        )
    }
    private let sending = RolePermissions(dataActions: ["Microsoft.ServiceBus/*/send/action"])

    @Test("is less what is denied, for those whom it names and does not exclude")
    func denials() throws {
        let assignments = [
            assignment(Roles.serviceBusDataOwner, to: service, at: namespace),
            assignment(Roles.serviceBusDataOwner, to: alice, at: namespace),
        ]
        let named = matrix(assignments, denials: [denial(sending, of: [.init(id: service, kind: .servicePrincipal)], at: group)])
        #expect(named.can(service, .send, on: queue) == .no)
        #expect(named.can(service, .receive, on: queue) == .yes)
        #expect(named.can(alice, .send, on: queue) == .yes)
        #expect(try #require(named.bindings(on: queue).first).deniedRights == [.send])

        let everyone = DenyAssignment.Principal(id: .everyone, kind: .systemDefined)
        let all = matrix(assignments, denials: [denial(sending, of: [everyone], at: .root, except: [.init(id: alice, kind: .user)])])
        #expect(all.can(service, .send, on: queue) == .no)
        #expect(all.can(alice, .send, on: queue) == .yes)
    }

    @Test("is less what is denied below the scope, or only at it; not elsewhere")
    func denialScopes() {
        let everyone = [DenyAssignment.Principal(id: .everyone, kind: .systemDefined)]
        let assignments = [assignment(Roles.serviceBusDataOwner, to: service, at: group)]
        #expect(
            matrix(assignments, denials: [denial(sending, of: everyone, at: namespace, childless: true)]).can(service, .send, on: queue)
                == .yes)
        #expect(
            matrix(assignments, denials: [denial(sending, of: everyone, at: namespace, childless: true)]).can(service, .send, on: namespace)
                == .no)
        #expect(matrix(assignments, denials: [denial(sending, of: everyone, at: queue)]).can(service, .send, on: topic) == .yes)
        #expect(
            matrix(assignments, denials: [denial(sending, of: everyone, at: queue, effect: .audit)]).can(service, .send, on: queue) == .yes)
    }

    @Test("is not known where a denial names groups that nobody knows, or has a condition")
    func uncertainDenials() throws {
        let assignments = [assignment(Roles.serviceBusDataSender, to: service, at: queue)]
        let denied = denial(sending, of: [.init(id: team, kind: .group)], at: queue)
        #expect(matrix(assignments, denials: [denied]).can(service, .send, on: queue) == .unknown)
        #expect(try #require(matrix(assignments, denials: [denied]).bindings(on: queue).first).uncertainRights == [.send])
        var membership = GroupMembership()
        membership.setGroups([team], of: service)
        #expect(matrix(assignments, denials: [denied], membership: membership).can(service, .send, on: queue) == .no)
        membership.setGroups([], of: service)
        #expect(matrix(assignments, denials: [denied], membership: membership).can(service, .send, on: queue) == .yes)
        let everyone = [DenyAssignment.Principal(id: .everyone, kind: .systemDefined)]
        let conditional = denial(sending, of: everyone, at: queue, condition: "(x)")
        #expect(matrix(assignments, denials: [conditional]).can(service, .send, on: queue) == .unknown)
        let excluding = denial(sending, of: everyone, at: queue, except: [.init(id: team, kind: .group)])
        #expect(matrix(assignments, denials: [excluding]).can(service, .send, on: queue) == .unknown)
    }

    @Test("by keys is not stopped by a denial of sending, but by one of the keys")
    func deniedKeys() {
        let everyone = [DenyAssignment.Principal(id: .everyone, kind: .systemDefined)]
        let assignments = [assignment(Roles.contributor, to: service, at: group)]
        #expect(matrix(assignments, denials: [denial(sending, of: everyone, at: group)], keys: .on).can(service, .send, on: queue) == .yes)
        let keys = RolePermissions(actions: ["*/listKeys/action", "*/regenerateKeys/action"])
        #expect(matrix(assignments, denials: [denial(keys, of: everyone, at: group)], keys: .on).can(service, .send, on: queue) == .no)
        // Perhaps denied keys open perhaps.
        let perhaps = matrix(assignments, denials: [denial(keys, of: everyone, at: group, condition: "(x)")], keys: .on)
        #expect(perhaps.can(service, .send, on: queue) == .unknown)
        #expect(perhaps.can(service, .manage, on: queue) == .yes)
        let half = RolePermissions(actions: ["*/listKeys/action"])
        #expect(matrix(assignments, denials: [denial(half, of: everyone, at: group)], keys: .on).can(service, .send, on: queue) == .yes)
    }

    // MARK: Size

    @Test("is answered for 10,000 entities among 20,000 assignments in the time of a look")
    func size() {
        let namespaces = (0..<50).map {
            ResourceID("/subscriptions/s\($0 % 5)/resourceGroups/g\($0)/providers/Microsoft.ServiceBus/namespaces/n\($0)")
        }
        let entities = namespaces.flatMap { namespace in (0..<200).map { namespace.appending("queues", "queue-\($0)") } }
        var assignments: [RoleAssignment] = []
        for (index, entity) in entities.enumerated() {
            for role in [Roles.serviceBusDataSender, Roles.serviceBusDataReceiver] where assignments.count < 19_900 {
                assignments.append(assignment(role, to: GUID("p\(index % 2000)"), at: entity))
            }
        }
        for number in 0..<100 {
            let scope = number % 5 == 0 ? namespaces[number % 50].subscription ?? .root : namespaces[number % 50]
            assignments.append(assignment(Roles.contributor, to: GUID("q\(number)"), at: scope, number: number))
        }
        #expect(entities.count == 10_000)
        #expect(assignments.count == 20_000)
        let clock = ContinuousClock()
        var matrix = AccessMatrix(assignments: [], roles: [])
        let building = clock.measure { matrix = AccessMatrix(assignments: assignments, roles: []) }
        var bindings = 0
        let asking = clock.measure { for entity in entities { bindings += matrix.bindings(on: entity).count } }
        var reachable = 0
        let one = clock.measure { reachable = matrix.access(of: GUID("p7"), among: entities).count }
        #expect(bindings > 50_000)
        #expect(reachable == 5)
        // Multiplying them would be 200 million comparisons: minutes in this build.
        #expect(building + asking + one < .seconds(60))
    }
}
