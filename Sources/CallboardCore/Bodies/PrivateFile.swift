#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A file for one program that is run on it, in the folder for temporary files, readable by its owner alone, and removed afterwards.
public enum PrivateFile {
    /// Writes a file, hands out its path, and removes it, whatever happens.
    ///
    /// - Throws: ``OperatorError`` with the system's reason when it cannot be written.
    public static func with<Result>(_ bytes: [UInt8], _ use: (String) -> Result) throws(OperatorError) -> Result {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array((folder.isEmpty ? "/tmp" : folder).utf8).map { CChar(bitPattern: $0) }
        template += "/callboard-XXXXXX".utf8.map { CChar(bitPattern: $0) } + [0]
        // Made with mode 0600, and not there before: nobody can have put a link in its place.
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw fault(folder) }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { unlink(path) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else {
                let error = fault(folder)
                close(descriptor)
                throw error
            }
            rest = rest.dropFirst(written)
        }
        close(descriptor)
        return use(path)
    }

    private static func fault(_ folder: String) -> OperatorError {
        OperatorError(
            .usage, "A temporary file cannot be written to \(folder): \(String(cString: strerror(errno))).",
            hint: "Set TMPDIR to another folder.")
    }
}
