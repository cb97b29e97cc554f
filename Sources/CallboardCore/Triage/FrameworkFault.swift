public import ServiceBus

/// What a framework with queues of its own for failures says of one, in headers that it gives the message there.
///
/// MassTransit moves messages to `QUEUE_error` and `QUEUE_skipped`, NServiceBus and Rebus to `error`; each can be told to use the
/// service's dead letters instead. The headers are those of their own documentation.
public struct FrameworkFault: Hashable, Sendable {
    /// Whose headers they are.
    public enum Framework: String, Hashable, Sendable {
        case massTransit = "MassTransit"
        case nServiceBus = "NServiceBus"
        case rebus = "Rebus"
    }

    /// Whose headers they are.
    public let framework: Framework
    /// Why it was moved, in the framework's word: MassTransit's `fault`, or `dead-letter` where no consumer wanted it.
    public private(set) var reason: String?
    /// The type of the exception.
    public private(set) var exceptionType: String?
    /// What the exception said; of Rebus, the first line of the details.
    public private(set) var message: String?
    /// The first frame of the stack trace.
    public private(set) var frame: String?
    /// The queue or address it was taken from.
    public private(set) var source: String?
    /// The consumer or handler that failed.
    public private(set) var consumer: String?
    /// The machine it failed on.
    public private(set) var machine: String?
    /// When it failed, as the framework wrote it.
    public private(set) var time: String?
    /// How often the framework tried again by itself.
    public private(set) var retries: String?

    /// The longest text that is kept of a header, in bytes.
    private static let longestText = 4096

    /// Reads the headers; nil where there are none of these frameworks.
    public init?(_ message: PeekedMessage) {
        var faults: [FrameworkFault] = []
        // A message that went through a bridge has headers of two frameworks: the last to fail wrote last.
        var teller: Framework?
        var properties = message.readApplicationProperties()
        while properties.next() {
            guard let framework = Self.framework(of: properties.name), let name = properties.name.text else { continue }
            if Self.tells(name) { teller = framework }
            let place = faults.firstIndex { $0.framework == framework } ?? faults.count
            if place == faults.count { faults.append(FrameworkFault(framework)) }
            let value = properties.value.text ?? ""
            faults[place].take(name, String(Substring(value.utf8.prefixOfWholeCharacters(Self.longestText))))
        }
        guard let teller, let fault = faults.first(where: { $0.framework == teller }) else { return nil }
        self = fault
    }

    private init(_ framework: Framework) { self.framework = framework }

    /// Every message of these frameworks has headers of theirs; only some are about a failure.
    private static func tells(_ name: String) -> Bool {
        name.hasPrefix("MT-Fault-") || name == "MT-Reason" || name.hasPrefix("NServiceBus.ExceptionInfo.") || name == "NServiceBus.FailedQ"
            || name == "rbs2-error-details" || name == "rbs2-source-queue"
    }

    /// Compared where it lies: of most messages no header is read.
    private static func framework(of name: borrowing FieldValue) -> Framework? {
        guard let utf8 = name.utf8, utf8.byteCount > 5 else { return nil }
        return utf8.withUnsafeBytes { bytes in
            if bytes.starts(with: "MT-".utf8) { return .massTransit }
            if bytes.starts(with: "NServiceBus.".utf8) { return .nServiceBus }
            return bytes.starts(with: "rbs2-".utf8) ? .rebus : nil
        }
    }

    private mutating func take(_ name: String, _ value: String) {
        guard !value.isEmpty else { return }
        switch name {
        case "MT-Reason": reason = value
        case "MT-Fault-ExceptionType", "NServiceBus.ExceptionInfo.ExceptionType": exceptionType = value
        case "MT-Fault-Message", "NServiceBus.ExceptionInfo.Message": message = value
        case "MT-Fault-StackTrace", "NServiceBus.ExceptionInfo.StackTrace": frame = Self.frame(of: value)
        case "MT-Fault-InputAddress", "NServiceBus.FailedQ", "rbs2-source-queue": source = value
        case "MT-Fault-ConsumerType": consumer = value
        case "NServiceBus.ProcessingEndpoint": consumer = consumer ?? value
        case "MT-Host-MachineName", "NServiceBus.ProcessingMachine": machine = value
        case "MT-Fault-Timestamp", "NServiceBus.TimeOfFailure": time = value
        case "MT-Fault-RetryCount", "NServiceBus.DelayedRetries", "NServiceBus.Retries": retries = value
        case "rbs2-error-details": takeDetails(value)
        default: break
        }
    }

    /// Rebus writes exceptions as .NET prints them, those of several attempts one below the other, each behind the time it happened.
    private mutating func takeDetails(_ details: String) {
        let lines = details.split(whereSeparator: \.isNewline)
        let told = lines.first { $0.contains("Exception: ") || $0.contains("Error: ") } ?? lines.first
        if let told, let colon = told.range(ofFirst: ": ", after: "Exception") ?? told.range(ofFirst: ": ", after: "Error") {
            let type = told[..<colon.lowerBound].split(separator: " ").last.map(String.init)
            exceptionType = type
            message = String(told[colon.upperBound...])
        } else {
            message = told.map(String.init)
        }
        frame = Self.frame(of: details)
    }

    /// The first frame of a stack trace, as .NET, Java and JavaScript print them; else its first line.
    private static func frame(of trace: String) -> String? {
        let lines = trace.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " || $0 == "\t" } }
        return (lines.first { $0.hasPrefix("at ") } ?? lines.first).map(String.init)
    }

    /// The exception in one line.
    public var title: String? {
        let parts = [exceptionType ?? reason, message].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ": ")
    }
}

extension Substring {
    /// Where one text stands directly behind the first occurrence of another.
    fileprivate func range(ofFirst wanted: String, after word: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(word) {
                let end = index(start, offsetBy: word.count)
                if self[end...].hasPrefix(wanted) { return end..<index(end, offsetBy: wanted.count) }
            }
            start = index(after: start)
        }
        return nil
    }
}

extension EntityPath {
    /// Whether a queue's name is that of a framework's queue for failures: MassTransit's `orders_error` and `orders_skipped`, the `error` of
    /// NServiceBus and Rebus.
    public var isErrorQueue: Bool {
        guard kind == .queueOrTopic else { return false }
        let name = name.lowercased()
        return name == "error" || name.hasSuffix("_error") || name.hasSuffix("_skipped") || name.hasSuffix(".error")
            || name.hasSuffix("/error")
    }
}
