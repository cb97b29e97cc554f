#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// The sign-in of the Azure CLI: `az account get-access-token`.
public struct AzureCLICredential: AccessTokenSource {
    private let keeper: TokenKeeper

    /// - Parameters:
    ///   - tenant: whose tokens are wanted; nil for that of the CLI's subscription.
    ///   - runner: how the program is run.
    ///   - clock: the time of day.
    public init(tenant: String? = nil, runner: ProgramRunner, clock: WallClock = .system) {
        self.keeper = TokenKeeper(clock: clock) { (scope, challenge) throws(IdentityError) in
            guard challenge == nil else {
                throw IdentityError(
                    .interactionRequired, "\(scope.resource) asks for more than the Azure CLI's sign-in has.",
                    hint: "Sign in with callboard itself, or with az login --claims-challenge.")
            }
            return try await Self.grant(for: scope, tenant: tenant, runner: runner, clock: clock)
        }
    }

    /// A token of whoever signed in to the Azure CLI.
    /// - Throws: ``IdentityError/Code/notConfigured`` when there is no `az`, or nobody signed in to it.
    public func accessToken(for scope: TokenScope, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> AccessToken {
        try await self.keeper.token(for: scope, answering: challenge)
    }

    /// A token that is asked for now; see ``AccessTokenSource/freshToken(for:)``.
    public func freshToken(for scope: TokenScope) async throws(IdentityError) -> AccessToken {
        try await self.keeper.freshToken(for: scope)
    }

    private static func grant(
        for scope: TokenScope, tenant: String?, runner: ProgramRunner, clock: WallClock
    ) async throws(IdentityError) -> TokenGrant {
        var arguments = ["account", "get-access-token", "--output", "json", "--resource", scope.resource]
        if let tenant { arguments += ["--tenant", tenant] }
        let outcome: ProgramRunner.Outcome
        do throws(ProgramRunner.Failure) {
            outcome = try await runner.run(.init("az", arguments, environment: ["AZURE_CORE_NO_COLOR": "true"]))
        } catch {
            throw self.failure(error)
        }
        guard outcome.status == 0 else { throw self.failure(outcome) }
        guard let grant = outcome.output.withUnsafeBytes({ self.parse(Array($0), at: clock.now) }) else {
            throw IdentityError(
                .invalidAnswer, "The Azure CLI answered the request for a token for \(scope.resource) with something else.",
                hint: "Try az account get-access-token, and az upgrade.")
        }
        return grant
    }

    private struct Answer: Decodable {
        var accessToken: String
        var expires_on: LenientInteger?
        var expiresOn: String?
    }

    static func parse(_ bytes: [UInt8], at now: WallTime) -> TokenGrant? {
        // Warnings of extensions may come before the object.
        guard let start = bytes.firstIndex(of: UInt8(ascii: "{")), let answer = JSONBody.decode(Answer.self, from: bytes[start...]),
            HeaderText.isToken(answer.accessToken),
            let end = answer.expires_on.map({ WallTime(secondsSince1970: $0.value) }) ?? answer.expiresOn.flatMap(self.localTime),
            now < end
        else { return nil }
        return TokenGrant(token: AccessToken(secret: Secret(answer.accessToken), expiresAt: end, kind: .jsonWebToken))
    }

    /// `2026-08-01 12:00:00.000000`, in the time zone of this machine (older versions say nothing else).
    static func localTime(_ text: String) -> WallTime? {
        let numbers = text.prefix(19).split(whereSeparator: { !$0.isASCII || !$0.isNumber }).map { Int($0) ?? -1 }
        guard numbers.count == 6, text.utf8.count >= 19 else { return nil }
        var parts = DateComponents()
        (parts.year, parts.month, parts.day) = (numbers[0], numbers[1], numbers[2])
        (parts.hour, parts.minute, parts.second) = (numbers[3], numbers[4], numbers[5])
        guard (1970...9999).contains(numbers[0]), (1...12).contains(numbers[1]), (1...31).contains(numbers[2]),
            let date = Calendar(identifier: .gregorian).date(from: parts)
        else { return nil }
        return Int64(exactly: date.timeIntervalSince1970.rounded(.down)).map(WallTime.init(secondsSince1970:))
    }

    private static func failure(_ failure: ProgramRunner.Failure) -> IdentityError {
        switch failure {
        case .notFound: IdentityError(.notConfigured, "The Azure CLI (az) is not installed.")
        case .timedOut: IdentityError(.unavailable, "The Azure CLI did not answer within 10 s.", hint: "Try az account get-access-token.")
        case .tooMuchOutput:
            IdentityError(.invalidAnswer, "The Azure CLI wrote more than a token.", hint: "Try az account get-access-token.")
        case .cancelled: IdentityError(.cancelled, "Waiting for the Azure CLI was cancelled.")
        case .failed(let reason): IdentityError(.unavailable, "The Azure CLI could not be run: \(reason).")
        }
    }

    /// What `az` says, without anything that could be a token: its errors may repeat its output.
    private static func failure(_ outcome: ProgramRunner.Outcome) -> IdentityError {
        let text = TokenText.redacting(outcome.errors)
        if text.contains("az login") || text.contains("az account set"), !text.contains("AADSTS") {
            return IdentityError(.notConfigured, "Nobody is signed in to the Azure CLI.", hint: "az login")
        }
        let line =
            text.split(whereSeparator: \.isNewline).first { $0.contains("AADSTS") || $0.hasPrefix("ERROR") }.map { String($0.prefix(300)) }
            ?? ""
        let code: IdentityError.Code = text.contains("AADSTS") ? .interactionRequired : .unavailable
        return IdentityError(
            code, "The Azure CLI gave no token (status \(outcome.status))\(line.isEmpty ? "." : ": " + line)", hint: "Try az login.")
    }
}

/// Text that may contain tokens.
enum TokenText {
    /// The text with everything that looks like a JSON web token, or a long run of base64, replaced.
    static func redacting(_ text: String) -> String {
        var result = ""
        var word = ""
        func finish() {
            result += word.hasPrefix("eyJ") || word.utf8.count > 80 ? Secret.placeholder : word
            word = ""
        }
        for character in text.prefix(16 * 1024) {
            if character.isASCII, character.isLetter || character.isNumber || "-_.+/=~".contains(character) {
                word.append(character)
            } else {
                finish()
                result.append(character)
            }
        }
        finish()
        return result
    }
}
