import Testing

@testable import CallboardCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Policy files")
struct PolicyLoadTests {
    private func problems(_ text: String, tenant: String? = nil) -> [ConfigurationProblem] {
        PolicyFile.parse(Array(text.utf8), file: "policy.yaml", tenant: tenant).problems
    }

    @Test("the policy of the table of decisions loads")
    func whole() throws {
        let (policy, problems) = PolicyFile.parse(Array(PolicyDecisionTable.policy.utf8), file: "policy.yaml")
        #expect(problems == [])
        #expect(policy?.rules.count == 21)
        #expect(policy?.environments?["prod"]?.requiresGolden == .seconds(7 * 86_400))
        #expect(policy?.tenant == "aaaabbbb-0000-cccc-1111-dddd2222eeee")
    }

    @Test(
        "the file as a whole",
        arguments: [
            ("", 1, "the file is empty; a policy begins with 'version: 1'"),
            ("- a", 1, "a policy is a mapping of keys to values, not a list"),
            ("version: 2", 1, "'version' is 1; this Callboard knows no other"),
            ("allow: []", 1, "a policy begins with 'version: 1'"),
            ("version: 1\n---\nversion: 1", 3, "a policy is one document; this is another"),
            ("version: 1\nalow: []", 2, "'alow' is not known here; did you mean 'allow'?"),
            ("version: 1\nversion: 1", 1, "the key 'version' occurs twice"),
            ("version: 1\ntenant: contoso", 2, "'tenant' is an id such as aaaabbbb-0000-cccc-1111-dddd2222eeee"),
            ("version: 1\nenvironments: {}", 2, "'environments' lists none, so that everything would be denied; leave it out"),
            (
                "version: 1\nenvironments: {prod: {requires_golden: 7d}}", 2,
                "'prod' requires a golden environment, and none says 'golden: true'"
            ),
            ("version: 1\nenvironments: {prod: {golden: maybe}}", 2, "'golden' is true or false"),
            ("version: 1\nteams: {a: {}}", 2, "the team 'a' has no claims, and would be nobody; write claims: {groups: [ID]}"),
            ("version: 1\nteams: {a: {claims: {groups: []}}}", 2, "'groups' is empty; leave it out, or say what is meant"),
            ("version: 1\nteams: {\"a b\": {claims: {g: [x]}}}", 2, "a team is written with letters, digits, '.', '-' and '_', not 'a b'"),
        ])
    func parts(text: String, line: Int, message: String) {
        #expect(problems(text).contains(ConfigurationProblem(file: "policy.yaml", line: line, message: message)), "\(problems(text))")
    }

    @Test(
        "a rule, in line 8",
        arguments: [
            (
                "allow", #"{id: r, who: [team:a], actoin: [message.peek], scope: "**"}"#,
                "'actoin' is not known here; did you mean 'action'?"
            ),
            (
                "allow", #"{id: r, who: [team:a], action: [message.peak], scope: "**"}"#,
                "'message.peak' is not an action; did you mean 'message.peek'?"
            ),
            (
                "allow", #"{id: r, who: [team:a], action: ["message.*"], scope: "**"}"#,
                "'message.*' is not an action; each is written by its name"
            ),
            ("allow", #"{id: r, who: [team:b], action: [message.peek], scope: "**"}"#, "there is no team 'b'; did you mean 'team:a'?"),
            (
                "allow", #"{id: r, who: [everyone], action: [message.peek], scope: "**"}"#,
                "'everyone' is nobody; there is team:NAME, user:ID, agent and anyone"
            ),
            ("allow", #"{id: r, who: [], action: [message.peek], scope: "**"}"#, "'who' is empty; leave it out, or say what is meant"),
            ("allow", #"{id: r, who: [team:a], scope: "**"}"#, "the rule 'r' has no 'action'"),
            (
                "allow", "{id: r, who: [team:a], action: [message.peek]}",
                "the rule 'r' has no 'scope'; write scope: \"**\" when everything is meant"
            ),
            (
                "allow", #"{id: r, action: [message.peek], scope: "**"}"#,
                "the rule 'r' has no 'who'; write who: [anyone] when every person is meant"
            ),
            ("allow", #"{who: [team:a], action: [message.peek], scope: "**"}"#, "a rule of 'allow' has no 'id'"),
            (
                "allow", #"{id: default, who: [team:a], action: [message.peek], scope: "**"}"#,
                "'default' is what verdicts call something else; choose another id"
            ),
            (
                "allow", #"{id: "a:b", who: [team:a], action: [message.peek], scope: "**"}"#,
                "an id is written with letters, digits, '.', '-' and '_', not 'a:b'"
            ),
            (
                "allow", #"{id: r, who: [team:a], env: live, action: [message.peek], scope: "**"}"#,
                "there is no environment 'live'; add it to 'environments'"
            ),
            (
                "allow", #"{id: r, who: [team:a], env: prd, action: [message.peek], scope: "**"}"#,
                "there is no environment 'prd'; did you mean 'prod'?"
            ),
            (
                "allow", #"{id: r, who: [team:a], action: [message.peek], scope: "queues/x"}"#,
                "the scope 'queues/x' cannot be used: it begins with 'namespaces/', not 'queues'"
            ),
            (
                "allow", #"{id: r, who: [team:a], action: [message.peek], scope: "**", max_messages: -1}"#,
                "'max_messages' is a whole number from 1 to 1000000000"
            ),
            (
                "allow", #"{id: r, who: [team:a], action: [message.peek], scope: "**", max_messages: 1e3}"#,
                "'max_messages' is a whole number from 1 to 1000000000"
            ),
            (
                "allow", #"{id: r, who: [team:a], action: [message.peek], scope: "**", max_rate: 50}"#,
                "'max_rate' is a number of messages a second, such as 50/s"
            ),
            (
                "allow", #"{id: r, who: [team:a], action: [entity.read], scope: "**", max_messages: 5}"#,
                "the rule 'r' limits messages, and allows nothing to be done with any"
            ),
            (
                "allow", #"{id: r, who: [team:a], action: [message.peek], scope: "**", max_ttl: 4h}"#,
                "the rule 'r' has a 'max_ttl', which goes with roles and tokens"
            ),
            (
                "allow", #"{id: r, who: [team:a], action: [token.issue], scope: "**", max_ttl: forever}"#,
                "'max_ttl' is a time such as 30m, 4h or 7d"
            ),
            (
                "allow", #"{id: r, who: [team:a], action: [token.issue], scope: "**", max_ttl: 0s}"#,
                "'max_ttl' is a time such as 30m, 4h or 7d"
            ),
            (
                "allow", #"{id: r, who: [team:a], action: [message.peek], role: owner, scope: "**"}"#,
                "the rule 'r' names a role, and is about nothing that has one, so that it would never hold"
            ),
            (
                "allow", #"{id: r, who: [team:a], action: [token.issue], role: admin, scope: "**"}"#,
                "'admin' is not a role; there is sender, receiver, owner"
            ),
            (
                "allow", #"{id: r, who: [agent], action: [message.reveal], scope: "**"}"#,
                "the rule 'r' is about agents, which never reveal, never approve and never review"
            ),
            (
                "allow", #"{id: r, who: [team:a], action: [message.peek], scope: "**", max_key_age: 1h}"#,
                "the rule 'r' has a 'max_key_age', which goes with secret.rotate"
            ),
            (
                "allow", #"{id: r, who: [team:a], action: [message.peek], scope: "**", grace: 1h}"#,
                "the rule 'r' has a 'grace', which goes with secret.rotate"
            ),
            ("deny", "{id: r}", "the rule 'r' would deny everything to everybody; say so with scope: \"**\""),
            ("deny", "{id: r, action: []}", "'action' is empty; leave it out, or say what is meant"),
            (
                "deny", "{id: r, action: [message.purge], max_messages: 5}",
                "'max_messages' is not known here; there is 'id', 'who', 'env', 'action', 'role', 'scope'"
            ),
            (
                "request", #"{id: r, who: [team:a], role: receiver, scope: "**", approve: [{any_of: [team:a]}]}"#,
                "the rule 'r' has no 'max_ttl'; what is asked for has to end, for instance max_ttl: 4h"
            ),
            (
                "request", #"{id: r, who: [team:a], role: receiver, scope: "**", max_ttl: 4h}"#,
                "the rule 'r' has no 'approve'; say who agrees, for instance approve: [{any_of: [team:leads], count: 1}]"
            ),
            (
                "request", #"{id: r, who: [team:a], role: receiver, scope: "**", max_ttl: 4h, approve: []}"#,
                "the rule 'r' needs an approval of nobody; say who agrees, for instance approve: [{any_of: [team:leads], count: 1}]"
            ),
            (
                "request", #"{id: r, who: [team:a], role: receiver, scope: "**", max_ttl: 4h, approve: [{any_of: [agent]}]}"#,
                "'agent' cannot approve; name teams or users"
            ),
            (
                "request", #"{id: r, who: [team:a], role: receiver, scope: "**", max_ttl: 4h, approve: [{count: 1}]}"#,
                "an entry of 'approve' needs 'any_of', the teams or users who may agree"
            ),
            (
                "request", #"{id: r, who: [team:a], role: receiver, scope: "**", max_ttl: 4h, approve: [{any_of: ["user:x"], count: 2}]}"#,
                "2 have to agree, and only 1 are named"
            ),
            (
                "request", #"{id: r, who: [team:a], scope: "**", max_ttl: 4h, approve: [{any_of: [team:a]}]}"#,
                "the rule 'r' is about a 'role' or about an 'action': it has one of them"
            ),
            (
                "request",
                #"{id: r, who: [team:a], role: receiver, scope: "**", max_ttl: 4h, ticket: "(a+)+\\1", approve: [{any_of: [team:a]}]}"#,
                "the pattern of 'ticket' cannot be used: '\\1' is not known; references to groups cannot be matched in one pass, at character 6"
            ),
            (
                "request",
                #"{id: r, who: [team:a], role: receiver, scope: "**", max_ttl: 4h, ticket: "x{1000}{1000}", approve: [{any_of: [team:a]}]}"#,
                "the pattern of 'ticket' cannot be used: lazy and possessive quantifiers say nothing here: every character of any match is hidden, at character 8"
            ),
            (
                "request", #"{id: r, who: [team:a], role: receiver, scope: "**", max_ttl: 4h, reason: yes, approve: [{any_of: [team:a]}]}"#,
                "'reason' is required or optional"
            ),
            ("break_glass", "{id: r, who: [team:a], role: receiver, max_ttl: 1h}", "the rule 'r' has no 'reason'; write reason: required"),
            (
                "break_glass", "{id: r, who: [team:a], role: receiver, max_ttl: 1h, reason: required, notify: [pager]}",
                "'notify' holds queue:NAME and topic:NAME, not 'pager'"
            ),
            ("mask", "{id: m, match: 'a', json: $.a}", "a mask has one of 'match' and 'json'"),
            ("mask", "{id: m}", "a mask has one of 'match' and 'json'"),
            ("mask", "{id: m, match: '('}", "'match' cannot be used: ')' is missing"),
            ("mask", "{id: m, json: $.a, check: luhn}", "'check' goes with 'match'"),
            ("mask", "{id: m, match: 'a', check: crc}", "'check' is luhn"),
            ("mask", "{id: m, match: 'a', show: first4}", "'show' is one of none, last4"),
        ])
    func rules(section: String, rule: String, message: String) {
        let text = """
            version: 1
            environments:
              prod:
              test:
            teams:
              a: {claims: {groups: [x]}}
            \(section):
              - \(rule)
            """
        let found = problems(text)
        #expect(found.contains(ConfigurationProblem(file: "policy.yaml", line: 8, message: message)), "\(found)")
    }

    @Test("the example of the reference loads, and lint has nothing to say to it")
    func reference() throws {
        let package = #filePath.split(separator: "/").dropLast(5).joined(separator: "/")
        let text = try String(contentsOf: URL(filePath: "/\(package)/docs/policy.md"), encoding: .utf8)
        let blocks = text.split(separator: "```yaml\n", omittingEmptySubsequences: false).dropFirst().map { $0.prefix { $0 != "`" } }
        let example = try #require(blocks.first)
        let (policy, problems) = PolicyFile.parse(Array(example.utf8), file: "policy.yaml")
        #expect(problems == [])
        #expect(policy?.warnings() == [])
    }

    @Test("bytes changed, taken out and put in at random give a policy or a reason, and never more than the rules allow")
    func noise() throws {
        let seed = Array(PolicyDecisionTable.policy.utf8)
        var random = SystemRandomNumberGenerator()
        var used = 0
        for _ in 0..<400 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0x20...0x7e, using: &random)
                case 1: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...40, using: &random)))
                default: bytes.insert(contentsOf: seed[..<min(seed.count, Int.random(in: 1...40, using: &random))], at: place)
                }
            }
            let (policy, problems) = PolicyFile.parse(bytes, file: "policy.yaml")
            #expect((policy == nil) == !problems.isEmpty)
            guard var policy else { continue }
            used += 1
            policy.rules.removeAll { $0.section != .deny }
            for row in PolicyDecisionTable.rows.prefix(40) { #expect(!policy.verdict(on: row.question).isAllowed) }
        }
        #expect(used < 400)
    }

    @Test("ids are unique in the whole file, also across sections")
    func ids() {
        let text = """
            version: 1
            deny: [{id: a, action: message.purge}]
            mask: [{id: a, json: $.x}]
            """
        #expect(problems(text).map(\.message) == ["the id 'a' is taken already, in line 2; verdicts name rules by it"])
    }

    @Test("a policy for another tenant is refused, one that names none is not")
    func tenant() {
        let text = "version: 1\ntenant: aaaabbbb-0000-cccc-1111-dddd2222eeee"
        #expect(problems(text, tenant: "AAAABBBB-0000-cccc-1111-dddd2222eeee") == [])
        #expect(
            problems(text, tenant: "00000000-0000-0000-0000-000000000000").map(\.message) == [
                "the policy is for the tenant aaaabbbb-0000-cccc-1111-dddd2222eeee, and you are signed in to 00000000-0000-0000-0000-000000000000"
            ])
        #expect(problems("version: 1", tenant: "00000000-0000-0000-0000-000000000000") == [])
    }

    @Test(
        "a file that others may write to is refused, and says what to do",
        arguments: [(0o644, true), (0o600, true), (0o664, false), (0o602, false)])
    func permissions(mode: Int, isUsed: Bool) throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("policy.yaml", "version: 1")
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
        let (policy, problems) = PolicyFile.read(file)
        #expect((policy != nil) == isUsed)
        #expect(problems.map(\.message) == (isUsed ? [] : ["others may write to it; run chmod go-w on it"]))
    }

    @Test("a file that is missing, too large or no file is refused")
    func unreadable() throws {
        let folder = try TemporaryFolder()
        #expect(PolicyFile.read(folder.path + "/none").problems.map(\.message) == ["there is no such file"])
        #expect(PolicyFile.read(folder.path).problems.map(\.message) == ["not a regular file"])
        let large = try folder.write("large.yaml", String(repeating: "#", count: PolicyFile.largest + 1))
        #expect(PolicyFile.read(large).problems.first?.message.contains("at most \(PolicyFile.largest) are read") == true)
        let error = #expect(throws: OperatorError.self) { try PolicyFile.load(folder.path + "/none") }
        #expect(error?.exitCode == 2)
        #expect(error?.message.contains("without it nothing is allowed") == true)
    }

    @Test(
        "a ticket has to fit its pattern as a whole, in one line",
        arguments: [
            ("INC-1", true), ("INC-4711", true), ("xINC-1", false), ("INC-1x", false), ("INC-1\nINC-2", false), ("", false),
            ("inc-1", false),
        ])
    func tickets(ticket: String, fits: Bool) throws {
        #expect(try PolicyTicket("INC-[0-9]+").fits(ticket) == fits)
        #expect(try PolicyTicket("^INC-[0-9]+$").fits(ticket) == fits)
        #expect(try PolicyTicket("(?i)inc-[0-9]+").fits(ticket.lowercased()) == (fits || ticket == "inc-1"))
    }

    @Test("a configuration names a policy for all contexts or for one, and says where agents work")
    func configuration() {
        let (configuration, problems) = ConfigurationFile.parse(
            Array(
                """
                policy: policy.yaml
                contexts:
                  a: {namespace: h}
                  b: {namespace: h, policy: ~/b.yaml, agent: true}
                """.utf8), file: "/etc/callboard/config.yaml", home: "/home/dana")
        #expect(problems == [])
        #expect(configuration.policyPath == "/etc/callboard/policy.yaml")
        #expect(configuration.contexts.map(\.policyPath) == ["/etc/callboard/policy.yaml", "/home/dana/b.yaml"])
        #expect(configuration.contexts.map(\.isAgent) == [false, true])
    }
}
