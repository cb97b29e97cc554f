import Testing

@testable import Sandbox

/// Microsoft Graph: names by ids, and who is in a group.
@Suite struct GraphTests {
    private static let team = CloudSeed.teams[2].1

    /// Asks Graph as somebody of the platform's.
    private func graph(
        _ fixture: CloudFixture, _ method: String = "GET", _ target: String, _ body: String = "", headers: [String: String] = [:]
    ) throws -> CloudResponse {
        var request = CloudRequest(method: method, target: target, host: "127.0.0.1:8443", body: Array(body.utf8))
        request.headers = headers
        request.headers["authorization"] = "Bearer \(try fixture.token(of: CloudSeed.admin.id, for: "https://graph.microsoft.com"))"
        return fixture.cloud.respond(to: request)
    }

    @Test(arguments: ["checkout-app", "", "0e5e1000-0000-4000-8000-00000000000", "0e5e1000000040008000000000000001"])
    func oneMalformedIdHasAllOfThemRefused(_ id: String) throws {
        let fixture = try CloudFixture()
        let good = #"{"ids":["\#(CloudSeed.admin.id)"]}"#
        #expect(try graph(fixture, "POST", "/v1.0/directoryObjects/getByIds", good).list.count == 1)
        let answer = try graph(
            fixture, "POST", "/v1.0/directoryObjects/getByIds", #"{"ids":["\#(CloudSeed.admin.id)","\#(id)"]}"#)
        #expect(answer.status == 400 && answer.code == "Request_BadRequest")
    }

    @Test func peopleAreNamedWithTheAddressTheySignInWith() throws {
        let answer = try graph(
            try CloudFixture(), "POST", "/v1.0/directoryObjects/getByIds", #"{"ids":["\#(CloudSeed.developer.id)"],"types":["user"]}"#)
        #expect(answer.list.first?["userPrincipalName"]?.text == CloudSeed.developer.name)
    }

    @Test func whoIsInAGroupOfAGroupIsInItAndSoIsTheGroup() throws {
        let fixture = try CloudFixture()
        let direct = try graph(fixture, "GET", "/v1.0/groups/\(Self.team)/members")
        #expect(direct.list.compactMap { $0["id"]?.text } == [CloudSeed.nightDesk])
        let all = try graph(fixture, "GET", "/v1.0/groups/\(Self.team)/transitiveMembers?$select=id,userPrincipalName")
        #expect(all.list.compactMap { $0["id"]?.text } == [CloudSeed.developer.id, CloudSeed.nightDesk])
        #expect(all.list.first?["userPrincipalName"]?.text == CloudSeed.developer.name)
        #expect(all.list.first?["@odata.type"]?.text == "#microsoft.graph.user")
        #expect(all.list.first?["displayName"] == nil, "only what was asked for")
        #expect(all.json["@odata.count"] == nil)
    }

    @Test func membersComeInPagesAndAreCountedOnRequest() throws {
        let fixture = try CloudFixture()
        fixture.cloud.directory.members[Self.team] = Set(fixture.cloud.directory.users.map(\.id))
        var target = "/v1.0/groups/\(Self.team)/transitiveMembers?$top=3&$count=true"
        var ids: [String] = []
        var pages = 0
        while true {
            let page = try graph(fixture, "GET", target, headers: ["consistencylevel": "eventual"])
            #expect(page.status == 200)
            #expect(page.json["@odata.count"]?.number == Int64(fixture.cloud.directory.users.count))
            ids += page.list.compactMap { $0["id"]?.text }
            pages += 1
            guard let next = page.json["@odata.nextLink"]?.text, pages < 5 else { break }
            target = String(next.dropFirst(CloudFixture.origin.count))
        }
        #expect(ids == fixture.cloud.directory.users.map(\.id).sorted() && pages == 2)
        #expect(try graph(fixture, "GET", "/v1.0/groups/\(Self.team)/members?$top=1000").status == 400)
        #expect(try graph(fixture, "GET", "/v1.0/groups/\(Self.team)/members?$skiptoken=x").status == 400)
    }

    @Test func whatIsNoGroupHasNoMembersAndTheyCanBeWithheld() throws {
        let fixture = try CloudFixture()
        let person = try graph(fixture, "GET", "/v1.0/groups/\(CloudSeed.admin.id)/transitiveMembers")
        #expect(person.status == 404 && person.code == "Request_ResourceNotFound")
        fixture.cloud.switches.groupMembersForbidden = true
        let answer = try graph(fixture, "GET", "/v1.0/groups/\(Self.team)/transitiveMembers")
        #expect(answer.status == 403 && answer.code == "Authorization_RequestDenied")
        #expect(try graph(fixture, "GET", "/v1.0/directoryObjects/\(CloudSeed.admin.id)").status == 200, "names are another right")
    }

    @Test func groupsThatContainEachOtherEnd() {
        var directory = TenantDirectory()
        directory.members = ["a": ["b", "x"], "b": ["a", "y"]]
        #expect(directory.transitiveMembers(of: "a") == ["b", "x", "y"])
    }
}
