internal import Backstage
internal import ServiceBus

/// A catalogue read and joined to the entities it names.
struct LoadedEstate: Sendable {
    private(set) var estate: Estate
    private let services: [JoinedService]

    /// Joins a catalogue.
    /// - Parameter host: the namespace's host, to leave out what the catalogue binds to other namespaces.
    init(catalogue: Catalogue, rules: BindingRules, host: String, environment: String) {
        let builder = EstateBuilder(catalogue: catalogue, rules: rules, host: host, environment: environment)
        let services = builder.services()
        self.services = services
        estate = Estate(
            services: services.map { service in
                var summary = service.summary
                summary.entities = service.paths()
                return summary
            },
            problems: catalogue.problems.filter { $0.severity > .note }.map {
                CatalogueProblem(file: $0.file, line: $0.line, message: $0.message)
            },
            environment: environment, ownership: builder.ownership(services), access: builder.access())
        var cut: String?
        estate.naming = builder.naming(services) { cut = $0 }
        if let cut { report(CatalogueProblem(file: "naming", message: cut)) }
    }

    /// Adds a problem.
    mutating func report(_ problem: CatalogueProblem) { estate.problems.append(problem) }

    /// The board for the entities of the namespace, or for the reason why they are not known.
    func board(
        _ listing: Result<EntityListing, OperatorError>, history: CountHistory = CountHistory(), oldest: OldestMessages = OldestMessages()
    ) -> Board {
        switch listing {
        case .success(let listing):
            BoardBuilder(services: services, estate: estate, listing: listing, history: history, oldest: oldest).board()
        case .failure(let error): board(without: .failed(error), totals: .failed(error))
        }
    }

    /// The board before anybody asked the namespace.
    var outline: Board { board(without: .pending, totals: .pending) }

    private func board(without counts: Reading<Int64>, totals: Reading<Board.Totals>) -> Board {
        Board(
            rows: zip(services, estate.services).map { joined, service in
                // What has no entity here has nothing that could be counted.
                let none = joined.bindings.isEmpty ? joined.whyNoneHere.map { Reading<Int64>.unavailable($0) } : nil
                let count = none ?? counts
                return BoardRow(
                    service: service, deadLetters: count, transferDeadLetters: count, active: count, scheduled: count,
                    health: .unknown, findings: service.findings)
            },
            totals: totals, problems: estate.problems, isCatalogueKnown: estate.isKnown)
    }
}
