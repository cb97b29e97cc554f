/// Members of groups, page by page.
extension SandboxCloud {
    private static let usualPage = 100
    private static let largestPage = 999

    /// `GET /groups/{id}/members` and `/transitiveMembers`.
    func members(_ request: CloudRequest, of group: String, _ ids: [String]) -> CloudResponse {
        guard !switches.groupMembersForbidden else {
            return fault(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        }
        guard case .group? = directory.principals[group]?.kind else { return missing(group) }
        var size = Self.usualPage
        if let text = request.parameter("$top") {
            guard let top = Int(text), (1...Self.largestPage).contains(top) else {
                return fault(
                    400, "Request_BadRequest",
                    "Invalid page size specified: '\(text.prefix(20))'. Must be between 1 and \(Self.largestPage) inclusive.")
            }
            size = top
        }
        if switches.pageSize > 0 { size = min(size, switches.pageSize) }
        var skip = 0
        if let token = request.parameter("$skiptoken") {
            guard let number = Int(token), number >= 0 else {
                return fault(400, "Directory_ExpiredPageToken", "The specified page token value has expired and can no longer be included.")
            }
            skip = number
        }
        let found = ids.compactMap { directory.principals[$0] }
        let rest = found.dropFirst(skip)
        let chosen = request.parameter("$select").map { Set($0.split(separator: ",").map { $0.lowercased() }) }
        var answer: CloudJSON = ["@odata.context": "https://graph.microsoft.com/v1.0/$metadata#directoryObjects"]
        // Counting takes the index that is behind, and the service wants to be told that this is understood.
        if request.parameter("$count")?.lowercased() == "true", request.headers["consistencylevel"]?.lowercased() == "eventual" {
            answer = answer.setting("@odata.count", .int(Int64(found.count)))
        }
        if rest.count > size {
            let kept = request.query.split(separator: "&").filter { part in
                !["$skiptoken=", "%24skiptoken="].contains { part.lowercased().hasPrefix($0) }
            }
            let query = (kept.map(String.init) + ["%24skiptoken=\(skip + size)"]).joined(separator: "&")
            answer = answer.setting("@odata.nextLink", "\(request.origin)\(request.path)?\(query)")
        }
        return CloudResponse(
            200, answer.setting("value", .array(rest.prefix(size).map { Self.selected(json(of: $0), chosen) })))
    }

    private static func selected(_ json: CloudJSON, _ names: Set<String>?) -> CloudJSON {
        guard let names else { return json }
        return .object(json.members.filter { $0.key == "@odata.type" || names.contains($0.key.lowercased()) })
    }
}
