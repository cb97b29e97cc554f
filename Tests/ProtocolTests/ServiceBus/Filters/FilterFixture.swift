@testable import ServiceBus

/// A message in the test's hand: what it says is written down, not encoded.
struct WrittenSubject: FilterSubject {
    var user: [(name: String, value: FilterValue)] = []
    var system: [SystemProperty: FilterValue] = [:]
    var body: [String: FilterValue] = [:]

    func systemValue(_ property: SystemProperty) -> FilterValue { system[property] ?? .unknown }
    func userValue(_ name: FoldedName) -> FilterValue? { user.first { FoldedName($0.name) == name }?.value }
    func bodyValue(_ path: [String]) -> FilterValue { body[path.joined(separator: "/")] ?? .unknown }

    /// The message that the tables of cases ask about.
    static let order = WrittenSubject(
        user: [
            ("color", .text("blue")), ("quantity", .integer(10)), ("price", .double(2.5)), ("half", .double(0.5)), ("ok", .boolean(true)),
            ("no", .boolean(false)), ("nothing", .unknown), ("empty", .text("")), ("ten", .text("10")), ("zero", .integer(0)),
            ("minus", .integer(-3)), ("largest", .integer(.max)), ("smallest", .integer(.min)), ("huge", .unsigned(UInt64(Int64.max) + 1)),
            ("infinite", .double(.infinity)), ("nan", .double(.nan)), ("HR-EmployeeID", .integer(7)),
            ("Property With Space", .text("spaced")),
            ("a]b", .text("bracket")), ("a\"b", .text("quote")), ("city", .text("Zürich")), ("face", .text("a😀b")),
            ("when", .moment(Timestamp(milliseconds: 1_767_225_600_000))), ("later", .moment(Timestamp(milliseconds: 1_767_229_200_000))),
            ("hour", .duration(ticks: 36_000_000_000)), ("id", .guid(high: 1, low: 2)), ("sameId", .guid(high: 1, low: 2)),
            ("otherId", .guid(high: 1, low: 3)), ("raw", .other("binary")), ("percent", .text("100%")), ("under", .text("a_b")),
            ("path", .text("C:\\temp")), ("lines", .text("one\ntwo")), ("IN", .integer(1)), ("Label", .text("not the system's")),
            ("StoreId", .text("Store2")), ("größe", .integer(42)), ("nameOfColor", .text("color")), ("p", .integer(5)),
            ("body", .text("mine")),
        ],
        system: [
            .label: .text("invoice"), .messageID: .text("m-1"), .correlationID: .text("abc-7"), .to: .text("Store5"),
            .contentType: .text("application/json"), .deliveryCount: .integer(0), .sequenceNumber: .integer(812),
            .enqueuedTime: .moment(Timestamp(milliseconds: 1_767_225_600_000)), .timeToLive: .duration(ticks: 3_000_000_000),
        ],
        body: [
            "": .text("{\"customer\": {\"name\": \"Ada\"}}"), "customer/name": .text("Ada"), "items/0/sku": .text("x-1"),
            "total": .double(12.5),
        ])
}

/// What becomes of an expression.
enum Verdict: Hashable, CustomStringConvertible {
    case yes, no, unknown
    case fails(FilterEvaluationError.Reason)

    var description: String {
        switch self {
        case .yes: "true"
        case .no: "false"
        case .unknown: "unknown"
        case .fails(let reason): "fails: \(reason)"
        }
    }
}

/// One line of a table: an expression and what becomes of it for ``WrittenSubject/order``.
struct FilterCase: CustomStringConvertible, Sendable {
    let expression: String
    let verdict: Verdict
    init(_ expression: String, _ verdict: Verdict) {
        self.expression = expression
        self.verdict = verdict
    }
    var description: String { "\(expression) → \(verdict)" }
}

extension Verdict: Sendable {}

/// Evaluates an expression for a subject.
func verdict(
    _ expression: String, for subject: WrittenSubject = .order, parameters: [String: FilterValue] = [:], dialect: FilterDialect = .rule
) throws(FilterSyntaxError) -> Verdict {
    let filter = try SQLFilter(expression, parameters: parameters, dialect: dialect)
    do throws(FilterEvaluationError) {
        return try filter.evaluate(subject).map { $0 ? .yes : .no } ?? .unknown
    } catch {
        return .fails(error.reason)
    }
}
