public import Identity

/// A connection string: where a namespace is, and what opens it.
///
///     Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=ops;SharedAccessKey=…;EntityPath=orders
///
/// Keys are read without regard to case and order, values may contain `=`, and white space and quotation marks around the whole are
/// forgiven: that is how such strings arrive from portals, secret stores and shells. No error ever repeats a value.
public struct ConnectionString: Sendable {
    /// How the string's holder proves who they are.
    public enum Authentication: Sendable {
        /// With the key of an authorization rule.
        case sharedAccessKey(name: String, key: Secret)
        /// With a signature somebody made for them.
        case sharedAccessSignature(Secret)
        /// Not with this string: somebody has to sign in.
        case none
    }

    /// The host name of the namespace, without brackets if it is an IPv6 address.
    public let host: String
    /// The port in the endpoint, if it has one.
    public let port: Int?
    /// The entity that the string is limited to.
    public let entityPath: EntityPath?
    /// Whether it leads to an emulator or a sandbox: plain TCP and HTTP on this machine or a near one.
    public let usesDevelopmentEmulator: Bool
    /// The port of an emulator's administration interface, from `ManagementPort`. Microsoft's emulator has a fixed one, 5300; a sandbox on any free port says it here.
    public let managementPort: Int?
    /// How the holder proves who they are.
    public let authentication: Authentication
    /// How messages travel, from `TransportType`.
    public let transport: MessagingEndpoint.Transport
    /// Keys that mean nothing to this product, such as `OperationTimeout`. Worth a warning, no reason to stop.
    public let ignoredKeys: [String]

    /// The port where Microsoft's emulator, and the sandbox, speak AMQP without TLS.
    public static let emulatorPort = 5672
    /// The port where Microsoft's emulator, and the sandbox, are administered.
    public static let emulatorManagementPort = 5300
    /// The rule that Microsoft's emulator knows, and the key it has: they are published, and open nothing else.
    public static let emulatorKey = (name: "RootManageSharedAccessKey", key: "SAS_KEY_VALUE")

    /// Reads a connection string.
    /// - Throws: ``ConnectionStringError`` naming the key that is wrong and the way out.
    public init(parsing text: String) throws(ConnectionStringError) {
        let fields = try Fields(text)
        let endpoint = try fields.endpoint()
        usesDevelopmentEmulator = try fields.usesDevelopmentEmulator()
        host = endpoint.host
        port = endpoint.port
        entityPath = try fields.entityPath()
        managementPort = try fields.managementPort()
        transport = try fields.transport()
        authentication = try fields.authentication(usesDevelopmentEmulator: usesDevelopmentEmulator)
        ignoredKeys = fields.ignoredKeys
    }

    /// Where messages are sent and received.
    public var messagingEndpoint: MessagingEndpoint {
        let usual =
            switch (transport, usesDevelopmentEmulator) {
            case (.tcp, true): Self.emulatorPort
            case (.webSocket, true): Self.emulatorManagementPort
            case (.tcp, false): 5671
            case (.webSocket, false): 443
            }
        return MessagingEndpoint(host: host, port: port ?? usual, isSecure: !usesDevelopmentEmulator, transport: transport)
    }

    /// Where the namespace is administered. An emulator's endpoint names its messaging port, so its administration port is one of its own.
    public var administrationEndpoint: AdministrationEndpoint {
        if usesDevelopmentEmulator {
            return AdministrationEndpoint(isSecure: false, host: host, port: managementPort ?? Self.emulatorManagementPort)
        }
        return AdministrationEndpoint(isSecure: true, host: host, port: managementPort)
    }

    /// Who signs tokens with what the string holds; `nil` if it holds nothing to sign with.
    /// - Throws: ``ConnectionStringError`` if the shared access signature in the string is not one.
    public func tokenProvider(clock: WallClock = .system) throws(ConnectionStringError) -> (any TokenProvider)? {
        switch authentication {
        case .sharedAccessKey(let name, let key):
            return SharedAccessKeyCredential(keyName: name, key: key, clock: clock)
        case .sharedAccessSignature(let signature):
            do throws(IdentityError) {
                return try SharedAccessSignatureCredential(signature, clock: clock)
            } catch {
                throw ConnectionStringError(
                    .invalidValue, key: "SharedAccessSignature", problem: error.message, remedy: "Ask for a new one.")
            }
        case .none:
            return nil
        }
    }
}

/// Where messages are sent and received.
public struct MessagingEndpoint: Hashable, Sendable, CustomStringConvertible {
    /// How messages travel.
    public enum Transport: Hashable, Sendable {
        /// AMQP on a connection of its own.
        case tcp
        /// AMQP within a WebSocket, for networks that let nothing but the web through.
        case webSocket
    }

    /// The host name or address, without brackets.
    public var host: String
    /// The TCP port.
    public var port: Int
    /// Whether TLS comes first.
    public var isSecure: Bool
    /// How messages travel.
    public var transport: Transport

    /// An endpoint.
    public init(host: String, port: Int, isSecure: Bool, transport: Transport = .tcp) {
        self.transport = transport
        self.host = host
        self.port = port
        self.isSecure = isSecure
    }

    /// `host:port`.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension ConnectionString: CustomStringConvertible, CustomReflectable {
    /// Where it leads and the name of what opens it; never a key.
    public var description: String {
        let credential =
            switch authentication {
            case .sharedAccessKey(let name, _): "key \(name)"
            case .sharedAccessSignature: "a shared access signature"
            case .none: "no credentials"
            }
        let entity = entityPath.map { ", entity \($0)" } ?? ""
        return "\(messagingEndpoint) with \(credential)\(entity)\(usesDevelopmentEmulator ? ", emulator" : "")"
    }

    /// Nothing but the description, so that `dump` and test reports are as discreet.
    public var customMirror: Mirror { Mirror(self, children: [:], displayStyle: .struct) }
}
