import ServiceBus

@testable import CallboardCore
@testable import Console

/// What the golden tests of actions look at: a screen, and the keys that lead there.
struct ActionScenes: Sendable {
    let id: String
    let keys: String
    var isRefused = false

    static let marks = ActionScenes(id: "marks", keys: "<Enter>djj<Space><Space>jjV")
    static let menu = ActionScenes(id: "menu", keys: "<Enter>d<Space>aj", isRefused: true)
    static let form = ActionScenes(id: "form", keys: "<Enter>d<Space>amjjj<Enter>500/s<Enter>")
    static let plan = ActionScenes(id: "plan", keys: "<Enter><Enter>cr")
    static let jobs = ActionScenes(id: "jobs", keys: "gjjj")
    static let job = ActionScenes(id: "job", keys: "gjjj<Enter>")
    static let history = ActionScenes(id: "history", keys: "gh")
    static let all = [marks, menu, form, plan, jobs, job, history]

    /// The screen of a size. The plan has remarks of every weight; in the menu, a rule refuses to purge.
    func console(_ rows: Int, _ columns: Int) -> ConsoleHarness {
        let isRefused = isRefused
        var console = ConsoleHarness(rows: rows, columns: columns) { request in
            switch request {
            case .propose(let request): return .success([.proposal(Fixture.proposal(Fixture.plan(request, remarks: Fixture.remarks)))])
            case .connect where isRefused:
                var policy = Policy(file: "policy.yaml")
                policy.rules = PolicyFile.parse(Array(ActionScenes.policy.utf8), file: "policy.yaml").policy?.rules ?? []
                let place = Guardrails.Place(context: "retail", host: "sb-retail", isEmulator: true)
                let guardrails = Guardrails(rules: .policy(policy), place: place, caller: .local([:]))
                return .success([.connected(Fixture.title()), .changes(refusal: nil, guardrails)])
            default: return ConsoleHarness.usual(request)
            }
        }
        console.type(keys)
        return console
    }

    static let policy = """
        version: 1
        allow:
          - {id: all, who: [anyone], action: [message.redrive, message.move, message.delete, message.export, message.import], scope: "**"}
        deny:
          - {id: no-purge, action: [message.purge]}
        """
}
