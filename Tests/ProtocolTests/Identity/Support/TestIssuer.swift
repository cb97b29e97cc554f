import JWTKit
import RESTClient
import Synchronization

@testable import Identity

/// An issuer of id tokens, with a key that is public and opens nothing.
final class TestIssuer: Sendable {
    static let tenant = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
    static let person = "a11ce000-0000-4000-8000-000000000001"
    static let client = "c0500e00-0000-4000-8000-00000000cafe"
    static let login = "https://login.example"
    static var issuer: String { "\(login)/\(tenant)/v2.0" }

    struct Claims: JWTPayload {
        var iss = TestIssuer.issuer
        var aud = TestIssuer.client
        var tid: String? = TestIssuer.tenant
        var oid: String? = TestIssuer.person
        var exp: Int64 = 1_800_003_600
        var nbf: Int64? = 1_800_000_000
        var iat: Int64 = 1_800_000_000
        var nonce: String?
        var preferred_username: String? = "alice@example.com"
        var name: String? = "Alice"
        var groups: [String]?
        var hasgroups: Bool?
        var _claim_names: [String: String]?
        var roles: [String]?

        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }

    /// An id token.
    static func token(_ claims: Claims = Claims(), kid: String? = "key-1") async throws -> Secret {
        let keys = await JWTKeyCollection().add(rsa: try Insecure.RSA.PrivateKey(pem: key), digestAlgorithm: .sha256)
        var header = JWTHeader()
        header.kid = kid
        return Secret(try await keys.sign(claims, header: header))
    }

    /// The key as the issuer publishes it.
    static func published(kid: String = "key-1", issuer: String? = nil) throws -> SigningKey {
        let (n, e) = try Insecure.RSA.PrivateKey(pem: key).publicKey.getKeyPrimitives()
        return SigningKey(kid: kid, n: Base64.encodeURLSafe(n), e: Base64.encodeURLSafe(e), issuer: issuer)
    }

    static func document(kid: String = "key-1") throws -> String {
        let key = try published(kid: kid)
        return #"{"keys":[{"kty":"RSA","use":"sig","kid":"\#(kid)","n":"\#(key.n)","e":"\#(key.e)"}]}"#
    }

    /// What the tenant answers about itself; nil for requests about something else.
    static func answer(to request: RESTRequest) throws -> RESTResponse? {
        if request.url.hasSuffix("/v2.0/.well-known/openid-configuration") {
            return .json(#"{"issuer":"\#(issuer)","jwks_uri":"\#(login)/keys"}"#)
        }
        return request.url == "\(login)/keys" ? .json(try document()) : nil
    }

    /// SHA-256 of ``certificate``.
    static let thumbprint = "4N-Vhnnmhu3j0Loj2M57jtj750G0OSyc_XLonHJZpmc"

    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDd6bCwJzKq46NL
        I+z8rI2qCyMkl9vIXwGCentsOwURodpV0hz8u7Yq1ORjTptRDn64y9P7FcxxvJO6
        606gJUa29nfVR1T3nMZKlXejndzxMiVKA0kGz6U04J0an4Nqqtdps0Qw6+MaekIP
        DRuBxEXkg2k6+E3lRSr/uFHsEQKc+CWhaKCwl26vrVLG9EhP/cOzfyys30TUARPH
        GW/nk4hQVwrxndX+SkaVaYJWQ8y699JJzzSf0CxLDWrJOQxVPGgUtVGAmBuUFSWB
        gwG+D3g0FA2sjoUhNF3qNiMZ0nddETBVa/b+azC+WJkX7xA1ypf3q3PSK6Qk+Hvn
        YNLjhWSDAgMBAAECggEAGo9x2mOWqOV+EexG3Sc5/XQ/zI1wfNcCMz+9rgKSZL3e
        iA8R8R32e8HnZAtwg48ck7mxsYe2ZJaRh/nJ+1j60cNGLHzRKqHVCfBB1Y97dlLu
        K6GhB/Oqbl3D7//PluDDz57pNoHFONIRPgPvmuSHCQbBfZFioWJZ9yl0hLC0g1zm
        6YeDBMyspjC4l3tqI0nQZmpg2wS91/tJDx0B0I4VhZ5E7aaGGrAoVd+t9bDETqKp
        4i3ko6wyDH1ThWYYdqELzTECrxUjMID9BEjrTXlRTu91B0nmvlmB7pGWp56A06cj
        fhqMNOc7GIW3MTUzmE0rntGjvbV+D8JlpzAlHs3XgQKBgQD4WQVBOkYtxQh1OXVp
        1hl/2/WI8CZmdHkr5TCG57wh79FA9rxFwTidR6/Jm+WdlX6gGoSS+E/eXAzIrqQ0
        RdbeG5/8pG34fxFD1CHE83fuQrG2g5ZahDKVuQTg0j8KGFE9O4KzO8g/m968Mvs8
        Bw1a41PgBW99WiR2NHkf4HQqswKBgQDkwCZj4/xaBLVam9r7PQ8YGgZ3C4UDjhlM
        t0jUtr05FmEnMTS6oFcku8Zj1CCAXYLW5+PuO8YXFQL7kbeCIzC4HPT10dt5cyH8
        63TVMMn4HXvMTOeFVZcd9Umhidrzh5cd4TATWIVwS09x4c53cjTSKbXg18qE3/Yt
        2uyE9rMG8QKBgH+d1xpupJNudWsvjItHTrEqSaEFruXlIkMRMf+Q41cZEhFs+NBr
        evkvVkCmkLaKlJgXKFsRqJEeAh+5xn1qCgD2dx7vK+eO/EM7peK8LbvMn9+m/MMk
        vY28lqokv+ojFtP9WatapAszwKA7Hmj5Qr6apIYwpNroUGZBjqB3yZoLAoGBANrm
        khZHJscR+GYz/VMtNBORXBxxlqE3SzihsH12Pg+yPdheeyIYrCvH0WrYpR2R3tI+
        6FyjMMYH4mnRIPXVLRsTAst2PnuzVJQO0iftX2ki9cQk1+09YbZWc1a1cCRZ3Z/H
        TdVFgbRbLTRCrOybCrcPGTCH8BJFq/Rnqqz2041RAoGBAL2lJxayhkArzuP8DSV/
        JRFgh5OwkWbr8ZfgI8MI+nrc9adrVBu7h5H05KhQ/v5AkrQVW8sOp679wo/ES7AJ
        yjPriJietOqwjbfYpRIF1xJs1/Jvvjc/3ninNqIraCiNO8UrIXx2UKrlgnfH5CER
        ZuogfkLEbudRhD0Kku/lTjBC
        -----END PRIVATE KEY-----
        """

    /// The same key in the older form.
    static let traditionalKey = """
        -----BEGIN RSA PRIVATE KEY-----
        MIIEpAIBAAKCAQEA3emwsCcyquOjSyPs/KyNqgsjJJfbyF8Bgnp7bDsFEaHaVdIc
        /Lu2KtTkY06bUQ5+uMvT+xXMcbyTuutOoCVGtvZ31UdU95zGSpV3o53c8TIlSgNJ
        Bs+lNOCdGp+DaqrXabNEMOvjGnpCDw0bgcRF5INpOvhN5UUq/7hR7BECnPgloWig
        sJdur61SxvRIT/3Ds38srN9E1AETxxlv55OIUFcK8Z3V/kpGlWmCVkPMuvfSSc80
        n9AsSw1qyTkMVTxoFLVRgJgblBUlgYMBvg94NBQNrI6FITRd6jYjGdJ3XREwVWv2
        /mswvliZF+8QNcqX96tz0iukJPh752DS44VkgwIDAQABAoIBABqPcdpjlqjlfhHs
        Rt0nOf10P8yNcHzXAjM/va4CkmS93ogPEfEd9nvB52QLcIOPHJO5sbGHtmSWkYf5
        yftY+tHDRix80Sqh1QnwQdWPe3ZS7iuhoQfzqm5dw+//z5bgw8+e6TaBxTjSET4D
        75rkhwkGwX2RYqFiWfcpdISwtINc5umHgwTMrKYwuJd7aiNJ0GZqYNsEvdf7SQ8d
        AdCOFYWeRO2mhhqwKFXfrfWwxE6iqeIt5KOsMgx9U4VmGHahC80xAq8VIzCA/QRI
        6015UU7vdQdJ5r5Zge6RlqeegNOnI34ajDTnOxiFtzE1M5hNK57Ro721fg/CZacw
        JR7N14ECgYEA+FkFQTpGLcUIdTl1adYZf9v1iPAmZnR5K+Uwhue8Ie/RQPa8RcE4
        nUevyZvlnZV+oBqEkvhP3lwMyK6kNEXW3huf/KRt+H8RQ9QhxPN37kKxtoOWWoQy
        lbkE4NI/ChhRPTuCszvIP5vevDL7PAcNWuNT4AVvfVokdjR5H+B0KrMCgYEA5MAm
        Y+P8WgS1Wpva+z0PGBoGdwuFA44ZTLdI1La9ORZhJzE0uqBXJLvGY9QggF2C1ufj
        7jvGFxUC+5G3giMwuBz09dHbeXMh/Ot01TDJ+B17zEznhVWXHfVJoYna84eXHeEw
        E1iFcEtPceHOd3I00im14NfKhN/2LdrshPazBvECgYB/ndcabqSTbnVrL4yLR06x
        KkmhBa7l5SJDETH/kONXGRIRbPjQa3r5L1ZAppC2ipSYFyhbEaiRHgIfucZ9agoA
        9nce7yvnjvxDO6XivC27zJ/fpvzDJL2NvJaqJL/qIxbT/VmrWqQLM8CgOx5o+UK+
        mqSGMKTa6FBmQY6gd8maCwKBgQDa5pIWRybHEfhmM/1TLTQTkVwccZahN0s4obB9
        dj4Psj3YXnsiGKwrx9Fq2KUdkd7SPuhcozDGB+Jp0SD11S0bEwLLdj57s1SUDtIn
        7V9pIvXEJNftPWG2VnNWtXAkWd2fx03VRYG0Wy00Qqzsmwq3Dxkwh/ASRav0Z6qs
        9tONUQKBgQC9pScWsoZAK87j/A0lfyURYIeTsJFm6/GX4CPDCPp63PWna1Qbu4eR
        9OSoUP7+QJK0FVvLDqeu/cKPxEuwCcoz64iYnrTqsI232KUSBdcSbNfyb743P954
        pzaiK2gojTvFKyF8dlCq5YJ3x+QhEWbqIH5CxG7nUYQ9CpLv5U4wQg==
        -----END RSA PRIVATE KEY-----
        """

    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIDLTCCAhWgAwIBAgIUOhwvmD/QrvdZlZNl24s1xmMrUXEwDQYJKoZIhvcNAQEL
        BQAwJTEjMCEGA1UEAwwaY2FsbGJvYXJkIHRlc3QgYXBwbGljYXRpb24wIBcNMjYx
        MTI2MTIxMzIzWhgPMjEyNjExMDIxMjEzMjNaMCUxIzAhBgNVBAMMGmNhbGxib2Fy
        ZCB0ZXN0IGFwcGxpY2F0aW9uMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKC
        AQEA3emwsCcyquOjSyPs/KyNqgsjJJfbyF8Bgnp7bDsFEaHaVdIc/Lu2KtTkY06b
        UQ5+uMvT+xXMcbyTuutOoCVGtvZ31UdU95zGSpV3o53c8TIlSgNJBs+lNOCdGp+D
        aqrXabNEMOvjGnpCDw0bgcRF5INpOvhN5UUq/7hR7BECnPgloWigsJdur61SxvRI
        T/3Ds38srN9E1AETxxlv55OIUFcK8Z3V/kpGlWmCVkPMuvfSSc80n9AsSw1qyTkM
        VTxoFLVRgJgblBUlgYMBvg94NBQNrI6FITRd6jYjGdJ3XREwVWv2/mswvliZF+8Q
        NcqX96tz0iukJPh752DS44VkgwIDAQABo1MwUTAdBgNVHQ4EFgQUNyFIHhz2ZSAP
        rZzNIHlMsWal1uIwHwYDVR0jBBgwFoAUNyFIHhz2ZSAPrZzNIHlMsWal1uIwDwYD
        VR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOCAQEAeLEG4dMp+vC724fB2268
        Oyll/xW5bPNUDU9ggotwEAOUjDlT4CNIOJPKqITtVtTb/q9pFk/v/NgnfimnbtbF
        jvMK+CyUGn/3CCJh2+le6WkxZnheRDwbnpvpn0v4HUBXP2MmaBIzZSTxnrun6o2G
        xYYputcK9wExBMYJYfrGrqraE4Bsno0w98cesEpZ9UIcr3OBnWiRUluJRiSZcQGA
        KGKoZyuXETa++BtaLYH1GlWiL/BbhhmH05D3YU7BIUM7yeV/sxl+pmOr8djLdBv6
        JNGGtV4Nv6uXhorstiFTma8+G0gQpZ5MdaI7oyQIjenEnatUghnqZjp0KyVcd9V2
        Og==
        -----END CERTIFICATE-----
        """

    /// A certificate of another key.
    static let otherCertificate = """
        -----BEGIN CERTIFICATE-----
        MIIDAzCCAeugAwIBAgIUdvlFMw6HVe8v+PJwbmdUZ9aVMGwwDQYJKoZIhvcNAQEL
        BQAwEDEOMAwGA1UEAwwFb3RoZXIwIBcNMjYxMTI2MTIxMzIzWhgPMjEyNjExMDIx
        MjEzMjNaMBAxDjAMBgNVBAMMBW90aGVyMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A
        MIIBCgKCAQEAx/rrZOx0yWPbJqFh7d1QY16rgk8FRnt2xNYEnuTl4QrZql8o1CxU
        WjXjWH4jItNVbdQtvO2ozyOQ4xEwGGly1XLKVpyig6793SQMlhPhLTvkNGKJfcWh
        ujRgwGDvdZGEyGoFH6jURDVIC3x7hRerIKThojZJNUmOpyCf3b6OmWZ8LV3CJzdh
        wsZZOQal7C8XEWTo+0z6j7RQMa9FCEnTRs8bgTsnrPfCrnJeISSxNvoKtc8gym8U
        VbiQCNQqlON1s+SOud6cFcmvlci7spVR6y/cotNXA9CX0HKIUvO7cDMELTdb1mb1
        8iADffMeL+ziJiBuWIY2afrzABubazXOqwIDAQABo1MwUTAdBgNVHQ4EFgQU6G2e
        pfY7f7TEjR0eeesZ45OWl60wHwYDVR0jBBgwFoAU6G2epfY7f7TEjR0eeesZ45OW
        l60wDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOCAQEAaue9RY/xX9sY
        o/Qx5JmBnisHit8orEAgTEQSjVZNa65QCAkCmmBdbPeUTmlKh/kyvxSxnVbIZQG5
        QKdafIAeiFcxvnj3H2OgvJtFRCcWas8OTlHVPkswClnDc5dqJzKwnuDqTGIuAAs5
        caAjS4nFGxzKYAeu7wNUPtyMWosR1bZ38rckHVyGcRdE8BxVxFXMpgcHdsQ4OgTF
        w/gROr/E+h4csBG8cHCYi/1z2JgmdQdmJuleWQO07ecfjHh3w5oLiaZQ7X/IMEz/
        wcSfTP8Y6AEs+epPbuq4Zf2kX1TegOWHc2V6R5/q+43I0s5V52ZKibeen8OfnRJL
        63u2saNIbg==
        -----END CERTIFICATE-----
        """
}
