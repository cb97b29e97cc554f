/// Descriptors of the composite types of AMQP 1.0 (parts 2 to 5), by domain 0x00000000.
public enum Descriptor {
    static let open: UInt64 = 0x10
    static let begin: UInt64 = 0x11
    static let attach: UInt64 = 0x12
    static let flow: UInt64 = 0x13
    static let transfer: UInt64 = 0x14
    static let disposition: UInt64 = 0x15
    static let detach: UInt64 = 0x16
    static let end: UInt64 = 0x17
    static let close: UInt64 = 0x18
    static let error: UInt64 = 0x1d
    static let received: UInt64 = 0x23
    static let accepted: UInt64 = 0x24
    static let rejected: UInt64 = 0x25
    static let released: UInt64 = 0x26
    static let modified: UInt64 = 0x27
    static let source: UInt64 = 0x28
    static let target: UInt64 = 0x29
    static let deleteOnClose: UInt64 = 0x2b
    static let deleteOnNoLinks: UInt64 = 0x2c
    static let deleteOnNoMessages: UInt64 = 0x2d
    static let deleteOnNoLinksOrMessages: UInt64 = 0x2e
    static let coordinator: UInt64 = 0x30
    static let declare: UInt64 = 0x31
    static let discharge: UInt64 = 0x32
    static let declared: UInt64 = 0x33
    static let transactionalState: UInt64 = 0x34
    static let saslMechanisms: UInt64 = 0x40
    static let saslInit: UInt64 = 0x41
    static let saslChallenge: UInt64 = 0x42
    static let saslResponse: UInt64 = 0x43
    static let saslOutcome: UInt64 = 0x44
    static let header: UInt64 = 0x70
    static let deliveryAnnotations: UInt64 = 0x71
    static let messageAnnotations: UInt64 = 0x72
    static let properties: UInt64 = 0x73
    static let applicationProperties: UInt64 = 0x74
    static let data: UInt64 = 0x75
    static let amqpSequence: UInt64 = 0x76
    static let amqpValue: UInt64 = 0x77
    static let footer: UInt64 = 0x78

    /// The symbolic descriptors of the standard, which a peer may send instead of the numbers.
    static let names: [String: UInt64] = [
        "amqp:open:list": open, "amqp:begin:list": begin, "amqp:attach:list": attach, "amqp:flow:list": flow,
        "amqp:transfer:list": transfer, "amqp:disposition:list": disposition, "amqp:detach:list": detach,
        "amqp:end:list": end, "amqp:close:list": close, "amqp:error:list": error, "amqp:received:list": received,
        "amqp:accepted:list": accepted, "amqp:rejected:list": rejected, "amqp:released:list": released,
        "amqp:modified:list": modified, "amqp:source:list": source, "amqp:target:list": target,
        "amqp:delete-on-close:list": deleteOnClose, "amqp:delete-on-no-links:list": deleteOnNoLinks,
        "amqp:delete-on-no-messages:list": deleteOnNoMessages,
        "amqp:delete-on-no-links-or-messages:list": deleteOnNoLinksOrMessages,
        "amqp:coordinator:list": coordinator, "amqp:declare:list": declare, "amqp:discharge:list": discharge,
        "amqp:declared:list": declared, "amqp:transactional-state:list": transactionalState,
        "amqp:sasl-mechanisms:list": saslMechanisms, "amqp:sasl-init:list": saslInit,
        "amqp:sasl-challenge:list": saslChallenge, "amqp:sasl-response:list": saslResponse,
        "amqp:sasl-outcome:list": saslOutcome, "amqp:header:list": header,
        "amqp:delivery-annotations:map": deliveryAnnotations, "amqp:message-annotations:map": messageAnnotations,
        "amqp:properties:list": properties, "amqp:application-properties:map": applicationProperties,
        "amqp:data:binary": data, "amqp:amqp-sequence:list": amqpSequence, "amqp:amqp-value:*": amqpValue,
        "amqp:footer:map": footer,
    ]

    /// The number of a symbolic descriptor of the standard, or nil.
    public static func number(named name: String) -> UInt64? { names[name] }
}
