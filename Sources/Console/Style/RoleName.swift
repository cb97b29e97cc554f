public import Terminal

/// The style roles of the console, by the names that theme files use.
///
/// Screens speak roles, never colours. A role's number in a ``Terminal/Palette`` is its position here, so the first two are `Terminal`'s own.
/// Names are dotted; a theme may set a prefix (`json`) for all that lies below it.
public enum RoleName: String, CaseIterable, Sendable {
    case text = "text"
    case control = "text.control"
    case muted = "text.muted"
    case match = "text.match"
    case title = "title"
    case rule = "rule"
    case ruleProduction = "rule.production"
    case header = "header"
    case rowSelected = "row.selected"
    case rowInactive = "row.inactive"
    case bar = "bar"
    case barProduction = "bar.production"
    case barBadge = "bar.badge"
    case barBadgeProduction = "bar.badge.production"
    case keyName = "key.name"
    case keyHint = "key.hint"
    case keyDisabled = "key.disabled"
    case prompt = "prompt"
    case promptSuggestion = "prompt.suggestion"
    case promptSelected = "prompt.selected"
    case statusOK = "status.ok"
    case statusWarning = "status.warning"
    case statusError = "status.error"
    case statusInfo = "status.info"
    case statusPending = "status.pending"
    case jsonKey = "json.key"
    case jsonString = "json.string"
    case jsonNumber = "json.number"
    case jsonWord = "json.word"
    case jsonPunctuation = "json.punctuation"
    case hexOffset = "hex.offset"
    case hexBytes = "hex.bytes"
    case logError = "log.error"
    case logWarning = "log.warning"
    case logInfo = "log.info"
    case scrollbar = "scrollbar"

    private static let numbers: [RoleName: UInt8] = Dictionary(
        uniqueKeysWithValues: allCases.enumerated().map { ($0.element, UInt8(truncatingIfNeeded: $0.offset)) })

    /// The role in a palette.
    public var role: Role { Role(rawValue: RoleName.numbers[self] ?? 0) }
}

extension Role {
    static let muted = RoleName.muted.role
    static let match = RoleName.match.role
    static let title = RoleName.title.role
    static let rule = RoleName.rule.role
    static let ruleProduction = RoleName.ruleProduction.role
    static let header = RoleName.header.role
    static let rowSelected = RoleName.rowSelected.role
    static let rowInactive = RoleName.rowInactive.role
    static let bar = RoleName.bar.role
    static let barProduction = RoleName.barProduction.role
    static let barBadge = RoleName.barBadge.role
    static let barBadgeProduction = RoleName.barBadgeProduction.role
    static let keyName = RoleName.keyName.role
    static let keyHint = RoleName.keyHint.role
    static let keyDisabled = RoleName.keyDisabled.role
    static let prompt = RoleName.prompt.role
    static let promptSuggestion = RoleName.promptSuggestion.role
    static let promptSelected = RoleName.promptSelected.role
    static let statusOK = RoleName.statusOK.role
    static let statusWarning = RoleName.statusWarning.role
    static let statusError = RoleName.statusError.role
    static let statusInfo = RoleName.statusInfo.role
    static let statusPending = RoleName.statusPending.role
    static let jsonKey = RoleName.jsonKey.role
    static let jsonString = RoleName.jsonString.role
    static let jsonNumber = RoleName.jsonNumber.role
    static let jsonWord = RoleName.jsonWord.role
    static let jsonPunctuation = RoleName.jsonPunctuation.role
    static let hexOffset = RoleName.hexOffset.role
    static let hexBytes = RoleName.hexBytes.role
    static let logError = RoleName.logError.role
    static let logWarning = RoleName.logWarning.role
    static let logInfo = RoleName.logInfo.role
    static let scrollbar = RoleName.scrollbar.role
}
