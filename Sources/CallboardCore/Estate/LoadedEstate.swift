internal import Backstage
internal import ServiceBus
internal import Synchronization

/// A catalogue read and joined to the entities it names.
///
/// The services are there at once, since they are what the board shows first. Whose each entity is, and what the catalogue says about access, is worked out
/// when somebody asks: of a large catalogue that takes as long again.
struct LoadedEstate: Sendable {
    /// Each with the paths that the catalogue alone tells of.
    private let services: [JoinedService]
    private let whole: Deferred<Estate>
    /// What came up after it was joined.
    private var reported: [CatalogueProblem] = []
    private let problems: [CatalogueProblem]

    /// Joins a catalogue.
    /// - Parameter host: the namespace's host, to leave out what the catalogue binds to other namespaces.
    init(catalogue: Catalogue, rules: BindingRules, host: String, environment: String) {
        let builder = EstateBuilder(catalogue: catalogue, rules: rules, host: host, environment: environment)
        let services = builder.services()
        let problems = catalogue.problems.filter { $0.severity > .note }.map {
            CatalogueProblem(file: $0.file, line: $0.line, message: $0.message)
        }
        self.services = services
        self.problems = problems
        whole = Deferred {
            var estate = Estate(
                services: services.map(\.named), problems: problems, environment: environment, ownership: builder.ownership(services),
                access: builder.access())
            estate.naming = builder.naming(services) { estate.problems.append(CatalogueProblem(file: "naming", message: $0)) }
            return estate
        }
    }

    /// All that is known.
    var estate: Estate {
        var estate = whole.value
        estate.problems += reported
        return estate
    }

    /// Whether there is no service.
    var isEmpty: Bool { services.isEmpty }

    /// Adds a problem.
    mutating func report(_ problem: CatalogueProblem) { reported.append(problem) }

    /// The board for the entities of the namespace, or for the reason why they are not known.
    func board(
        _ listing: Result<EntityListing, OperatorError>, history: CountHistory = CountHistory(), oldest: OldestMessages = OldestMessages()
    ) -> Board {
        switch listing {
        case .success(let listing):
            BoardBuilder(services: services, estate: estate, listing: listing, history: history, oldest: oldest).board()
        case .failure(let error): board(without: .failed(error), totals: .failed(error), problems: estate.problems)
        }
    }

    /// The board before anybody asked the namespace.
    var outline: Board { board(without: .pending, totals: .pending, problems: problems + reported) }

    private func board(without counts: Reading<Int64>, totals: Reading<Board.Totals>, problems: [CatalogueProblem]) -> Board {
        Board(
            rows: services.map { joined in
                let service = joined.named
                // What has no entity here has nothing that could be counted.
                let none = joined.bindings.isEmpty ? joined.whyNoneHere.map { Reading<Int64>.unavailable($0) } : nil
                let count = none ?? counts
                return BoardRow(
                    service: service, deadLetters: count, transferDeadLetters: count, active: count, scheduled: count,
                    health: .unknown, findings: service.findings)
            },
            totals: totals, problems: problems, isCatalogueKnown: !isEmpty)
    }
}

/// A value that is worked out when somebody first asks for it; who asks meanwhile waits.
private final class Deferred<Value: Sendable>: Sendable {
    private enum State {
        case pending(@Sendable () -> Value)
        case known(Value)
    }

    private let state: Mutex<State>

    init(_ make: @escaping @Sendable () -> Value) { state = Mutex(.pending(make)) }

    var value: Value {
        state.withLock { state in
            switch state {
            case .known(let value): return value
            case .pending(let make):
                let value = make()
                state = .known(value)
                return value
            }
        }
    }
}
