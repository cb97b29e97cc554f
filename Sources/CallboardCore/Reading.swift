public import ServiceBus

/// A figure that may not be known: every number an operator sees carries its age, and "cannot know" is a value, never a zero.
public enum Reading<Value: Sendable>: Sendable {
    /// It is being fetched.
    case pending
    /// It was so at this moment.
    case known(Value, at: Timestamp)
    /// The signed-in identity may not know it; the text names the right it would take, for instance `Manage`.
    case notPermitted(needs: String)
    /// It could not be had; the text says why in one line.
    case unavailable(String)

    /// The value, if it is known.
    public var value: Value? {
        if case .known(let value, _) = self { value } else { nil }
    }

    /// When the value was true, if it is known.
    public var asOf: Timestamp? {
        if case .known(_, let moment) = self { moment } else { nil }
    }

    /// The same state with another value.
    public func map<Other>(_ transform: (Value) -> Other) -> Reading<Other> {
        switch self {
        case .pending: .pending
        case .known(let value, let moment): .known(transform(value), at: moment)
        case .notPermitted(let needs): .notPermitted(needs: needs)
        case .unavailable(let reason): .unavailable(reason)
        }
    }

    /// What a failed attempt says about the figure: not permitted where a right is missing, else unavailable.
    public static func failed(_ error: OperatorError) -> Reading {
        error.code == .notPermitted ? .notPermitted(needs: error.neededRight ?? "more rights") : .unavailable(error.message)
    }
}

extension Reading: Equatable where Value: Equatable {}
extension Reading: Hashable where Value: Hashable {}
