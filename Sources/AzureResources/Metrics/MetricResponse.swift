public import Identity

/// A figure that Azure Monitor keeps of a namespace (Microsoft.ServiceBus/namespaces).
public struct NamespaceMetric: ServiceWord {
    /// As the service wrote it.
    public let rawValue: String
    /// A word as the service wrote it.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Messages that receivers get.
    public static let activeMessages = NamespaceMetric(rawValue: "ActiveMessages")
    /// Dead letters.
    public static let deadletteredMessages = NamespaceMetric(rawValue: "DeadletteredMessages")
    /// Messages whose time has not come.
    public static let scheduledMessages = NamespaceMetric(rawValue: "ScheduledMessages")
    /// All messages.
    public static let messages = NamespaceMetric(rawValue: "Messages")
    /// Messages that came.
    public static let incomingMessages = NamespaceMetric(rawValue: "IncomingMessages")
    /// Messages that went.
    public static let outgoingMessages = NamespaceMetric(rawValue: "OutgoingMessages")
    /// Requests that came.
    public static let incomingRequests = NamespaceMetric(rawValue: "IncomingRequests")
    /// Requests that were put off.
    public static let throttledRequests = NamespaceMetric(rawValue: "ThrottledRequests")
    /// Requests that failed for a reason of the service's.
    public static let serverErrors = NamespaceMetric(rawValue: "ServerErrors")
    /// Requests that failed for a reason of the caller's.
    public static let userErrors = NamespaceMetric(rawValue: "UserErrors")
    /// Bytes held.
    public static let size = NamespaceMetric(rawValue: "Size")
    /// Connections that are open.
    public static let activeConnections = NamespaceMetric(rawValue: "ActiveConnections")
    /// The words that have names.
    public static let known: [NamespaceMetric] = [
        activeMessages, deadletteredMessages, scheduledMessages, messages, incomingMessages, outgoingMessages, incomingRequests,
        throttledRequests,
        serverErrors, userErrors, size, activeConnections,
    ]
}

/// Figures of a namespace over time.
public struct MetricResponse: Hashable, Sendable {
    /// What a figure was at a moment; nil where Azure Monitor kept nothing, which is not zero.
    public struct Point: Hashable, Sendable, Decodable {
        /// The beginning of the interval.
        public let time: WallTime
        /// The mean.
        public let average: Double?
        /// The sum.
        public let total: Double?
        /// The least.
        public let minimum: Double?
        /// The most.
        public let maximum: Double?
        /// How many values there were.
        public let count: Double?

        /// Reads the service's form.
        public init(from decoder: any Decoder) throws {
            let fields = try JSONFields(decoder)
            guard let moment = try fields.time("timeStamp") else { throw fields.mismatch("timeStamp", "a time") }
            time = moment
            average = try fields.optional("average")
            total = try fields.optional("total")
            minimum = try fields.optional("minimum")
            maximum = try fields.optional("maximum")
            count = try fields.optional("count")
        }
    }

    /// One figure of one entity.
    public struct Series: Hashable, Sendable {
        /// Which figure.
        public let metric: NamespaceMetric
        /// The entity's name; nil for the namespace as a whole.
        public let entityName: String?
        /// `Count`, `Bytes`...
        public let unit: String?
        /// The values, oldest first.
        public let points: [Point]
    }

    /// The length of an interval.
    public let interval: Duration?
    /// All figures of all entities.
    public let series: [Series]

    /// The figures of one kind by entity.
    public func points(of metric: NamespaceMetric) -> [String: [Point]] {
        var result: [String: [Point]] = [:]
        for series in series where series.metric == metric { result[series.entityName ?? ""] = series.points }
        return result
    }
}

extension MetricResponse: Decodable {
    private struct Metric: Decodable {
        let series: [Series]

        init(from decoder: any Decoder) throws {
            let fields = try JSONFields(decoder)
            let metric = NamespaceMetric(word: try fields.object("name").text("value"))
            let unit = try fields.optionalText("unit")
            series = try fields.list("timeseries", of: TimeSeries.self).map {
                Series(metric: metric, entityName: $0.entityName, unit: unit, points: $0.points)
            }
        }
    }

    private struct TimeSeries: Decodable {
        let entityName: String?
        let points: [Point]

        init(from decoder: any Decoder) throws {
            let fields = try JSONFields(decoder)
            let dimensions = try fields.list("metadatavalues", of: Dimension.self)
            entityName = dimensions.first { $0.name.lowercased() == "entityname" }?.value
            points = try fields.list("data")
        }
    }

    private struct Dimension: Decodable {
        let name: String
        let value: String

        init(from decoder: any Decoder) throws {
            let fields = try JSONFields(decoder)
            name = try fields.object("name").text("value")
            value = try fields.text("value")
        }
    }

    /// Reads the service's form.
    public init(from decoder: any Decoder) throws {
        let fields = try JSONFields(decoder)
        interval = try fields.duration("interval")
        series = try fields.list("value", of: Metric.self).flatMap(\.series)
    }
}
