/// Whether it can be said of all keys that they are young enough. What is not known is no all-clear.
public struct KeyClearance: Hashable, Sendable, CustomStringConvertible {
    /// Rules whose keys are older than they may be.
    public private(set) var old = 0
    /// Rules of whose keys nobody knows the age.
    public private(set) var unknown = 0
    /// Rules of which nobody says how old their keys may be.
    public private(set) var unlimited = 0

    /// Looks at rules; those that open nothing, since the namespace refuses keys, do not count.
    /// - Throws: ``OperatorError`` of kind usage when of no rule anybody says how old its keys may be.
    public init(_ ages: [KeyAge]) throws(OperatorError) {
        let taken = ages.filter { $0.takesKeys != false }
        for age in taken {
            if age.limit == nil { unlimited += 1 }
            if age.age == nil { unknown += 1 } else if age.isOld == true { old += 1 }
        }
        guard unlimited < taken.count || taken.isEmpty else {
            throw OperatorError(
                .usage, "Nobody says how old keys may be: there is nothing to measure them by.",
                hint: "Give --max-age 90d, or a max_key_age to the policy's rule for secret.rotate.")
        }
    }

    /// Whether all are young enough.
    public var isClear: Bool { old == 0 && unknown == 0 && unlimited == 0 }

    /// What is in the way, for a person.
    public var description: String {
        let limits = unlimited > 0 ? ", and of \(unlimited) nobody says how old they may be" : ""
        return "the keys of \(old) rules are too old, of \(unknown) their age is not known\(limits)"
    }
}
