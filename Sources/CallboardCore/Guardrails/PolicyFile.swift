internal import Backstage
internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Reads policy files. One with a mistake is refused whole: half a policy is another policy.
public enum PolicyFile {
    /// The largest file, in bytes.
    public static let largest = 1 << 20

    /// Reads a file.
    /// - Parameters:
    ///   - path: where it is.
    ///   - tenant: the tenant of whoever signed in, which has to be the policy's; nil when nobody did.
    /// - Returns: the policy, or nil and every mistake.
    public static func read(_ path: String, tenant: String? = nil) -> (policy: Policy?, problems: [ConfigurationProblem]) {
        if let problem = unsafe(path) { return (nil, [ConfigurationProblem(file: path, message: problem)]) }
        let bytes: [UInt8]
        do throws(LocalFile.Fault) { bytes = try LocalFile.read(path, limit: largest) } catch {
            return (nil, [ConfigurationProblem(file: path, message: error.message)])
        }
        return parse(bytes, file: path, tenant: tenant)
    }

    /// Reads a file and refuses it when anything is wrong with it.
    /// - Throws: ``OperatorError`` of kind usage that names the first mistake with file and line, and the way out.
    public static func load(_ path: String, tenant: String? = nil) throws(OperatorError) -> Policy {
        let (policy, problems) = read(path, tenant: tenant)
        if let policy { return policy }
        let more = problems.count > 1 ? " There are \(problems.count - 1) more." : ""
        throw OperatorError(
            .usage, "The policy cannot be used, and without it nothing is allowed: \(problems.first?.description ?? path)",
            hint: "Correct it;\(more) 'callboard policy lint \(path)' lists everything.")
    }

    /// Reads a policy's text.
    public static func parse(_ bytes: [UInt8], file: String, tenant: String? = nil) -> (policy: Policy?, problems: [ConfigurationProblem]) {
        var limits = YAMLLimits()
        limits.fileBytes = largest
        limits.documentBytes = largest
        limits.values = 50_000
        var reader = PolicyReader(file: file)
        var documents = 0
        for document in YAMLDocuments(bytes, limits: limits) {
            documents += 1
            switch document {
            case .failure(let fault): reader.report(fault.line, fault.message)
            case .success(let root):
                if documents == 1 { reader.read(root) } else { reader.report(root.line, "a policy is one document; this is another") }
            }
        }
        if documents == 0 { reader.report(1, "the file is empty; a policy begins with 'version: 1'") }
        if let tenant, let named = reader.policy.tenant, tenant.lowercased() != named {
            reader.report(1, "the policy is for the tenant \(named), and you are signed in to \(tenant)")
        }
        reader.policy.digest = StatementDigest(bytes).hexadecimal
        return (reader.problems.isEmpty ? reader.policy : nil, reader.problems)
    }

    /// Why a file that others can change is no policy; nil when only its owner can.
    private static func unsafe(_ path: String) -> String? {
        // What cannot be looked at cannot be read either, and reading says why.
        guard let status = try? Stat(path) else { return nil }
        if status.permissions.rawValue & 0o022 != 0 { return "others may write to it; run chmod go-w on it" }
        guard [geteuid(), 0].contains(status.userID.rawValue) else {
            return "it belongs to another user (number \(status.userID.rawValue)), who may write to it; make a copy of your own"
        }
        return nil
    }
}

extension OperatorContext {
    /// The context as whoever acts sees it: for agents masking is on outside of emulators, whatever the configuration says. Where nobody signed in and it
    /// is not known who will answer, it is as configured: it may be a person.
    /// - Parameter environment: of the process, which may say that an agent acts.
    func masked(for acting: ActingIdentity, environment: [String: String], isEmulator: Bool) -> OperatorContext {
        let isProgram = if case .program = acting { true } else { false }
        guard !isEmulator, isProgram || PolicyCaller.local(environment, isAgent: isAgent).isAgent else { return self }
        var context = self
        context.masking.isEnabled = true
        return context
    }

    /// The context with what its policy hides of messages added to what it hides itself.
    /// - Throws: ``OperatorError`` when its policy cannot be used: what should be hidden is not known then.
    public func withPolicyMasks() throws(OperatorError) -> OperatorContext {
        guard let policyPath else { return self }
        var context = self
        context.masking = try PolicyFile.load(policyPath).masking(addedTo: masking)
        return context
    }
}
