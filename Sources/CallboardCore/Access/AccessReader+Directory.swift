internal import AzureResources

extension AccessReader {
    /// Names, members of groups, and which identities are gone. What Graph does not tell stays an id.
    func readDirectory(into picture: inout AccessPicture, people: [GUID]) async {
        let assignments = picture.assignments.value ?? []
        var names = scheduleNames(picture)
        await readGroups(Set(assignments.filter(\.principalKind.isGroup).map(\.principal)), into: &picture, names: &names)
        let asked = Set(assignments.map(\.principal) + assignments.compactMap(\.createdBy) + people)
        let answer = await reading("Directory.Read.All of Microsoft Graph", at: .root) { () throws(AzureError) in
            try await graph.names(of: asked)
        }
        guard let directory = answer.value else {
            picture.names = answer.map { _ in [:] }
            return
        }
        for object in directory.found.values { names[object.id] = AccessPrincipal(object) }
        picture.names = directory.withheld.isEmpty || !directory.found.isEmpty ? .known(names, at: now()) : notPermitted()
        // Whoever was asked for and not returned may be gone; only asking for each tells.
        let missing = directory.missing.intersection(assignments.map(\.principal)).sorted()
        let searched = Array(missing.prefix(Self.mostSearches))
        let outcomes = await Self.each(searched) { id in
            await outcome { () throws(AzureError) in try await graph.isGone(id) }
        }
        var uncertain = missing.count - searched.count
        for (id, outcome) in zip(searched, outcomes) {
            switch outcome {
            case .success(true?): picture.gone.insert(id)
            case .success(false?): break
            case .success(nil), .failure: uncertain += 1
            }
        }
        if uncertain > 0 {
            picture.partial.append(
                AccessGap(
                    "whether \(uncertain) identities still exist",
                    reason: "the directory does not name them, and does not say that they are gone"))
        }
    }

    private func notPermitted<Value>() -> Reading<Value> { .notPermitted(needs: "Directory.Read.All of Microsoft Graph") }

    /// Names that Privileged Identity Management sent along.
    private func scheduleNames(_ picture: AccessPicture) -> [GUID: AccessPrincipal] {
        var names: [GUID: AccessPrincipal] = [:]
        for schedule in picture.schedules.value ?? [] {
            guard let name = schedule.principalName else { continue }
            names[schedule.principal] = AccessPrincipal(name: name, kind: schedule.principalKind, account: schedule.principalEmail)
        }
        return names
    }

    private func readGroups(_ groups: Set<GUID>, into picture: inout AccessPicture, names: inout [GUID: AccessPrincipal]) async {
        let groups = groups.sorted()
        let asked = Array(groups.prefix(Self.mostGroups))
        if groups.count > asked.count {
            picture.partial.append(
                AccessGap("members of groups", reason: "of \(groups.count) groups only those of the first \(asked.count) are asked for"))
        }
        let answers = await Self.each(asked) { group in
            await outcome { () throws(AzureError) in try await graph.members(of: group) }
        }
        var refusals = Refusals()
        for (group, answer) in zip(asked, answers) {
            switch answer {
            case .success(.known(let members)):
                picture.membership.setMembers(members.map { .init(id: $0.id, kind: $0.kind) }, of: group)
                for member in members { names[member.id] = AccessPrincipal(member) }
            case .success(.notPermitted): refusals.note("not permitted: needs GroupMember.Read.All of Microsoft Graph")
            // A group of another tenant is not found either, and has members: that nobody could name them is not that there are none.
            case .failure(let error): refusals.note(error.description)
            }
        }
        if let gap = refusals.gap("members of groups", consequence: "groups stand for whoever is in them") { picture.partial.append(gap) }
    }
}

extension AccessPrincipal {
    init(_ object: DirectoryObject) {
        self.init(name: object.displayName, kind: object.kind, account: object.userPrincipalName ?? object.applicationID?.text)
    }
}
