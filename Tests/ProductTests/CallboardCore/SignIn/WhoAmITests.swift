import Identity
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Who am I")
struct WhoAmITests {
    /// 2026-08-10T00:00:00Z
    private let now = Timestamp(milliseconds: 1_786_320_000_000)

    private func answer(verified minutes: Int64, groups: Int64? = nil) -> WhoAmI {
        var answer = WhoAmI(context: "retail", tenant: "t", cloud: "public")
        answer.credential = "sign-in"
        answer.name = "olga@contoso.example"
        answer.isVerified = true
        answer.groups = .known(["g"])
        answer.verifiedAt = Timestamp(milliseconds: now.milliseconds - minutes * 60_000)
        answer.groupsAt = Timestamp(milliseconds: now.milliseconds - (groups ?? minutes) * 60_000)
        return answer
    }

    private func line(_ answer: WhoAmI, _ name: String) -> String? {
        WhoAmIRecord(answer, now: now).lines.first { $0.hasPrefix(name + "  ") }?.dropFirst(name.count).split(separator: " ")
            .joined(separator: " ")
    }

    @Test(
        "says how old what was verified is",
        arguments: [
            (0, "2026-08-10T00:00:00.000Z, just now"), (90, "2026-08-09T22:30:00.000Z, 90 min ago"),
            (180, "2026-08-09T21:00:00.000Z, 3 h ago"),
            (4_320, "2026-08-07T00:00:00.000Z, 3 days ago"), (-5, "2026-08-10T00:05:00.000Z"),
        ])
    func age(minutes: Int64, text: String) { #expect(line(answer(verified: minutes), "verified") == text) }

    @Test("names the age of groups where they are older, and none where nothing was verified")
    func groups() {
        #expect(line(answer(verified: 0), "groups as of") == nil)
        #expect(line(answer(verified: 0, groups: 180), "groups as of") == "2026-08-09T21:00:00.000Z, 3 h ago")
        var unverified = answer(verified: 0)
        unverified.verifiedAt = nil
        unverified.groupsAt = nil
        #expect(line(unverified, "verified") == nil)
        var json = JSONWriter()
        WhoAmIRecord(answer(verified: 180), now: now).write(to: &json)
        #expect(String(decoding: json.bytes, as: UTF8.self).contains(#""verifiedAt":"2026-08-09T21:00:00.000Z""#))
    }
}
