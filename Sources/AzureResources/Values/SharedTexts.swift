internal import Identity
internal import Synchronization

/// Texts that come again and again in the answers of a service, each held once: an estate of twenty thousand assignments names ten thousand scopes, three
/// roles and two thousand identities, and every schedule names the assignment behind it.
final class SharedTexts: Sendable {
    /// The most texts that are kept. Beyond it further ones are held as often as they come.
    static let most = 200_000
    /// Shorter ones are part of the value that holds them.
    private static let shortest = 16
    /// Longer ones are no ids, and what is kept is not to be as large as a service likes.
    static let longest = 1024

    private let texts = Mutex<Set<String>>([])

    /// The same text, as it came first.
    func shared(_ text: String) -> String {
        // Other texts than those of ASCII can be equal and have other bytes.
        guard (Self.shortest...Self.longest).contains(text.utf8.count), FoldedASCII.isASCII(text) else { return text }
        return texts.withLock { texts in
            if texts.count < Self.most { return texts.insert(text).memberAfterInsert }
            return texts.firstIndex(of: text).map { texts[$0] } ?? text
        }
    }

    /// How many texts are kept.
    var count: Int { texts.withLock { $0.count } }
}

extension CodingUserInfoKey {
    /// Where a decoder has the ``SharedTexts`` of its client.
    static let sharedTexts = CodingUserInfoKey(rawValue: "sharedTexts")
}
