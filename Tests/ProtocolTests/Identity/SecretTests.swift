import Testing

@testable import Identity

@Suite("A secret")
struct SecretTests {
    @Test("shows nothing, however it is printed")
    func isNotPrinted() {
        let secret = Secret("hunter2")
        var dumped = ""
        dump(secret, to: &dumped)
        struct Holder { let secret: Secret }
        var dumpedInside = ""
        dump(Holder(secret: secret), to: &dumpedInside)
        let texts = [
            secret.description, secret.debugDescription, String(describing: secret), String(reflecting: secret),
            String(describing: [secret]), String(describing: Holder(secret: secret)), String(describing: secret as Any), dumped,
            dumpedInside,
        ]
        for text in texts {
            #expect(!text.contains("hunter2"))
            // As a word: the name of a local type holds an address, in whose digits anything may stand.
            let words = text.split { !$0.isLetter && !$0.isNumber }
            #expect(!words.contains("104"), "not even as bytes: \(text)")
        }
        #expect(Mirror(reflecting: secret).children.isEmpty)
    }

    @Test("gives its bytes and its text to those who ask for them by name")
    func isRevealed() {
        let secret = Secret("pässword")
        #expect(secret.withRevealedText { $0 } == "pässword")
        #expect(secret.withUnsafeBytes { Array($0) } == Array("pässword".utf8))
        #expect(secret.count == 9)
        #expect(!secret.isEmpty)
        #expect(Secret("").isEmpty)
        #expect(Secret("").withRevealedText { $0 } == "")
    }

    @Test("passes on what the reader throws")
    func passesErrorsOn() {
        #expect(throws: IdentityError(.expired, "late")) {
            try Secret("x").withRevealedText { _ throws(IdentityError) in throw IdentityError(.expired, "late") }
        }
    }

    @Test("is compared by its bytes")
    func isCompared() {
        #expect(Secret("abc").isEqual(to: Secret("abc")))
        #expect(!Secret("abc").isEqual(to: Secret("abd")))
        #expect(!Secret("abc").isEqual(to: Secret("abcd")))
        #expect(Secret("").isEqual(to: Secret("")))
    }
}
