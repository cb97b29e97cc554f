import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Scopes of policies")
struct PolicyScopeTests {
    @Test(
        "a pattern fits",
        arguments: [
            ("**", "namespaces/a"), ("**", "namespaces/a/queues/b/$deadletterqueue"),
            ("namespaces/*", "namespaces/a"), ("namespaces/a", "namespaces/A"),
            ("namespaces/**", "namespaces/a/queues/b"), ("namespaces/a/**", "namespaces/a"), ("namespaces/a/**", "namespaces/a/queues/b"),
            ("namespaces/sb-*-prod/queues/*", "namespaces/sb-orders-prod/queues/q"), ("namespaces/*/*/x", "namespaces/a/topics/x"),
            ("namespaces/a/queues/o*s", "namespaces/a/queues/orders"), ("namespaces/a/queues/o*s", "namespaces/a/queues/os"),
            ("namespaces/a/queues/*a*b*", "namespaces/a/queues/xxaxxbxx"),
            ("namespaces/a/queues/q", "namespaces/a/queues/q/$deadletterqueue"),
            ("namespaces/a/queues/q/$DeadLetterQueue", "namespaces/a/queues/q/$deadletterqueue"),
            ("namespaces/a/queues/q/$transfer/$deadletterqueue", "namespaces/a/queues/q/$Transfer/$DeadLetterQueue"),
            ("namespaces/a/queues/x/*", "namespaces/a/queues/x/y"), ("namespaces/a/queues/x/**", "namespaces/a/queues/x/y/z"),
            ("namespaces/a/topics/t/subscriptions/*", "namespaces/a/topics/t/subscriptions/s"),
        ])
    func fits(pattern: String, scope: String) throws {
        #expect(try PolicyScopePattern(pattern).matches(try PolicyScope(parsing: scope), all: true))
    }

    @Test(
        "a pattern does not fit",
        arguments: [
            ("namespaces/*", "namespaces/a/queues/b"), ("namespaces/a", "namespaces/ab"), ("namespaces/a/**", "namespaces/ab/queues/b"),
            ("namespaces/a/queues/*", "namespaces/a/queues/x/y"), ("namespaces/a/queues/*", "namespaces/a/topics/x"),
            ("namespaces/a/queues/*a*b*", "namespaces/a/queues/xxbxxaxx"), ("namespaces/a/queues/o*s", "namespaces/a/queues/o"),
            ("namespaces/a/queues/ab*ba", "namespaces/a/queues/aba"),
            ("namespaces/a/queues/q/$deadletterqueue", "namespaces/a/queues/q"),
            ("namespaces/a/queues/q/$deadletterqueue", "namespaces/a/queues/q/$transfer/$deadletterqueue"),
            ("namespaces/a/queues/q/$transfer/$deadletterqueue", "namespaces/a/queues/q/$deadletterqueue"),
            ("namespaces/a/topics/*", "namespaces/a/topics/t/subscriptions/s"),
        ])
    func doesNotFit(pattern: String, scope: String) throws {
        #expect(try !PolicyScopePattern(pattern).matches(try PolicyScope(parsing: scope), all: false))
    }

    @Test(
        "what can fit nothing is refused",
        arguments: [
            ("", "it is empty"), ("*", "it begins with 'namespaces/', not '*'"),
            ("namespaces", "it names no namespace; write namespaces/NAME"),
            ("namespaces/a/", "between two slashes, or at an end, there is no name"),
            ("namespaces/a//queues/b", "between two slashes, or at an end, there is no name"),
            ("namespaces/a/queue/b", "'queue' is no kind of entity; did you mean 'queues'?"),
            ("namespaces/a/queues", "it names no entity behind 'queues'; write queues/NAME or queues/*"),
            ("namespaces/a/topics/t/subscriptions", "it names no subscription; write subscriptions/NAME or subscriptions/*"),
            ("namespaces/sb.servicebus.windows.net/**", "a namespace is called by the first label of its host, 'sb'"),
            ("namespaces/**/queues/a", "'**' stands for the rest and comes last; for one segment there is '*'"),
            ("namespaces/a/queues/b**", "'**' is a segment by itself, not a part of 'b**'"),
            ("namespaces/a/queues/q/$dlq", "'$dlq' is no sub-queue; there is $deadletterqueue and $transfer/$deadletterqueue"),
            ("namespaces/a/queues/$deadletterqueue/b", "a sub-queue comes last"),
            ("namespaces/a/$deadletterqueue", "a sub-queue is one of an entity; write namespaces/NAME/queues/NAME/$deadletterqueue"),
            ("namespaces/a/queues/$deadletterqueue", "it names no entity behind 'queues'; write queues/NAME or queues/*"),
            ("namespaces/a/queues/q?", "'q?' has characters that no name has (letters, digits, '.', '-', '_' and '~' are allowed)"),
        ])
    func refused(pattern: String, message: String) {
        #expect(throws: PolicyScopePattern.Problem(message)) { try PolicyScopePattern(pattern) }
    }

    @Test("a scope is about one entity with its sub-queue, of one namespace, whatever the case")
    func isAbout() throws {
        let host = "sb-retail.servicebus.windows.net"
        let dead = try EntityPath.queue("Orders").deadLetter
        let scope = PolicyScope(namespace: host, entity: dead, kind: .queue)
        #expect(scope.isAbout(try .queue("orders").deadLetter, in: host.uppercased()))
        #expect(!scope.isAbout(try .queue("orders"), in: host))
        #expect(!scope.isAbout(try .queue("orders2").deadLetter, in: host))
        #expect(!scope.isAbout(dead, in: "sb-other.servicebus.windows.net"))
        #expect(!PolicyScope(namespace: host).isAbout(dead, in: host))
    }

    @Test("entities have the scopes that policies call them by")
    func entities() throws {
        let host = "sb-retail.servicebus.windows.net:5671"
        #expect(PolicyScope(namespace: host).description == "namespaces/sb-retail")
        #expect(
            PolicyScope(namespace: host, entity: try .queue("Orders/EU"), kind: .queue).description
                == "namespaces/sb-retail/queues/Orders/EU")
        let dead = try EntityPath.subscription(topic: "events", name: "billing").deadLetter
        #expect(
            PolicyScope(namespace: host, entity: dead, kind: .unknown).description
                == "namespaces/sb-retail/topics/events/subscriptions/billing/$deadletterqueue")
        let typed = try PolicyScope(parsing: "namespaces/sb-retail/topics/events/subscriptions/billing/$deadletterqueue")
        #expect(PolicyScope(namespace: host, entity: dead, kind: .topic) == typed)
    }

    @Test(
        "a namespace is called by the first label of its host",
        arguments: [
            ("sb-retail.servicebus.windows.net", "sb-retail"), ("localhost", "localhost"), ("localhost:5672", "localhost"),
            ("127.0.0.1:5672", "127.0.0.1"), ("[::1]:5672", "--1"), ("::1", "--1"), ("", ""),
        ])
    func names(host: String, name: String) { #expect(PolicyScope.name(ofHost: host) == name) }

    @Test("a pattern made to be slow is not")
    func hostile() throws {
        let pattern = try PolicyScopePattern("namespaces/a/queues/" + String(repeating: "a*", count: 280) + "b")
        let scope = try PolicyScope(parsing: "namespaces/a/queues/" + String(repeating: "a", count: 550))
        let took = ContinuousClock().measure { for _ in 0..<100 { #expect(!pattern.matches(scope, all: true)) } }
        #expect(took < .seconds(5))
    }
}
