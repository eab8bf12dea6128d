import RMOSDashboard
import RMOSModels
import RMOSStore

/// `rmos-cli history`.
enum HistoryCommand {
  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "history", summary: "Count the entities migrated or created per day, newest first",
      details: "Migrated entities count for the day of their run, others for the day they were "
        + "created, both in UTC. Opens the database read-only and changes nothing.",
      options: [
        program.databaseOption,
        .init(name: "limit", placeholder: "N", help: "Show at most N days [default: 50]"),
      ],
      examples: [.init(command: "\(program) history --limit 7", help: "The last seven days")]
    ) { arguments, console in
      let limit = try arguments.integer("limit", in: 1...1_000_000) ?? 50
      let store = try arguments.database.openForReading()
      let history = try StoreError.retryingIfChanged {
        try MigrationHistory.read(from: store, limit: limit)
      }
      if arguments.has("json") {
        console.printDocument(history.json)
        return .success
      }
      show(history, console)
      if history.totalDays == 0, history.undatedEntities == 0 {
        console.printNext("\(program) migrate SOURCE --dry-run\(arguments.database.words)")
      }
      return .success
    }
  }

  private static func show(_ history: MigrationHistory, _ console: Console) {
    if history.days.isEmpty {
      console.print("No entities with a date yet.")
    } else {
      let kinds = history.catalog.kinds
      var table = TextTable(
        ["day"], numbers: kinds.map(\.schema.plural) + ["total"])
      for day in history.days {
        let counts = kinds.map { day.entities[$0] } + [day.entities.total]
        table.add([day.date] + counts.map(PlainText.grouped))
      }
      console.print(table)
    }
    let more = history.totalDays - history.days.count
    if more > 0 {
      console.print(
        "\(PlainText.counted(more, "earlier day")); --limit N shows more.")
    }
    let undated = history.undatedEntities
    if undated > 0 {
      console.print(
        PlainText.counted(undated, "entity", "entities")
          + (undated == 1
            ? " has no readable date and is not counted."
            : " have no readable date and are not counted."))
    }
  }
}
