import CallboardCore
import Identity
import ServiceBus

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
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
        let bytes = try Interruption.shared.lendInterrupts { () throws(OperatorError) in
            try PrivateFile.edited(Array(text.utf8)) { file throws(OperatorError) in try open(file) }
        }
        guard let new = String(validating: bytes, as: UTF8.self) else {
            throw OperatorError(.usage, "The edited body is not text in UTF-8.", hint: "Edit it again.")
        }
        guard new != text else {
            throw OperatorError(.cancelled, "The body was left as it was: nothing was done.", hint: "Without --edit it is sent as it is.")
        }
        return try BodyEditing.body(new, like: message)
    }

    /// The operator's editor: a program and its arguments, without a shell between.
    private static func editor(_ variables: [String: String]) -> [String] {
        let words = variables["VISUAL"] ?? variables["EDITOR"] ?? ""
        let parts = words.split(separator: " ").map { String($0) }
        return parts.isEmpty ? ["vi"] : parts
    }

    /// Opens a file in the editor, and waits for its end.
    private static func open(_ file: String) throws(OperatorError) {
        let variables = ProcessInfo.processInfo.environment
        let words = editor(variables) + [file]
        let program = words.first ?? "vi"
        var child = ChildStart(program, words)
        child.variables = variables.map { "\($0)=\($1)" }
        let (pid, error) = child.start()
        guard error == 0 else {
            throw OperatorError(
                .usage, "The editor '\(program)' cannot be started: \(String(cString: strerror(error))).",
                hint: "Set EDITOR to another program.")
        }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { break }
        }
        guard status == 0 else { throw OperatorError(.cancelled, "The editor ended with an error: nothing was done.") }
    }
}
