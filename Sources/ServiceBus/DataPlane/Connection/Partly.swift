/// How far an operation came that is made of several requests: what was done, and the failure that ended it, if one did.
public struct Partly<Value: Sendable>: Sendable {
    /// What was done for certain.
    public var done: Value
    /// Why it ended before its end; nil when it is finished. When its outcome is unknown, its request may have been carried out as well.
    public var failure: ServiceBusError?

    /// What was done.
    /// - Throws: the failure, if there is one.
    public func get() throws(ServiceBusError) -> Value {
        if let failure { throw failure }
        return done
    }
}
