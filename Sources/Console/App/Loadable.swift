internal import CallboardCore
internal import ServiceBus

/// Something that is loaded, how far that is, and how old it is. What was there stays until there is something better.
struct Loadable<Value: Sendable>: Sendable {
    /// How far a load is.
    enum Phase: Sendable {
        case notAsked
        case loading(LoadID)
        case loaded
        /// A person stopped it.
        case stopped
        case failed(OperatorError)
    }

    var value: Value?
    /// When the value was true.
    private(set) var asOf: Timestamp?
    private(set) var phase = Phase.notAsked

    /// The load that is under way.
    var load: LoadID? { if case .loading(let id) = phase { id } else { nil } }
    /// Why the last load failed.
    var error: OperatorError? { if case .failed(let error) = phase { error } else { nil } }
    /// Whether a person stopped the last load.
    var isStopped: Bool { if case .stopped = phase { true } else { false } }

    mutating func begin(_ id: LoadID) { phase = .loading(id) }

    mutating func set(_ value: Value, asOf: Timestamp) {
        self.value = value
        self.asOf = asOf
    }

    /// The load ended.
    mutating func finish(_ error: OperatorError?) { phase = error.map { .failed($0) } ?? .loaded }

    mutating func stop() { phase = .stopped }

    /// Nobody waits for the load any more; whoever does next asks again.
    mutating func leave() { phase = value == nil ? .notAsked : .loaded }
}
