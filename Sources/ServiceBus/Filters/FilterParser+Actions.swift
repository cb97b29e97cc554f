/// Reads actions: statements, with or without `;` or `,` between them.
///
///     SET property = value
///     REMOVE property
extension FilterParser {
    /// A whole action.
    mutating func action() throws(FilterSyntaxError) -> [FilterStatement] {
        var statements: [FilterStatement] = []
        while current.kind != .end {
            guard statements.count < dialect.maximumStatements else {
                throw FilterSyntaxError(
                    "an action has at most \(dialect.maximumStatements) statements", at: current.range, of: expression)
            }
            statements.append(try statement())
            if !take(.semicolon) { _ = take(.comma) }
        }
        guard !statements.isEmpty else { throw unexpected("SET or REMOVE") }
        return statements
    }

    private mutating func statement() throws(FilterSyntaxError) -> FilterStatement {
        let start = current.range
        if take(.set) {
            let target = try property("the property to set")
            guard take(.equal) else { throw unexpected("'=' after the property to set") }
            let value = try assignedValue()
            return .set(target.property, value, at: start.through(value.range))
        }
        if take(.remove) {
            let target = try property("the property to remove")
            return .remove(target.property, at: start.through(target.range))
        }
        throw unexpected("SET or REMOVE", hint: "An action is like: SET quantity = quantity / 2; REMOVE priority")
    }
}
