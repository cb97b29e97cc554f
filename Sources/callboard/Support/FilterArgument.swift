import ArgumentParser
import CallboardCore
import ServiceBus

/// A condition as an operator types it.
enum FilterArgument {
    /// Reads a condition.
    /// - Throws: a usage error that shows the place.
    static func parse(_ text: String, option: String) throws -> SQLFilter {
        do throws(FilterSyntaxError) {
            return try SQLFilter(text, dialect: .operatorExpression)
        } catch {
            let excerpt = error.excerpt.split(separator: "\n").map { "    " + VisibleText.of(String($0)) }.joined(separator: "\n")
            throw ValidationError("\(option), \(VisibleText.of(error.description)).\n\(excerpt)")
        }
    }
}

extension SQLFilter {
    /// Whether a message is to be shown.
    /// - Throws: ``OperatorError`` of kind usage when the condition has no answer for it: a division by zero, say.
    func admits(_ message: PeekedMessage, of entity: EntityPath) throws(OperatorError) -> Bool {
        do throws(FilterEvaluationError) {
            return try matches(message)
        } catch {
            throw OperatorError(
                .usage,
                "The condition cannot be evaluated for message #\(message.sequenceNumber) of \(entity.displayName): \(error.description).",
                hint: "It is this part: \(error.range.text(in: text))", entity: entity)
        }
    }
}
