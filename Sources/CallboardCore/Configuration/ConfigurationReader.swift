internal import Backstage
internal import ServiceBus

/// Turns the configuration's YAML into contexts. Strict: what it does not know is a mistake, told with its line.
struct ConfigurationReader: StrictReading {
    let file: String
    let home: String?
    private(set) var configuration: Configuration
    /// The contexts that say themselves how entities are named.
    private var namingContexts: Set<String> = []
    var problems: [ConfigurationProblem] = []

    init(file: String, home: String?) {
        self.file = file
        self.home = home
        configuration = Configuration(file: file)
    }

    mutating func read(_ root: YAMLNode) {
        if root.isNull { return }
        guard let entries = mapping(root, "a configuration") else { return }
        var defaultLine = root.line
        for entry in entries {
            switch entry.key {
            case "default":
                configuration.defaultContext = text(entry)
                defaultLine = entry.value.line
            case "contexts": readContexts(entry.value)
            case "policy": configuration.policyPath = text(entry).map { path($0) }
            case "naming": configuration.naming = naming(entry)
            default: reportUnknown(entry, among: ["default", "contexts", "policy", "naming"])
            }
        }
        // Names are an organisation's: all contexts have them that say nothing else.
        for index in configuration.contexts.indices where !namingContexts.contains(configuration.contexts[index].name) {
            configuration.contexts[index].bindingRules.naming = configuration.naming
        }
        // One policy for all contexts that name none of their own.
        for index in configuration.contexts.indices where configuration.contexts[index].policyPath == nil {
            configuration.contexts[index].policyPath = configuration.policyPath
        }
        if let name = configuration.defaultContext, !configuration.contexts.contains(where: { $0.name == name }) {
            report(defaultLine, "'default' names '\(name)', and there is no such context")
        }
    }

    private mutating func readContexts(_ node: YAMLNode) {
        guard let entries = mapping(node, "'contexts'") else { return }
        guard entries.count <= Self.most else {
            return report(node.line, "there are \(entries.count) contexts; at most \(Self.most) are read")
        }
        for entry in entries {
            guard !entry.key.isEmpty else {
                report(entry.line, "a context needs a name")
                continue
            }
            guard let settings = mapping(entry.value, "the context '\(entry.key)'") else { continue }
            configuration.contexts.append(readContext(entry.key, line: entry.line, settings))
        }
    }

    private static let contextKeys = [
        "environment", "production", "mode", "namespace", "connection-string", "catalogue", "annotations", "credits-per-second", "masking",
        "descriptor-set", "policy", "agent", "sign-in", "backstage", "subscriptions", "ca-file", "administration-port",
        "service-host", "naming", "on-call-links", "approvals",
    ]

    private mutating func readContext(_ name: String, line: Int, _ settings: [YAMLNode.Entry]) -> OperatorContext {
        var context = OperatorContext(name: name)
        for entry in settings {
            switch entry.key {
            case "environment": context.environment = text(entry) ?? ""
            case "production": context.isProduction = bool(entry) ?? false
            case "mode": context.mode = choice(entry, of: AccessMode.self, ["read-only", "read-write"])
            case "namespace": context.endpoint = host(entry)
            case "service-host": context.serviceHost = host(entry)
            case "connection-string": context.connection = source(entry, what: "the string")
            case "sign-in": context.signIn = signIn(entry)
            case "backstage": context.backstage = backstage(entry, into: &context.bindingRules)
            case "approvals": context.approvals = approvals(entry)
            case "naming":
                context.bindingRules.naming = naming(entry)
                namingContexts.insert(name)
            case "on-call-links": context.bindingRules.onCallLinks = onCallLinks(entry)
            case "subscriptions": context.subscriptions = identifiers(entry)
            case "ca-file": context.caFile = text(entry).map { path($0) }
            case "administration-port": context.administrationPort = number(entry, in: 1...65535)
            case "catalogue", "catalog": context.cataloguePaths = texts(entry).map { path($0) }
            case "annotations": read(entry, into: &context.bindingRules)
            case "masking": context.masking = masking(entry)
            case "descriptor-set": context.descriptorSet = text(entry).map { path($0) }
            case "policy": context.policyPath = text(entry).map { path($0) }
            case "agent": context.isAgent = bool(entry) ?? true
            case "credits-per-second": context.creditsPerSecond = number(entry, in: 10...1_000_000)
            default: reportUnknown(entry, among: Self.contextKeys)
            }
        }
        if !settings.contains(where: { $0.key == "connection-string" || $0.key == "namespace" }) {
            report(line, "the context '\(name)' needs a 'connection-string' or a 'namespace'")
        }
        if context.approvals != nil, context.connection != nil {
            report(line, "the context '\(name)' has 'approvals' and a 'connection-string': requests are signed by whoever signs in")
        }
        if context.connection != nil, context.signIn != nil {
            report(line, "the context '\(name)' has a 'connection-string' and a 'sign-in': it takes one of them")
        }
        return context
    }

    /// The ids of subscriptions.
    private mutating func identifiers(_ entry: YAMLNode.Entry) -> [String] {
        list(entry).compactMap { identifier($0, of: entry.key) }
    }

    mutating func host(_ entry: YAMLNode.Entry) -> String? {
        guard var text = text(entry) else { return nil }
        for scheme in ["sb://", "amqps://", "https://"] where text.lowercased().hasPrefix(scheme) {
            text = String(text.dropFirst(scheme.count))
            break
        }
        while text.hasSuffix("/") { text.removeLast() }
        let isHost =
            !text.isEmpty && text.utf8.count <= 255
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: ".-:[]".utf8.contains(byte)
                }
            }
        guard isHost else {
            report(entry.value.line, "'\(entry.key)' is a host name, as in sb-retail.servicebus.windows.net")
            return nil
        }
        return text
    }

    // MARK: Annotations

    private static let annotationKeys = [
        "entities", "on-call", "service-types", "senders", "receivers", "principal-id", "environment",
    ]

    private mutating func read(_ entry: YAMLNode.Entry, into rules: inout BindingRules) {
        guard let entries = mapping(entry.value, "'annotations'") else { return }
        for entry in entries {
            switch entry.key {
            case "entities": rules.rules = bindings(entry)
            case "on-call": rules.onCallAnnotations = texts(entry)
            case "service-types": rules.serviceTypes = texts(entry)
            case "senders": rules.senderAnnotations = texts(entry)
            case "receivers": rules.receiverAnnotations = texts(entry)
            case "principal-id": rules.principalAnnotations = texts(entry)
            case "environment": rules.environmentAnnotations = texts(entry)
            default: reportUnknown(entry, among: Self.annotationKeys)
            }
        }
    }

    private mutating func bindings(_ entry: YAMLNode.Entry) -> [BindingRules.Rule] {
        let elements = list(entry)
        var rules: [BindingRules.Rule] = []
        for element in elements {
            if let text = element.text, !text.isEmpty {
                let known = BindingRules.standard.rules.first { $0.annotation.lowercased() == text.lowercased() }
                rules.append(BindingRules.Rule(annotation: text, form: known?.form ?? .entities))
            } else if let entries = element.entries {
                if let rule = binding(entries, element.line) { rules.append(rule) }
            } else {
                report(element.line, "an annotation is a key, or {key: KEY, form: FORM}, not \(element.kindTitle)")
            }
        }
        return rules
    }

    private mutating func binding(_ entries: [YAMLNode.Entry], _ line: Int) -> BindingRules.Rule? {
        var annotation: String?
        var form = BindingRules.Form.entities
        for entry in entries {
            switch entry.key {
            case "key": annotation = text(entry)
            case "form":
                form = choice(entry, of: BindingRules.Form.self, BindingRules.Form.allCases.map(\.rawValue)) ?? .entities
            default: reportUnknown(entry, among: ["key", "form"])
            }
        }
        if annotation == nil { report(line, "an annotation needs a 'key'") }
        return annotation.map { BindingRules.Rule(annotation: $0, form: form) }
    }

    // MARK: Values

    /// A path of the file: `~` is the home, and what is relative is so to the file's folder.
    func path(_ text: String) -> String {
        if let home, text == "~" || text.hasPrefix("~/") { return home + text.dropFirst() }
        if text.hasPrefix("/") { return text }
        let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
        return folder + (text.hasPrefix("./") ? String(text.dropFirst(2)) : text)
    }
}
