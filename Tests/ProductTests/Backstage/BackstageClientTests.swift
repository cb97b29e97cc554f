import NIOCore
import RESTClient
import Synchronization
import Testing

@testable import Backstage

@Suite("Backstage over REST")
struct BackstageClientTests {
    private static let empty = #"{"items":[],"totalItems":0,"pageInfo":{}}"#

    @Test("a list is asked for with filter, fields, limit, order and text")
    func query() async throws {
        let backend = ScriptedBackend(Self.empty)
        var query = CatalogueQuery(
            filter: CatalogueFilter(anyOf: [
                [.init("kind", "component"), .init("spec.type", "service")], [.init("metadata.annotations.azure-service-bus/queues")],
            ]))
        query.fields = ["kind", "metadata.name"]
        query.limit = 20
        query.order = [.init("metadata.name"), .init("spec.type", isDescending: true)]
        query.text = "a b&c"
        _ = try await backend.client().firstPage(of: query)
        #expect(
            backend.paths == [
                "/entities/by-query?filter=kind%3Dcomponent%2Cspec.type%3Dservice&filter=metadata.annotations.azure-service-bus%2Fqueues&fields=kind%2Cmetadata.name"
                    + "&limit=20&orderField=metadata.name%2Casc&orderField=spec.type%2Cdesc&fullTextFilterTerm=a%20b%26c"
            ])
    }

    @Test("a filter that cannot be written is refused before anything is sent")
    func commas() async throws {
        let backend = ScriptedBackend(Self.empty)
        await #expect(throws: BackstageError.self) {
            try await backend.client().firstPage(
                of: CatalogueQuery(filter: CatalogueFilter(anyOf: [[.init("metadata.name", "a,kind=user")]])))
        }
        #expect(backend.requests.isEmpty)
    }

    @Test("with a cursor neither filter nor order is repeated")
    func cursor() async throws {
        let backend = ScriptedBackend(Self.empty)
        _ = try await backend.client().page(at: CatalogueCursor("eyJvcmRlckZpZWxkcyI6W119"), fields: ["kind"], limit: 5)
        #expect(backend.requests.map(\.method) == [.get])
        #expect(backend.paths == ["/entities/by-query?cursor=eyJvcmRlckZpZWxkcyI6W119&fields=kind&limit=5"])
    }

    @Test(
        "a cursor that holds a predicate goes back by POST",
        arguments: ["eyJxdWVyeSI6eyJraW5kIjoiYXBpIn0sIm8iOiI/Pz8ifQ==", "eyJxdWVyeSI6eyJraW5kIjoiYXBpIn0sIm8iOiI_Pz8ifQ"])
    func predicateCursor(text: String) async throws {
        let backend = ScriptedBackend(Self.empty)
        _ = try await backend.client().page(at: CatalogueCursor(text), fields: ["kind"], limit: 5)
        #expect(backend.requests.map(\.method) == [.post])
        #expect(backend.paths == ["/entities/by-query"])
        #expect(backend.bodies == [#"{"cursor":"\#(text)","fields":["kind"],"limit":5}"#])
    }

    @Test("references are looked up in chunks, and stay in order with what is missing")
    func chunks() async throws {
        let catalogue = LivingCatalogue((0..<1_200).map { "c\($0)" })
        catalogue.state.withLock { $0.vanished = ["c3", "c777"] }
        let backend = catalogue.backend()
        let refs = (0..<1_200).map { EntityRef(kind: "Component", name: "c\($0)") }
        let lookup = try await backend.client().entities(refs)
        #expect(backend.requests.count == 3)
        #expect(lookup.records.map { $0?.entity.ref } == refs.map { ["c3", "c777"].contains($0.name) ? nil : $0 })
    }

    @Test("a request of references stays below what backends take")
    func longReferences() {
        let refs = (0..<500).map { EntityRef(kind: "Resource", name: String(repeating: "x", count: 400) + "\($0)") }
        var rest = refs[...]
        var sizes: [Int] = []
        while !rest.isEmpty {
            let chunk = BackstageClient.chunk(rest)
            sizes.append(chunk.reduce(0) { $0 + $1.description.utf8.count + 3 })
            rest = rest[chunk.endIndex...]
        }
        #expect(sizes.count == 4)
        #expect(sizes.allSatisfy { $0 <= BackstageClient.refBytesAtOnce })
        // One that is too long by itself is sent all the same.
        #expect(BackstageClient.chunk([EntityRef(kind: "a", name: String(repeating: "x", count: 70_000))]).count == 1)
    }

    @Test("an answer with another entity than was asked for, or another number of them, is refused")
    func misplaced() async throws {
        let ref = EntityRef(kind: "Component", name: "a")
        for body in [#"{"items":[{"kind":"Component","metadata":{"name":"b"}}]}"#, #"{"items":[]}"#, #"{"entities":[]}"#] {
            let error = await #expect(throws: BackstageError.self) { try await ScriptedBackend(body).client().entities([ref]) }
            #expect(error?.code == .unreadable)
        }
    }

    @Test("an entity is read by its name, in lower case and encoded")
    func byName() async throws {
        let backend = ScriptedBackend(#"{"apiVersion":"v1","kind":"Component","metadata":{"name":"A b","etag":"7"}}"#)
        let lookup = try await backend.client().entity(EntityRef(kind: "Component", name: "A b"))
        #expect(backend.paths == ["/entities/by-name/component/default/a%20b"])
        #expect(lookup.records.first??.etag == "7")
        #expect(
            lookup.problems.map(\.message) == [
                "component:default/a b: the name 'A b' is not one Backstage allows (63 letters, digits, '-', '_', '.')"
            ])
        #expect(lookup.problems.map(\.line) == [nil])
    }

    @Test("a name that would lead elsewhere is not asked for", arguments: [".", ".."])
    func dots(name: String) async throws {
        let backend = ScriptedBackend("{}")
        let error = await #expect(throws: BackstageError.self) {
            try await backend.client().entity(EntityRef(kind: "Component", name: name))
        }
        #expect(error?.code == .invalidQuery)
        #expect(backend.requests.isEmpty)
    }

    @Test("locations are listed, and an entity is asked to be read again")
    func locations() async throws {
        let list = ScriptedBackend(
            #"[{"data":{"id":"1","type":"url","target":"https://a"}},{"id":"2","type":"file","target":"b"},{"data":{}}]"#)
        #expect(try await list.client().locations().map(\.target) == ["https://a", "b"])
        let refresh = ScriptedBackend("")
        try await refresh.client().refresh(EntityRef(kind: "Component", name: "A"))
        #expect(refresh.bodies == [#"{"entityRef":"component:default/a"}"#])
        #expect(refresh.paths == ["/refresh"])
    }

    @Test("everybody is notified, critically and under a topic")
    func notification() async throws {
        let backend = ScriptedBackend("[]")
        try await backend.client().notifyAll(title: "t", description: "d\"e", topic: "x")
        #expect(
            backend.bodies == [
                #"{"payload":{"description":"d\"e","severity":"critical","title":"t","topic":"x"},"recipients":{"type":"broadcast"}}"#
            ])
        #expect(backend.requests.map(\.url) == ["https://backstage.example/api/notifications/notifications"])
    }

    @Test("one entity that cannot be read does not take the others with it")
    func broken() async throws {
        let backend = ScriptedBackend(
            #"{"items":[{"kind":"Component","metadata":{}},7,{"kind":"Component","metadata":{"name":"a"}}],"pageInfo":{}}"#)
        let page = try await backend.client().firstPage(of: CatalogueQuery())
        #expect(page.records.map(\.entity.ref.name) == ["a"])
        #expect(
            page.problems.map(\.description) == [
                "https://backstage.example: an entity that was left out: 'metadata.name' is missing",
                "https://backstage.example: an entity that was left out: an entity is a mapping, not a text",
            ])
    }

    // MARK: Credentials

    @Test("credentials are asked for with each request, and are in no description")
    func credentials() async throws {
        let backend = ScriptedBackend(Self.empty)
        let client = try backend.client(BackstageAuthorization(.issuedToken) { "Bearer s3cret" })
        _ = try await client.firstPage(of: CatalogueQuery())
        #expect(backend.requests.map { $0.headers["Authorization"] } == ["Bearer s3cret"])
        #expect(!"\(client) \(backend.requests)".contains("s3cret"))
    }

    @Test("without credentials nothing is sent, and the reason is told")
    func noCredentials() async throws {
        struct Refusal: Error, CustomStringConvertible { var description: String { "nobody is signed in" } }
        let backend = ScriptedBackend(Self.empty)
        let error = await #expect(throws: BackstageError.self) {
            try await backend.client(BackstageAuthorization(.issuedToken) { throw Refusal() }).firstPage(of: CatalogueQuery())
        }
        #expect(error?.code == .noCredentials)
        #expect(error?.message == "Cannot list entities at https://backstage.example: there are no credentials for it. nobody is signed in")
        await #expect(throws: BackstageError.self) {
            try await backend.client(BackstageAuthorization(.staticToken) { "Bearer s3cret\nX: y" }).firstPage(of: CatalogueQuery())
        }
        #expect(backend.requests.isEmpty)
    }

    // MARK: Refusals

    private static func refusal(_ status: Int, _ body: String, _ way: BackstageAuthorization.Way = .none, headers: HeaderFields = [:])
        async throws -> BackstageError
    {
        let authorization = way == .none ? BackstageAuthorization.none : BackstageAuthorization(way) { "Bearer s3cret" }
        let backend = ScriptedBackend(body, status: status, headers: headers)
        let error = await #expect(throws: BackstageError.self) { try await backend.client(authorization).firstPage(of: CatalogueQuery()) }
        return try #require(error)
    }

    @Test("an envelope is told without its stack, with the ids to quote")
    func envelope() async throws {
        let error = try await Self.refusal(
            500, #"{"error":{"name":"Error","message":"no database","stack":"at /home/x"},"response":{"statusCode":500}}"#,
            headers: ["X-Request-Id": "abc"])
        #expect(error.code == .failed)
        #expect(error.status == 500)
        #expect(error.name == "Error")
        #expect(error.detail == "no database")
        #expect(error.requestID == "abc")
        let id = try #require(error.correlationID)
        #expect(
            error.message == "Cannot list entities at https://backstage.example: 500 Error: no database (request \(id), their request abc)."
        )
        #expect(!error.description.contains("/home/x"))
    }

    @Test(
        "what is no backend is told from one",
        arguments: [
            (200, "<!doctype html><title>Backstage</title>", BackstageError.Code.notBackstage), (302, "", .notBackstage),
            (401, "<html>", .unauthenticated),
            (403, "", .notAllowed), (404, "not found", .notFound), (200, "{", .unreadable), (200, "{}", .unreadable),
            (429, "{}", .throttled), (502, "", .failed),
            (418, "", .refused),
        ])
    func others(status: Int, body: String, code: BackstageError.Code) async throws {
        let error = try await Self.refusal(status, body)
        #expect(error.code == code)
        #expect(error.status == status)
    }

    @Test("the help for an unknown token names what that way needs at the backend")
    func illegalToken() async throws {
        let body = #"{"error":{"name":"AuthenticationError","message":"Illegal token"}}"#
        let wanted: [BackstageAuthorization.Way: String] = [
            .none: "name a way to sign in", .issuedToken: "type 'jwks'", .staticToken: "type 'static'", .userToken: "sign in again",
            .legacyToken: "type 'legacy'",
        ]
        for way in BackstageAuthorization.Way.allCases {
            let error = try await Self.refusal(401, body, way)
            #expect(error.hint.contains(try #require(wanted[way])), "\(way)")
            #expect(!error.description.contains("s3cret"))
        }
        let swallowed = try await Self.refusal(
            401, #"{"error":{"name":"AuthenticationError","message":"Missing credentials"}}"#, .issuedToken)
        #expect(swallowed.hint.contains("takes the Authorization field away"))
        let restricted = try await Self.refusal(
            403, #"{"error":{"name":"NotAllowedError","message":"This token's access is restricted to plugin(s) 'events'"}}"#, .staticToken)
        #expect(restricted.hint.contains("plugin: catalog"))
    }

    @Test("a list that the backend has forgotten is asked for again")
    func forgottenCursor() async throws {
        let error = try await Self.refusal(400, #"{"error":{"name":"InputError","message":"Malformed cursor: SyntaxError"}}"#)
        #expect(error.code == .refused)
        #expect(error.hint == "The backend was changed while the list was read: try again.")
    }

    @Test("a backend that says 'later' is asked again")
    func later() async throws {
        let backend = ScriptedBackend { (_, number) throws(RESTError) in
            RESTResponse(status: number == 0 ? 429 : number == 1 ? 503 : 200, body: ByteBuffer(string: Self.empty))
        }
        _ = try await backend.client(attempts: 3).firstPage(of: CatalogueQuery())
        #expect(backend.requests.count == 3)
    }

    // MARK: Addresses

    @Test(
        "an address is taken as people copy it",
        arguments: [
            ("https://backstage.example", "https://backstage.example"), ("HTTPS://b.example:7007/sub/", "https://b.example:7007/sub"),
            ("https://b.example/api/catalog/", "https://b.example"), ("http://localhost:7007", "http://localhost:7007"),
            ("http://127.0.0.1:7007", "http://127.0.0.1:7007"),
            ("http://[::1]:7007/api", "http://[::1]:7007"),
        ])
    func addresses(text: String, url: String) throws {
        #expect(try BackstageAddress(text).url == url)
    }

    @Test(
        "an address that would leak or lead nowhere is refused",
        arguments: [
            "", "backstage.example", "ftp://x", "https://", "https://u:p@x", "https://x/?a=b", "https://x#y", "https://x y",
            "https://x\r\nA: b", "http://b.example",
            "http://127.0.0.1.example", "http://10.0.0.1:7007", "http://localhost@b.example", "http://[::1].b.example",
            "http://b.localhost", "https://x:port",
        ])
    func badAddresses(text: String) {
        let error = #expect(throws: BackstageError.self) { try BackstageAddress(text) }
        #expect(error?.code == .invalidAddress)
        #expect(error?.message.contains("u:p") == false)
    }

    @Test("plain HTTP over a network is for those who say so")
    func plainHTTP() throws {
        #expect(try BackstageAddress("http://b.example", allowsPlainHTTP: true).url == "http://b.example")
    }
}
