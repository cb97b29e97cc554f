import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The catalogues of other organisations, read in place.
enum CatalogueVectors {
    /// The folder, from `CALLBOARD_VECTORS` or beside the package.
    static let folder: String = {
        if let folder = ProcessInfo.processInfo.environment["CALLBOARD_VECTORS"] { return folder + "/backstage" }
        // …/Tests/ProductTests/Backstage/CatalogueVectors.swift: the package is four levels up.
        let package = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        return "/" + package + "/../shared/vectors/backstage"
    }()

    static var exist: Bool { FileManager.default.fileExists(atPath: folder) }
    static let areMissing: Comment = "the test vectors are not here; set CALLBOARD_VECTORS to their folder"
}

@Suite("Catalogue vectors")
struct CatalogueVectorTests {
    @Test("are present where everything must run")
    func present() {
        guard ProcessInfo.processInfo.environment["CI"] == "true" else { return }
        #expect(CatalogueVectors.exist, CatalogueVectors.areMissing)
    }
}
