internal import ServiceBus

/// Masks a body that is no text as it was sent: compressed, UTF-16, CBOR, MessagePack, Avro, .NET's binary XML. What may be seen of it is the text
/// or the values it was decoded to, masked as any text or JSON is; of its bytes nothing.
///
/// Only where it is certain what it is and all of it was read: what is left out could be half of a number, and a wrong guess gives wrong
/// names. So Protobuf, whose fields have no names without a schema, and maps with numbers for names stay withheld.
struct DecodedBodyMasking {
    private let masker: Masker
    private let budget: DecodingBudget
    private let bytes: UnsafeBufferPointer<UInt8>
    private let declaration: DecodedBody.Declaration

    init(_ masker: Masker, _ bytes: UnsafeBufferPointer<UInt8>, _ declaration: DecodedBody.Declaration, _ budget: DecodingBudget) {
        self.masker = masker
        self.bytes = bytes
        self.declaration = declaration
        self.budget = budget
    }

    func outcome() -> RedactedBody {
        guard let limits = budget.limits() else { return .withheld }
        let start = ContinuousClock.now
        let decoded = BodyDecoder(limits: limits).decode(Array(bytes), declaration)
        var outcome = outcome(of: decoded)
        var used = decoded.unpackedBytes
        if case .decoded(let shown, _, _) = outcome {
            // Values may take more room as text than they did.
            if shown.count > limits.unpackedBytes { outcome = .withheld } else { used = max(used, shown.count) }
        }
        budget.use(bytes: used, time: ContinuousClock.now - start)
        return outcome
    }

    private func outcome(of decoded: DecodedBody) -> RedactedBody {
        guard decoded.isReliable, !decoded.formats.contains("Protobuf") else { return .withheld }
        if let text = decoded.text {
            let utf8 = Array(text.utf8)
            let masked = utf8.withUnsafeBufferPointer { BodyMasking(masker, $0, contentType: declaration.contentType).outcome() }
            return switch masked {
            case .withheld, .decoded: .withheld
            case .unchanged: .decoded(utf8, fields: 0, format: decoded.format)
            case .replaced(let bytes, let fields): .decoded(bytes, fields: fields, format: decoded.format)
            }
        }
        guard let tree = decoded.tree, !tree.hasUnnamedMembers, let document = DecodedDocument(tree) else { return .withheld }
        let masked = document.bytes.withUnsafeBufferPointer {
            document.isXML ? XMLMasking(masker, $0, depth: 0).outcome() : JSONMasking(masker, $0, depth: 0).outcome()
        }
        return switch masked {
        case .unreadable: .withheld
        case .unchanged: .decoded(document.bytes, fields: document.bytesLeftOut, format: decoded.format)
        case .masked(let bytes, let fields): .decoded(bytes, fields: fields + document.bytesLeftOut, format: decoded.format)
        }
    }
}

extension BodyTree {
    /// Whether values stand under numbers, so that there is no telling what they are.
    fileprivate var hasUnnamedMembers: Bool {
        nodes.contains { if case .key = $0.step { true } else { false } }
    }
}
