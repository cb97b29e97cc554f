/// Certificates for tests, made for nothing else: an authority, and what it signed for servers on this machine. They are public and open nothing.
enum TestCertificates {
    /// A server's certificate and key.
    struct Server: Sendable {
        let certificate: String
        let key: String
    }

    /// The authority that signed all but ``stranger``.
    static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBeTCCASCgAwIBAgICEAUwCgYIKoZIzj0EAwIwIzEhMB8GA1UEAwwYQ2FsbGJv
        YXJkIHRlc3QgYXV0aG9yaXR5MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAw
        MDAwWjAjMSEwHwYDVQQDDBhDYWxsYm9hcmQgdGVzdCBhdXRob3JpdHkwWTATBgcq
        hkjOPQIBBggqhkjOPQMBBwNCAASu7e8McdxFjHm4pibIMLe4INinUEP0vV1/1SdF
        kr+7Qwg+D6QkHv+aMPXiqVh/8aw/Q3R/ax8W6HEOz0/LcA3do0IwQDAPBgNVHRMB
        Af8EBTADAQH/MA4GA1UdDwEB/wQEAwIBBjAdBgNVHQ4EFgQUSrcrMZn9/FO4S0nW
        XIp+DlHjcBMwCgYIKoZIzj0EAwIDRwAwRAIgQ0qMokNr9x8zuhuvUFLqeN/TpeuH
        /+HjHflAz3oDWUkCIAvHeLTnky5QQuTZ3EFfEMM2ZagDDDLGN/TzCpnt0aPB
        -----END CERTIFICATE-----
        """

    /// Good for localhost and 127.0.0.1 until 2120.
    static let good = Server(
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBgjCCASigAwIBAgICEAAwCgYIKoZIzj0EAwIwIzEhMB8GA1UEAwwYQ2FsbGJv
            YXJkIHRlc3QgYXV0aG9yaXR5MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAw
            MDAwWjAPMQ0wCwYDVQQDDARnb29kMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
            MS7KoSSuz6xjNb99MDvuq4q779XgQoE5rufc17qAHmRxsnN6Fn/0SK26h50z9g9w
            YacwCug8/k7QH80eV5B3YaNeMFwwGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAAB
            MB0GA1UdDgQWBBThuL9FxrX35t4hUs1sesiBUHTWETAfBgNVHSMEGDAWgBRKtysx
            mf38U7hLSdZcin4OUeNwEzAKBggqhkjOPQQDAgNIADBFAiAXzTgOxQ1KFgJzQj9C
            HlZsrHzSIdf8Y/lhxGodZhlGTwIhAN1q/oI6BwYb8QhgD6cazTe5RVmMmSH3PLWz
            EdUX9udl
            -----END CERTIFICATE-----
            """,
        key: """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgm0KZZC/PNRacCCyW
            z538KdZE3897z8f4UuOxou0aqUqhRANCAAQxLsqhJK7PrGM1v30wO+6rirvv1eBC
            gTmu59zXuoAeZHGyc3oWf/RIrbqHnTP2D3BhpzAK6Dz+TtAfzR5XkHdh
            -----END PRIVATE KEY-----
            """)

    /// Expired in 2021.
    static let expired = Server(
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBhDCCASmgAwIBAgICEAEwCgYIKoZIzj0EAwIwIzEhMB8GA1UEAwwYQ2FsbGJv
            YXJkIHRlc3QgYXV0aG9yaXR5MB4XDTIwMDEwMTAwMDAwMFoXDTIxMDEwMTAwMDAw
            MFowEjEQMA4GA1UEAwwHZXhwaXJlZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
            BMGKxaYh+JzKH0StEloOdvxcWMKrcutag9DJxc42JQsaczIXJoo0IO2EYbPWZCAr
            7xSXpBGMC0qMYg3pebjrYG+jXjBcMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAA
            ATAdBgNVHQ4EFgQUhEithatMxBHn/T5AWQ2xcRaMljgwHwYDVR0jBBgwFoAUSrcr
            MZn9/FO4S0nWXIp+DlHjcBMwCgYIKoZIzj0EAwIDSQAwRgIhAJEjKqn1evlZRhWH
            lcK28F2nt/BJghpgLRKIPUWIorXnAiEA0E0hnPTaZoaT8hJuId+706ioOw2JXzyJ
            0oRAgndTtbQ=
            -----END CERTIFICATE-----
            """,
        key: """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgrKt7lKmIlIWER+cG
            17JpsFNsjylhKlGMl/IPZ/3HDouhRANCAATBisWmIficyh9ErRJaDnb8XFjCq3Lr
            WoPQycXONiULGnMyFyaKNCDthGGz1mQgK+8Ul6QRjAtKjGIN6Xm462Bv
            -----END PRIVATE KEY-----
            """)

    /// Not valid before 2100.
    static let future = Server(
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBhjCCASygAwIBAgICEAIwCgYIKoZIzj0EAwIwIzEhMB8GA1UEAwwYQ2FsbGJv
            YXJkIHRlc3QgYXV0aG9yaXR5MCIYDzIxMDAwMTAxMDAwMDAwWhgPMjEyMDAxMDEw
            MDAwMDBaMBExDzANBgNVBAMMBmZ1dHVyZTBZMBMGByqGSM49AgEGCCqGSM49AwEH
            A0IABKR7lMrGmICITE4xaVrdXa4UAyKfN2/+nyZS43S+a1gCeJss4K3jZ8FPjeLa
            iZlUe03LNWpjXFc18pdlsGv8D4ijXjBcMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcE
            fwAAATAdBgNVHQ4EFgQUp3XJeNtbj8L5PUchYYCzOjGBalgwHwYDVR0jBBgwFoAU
            SrcrMZn9/FO4S0nWXIp+DlHjcBMwCgYIKoZIzj0EAwIDSAAwRQIgEu1eKNGS5kgA
            96Ihva2s+pZrk/eutiOGXlh66K5Qm/4CIQC27d+p5B3td9kNCGkTH36co+7TKz/6
            WppD63GMRVYTGA==
            -----END CERTIFICATE-----
            """,
        key: """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgbCNVcf+p01XpIB5+
            dgConIQXpxivCJHMvGqu1CWhxBqhRANCAASke5TKxpiAiExOMWla3V2uFAMinzdv
            /p8mUuN0vmtYAnibLOCt42fBT43i2omZVHtNyzVqY1xXNfKXZbBr/A+I
            -----END PRIVATE KEY-----
            """)

    /// Good for elsewhere.example.
    static let elsewhere = Server(
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBijCCAS+gAwIBAgICEAMwCgYIKoZIzj0EAwIwIzEhMB8GA1UEAwwYQ2FsbGJv
            YXJkIHRlc3QgYXV0aG9yaXR5MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAw
            MDAwWjAUMRIwEAYDVQQDDAllbHNld2hlcmUwWTATBgcqhkjOPQIBBggqhkjOPQMB
            BwNCAATQRcL9dOdJcLlMwvvavbPWBNCNYzIyQJmC9kokvaYD3/cyTI1I4ffvZuAO
            fZ7a3G9amh1yZgjXfLgYj+sQjCAYo2AwXjAcBgNVHREEFTATghFlbHNld2hlcmUu
            ZXhhbXBsZTAdBgNVHQ4EFgQU/BJdSF7EZfJH0OPov6TIiyJajEMwHwYDVR0jBBgw
            FoAUSrcrMZn9/FO4S0nWXIp+DlHjcBMwCgYIKoZIzj0EAwIDSQAwRgIhAM/iFatr
            DvIGYcqiPnsSf9KVoxLfEbQ6cLms+PZPowYfAiEA1JxXmJZAGXDgJPc9kVEztuN3
            niFeib3kkhIpbjpek+8=
            -----END CERTIFICATE-----
            """,
        key: """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgLGBY+wp1FmNZlhRn
            pcvXSfO1QmCaPiEi89DpQJ9RJqyhRANCAATQRcL9dOdJcLlMwvvavbPWBNCNYzIy
            QJmC9kokvaYD3/cyTI1I4ffvZuAOfZ7a3G9amh1yZgjXfLgYj+sQjCAY
            -----END PRIVATE KEY-----
            """)

    /// Signed by an authority that nobody has.
    static let stranger = Server(
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBfzCCASWgAwIBAgICEAQwCgYIKoZIzj0EAwIwHDEaMBgGA1UEAwwRVW5rbm93
            biBhdXRob3JpdHkwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBMx
            ETAPBgNVBAMMCHN0cmFuZ2VyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE7wx0
            6vAoWbenWXkCGh2ha8i6bmc8RzxzZqovyZD4kJPapcNYwrt9BE2vG52Xdvpz15LR
            1FHPJ+GLz1AwTHVsE6NeMFwwGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMB0G
            A1UdDgQWBBQr9gbw0dthNDXd60+Q0ugU6p1d3DAfBgNVHSMEGDAWgBQ3LYJhgde1
            d2Q99aSozm7PvirNojAKBggqhkjOPQQDAgNIADBFAiEA5iuh3yinL1+pMV2WVWsL
            skVmXCJqLGTGeMShTzEGeckCIB4RnxbYonzQ19965iEqwD+nOyddsVyetZ2NidAJ
            jiXS
            -----END CERTIFICATE-----
            """,
        key: """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgcmx+XggIzRbM89yk
            vKBlyp7BNC+0hiGCoyNWtKBhO+mhRANCAATvDHTq8ChZt6dZeQIaHaFryLpuZzxH
            PHNmqi/JkPiQk9qlw1jCu30ETa8bnZd2+nPXktHUUc8n4YvPUDBMdWwT
            -----END PRIVATE KEY-----
            """)
}
