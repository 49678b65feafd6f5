import ChatKit
import Commands
import Glibc
import Networking
import Primitives

extension UserCommands {
  private static let schema = RecordSchema(
    "store", key: "store",
    [
      .init("store", "The store"), .init("count", .integer, "Rows, keys or files"),
      .init("finishedAt", .time, "When it was done"),
      .init("note", "What else there is to know"), .init("sha256", wide: true, "Of the file that was written"),
    ])

  private static let codes: [ExitCode.Meaning] = [
    .init(.done), .init(.no, "there is no such user, or something is left"), .init(.usage),
    .init(.invalidInput, "the record is another's, or there is no key that can sign"), .init(.unavailable),
    .init(.interrupted, "repeat it: it goes on at the first store that is not done"),
  ]

  // MARK: Export

  private static let folder = Option<String>(
    required: "to", .directory, help: "The folder of the export; made where it is missing.")

  static let export = Command.operation(
    "export", summary: "Give out what is kept of a person",
    discussion: """
      Writes a file for each store into a folder (NDJSON), the files that the person has uploaded, and record.json: how many rows \
      each has, its SHA-256, who did it and when, signed with the key of access tokens. Interrupted and repeated, it goes on at \
      the first store that is not done. Sealed messages are opened where the master key is here. Protect the folder.
      """,
    examples: [Example("chatctl user export ann --to ann-export", "Repeat it after an interruption")],
    options: [folder], arguments: [ScopeOptions.user], exitCodes: codes, records: schema, changes: true
  ) { session in
    let found = try await session.user(session[ScopeOptions.user])
    let keys = try session.signingKeys()
    let folder = session[folder]
    if session.isDryRun {
      session.talk("would export \(found.user.username) to \(folder): \(PersonExport.steps.joined(separator: ", "))")
      return .done
    }
    if mkdir(folder, 0o700) != 0, errno != EEXIST {
      throw CommandFailure(.cannotCreate, "cannot make \(folder): \(String(cString: strerror(errno)))")
    }
    let files = try session.files()
    defer { (files as? S3ObjectStore)?.close() }
    let pool = try session.connections.postgres()
    let export = PersonExport(
      pool: pool, folder: folder, keys: try await session.messageKeys(), content: files, by: .current)
    return try await session.perform(
      .export, of: found, steps: PersonExport.steps, in: "\(folder)/\(PersonExport.recordName)", keys: keys
    ) { index, record in try await export.run(index, of: &record) }
  }

  // MARK: Erasure

  private static let recordFile = Option<String>(
    required: "record", .file.named("FILE"), help: "The file of the record; one that is not finished is gone on with.")
  private static let keepMessages = Flag(
    "keep-messages", help: "Leave what the person has said, under a name that says nothing.")

  private static let rate = Option<ByteCount?>(
    "rate", .size(.kibibytes(16) ... .gibibytes(16)), defaultText: "as fast as it goes",
    help: "How much of the messages and reactions is looked through a second.")

  static let erase = Command.operation(
    "erase", summary: "Take away what is kept of a person",
    discussion: """
      In every store: sessions and devices, presence and what recovery remembers in Redis, messages (a tombstone stays in the place \
      of each, and clients are told), uploaded files, reactions, memberships, receipts, mentions, blocks, copies in dead letters \
      and webhooks, and at last the profile. The account's row stays, disabled, as erased-…, for conversations name it. Then it \
      looks again. The record of it is signed with the key of access tokens, and names the person by the identifier only. There \
      is no way back: 'chatctl user export' first. No index leads to what somebody has said, so all messages and reactions are \
      looked through; --rate slows that down. Interrupted and repeated with the identifier, it goes on where it was.
      """,
    examples: [
      Example("chatctl user erase ann --record erasure-ann.json", "Asks for the name once more"),
      Example("chatctl user verify-record erasure-ann.json", "Whether the record is genuine"),
    ],
    options: [recordFile, keepMessages, rate], arguments: [ScopeOptions.user], exitCodes: codes, records: schema,
    changes: true,
    asks: true
  ) { session in
    let found = try await session.user(session[ScopeOptions.user])
    let keys = try session.signingKeys()
    let steps = PersonErasure.Step.allCases.map(\.rawValue)
    if session.isDryRun {
      session.talk("would erase \(found.user.username) (\(found.user.id)): \(steps.joined(separator: ", "))")
      return .done
    }
    try session.confirm(
      "Erase \(found.user.username) (\(found.user.id)) and all that is kept of them, for good",
      typing: found.user.username)
    _ = try await session.emitter()
    let files = try session.files()
    defer { (files as? S3ObjectStore)?.close() }
    let erasure = PersonErasure(
      pool: try session.connections.postgres(), redis: try await session.connections.redis(), content: files,
      presence: session.presenceSettings, keepsMessages: session[keepMessages], rate: session[rate]?.bytes,
      by: .current,
      on: session.loop)
    var bar: (step: PersonErasure.Step, progress: Progress)?
    return try await session.perform(.erasure, of: found, steps: steps, in: session[recordFile], keys: keys) {
      index, record in
      try await erasure.run(index, of: &record) { now in
        let (what, unit, shift) =
          switch now.step {
          case .messages: ("looking for messages", "MiB", 20)
          case .reactions: ("looking for reactions", "MiB", 20)
          case .rooms: ("leaving", "rooms", 0)
          default: ("removing", "files", 0)
          }
        if bar?.step != now.step {
          bar?.progress.finish()
          bar = (now.step, Progress(what, total: now.total >> shift, unit: unit, session))
        }
        if let bar { bar.progress.advance(by: (now.done >> shift) - bar.progress.done) }
        try session.checkpoint(
          resume: session.invocation.line(with: [(ScopeOptions.user.parameter.name, ["\(found.user.id)"])]))
      }
      bar?.progress.finish()
    }
  }

  // MARK: Records

  private static let recordArgument = Argument("file", ValueType<String>.file, help: "The record.")

  static let verifyRecord = Command.operation(
    "verify-record", summary: "Check the signed record of an export or erasure",
    discussion: "With the keys in the secrets' folder, those too that sign no more (token.*.key).",
    examples: [Example("chatctl user verify-record erasure-ann.json", "1 where anybody has changed it")],
    arguments: [recordArgument],
    exitCodes: [
      .init(.done, "it is genuine"), .init(.no, "it is not signed, or was changed"), .init(.usage),
      .init(.invalidInput, "it is no record, or there is no key"),
    ], records: schema
  ) { session in
    let path = session[recordArgument]
    let keys = try session.signingKeys()
    let read: (record: PersonRecord, signature: String?)?
    do { read = try PersonRecord.read(path) } catch let error as PersonRecord.Failure {
      throw CommandFailure(.invalidInput, error.description)
    }
    guard let (record, signature) = read else { throw CommandFailure(.invalidInput, "there is no file \(path)") }
    guard let signature else {
      throw CommandFailure(.no, "it is not signed: the \(record.kind.rawValue) is not finished")
    }
    do { try record.verify(signature, with: keys) } catch let error as TokenError {
      throw CommandFailure(.no, "the record is not genuine: \(error)")
    }
    try session.write(record)
    session.talk(
      "genuine: \(record.kind.rawValue) of \(record.user) by \(record.by), "
        + "finished \(record.finishedAt.map { CellText.time($0) } ?? "never")")
    return .done
  }
}

extension Session {
  /// Those of access tokens. Throws `CommandFailure` where none can sign.
  func signingKeys() throws -> SigningKeySet {
    do { return try Secrets.tokenKeys(in: connections.secrets()) } catch let error as Secrets.Failure {
      throw CommandFailure(.invalidInput, error.description, hint: "The folder is that of chatd's --secrets.")
    }
  }

  /// Of encrypted messages, as far as there is a master key here.
  fileprivate func messageKeys() async throws -> MessageKeys? {
    guard let master = try connections.masterKey() else { return nil }
    return try await KeyRing.load(connections.postgres(), master: master)
  }

  /// Where the content of attachments lies; nil where nobody says.
  fileprivate func files() throws -> (any ObjectStore)? {
    switch try connections.options.attachments.place(embedded: connections.embedded()?.directory) {
    case nil: nil
    // Nobody is given a URL that it would sign.
    case .folder(let folder): try LocalObjectStore(folder: folder, paths: SignedPath(secret: SecureRandom.bytes(32)))
    case .s3(let settings): S3ObjectStore(settings, loop: loop)
    }
  }

  /// Goes through the steps of a record that are not done, notes each in its file, and signs it at the end.
  fileprivate func perform(
    _ kind: PersonRecord.Kind, of found: UserRecord, steps: [String], in path: String, keys: SigningKeySet,
    _ body: (Int, inout PersonRecord) async throws -> Void
  ) async throws -> ExitCode {
    do {
      return try await resumable {
        var record = try begin(kind, of: found, steps: steps, in: path)
        for index in record.steps.indices where record.steps[index].finishedAt == nil {
          do { try await body(index, &record) } catch {
            try record.write(to: path)
            throw error
          }
          try record.write(to: path)
          talk("\(record.steps[index].name): \(record.steps[index].count)")
          try checkpoint(
            resume: invocation.line(with: [(ScopeOptions.user.parameter.name, ["\(found.user.id)"])]))
        }
        record.finishedAt = record.finishedAt ?? .now()
        try record.write(to: path, signedBy: keys)
        try write(record)
        let left = record.steps.last.map { $0.name == PersonErasure.Step.verification.rawValue ? $0.count : 0 } ?? 0
        guard left == 0 else {
          throw CommandFailure(
            .no, "something is left: \(record.steps.last?.note ?? "")", hint: "Repeat it with another --record.")
        }
        return .done
      }
    } catch let error as PersonRecord.Failure {
      throw CommandFailure(.invalidInput, error.description)
    } catch let error as ObjectStoreError {
      throw CommandFailure(.unavailable, "attachments: \(error)")
    }
  }

  private func begin(
    _ kind: PersonRecord.Kind, of found: UserRecord, steps: [String], in path: String
  ) throws -> PersonRecord {
    if let (record, signature) = try PersonRecord.read(path) {
      guard record.user == found.user.id, record.kind == kind, record.steps.map(\.name) == steps else {
        throw CommandFailure(.invalidInput, "\(path) is the record of something else")
      }
      guard signature == nil else {
        throw CommandFailure(.invalidInput, "\(path) is finished; name another file to do it again")
      }
      talk("going on with what was begun at \(CellText.time(record.startedAt))")
      return record
    }
    let record = PersonRecord(kind, of: found.user.id, workspace: found.workspace, by: .current, steps: steps)
    try record.write(to: path)
    return record
  }

  fileprivate func write(_ record: PersonRecord) throws {
    let writer = try records()
    for step in record.steps {
      try writer.add([
        .string(step.name), .integer(step.count), RecordValue(step.finishedAt), RecordValue(step.note),
        RecordValue(step.sha256),
      ])
    }
    try writer.finish()
  }
}
