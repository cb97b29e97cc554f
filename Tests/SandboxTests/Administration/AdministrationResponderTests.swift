import Identity
import ServiceBus
import Testing

@testable import Sandbox

@Suite("The sandbox's administration")
struct AdministrationResponderTests {
    private static let now = WallTime(secondsSince1970: 1_601_368_501)
    private static let root = token("https://127.0.0.1:5300")

    private static func token(
        _ resource: String, keyName: String = "RootManageSharedAccessKey", key: String = "SAS_KEY_VALUE", lifetime: Int = 3600
    ) -> String {
        SharedAccessSignature.generate(
            resource: resource, keyName: keyName, key: Secret(key), expiresAt: now.advanced(by: .seconds(lifetime))
        )
        .withRevealedText { $0 }
    }

    private func ask(
        _ target: String, method: String = "GET", host: String = "127.0.0.1:5300", authorization: String? = root,
        of fixture: NamespaceFixture = .small
    ) async -> AdministrationResponse {
        let responder = AdministrationResponder(
            source: fixture, clock: { Self.now.secondsSince1970 * 1000 }, makeID: { "f688a238-20bd-4784-b2c6-66ca3a0e2791" })
        return await responder.respond(to: AdministrationRequest(method: method, target: target, host: host, authorization: authorization))
    }

    /// The names of all elements of a document, in order, without prefixes.
    private func elements(_ text: String) -> [String] {
        text.matches(of: /<([^\s>\/?]+)/).map { String($0.1.split(separator: ":").last ?? "") }
    }

    // MARK: The service's own words

    @Test("describes a namespace as the service does")
    func namespace() async {
        let response = await ask("/$namespaceinfo?api-version=2017-04")
        #expect(response.status == 200)
        #expect(response.contentType == "application/atom+xml;type=entry;charset=utf-8")
        #expect(response.etag == nil)
        #expect(
            response.body == """
                <entry xmlns="http://www.w3.org/2005/Atom"><id>http://127.0.0.1:5300/$namespaceinfo?api-version=2017-04</id>\
                <title type="text">theatre</title><updated>2020-09-29T08:35:01Z</updated><author><name>theatre</name></author>\
                <link rel="self" href="http://127.0.0.1:5300/$namespaceinfo?api-version=2017-04"></link><content type="application/xml">\
                <NamespaceInfo xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">\
                <CreatedTime>2020-08-19T23:16:51.6Z</CreatedTime><MessagingSKU>Premium</MessagingSKU><MessagingUnits>2</MessagingUnits>\
                <ModifiedTime>2020-08-19T23:16:51.6Z</ModifiedTime><Name>theatre</Name><NamespaceType>Messaging</NamespaceType></NamespaceInfo></content></entry>
                """)
    }

    @Test("lists a queue with the service's defaults as the service does")
    func queueList() async {
        var fixture = NamespaceFixture()
        fixture.queues = [NamespaceFixture.queue("test_queue")]
        let response = await ask("/$Resources/queues?$skip=0&$top=100&api-version=2017-04", of: fixture)
        #expect(response.contentType == "application/atom+xml;type=feed;charset=utf-8")
        let url = "http://127.0.0.1:5300/$Resources/queues?$skip=0&amp;$top=100&amp;api-version=2017-04"
        #expect(
            response.body == """
                <feed xmlns="http://www.w3.org/2005/Atom"><title type="text">Queues</title><id>\(url)</id><updated>2020-09-29T08:35:01Z</updated>\
                <link rel="self" href="\(url)"/><entry xml:base="\(url)"><id>http://127.0.0.1:5300/test_queue?api-version=2017-04</id>\
                <title type="text">test_queue</title><published>2020-09-29T08:34:49Z</published><updated>2020-09-29T08:34:49Z</updated>\
                <author><name>theatre</name></author><link rel="self" href="../test_queue?api-version=2017-04"/><content type="application/xml">\
                <QueueDescription xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">\
                <LockDuration>PT1M</LockDuration><MaxSizeInMegabytes>1024</MaxSizeInMegabytes><RequiresDuplicateDetection>false</RequiresDuplicateDetection>\
                <RequiresSession>false</RequiresSession><DefaultMessageTimeToLive>P10675199DT2H48M5.4775807S</DefaultMessageTimeToLive>\
                <DeadLetteringOnMessageExpiration>false</DeadLetteringOnMessageExpiration>\
                <DuplicateDetectionHistoryTimeWindow>PT10M</DuplicateDetectionHistoryTimeWindow><MaxDeliveryCount>10</MaxDeliveryCount>\
                <EnableBatchedOperations>true</EnableBatchedOperations><SizeInBytes>0</SizeInBytes><MessageCount>0</MessageCount>\
                <IsAnonymousAccessible>false</IsAnonymousAccessible><AuthorizationRules></AuthorizationRules><Status>Active</Status>\
                <CreatedAt>2020-09-29T08:34:49.817Z</CreatedAt><UpdatedAt>2020-09-29T08:34:49.85Z</UpdatedAt><AccessedAt>0001-01-01T00:00:00Z</AccessedAt>\
                <SupportOrdering>true</SupportOrdering><CountDetails xmlns:d2p1="http://schemas.microsoft.com/netservices/2011/06/servicebus">\
                <d2p1:ActiveMessageCount>0</d2p1:ActiveMessageCount><d2p1:DeadLetterMessageCount>0</d2p1:DeadLetterMessageCount>\
                <d2p1:ScheduledMessageCount>0</d2p1:ScheduledMessageCount><d2p1:TransferMessageCount>0</d2p1:TransferMessageCount>\
                <d2p1:TransferDeadLetterMessageCount>0</d2p1:TransferDeadLetterMessageCount></CountDetails>\
                <AutoDeleteOnIdle>P10675199DT2H48M5.4775807S</AutoDeleteOnIdle><EnablePartitioning>false</EnablePartitioning>\
                <EntityAvailabilityStatus>Available</EntityAvailabilityStatus><EnableExpress>false</EnableExpress></QueueDescription></content></entry></feed>
                """)
    }

    @Test("describes a queue with everything set, in the service's order")
    func fullQueue() async {
        let response = await ask("/Orders.Special?enrich=false&api-version=2021-05")
        #expect(response.status == 200)
        #expect(response.etag == "637369652898500000", "the moment of the last change in .NET ticks")
        for part in [
            "<id>http://127.0.0.1:5300/Orders.Special?enrich=false&amp;api-version=2021-05</id>",
            "<title type=\"text\">orders.special</title>",
            "<LockDuration>PT1M30S</LockDuration>", "<DefaultMessageTimeToLive>P14D</DefaultMessageTimeToLive>",
            "<DuplicateDetectionHistoryTimeWindow>P1DT2H3M</DuplicateDetectionHistoryTimeWindow>", "<MessageCount>50022</MessageCount>",
            "<Status>SendDisabled</Status><UserMetadata>owner=\"team a\"&#xD;\nsecond line</UserMetadata><CreatedAt>",
            "<AccessedAt>2023-11-14T22:13:20.12Z</AccessedAt>", "<d3p1:DeadLetterMessageCount>50000</d3p1:DeadLetterMessageCount>",
            "<SizeInBytes>123456789012</SizeInBytes>", "<AutoDeleteOnIdle>PT1H</AutoDeleteOnIdle>",
            "<ForwardDeadLetteredMessagesTo>graveyard</ForwardDeadLetteredMessagesTo><EnableExpress>false</EnableExpress>"
                + "<MaxMessageSizeInKilobytes>256</MaxMessageSizeInKilobytes></QueueDescription>",
        ] {
            #expect(response.body.contains(part), "\(part)")
        }
    }

    @Test("describes subscriptions by their messaging address, with the topic's version")
    func subscription() async {
        let target = "/events/Subscriptions/audit?api-version=2021-05&enrich=False"
        let response = await ask(target)
        #expect(response.etag == "637369652898500000")
        #expect(response.body.contains("<id>sb://127.0.0.1:5300/events/Subscriptions/audit?api-version=2021-05&amp;enrich=False</id>"))
        #expect(!response.body.contains("<author>"))
        #expect(response.body.contains("<ForwardTo>orders</ForwardTo>"))
        #expect(response.body.contains("<UserMetadata>keeps &lt;everything&gt; &amp; more</UserMetadata>"))
        #expect(response.body.contains("<d3p1:ActiveMessageCount>5</d3p1:ActiveMessageCount>"))
    }

    @Test("lists subscriptions and rules with relative links")
    func relativeLinks() async {
        let subscriptions = await ask("/events/subscriptions?$skip=0&$top=100&api-version=2017-04")
        #expect(subscriptions.body.contains("<link rel=\"self\" href=\"subscriptions/audit?api-version=2017-04\"/>"))
        #expect(subscriptions.body.contains("<id>http://127.0.0.1:5300/events/subscriptions/audit?api-version=2017-04</id>"))
        let rules = await ask("/events/subscriptions/audit/rules?$skip=0&$top=100&api-version=2017-04")
        #expect(rules.body.contains("<link rel=\"self\" href=\"rules/$Default?api-version=2017-04\"/>"))
        #expect(
            rules.body.contains(
                "<Filter i:type=\"TrueFilter\"><SqlExpression>1=1</SqlExpression><CompatibilityLevel>20</CompatibilityLevel><Parameters/></Filter>"
                    + "<Action i:type=\"EmptyRuleAction\"/><CreatedAt>2020-09-29T08:34:49.817Z</CreatedAt><Name>$Default</Name></RuleDescription>"
            ))
        let queues = await ask("/$Resources/queues?api-version=2017-04")
        #expect(queues.body.contains("href=\"../txt/.-_123?api-version=2017-04\""))
    }

    @Test("describes every kind of rule")
    func rules() async {
        var fixture = NamespaceFixture.small
        var correlation = AdministeredRule.Correlation()
        correlation.correlationID = "cid"
        correlation.contentType = "text/plain"
        correlation.properties = [
            .init(key: "a", type: .string, value: "x<y"), .init(key: "b", type: .long, value: "5"),
            .init(key: "c", type: .duration, value: "P1D"),
        ]
        fixture.rules = [
            AdministeredRule(
                name: "corr", filter: .correlation(correlation), action: .init("SET x = 1"), createdAt: NamespaceFixture.created),
            AdministeredRule(name: "none", filter: .none, createdAt: NamespaceFixture.created),
            AdministeredRule(name: "sql", filter: .sql(.init("a > 'b'")), createdAt: NamespaceFixture.created),
        ]
        let rule = await ask("/events/subscriptions/audit/rules/CORR?api-version=2021-05", of: fixture)
        #expect(rule.status == 200)
        #expect(
            rule.body.contains(
                """
                <Filter i:type="CorrelationFilter"><CorrelationId>cid</CorrelationId><ContentType>text/plain</ContentType><Properties>\
                <KeyValueOfstringanyType><Key>a</Key><Value i:type="d6p1:string" xmlns:d6p1="http://www.w3.org/2001/XMLSchema">x&lt;y</Value></KeyValueOfstringanyType>\
                <KeyValueOfstringanyType><Key>b</Key><Value i:type="d6p1:long" xmlns:d6p1="http://www.w3.org/2001/XMLSchema">5</Value></KeyValueOfstringanyType>\
                <KeyValueOfstringanyType><Key>c</Key><Value i:type="d6p1:duration" xmlns:d6p1="http://schemas.microsoft.com/2003/10/Serialization/">P1D</Value>\
                </KeyValueOfstringanyType></Properties></Filter><Action i:type="SqlRuleAction"><SqlExpression>SET x = 1</SqlExpression>\
                <CompatibilityLevel>20</CompatibilityLevel><RequiresPreprocessing>true</RequiresPreprocessing></Action>
                """))
        let list = await ask("/events/subscriptions/audit/rules?$skip=1&$top=1", of: fixture)
        #expect(list.body.contains("<Name>none</Name>"))
        #expect(list.body.contains("FalseFilter"))
        #expect(!list.body.contains("<Name>corr</Name>") && !list.body.contains("<Name>sql</Name>"))
    }

    // MARK: Nothing there

    @Test(
        "answers with the empty public list where there is no such entity",
        arguments: [
            "/nowhere?enrich=false&api-version=2017-04", "/nowhere/subscriptions/x?api-version=2017-04", "/events/subscriptions/x",
            "/nowhere/subscriptions",
        ])
    func nothing(target: String) async {
        let response = await ask(target)
        #expect(response.status == 200)
        #expect(response.contentType == "application/atom+xml;type=feed;charset=utf-8")
        #expect(
            response.body == """
                <feed xmlns="http://www.w3.org/2005/Atom"><title type="text">Publicly Listed Services</title><subtitle type="text">This is the list of \
                publicly-listed services currently available.</subtitle><id>uuid:f688a238-20bd-4784-b2c6-66ca3a0e2791;id=1</id>\
                <updated>2020-09-29T08:35:01Z</updated><generator>Service Bus 1.1</generator></feed>
                """)
    }

    @Test(
        "says of rules in so many words that they are not there",
        arguments: [
            ("/events/subscriptions/audit/rules/x", "theatre:Topic:events|audit|x"),
            ("/events/subscriptions/nobody/rules", "theatre:Topic:events|nobody"),
        ])
    func missingRule(target: String, entity: String) async {
        let response = await ask(target)
        #expect(response.status == 404)
        #expect(response.contentType == "application/xml; charset=utf-8")
        #expect(
            response.body == """
                <Error><Code>404</Code><Detail>Entity '\(entity)' was not found. To know more visit https://aka.ms/sbResourceMgrExceptions.  \
                TrackingId:f688a238-20bd-4784-b2c6-66ca3a0e2791_B1, SystemTracker:NoSystemTracker, Timestamp:2020-09-29T08:35:01</Detail></Error>
                """)
    }

    @Test("hosts nothing else", arguments: ["/", "/$Resources/relays", "/$resources", "/%zz", "/$other/x", ""])
    func unknown(target: String) async {
        let response = await ask(target)
        #expect(response.status == 404)
        #expect(response.body.contains("No service is hosted at the specified address. TrackingId:"))
    }

    // MARK: Access

    @Test("is healthy without a token")
    func health() async {
        let response = await ask("/health", authorization: nil)
        #expect(response.status == 200)
        #expect(response.body == #"{"status":"healthy","message":"Service is healthy."}"#)
    }

    @Test(
        "refuses those without a good token, in the service's words",
        arguments: [
            (nil, "claim is empty or token is invalid."), ("", "claim is empty or token is invalid."),
            ("Bearer eyJ.a.b", "claim is empty or token is invalid."),
            ("SharedAccessSignature sr=x", "claim is empty or token is invalid."),
            (token("https://127.0.0.1:5300/other"), "InvalidAudience: The token is for another resource."),
            (token("https://127.0.0.1:5300", key: "wrong"), "InvalidSignature: The token has an invalid signature."),
            (token("https://127.0.0.1:5300", keyName: "nobody"), "InvalidSignature: The token has an invalid signature."),
            (token("https://127.0.0.1:5300", lifetime: 0), "ExpiredToken: The token is expired."),
            (
                token("https://127.0.0.1:5300", keyName: "reader", key: "reader key"),
                "Manage,EntityRead claims required for this operation."
            ),
        ])
    func refused(authorization: String?, words: String) async {
        for (method, target) in [
            ("GET", "/$Resources/queues?$skip=0"), ("GET", "/orders"), ("GET", "/nowhere"), ("DELETE", "/orders"), ("GET", "/$other"),
        ] {
            let response = await ask(target, method: method, authorization: authorization)
            #expect(response.status == 401)
            let path = target.dropFirst().prefix { $0 != "?" }
            let words = method == "DELETE" ? words.replacing("EntityRead", with: "EntityDelete") : words
            #expect(
                response.body == """
                    <Error><Code>401</Code><Detail>\(words) TrackingId:f688a238-20bd-4784-b2c6-66ca3a0e2791_G1, SystemTracker:127.0.0.1:\(path), \
                    Timestamp:2020-09-29T08:35:01</Detail></Error>
                    """)
        }
    }

    @Test(
        "accepts tokens for the namespace, the list or the entity, whatever the scheme",
        arguments: [
            token("sb://127.0.0.1"), token("https://127.0.0.1:5300/"), token("http://127.0.0.1:5300/orders"),
            token("amqps://127.0.0.1:5672"),
        ])
    func accepted(authorization: String) async {
        #expect(await ask("/orders", authorization: authorization).status == 200)
    }

    @Test("knows no other method", arguments: ["POST", "PATCH", "HEAD", "NONSENSE"])
    func otherMethods(method: String) async {
        let response = await ask("/orders", method: method)
        #expect(response.status == 405)
        #expect(response.allow == "GET, PUT, DELETE")
        #expect(response.body.contains("<Code>405</Code><Detail>The specified HTTP verb (\(method)) is not valid. TrackingId:"))
    }

    // MARK: Pages and paths

    @Test(
        "serves pages of a hundred at most",
        arguments: [
            ("", 100, "q100000"), ("?$skip=0&$top=100", 100, "q100000"), ("?$skip=200&$top=100", 50, "q100200"),
            ("?%24skip=249&%24top=10", 1, "q100249"),
            ("?$top=5", 5, "q100000"), ("?$TOP=5&$SKIP=5", 5, "q100005"), ("?$top=1000", 100, "q100000"), ("?$skip=250", 0, ""),
            ("?$skip=9223372036854775807", 0, ""),
            ("?$top=0", 0, ""),
        ])
    func pages(query: String, count: Int, first: String) async {
        let response = await ask("/$Resources/queues\(query)", of: .queues(250))
        #expect(response.status == 200)
        #expect(elements(response.body).count { $0 == "QueueDescription" } == count)
        #expect(
            first.isEmpty || response.body.firstMatch(of: /<entry[^>]*><id>[^<]*<\/id><title type="text">([^<]*)/)?.1 == Substring(first))
    }

    @Test(
        "links to the next page while there is one",
        arguments: [
            ("", "?%24skip=100&amp;%24top=100"), ("?$skip=100&api-version=2021-05", "?%24skip=200&amp;%24top=100&amp;api-version=2021-05"),
            ("?$skip=200", nil), ("?$skip=150&$top=100", nil), ("?$skip=149&$top=100", "?%24skip=249&amp;%24top=100"), ("?$top=0", nil),
        ] as [(String, String?)])
    func nextPage(query: String, next: String?) async {
        let response = await ask("/$Resources/queues\(query)", of: .queues(250))
        let link = response.body.firstMatch(of: /<link rel="next" href="([^"]*)"\/>/).map { String($0.1) }
        #expect(link == next.map { "http://127.0.0.1:5300/$Resources/queues\($0)" })
    }

    @Test("refuses pages that are none", arguments: ["?$skip=-1", "?$top=x", "?$skip=99999999999999999999", "?$top=%zz"])
    func badPages(query: String) async {
        let response = await ask("/$Resources/queues\(query)")
        #expect(response.status == (query.contains("zz") ? 200 : 400))
    }

    @Test(
        "reads paths in any case, from the end",
        arguments: [
            ("/$NAMESPACEINFO", AdministrationRoute.namespaceInfo), ("/$Resources/Queues", .queues), ("/$resources/TOPICS/", .topics),
            ("/Health", .health),
            ("/q", .entity("q")), ("/a/b/c", .entity("a/b/c")), ("//a//b", .entity("a/b")), ("/a%2Fb", .entity("a/b")),
            ("/%71", .entity("q")),
            ("/t/Subscriptions", .subscriptions(topic: "t")), ("/a/b/subscriptions/s", .subscription(topic: "a/b", name: "s")),
            ("/t/SUBSCRIPTIONS/s/RULES", .rules(topic: "t", subscription: "s")),
            ("/a/t/subscriptions/s/Rules/$Default", .rule(topic: "a/t", subscription: "s", name: "$Default")),
            ("/subscriptions", .entity("subscriptions")), ("/rules/x", .entity("rules/x")), ("/", .unknown), ("", .unknown),
            ("/$x", .unknown), ("/%", .unknown),
            ("/%ff", .unknown), ("/%+1", .unknown),
        ])
    func routes(path: String, route: AdministrationRoute) {
        #expect(AdministrationRoute(path: Substring(path)) == route)
    }
}

@Suite("Values in the sandbox's XML")
struct AtomValuesTests {
    @Test(
        "durations",
        arguments: [
            (nil, "P10675199DT2H48M5.4775807S"), (.zero, "PT0S"), (.seconds(60), "PT1M"), (.seconds(13), "PT13S"),
            (.seconds(172_800), "P2D"),
            (.seconds(93_780), "P1DT2H3M"), (.milliseconds(500), "PT0.5S"), (.seconds(3600) + .nanoseconds(100), "PT1H0.0000001S"),
            (.seconds(-90), "-PT1M30S"),
            (.nanoseconds(1), "PT0S"),
        ] as [(Duration?, String)])
    func durations(duration: Duration?, text: String) {
        #expect(AtomValues.lifetime(duration) == text)
    }

    @Test(
        "moments",
        arguments: [
            (nil, "0001-01-01T00:00:00Z"), (1_601_368_498_453, "2020-09-29T08:34:58.453Z"), (1_601_368_498_490, "2020-09-29T08:34:58.49Z"),
            (1_601_368_498_500, "2020-09-29T08:34:58.5Z"), (1_601_368_498_000, "2020-09-29T08:34:58Z"), (-1, "1969-12-31T23:59:59.999Z"),
        ] as [(Int64?, String)])
    func moments(milliseconds: Int64?, text: String) {
        #expect(AtomValues.moment(milliseconds.map { Timestamp(milliseconds: $0) }) == text)
    }

    @Test("versions and dates")
    func versions() {
        #expect(AtomValues.ticks(Timestamp(milliseconds: 1_601_368_492_143)) == "637369652921430000")
        #expect(AtomValues.ticks(Timestamp(milliseconds: .max)) != "")
        #expect(AtomValues.httpDate(Timestamp(milliseconds: 1_601_368_492_143)) == "Tue, 29 Sep 2020 08:34:52 GMT")
        #expect(AtomValues.httpDate(Timestamp(milliseconds: 0)) == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(AtomValues.httpDate(Timestamp(milliseconds: -1)) == "Wed, 31 Dec 1969 23:59:59 GMT")
    }

    @Test(
        "texts are escaped so that they come back as they were, and what XML cannot say is replaced",
        arguments: [
            ("plain", "plain", "plain"), ("a<b>&\"c'", "a&lt;b&gt;&amp;\"c'", "a&lt;b&gt;&amp;&quot;c'"),
            ("\r\n\t", "&#xD;\n\t", "&#xD;&#xA;&#x9;"),
            ("\u{1B}[31m\u{0}", "\u{FFFD}[31m\u{FFFD}", "\u{FFFD}[31m\u{FFFD}"), ("ü😀\u{FFFE}", "ü😀\u{FFFD}", "ü😀\u{FFFD}"),
        ])
    func escaping(text: String, content: String, attribute: String) {
        #expect(XMLWriter.escaped(text, inAttribute: false) == content)
        #expect(XMLWriter.escaped(text, inAttribute: true) == attribute)
    }
}
