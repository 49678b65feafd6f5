import Commands

/// `chatctl load`: what the system bears, and whether it loses anything under it.
enum LoadCommands {
  static let group = Command(
    "load", summary: "Put a load on chatd, measure it and verify it",
    discussion: """
      A scenario says who does how much of what, in an open model: operations are due at their times, whether the earlier \
      ones are answered or not, and latencies count from then. Every message that was answered must reach every member of its \
      room once and in order; a run in which one does not has failed. docs/chatctl/load.md has every key of a scenario.
      """,
    examples: [
      Example(
        "chatctl load run manifests/load/steady.yaml --embedded .chatd --html steady.html --json steady.json", "Measure"
      ),
      Example("chatctl load compare before.json after.json --tolerance 0.2", "Against the last time"),
    ],
    group: "Looking", subcommands: [run, compare, clean])
}
