// A conversation as this page knows it: its entry of the list, a piece of its history, who is in it.

export class Conversation {
  constructor(id) {
    this.id = id;
    this.entry = null;
    this.unread = 0;
    this.mentions = 0;
    this.readSeq = 0;
    this.deliveredSeq = 0;
    /** The last seq of the log that was heard. */
    this.cursor = 0;
    /** `unread` counts messages through this one. */
    this.counted = 0;
    this.joined = false;
    /** A piece of the history without holes, by seq. `newer` absent: it reaches the end. */
    this.messages = [];
    this.byId = new Map();
    this.loaded = false;
    this.loading = null;
    this.older = null;
    this.newer = null;
    /** The history is not asked for before this time: a page of it could not be read. */
    this.restsUntil = 0;
    /** By user id; null until it was opened. */
    this.members = null;
    this.online = null;
    this.typing = new Map();
    /** Where "new messages" begin; 0 for nowhere. */
    this.newFrom = 0;
    this.draft = "";
  }

  get isDirect() { return this.entry.type === "direct"; }

  get title() {
    return this.entry.title ?? this.entry.peer?.displayName ?? "Conversation";
  }

  get activity() {
    return this.entry.lastMessage?.createdAt ?? this.entry.lastMessageAt ?? this.entry.createdAt;
  }

  /** Whether the entry of the log was not heard before. */
  heard(seq) {
    const isNew = seq > this.cursor;
    if (isNew) this.cursor = seq;
    return isNew;
  }

  /** Forgets the messages. */
  empty() {
    this.messages = [];
    this.byId.clear();
    this.loaded = false;
    this.older = this.newer = null;
  }

  /** A message's state: of two the one with the greater version. */
  put(message, onlyKnown = false) {
    const last = this.entry.lastMessage;
    if (last?.id === message.id && last.version <= message.version) this.entry.lastMessage = message;
    const known = this.byId.get(message.id);
    if (known) {
      if (known.version > message.version) return;
      Object.assign(known, { reactions: known.reactions, asOf: known.asOf }, message);
      if (message.deletedAt) delete known.attachmentId;
      return;
    }
    if (onlyKnown || !this.loaded) return;
    let at = this.messages.length;
    while (at > 0 && this.messages[at - 1].seq > message.seq) at -= 1;
    const copy = { ...message };
    this.messages.splice(at, 0, copy);
    this.byId.set(copy.id, copy);
  }

  /** A reaction's new total; `own` null: as it was. Nothing where the message is not here, or was read later than `seq`. */
  react(id, { emoji, total, seq = 0 }, own) {
    const message = this.byId.get(id);
    if (!message || seq < (message.asOf ?? 0)) return;
    const reactions = (message.reactions ?? []).map((one) => ({ ...one }));
    let reaction = reactions.find((one) => one.emoji === emoji);
    if (!reaction) reactions.push((reaction = { emoji, total: 0, own: false }));
    reaction.total = total;
    reaction.own = own ?? reaction.own;
    message.reactions = reactions.filter((one) => one.total > 0);
  }
}
