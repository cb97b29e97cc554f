internal import Logging
import NIOCore
internal import NIOSSL
internal import ServiceBus

/// The cloud's stand-ins of a sandbox that runs, and the files with what only this user may know.
struct RunningCloud: Sendable {
    let server: RunningServer
    let details: SandboxCloudDetails

    var port: Int { server.port }

    /// Starts serving.
    /// - Throws: ``SandboxError`` when the port cannot be had or the files cannot be written.
    static func start(
        _ configuration: SandboxConfiguration, port: Int, hub: NIOLoopBound<WireHub>, time: SandboxTime, createdAt: Timestamp,
        tls: TLSConfiguration, folder: CertificateFolder, logger: Logger
    ) async throws -> RunningCloud {
        let loop = hub.eventLoop
        let material = try Material(now: configuration.clock())
        let estate = CloudEstate(configuration.estate)
        let server = try await RunningServer(port: port) { onReady in
            let server = CloudServer(host: configuration.host, port: port, tls: tls, logger: logger) { request in
                let response = try? await loop.submit { hub.value.cloud?.respond(to: request) }.get()
                return (response ?? nil)
                    ?? CloudResponse(503, ["error": ["code": "ServiceUnavailable", "message": "The sandbox is starting or stopping."]])
            }
            try await server.run(onReady: onReady)
        }
        let origin = "https://\(configuration.host):\(server.port)"
        do {
            let (namespace, token) = try await loop.submit {
                let cloud = SandboxCloud(
                    hub: hub.value, tier: configuration.tier, createdAt: createdAt, origin: origin, secrets: material.secrets,
                    keys: material.keys, outerKeys: material.outerKeys, estate: estate)
                cloud.passTime = { time.pass(milliseconds: $0) }
                hub.value.cloud = cloud
                return (cloud.broker.namespace, try cloud.outerToken(seconds: 86_400))
            }.get()
            let secrets = material.secrets
            let certificateFile = try folder.write(secrets.certificatePEM, to: "platform-automation.pem")
            let tokenFile = try folder.write(token, to: "federated-token")
            let credentials: CloudJSON = [
                "tenantId": .string(CloudSeed.tenant), "clientId": .string(CloudSeed.automationClient),
                "clientSecret": .string(secrets.automation), "certificateFile": .string(certificateFile),
                "federatedTokenFile": .string(tokenFile), "newcomerClientId": .string(CloudSeed.newcomerClient),
                "newcomerClientSecret": .string(secrets.newcomer), "identityHeader": .string(secrets.identityHeader),
                "catalogueToken": .string(secrets.catalogueToken),
            ]
            let file = try folder.write(credentials.serialized + "\n", to: "credentials.json")
            let details = SandboxCloudDetails(
                tenantID: CloudSeed.tenant, subscriptionID: CloudSeed.subscription, resourceGroup: CloudSeed.resourceGroup,
                namespaceName: namespace, clientID: CloudSeed.automationClient, publicClientID: CloudSeed.consoleClient,
                credentialsFile: file)
            return RunningCloud(server: server, details: details)
        } catch {
            await server.stop()
            throw error
        }
    }

    /// Keys and secrets of one run. Making them takes a moment: it is done before anybody can ask.
    private struct Material: Sendable {
        let secrets: CloudSecrets
        let keys: TokenKeys
        let outerKeys: TokenKeys

        init(now: Int64) throws {
            do {
                secrets = try CloudSecrets.make(now: now)
                keys = try TokenKeys()
                outerKeys = try TokenKeys()
            } catch {
                throw SandboxError.certificates("\(error)")
            }
        }
    }
}

/// What a script needs to use the sandbox's cloud.
public struct SandboxCloudDetails: Sendable, Hashable {
    /// The tenant to sign in to.
    public let tenantID: String
    /// The subscription with the namespace.
    public let subscriptionID: String
    /// Its resource group.
    public let resourceGroup: String
    /// The namespace's name as a resource.
    public let namespaceName: String
    /// The app registration that may do everything in the resource group.
    public let clientID: String
    /// The one that people sign in through.
    public let publicClientID: String
    /// A file that only this user can read, with the secrets: JSON.
    public let credentialsFile: String
}
