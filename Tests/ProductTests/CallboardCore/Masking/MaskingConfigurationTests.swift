import Testing

@testable import CallboardCore

@Suite("Masking: configuration")
struct MaskingConfigurationTests {
    private func parse(_ section: String) -> (settings: MaskingSettings?, problems: [String]) {
        let text =
            "contexts:\n  a:\n    namespace: h\n    masking:\n"
            + section.split(separator: "\n").map { "      \($0)" }.joined(separator: "\n")
        let (configuration, problems) = ConfigurationFile.parse(Array(text.utf8), file: "c.yaml", home: nil)
        return (configuration.contexts.first?.masking, problems.map(\.description))
    }

    @Test("a whole section is read")
    func whole() throws {
        let (settings, problems) = parse(
            #"""
            enabled: false
            properties: [x-customer, internal-*]
            paths: [$.customer.name, '$.lines[*].note']
            patterns:
              - {name: order number, pattern: '\bORD-\d{6}\b'}
            detectors: [card, iban]
            except: [lockToken]
            """#)
        #expect(problems == [])
        #expect(
            settings
                == MaskingSettings(
                    isEnabled: false, properties: ["x-customer", "internal-*"],
                    paths: [try MaskingPath("$.customer.name"), try MaskingPath("$.lines[*].note")],
                    patterns: [try MaskingPattern(name: "order number", #"\bORD-\d{6}\b"#)], detectors: [.card, .iban],
                    exceptions: ["lockToken"]))
    }

    @Test("what is not said is as in a context without a section: everything is detected")
    func defaults() {
        #expect(parse("enabled: true").settings == MaskingSettings(isEnabled: true))
        #expect(parse("detectors: []").settings?.detectors == [])
    }

    @Test(
        "a mistake is told with its line",
        arguments: [
            ("enabled: yes please", 5, "'enabled' is true or false"),
            ("propertys: [a]", 5, "'propertys' is not known here; did you mean 'properties'?"),
            ("properties:\n  - a\n  - [b]", 7, "'properties' holds names of properties and keys, not a list"),
            ("properties: ['*']", 5, "'*' fits every name; write the names, or the paths '$.*' and '$.**.*' for whole bodies"),
            ("paths: [$.a, 'b[x]']", 5, "the path 'b[x]' cannot be read: '[x]' is neither [*], [0] nor ['name']"),
            ("paths: [[a]]", 5, "'paths' holds a list, not a path like $.customer.email"),
            ("patterns: [abc]", 5, "a pattern is {name: NAME, pattern: '…'}, not a text"),
            ("patterns:\n  - {name: a}", 6, "a pattern needs a 'name' and a 'pattern'"),
            ("patterns:\n  - name: a\n    pattern: 'x('", 7, "the pattern 'a' cannot be used: ')' is missing, at character 2"),
            ("patterns:\n  - {name: a, regex: b}", 6, "'regex' is not known here; there is 'name', 'pattern'"),
            ("detectors: [card, visa]", 5, "'detectors' holds some of card, iban, email, jwt, not 'visa'"),
        ])
    func mistakes(section: String, line: Int, message: String) {
        #expect(parse(section).problems.first == "c.yaml:\(line): \(message)")
    }
}
