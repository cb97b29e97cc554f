import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Configuration")
struct ConfigurationTests {
    private func parse(_ text: String) -> (configuration: Configuration, problems: [ConfigurationProblem]) {
        ConfigurationFile.parse(Array(text.utf8), file: "/etc/callboard/config.yaml", home: "/home/dana")
    }

    @Test("a whole file is read")
    func whole() throws {
        let (configuration, problems) = parse(
            """
            default: retail
            contexts:
              retail:
                environment: prod
                production: true
                mode: read-only
                namespace: sb://sb-retail.servicebus.windows.net/
                connection-string: {env: RETAIL_SERVICEBUS}
                catalogue: [~/src/catalogue, ./teams.yaml, /srv/all]
                annotations:
                  entities:
                    - Azure-Service-Bus/Queues
                    - {key: acme.io/ids, form: arm-id}
                    - acme.io/entities
                  on-call: [acme.io/pager]
                  service-types: [service, worker]
                  senders: [acme.io/from]
                  receivers: [acme.io/to]
                  principal-id: [acme.io/oid, callboard.dev/principal-id]
              laptop:
                connection-string: {file: laptop.txt}
            """)
        #expect(problems == [])
        #expect(configuration.defaultContext == "retail")
        let retail = try #require(configuration.contexts.first)
        #expect(
            retail
                == OperatorContext(
                    name: "retail", environment: "prod", isProduction: true, mode: .readOnly,
                    connection: .environment("RETAIL_SERVICEBUS"), endpoint: "sb-retail.servicebus.windows.net",
                    cataloguePaths: ["/home/dana/src/catalogue", "/etc/callboard/teams.yaml", "/srv/all"],
                    bindingRules: BindingRules(
                        rules: [
                            BindingRules.Rule(annotation: "Azure-Service-Bus/Queues", form: .queues),
                            BindingRules.Rule(annotation: "acme.io/ids", form: .armID),
                            BindingRules.Rule(annotation: "acme.io/entities", form: .entities),
                        ],
                        onCallAnnotations: ["acme.io/pager"], serviceTypes: ["service", "worker"], senderAnnotations: ["acme.io/from"],
                        receiverAnnotations: ["acme.io/to"], principalAnnotations: ["acme.io/oid", "callboard.dev/principal-id"])))
        let laptop = try #require(configuration.contexts.last)
        #expect(laptop.connection == .file("/etc/callboard/laptop.txt"))
        #expect(laptop.mode == nil)
        #expect(laptop.bindingRules == .standard)
    }

    @Test("nothing is a configuration too", arguments: ["", "# later\n", "---\n", "~"])
    func empty(text: String) {
        #expect(parse(text).problems == [])
        #expect(parse(text).configuration.contexts.isEmpty)
    }

    @Test(
        "a mistake is told with its line and what was meant",
        arguments: [
            ("contxts: {}", 1, "'contxts' is not known here; did you mean 'contexts'?"),
            ("- a", 1, "a configuration is a mapping of keys to values, not a list"),
            ("contexts: [a]", 1, "'contexts' is a mapping of keys to values, not a list"),
            ("contexts:\n  a: x", 2, "the context 'a' is a mapping of keys to values, not a text"),
            ("contexts:\n  a:\n    namespace: h\n    prodction: true", 4, "'prodction' is not known here; did you mean 'production'?"),
            ("contexts:\n  a:\n    namespace: h\n    production: maybe", 4, "'production' is true or false"),
            ("contexts:\n  a:\n    namespace: h\n    production: 'true'", 4, "'production' is true or false"),
            ("contexts:\n  a:\n    namespace: h\n    mode: write", 4, "'mode' is one of read-only, read-write"),
            ("contexts:\n  a:\n    namespace: 'h h'", 3, "'namespace' is a host name, as in sb-retail.servicebus.windows.net"),
            ("contexts:\n  a:\n    environment: prod", 2, "the context 'a' needs a 'connection-string' or a 'namespace'"),
            ("contexts:\n  a:\n    namespace: h\n    environment: [x]", 4, "'environment' is a text, not a list"),
            ("contexts:\n  a:\n    namespace: h\n    catalogue: {x: y}", 4, "'catalogue' is a list, not a mapping"),
            ("contexts:\n  a:\n    namespace: h\n    catalogue:\n      - a\n      - [b]", 6, "'catalogue' holds a list, not a text"),
            ("contexts:\n  a:\n    connection-string: {env: A, file: b}", 3, "'connection-string' takes one of 'env' and 'file'"),
            ("contexts:\n  a:\n    connection-string: {environment: A}", 3, "'environment' is not known here; there is 'env', 'file'"),
            ("contexts:\n  a:\n    namespace: h\n    annotations:\n      entities: [{form: queues}]", 5, "an annotation needs a 'key'"),
            (
                "contexts:\n  a:\n    namespace: h\n    annotations:\n      entities: [{key: x, form: topic}]", 5,
                "'form' is one of entities, queues, topics, arm-id"
            ),
            ("default: b\ncontexts:\n  a: {namespace: h}", 1, "'default' names 'b', and there is no such context"),
            ("contexts: {a: {namespace: h}, a: {namespace: h}}", 1, "the key 'a' occurs twice"),
            ("contexts: {}\n---\ncontexts: {}", 3, "a configuration is one document; this is another"),
        ])
    func mistakes(text: String, line: Int, message: String) {
        let problems = parse(text).problems
        #expect(problems == [ConfigurationProblem(file: "/etc/callboard/config.yaml", line: line, message: message)])
        #expect(problems.first?.description == "/etc/callboard/config.yaml:\(line): \(message)")
    }

    @Test("names of entities are for all contexts but those that say otherwise; links and the environment's key are read")
    func naming() throws {
        let (configuration, problems) = parse(
            """
            naming: ['{service}', '{service}-*']
            contexts:
              a: {namespace: h}
              b:
                namespace: h
                naming: '*.{service}'
                annotations: {environment: acme.io/stage}
                backstage: {app-url: https://backstage.example.com/}
                on-call-links: {PagerDuty.com/service-id: 'https://c.pagerduty.com/service-directory/{value}'}
              c: {namespace: h, naming: []}
            """)
        #expect(problems == [])
        #expect(
            configuration.contexts.map { $0.bindingRules.naming.map(\.description) } == [
                ["{service}", "{service}-*"], ["*.{service}"], [],
            ])
        let rules = configuration.contexts[1].bindingRules
        #expect(rules.environmentAnnotations == ["acme.io/stage"])
        #expect(rules.backstageApp == "https://backstage.example.com")
        #expect(configuration.contexts[1].backstage == nil)
        #expect(rules.onCallLinks["pagerduty.com/service-id"]?.text == "https://c.pagerduty.com/service-directory/{value}")
    }

    @Test(
        "a mistake in how entities are named is told with line and column",
        arguments: [
            (
                "naming:\n  - '{service}'\n  - '{servce}-*'\ncontexts: {}", 3,
                "the pattern '{servce}-*' cannot be used: column 1: '{servce}' is not known; did you mean {service}?"
            ),
            (
                "contexts:\n  a:\n    namespace: h\n    naming: [{service}]", 4,
                "'naming' holds patterns such as '{service}-*', in quotation marks, not a mapping"
            ),
            (
                "contexts:\n  a:\n    namespace: h\n    on-call-links: {x: 'http://h/{value}'}", 4,
                "'x' leads to an https address with {value} once, behind the host, as in https://contoso.pagerduty.com/service-directory/{value}"
            ),
            (
                "contexts:\n  a:\n    namespace: h\n    backstage: {app-url: 'http://b.example'}", 4,
                "'app-url' has to be https: people open it"
            ),
        ])
    func namingMistakes(text: String, line: Int, message: String) {
        #expect(parse(text).problems == [ConfigurationProblem(file: "/etc/callboard/config.yaml", line: line, message: message)])
    }

    @Test("no more patterns are used than can be looked for")
    func manyPatterns() {
        let text = "naming: [" + (0..<21).map { "'{service}-\($0)'" }.joined(separator: ", ") + "]\ncontexts: {a: {namespace: h}}"
        #expect(parse(text).problems.map(\.message) == ["'naming' has 21 patterns; at most 20 are used"])
    }

    @Test("a connection string in the file is refused and never repeated", arguments: ["connection-string", "conection-string"])
    func inlineKey(key: String) {
        let text = "contexts:\n  a:\n    \(key): Endpoint=sb://x;SharedAccessKeyName=n;SharedAccessKey=hunter2\n    namespace: h\n"
        let problems = parse(text).problems
        #expect(problems.count == 1)
        #expect(!problems.description.contains("hunter2"))
    }

    @Test("sizes are bounded")
    func bounds() {
        let many = "contexts: {" + (0..<501).map { "c\($0): {namespace: h}" }.joined(separator: ", ") + "}"
        #expect(parse(many).problems.map(\.message) == ["there are 501 contexts; at most 500 are read"])
        let wrong = "contexts: {" + (0..<400).map { "c\($0): x" }.joined(separator: ", ") + "}"
        #expect(parse(wrong).problems.count == 100)
        let large = String(repeating: "#", count: ConfigurationFile.largestFile + 1)
        #expect(parse(large).problems.first?.message.contains("at most \(ConfigurationFile.largestFile) are read") == true)
    }

    @Test(
        "the file is where the environment says",
        arguments: [
            (["CALLBOARD_CONFIG": "/a/b.yaml", "HOME": "/h"], "/a/b.yaml"),
            (["XDG_CONFIG_HOME": "/x", "HOME": "/h"], "/x/callboard/config.yaml"),
            (["XDG_CONFIG_HOME": "relative", "HOME": "/h"], "/h/.config/callboard/config.yaml"),
            (["CALLBOARD_CONFIG": "", "HOME": "/h"], "/h/.config/callboard/config.yaml"),
            ([:], nil),
        ] as [([String: String], String?)])
    func place(environment: [String: String], expected: String?) {
        #expect(ConfigurationFile(environment: environment)?.path == expected)
    }

    @Test("a missing file is no mistake unless it was named")
    func missing() throws {
        let folder = try TemporaryFolder()
        let unnamed = try #require(ConfigurationFile(environment: ["XDG_CONFIG_HOME": folder.path]))
        #expect(try unnamed.load() == Configuration())
        let named = try #require(ConfigurationFile(environment: ["CALLBOARD_CONFIG": folder.path + "/none.yaml"]))
        #expect { try named.load() } throws: { ($0 as? OperatorError)?.message.contains("there is no such file") == true }
    }

    @Test("loading refuses a file with mistakes, naming the first")
    func refused() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("c.yaml", "a: 1\nb: 2\n")
        let file = try #require(ConfigurationFile(environment: ["CALLBOARD_CONFIG": path]))
        #expect {
            try file.load()
        } throws: { error in
            let error = error as? OperatorError
            return error?.exitCode == 2 && error?.message.contains("\(path):1: 'a' is not known") == true
                && error?.hint == "There are 1 more; 'callboard config check' lists them all."
        }
    }

    @Test("a context names the file of its Protobuf messages")
    func descriptorSet() throws {
        let (configuration, problems) = parse(
            """
            contexts:
              retail: {namespace: sb-retail.servicebus.windows.net, descriptor-set: ~/messages.pb}
              other: {namespace: sb-other.servicebus.windows.net, descriptor-set: sub/messages.pb}
            """)
        #expect(problems.isEmpty)
        #expect(configuration.contexts.map(\.descriptorSet) == ["/home/dana/messages.pb", "/etc/callboard/sub/messages.pb"])
    }

    @Test("a context is found by name, by default, or by being the only one")
    func choosing() throws {
        let one = Configuration(contexts: [OperatorContext(name: "a")])
        let two = Configuration(contexts: [OperatorContext(name: "a"), OperatorContext(name: "b")])
        let preferring = Configuration(contexts: two.contexts, defaultContext: "b")
        #expect(try Configuration().context(named: nil) == nil)
        #expect(try one.context(named: nil)?.name == "a")
        #expect(try two.context(named: "b")?.name == "b")
        #expect(try preferring.context(named: nil)?.name == "b")
        #expect { try two.context(named: nil) } throws: { ($0 as? OperatorError)?.exitCode == 2 }
        #expect { try two.context(named: "c") } throws: { ($0 as? OperatorError)?.exitCode == 4 }
    }

    @Test("connection strings are read from where the context says, and errors name the place only")
    func resolution() throws {
        let folder = try TemporaryFolder()
        let good = "Endpoint=sb://localhost;SharedAccessKeyName=n;SharedAccessKey=aHVudGVyMg==;UseDevelopmentEmulator=true"
        let file = try folder.write("s.txt", good + "\n")
        #expect(try ConnectionSource.environment("A").connectionString(environment: ["A": " \(good) "]).host == "localhost")
        #expect(try ConnectionSource.file(file).connectionString(environment: [:]).usesDevelopmentEmulator)
        let bad = try folder.write("bad.txt", "SharedAccessKey=hunter2")
        let sources: [ConnectionSource] = [
            .environment("B"), .file(folder.path + "/none"), .file(folder.path), .file(bad), .file("/dev/zero"),
        ]
        for source in sources {
            #expect {
                try source.connectionString(environment: [:])
            } throws: { error in
                let error = error as? OperatorError
                return error?.exitCode == 2 && !"\(String(describing: error))".contains("hunter2")
            }
        }
    }

    @Test(
        "slips are recognised, other words are not",
        arguments: [
            ("contxts", "contexts"), ("cotnexts", "contexts"), ("Context", "contexts"), ("moed", "mode"), ("zzz", nil), ("", nil),
        ] as [(String, String?)])
    func spelling(typed: String, expected: String?) {
        #expect(Spelling.nearest(to: typed, among: ["contexts", "default", "mode"]) == expected)
    }
}
