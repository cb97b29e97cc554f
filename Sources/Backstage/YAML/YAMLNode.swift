/// A YAML value that remembers its line: the form in which catalogue and configuration files are read. JSON is read into it as well
/// (``JSONReader``), so that a field means the same wherever it comes from.
///
/// Aliases are resolved and `<<` merges done; how many values that may make is bounded by ``YAMLLimits``.
package struct YAMLNode: Sendable {
    /// One entry of a mapping.
    package struct Entry: Sendable {
        /// The key's text.
        package var key: String
        /// The key's line, counted from 1.
        package var line: Int
        /// The value.
        package var value: YAMLNode
    }

    /// What a value is.
    package enum Content: Sendable {
        /// Text; a plain one (unquoted, not a block) may also be read as a number, a truth value or nothing.
        case scalar(String, isPlain: Bool)
        /// Values in order.
        case list([YAMLNode])
        /// Keys and values in order; no key twice.
        case map([Entry])
    }

    /// What it is.
    package var content: Content
    /// Its first line, counted from 1.
    package var line: Int

    /// Creates a value.
    package init(_ content: Content, line: Int) {
        self.content = content
        self.line = line
    }

    /// The value of a key; nil when there is none or this is no mapping.
    package subscript(key: String) -> YAMLNode? { entries?.first { $0.key == key }?.value }

    /// The entries of a mapping.
    package var entries: [Entry]? {
        if case .map(let entries) = content { entries } else { nil }
    }

    /// The values of a list.
    package var elements: [YAMLNode]? {
        if case .list(let elements) = content { elements } else { nil }
    }

    /// The text of a scalar, whatever it might also mean; nil for the null value.
    package var text: String? {
        guard case .scalar(let text, _) = content, !isNull else { return nil }
        return text
    }

    /// Whether this is the null value: `null`, `~`, or nothing at all.
    package var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// The truth value of a plain `true` or `false`.
    package var bool: Bool? {
        guard case .scalar(let text, isPlain: true) = content else { return nil }
        switch text {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: return nil
        }
    }

    /// The whole number a plain scalar writes in decimal.
    package var integer: Int64? {
        guard case .scalar(let text, isPlain: true) = content else { return nil }
        return Int64(text)
    }

    /// A word for what this is, for messages.
    package var kindTitle: String {
        switch content {
        case .scalar: isNull ? "nothing" : "a text"
        case .list: "a list"
        case .map: "a mapping"
        }
    }
}
