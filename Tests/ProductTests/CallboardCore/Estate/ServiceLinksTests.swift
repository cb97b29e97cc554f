import Backstage
import Testing

@testable import CallboardCore

@Suite("Links of a service")
struct ServiceLinksTests {
    private func links(_ annotations: String, links: String = "[]", rules: BindingRules = .standard) -> [String] {
        let text =
            "apiVersion: v1\nkind: Component\nmetadata: {name: Checkout, namespace: Shop, annotations: {\(annotations)}, links: \(links)}\n"
            + "spec: {type: service, owner: 'group:default/team-a'}\n---\napiVersion: v1\nkind: Group\nmetadata: {name: team-a, annotations: {opsgenie.com/team: 'web team'}}\nspec: {type: team}\n"
        let estate = LoadedEstate(
            catalogue: CatalogueLoader.load(bytes: Array(text.utf8), file: "c.yaml"), rules: rules, host: "localhost", environment: "")
        return (estate.estate.services.first?.links ?? []).map { "\($0.title) \($0.url)" }
    }

    private func rules(_ templates: [String: String] = [:], app: String? = nil) throws -> BindingRules {
        var rules = BindingRules.standard
        rules.onCallLinks = try templates.mapValues { try #require(LinkTemplate($0)) }
        rules.backstageApp = app
        return rules
    }

    @Test("the on-call annotation that decides leads where its template says, percent-encoded; also the owner's")
    func onCall() throws {
        let rules = try rules([
            "pagerduty.com/service-id": "https://contoso.pagerduty.com/service-directory/{value}",
            "opsgenie.com/team": "https://contoso.app.opsgenie.com/teams/{value}/main",
        ])
        #expect(
            links("pagerduty.com/service-id: 'P/1 &?x'", rules: rules)
                == ["On call https://contoso.pagerduty.com/service-directory/P%2F1%20%26%3Fx"])
        #expect(links("", rules: rules) == ["On call https://contoso.app.opsgenie.com/teams/web%20team/main"])
        #expect(links("callboard.dev/on-call: 'R. Osei'", rules: rules) == [])
    }

    @Test("its page in Backstage, its documentation, where the annotations lead; each address once, and only what a browser opens")
    func pages() throws {
        let rules = try rules(app: "https://backstage.example.com")
        #expect(
            links(
                "backstage.io/view-url: 'https://portal/q', backstage.io/source-location: 'url:https://git/x', backstage.io/techdocs-ref: dir:.",
                links: "[{url: 'https://run', title: Runbook}, {url: 'https://portal/q', title: Portal}]", rules: rules)
                == [
                    "Runbook https://run", "Portal https://portal/q",
                    "Backstage https://backstage.example.com/catalog/shop/component/Checkout",
                    "Documentation https://backstage.example.com/docs/shop/component/Checkout", "Source https://git/x",
                ])
        #expect(links("backstage.io/view-url: 'javascript:alert(1)', backstage.io/source-location: 'dir:./x'") == [])
    }

    @Test(
        "a template is an https address with the value once, behind the host",
        arguments: [
            ("https://a.example/{value}", true), ("https://a.example?x={value}", true), ("http://a.example/{value}", false),
            ("https://{value}.example/x", false), ("https://a.example/", false), ("https://a.example/{value}/{value}", false),
            ("https://a.example/{id}", false), ("https://u@a.example/{value}", false), ("https:///{value}", false),
            ("https://a.example/{value} x", false), ("https://a.example/}{value}", false),
        ])
    func templates(text: String, isGood: Bool) { #expect((LinkTemplate(text) != nil) == isGood) }
}
