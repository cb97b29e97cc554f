/// Sign-ins under way: all that Entra remembers between two requests. Times are in milliseconds since 1970.
struct SignInFlows: Sendable {
    /// More sign-ins at a time than any test has.
    static let maximumPending = 1000
    /// More than the sessions of any estate; beyond it the oldest are forgotten.
    static let maximumRefreshTokens = 10_000

    /// A device that waits for somebody to enter its code.
    struct Device: Sendable {
        enum State: Hashable, Sendable {
            case pending
            case approved(user: String)
            case declined
        }
        var clientID: String
        var scope: String
        var userCode: String
        var expiresAt: Int64
        var interval: Int64
        var lastPoll: Int64?
        var polls = 0
        var state = State.pending
        var claims: String?
    }

    /// A browser that was sent back with a code.
    struct Code: Sendable {
        var clientID: String
        var scope: String
        var user: String
        var redirectURI: String
        var challenge: String
        var nonce: String?
        var claims: String?
        var expiresAt: Int64
    }

    /// What a refresh token stands for.
    struct Session: Sendable {
        var clientID: String
        var user: String
        var claims: String?
        var methods: [String]
        var expiresAt: Int64
        var number: Int
    }

    private(set) var devices: [String: Device] = [:]
    private(set) var codes: [String: Code] = [:]
    private(set) var sessions: [String: Session] = [:]
    private var sessionCount = 0

    /// Remembers a device.
    /// - Returns: its code; nil when too many wait already.
    mutating func add(_ device: Device, now: Int64) -> String? {
        devices = devices.filter { $0.value.expiresAt + 600_000 > now }
        guard devices.count < Self.maximumPending else { return nil }
        let code = CloudRandom.text(bytes: 32)
        devices[code] = device
        return code
    }

    mutating func setDevice(_ code: String, _ device: Device?) { devices[code] = device }

    /// The device whose code somebody has read off it.
    func device(userCode: String) -> (code: String, device: Device)? {
        let wanted = userCode.uppercased().filter { $0 != "-" && $0 != " " }
        return devices.first { $0.value.userCode == wanted }.map { ($0.key, $0.value) }
    }

    mutating func add(_ code: Code, now: Int64) -> String? {
        codes = codes.filter { $0.value.expiresAt > now }
        guard codes.count < Self.maximumPending else { return nil }
        let name = CloudRandom.text(bytes: 32)
        codes[name] = code
        return name
    }

    /// A code is good once.
    mutating func take(code: String) -> Code? { codes.removeValue(forKey: code) }

    mutating func add(_ session: Session) -> String {
        if sessions.count >= Self.maximumRefreshTokens, let oldest = sessions.min(by: { $0.value.number < $1.value.number })?.key {
            sessions[oldest] = nil
        }
        sessionCount += 1
        var session = session
        session.number = sessionCount
        let token = CloudRandom.text(bytes: 32)
        sessions[token] = session
        return token
    }
}
