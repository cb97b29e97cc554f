internal import ServiceBus

/// The same resources in Bicep. It is written only: reading it takes Microsoft's compiler, which turns it into a template.
enum BicepForm {
    static func write(_ topology: Topology) -> (text: String, lost: [String]) {
        let (resources, lost) = ResourceForm.resources(of: topology)
        var text = "param namespaceName string = \(quoted(topology.namespace))\n\n"
        text += "resource namespace 'Microsoft.ServiceBus/namespaces@\(ResourceForm.version)' existing = {\n  name: namespaceName\n}\n"
        var symbols: [EntityTarget: String] = [:]
        var taken: Set<String> = ["namespace", "namespaceName"]
        for resource in resources { symbols[resource.target] = symbol(resource.target, &taken) }
        for resource in resources {
            let type = ResourceForm.types[resource.target.kind] ?? ""
            text += "\nresource \(symbols[resource.target] ?? "") '\(type)@\(ResourceForm.version)' = {\n"
            text += "  parent: \(parent(resource.target, symbols))\n"
            text += "  name: \(quoted(ResourceForm.nameParts(resource.target).last ?? ""))\n"
            text += "  properties: "
            write(resource.properties, to: &text, indent: "  ")
            text += "\n"
            if !resource.dependencies.isEmpty {
                text += "  dependsOn: [\n" + resource.dependencies.map { "    \(symbols[$0] ?? "")\n" }.joined() + "  ]\n"
            }
            text += "}\n"
        }
        return (text, lost)
    }

    private static func parent(_ target: EntityTarget, _ symbols: [EntityTarget: String]) -> String {
        switch target {
        case .queue, .topic: "namespace"
        case .subscription(let path): path.topic.flatMap { symbols[.topic($0)] } ?? "namespace"
        case .rule(_, let path): symbols[.subscription(path)] ?? "namespace"
        }
    }

    /// A name for a resource: letters, digits and underscores, each once.
    private static func symbol(_ target: EntityTarget, _ taken: inout Set<String>) -> String {
        let name = ([target.kind.rawValue] + ResourceForm.nameParts(target)).joined(separator: "_")
        let plain = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
        var symbol = plain
        var number = 2
        while !taken.insert(symbol).inserted {
            symbol = "\(plain)_\(number)"
            number += 1
        }
        return symbol
    }

    private static func write(_ tree: JSONTree, to text: inout String, indent: String) {
        switch tree {
        case .text(let value): text += quoted(value)
        case .literal(let value): text += value
        case .array(let elements):
            text += "[\n"
            for element in elements {
                text += "\(indent)  "
                write(element, to: &text, indent: indent + "  ")
                text += "\n"
            }
            text += "\(indent)]"
        case .object(let members):
            text += "{\n"
            for (name, value) in members {
                text += "\(indent)  \(isIdentifier(name) ? name : quoted(name)): "
                write(value, to: &text, indent: indent + "  ")
                text += "\n"
            }
            text += "\(indent)}"
        }
    }

    private static func isIdentifier(_ name: String) -> Bool {
        name.first?.isNumber == false && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }

    /// A Bicep string (Bicep file data types, of Microsoft's documentation).
    private static func quoted(_ text: String) -> String {
        var quoted = "'"
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": quoted += "\\\\"
            case "'": quoted += "\\'"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "$": quoted += "\\$"
            case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{200b}"..."\u{200f}", "\u{2028}"..."\u{202e}", "\u{2066}"..."\u{2069}":
                quoted += "\\u{\(String(scalar.value, radix: 16))}"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "'"
    }
}
