import Identity
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Signing in: configuration")
struct SignInConfigurationTests {
    private func parse(_ section: String) -> (context: OperatorContext?, problems: [String]) {
        let text =
            "contexts:\n  a:\n    namespace: sb-a.servicebus.windows.net\n"
            + section.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
        let (configuration, problems) = ConfigurationFile.parse(Array(text.utf8), file: "c.yaml", home: "/home/o")
        return (configuration.contexts.first, problems.map(\.description))
    }

    @Test("applications for roles are read, with files relative to the home; mistakes name their line")
    func roleIdentities() {
        let (context, problems) = parse(
            """
            sign-in:
              vault-url: https://127.0.0.1:8443/
              role-identities:
                - {role: receiver, client-id: 11111111-2222-3333-4444-555555555555, token-file: ~/okta}
                - {role: sender, entity: orders, client-id: 21111111-2222-3333-4444-555555555555}
            """)
        #expect(problems == [])
        #expect(context?.signIn?.cloud.keyVault == "https://127.0.0.1:8443")
        #expect(
            context?.signIn?.roleIdentities == [
                RoleIdentity(role: .receiver, clientID: "11111111-2222-3333-4444-555555555555", tokenFile: "/home/o/okta"),
                RoleIdentity(role: .sender, entity: "orders", clientID: "21111111-2222-3333-4444-555555555555"),
            ])
        for (line, words) in [
            ("{role: owner, client-id: a}", "opens everything"), ("{role: receiver}", "needs a 'client-id'"),
            ("{client-id: a}", "needs a 'role'"),
            ("{role: receiver, client-id: a, secret: b}", "'secret' is not known here"),
            ("{role: reader, client-id: a}", "'role' is one of"),
        ] {
            let (_, problems) = parse("sign-in:\n  role-identities:\n    - \(line)")
            #expect(problems.contains { $0.contains(words) }, "\(line): \(problems)")
        }
    }

    @Test("a whole section is read; URLs override the cloud's, whichever stands first")
    func whole() {
        let (context, problems) = parse(
            """
            sign-in:
              login-url: https://127.0.0.1:8443/
              tenant: contoso.onmicrosoft.com
              cloud: china
              client-id: 11111111-2222-3333-4444-555555555555
              credential: managed-identity
              managed-identity-client-id: aaaaaaaa-2222-3333-4444-555555555555
            subscriptions: [bbbbbbbb-2222-3333-4444-555555555555]
            ca-file: ~/ca.pem
            administration-port: 5301
            backstage: {url: 'https://backstage.example.com/', resource: 'api://backstage'}
            """)
        #expect(problems == [])
        var expected = SignInSettings()
        expected.cloud = .china
        expected.cloud.login = "https://127.0.0.1:8443"
        expected.tenant = "contoso.onmicrosoft.com"
        expected.clientID = "11111111-2222-3333-4444-555555555555"
        expected.credential = .managed
        expected.managedIdentityClientID = "aaaaaaaa-2222-3333-4444-555555555555"
        #expect(context?.signIn == expected)
        #expect(context?.subscriptions == ["bbbbbbbb-2222-3333-4444-555555555555"])
        #expect(context?.caFile == "/home/o/ca.pem")
        #expect(context?.administrationPort == 5301)
        #expect(
            context?.backstage == BackstageSettings(url: "https://backstage.example.com", access: .entra(resource: "api://backstage")))
    }

    @Test("'sign-in: true' takes the defaults")
    func shortForm() {
        #expect(parse("sign-in: true").context?.signIn == SignInSettings())
        #expect(parse("sign-in: true").problems == [])
    }

    @Test("a place for signed requests is a namespace and an application; nothing is guessed of either")
    func approvals() {
        let (context, problems) = parse(
            "approvals: {namespace: 'sb://sb-approvals.servicebus.windows.net/', client-id: 11111111-2222-3333-4444-555555555555}")
        #expect(problems == [])
        #expect(
            context?.approvals
                == ApprovalSettings(namespace: "sb-approvals.servicebus.windows.net", clientID: "11111111-2222-3333-4444-555555555555"))
        let half = parse("approvals: {namespace: sb-approvals.servicebus.windows.net}")
        #expect(half.context?.approvals == nil && half.problems.count == 1)
        #expect(parse("approvals: {queue: x, namespace: sb-a, client-id: b}").problems.count == 1)
    }

    @Test(
        "a mistake is told with its line, and never with a token",
        arguments: [
            (
                "sign-in: false", 4, "'sign-in' is true or a mapping; a context that nobody signs in to has a 'connection-string'"
            ),
            ("sign-in: {tenat: x}", 4, "'tenat' is not known here; did you mean 'tenant'?"),
            ("sign-in: {cloud: mars}", 4, "'cloud' is one of public, usgovernment, china"),
            ("sign-in: {tenant: '../x'}", 4, "'tenant' is an id such as 8f5c1f5e-3f6c-4a07-9b53-1c0b8a4f2f11, or a domain"),
            (
                "sign-in: {credential: password}", 4,
                "'credential' is one of chain, login, environment, workload-identity, azure-cli, managed-identity"
            ),
            ("sign-in: {login-url: 'http://login.example.com'}", 4, "'login-url' has to be https: tokens go there"),
            ("sign-in: {graph-url: 'https://a@b'}", 4, "'graph-url' is a base URL, as in https://backstage.example.com"),
            (
                "backstage: {url: 'https://b', token: s3cr3t}", 4,
                "'token' says where the token is, {env: NAME} or {file: PATH}; the token itself has no place in this file"
            ),
            ("backstage: {url: 'https://b', token: {env: A}, resource: x}", 4, "'backstage' takes one of 'token' and 'resource'"),
            ("backstage: {token: {env: A}}", 4, "'backstage' needs the backend's 'url'"),
            ("administration-port: 70000", 4, "'administration-port' is a whole number from 1 to 65535"),
            (
                "sign-in: true\nconnection-string: {env: A}", 2,
                "the context 'a' has a 'connection-string' and a 'sign-in': it takes one of them"
            ),
        ])
    func mistakes(section: String, line: Int, message: String) {
        let problems = parse(section).problems
        #expect(problems.first == "c.yaml:\(line): \(message)")
        #expect(!problems.joined().contains("s3cr3t"))
    }

    @Test(
        "where a namespace is",
        arguments: [
            ("sb-a.servicebus.windows.net", "sb-a.servicebus.windows.net:5671", "https://sb-a.servicebus.windows.net"),
            ("127.0.0.1:5671", "127.0.0.1:5671", "https://127.0.0.1"), ("[::1]:5671", "[::1]:5671", "https://[::1]"),
        ])
    func places(namespace: String, messaging: String, administration: String) throws {
        var context = OperatorContext(name: "a")
        context.endpoint = namespace
        let access = try NamespaceAccess(context, tokens: NoTokens(), identity: "o")
        #expect(access.messaging.description == messaging)
        #expect(access.messaging.isSecure)
        #expect(access.administration.baseURL == administration)
    }

    @Test("what is no place is refused, and so is a context without one", arguments: ["", ":1", "a:0", "a:x", "[::1", "[::1]x"])
    func noPlace(namespace: String) {
        var context = OperatorContext(name: "a")
        context.endpoint = namespace
        #expect(throws: OperatorError.self) { try NamespaceAccess(context, tokens: NoTokens(), identity: "o") }
        context.endpoint = nil
        let error = #expect(throws: OperatorError.self) { try NamespaceAccess(context, tokens: NoTokens(), identity: "o") }
        #expect(error?.code == .usage)
    }

    private struct NoTokens: TokenProvider {
        func token(for audience: String) async throws(IdentityError) -> AccessToken { throw IdentityError(.notSignedIn, "none") }
    }
}
