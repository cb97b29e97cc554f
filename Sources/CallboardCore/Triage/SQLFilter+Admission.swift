public import ServiceBus

extension SQLFilter {
    /// Whether a message is one of those the condition is for.
    /// - Throws: ``OperatorError`` of kind usage when the condition has no answer for it: a division by zero, say.
    public func admits(_ message: PeekedMessage, of entity: EntityPath) throws(OperatorError) -> Bool {
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
