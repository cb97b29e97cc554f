import AzureResources
import ServiceBus

@testable import CallboardCore
@testable import Console

/// Shared access rules of a small namespace.
enum KeysFixture {
    static let now = Fixture.now

    static func rule(_ name: String, _ entity: String? = nil, _ rights: Set<AuthorizationRuleResource.KeyRight> = [.listen]) -> KeyRule {
        KeyRule(
            id: ResourceID("\(RequestsFixture.namespace)/authorizationRules/\(name)"), name: name, entity: entity.map { Fixture.path($0) },
            rights: rights)
    }

    /// - Parameter days: how long ago a tag says that they were made anew; nil: nobody says.
    static func age(_ rule: KeyRule, days: Int?, limit: Int? = 90, takesKeys: Bool? = true) -> KeyAge {
        let time = days.map { now.advanced(by: .seconds(-86_400 * $0)) }
        let tags = time.map { [RotationTag.name(of: rule): RotationTag(active: .primary, time: $0).text] } ?? [:]
        return KeyAge(
            rule, standing: nil, tags: tags, metadata: nil, takesKeys: takesKeys, limit: limit.map { .seconds(86_400 * $0) }, now: now)
    }

    static var ages: [KeyAge] {
        [
            age(rule("app", "invoices", [.send]), days: 12),
            age(rule("RootManageSharedAccessKey", nil, [.manage, .listen, .send]), days: nil),
            age(rule("worker", "orders"), days: 412), age(rule("reports", "orders"), days: nil),
        ]
    }

    static let gap =
        "not known: shared access rules of entities: not permitted: needs Microsoft.ServiceBus/namespaces/queues/authorizationRules/read"

    static func survey(_ ages: [KeyAge] = ages, gaps: [String] = [gap], takesKeys: Bool? = true) -> KeySurvey {
        KeySurvey(ages, gaps: gaps, namespace: "sb-retail", takesKeys: takesKeys, asOf: now)
    }

    static var survey: KeySurvey { survey() }

    /// A console that signed in as an administrator.
    static func console(
        _ keys: String = "", _ rows: Int = 24, _ columns: Int = 80, survey: KeySurvey? = survey(), isProduction: Bool = false
    ) -> ConsoleHarness {
        var title = AccessFixture.title()
        title.isProduction = isProduction
        var console = ConsoleHarness(rows: rows, columns: columns, title: title) { [title] request in
            switch request {
            case .connect: .success([.connected(title), .changes(refusal: nil)])
            case .keys: survey.map { .success([.keys($0)]) }
            default: ConsoleHarness.usual(request)
            }
        }
        console.type(keys)
        return console
    }
}
