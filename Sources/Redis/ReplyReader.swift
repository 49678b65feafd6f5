import CHiredis

/// What a `ReplyReader` tells while it reads, in the order of the bytes; what it hands over is valid during the call
/// only. The elements of an array follow its `arrayBegan`.
class ReplySink {
  func arrayBegan(count: Int) {}
  func string(_ bytes: UnsafeRawBufferPointer) {}
  func status(_ bytes: UnsafeRawBufferPointer) {}
  func error(_ bytes: UnsafeRawBufferPointer) {}
  func integer(_ value: Int64) {}
  /// A null string or a null array.
  func null() {}
}

/// The owner of a hiredis reader. Replies are not built by it but told to a sink as they are read, which spares its
/// tree of mallocs, and hands the payload of a published message over where it lies.
struct ReplyReader: ~Copyable {
  private let reader: UnsafeMutablePointer<redisReader>
  private let limit: Int
  private static let portion = 2048

  /// - Parameters:
  ///   - sink: not retained; it must live as long as the reader.
  ///   - limit: the bytes that may be buffered for one reply.
  init(sink: ReplySink, limit: Int) {
    reader = redisReaderCreateWithFunctions(ReplyFunctions.table)
    reader.pointee.privdata = Unmanaged.passUnretained(sink).toOpaque()
    // Above the loop's receive buffer, or each read would allocate.
    reader.pointee.maxbuf = 1 << 18
    self.limit = limit
  }

  deinit { redisReaderFree(reader) }

  /// Reads all complete replies. After an error the reader is of no more use.
  func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisError) {
    guard var next = bytes.bindMemory(to: CChar.self).baseAddress else { return }
    var rest = bytes.count
    while rest > 0 {
      // hiredis moves what is left of its buffer to the front after each kilobyte that it has read: with much in it,
      // that costs more than the reading. In small portions there is little to move; the middle of a large string is
      // taken as it comes.
      let portion = reader.pointee.len < Self.portion ? min(rest, Self.portion) : rest
      guard redisReaderFeed(reader, next, portion) == REDIS_OK else { throw failure() }
      next += portion
      rest -= portion
      guard reader.pointee.len <= limit else {
        throw RedisError(.malformedReply, .unknown, "a reply is larger than \(limit) bytes")
      }
      var reply: UnsafeMutableRawPointer?
      repeat {
        reply = nil
        guard redisReaderGetReply(reader, &reply) == REDIS_OK else { throw failure() }
      } while reply != nil
    }
  }

  private func failure() -> RedisError {
    let words = withUnsafeBytes(of: &reader.pointee.errstr) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    return RedisError(.malformedReply, .unknown, "the server does not speak Redis's protocol: \(words)")
  }
}

/// hiredis's callbacks. They return a token that is not null: what is built lives in the sink.
private enum ReplyFunctions {
  private typealias Task = UnsafePointer<redisReadTask>

  nonisolated(unsafe) static let table: UnsafeMutablePointer<redisReplyObjectFunctions> = {
    var functions = redisReplyObjectFunctions()
    functions.createString = { task, text, count in
      guard let task else { return nil }
      let bytes = UnsafeRawBufferPointer(start: text, count: count)
      switch task.pointee.type {
      case REDIS_REPLY_STATUS: ReplyFunctions.sink(task)._withUnsafeGuaranteedRef { $0.status(bytes) }
      case REDIS_REPLY_ERROR: ReplyFunctions.sink(task)._withUnsafeGuaranteedRef { $0.error(bytes) }
      default: ReplyFunctions.sink(task)._withUnsafeGuaranteedRef { $0.string(bytes) }
      }
      return ReplyFunctions.token
    }
    functions.createArray = { task, count in
      guard let task else { return nil }
      ReplyFunctions.sink(task)._withUnsafeGuaranteedRef { $0.arrayBegan(count: Int(count)) }
      return ReplyFunctions.token
    }
    functions.createInteger = { task, value in
      guard let task else { return nil }
      ReplyFunctions.sink(task)._withUnsafeGuaranteedRef { $0.integer(value) }
      return ReplyFunctions.token
    }
    functions.createNil = { task in
      guard let task else { return nil }
      ReplyFunctions.sink(task)._withUnsafeGuaranteedRef { $0.null() }
      return ReplyFunctions.token
    }
    functions.freeObject = { _ in }
    let table = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
    table.initialize(to: functions)
    return table
  }()

  private static var token: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: 1) }

  @inline(__always)
  private static func sink(_ task: Task) -> Unmanaged<ReplySink> {
    Unmanaged.fromOpaque(task.pointee.privdata)
  }
}
