/// What a change brought, and what joins it to the Activity Log.
public struct Correlated<Value: Sendable>: Sendable {
    /// What it brought.
    public let value: Value
    /// `x-ms-correlation-request-id` of the answer; nil when the service sent none.
    public let correlationID: String?

    /// A value with what joins it to the Activity Log.
    public init(_ value: Value, correlationID: String?) {
        self.value = value
        self.correlationID = correlationID
    }
}

extension Correlated: Equatable where Value: Equatable {}
extension Correlated: Hashable where Value: Hashable {}
