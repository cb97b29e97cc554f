#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

internal import Backstage
internal import Identity
internal import SystemPackage

/// Where a demo runs in which people sign in, so that a second terminal finds the first one's sandbox: a file that only its owner can read, for as long as
/// the demo runs. It names ports and an authority, and no secret.
public struct DemoFile: Hashable, Sendable {
    /// The port of the stand-ins for Entra ID, Azure Resource Manager and Graph.
    public var cloudPort: Int
    /// The port for messages, with TLS.
    public var messagingPort: Int
    /// The port for administration, with TLS.
    public var administrationPort: Int
    /// The authority to trust.
    public var caFile: String
    /// The tenant to sign in to.
    public var tenant: String
    /// The application people sign in through.
    public var clientID: String
    /// The namespace's name at Azure.
    public var namespace: String

    /// Names a demo.
    public init(
        cloudPort: Int, messagingPort: Int, administrationPort: Int, caFile: String, tenant: String, clientID: String, namespace: String
    ) {
        self.cloudPort = cloudPort
        self.messagingPort = messagingPort
        self.administrationPort = administrationPort
        self.caFile = caFile
        self.tenant = tenant
        self.clientID = clientID
        self.namespace = namespace
    }

    /// Where the stand-ins answer.
    public var origin: String { "https://127.0.0.1:\(cloudPort)" }

    /// The context of somebody who signs in there.
    /// - Parameter person: what the context is called after.
    public func context(of person: String) -> OperatorContext {
        var context = OperatorContext(name: "demo-\(person)", environment: "demo", mode: .readWrite, endpoint: "127.0.0.1:\(messagingPort)")
        context.administrationPort = administrationPort
        context.serviceHost = "\(namespace).servicebus.windows.net"
        context.caFile = caFile
        var settings = SignInSettings()
        settings.tenant = tenant
        settings.clientID = clientID
        settings.credential = .login
        settings.cloud.login = origin
        settings.cloud.resourceManager = origin
        settings.cloud.graph = origin
        context.signIn = settings
        return context
    }

    // MARK: The file

    /// Where it is for whoever runs this.
    /// - Throws: ``OperatorError`` when not even a home is known.
    public static func path(environment: [String: String]) throws(OperatorError) -> String {
        guard let folder = StateFolder.path(environment: environment) else {
            throw OperatorError(.usage, "There is no place to tell other terminals of the demo.", hint: "Set HOME or XDG_STATE_HOME.")
        }
        return folder + "/demo.json"
    }

    /// Reads it.
    /// - Returns: nil where there is none, or one that somebody else could have written: it would say where tokens are sent.
    public static func read(_ path: String) -> DemoFile? {
        guard let status = try? Stat(path, followTargetSymlink: false), status.type == .regular, status.userID.rawValue == geteuid(),
            status.permissions.rawValue & 0o077 == 0, let bytes = try? LocalFile.read(path, limit: 16 << 10),
            let value = try? JSONValueReader.value(of: bytes)
        else { return nil }
        func port(_ name: String) -> Int? { value[name]?.integer.flatMap { (1...65_535).contains($0) ? Int($0) : nil } }
        func text(_ name: String) -> String? {
            value[name]?.text.flatMap { text in text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value < 0x7f } ? text : nil }
        }
        guard let cloudPort = port("cloudPort"), let messagingPort = port("messagingPort"),
            let administrationPort = port("administrationPort"), let caFile = value["caFile"]?.text, let tenant = text("tenant"),
            let clientID = text("clientId"), let namespace = text("namespace")
        else { return nil }
        return DemoFile(
            cloudPort: cloudPort, messagingPort: messagingPort, administrationPort: administrationPort, caFile: caFile, tenant: tenant,
            clientID: clientID, namespace: namespace)
    }

    /// Writes it, in the place of one that is there, with its folder where that is missing.
    /// - Throws: ``OperatorError`` naming the path.
    public func write(to path: String) throws(OperatorError) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        var parents = ""
        for part in folder.split(separator: "/") {
            parents += "/\(part)"
            mkdir(parents, 0o700)
        }
        var json = JSONWriter()
        json.object { json in
            json.member("cloudPort", Int64(cloudPort))
            json.member("messagingPort", Int64(messagingPort))
            json.member("administrationPort", Int64(administrationPort))
            json.member("caFile", caFile)
            json.member("tenant", tenant)
            json.member("clientId", clientID)
            json.member("namespace", namespace)
        }
        Self.remove(path)
        try TextFile.write(json.bytes + [UInt8(ascii: "\n")], to: path)
    }

    /// Removes it; that there is none is fine.
    public static func remove(_ path: String) { unlink(path) }
}
