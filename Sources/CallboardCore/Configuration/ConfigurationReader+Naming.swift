internal import Backstage

/// How an organisation names its entities, and where the catalogue's values lead.
extension ConfigurationReader {
    /// The most patterns of a context.
    static let mostPatterns = 20

    mutating func naming(_ entry: YAMLNode.Entry) -> [NamingPattern] {
        let elements = list(entry)
        if elements.count > Self.mostPatterns {
            report(entry.value.line, "'naming' has \(elements.count) patterns; at most \(Self.mostPatterns) are used")
        }
        var patterns: [NamingPattern] = []
        for element in elements.prefix(Self.mostPatterns) {
            guard let text = element.text else {
                // Unquoted, a pattern that begins with a brace is a mapping to YAML.
                report(element.line, "'naming' holds patterns such as '{service}-*', in quotation marks, not \(element.kindTitle)")
                continue
            }
            do throws(NamingPattern.Problem) { patterns.append(try NamingPattern(parsing: text)) } catch {
                report(
                    element.line,
                    "the pattern '\(text.prefix(NamingPattern.longest))' cannot be used: column \(error.column): \(error.message)")
            }
        }
        return patterns
    }

    mutating func onCallLinks(_ entry: YAMLNode.Entry) -> [String: LinkTemplate] {
        guard let entries = mapping(entry.value, "'on-call-links'") else { return [:] }
        var links: [String: LinkTemplate] = [:]
        for entry in entries.prefix(Self.most) {
            guard let text = text(entry) else { continue }
            guard let template = LinkTemplate(text) else {
                report(
                    entry.value.line,
                    "'\(entry.key.prefix(80))' leads to an https address with {value} once, behind the host, as in https://contoso.pagerduty.com/service-directory/{value}"
                )
                continue
            }
            links[entry.key.lowercased()] = template
        }
        return links
    }
}
