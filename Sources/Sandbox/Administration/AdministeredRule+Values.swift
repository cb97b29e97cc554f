import AMQP
import ServiceBus

extension AdministeredRule.Property {
    /// A property with the type its value has.
    init(key: String, _ value: AMQPValue) {
        switch value {
        case .boolean(let flag): self.init(key: key, type: .boolean, value: flag ? "true" : "false")
        case .long(let number): self.init(key: key, type: .long, value: String(number))
        case .float(let number): self.init(key: key, type: .double, value: String(number))
        case .double(let number): self.init(key: key, type: .double, value: String(number))
        case .timestamp(let milliseconds):
            self.init(key: key, type: .dateTime, value: AtomValues.moment(Timestamp(milliseconds: milliseconds)))
        case .described(.symbol("com.microsoft:timespan"), .long(let ticks)):
            let (seconds, rest) = ticks.quotientAndRemainder(dividingBy: 10_000_000)
            let duration = Duration(secondsComponent: seconds, attosecondsComponent: rest * 100_000_000_000)
            self.init(key: key, type: .duration, value: XMLDuration.text(duration))
        default:
            if let number = value.integer, let narrow = Int32(exactly: number) {
                self.init(key: key, type: .int, value: String(narrow))
            } else {
                self.init(key: key, type: .string, value: PropertyValue(value).text)
            }
        }
    }

    /// The value as messages have it; nil when the text is none of its type.
    var amqpValue: AMQPValue? {
        switch type {
        case .string: .string(value)
        case .int: Int32(value).map { .int($0) }
        case .long: Int64(value).map { .long($0) }
        case .boolean: value == "true" || value == "1" ? .boolean(true) : value == "false" || value == "0" ? .boolean(false) : nil
        case .double: Self.double(value).map { .double($0) }
        case .dateTime: Timestamp(rfc3339: value).map { .timestamp($0.milliseconds) }
        case .duration: Self.ticks(value).map { .described(descriptor: .symbol("com.microsoft:timespan"), value: .long($0)) }
        }
    }

    /// XML Schema has its own words for what is no number.
    private static func double(_ text: String) -> Double? {
        switch text {
        case "INF": .infinity
        case "-INF": -.infinity
        case "NaN": .nan
        default: Double(text)
        }
    }

    private static func ticks(_ text: String) -> Int64? {
        switch XMLDuration.parse(text) {
        case .forever: return .max
        case .lasting(let duration):
            let (seconds, attoseconds) = duration.components
            let (whole, scaleOverflow) = seconds.multipliedReportingOverflow(by: 10_000_000)
            let (ticks, overflow) = whole.addingReportingOverflow(attoseconds / 100_000_000_000)
            return scaleOverflow || overflow ? nil : ticks
        case nil: return nil
        }
    }
}
