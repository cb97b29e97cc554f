import Testing

@testable import Backstage

@Suite("Catalogue files")
struct CatalogueLoaderTests {
    private func component(_ name: String, _ spec: String = "{type: service}") -> String {
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: \(name)}\nspec: \(spec)\n"
    }

    private func location(_ targets: String...) -> String {
        "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: here}\nspec:\n  targets:\n"
            + targets.map { "    - \($0)\n" }.joined()
    }

    private func names(_ catalogue: Catalogue) -> [String] { catalogue.entities.map(\.ref.name) }

    @Test("a folder is read with the folders in it, in order of name, hidden ones and packages left out")
    func folder() throws {
        let folder = try TemporaryFolder()
        try folder.write("b.yaml", component("b"))
        try folder.write("a/catalog-info.yml", component("a"))
        try folder.write("a/notes.txt", "not: [yaml")
        try folder.write(".git/x.yaml", component("hidden"))
        try folder.write("node_modules/m/x.yaml", component("package"))
        let catalogue = CatalogueLoader.load(paths: [folder.path])
        #expect(names(catalogue) == ["a", "b"])
        #expect(catalogue.problems == [])
    }

    @Test("files that are no catalogue are noted in a folder, and an error when named")
    func notEntities() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("mkdocs.yml", "site_name: docs\n")
        #expect(CatalogueLoader.load(paths: [folder.path]).problems.map(\.severity) == [.note])
        let named = CatalogueLoader.load(paths: [file])
        #expect(named.problems == [LoadProblem(.error, file: file, line: 1, message: "'kind' is missing")])
    }

    @Test("local locations are followed from the file they stand in, once, in a circle too")
    func locations() throws {
        let folder = try TemporaryFolder()
        let root = try folder.write("all.yaml", location("./services/all.yaml", "services", "file:./teams.yaml"))
        try folder.write("services/all.yaml", location("../all.yaml", "checkout.yaml").replacing("name: here", with: "name: there"))
        try folder.write("services/checkout.yaml", component("checkout"))
        try folder.write("services/billing.yaml", component("billing"))
        try folder.write("teams.yaml", "apiVersion: v1\nkind: Group\nmetadata: {name: team-a}\nspec: {type: team, children: []}\n")
        let catalogue = CatalogueLoader.load(paths: [root, root])
        #expect(catalogue.problems == [])
        #expect(names(catalogue).sorted() == ["billing", "checkout", "here", "team-a", "there"])
    }

    @Test("locations that lead nowhere are reported where they stand")
    func brokenLocations() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "all.yaml", location("./missing.yaml", "./*.yaml", "https://example.com/a.yaml", "{a: b}", "/dev/zero"))
        let problems = CatalogueLoader.load(paths: [file]).problems
        #expect(problems.map(\.line) == [8, 7, 6, 9, 10].sorted())
        #expect(problems.map(\.severity) == [.error, .warning, .note, .warning, .error])
        #expect(problems[0].message.contains("missing.yaml' cannot be followed: there is no such file"))
        #expect(problems[4].message.contains("not a regular file"))
    }

    @Test("symbolic links that lead in a circle end")
    func symbolicLinks() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", component("a"))
        try folder.link("loop", to: folder.path)
        try folder.link("self.yaml", to: "self.yaml")
        try folder.link("again.yaml", to: "a.yaml")
        let catalogue = CatalogueLoader.load(paths: [folder.path])
        #expect(names(catalogue) == ["a"])
        #expect(catalogue.problems == [])
    }

    @Test("a missing path is one error and stops nothing")
    func missing() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("a.yaml", component("a"))
        let catalogue = CatalogueLoader.load(paths: [folder.path + "/none", file])
        #expect(names(catalogue) == ["a"])
        #expect(catalogue.problems.map(\.message) == ["there is no such file"])
    }

    @Test("limits on files, entities and problems are stated")
    func limits() throws {
        let folder = try TemporaryFolder()
        for index in 0..<5 { try folder.write("f\(index).yaml", component("c\(index)")) }
        var limits = CatalogueLoader.Limits()
        limits.files = 3
        var catalogue = CatalogueLoader.load(paths: [folder.path], limits: limits)
        #expect(catalogue.entities.count == 3)
        #expect(catalogue.problems.map(\.message) == ["the catalogue has more than 3 files; this and the rest are left out"])
        limits = CatalogueLoader.Limits()
        limits.entities = 2
        catalogue = CatalogueLoader.load(paths: [folder.path], limits: limits)
        #expect(catalogue.entities.count == 2)
        #expect(catalogue.problems.map(\.message) == ["the catalogue has more than 2 entities; this and the rest are left out"])
        limits = CatalogueLoader.Limits()
        limits.problems = 2
        let many = String(repeating: "kind: [\n---\n", count: 10)
        catalogue = CatalogueLoader.load(bytes: Array(many.utf8), file: "x", limits: limits)
        #expect(catalogue.problems.count == 3)
        #expect(catalogue.problems.last?.message == "… and 8 more problems")
    }
}
