internal import Identity

extension ConnectionString {
    /// The keys of a connection string and their raw values. Values stay in here.
    struct Fields {
        private enum Key: String, CaseIterable {
            case endpoint = "Endpoint"
            case hostName = "HostName"
            case sharedAccessKeyName = "SharedAccessKeyName"
            case sharedAccessKey = "SharedAccessKey"
            case sharedAccessSignature = "SharedAccessSignature"
            case entityPath = "EntityPath"
            case useDevelopmentEmulator = "UseDevelopmentEmulator"
            case managementPort = "ManagementPort"
            case transportType = "TransportType"

            init?(_ text: some StringProtocol) {
                let lowercased = text.lowercased()
                guard let key = Self.allCases.first(where: { $0.rawValue.lowercased() == lowercased }) else { return nil }
                self = key
            }
        }

        private var values: [Key: Substring] = [:]
        private(set) var ignoredKeys: [String] = []

        /// Longer than any connection string, short enough to look at every byte.
        private static let longest = 32_768

        init(_ text: String) throws(ConnectionStringError) {
            guard text.utf8.count <= Self.longest else {
                throw ConnectionStringError(
                    .malformed, problem: "The connection string is longer than \(Self.longest) bytes.", remedy: "Copy it once more, alone.")
            }
            let whole = Self.unquoted(Self.trimmed(Substring(text)))
            guard !whole.isEmpty else {
                throw ConnectionStringError(
                    .empty, problem: "The connection string is empty.",
                    remedy: "Copy it from the namespace's shared access policies, or use --context.")
            }
            guard
                !whole.unicodeScalars.contains(where: {
                    $0.properties.generalCategory == .control && $0 != "\n" && $0 != "\r" && $0 != "\t"
                })
            else {
                throw ConnectionStringError(
                    .malformed, problem: "The connection string contains a control character.", remedy: "Copy it once more, as plain text.")
            }
            for (index, part) in whole.split(separator: ";").enumerated() {
                let part = Self.trimmed(part)
                if part.isEmpty { continue }
                guard let equals = part.firstIndex(of: "="), equals > part.startIndex else {
                    throw ConnectionStringError(
                        .malformed, problem: "Part \(index + 1) of the connection string is not of the form Key=Value.",
                        remedy: "It should read 'Endpoint=sb://HOST/;SharedAccessKeyName=…;SharedAccessKey=…'; in a shell, quote the whole."
                    )
                }
                try add(Self.trimmed(part[..<equals]), Self.trimmed(part[part.index(after: equals)...]))
            }
        }

        private mutating func add(_ name: Substring, _ value: Substring) throws(ConnectionStringError) {
            guard let key = Key(name) else {
                // What is in the place of a key can be a part of a secret if the string was cut in two: only words are repeated.
                if name.utf8.count <= 40, name.allSatisfy({ $0.isASCII && ($0.isLetter || $0 == " ") }) { ignoredKeys.append(String(name)) }
                return
            }
            guard values.updateValue(value, forKey: key) == nil else {
                throw ConnectionStringError(
                    .duplicateKey, key: key.rawValue, problem: "The connection string has \(key.rawValue) twice.",
                    remedy: "Leave one of them.")
            }
        }

        // MARK: Values

        private func value(_ key: Key) throws(ConnectionStringError) -> Substring? {
            guard let value = values[key] else { return nil }
            guard !value.isEmpty else {
                throw ConnectionStringError(
                    .missingKey, key: key.rawValue, problem: "\(key.rawValue) has no value in the connection string.",
                    remedy: "Copy the string once more; in a shell, quote it.")
            }
            return value
        }

        func endpoint() throws(ConnectionStringError) -> (host: String, port: Int?) {
            let endpoint = try value(.endpoint)
            let hostName = try value(.hostName)
            if endpoint != nil, hostName != nil {
                throw ConnectionStringError(
                    .conflict, key: "HostName", problem: "The connection string has both Endpoint and HostName.",
                    remedy: "Leave one of them.")
            }
            guard let value = endpoint ?? hostName else {
                throw ConnectionStringError(
                    .missingKey, key: "Endpoint", problem: "The connection string has no Endpoint.",
                    remedy: "It should start with 'Endpoint=sb://NAMESPACE.servicebus.windows.net/'.\(hintAtIgnoredKeys)")
            }
            return try Self.hostAndPort(value, key: endpoint == nil ? .hostName : .endpoint)
        }

        func usesDevelopmentEmulator() throws(ConnectionStringError) -> Bool {
            switch try value(.useDevelopmentEmulator)?.lowercased() {
            case nil, "false": return false
            case "true": return true
            default:
                throw ConnectionStringError(
                    .invalidValue, key: "UseDevelopmentEmulator",
                    problem: "UseDevelopmentEmulator in the connection string is neither true nor false.",
                    remedy: "Write UseDevelopmentEmulator=true for an emulator or a sandbox, or leave it out.")
            }
        }

        func entityPath() throws(ConnectionStringError) -> EntityPath? {
            guard let value = try value(.entityPath) else { return nil }
            do throws(EntityPathError) {
                return try EntityPath(parsing: String(value))
            } catch {
                throw ConnectionStringError(
                    .invalidValue, key: "EntityPath",
                    problem: "EntityPath in the connection string is not the name of a queue, topic or subscription.",
                    remedy: "Write 'queue', 'topic' or 'topic/Subscriptions/name', or leave it out.")
            }
        }

        func managementPort() throws(ConnectionStringError) -> Int? {
            guard let value = try value(.managementPort) else { return nil }
            guard let port = Self.port(value) else {
                throw ConnectionStringError(
                    .invalidValue, key: "ManagementPort", problem: "ManagementPort in the connection string is not a port number.",
                    remedy: "Write a number from 1 to 65535.")
            }
            return port
        }

        /// The names .NET, Java and Python have for the same two transports.
        func transport() throws(ConnectionStringError) -> MessagingEndpoint.Transport {
            switch try value(.transportType)?.lowercased() {
            case nil, "amqp", "amqptcp": return .tcp
            case "amqpwebsockets", "amqpwebsocket", "amqpoverwebsocket": return .webSocket
            default:
                throw ConnectionStringError(
                    .invalidValue, key: "TransportType", problem: "TransportType in the connection string is none that is known.",
                    remedy: "Write AmqpTcp, or AmqpWebSockets for a WebSocket on port 443.")
            }
        }

        func authentication(usesDevelopmentEmulator: Bool) throws(ConnectionStringError) -> Authentication {
            let name = try value(.sharedAccessKeyName)
            let key = try value(.sharedAccessKey)
            let signature = try value(.sharedAccessSignature)
            if let signature {
                guard name == nil, key == nil else {
                    throw ConnectionStringError(
                        .conflict, key: "SharedAccessSignature", problem: "The connection string has a key and a SharedAccessSignature.",
                        remedy: "Leave one of them: the key makes signatures, the signature needs no key.")
                }
                return .sharedAccessSignature(Secret(signature))
            }
            switch (name, key) {
            case (let name?, let key?):
                return .sharedAccessKey(name: String(name), key: Secret(key))
            case (nil, nil):
                guard usesDevelopmentEmulator else { return .none }
                return .sharedAccessKey(name: emulatorKey.name, key: Secret(emulatorKey.key))
            case (nil, _?):
                throw ConnectionStringError(
                    .missingKey, key: "SharedAccessKeyName",
                    problem: "The connection string has SharedAccessKey but no SharedAccessKeyName.",
                    remedy: "Add the name of the policy the key belongs to.\(hintAtIgnoredKeys)")
            case (_?, nil):
                throw ConnectionStringError(
                    .missingKey, key: "SharedAccessKey", problem: "The connection string has SharedAccessKeyName but no SharedAccessKey.",
                    remedy: "Copy the whole string from the policy.\(hintAtIgnoredKeys)")
            }
        }

        /// Names the keys nobody knows where one is missing: one of them is probably a typing error.
        private var hintAtIgnoredKeys: String {
            ignoredKeys.isEmpty ? "" : " (Unknown: \(ignoredKeys.prefix(3).joined(separator: ", ")).)"
        }

        // MARK: Endpoint

        private static func hostAndPort(_ value: Substring, key: Key) throws(ConnectionStringError) -> (host: String, port: Int?) {
            func invalid(_ problem: String, _ remedy: String) -> ConnectionStringError {
                ConnectionStringError(
                    .invalidValue, key: key.rawValue, problem: "\(key.rawValue) in the connection string \(problem)", remedy: remedy)
            }
            let form = "Write 'sb://HOST/' or 'sb://HOST:PORT/'."
            var rest = value
            if let separator = rest.firstRange(of: "://") {
                let scheme = rest[..<separator.lowerBound].lowercased()
                guard ["sb", "amqps", "amqp", "https", "http"].contains(scheme) else { throw invalid("has a scheme other than sb.", form) }
                rest = rest[separator.upperBound...]
            }
            let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
            guard rest[authority.endIndex...].allSatisfy({ $0 == "/" }) else {
                throw invalid("names more than a host.", "Put the entity's name into EntityPath. \(form)")
            }
            guard !authority.contains("@") else {
                throw invalid("contains a user name.", "Put credentials into SharedAccessKeyName and SharedAccessKey.")
            }
            let (host, port) = try split(authority, invalid: invalid("has a port that is not a number from 1 to 65535.", form))
            let isAddress = authority.hasPrefix("[")
            let isValid = host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
                case UInt8(ascii: ":"), UInt8(ascii: "%"): isAddress
                default: false
                }
            }
            guard !host.isEmpty, isValid, host.utf8.count <= 253 else { throw invalid("has no valid host name.", form) }
            return (String(host), port)
        }

        private static func split(
            _ authority: Substring, invalid: ConnectionStringError
        ) throws(ConnectionStringError) -> (host: Substring, port: Int?) {
            if authority.hasPrefix("["), let bracket = authority.firstIndex(of: "]") {
                let host = authority[authority.index(after: authority.startIndex)..<bracket]
                let behind = authority[authority.index(after: bracket)...]
                if behind.isEmpty { return (host, nil) }
                guard behind.hasPrefix(":"), let port = port(behind.dropFirst()) else { throw invalid }
                return (host, port)
            }
            guard let colon = authority.firstIndex(of: ":") else { return (authority, nil) }
            guard let port = port(authority[authority.index(after: colon)...]) else { throw invalid }
            return (authority[..<colon], port)
        }

        private static func port(_ text: Substring) -> Int? {
            guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let port = UInt16(text), port > 0 else {
                return nil
            }
            return Int(port)
        }

        // MARK: Text

        private static func trimmed(_ text: Substring) -> Substring {
            var result = text.drop(while: \.isWhitespace)
            while let last = result.last, last.isWhitespace { result.removeLast() }
            return result
        }

        /// Without one pair of quotation marks around the whole, as `.env` files and shells leave them.
        private static func unquoted(_ text: Substring) -> Substring {
            for mark in ["\"", "'"] where text.count >= 2 && text.hasPrefix(mark) && text.hasSuffix(mark) {
                return trimmed(text.dropFirst().dropLast())
            }
            return text
        }
    }
}
