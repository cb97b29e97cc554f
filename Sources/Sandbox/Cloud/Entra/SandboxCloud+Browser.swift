internal import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What people meet of a sign-in: the page that asks who they are, and the one where a device's code is entered. Whoever reaches them is
/// believed: the sandbox has no passwords.
extension SandboxCloud {
    /// Five minutes: a code that is redeemed later was lost on its way.
    private static let codeLifetime: Int64 = 300_000

    // MARK: Devices

    func beginDeviceFlow(_ request: CloudRequest) throws -> CloudResponse {
        let form = request.form
        guard let clientID = form["client_id"]?.lowercased() else { throw EntraError.missing("client_id") }
        guard let application = directory.applications[clientID], application.isPublicClient else {
            throw EntraError.unknownClient(clientID)
        }
        let scope = form["scope"] ?? ""
        _ = try TokenResource(scope: scope, of: application, mustBeDefault: false)
        let userCode = CloudRandom.userCode()
        let device = SignInFlows.Device(
            clientID: clientID, scope: scope, userCode: userCode, expiresAt: hub.now + Int64(switches.deviceCodeSeconds) * 1000,
            interval: Int64(switches.deviceCodeInterval), claims: form["claims"])
        guard let code = signIns.add(device, now: hub.now) else { throw EntraError.tooMany }
        let page = "\(request.origin)/devicelogin"
        return CloudResponse(
            200,
            [
                "user_code": .string(userCode), "device_code": .string(code), "verification_uri": .string(page),
                "expires_in": .int(Int64(switches.deviceCodeSeconds)), "interval": .int(device.interval),
                "message": "To sign in, use a web browser to open the page \(page) and enter the code \(userCode) to authenticate.",
            ])
    }

    func answerDeviceLogin(_ request: CloudRequest) -> CloudResponse {
        guard request.method == "POST" else { return deviceForm(status: 200, "Enter the code that your device shows.") }
        let form = request.form
        guard let text = form["user_code"], let (code, found) = signIns.device(userCode: text), found.expiresAt > hub.now else {
            return deviceForm(status: 400, "That code is not known, or it has expired.")
        }
        var device = found
        if form["action"] == "decline" {
            device.state = .declined
        } else {
            guard let user = directory.user(form["user"] ?? switches.signInAs) else {
                return deviceForm(status: 400, "There is no such user.")
            }
            device.state = .approved(user: user.id)
        }
        signIns.setDevice(code, device)
        return HTMLPage.response(200, title: "Done", "<p>You may close this page and go back to your device.</p>")
    }

    private func deviceForm(status: Int, _ text: String) -> CloudResponse {
        let users = directory.users.map {
            "<option value=\"\(HTMLPage.escaped($0.callerName))\">\(HTMLPage.escaped($0.displayName))</option>"
        }
        return HTMLPage.response(
            status, title: "Enter code",
            """
            <p>\(HTMLPage.escaped(text))</p><form method="post" action="/devicelogin"><input name="user_code" autocomplete="off" autofocus>
            <select name="user">\(users.joined())</select><button name="action" value="approve">Sign in</button>
            <button name="action" value="decline">Decline</button></form>
            """)
    }

    // MARK: Browsers

    func authorize(_ request: CloudRequest) throws -> CloudResponse {
        guard let clientID = request.parameter("client_id")?.lowercased() else { throw EntraError.missing("client_id") }
        guard let application = directory.applications[clientID] else { throw EntraError.unknownClient(clientID) }
        // Nobody is sent to an address that is not the application's, not even with an error.
        guard let redirect = request.parameter("redirect_uri") else { throw EntraError.missing("redirect_uri") }
        guard application.redirectURIs.contains(redirect) || (application.isPublicClient && Self.isLoopback(redirect)) else {
            throw EntraError.wrongRedirect(redirect)
        }
        let answer = BrowserAnswer(
            redirect: redirect, state: request.parameter("state"), isForm: request.parameter("response_mode") == "form_post")
        do throws(EntraError) {
            guard request.parameter("response_type") == "code" else {
                throw EntraError(
                    error: "unsupported_response_type", code: 700_051,
                    message: "Only the response_type 'code' is enabled for the application.")
            }
            guard request.parameter("code_challenge_method") == "S256", let challenge = request.parameter("code_challenge"),
                challenge.utf8.count == 43
            else {
                throw EntraError(
                    error: "invalid_request", code: 9_002_325, message: "Proof Key for Code Exchange is required, with the method S256.")
            }
            let scope = request.parameter("scope") ?? ""
            _ = try TokenResource(scope: scope, of: application, mustBeDefault: false)
            guard let user = try chosenUser(request) else { return userForm(request) }
            let code = SignInFlows.Code(
                clientID: clientID, scope: scope, user: user.id, redirectURI: redirect, challenge: challenge,
                nonce: request.parameter("nonce"), claims: request.parameter("claims"), expiresAt: hub.now + Self.codeLifetime)
            guard let name = signIns.add(code, now: hub.now) else { throw EntraError.tooMany }
            let client: CloudJSON = ["uid": .string(user.id), "utid": .string(CloudSeed.tenant)]
            return answer.response([("code", name), ("client_info", Base64URL.encode(client.serialized.utf8))])
        } catch {
            return answer.response([("error", error.error), ("error_description", "AADSTS\(error.code): \(error.message)")])
        }
    }

    /// Who signs in: whoever was chosen on the page; without asking, whoever the switch names. Nil when somebody must be asked.
    private func chosenUser(_ request: CloudRequest) throws(EntraError) -> Principal? {
        if let choice = request.parameter("sandbox_user") {
            if choice == "nobody" {
                throw EntraError(
                    error: "access_denied", code: 65_004, message: "The resource owner or authorization server denied the request.")
            }
            guard let user = directory.user(choice) else {
                throw EntraError(error: "invalid_request", code: 50_034, message: "The user account does not exist in the directory.")
            }
            return user
        }
        if request.parameter("prompt") == "select_account" { return nil }
        if let hinted = request.parameter("login_hint").flatMap({ directory.user($0) }) { return hinted }
        return directory.user(switches.signInAs)
    }

    private func userForm(_ request: CloudRequest) -> CloudResponse {
        let links = (directory.users.map { ($0.callerName, $0.displayName) } + [("nobody", "Cancel")]).map { name, title in
            "<li><a href=\"\(HTMLPage.escaped("\(request.target)&sandbox_user=\(name)"))\">\(HTMLPage.escaped(title))</a></li>"
        }
        return HTMLPage.response(200, title: "Who are you?", "<ul>\(links.joined())</ul>")
    }

    /// Whether a redirect leads to this machine, at any port and path.
    private static func isLoopback(_ uri: String) -> Bool {
        guard uri.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { return false }
        guard let host = ["http://localhost", "http://127.0.0.1", "http://[::1]"].first(where: { uri.hasPrefix($0) }) else { return false }
        let rest = uri.dropFirst(host.count)
        guard let first = rest.first else { return true }
        if first == "/" { return true }
        guard first == ":" else { return false }
        let port = rest.dropFirst().prefix { $0 != "/" }
        return UInt16(port) != nil && port.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}

/// How a browser goes back to the program that sent it.
private struct BrowserAnswer {
    let redirect: String
    let state: String?
    /// Whether the answer goes as a form, not in the address.
    let isForm: Bool

    func response(_ fields: [(name: String, value: String)]) -> CloudResponse {
        let fields = fields + (state.map { [("state", $0)] } ?? [])
        guard isForm else {
            let query = fields.map { "\($0.name)=\(Self.encoded($0.value))" }.joined(separator: "&")
            return CloudResponse(status: 302, headers: [("Location", "\(redirect)\(redirect.contains("?") ? "&" : "?")\(query)")])
        }
        let inputs = fields.map { "<input type=\"hidden\" name=\"\($0.name)\" value=\"\(HTMLPage.escaped($0.value))\">" }
        return HTMLPage.response(
            200, title: "Signing in",
            """
            <form id="answer" method="post" action="\(HTMLPage.escaped(redirect))">\(inputs.joined())<button>Continue</button></form>
            <script>document.getElementById("answer").submit()</script>
            """)
    }

    private static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }
}

/// The few pages that people see.
enum HTMLPage {
    static func response(_ status: Int, title: String, _ body: String) -> CloudResponse {
        CloudResponse(
            status: status, contentType: "text/html; charset=utf-8",
            body: "<!doctype html><title>\(escaped(title))</title><h1>\(escaped(title))</h1>\(body)\n",
            headers: [("Cache-Control", "no-store"), ("X-Frame-Options", "DENY")])
    }

    static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
    }
}

/// Proof Key for Code Exchange (RFC 7636).
enum PKCE {
    static func challenge(of verifier: String) -> String { Base64URL.encode(SHA256.hash(data: Data(verifier.utf8))) }
}
