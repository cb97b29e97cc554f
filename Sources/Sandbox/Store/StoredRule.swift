internal import AMQP
internal import NIOCore
internal import ServiceBus

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A rule of a subscription as it is kept: JSON, values of properties and parameters as their AMQP bytes.
struct StoredRule: Codable {
    struct Correlation: Codable {
        var correlationID: String?
        var messageID: String?
        var to: String?
        var replyTo: String?
        var label: String?
        var sessionID: String?
        var replyToSessionID: String?
        var contentType: String?
        var properties: [String: Data]?
    }

    /// How administration was given the rule.
    struct Administered: Codable {
        var filter: AdministeredRule.Filter
        var action: AdministeredRule.Expression?
        var createdAt: Int64
    }

    enum Kind: String, Codable {
        case all, none, sql, correlation
    }

    var name: String
    var filter: Kind
    var sql: String?
    var parameters: [String: Data]?
    var correlation: Correlation?
    var action: String?
    var actionParameters: [String: Data]?
    var administered: Administered?

    init(_ rule: RuleSettings) {
        name = rule.name
        switch rule.filter {
        case .all: filter = .all
        case .none: filter = .none
        case .sql(let text):
            filter = .sql
            sql = text
        case .correlation(let conditions):
            filter = .correlation
            correlation = Correlation(
                correlationID: conditions.correlationID, messageID: conditions.messageID, to: conditions.to,
                replyTo: conditions.replyTo, label: conditions.label, sessionID: conditions.sessionID,
                replyToSessionID: conditions.replyToSessionID, contentType: conditions.contentType,
                properties: Self.encoded(conditions.properties))
        }
        parameters = Self.encoded(rule.filterParameters)
        action = rule.action
        actionParameters = Self.encoded(rule.actionParameters)
        administered = rule.administered.map {
            Administered(filter: $0.filter, action: $0.action, createdAt: $0.createdAt.milliseconds)
        }
    }

    /// The rule.
    /// - Throws: ``CodecError`` when a value is none.
    var settings: RuleSettings {
        get throws(CodecError) {
            let selected: RuleFilter
            switch filter {
            case .all: selected = .all
            case .none: selected = .none
            case .sql: selected = .sql(sql ?? "")
            case .correlation:
                var conditions = CorrelationFilter()
                conditions.correlationID = correlation?.correlationID
                conditions.messageID = correlation?.messageID
                conditions.to = correlation?.to
                conditions.replyTo = correlation?.replyTo
                conditions.label = correlation?.label
                conditions.sessionID = correlation?.sessionID
                conditions.replyToSessionID = correlation?.replyToSessionID
                conditions.contentType = correlation?.contentType
                conditions.properties = try Self.decoded(correlation?.properties)
                selected = .correlation(conditions)
            }
            var settings = RuleSettings(name: name, filter: selected, action: action)
            settings.filterParameters = try Self.decoded(parameters)
            settings.actionParameters = try Self.decoded(actionParameters)
            settings.administered = administered.map {
                AdministeredRule(
                    name: name, filter: $0.filter, action: $0.action, createdAt: Timestamp(milliseconds: $0.createdAt))
            }
            return settings
        }
    }

    private static func encoded(_ values: [String: AMQPValue]) -> [String: Data]? {
        values.isEmpty ? nil : values.mapValues { Data($0.encoded().readableBytesView) }
    }

    private static func decoded(_ values: [String: Data]?) throws(CodecError) -> [String: AMQPValue] {
        var decoded: [String: AMQPValue] = [:]
        for (name, bytes) in values ?? [:] { decoded[name] = try AMQPValue(decoding: ByteBuffer(bytes: bytes)) }
        return decoded
    }
}
