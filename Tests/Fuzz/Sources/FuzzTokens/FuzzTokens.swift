internal import FuzzSupport
@testable internal import Identity

/// A token that a key of ours signed, as an issuer would, with its public half. The key is that of the tests and opens nothing.
private let genuine = Array(
    ("eyJhbGciOiJSUzI1NiIsImtpZCI6ImtleS0xIiwidHlwIjoiSldUIn0.eyJhdWQiOiJhcHAiLCJleHAiOjE4MDAwMDM2MDAsImlhdCI6MTgwMD"
        + "AwMDAwMCwiaXNzIjoiaHR0cHM6Ly9sb2dpbi5leGFtcGxlL3QvdjIuMCIsIm5hbWUiOiJBbGljZSIsIm5iZiI6MTgwMDAwMDAwMCwibm9uY2Ui"
        + "OiJuIiwib2lkIjoibyIsInByZWZlcnJlZF91c2VybmFtZSI6ImFsaWNlQGV4YW1wbGUuY29tIiwidGlkIjoidCIsImdyb3VwcyI6WyJnIl0sIn"
        + "JvbGVzIjoiciJ9.hcsCKAKsRRd4wFCWpQT_Kw_kuMiu9GzNEKW3qjCpt2SsvIVRROq97z_In6dpABDuMwNdtvfE2gBWhE2_Y3MfnlFq0mm2Sim"
        + "fcaQABNqfrcogMqXGo3BCf9KAZh1cxgzNWnO1a3oy2gpiHzS0WnPHfTibNEEobkkgWfgBdXdMi-m1NDqrWxYVGpkhM5d70Zxsm2069tMaoIwj0"
        + "i_0XoH_-Mvz99PnWrmEkOcukMPn9yeaxjOj_KnEr13yw3a-lySrzeRPTb1QBy23DvnNRZiB9eoFKQ2Vq8mi-Z3qz45mK6QPWzgXvuJfj6rO-IU"
        + "ULohfuSZND7o3-A-nQcs5AwXE-A").utf8)
private let key = SigningKey(
    kid: "key-1",
    n: "3emwsCcyquOjSyPs_KyNqgsjJJfbyF8Bgnp7bDsFEaHaVdIc_Lu2KtTkY06bUQ5-uMvT-xXMcbyTuutOoCVGtvZ31UdU95zGSpV3o53c8TIlSg"
        + "NJBs-lNOCdGp-DaqrXabNEMOvjGnpCDw0bgcRF5INpOvhN5UUq_7hR7BECnPgloWigsJdur61SxvRIT_3Ds38srN9E1AETxxlv55OIUFcK8Z3V"
        + "_kpGlWmCVkPMuvfSSc80n9AsSw1qyTkMVTxoFLVRgJgblBUlgYMBvg94NBQNrI6FITRd6jYjGdJ3XREwVWv2_mswvliZF-8QNcqX96tz0iukJP" + "h752DS44Vkgw",
    e: "AQAB", issuer: nil)

private let verifier = IDTokenVerifier(
    issuer: "https://login.example/{tenantid}/v2.0", clientID: "app", allowedTenants: nil,
    keys: SigningKeys(clock: clock) { () throws(IdentityError) in [key] }, clock: clock)
private let clock = WallClock { WallTime(secondsSince1970: 1_800_000_100) }

/// A token from arbitrary bytes, or the genuine one with a stretch of it replaced: taken apart, read and verified, never a trap.
///
/// - None but the genuine one, byte for byte, is believed. (A signature of one text fits no other; base64 is strict, so that no text has two forms.)
/// - What a token says of itself without being believed is shown as text, whatever it is.
func fuzzTokens(_ input: [UInt8]) {
    check(input)
    // The first two bytes say where the rest goes, so that headers and claims around a mistake stay whole.
    guard input.count > 2 else { return }
    let start = (Int(input[0]) << 8 | Int(input[1])) % genuine.count
    let rest = input.dropFirst(2)
    check(Array(genuine[..<start]) + rest + genuine.dropFirst(start + rest.count))
    // Claims as an issuer could write them, with a signature that does not matter here.
    let claims = JSONBody.decode(IDTokenClaims.self, from: input)
    _ = claims?.account
    _ = UnverifiedTokenClaims(
        of: AccessToken(secret: Secret(input), expiresAt: WallTime(secondsSince1970: .max), kind: .jsonWebToken))
}

private func check(_ token: [UInt8]) {
    if let compact = CompactToken(token) {
        hold(compact.signed.count < token.count, "what is signed is not a part of the token")
    }
    let isBelieved = waiting {
        do throws(IdentityError) {
            _ = try await verifier.verify(Secret(token), nonce: "n")
            return true
        } catch { return false }
    }
    hold(isBelieved == (token == genuine), isBelieved ? "a token is believed that nobody signed" : "the genuine token is not believed")
}
