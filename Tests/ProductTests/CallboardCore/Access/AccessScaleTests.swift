import AzureResources
import Identity
import ServiceBus
import Testing

@testable import CallboardCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Access to a large estate")
struct AccessScaleTests {
    private static let subscription = ResourceID("/subscriptions/5ab00000-0000-0000-0000-000000000001")
    private static let group = subscription.appending("resourceGroups", "rg")
    private static let namespace = group.appending("providers", "Microsoft.ServiceBus", "namespaces", "sb-large")

    private static func guid(_ prefix: String, _ number: Int) -> GUID {
        let digits = String(number, radix: 16)
        return GUID("\(prefix)-0000-0000-0000-" + String(repeating: "0", count: 12 - digits.utf8.count) + digits)
    }

    /// Every entity has a sender and a receiver by two assignments of its own; one in a hundred assignments is another's than the catalogue says, one
    /// entity in a hundred has no owner; `wide` assignments stand above, a fifth of them of groups.
    private static func index(services: Int, entities count: Int, assignments: Int, wide: Int, knowsGroups: Bool) throws -> AccessIndex {
        let now = Timestamp(milliseconds: 1_786_320_000_000)
        var picture = AccessPicture(host: "sb-large.servicebus.windows.net", asOf: now)
        let entities = try (0..<count).map { number in
            AccessEntity(path: try EntityPath.queue("queue-\(number)"), id: namespace.appending("queues", "queue-\(number)"))
        }
        var all: [RoleAssignment] = []
        func assign(_ role: GUID, _ principal: GUID, _ kind: PrincipalKind, _ scope: ResourceID) {
            let name = guid("a0000000", all.count).text
            all.append(
                RoleAssignment(
                    id: scope.appending("providers", "Microsoft.Authorization", "roleAssignments", name),
                    roleDefinitionID: subscription.appending("providers", "Microsoft.Authorization", "roleDefinitions", role.text),
                    principal: principal, principalKind: kind, scope: scope))
        }
        let roles = [
            RoleDefinition.BuiltIn.contributor, RoleDefinition.BuiltIn.serviceBusDataReceiver, RoleDefinition.BuiltIn.reader,
            RoleDefinition.BuiltIn.serviceBusDataSender,
        ]
        for number in 0..<wide {
            let isGroup = number % 5 == 0
            let principal = guid(isGroup ? "90000000" : "b0000000", number)
            assign(
                roles[number % 4], principal, isGroup ? .group : number % 5 == 1 ? .user : .servicePrincipal,
                [namespace, group, subscription][number % 3])
            // Otherwise the members of half of the groups are known: looking further than to what is known must not cost more.
            if isGroup, knowsGroups || number % 10 == 0 {
                picture.membership.setMembers((0..<50).map { .init(id: guid("d0000000", $0), kind: .user) }, of: principal)
            }
        }
        for number in 0..<(assignments - wide) {
            let place = number / 2 % count
            let service = (place + number % 2 + (number % 100 == 0 ? 7 : 0)) % services
            assign(
                number % 2 == 0 ? RoleDefinition.BuiltIn.serviceBusDataSender : RoleDefinition.BuiltIn.serviceBusDataReceiver,
                guid("c0000000", service), .servicePrincipal, entities[place].id)
        }
        picture.namespace = .known(AccessNamespace(id: namespace, localAuthentication: .on), at: now)
        picture.entities = .known(entities, at: now)
        picture.assignments = .known(all, at: now)
        picture.roles = .known([], at: now)
        picture.denials = .known([], at: now)
        picture.schedules = .known([], at: now)
        picture.names = .known([:], at: now)
        picture.rules = .known([], at: now)
        var access = (0..<services).map { number in
            CatalogueAccess(
                ref: "component:default/service-\(number)",
                dependencies: stride(from: number, to: count, by: services).map { "resource:default/queue-\($0)" },
                principals: [guid("c0000000", number).text])
        }
        var ownership: [EntityPath: EntityOwnership] = [:]
        for (number, entity) in entities.enumerated() {
            access.append(
                CatalogueAccess(
                    ref: "resource:default/queue-\(number)", isComponent: false, entities: [[entity.path]],
                    senders: ["component:default/service-\(number % services)"],
                    receivers: ["component:default/service-\((number + 1) % services)"]))
            if number % 100 != 0 { ownership[entity.path] = EntityOwnership(owner: "team") }
        }
        let summaries = (0..<services).map { ServiceSummary(ref: "component:default/service-\($0)", name: "service-\($0)") }
        return AccessIndex(picture, estate: Estate(services: summaries, ownership: ownership, access: access))
    }

    @Test("the same is found in a larger estate, once for each assignment and not for each entity")
    func shape() throws {
        let index = try Self.index(services: 20, entities: 100, assignments: 220, wide: 20, knowsGroups: true)
        let report = DriftReport(index)
        #expect(report.findings.count { $0.kind == .missing } == 2)
        #expect(report.findings.count { $0.kind == .noOwner } == 1)
        #expect(report.findings.count { $0.kind == .overbroadScope } == 10)
        #expect(report.findings.count { $0.kind == .overbroadRole } == 5)
        #expect(Set(report.findings.map(\.id)).count == report.findings.count)
        #expect(index.matrix(with: report).count == 100)
    }

    /// Prints how long it takes; run it in a release build: `CALLBOARD_MEASURE=1 swift test -c release -Xswiftc -enable-testing --filter AccessScale`.
    @Test(
        "2,000 services, 10,000 entities, 20,000 assignments: how long it takes",
        .enabled(if: ProcessInfo.processInfo.environment["CALLBOARD_MEASURE"] != nil))
    func measure() throws {
        let clock = ContinuousClock()
        let built = try Self.index(services: 2_000, entities: 10_000, assignments: 20_000, wide: 200, knowsGroups: false)
        let start = clock.now
        let index = AccessIndex(built.picture, estate: built.estate)
        let indexed = clock.now
        let report = DriftReport(index)
        let found = clock.now
        let rows = index.matrix(with: report)
        let counted = clock.now
        print(
            "index \(indexed - start), drift \(found - indexed) (\(report.findings.count) findings), matrix \(counted - found) (\(rows.count) rows)"
        )
        #expect(rows.count == 10_000)
    }
}
