internal import ServiceBus

/// A catalogue read and joined to the entities it names.
struct LoadedEstate: Sendable {
    let estate: Estate

    init(context: OperatorContext, host: String) {
        estate = Estate(environment: context.environment)
    }

    func board(_ listing: Result<EntityListing, OperatorError>) -> Board { Board(problems: estate.problems) }
}
