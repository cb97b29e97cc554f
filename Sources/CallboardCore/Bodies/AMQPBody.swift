internal import ServiceBus

/// Puts a typed AMQP value or sequence into a tree.
enum AMQPBody {
    static func read(_ value: PropertyValue, into builder: inout BodyTreeBuilder) throws(BodyFault) {
        try add(value.content, .root, value.typeName, &builder)
    }

    private static func add(
        _ content: PropertyValue.Content, _ step: BodyTree.Step, _ type: String, _ builder: inout BodyTreeBuilder
    ) throws(BodyFault) {
        switch content {
        case .null: try builder.leaf(step, .word("null"), type: type == "null" ? "" : type)
        case .boolean(let value): try builder.leaf(step, .word(String(value)), type: type)
        case .integer(let value): try builder.leaf(step, .number(String(value)), type: type)
        case .unsigned(let value): try builder.leaf(step, .number(String(value)), type: type)
        case .number(let value): try builder.leaf(step, .number(String(value)), type: type)
        case .text(let text): try builder.leaf(step, .text(text), type: type)
        case .bytes(let bytes): try builder.leaf(step, .bytes(bytes), type: type)
        case .map(let entries):
            try builder.open(step, .object, type: type)
            for entry in entries { try add(entry.value, .member(entry.key), "", &builder) }
            builder.close()
        case .list(let values):
            try builder.open(step, .array, type: type)
            for (place, value) in values.enumerated() { try add(value, .index(place), "", &builder) }
            builder.close()
        }
    }
}
