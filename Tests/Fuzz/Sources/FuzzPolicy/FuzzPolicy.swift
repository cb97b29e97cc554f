internal import CallboardCore
internal import FuzzSupport

/// A policy, and behind a zero byte a table of decisions or a scope, from arbitrary bytes: read or refused, never a trap.
///
/// - A policy that is refused says why, and one that is used has nothing to complain of.
/// - What it says does not depend on the order of its rules.
/// - Nobody is allowed anything when no rule says so, and agents neither reveal nor approve.
/// - What is allowed is allowed by a rule of the policy that is there.
func fuzzPolicy(_ input: [UInt8]) {
    let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    let (read, problems) = PolicyFile.parse(Array(parts[0]), file: "policy.yaml")
    hold((read == nil) != problems.isEmpty, "a policy is used with mistakes, or refused without")
    let rest = parts.count > 1 ? Array(parts[1]) : []
    let table = try? PolicyDecisions(parsing: rest, file: "decisions.json")
    let typed = try? PolicyScope(parsing: String(decoding: rest, as: UTF8.self))
    guard let policy = read else { return }
    _ = policy.warnings()

    var reversed = policy
    reversed.rules.reverse()
    var questions = (table?.cases ?? []).map(\.question)
    let scopes = [typed, try? PolicyScope(parsing: "namespaces/n/queues/q/$deadletterqueue"), PolicyScope(namespace: "n.example")]
        .compactMap(\.self)
    for scope in scopes {
        for action in [PolicyAction.peekMessage, .purgeMessage, .revealMessage, .requestAccess, .approveAccess, .deleteEntity] {
            for who in [PolicyCaller([.user("u")]), PolicyCaller([.agent]), PolicyCaller([.user("u")], groups: .notSignedIn)] {
                var question = PolicyQuestion(action, on: scope, by: who, environment: policy.environments?.keys.min())
                question.messages = 100
                questions.append(question)
            }
        }
    }
    let ids = Set(policy.rules.map(\.id))
    var nothing = policy
    nothing.rules.removeAll { $0.section != .deny }
    for question in questions {
        let verdict = policy.verdict(on: question)
        hold(verdict == reversed.verdict(on: question), "the order of rules counts")
        hold(!nothing.verdict(on: question).isAllowed, "something is allowed that no rule allows")
        if question.caller.isAgent, question.action == .revealMessage || question.action == .approveAccess {
            hold(!verdict.isAllowed, "an agent reveals or approves")
        }
        if verdict.isAllowed { hold(ids.contains(verdict.rule), "a rule allows that there is not") }
        let explanation = policy.explanation(of: question)
        hold(explanation.verdict == verdict, "an explanation explains another verdict")
    }
}
