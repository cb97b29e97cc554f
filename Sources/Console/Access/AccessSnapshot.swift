internal import CallboardCore
internal import ServiceBus

/// Who has access and what is wrong with that, as it was read at one moment: worked out once, away from the console's loop, and shared by the
/// screens.
final class AccessSnapshot: Sendable {
    /// What bindings are read from.
    let index: AccessIndex
    /// The findings of the whole namespace.
    let report: DriftReport
    /// Services by entities, in their order; entities of no service at the end.
    let rows: [AccessMatrixRow]
    /// What a filter looks for in each of the rows, in lower case.
    let texts: [String]
    /// All that is not known.
    let gaps: [AccessGap]
    /// What is wrong with the catalogue.
    let problems: [CatalogueProblem]
    private let places: [EntityPath: Int]

    /// Works out what there is to know. It takes a while where there is much: call it from a task.
    init(_ survey: AccessSurvey) {
        let index = AccessIndex(survey.picture, estate: survey.estate)
        let report = DriftReport(index)
        let rows = index.matrix(with: report)
        self.index = index
        self.report = report
        self.rows = rows
        gaps = survey.picture.gaps
        problems = survey.estate.problems
        texts = rows.map { row in
            let names = [row.senders, row.receivers, row.managers].flatMap { $0.value?.direct ?? [] }
            let words = [row.service ?? "", row.entity.displayName, row.ownWorst?.kind.rawValue ?? ""] + names
            return words.joined(separator: "\u{1F}").lowercased()
        }
        places = Dictionary(rows.enumerated().map { ($1.entity, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// When Azure was asked.
    var asOf: Timestamp { report.asOf }

    /// How many have access to an entity; nil where it is not among those that are known.
    func row(of path: EntityPath) -> AccessMatrixRow? { places[path.entity].map { rows[$0] } }
}

/// What bindings and findings are about.
enum AccessTopic: Hashable, Sendable {
    case namespace
    case service(ref: String, name: String)
    case entity(EntityPath)

    /// Where that is, for the top line.
    var crumbs: [String] {
        switch self {
        case .namespace: []
        case .service(_, let name): [name]
        case .entity(let path): [path.displayName]
        }
    }

    /// The same, as findings are chosen by it; nil: all of them. A service that has gone from the catalogue has its own still.
    func subject(in index: AccessIndex) -> AccessSubject? {
        switch self {
        case .namespace: nil
        case .service(let ref, _): (try? index.subject(ref, candidates: [])) ?? .service(ref: ref, entities: [])
        case .entity(let path): .entity(path.entity)
        }
    }
}
