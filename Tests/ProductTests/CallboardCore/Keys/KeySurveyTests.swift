import AzureResources
import Identity
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("What is known of the keys of a namespace")
struct KeySurveyTests {
    private let now = Timestamp(rfc3339: "2026-11-26T10:00:00Z") ?? Timestamp(milliseconds: 0)

    private func age(
        _ name: String, _ entity: String? = nil, _ rights: Set<AuthorizationRuleResource.KeyRight> = [.listen], days: Int? = nil,
        limit: Int? = 90, takesKeys: Bool? = true
    ) -> KeyAge {
        let rule = KeyRule(id: ResourceID("/s/\(name)"), name: name, entity: entity.flatMap { try? EntityPath.queue($0) }, rights: rights)
        let tags = days.map { days in
            [RotationTag.name(of: rule): RotationTag(active: .secondary, time: now.advanced(by: .seconds(-86_400 * days))).text]
        }
        return KeyAge(
            rule, standing: nil, tags: tags ?? [:], metadata: nil, takesKeys: takesKeys, limit: limit.map { .seconds(86_400 * $0) },
            now: now)
    }

    @Test("the worst first: too old, of no known age, without a limit, young; of those what opens more, then the older")
    func order() {
        let survey = KeySurvey(
            [
                age("young", days: 3), age("unlimited", days: 500, limit: nil), age("unknown"), age("root", nil, [.manage]),
                age("old", days: 100), age("older", days: 400), age("younger", days: 2), age("oldManage", nil, [.manage], days: 91),
            ], gaps: [], namespace: "sb", takesKeys: true, asOf: now)
        #expect(
            survey.ages.map(\.rule.name) == ["oldManage", "older", "old", "root", "unknown", "unlimited", "young", "younger"])
        #expect(survey.old == 3 && survey.unknown == 2 && survey.unlimited == 1)
    }

    @Test("the line that makes keys anew says what is known, and leaves the rest in brackets that no command takes")
    func command() {
        let title = ContextTitle(name: "retail", endpoint: "sb", signsIn: true)
        #expect(
            age("listen", "orders", days: 4).rotationCommand(in: title)
                == "callboard keys rotate --context retail --rule listen --entity orders --active secondary --vault '<VAULT/SECRET>' --grace 1h --yes"
        )
        #expect(
            age("listen").rotationCommand(in: title)
                == "callboard keys rotate --context retail --rule listen --active '<primary or secondary>' --vault '<VAULT/SECRET>' --grace 1h --yes"
        )
        var known = age("listen", "orders", days: 4)
        known.sink = "kv-retail/orders"
        let production = ContextTitle(name: "retail prod", endpoint: "sb", isProduction: true, signsIn: true)
        #expect(
            known.rotationCommand(in: production)
                == "callboard keys rotate --context 'retail prod' --rule listen --entity orders --allow-changes --yes")
        #expect(age("listen", takesKeys: false).rotationCommand(in: title) == nil)
    }

    @Test(
        "a word of a command line is one word, whatever is in it, and drives no terminal",
        arguments: [
            ("orders-listen", "orders-listen"), ("a b", "'a b'"), ("", "''"), ("it's", "'it'\\''s'"), ("$(rm -rf ~)", "'$(rm -rf ~)'"),
            ("a\nb", "'a^Jb'"), ("~root", "'~root'"), ("*", "'*'"), ("a;b|c&d", "'a;b|c&d'"), ("ü", "'ü'"),
        ])
    func quoting(_ word: String, _ expected: String) {
        #expect(ShellWord.quoted(word) == expected)
        #expect(!ShellWord.quoted(word).unicodeScalars.contains { $0.value < 0x20 })
    }

    @Test("what stands in brackets is refused by the command before it does anything")
    func brackets() {
        #expect(AccessKeyKind(word: "<primary or secondary>") == nil)
        #expect(throws: KeyVaultSecretAddress.Problem.self) { try KeyVaultSecretAddress(parsing: "<VAULT/SECRET>", cloud: .global) }
    }
}
