import CallboardCore
import ServiceBus

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Editing a body in the operator's editor.
enum BodyEdit {
    /// Opens the body of the one message that is meant.
    /// - Throws: ``OperatorError``: more than one is meant, the body cannot be edited, or it was left as it was.
    static func edited(
        _ choice: MessageChoice, of path: EntityPath, in workspace: Workspace
    ) async throws(OperatorError) -> OutgoingMessage.Body {
        guard case .numbers(let numbers, _) = choice, numbers.count == 1, let number = numbers.first else {
            throw OperatorError(.usage, "--edit is for one message.", hint: "Name it with --seq.")
        }
        let found = try await workspace.peek(path, from: number, count: 1).first
        guard let message = found, message.sequenceNumber == number else {
            throw OperatorError(.notFound, "There is no message #\(number) in \(path.displayName).", entity: path)
        }
        let text = try BodyEditing.text(of: message)
        let bytes = try PrivateFile.edited(Array(text.utf8)) { file throws(OperatorError) in try run(editor + [file]) }
        guard let new = String(validating: bytes, as: UTF8.self) else {
            throw OperatorError(.usage, "The edited body is not text in UTF-8.", hint: "Edit it again.")
        }
        guard new != text else {
            throw OperatorError(.cancelled, "The body was left as it was: nothing was done.", hint: "Without --edit it is sent as it is.")
        }
        return try BodyEditing.body(new, like: message)
    }

    /// The operator's editor: a program and its arguments, without a shell between.
    private static var editor: [String] {
        let words = (getenv("VISUAL") ?? getenv("EDITOR")).map { String(cString: $0) } ?? ""
        let parts = words.split(separator: " ").map { String($0) }
        return parts.isEmpty ? ["vi"] : parts
    }

    private static func run(_ arguments: [String]) throws(OperatorError) {
        var pid: pid_t = 0
        let words = arguments.map { strdup($0) }
        defer { for word in words { free(word) } }
        let error = arguments.first.map { posix_spawnp(&pid, $0, nil, nil, words + [nil], environ) } ?? ENOENT
        guard error == 0 else {
            throw OperatorError(
                .usage, "The editor '\(arguments.first ?? "")' cannot be started: \(String(cString: strerror(error))).",
                hint: "Set EDITOR to another program.")
        }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { break }
        }
        guard status == 0 else { throw OperatorError(.cancelled, "The editor ended with an error: nothing was done.") }
    }
}
