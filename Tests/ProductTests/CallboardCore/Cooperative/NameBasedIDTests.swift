import AzureResources
import Testing

@testable import CallboardCore

@Suite("GUIDs that are made from names") struct NameBasedIDTests {
    @Test("they are those of RFC 9562, appendix A.4")
    func published() {
        // The space of DNS names.
        let space: [UInt8] = [0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8]
        #expect(NameBasedID.make("www.example.com", in: space) == GUID("2ed6657d-e927-568b-95e1-2665a8aea6a2"))
    }

    @Test("what is made of a request's id for another purpose is not the name of its role")
    func apart() {
        let request = GUID("0e900000-0000-4000-8000-000000000001")
        let others = [NameBasedID.of(request.canonical), NameBasedID.of("callboard:narrowed:\(request.canonical)")]
        #expect(Set(others + [NameBasedID.assignment(for: request)]).count == 3)
        #expect(NameBasedID.of("a") == NameBasedID.of("a") && NameBasedID.of("a").isWellFormed)
    }
}
