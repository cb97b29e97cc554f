internal import Backstage

/// The `masking:` section of a context.
extension ConfigurationReader {
    private static let maskingKeys = ["enabled", "properties", "paths", "patterns", "detectors", "except"]

    mutating func masking(_ entry: YAMLNode.Entry) -> MaskingSettings {
        var settings = MaskingSettings()
        guard let entries = mapping(entry.value, "'masking'") else { return settings }
        for entry in entries {
            switch entry.key {
            case "enabled": settings.isEnabled = bool(entry)
            case "properties": settings.properties = names(entry)
            case "except": settings.exceptions = names(entry)
            case "paths": settings.paths = paths(entry)
            case "patterns": settings.patterns = patterns(entry)
            case "detectors": settings.detectors = detectors(entry)
            default: reportUnknown(entry, among: Self.maskingKeys)
            }
        }
        return settings
    }

    private mutating func names(_ entry: YAMLNode.Entry) -> [String] {
        var names: [String] = []
        for element in list(entry) {
            guard let name = element.text, !name.isEmpty, name.utf8.count <= 200 else {
                report(
                    element.line,
                    "'\(entry.key)' holds names of properties and keys, not \(element.text == nil ? element.kindTitle : "this")")
                continue
            }
            // A star alone hides everything: said as such, and not by a slip.
            guard name.contains(where: { !"*?-_.: ".contains($0) }) else {
                report(element.line, "'\(name)' fits every name; write the names, or the paths '$.*' and '$.**.*' for whole bodies")
                continue
            }
            names.append(name)
        }
        return names
    }

    private mutating func paths(_ entry: YAMLNode.Entry) -> [MaskingPath] {
        var paths: [MaskingPath] = []
        for element in list(entry) {
            guard let text = element.text, !text.isEmpty else {
                report(element.line, "'paths' holds \(element.kindTitle), not a path like $.customer.email")
                continue
            }
            do throws(MaskingPath.Problem) { paths.append(try MaskingPath(text)) } catch {
                report(element.line, "the path '\(text.prefix(80))' cannot be read: \(error.message)")
            }
        }
        return paths
    }

    private mutating func patterns(_ entry: YAMLNode.Entry) -> [MaskingPattern] {
        var patterns: [MaskingPattern] = []
        for element in list(entry) {
            guard let entries = element.entries else {
                report(element.line, "a pattern is {name: NAME, pattern: '…'}, not \(element.kindTitle)")
                continue
            }
            var name: String?
            var text: (value: String, line: Int)?
            for entry in entries {
                switch entry.key {
                case "name": name = self.text(entry)
                case "pattern": text = self.text(entry).map { ($0, entry.value.line) }
                default: reportUnknown(entry, among: ["name", "pattern"])
                }
            }
            guard let name, let text else {
                report(element.line, "a pattern needs a 'name' and a 'pattern'")
                continue
            }
            do throws(MaskingPattern.Problem) { patterns.append(try MaskingPattern(name: name, text.value)) } catch {
                report(text.line, "the pattern '\(name.prefix(80))' cannot be used: \(error)")
            }
        }
        return patterns
    }

    private mutating func detectors(_ entry: YAMLNode.Entry) -> Set<MaskingDetector> {
        var detectors: Set<MaskingDetector> = []
        for element in list(entry) {
            guard let detector = element.text.flatMap({ MaskingDetector(rawValue: $0) }) else {
                let known = MaskingDetector.allCases.map(\.rawValue).joined(separator: ", ")
                report(
                    element.line, "'detectors' holds some of \(known), not '\(element.text?.prefix(80).description ?? element.kindTitle)'")
                continue
            }
            detectors.insert(detector)
        }
        return detectors
    }
}
