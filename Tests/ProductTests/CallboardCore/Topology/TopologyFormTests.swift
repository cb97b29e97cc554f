import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Files of a topology")
struct TopologyFormTests {
    private func item(_ kind: EntityTarget.Kind, _ name: String, _ values: [String: String] = [:]) throws -> Topology.Item {
        Topology.Item(try EntityTarget(kind, named: name), values)
    }

    private func read(_ text: String, _ file: String = "file.json") throws -> Topology {
        try Topology(parsing: Array(text.utf8), file: file)
    }

    @Test("Bicep: resources with parents, strings escaped, circles cut")
    func bicep() throws {
        let topology = Topology(
            namespace: "contoso",
            items: [
                try item(.queue, "a/b", ["lock-duration": "1m", "requires-session": "true", "max-delivery-count": "5"]),
                try item(.queue, "a-b", ["forward-dead-letters-to": "a/b"]), try item(.topic, "t"), try item(.subscription, "t/s"),
                try item(.rule, "t/s/r", ["filter": "sql", "sql": "x = 'it''s ${y}\n\\'"]),
            ])
        let (text, lost) = topology.text(as: .bicep)
        #expect(lost.isEmpty)
        #expect(
            text == #"""
                param namespaceName string = 'contoso'

                resource namespace 'Microsoft.ServiceBus/namespaces@2022-10-01-preview' existing = {
                  name: namespaceName
                }

                resource queue_a_b 'Microsoft.ServiceBus/namespaces/queues@2022-10-01-preview' = {
                  parent: namespace
                  name: 'a~b'
                  properties: {
                    lockDuration: 'PT1M'
                    maxDeliveryCount: 5
                    requiresSession: true
                  }
                }

                resource queue_a_b_2 'Microsoft.ServiceBus/namespaces/queues@2022-10-01-preview' = {
                  parent: namespace
                  name: 'a-b'
                  properties: {
                    forwardDeadLetteredMessagesTo: 'a/b'
                  }
                  dependsOn: [
                    queue_a_b
                  ]
                }

                resource topic_t 'Microsoft.ServiceBus/namespaces/topics@2022-10-01-preview' = {
                  parent: namespace
                  name: 't'
                  properties: {
                  }
                }

                resource subscription_t_s 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2022-10-01-preview' = {
                  parent: topic_t
                  name: 's'
                  properties: {
                  }
                }

                resource rule_t_s_r 'Microsoft.ServiceBus/namespaces/topics/subscriptions/rules@2022-10-01-preview' = {
                  parent: subscription_t_s
                  name: 'r'
                  properties: {
                    filterType: 'SqlFilter'
                    sqlFilter: {
                      sqlExpression: 'x = \'it\'\'s \${y}\n\\\''
                      compatibilityLevel: 20
                      requiresPreprocessing: false
                    }
                  }
                }

                """#)
        let error = #expect(throws: OperatorError.self) { try read(text, "main.bicep") }
        #expect(error?.hint.contains("az bicep build --file main.bicep") == true)
    }

    @Test(
        "a template's names are worked out from its parameters",
        arguments: [
            ("plain", "plain"), ("[[literal]", "[literal]"), ("[concat(parameters('ns'), '/orders')]", "contoso/orders"),
            ("[format('{0}/{1}', parameters('NS'), 'it''s')]", "contoso/it's"), ("[ concat ( 'a' , concat('b','c') ) ]", "abc"),
            ("[parameters('nobody')]", nil), ("[variables('x')]", nil), ("[concat('a'", "[concat('a'"), ("[format('{2}', 'a')]", nil),
            ("[concat('a') b]", nil),
            ("[concat('a']", nil), ("[", "["), ("[İİİİ]", nil),
        ])
    func expressions(text: String, value: String?) {
        #expect(TemplateExpression(parameters: ["ns": "contoso"]).value(of: text) == value)
    }

    @Test("a template as the portal exports it, nested or flat; what is not taken over is said")
    func template() throws {
        let topology = try read(
            """
            { "parameters": {"ns": {"defaultValue": "contoso", "type": "String"}},
              "resources": [
                {"type": "Microsoft.ServiceBus/namespaces", "name": "[parameters('ns')]", "resources": [
                  {"type": "queues", "name": "nested", "properties": {"lockDuration": "PT30S", "status": "Active"}}]},
                {"type": "Microsoft.ServiceBus/namespaces/queues", "name": "[concat(parameters('ns'), '/a~b')]",
                 "properties": {"requiresSession": true, "maxDeliveryCount": 7, "defaultMessageTimeToLive": "P10675199DT2H48M5.4775807S"}},
                {"type": "Microsoft.ServiceBus/namespaces/topics/subscriptions/rules", "name": "[concat(parameters('ns'), '/t/s/r')]",
                 "properties": {"filterType": "CorrelationFilter", "correlationFilter": {"label": "x", "properties": {"region": "eu"}}}},
                {"type": "Microsoft.ServiceBus/namespaces/authorizationRules", "name": "[concat(parameters('ns'), '/Root')]"},
                {"type": "Microsoft.ServiceBus/namespaces/queues", "name": "[variables('q')]"}]}
            """)
        #expect(topology.namespace == "contoso")
        #expect(
            topology.items == [
                try item(.queue, "a/b", ["requires-session": "true", "max-delivery-count": "7", "default-time-to-live": "forever"]),
                try item(.queue, "nested", ["lock-duration": "30s", "status": "active"]),
                try item(.rule, "t/s/r", ["filter": "correlation", "subject": "x", "properties": "region=eu"]),
            ])
        #expect(topology.notes.count == 2, "\(topology.notes)")
        #expect(topology.notes.contains { $0.contains("authorizationRules is left out") })
        #expect(topology.notes.contains { $0.contains("line 10") })
    }

    @Test("what a form cannot say is said, one sentence for all that it concerns")
    func lost() throws {
        let topology = Topology(
            namespace: "n",
            items: try (1...5).map { try item(.queue, "q\($0)", ["auto-delete-on-idle": "1h", "status": "active"]) } + [
                try item(.rule, "t/s/r", ["filter": "sql", "sql": "a = @b", "parameters": "@b=1"])
            ])
        #expect(
            topology.text(as: .config).lost == [
                "auto-delete-on-idle of q1, q2, q3 and 2 more is not known to Config.json"
            ], "the rule's subscription is not there")
        #expect(topology.text(as: .arm).lost == ["The rule t/s/r is left out: its parameters are not known to templates."])
    }

    @Test("a rule whose properties cannot be read back is left out and said, in every form", arguments: TopologyFormat.allCases)
    func unreadableProperties(format: TopologyFormat) throws {
        let topology = Topology(
            namespace: "n",
            items: [
                try item(.topic, "t"), try item(.subscription, "t/s"),
                try item(.rule, "t/s/r", ["filter": "correlation", "properties": "payload:base64Binary=AAEC"]),
            ])
        let (text, lost) = topology.text(as: format)
        #expect(lost.contains("The rule t/s/r is left out: its properties are of a kind that is not known here."))
        #expect(!text.contains("orrelationFilter"))
    }

    @Test("whatever a service answers where a number or truth value belongs, the file is JSON", arguments: [TopologyFormat.config, .arm])
    func oddValues(format: TopologyFormat) throws {
        let topology = Topology(
            namespace: "n", items: [try item(.queue, "q", ["max-delivery-count": "1}, \"x\": {", "requires-session": "007"])])
        let text = topology.text(as: format).text
        #expect(throws: Never.self) { try PositionedJSON(parsing: Array(text.utf8)) }
        #expect(text.contains(#""1}, \"x\": {""#))
    }

    @Test(
        "what is no topology is said with the file and the line",
        arguments: [
            ("{", "file.json:1:"), ("{\n\"UserConfig\": }", "file.json:2:"), ("{}", "neither"), ("[]", "neither"), ("", "file.json:1:"),
        ])
    func broken(text: String, part: String) {
        let error = #expect(throws: OperatorError.self) { try read(text) }
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
        #expect(error?.exitCode == 2)
    }

    @Test("the form follows from the name")
    func names() {
        #expect(TopologyFormat(file: "x/Config.json") == .config)
        #expect(TopologyFormat(file: "azuredeploy.json") == .arm)
        #expect(TopologyFormat(file: "my.Template.json") == .arm)
        #expect(TopologyFormat(file: "main.BICEP") == .bicep)
    }
}
