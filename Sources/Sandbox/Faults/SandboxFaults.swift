internal import ServiceBus

/// What a sandbox does wrong on purpose, so that a client can be tested against it. Everything is off in a new value.
///
/// Counted faults wear off: ``SandboxServer/faults`` and `GET /$sandbox/faults` say what remains.
public struct SandboxFaults: Sendable, Hashable {
    /// Cuts each connection, without a close, when so many AMQP frames have arrived on it since the fault was set or the connection was
    /// opened; heartbeats do not count. What those frames ask for is carried out, its answers are lost. Once a connection; 0 is off.
    public var dropConnectionAfterFrames = 0
    /// Detaches a link by force after so many deliveries on it, in either direction, since the fault was set or the link was attached.
    /// Once a link; links to `$cbs` are left alone; 0 is off.
    public var detachAfterDeliveries = 0
    /// Refuses so many of the next sends and management requests as the service does when it is busy.
    public var serverBusy = 0
    /// The same with the text of a throttled namespace (error 50009).
    public var throttle = 0
    /// Carries out so many of the next sends, settlements and discharges without ever telling their outcome.
    public var loseDispositions = 0
    /// Carries out so many of the next management requests without ever answering.
    public var loseResponses = 0
    /// Keeps management responses and outcomes back for so long, in milliseconds.
    public var delayResponsesMilliseconds = 0
    /// Counts a released delivery as a failed one. Some versions of the service do; operations on exactly one message must notice.
    public var countReleases = false

    /// No faults.
    public init() {}

    /// Why a text describes no faults.
    public struct ParseError: Error, Sendable, Hashable, CustomStringConvertible {
        /// What is wrong, and where.
        public let description: String
    }

    private static let counts: [(name: String, path: any WritableKeyPath<SandboxFaults, Int> & Sendable)] = [
        ("dropConnectionAfterFrames", \.dropConnectionAfterFrames), ("detachAfterDeliveries", \.detachAfterDeliveries),
        ("serverBusy", \.serverBusy), ("throttle", \.throttle), ("loseDispositions", \.loseDispositions),
        ("loseResponses", \.loseResponses), ("delayResponsesMilliseconds", \.delayResponsesMilliseconds),
    ]
    private static let countReleasesName = "countReleases"
    /// Larger counts say "always" just as well; a longer delay would look like a hang.
    private static let largestCount = 1_000_000_000
    private static let longestDelay = 600_000

    /// Reads a JSON object with the members of this type; what is left out is off.
    /// - Throws: ``ParseError`` for text that is no such object, a member that is unknown, or a value out of range.
    public init(json: [UInt8]) throws(ParseError) {
        let document: PositionedJSON
        do throws(PositionedJSON.SyntaxError) {
            document = try PositionedJSON(parsing: json)
        } catch {
            throw ParseError(description: "The faults are not JSON: line \(error.line): \(error.message).")
        }
        guard case .object(let members) = document.value else { throw ParseError(description: "The faults must be a JSON object.") }
        for (name, value) in members {
            if name == Self.countReleasesName {
                guard case .bool(let flag) = value.value else { throw ParseError(description: "'\(name)' must be true or false.") }
                countReleases = flag
                continue
            }
            guard let path = Self.counts.first(where: { $0.name == name })?.path else {
                let known = Self.counts.map(\.name) + [Self.countReleasesName]
                throw ParseError(description: "There is no fault '\(name)'. Known are \(known.joined(separator: ", ")).")
            }
            let limit = path == \.delayResponsesMilliseconds ? Self.longestDelay : Self.largestCount
            guard case .number(_, let text) = value.value, let count = Int(text), (0...limit).contains(count) else {
                throw ParseError(description: "'\(name)' must be a whole number from 0 to \(limit).")
            }
            self[keyPath: path] = count
        }
    }

    /// The JSON object that ``init(json:)`` reads, with every member.
    public var json: String {
        let numbers = Self.counts.map { #""\#($0.name)":\#(self[keyPath: $0.path])"# }
        return "{\((numbers + [#""\#(Self.countReleasesName)":\#(countReleases)"#]).joined(separator: ","))}"
    }
}
