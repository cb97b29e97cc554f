import CallboardCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Reads a file an operator named.
enum InputFile {
    /// The largest that is read, in bytes: what Service Bus takes as one message on its premium tier.
    static let largest = 104_857_600

    /// The whole path of a file, which a job keeps: it may be gone on with from another folder.
    /// - Throws: ``OperatorError`` of kind usage when there is no such file.
    static func absolute(_ path: String) throws(OperatorError) -> String {
        guard let whole = realpath(path, nil) else {
            throw OperatorError(.usage, "Cannot read \(path): \(String(cString: strerror(errno))).", hint: "Check the path.")
        }
        defer { free(whole) }
        return String(cString: whole)
    }

    /// The bytes of a file, or of standard input for `-`.
    /// - Parameter advice: what to do when it is too large.
    /// - Throws: ``OperatorError`` of kind usage that names the file.
    static func read(_ path: String, ifTooLarge advice: String = "Check the file.") throws(OperatorError) -> [UInt8] {
        let descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw OperatorError(.usage, "Cannot read \(path): \(String(cString: strerror(errno))).", hint: "Check the path.")
        }
        defer { if descriptor > 0 { close(descriptor) } }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = chunk.withUnsafeMutableBytes { systemRead(descriptor, $0) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw OperatorError(.usage, "Cannot read \(path): \(String(cString: strerror(errno))).", hint: "Check the file.")
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= largest else {
                throw OperatorError(.usage, "\(path) is larger than the \(largest) bytes that are read at once.", hint: advice)
            }
        }
    }
}

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    read(descriptor, buffer.baseAddress, buffer.count)
}
