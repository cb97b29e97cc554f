/// What a context hides of its messages, as its `masking:` section says.
///
/// ```yaml
/// masking:
///   enabled: true                         # on in production unless said otherwise, off elsewhere
///   properties: [sessionId, x-customer]   # names of properties, JSON keys and XML elements, with * and ?; besides the built-in ones
///   paths: [$.customer.name, $..notes]    # places in JSON, XML and typed bodies
///   patterns:
///     - {name: order number, pattern: '\bORD-\d{6}\b'}
///   detectors: [card, iban, email, jwt]   # all of them unless said otherwise
///   except: [lockToken]                   # names that are not hidden, though a rule or a built-in name says so
/// ```
public struct MaskingSettings: Hashable, Sendable {
    /// Whether to mask; nil leaves it to whether the context is production.
    public var isEnabled: Bool?
    /// Names whose values are hidden, besides ``NameRules/builtIn``; `*` and `?` stand for any characters.
    public var properties: [String]
    /// Places whose values are hidden.
    public var paths: [MaskingPath]
    /// Texts that are hidden wherever they stand.
    public var patterns: [MaskingPattern]
    /// What is recognised by its form and checksum.
    public var detectors: Set<MaskingDetector>
    /// Names that are not hidden after all.
    public var exceptions: [String]

    /// Creates settings; by default those of a context that says nothing.
    public init(
        isEnabled: Bool? = nil, properties: [String] = [], paths: [MaskingPath] = [], patterns: [MaskingPattern] = [],
        detectors: Set<MaskingDetector> = Set(MaskingDetector.allCases), exceptions: [String] = []
    ) {
        self.isEnabled = isEnabled
        self.properties = properties
        self.paths = paths
        self.patterns = patterns
        self.detectors = detectors
        self.exceptions = exceptions
    }
}

/// Something that is recognised in any text by its form and, where it has one, by its checksum.
public enum MaskingDetector: String, Hashable, Sendable, CaseIterable {
    /// Payment card numbers: the issuers' first digits and lengths, and Luhn's check digit.
    case card
    /// International bank account numbers: the countries' lengths, and the remainder 1 of 97.
    case iban
    /// E-mail addresses.
    case email
    /// JSON Web Tokens.
    case jwt

    func find(in text: UnsafeBufferPointer<UInt8>, _ found: (Range<Int>) -> Void) {
        switch self {
        case .card: CardNumber.find(in: text, found)
        case .iban: BankAccount.find(in: text, found)
        case .email: EMailAddress.find(in: text, found)
        case .jwt: WebToken.find(in: text, found)
        }
    }
}
