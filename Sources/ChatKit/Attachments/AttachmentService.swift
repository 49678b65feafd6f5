import Networking
package import Postgres
package import Primitives

/// Announcing, completing and reading attachments, with their rules. One a loop.
package final class AttachmentService: @unchecked Sendable {
  package struct Limits: Sendable {
    /// Bytes of one attachment.
    package var size: Int64 = 25 << 20
    /// Bytes of its name in UTF-8.
    package var name = 255
    /// What may be sent: media types, and beginnings of them that end in an asterisk.
    package var types = ["*/*"]
    /// Uploads that one user may have under way.
    package var pending: Int64 = 20
    /// Bytes that one user may have in the store; nil: as many as they like.
    package var quota: Int64?
    /// How long a URL is good that is handed out.
    package var urlLifetime = Duration.seconds(900)
    /// How long an attachment may go without being completed, or without a message that names it.
    package var orphanAge = Duration.seconds(86_400)

    package init() {}
  }

  /// What somebody wants to send.
  package struct Announcement: Sendable {
    package var conversationId: UUID
    package var name: String
    package var contentType: String
    package var size: Int64
    /// SHA-256 in hexadecimal.
    package var checksum: String

    package init(conversationId: UUID, name: String, contentType: String, size: Int64, checksum: String) {
      self.conversationId = conversationId
      self.name = name
      self.contentType = contentType
      self.size = size
      self.checksum = checksum
    }
  }

  private let pool: PostgresPool
  private let store: any ObjectStore
  package let limits: Limits

  package init(pool: PostgresPool, store: any ObjectStore, limits: Limits = Limits()) {
    self.pool = pool
    self.store = store
    self.limits = limits
  }

  private static let noSuchAttachment = ChatError(
    .notFound, "There is no such attachment, or you are not a participant of its conversation.")

  private static let columns = """
    a.id, a.conversation_id, a.uploader_id, a.name, a.content_type, a.size, a.sha256, a.state, a.created_at, \
    a.completed_at
    """

  private static func attachment(_ row: PostgresRow) throws -> Attachment {
    let state: String = try row.get(7)
    return Attachment(
      id: try row.get(0), conversationId: try row.get(1), uploaderId: try row.get(2), name: try row.get(3),
      contentType: try row.get(4), size: try row.get(5), checksum: try row.get(6),
      state: Attachment.State(rawValue: state) ?? .deleted, createdAt: try row.get(8), completedAt: try row.get(9))
  }

  // MARK: Uploading

  /// Notes what `user` wants to send, and says how its content is brought. Throws `ChatError`.
  package func create(
    _ announcement: Announcement, by user: UUID
  ) async throws -> (attachment: Attachment, upload: Attachment.SignedRequest) {
    let checksum = try check(announcement)
    let until = Timestamp.now() + limits.urlLifetime
    let id = UUID.v7()
    let created = try await pool.transaction { [self] transaction in
      // Those of one user one after the other, lest two be counted before either is there.
      _ = try await transaction.query(
        "SELECT pg_advisory_xact_lock(hashtextextended('attachments ' || $1::uuid, 0))", user)
      let member = try await transaction.query(
        "SELECT FROM participants WHERE conversation_id = $1 AND user_id = $2", announcement.conversationId, user)
      guard member.count == 1 else { throw ChatError.noSuchConversation }
      try await checkRoom(for: announcement.size, of: user, transaction)
      let rows = try await transaction.query(
        """
        INSERT INTO attachments (
          id, conversation_id, uploader_id, name, content_type, size, sha256, state, expires_at, check_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', $8, $8::timestamptz + $9 * interval '1 second') RETURNING created_at
        """, id, announcement.conversationId, user, announcement.name, announcement.contentType, announcement.size,
        checksum, until, Double(limits.orphanAge.milliseconds) / 1000)
      return try rows[0].get(0, as: Timestamp.self)
    }
    let attachment = Attachment(
      id: id, conversationId: announcement.conversationId, uploaderId: user, name: announcement.name,
      contentType: announcement.contentType, size: announcement.size, checksum: checksum, state: .pending,
      createdAt: created)
    return (attachment, store.upload(of: attachment, until: until))
  }

  /// The checksum's bytes. Throws `ChatError`.
  private func check(_ announcement: Announcement) throws -> [UInt8] {
    let name = announcement.name
    guard (1...limits.name).contains(name.utf8.count) else {
      throw ChatError.invalid("name", "A name has 1 to \(limits.name) bytes.")
    }
    guard !name.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) }),
      !name.contains("/"), !name.contains("\\"), name != ".", name != ".."
    else { throw ChatError.invalid("name", "A name has no slashes and no control characters.") }
    let type = announcement.contentType
    guard ContentType.isValid(type) else {
      throw ChatError.invalid("contentType", "contentType is a media type, such as image/png.")
    }
    guard limits.types.contains(where: { ContentType.matches(type, $0) }) else {
      throw ChatError.invalid("contentType", "Files of this type are not taken here.")
    }
    guard announcement.size > 0 else { throw ChatError.invalid("size", "size is the number of bytes, at least 1.") }
    guard announcement.size <= limits.size else {
      throw ChatError(.tooLarge, "A file has at most \(limits.size) bytes here.", field: "size")
    }
    guard let checksum = Hex.decode(announcement.checksum), checksum.count == 32 else {
      throw ChatError.invalid("sha256", "sha256 is the content's SHA-256, 64 hexadecimal digits.")
    }
    return checksum
  }

  private func checkRoom(for size: Int64, of user: UUID, _ transaction: PostgresTransaction) async throws {
    let pending: Int64 = try await transaction.query(
      "SELECT count(*) FROM attachments WHERE uploader_id = $1 AND state = 'pending' AND expires_at > now()", user
    )[0].get(0)
    guard pending < limits.pending else {
      throw ChatError(
        .conflict, "\(limits.pending) uploads are under way; complete some, or wait until they expire.")
    }
    guard let quota = limits.quota else { return }
    let used: Int64 = try await transaction.query(
      """
      SELECT coalesce(sum(size), 0)::bigint FROM attachments
      WHERE uploader_id = $1 AND (state = 'ready' OR (state = 'pending' AND expires_at > now()))
      """, user
    )[0].get(0)
    guard used + size <= quota else {
      throw ChatError(.tooLarge, "You have \(used) bytes in files; \(quota) are the most.", field: "size")
    }
  }

  /// Makes `id` ready, when all of its content is in the store and is what was announced. Done twice it is done once.
  /// For its uploader. Throws `ChatError`.
  package func complete(_ id: UUID, by user: UUID) async throws -> Attachment {
    let attachment = try await own(id, of: user)
    guard attachment.state == .pending else { return attachment }
    guard let object = try await store.inspect(attachment) else {
      throw ChatError(.conflict, "Its content has not been uploaded.")
    }
    guard object.size == attachment.size else {
      throw ChatError.invalid("size", "The content has \(object.size) bytes; \(attachment.size) were announced.")
    }
    guard let checksum = object.checksum else {
      throw ChatError(
        .conflict, "The store has no checksum of the content; upload it with the fields that were given for it.")
    }
    guard checksum == attachment.checksum else {
      throw ChatError.invalid("sha256", "The content is not what was announced: its SHA-256 is another.")
    }
    if let beginning = object.beginning { try Self.checkBeginning(beginning, of: attachment) }
    return try await markReady(attachment)
  }

  /// Throws `ChatError` where content that begins so is not of its attachment's type.
  static func checkBeginning(_ bytes: [UInt8], of attachment: Attachment) throws {
    guard ContentSignature.agrees(bytes, with: attachment.contentType) else {
      throw ChatError.invalid("contentType", "The content is not \(ContentType.essence(of: attachment.contentType)).")
    }
  }

  /// An attachment of `user`, pending or ready. Throws `ChatError` notFound.
  private func own(_ id: UUID, of user: UUID) async throws -> Attachment {
    let rows = try await pool.query(Self.owned, id, user)
    guard let row = rows.first else { throw Self.noSuchAttachment }
    return try Self.attachment(row)
  }

  private static let owned = PostgresStatement(
    unchecked: """
      SELECT \(columns) FROM attachments a
      WHERE a.id = $1 AND a.uploader_id = $2 AND a.state <> 'deleted' AND EXISTS (
        SELECT FROM participants p WHERE p.conversation_id = a.conversation_id AND p.user_id = $2)
      """)

  private func markReady(_ attachment: Attachment) async throws -> Attachment {
    let rows = try await pool.query(
      """
      UPDATE attachments SET state = 'ready', completed_at = coalesce(completed_at, now()),
        check_at = CASE state WHEN 'pending' THEN now() + $2 * interval '1 second' ELSE check_at END
      WHERE id = $1 AND state IN ('pending', 'ready') RETURNING completed_at
      """, attachment.id, Double(limits.orphanAge.milliseconds) / 1000)
    guard let row = rows.first else {
      // It was collected meanwhile: nobody will look for its content again.
      try await store.remove(attachment.id)
      throw Self.noSuchAttachment
    }
    var ready = attachment
    ready.state = .ready
    ready.completedAt = try row.get(0)
    return ready
  }

  // MARK: Reading

  /// An attachment, and where its content is had once it is there: for participants; while it is pending, for its uploader
  /// only. Throws `ChatError` notFound.
  package func attachment(
    _ id: UUID, for user: UUID
  ) async throws -> (attachment: Attachment, download: Attachment.SignedRequest?) {
    let rows = try await pool.query(Self.visible, id, user)
    guard let row = rows.first else { throw Self.noSuchAttachment }
    let attachment = try Self.attachment(row)
    guard attachment.state == .ready else { return (attachment, nil) }
    return (attachment, store.download(of: attachment, until: .now() + limits.urlLifetime))
  }

  private static let visible = PostgresStatement(
    unchecked: """
      SELECT \(columns) FROM attachments a
      WHERE a.id = $1 AND (a.state = 'ready' OR (a.state = 'pending' AND a.uploader_id = $2)) AND EXISTS (
        SELECT FROM participants p WHERE p.conversation_id = a.conversation_id AND p.user_id = $2)
      """)

  // MARK: A store of our own

  /// What a path that was given out is for, pending or ready. Throws `ChatError` notFound.
  package func attachment(signedFor id: UUID) async throws -> Attachment {
    let rows = try await pool.query(Self.any, id)
    guard let row = rows.first else { throw Self.noSuchAttachment }
    return try Self.attachment(row)
  }

  private static let any = PostgresStatement(
    unchecked: "SELECT \(columns) FROM attachments a WHERE a.id = $1 AND a.state <> 'deleted'")

  /// Takes the content of an attachment part by part, and makes it ready. Throws `ChatError`, `ObjectStoreError`, or what
  /// `next` does.
  package func receive(
    _ attachment: Attachment, into local: LocalObjectStore, _ next: () async throws -> [UInt8]?
  ) async throws -> Attachment {
    let upload = try await local.begin(attachment)
    while let part = try await next() { try await upload.write(part) }
    try await upload.finish()
    return try await markReady(attachment)
  }
}
