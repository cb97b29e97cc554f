package import ServiceBus

/// Takes out of messages what a context hides, before anything else gets to see them.
///
/// What is masked is replaced by ``ServiceBus/Redaction/placeholder``. There is one place where it is done, ``MaskingGateway``: nothing above it
/// ever holds what is hidden, be it a screen, a filter, an export or a log.
public struct Masker: Sendable {
    /// Shared by all copies: what looks through a text holds one.
    private final class Rules: Sendable {
        let names: NameRules
        let paths: MaskingPaths
        let patterns: [MaskingPattern]
        let detectors: [MaskingDetector]
        /// The properties of the service that are hidden, by their bits.
        let hiddenFields: UInt32

        init(_ settings: MaskingSettings) {
            let names = NameRules(NameRules.builtIn + settings.properties, except: settings.exceptions)
            self.names = names
            paths = MaskingPaths(settings.paths)
            patterns = settings.patterns
            detectors = MaskingDetector.allCases.filter { settings.detectors.contains($0) }
            hiddenFields = RedactableField.allCases.reduce(0) { bits, field in
                let isHidden = field.names.contains { names.hides($0) || names.hides("sys." + $0) }
                return isHidden ? bits | 1 << UInt32(field.rawValue) : bits
            }
        }
    }

    private let rules: Rules
    /// What decoding may take up; nil for what is masked by itself.
    private var budget: DecodingBudget?

    var names: NameRules { rules.names }
    var paths: MaskingPaths { rules.paths }
    var patterns: [MaskingPattern] { rules.patterns }
    var detectors: [MaskingDetector] { rules.detectors }

    /// A masker for the rules of a context, beside the built-in ones.
    public init(_ settings: MaskingSettings) { rules = Rules(settings) }

    /// A text without what is hidden in it.
    public func masked(_ text: String) -> String {
        var copy = text
        return copy.withUTF8 { masked($0, depth: 0) }.map { String(decoding: $0, as: UTF8.self) } ?? text
    }

    /// The id of a session without what is hidden in it.
    func masked(sessionID: String) -> String { hides(.sessionID) ? Redaction.placeholder : masked(sessionID) }

    /// A page of messages as they may be seen.
    /// - Parameter budget: what decoding their bodies may take up, all together.
    func masked(_ page: [PeekedMessage], within budget: DecodingBudget = DecodingBudget()) -> [PeekedMessage] {
        var masker = self
        masker.budget = budget
        return page.compactMap { $0.redacted(by: masker) }
    }

    /// Content that is no message's, such as the state of a session: JSON, XML or text without what is hidden in it, or
    /// ``ServiceBus/Redaction/withheldBody``.
    public func masked(_ content: [UInt8]) -> [UInt8] {
        switch content.withUnsafeBufferPointer({ BodyMasking(self, $0, contentType: nil).outcome() }) {
        case .unchanged: content
        case .replaced(let bytes, _), .decoded(let bytes, _, _): bytes
        case .withheld: Array(Redaction.withheldBody.utf8)
        }
    }

    /// An error whose words may quote a message's.
    func masked(_ error: OperatorError) -> OperatorError {
        var error = error
        error.message = masked(error.message)
        error.hint = masked(error.hint)
        return error
    }

    /// A text without what is hidden in it; nil when nothing is.
    /// - Parameter depth: in how many documents it stands.
    func masked(_ text: UnsafeBufferPointer<UInt8>, depth: Int) -> [UInt8]? { TextMasking(self, text, depth: depth).masked() }

    /// Whether a number is hidden for its digits.
    func hidesNumber(_ digits: UnsafeBufferPointer<UInt8>) -> Bool {
        let isWritten = digits.contains { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }
        if patterns.isEmpty, digits.count < 13, !isWritten { return false }
        if masked(digits, depth: 0) != nil { return true }
        // 4.111111111111111E15 is a whole number too.
        guard isWritten, let number = Double(String(decoding: digits, as: UTF8.self)), let whole = Int64(exactly: number) else {
            return false
        }
        return hides(number: String(whole))
    }
}

extension Masker: MessageRedactor {
    package func hides(_ field: RedactableField) -> Bool { rules.hiddenFields & 1 << UInt32(field.rawValue) != 0 }

    package func hides(name: UnsafeRawBufferPointer) -> Bool { names.hides(name.bindMemory(to: UInt8.self)) }

    package func role(of key: UnsafeRawBufferPointer) -> PairRole? { PairNames.role(of: key) }

    package func hides(path: [RedactionStep]) -> Bool {
        if paths.isEmpty { return false }
        var place = paths.root
        for step in path {
            switch step {
            case .key(let name): place = paths.member(name, of: place)
            case .index(let index): place = paths.element(index, of: place)
            }
        }
        return place.isHidden
    }

    package func hides(number: String) -> Bool {
        var number = number
        return number.withUTF8 { hidesNumber($0) }
    }

    package func hides(identifier: () -> String) -> Bool {
        // No detector knows one; only a pattern of the configuration can.
        if patterns.isEmpty { return false }
        var text = identifier()
        return text.withUTF8 { masked($0, depth: 0) != nil }
    }

    package func redacted(text: UnsafeRawBufferPointer) -> String? {
        masked(text.bindMemory(to: UInt8.self), depth: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    package func redacted(body: UnsafeRawBufferPointer, contentType: String?, contentEncoding: String?) -> RedactedBody {
        let bytes = body.bindMemory(to: UInt8.self)
        let outcome = BodyMasking(self, bytes, contentType: contentType).outcome()
        guard case .withheld = outcome, !Base64Reading.isText(bytes) else { return outcome }
        let declaration = DecodedBody.Declaration(contentType: contentType, contentEncoding: contentEncoding)
        return DecodedBodyMasking(self, bytes, declaration, budget ?? DecodingBudget()).outcome()
    }
}
