internal import Identity

/// Where a value of the catalogue leads: `https://contoso.pagerduty.com/service-directory/{value}`.
public struct LinkTemplate: Hashable, Sendable {
    private static let placeholder = "{value}"

    /// The template as it was written.
    public let text: String

    /// Reads a template; nil unless it is an `https` address with `{value}` once, behind the host: the value must not say which host it is.
    public init?(_ text: String) {
        let parts = text.split(separator: "{", omittingEmptySubsequences: false)
        guard text.hasPrefix("https://"), text.utf8.count <= 1_000, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), parts.count == 2,
            parts[1].hasPrefix("value}"), !parts[1].dropFirst(6).contains("}"), !parts[0].contains("}")
        else { return nil }
        let behind = parts[0].dropFirst(8)
        let authority = behind.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.isEmpty, authority.count < behind.count, !authority.contains("@") else { return nil }
        self.text = text
    }

    /// The address for a value, which is percent-encoded; nil for a value that is none.
    func address(of value: String) -> String? {
        guard (1...500).contains(value.utf8.count), value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else { return nil }
        return text.replacing(Self.placeholder, with: PercentEncoding.encode(value))
    }
}
