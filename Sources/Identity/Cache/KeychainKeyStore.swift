#if canImport(Security)
    internal import Foundation
    internal import Security

    /// Keeps keys in the keychain of macOS, readable after the first unlock, on this machine only.
    struct KeychainKeyStore: KeyStore {
        private static let service = "callboard token cache"

        private func query(_ name: String) -> [CFString: Any] {
            [kSecClass: kSecClassGenericPassword, kSecAttrService: Self.service, kSecAttrAccount: name]
        }

        func key(named name: String) async throws(IdentityError) -> CacheKey? {
            var query = self.query(name)
            query[kSecReturnData] = true
            query[kSecMatchLimit] = kSecMatchLimitOne
            var found: CFTypeRef?
            let status = SecItemCopyMatching(query as CFDictionary, &found)
            if status == errSecItemNotFound { return nil }
            guard status == errSecSuccess, let data = found as? Data else { throw self.refused(status) }
            guard data.count == CacheKey.size else { throw .cacheUnusable("The keychain's entry for the token cache is not a key.") }
            return CacheKey(secret: Secret(data), kind: .keychain)
        }

        func makeKey(named name: String, random: RandomBytes) async throws(IdentityError) -> CacheKey {
            let made = random(CacheKey.size)
            var item = self.query(name)
            item[kSecValueData] = Data(made)
            item[kSecAttrAccessible] = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
            let status = SecItemAdd(item as CFDictionary, nil)
            if status == errSecSuccess { return CacheKey(secret: Secret(made), kind: .keychain) }
            guard status == errSecDuplicateItem, let key = try await self.key(named: name) else { throw self.refused(status) }
            return key
        }

        func removeKey(named name: String) async throws(IdentityError) {
            let status = SecItemDelete(self.query(name) as CFDictionary)
            guard status == errSecSuccess || status == errSecItemNotFound else { throw self.refused(status) }
        }

        private func refused(_ status: OSStatus) -> IdentityError {
            .cacheUnusable("The keychain gave no key (\(status)).", hint: "Unlock the keychain.")
        }
    }
#endif
