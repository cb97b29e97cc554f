internal import CallboardCore
internal import FuzzSupport
internal import ServiceBus

/// A pattern, a path and content from arbitrary bytes, with zero bytes between them: masked or withheld, never a trap.
///
/// - What is shown is of its format still: masked again it is not withheld.
/// - A secret behind a hidden name, in JSON, in XML and at the start of a text, and an address that stands by itself, are not in what is shown.
func fuzzMasking(_ input: [UInt8]) {
    let parts = input.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
    var settings = MaskingSettings()
    if parts.count > 1, let pattern = try? MaskingPattern(name: "p", String(decoding: parts[0], as: UTF8.self)) {
        settings.patterns = [pattern]
    }
    if parts.count > 2, let path = try? MaskingPath(String(decoding: parts[1], as: UTF8.self)) { settings.paths = [path] }
    let masker = Masker(settings)
    let content = Array(parts.last ?? [])
    let again = masker.masked(masker.masked(content))
    hold(again != withheld || masker.masked(content) == withheld, "what is shown is not of its format any more")
    _ = masker.masked(String(decoding: content, as: UTF8.self))

    if holdsSecret(content) { return }
    check(masker, Array(#"{"password": "canary7@secret.example", "text": ""#.utf8) + content + Array(#""}"#.utf8))
    check(masker, Array("<a><password>canary7@secret.example</password><b>".utf8) + content + Array("</b></a>".utf8))
    check(masker, content + Array(" canary7@secret.example ".utf8))
    // No address: only the name beside it, or the element it is in, says that it is hidden.
    if holdsWord(content) { return }
    checkWord(
        masker, Array(#"{"value": "canary7word", "key": "password", "value": "canary7word", "text": ""#.utf8) + content + Array(#""}"#.utf8)
    )
    checkWord(masker, Array(#"{"password": ["canary7word", {"a": "canary7word"}], "text": ""#.utf8) + content + Array(#""}"#.utf8))
    checkWord(
        masker,
        Array("<a><e><value>canary7word</value><key>pin</key><value>canary7word</value></e><pin n='canary7word'/><b>".utf8) + content
            + Array("</b></a>".utf8))
    checkWord(masker, Array("x password=\"canary7word\" ".utf8) + content)
    checkWord(masker, Array("x \"pin\":{\"a\":[\"canary7word\"]} <w:pin a=\"canary7word\"><b>canary7word</b></w:pin> ".utf8) + content)
}

private func checkWord(_ masker: Masker, _ content: [UInt8]) { hold(!holdsWord(masker.masked(content)), "a word is shown") }

private func check(_ masker: Masker, _ content: [UInt8]) { hold(!holdsSecret(masker.masked(content)), "a secret is shown") }

private let withheld = Array(Redaction.withheldBody.utf8)
private let secret = Array("canary7@secret".utf8)

private let word = Array("canary7word".utf8)

private func holdsSecret(_ bytes: [UInt8]) -> Bool { holds(bytes, secret) }
private func holdsWord(_ bytes: [UInt8]) -> Bool { holds(bytes, word) }

private func holds(_ bytes: [UInt8], _ text: [UInt8]) -> Bool {
    guard bytes.count >= text.count else { return false }
    return (0...bytes.count - text.count).contains { bytes[$0...].starts(with: text) }
}
