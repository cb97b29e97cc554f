internal import AzureResources
internal import Identity

/// How the guardrails are written.
extension AzureGuardrails {
    /// The forms there are.
    package enum Format: String, Hashable, Sendable, CaseIterable {
        /// Requests to Azure Resource Manager, for a program.
        case json
        /// A template.
        case bicep
        /// Commands of Azure's command line.
        case az
    }

    /// The whole text, with a line end behind it. Names from the policy are made safe to print.
    package func text(_ format: Format) -> String {
        switch format {
        case .json:
            var json = JSONWriter()
            write(to: &json)
            return String(decoding: json.bytes, as: UTF8.self) + "\n"
        case .bicep: return bicep
        case .az: return commands
        }
    }

    /// What a comment at the beginning says.
    func preface(_ mark: String) -> [String] {
        let place = environment.map { " (\($0))" } ?? ""
        return ["The guardrails of \(file) for \(namespace.text)\(place), as far as Azure can keep to them.", "Not in Azure:"].map {
            Self.comment(mark, $0)
        } + notExpressed.map { Self.comment(mark, "- " + $0) }
    }

    static func comment(_ mark: String, _ text: String) -> String { "\(mark) \(VisibleText.of(text))" }

    private func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("policy", file)
            json.member("namespace", namespace.text)
            json.member("environment", environment)
            json.member("condition", condition?.text)
            json.key("steps")
            json.array { json in
                for step in steps {
                    json.object { json in
                        json.member("step", step.text)
                        if let lookup = step.lookup {
                            json.key("lookup")
                            json.object { json in
                                json.member("method", lookup.method)
                                json.member("path", lookup.path)
                                json.member("take", "value[0].properties.policyId")
                            }
                        }
                        json.key("request")
                        Self.write(step.request, to: &json)
                    }
                }
            }
            json.member("notExpressed", notExpressed)
        }
    }

    private static func write(_ request: FixRequest, to json: inout JSONWriter) {
        json.object { json in
            json.member("method", request.method)
            json.member("path", request.path)
            json.key("body")
            if let content = request.content { json.write(content) } else { json.null() }
        }
    }

    // MARK: Commands

    private var commands: String {
        var lines = ["#!/bin/sh"] + preface("#") + ["set -eu"]
        for step in steps {
            lines += ["", Self.comment("#", step.text)]
            var url = Self.quoted(step.request.path)
            if let lookup = step.lookup {
                lines.append(
                    "policyId=$(az rest --method get --url \(Self.quoted(lookup.path)) --query 'value[0].properties.policyId' --output tsv)"
                )
                url = "\"${policyId}\"" + Self.quoted(String(step.request.path.dropFirst(Self.policyPlaceholder.count)))
            }
            let body = step.request.body.map { " --body \(Self.quoted($0))" } ?? ""
            lines.append("az rest --method \(step.request.method.lowercased()) --url \(url)\(body)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A word of a shell's command line, whatever is in it.
    static func quoted(_ text: String) -> String {
        let inner = text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
        return "'\(inner)'"
    }
}
