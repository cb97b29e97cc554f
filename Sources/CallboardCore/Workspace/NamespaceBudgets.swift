internal import ServiceBus
internal import Synchronization

/// One budget of credits a namespace, whoever in this process asks it: two contexts may lead to one namespace, and a screen is opened again.
enum NamespaceBudgets {
    private struct Held {
        weak var budget: CreditBudget?
    }

    private static let budgets = Mutex<[AdministrationEndpoint: Held]>([:])

    /// The budget of a namespace, for as long as somebody holds it. The first who asks says how large it is.
    static func budget(for endpoint: AdministrationEndpoint, creditsPerSecond: Int?) -> CreditBudget {
        budgets.withLock { budgets in
            if let budget = budgets[endpoint]?.budget { return budget }
            budgets = budgets.filter { $0.value.budget != nil }
            let budget = creditsPerSecond.map { CreditBudget(creditsPerSecond: $0) } ?? CreditBudget()
            budgets[endpoint] = Held(budget: budget)
            return budget
        }
    }
}
