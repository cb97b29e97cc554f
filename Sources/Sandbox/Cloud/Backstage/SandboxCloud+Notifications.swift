/// Backstage's notifications, `/api/notifications`: whoever the catalogue knows may notify everybody, and see what everybody was told.
extension SandboxCloud {
    /// The most notifications that are kept; of more the oldest go.
    static let maximumNotifications = 100

    func answerNotifications(_ request: CloudRequest, _ rest: [String]) -> CloudResponse {
        switch (request.method, rest) {
        case ("POST", ["notifications"]):
            guard let json = request.json, let title = json["payload"]?["title"]?.text, !title.isEmpty, json["recipients"]?["type"] != nil
            else {
                return Self.refusal(400, "InputError", "Invalid notification payload", request)
            }
            let notification: CloudJSON = [
                "id": .string(CallID.make()), "user": nil, "created": .int(now), "origin": .string("external:callboard"),
                "payload": [
                    "title": .string(String(title.prefix(500))),
                    "description": CloudJSON(json["payload"]?["description"]?.text.map { String($0.prefix(5000)) }),
                    "severity": CloudJSON(json["payload"]?["severity"]?.text.map { String($0.prefix(20)) }),
                    "topic": CloudJSON(json["payload"]?["topic"]?.text.map { String($0.prefix(200)) }),
                ],
            ]
            if notifications.count >= Self.maximumNotifications { notifications.removeFirst() }
            notifications.append(notification)
            return CloudResponse(200, .array([notification]))
        case ("GET", ["notifications"]), ("GET", []):
            return CloudResponse(
                200, ["totalCount": .int(Int64(notifications.count)), "notifications": .array(notifications.reversed())])
        default: return Self.refusal(404, "NotFoundError", "Not found", request)
        }
    }

    private static func refusal(_ status: Int, _ name: String, _ message: String, _ request: CloudRequest) -> CloudResponse {
        CloudResponse(
            status,
            [
                "error": ["name": .string(name), "message": .string(message)],
                "request": ["method": .string(request.method), "url": .string(request.target)],
                "response": ["statusCode": .int(Int64(status))],
            ])
    }
}
