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
