import AzureResources
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("The age of keys")
struct KeyAgeTests {
    private let now = Timestamp(rfc3339: "2026-11-26T10:00:00Z") ?? Timestamp(milliseconds: 0)

    private func rule(_ name: String, _ entity: String? = nil, _ rights: Set<AuthorizationRuleResource.KeyRight> = [.listen]) -> KeyRule {
        KeyRule(id: ResourceID("/s/\(name)"), name: name, entity: entity.flatMap { try? EntityPath.queue($0) }, rights: rights)
    }

    private func age(_ rule: KeyRule, tags: [String: String] = [:], metadata: String? = nil, limit: Duration? = nil) -> KeyAge {
        KeyAge(rule, standing: nil, tags: tags, metadata: metadata, takesKeys: true, limit: limit, now: now)
    }

    @Test("where nobody says, the age is not known, which is not young")
    func unknown() {
        let age = age(rule("listen"), limit: .seconds(3600))
        #expect(age.age == nil && age.rotated == nil && age.isOld == nil)
        #expect(age.findings == ["shared-key", "age not known"])
    }

    @Test("the tag of a rule, that of the namespace, and the note of an entity's owner")
    func sources() {
        let own = age(
            rule("listen"), tags: ["callboard-rotated:listen": "2026-11-26T08:00:00Z secondary", "callboard-rotated": "2026-01-01"])
        #expect(own.age == .seconds(7200) && own.rotated?.source == .tag && own.active == "secondary")
        let all = age(rule("listen"), tags: ["Callboard-Rotated": "2026-11-25"])
        #expect(all.age == .seconds(34 * 3600) && all.active == nil)
        let entity = age(
            rule("listen", "orders"), tags: ["callboard-rotated": "2026-11-25"], metadata: "owner=x; callboard-rotated=2026-11-26")
        #expect(entity.age == .seconds(36_000) && entity.rotated?.source == .metadata)
        #expect(
            age(rule("listen", "orders"), tags: ["callboard-rotated": "2026-11-25"]).age == nil, "the namespace's tag is not about entities"
        )
        #expect(age(rule("listen"), tags: ["callboard-rotated": "yesterday"]).age == nil)
    }

    @Test("a time to come is no age, and does not stand before what is known; a day may have begun elsewhere")
    func toCome() throws {
        for (tags, metadata) in [
            (["callboard-rotated:orders:listen": "2062-01-01T00:00:00Z primary"], nil), ([:], "callboard-rotated=2062-01-01"),
        ] as [([String: String], String?)] {
            let age = age(rule("listen", "orders"), tags: tags, metadata: metadata, limit: .seconds(3600))
            #expect(age.age == nil && age.findings == ["shared-key", "age not known"])
        }
        #expect(age(rule("listen"), tags: ["callboard-rotated": "2062-01-01"]).age == nil)
        #expect(age(rule("listen"), tags: ["callboard-rotated": "2026-11-27"]).age == .zero)
        let print = String(repeating: "0", count: 16)
        let hourAgo = Timestamp(milliseconds: now.milliseconds - 3_600_000)
        let line = KeyLine(
            kind: .done, at: hourAgo.milliseconds, active: "primary", primary: print, secondary: print, rule: "/s/listen", name: "listen",
            host: "n")
        let standing = try #require(KeyStanding(line, after: nil))
        let age = KeyAge(
            rule("listen"), standing: standing, tags: ["callboard-rotated:listen": "2062-01-01T00:00:00Z primary"], metadata: nil,
            takesKeys: true, limit: nil, now: now)
        #expect(age.age == .seconds(3600) && age.rotated?.source == .journal)
    }

    @Test("a tag reads back as it was written, and one of a round under way is no time of a rotation")
    func tagTexts() throws {
        for tag in [
            RotationTag(active: .primary, time: now), RotationTag(active: .secondary, time: nil, isUnderWay: true),
            RotationTag(active: .secondary, time: now, isUnderWay: true),
            RotationTag(active: .primary, time: nil, notedAt: now),
            RotationTag(active: .primary, time: now, isUnderWay: true, notedAt: now),
        ] {
            #expect(RotationTag.find(rule("listen", "orders"), in: ["Callboard-Rotated:Orders:Listen": tag.text], at: now) == tag)
        }
        let age = age(rule("listen"), tags: ["callboard-rotated:listen": "unknown primary handing-over"])
        #expect(age.age == nil && age.active == nil && age.round == "under way on another machine")
        let adopted = self.age(rule("listen"), tags: ["callboard-rotated:listen": "unknown primary as-of 2026-11-26T09:00:00Z"])
        #expect(adopted.age == nil && adopted.active == "primary", "when it was adopted is no age")
    }

    @Test(
        "the key that consumers have is the one that another machine's tag says, where that is later than the journal and no key was made anew here"
    )
    func overtaken() throws {
        let print = String(repeating: "0", count: 16)
        func standing(_ kinds: KeyLine.Kind...) throws -> KeyStanding {
            var standing: KeyStanding?
            for kind in kinds {
                let line = KeyLine(
                    kind: kind, at: now.milliseconds - 3_600_000, active: "primary", primary: print, secondary: print, rule: "/s/listen",
                    name: "listen", host: "n")
                standing = KeyStanding(line, after: standing)
            }
            return try #require(standing)
        }
        func age(_ standing: KeyStanding, _ text: String) -> KeyAge {
            KeyAge(
                rule("listen"), standing: standing, tags: ["callboard-rotated:listen": text], metadata: nil, takesKeys: true, limit: nil,
                now: now)
        }
        let adopted = "unknown secondary as-of 2026-11-26T09:30:00Z"
        for known in [try standing(.done), try standing(.adopted), try standing(.done, .begin), try standing(.begin)] {
            #expect(age(known, adopted).active == "secondary", "\(known.phase)")
        }
        #expect(age(try standing(.done), adopted).age == .seconds(3600), "when it was adopted is no age")
        #expect(age(try standing(.done, .begin), adopted).round == "making the secondary key anew")
        let handing = age(try standing(.done), "unknown secondary handing-over as-of 2026-11-26T09:30:00Z")
        #expect(handing.active == nil && handing.round == "under way on another machine")
        // What was said before the journal's time, or says the same, or is of this machine's own round, or of a time to come, changes nothing.
        for (known, text) in [
            (try standing(.done), "unknown secondary as-of 2026-11-26T08:30:00Z"),
            (try standing(.done), "unknown primary as-of 2026-11-26T09:30:00Z"),
            (try standing(.done, .begin, .made), "unknown secondary handing-over as-of 2026-11-26T09:30:00Z"),
            (try standing(.done, .begin, .made, .delivered), "unknown secondary handing-over as-of 2026-11-26T09:30:00Z"),
            (try standing(.done), "unknown secondary as-of 2062-01-01T00:00:00Z"), (try standing(.done), "2062-01-01T00:00:00Z secondary"),
        ] {
            #expect(age(known, text).active == "primary", "\(text) beside \(known.phase)")
        }
    }

    @Test("a tag of a time to come still names a key, and stands before no journal, for rounds and for signatures")
    func tagToCome() throws {
        let print = String(repeating: "0", count: 16)
        let line = KeyLine(
            kind: .done, at: now.milliseconds, active: "primary", primary: print, secondary: print, rule: "/s/listen", name: "listen",
            host: "n")
        let standing = try #require(KeyStanding(line, after: nil))
        for text in [
            "2062-01-01T00:00:00Z secondary", "unknown secondary as-of 2062-01-01T00:00:00Z",
            "2062-01-01T00:00:00Z secondary handing-over as-of 2062-01-01T00:00:00Z",
        ] {
            let tag = try #require(RotationTag.find(rule("listen"), in: ["callboard-rotated:listen": text], at: now))
            #expect(tag.active == .secondary && tag.saidAt == nil && !tag.contradicts(standing), "\(text)")
            #expect(KeyStanding.lastingKey(standing, tag) == .primary && KeyStanding.lastingKey(nil, tag) == .secondary, "\(text)")
        }
        // A clock that is a little ahead is believed.
        let ahead = RotationTag.find(
            rule("listen"), in: ["callboard-rotated:listen": "unknown secondary as-of 2026-11-26T10:05:00Z"], at: now)
        #expect(ahead?.contradicts(standing) == true)
    }

    @Test("what is not known is no all-clear, and nothing to measure by is an error")
    func clearance() throws {
        let young = ["callboard-rotated:listen": "2026-11-26T08:00:00Z primary"]
        let day = Duration.seconds(86_400)
        #expect(try KeyClearance([age(rule("listen"), tags: young, limit: day)]).isClear)
        #expect(try !KeyClearance([age(rule("listen"), limit: day)]).isClear)
        #expect(try !KeyClearance([age(rule("listen"), tags: young, limit: day), age(rule("send"), tags: [:])]).isClear)
        #expect(try !KeyClearance([age(rule("listen"), tags: young, limit: .seconds(60))]).isClear)
        #expect(throws: OperatorError.self) { try KeyClearance([age(rule("listen")), age(rule("send"))]) }
        #expect(age(rule("listen"), tags: young).isOld == nil)
        #expect(try KeyClearance([]).isClear)
    }

    @Test("a signature is of the key that whoever rotated last gave consumers")
    func lastingKey() throws {
        #expect(KeyStanding.lastingKey(nil, nil) == .primary)
        #expect(KeyStanding.lastingKey(nil, RotationTag(active: .secondary, time: nil, isUnderWay: true)) == .secondary)
        let print = String(repeating: "0", count: 16)
        let line = KeyLine(
            kind: .done, at: now.milliseconds, active: "primary", primary: print, secondary: print, rule: "/s/r", name: "r", host: "n")
        let standing = try #require(KeyStanding(line, after: nil))
        let later = Timestamp(milliseconds: now.milliseconds + 60_000)
        let earlier = Timestamp(milliseconds: now.milliseconds - 60_000)
        #expect(KeyStanding.lastingKey(standing, nil) == .primary)
        #expect(KeyStanding.lastingKey(standing, RotationTag(active: .secondary, time: later)) == .secondary)
        #expect(KeyStanding.lastingKey(standing, RotationTag(active: .secondary, time: earlier)) == .primary)
        #expect(KeyStanding.lastingKey(standing, RotationTag(active: .secondary, time: nil, notedAt: later)) == .secondary, "adopted")
        #expect(KeyStanding.lastingKey(standing, RotationTag(active: .secondary, time: earlier, notedAt: later)) == .secondary)
        #expect(KeyStanding.lastingKey(standing, RotationTag(active: .secondary, time: now, isUnderWay: true)) == .secondary)
    }

    @Test("what is wrong with a rule, and nothing where keys are refused")
    func findings() {
        let root = rule("RootManageSharedAccessKey", nil, [.listen, .send, .manage])
        #expect(age(root).findings == ["shared-key", "manage", "root"])
        #expect(KeyAge(root, standing: nil, tags: [:], metadata: nil, takesKeys: false, limit: nil, now: now).findings.isEmpty)
        let old = age(rule("listen"), tags: ["callboard-rotated": "2026-01-01"], limit: .seconds(86_400))
        #expect(old.isOld == true && old.findings == ["shared-key", "old"])
    }

    @Test("the name of a rule's tag has nothing in it that Azure does not take")
    func tagNames() {
        #expect(RotationTag.name(of: rule("a?b", "x/y")) == "callboard-rotated:x~y:a~b")
        #expect(RotationTag.name(of: rule("c", "a.b")) != RotationTag.name(of: rule("b.c", "a")), "two rules share a tag")
        #expect(RotationTag.name(of: rule("a.b")) != RotationTag.name(of: rule("b", "a")))
        #expect(
            RotationTag(active: .primary, time: now).text == "2026-11-26T10:00:00Z primary"
                || RotationTag(active: .primary, time: now).text == "2026-11-26T10:00:00.000Z primary")
    }
}
