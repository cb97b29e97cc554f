import ArgumentParser
import CallboardCore
import ServiceBus

/// Whose access a command looks at: a context that signs in, and its catalogue.
struct AccessOptions: ParsableArguments {
    @OptionGroup var signIn: SignInOptions

    @Option(help: ArgumentHelp("A catalogue file or folder; may be repeated. Adds to those of the context.", valueName: "path"))
    var catalogue: [String] = []

    /// Asks Azure, and says on standard error what may not be known and what is wrong with the catalogue.
    func index() async throws(OperatorError) -> AccessIndex {
        // Of a large estate each part is read in pages that are let go of.
        let survey = try await signIn.signIn(catalogue: catalogue).accessSurvey { _ in Heap.giveBack() }
        for problem in survey.estate.problems { Standard.error(problem.description) }
        for gap in survey.picture.gaps { Standard.error(gap.description) }
        let index = AccessIndex(survey.picture, estate: survey.estate)
        Heap.giveBack()
        return index
    }
}

extension AccessIndex {
    /// The entity or service that somebody typed; nil for none.
    func subject(_ text: String?) throws(OperatorError) -> AccessSubject? {
        guard let text else { return nil }
        return try subject(text, candidates: EntityArgument(argument: text)?.candidates ?? [])
    }
}
