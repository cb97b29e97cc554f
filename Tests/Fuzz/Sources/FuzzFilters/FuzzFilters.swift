internal import FuzzSupport
internal import ServiceBus

/// A filter and an action from arbitrary text, and a JSON body from what follows the first zero byte: read or refused, never a trap.
///
/// - An error stands within the text.
/// - The canonical text of what was read is read as the same, and has the same answer for a message.
/// - The explanation of a filter has the filter's answer.
func fuzzFilter(_ input: [UInt8]) {
    let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    let text = String(decoding: parts.first ?? [], as: UTF8.self)
    let subject = FuzzedSubject(body: parts.count > 1 ? Array(parts[1]) : [])
    for dialect in [FilterDialect.rule, .operatorExpression] {
        do throws(FilterSyntaxError) {
            check(try SQLFilter(text, parameters: parameters, dialect: dialect), dialect, subject)
        } catch {
            check(error)
        }
    }
    do throws(FilterSyntaxError) {
        check(try SQLAction(text, parameters: parameters), subject)
    } catch {
        check(error)
    }
}

private let parameters: [String: FilterValue] = ["p": .integer(7), "t": .text("text")]

private func check(_ error: FilterSyntaxError) {
    hold(error.range.start >= 0 && error.range.start <= error.range.end, "an error's range is turned round")
    hold(error.range.start <= error.expression.utf8.count, "an error stands beyond the text")
    hold(error.line >= 1 && error.column >= 1, "an error stands nowhere")
    _ = (error.description, error.excerpt)
}

private func check(_ filter: SQLFilter, _ dialect: FilterDialect, _ subject: FuzzedSubject) {
    let answer = Answer(of: filter, subject)
    let printed = filter.description
    // The canonical text may be longer than a text may be.
    if printed.utf16.count <= 1024 {
        guard let again = try? SQLFilter(printed, parameters: parameters, dialect: dialect) else {
            hold(false, "the canonical text is refused: \(printed)")
            return
        }
        hold(again.description == printed, "the canonical text changes: \(printed), \(again.description)")
        if !isRandom(printed) { hold(Answer(of: again, subject) == answer, "the canonical text means something else: \(printed)") }
    }
    let explanation = filter.explanation(for: subject)
    if !isRandom(printed) { hold(Answer(explanation.outcome) == answer, "the explanation differs: \(printed)") }
    _ = (filter.isAlwaysTrue, filter.readsBody)
}

/// newid() has no fixed value.
private func isRandom(_ text: String) -> Bool { text.split(separator: "newid()", omittingEmptySubsequences: false).count > 1 }

private func check(_ action: SQLAction, _ subject: FuzzedSubject) {
    let printed = action.description
    if printed.utf16.count <= 1024 {
        guard let again = try? SQLAction(printed, parameters: parameters) else {
            hold(false, "the canonical text is refused: \(printed)")
            return
        }
        hold(again.description == printed, "the canonical text changes: \(printed), \(again.description)")
    }
    _ = try? action.changes(to: subject)
}

private enum Answer: Equatable {
    case value(Bool?)
    case error

    init(of filter: SQLFilter, _ subject: FuzzedSubject) {
        do throws(FilterEvaluationError) {
            self = .value(try filter.evaluate(subject))
        } catch {
            self = .error
            _ = error.description
        }
    }

    init(_ outcome: FilterExplanation.Outcome) {
        switch outcome {
        case .holds: self = .value(true)
        case .fails: self = .value(false)
        case .unknown: self = .value(nil)
        case .error: self = .error
        }
    }
}

/// A message of every type of value, chosen by the length of a property's name.
private struct FuzzedSubject: FilterSubject {
    let body: [UInt8]

    private static let values: [FilterValue] = [
        .text("text"), .integer(7), .double(2.5), .boolean(true), .unknown, .unsigned(.max),
        .moment(Timestamp(milliseconds: 1_767_225_600_000)),
        .duration(ticks: 36_000_000_000), .guid(high: 1, low: 2), .other("list"), .integer(.min), .double(.nan), .text("ü😀%_"),
        .moment(Timestamp(milliseconds: .max)), .duration(ticks: .min),
    ]

    func systemValue(_ property: SystemProperty) -> FilterValue { Self.values[property.rawValue.utf8.count % Self.values.count] }

    func userValue(_ name: FoldedName) -> FilterValue? {
        let length = name.name.utf8.count
        return length > Self.values.count ? nil : Self.values[length % Self.values.count]
    }

    func bodyValue(_ path: [String]) -> FilterValue {
        path.isEmpty ? .text(String(decoding: body, as: UTF8.self)) : FilterValue(field: path, ofJSON: body)
    }
}
