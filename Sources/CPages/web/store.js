// What this page knows: conversations, their messages, people, presence. Filled by requests, kept current by the socket.
//
// Everything that changes a message has a seq in its conversation's log (docs/MESSAGES.md). Per conversation `cursor` is the
// last seq that was heard; after every connect the rooms are joined with it as `afterSeq`, and what was missed comes as the
// same events. Events bear states, so applying one twice, or one that a request has brought already, changes nothing.
import { Conversation } from "./conversation.js";

const PAGE = 50;
/** So many conversations are joined; `inbox:update` tells of the others. */
const JOINED_AT_MOST = 100;
/** Answers in advance while joining. */
const JOINS_AT_ONCE = 8;
const COUNTED_AT_MOST = 999;
/** After a page that could not be read, in milliseconds. */
const PAUSE = 4000;

/** Events: `change` (detail: a set of what has changed), `arrived` (detail: {conversation, message}). */
export class Store extends EventTarget {
  #session;
  #socket;
  #changes = new Set();
  #fetching = new Map();
  #delays = new Map();
  conversations = new Map();
  presence = new Map();
  /** Display names by user id, of whom was met so far. */
  #names = new Map();
  /** The opened conversation. */
  open = null;
  isListLoaded = false;
  next = null;

  constructor(session, socket) {
    super();
    this.#session = session;
    this.#socket = socket;
    socket.addEventListener("connect", () => this.#resume().catch((error) => this.#failed(error)));
    socket.addEventListener("disconnect", () => {
      for (const conversation of this.conversations.values()) conversation.joined = false;
      this.changed("connection", "list", "thread");
    });
    socket.addEventListener("event", ({ detail: { name, data } }) => this.#event(name, data));
  }

  get me() { return this.#session.user; }

  /** Listeners hear of all changes of a moment at once. */
  changed(...what) {
    if (this.#changes.size === 0) {
      queueMicrotask(() => {
        const detail = this.#changes;
        this.#changes = new Set();
        this.dispatchEvent(new CustomEvent("change", { detail }));
      });
    }
    for (const one of what) this.#changes.add(one);
  }

  #failed(error) {
    if (error.final || error.name === "AbortError" || error.code === "unavailable" || error.code === "unreachable") return;
    this.dispatchEvent(new CustomEvent("failed", { detail: error }));
  }

  /** After a pause in which it is not asked for again. */
  #soon(key, pause, work) {
    if (this.#delays.has(key)) return;
    this.#delays.set(key, setTimeout(() => {
      this.#delays.delete(key);
      Promise.resolve(work()).catch((error) => this.#failed(error));
    }, pause));
  }

  sorted() {
    return [...this.conversations.values()].filter((one) => one.entry && !one.entry.archived)
      .sort((a, b) => (a.activity < b.activity ? 1 : a.activity > b.activity ? -1 : a.id < b.id ? 1 : -1));
  }

  get totalUnread() {
    let total = 0;
    for (const { unread, entry } of this.conversations.values()) if (entry && !entry.muted) total += unread;
    return total;
  }

  // The list.

  async loadList() {
    const { conversations, next } = await this.#session.get("/api/conversations", { limit: PAGE });
    for (const entry of conversations) this.#take(entry);
    this.next = next ?? null;
    this.isListLoaded = true;
    this.changed("list", "thread");
  }

  async loadMore() {
    if (!this.next) return;
    const cursor = this.next;
    this.next = null;
    const { conversations, next } = await this.#session.get("/api/conversations", { limit: PAGE, cursor });
    for (const entry of conversations) this.#take(entry);
    this.next = next ?? null;
    this.changed("list");
    if (this.#socket.connected) await this.#join(conversations.map(({ id }) => this.conversations.get(id)));
  }

  /** What a request says of a conversation. */
  #take(entry) {
    let conversation = this.conversations.get(entry.id);
    if (!conversation) {
      conversation = new Conversation(entry.id);
      this.conversations.set(entry.id, conversation);
      // What the list shows was heard; what follows is asked for with `join`.
      conversation.cursor = entry.lastSeq;
    }
    // An answer that was overtaken by events says less than is known.
    if (conversation.entry && entry.lastSeq < conversation.counted) {
      entry.lastMessage = conversation.entry.lastMessage;
    } else {
      // What was read here a moment ago may not be known there yet.
      const isRead = conversation.readSeq > (entry.readSeq ?? 0) && conversation.readSeq >= (entry.lastMessage?.seq ?? 0);
      conversation.unread = isRead ? 0 : entry.unread ?? 0;
      conversation.mentions = isRead ? 0 : entry.mentions ?? 0;
      conversation.counted = entry.lastSeq;
    }
    conversation.entry = entry;
    if (entry.peer) this.#names.set(entry.peer.userId, entry.peer.displayName);
    conversation.readSeq = Math.max(conversation.readSeq, entry.readSeq ?? 0);
    conversation.deliveredSeq = Math.max(conversation.deliveredSeq, entry.deliveredSeq ?? 0);
    this.changed("list");
    return conversation;
  }

  /** Reads a conversation anew; once at a time. */
  fetch(id) {
    let fetching = this.#fetching.get(id);
    if (!fetching) {
      fetching = this.#session.get(`/api/conversations/${id}`).then(async (entry) => {
        const isNew = !this.conversations.has(id);
        const conversation = this.#take(entry);
        if (isNew && this.#socket.connected) {
          // Its beginning may have been missed: from what was read, which may be nothing.
          await this.#join([conversation]);
          this.#watchPeers();
        }
        this.changed("list", "thread");
        return conversation;
      }).finally(() => this.#fetching.delete(id));
      this.#fetching.set(id, fetching);
    }
    return fetching;
  }

  forget(id) {
    const conversation = this.conversations.get(id);
    if (!conversation) return;
    this.conversations.delete(id);
    if (this.open === conversation) this.dispatchEvent(new CustomEvent("left", { detail: conversation }));
    this.changed("list", "thread");
  }

  // The socket.

  /** After every connect: the list anew, then all rooms from where they were heard to. */
  async #resume() {
    this.changed("connection");
    if (this.open) await this.#join([this.open]);
    await this.loadList();
    await this.#join(this.sorted().slice(0, JOINED_AT_MOST));
    this.#watchPeers();
    if (this.open) this.#watchMembers(this.open);
    this.changed("list", "thread");
  }

  async #join(conversations) {
    const waiting = conversations.filter((one) => !one.joined);
    const next = async () => {
      for (let one = waiting.shift(); one; one = waiting.shift()) await this.#joinOne(one);
    };
    await Promise.all(Array.from({ length: JOINS_AT_ONCE }, next));
  }

  async #joinOne(conversation) {
    if (conversation.joined || !this.#socket.connected) return;
    conversation.joined = true;
    try {
      const { reset, lastSeq } = await this.#socket.emit("join", { conversationId: conversation.id, afterSeq: conversation.cursor });
      if (!reset) {
        // What was replayed was heard before the answer.
        conversation.cursor = Math.max(conversation.cursor, lastSeq);
        this.#delivered(conversation);
        return;
      }
      conversation.cursor = lastSeq;
      conversation.empty();
      await this.fetch(conversation.id);
      if (this.open === conversation) await this.load(conversation);
    } catch (error) {
      conversation.joined = false;
      if (error.code === "not_found" || error.code === "forbidden") this.forget(conversation.id);
      else if (error.code === "rate_limited" || error.code === "overloaded") {
        this.#soon(`join ${conversation.id}`, 3000, () => this.#joinOne(conversation));
      } else if (error.code !== "unavailable") throw error;
    }
  }

  #event(name, data) {
    const conversation = data?.conversationId && this.conversations.get(data.conversationId);
    switch (name) {
      case "message:new": return this.#arrived(conversation, data);
      case "message:updated": return this.#updated(conversation, data);
      case "message:deleted": return this.#deleted(conversation, data);
      case "reaction": return this.#reacted(conversation, data);
      case "typing": return this.#typing(conversation, data);
      case "presence": return this.#present([data]);
      case "read:receipt": return this.#receipt(conversation, data, "readSeq");
      case "delivered:receipt": return this.#receipt(conversation, data, "deliveredSeq");
      case "participant:joined":
      case "participant:left":
      case "participant:updated": return this.#participants(conversation, data, name);
      case "conversation:updated":
      case "inbox:update":
      case "mention":
        this.#soon(`fetch ${data.conversationId}`, 200, () => this.#fetchKnown(data.conversationId));
    }
  }

  async #fetchKnown(id) {
    try {
      await this.fetch(id);
    } catch (problem) {
      if (problem.status !== 404) throw problem;
      this.forget(id);
    }
  }

  #arrived(conversation, message) {
    if (!conversation?.entry) {
      this.#soon(`fetch ${message.conversationId}`, 0, () => this.#fetchKnown(message.conversationId));
      return;
    }
    const isNew = conversation.heard(message.seq);
    const { entry } = conversation;
    if (!entry.lastMessage || entry.lastMessage.seq <= message.seq) {
      entry.lastMessage = message;
      entry.archived = false;
    }
    const isOwn = message.senderId === this.me.id;
    if (message.seq > conversation.counted) {
      conversation.counted = message.seq;
      if (!isOwn && message.seq > conversation.readSeq && !message.deletedAt) {
        conversation.unread = Math.min(COUNTED_AT_MOST, conversation.unread + 1);
      }
    }
    if (isOwn) conversation.newFrom = 0;
    const typist = conversation.typing.get(message.senderId);
    if (typist) {
      clearTimeout(typist.timer);
      conversation.typing.delete(message.senderId);
    }
    if (conversation.loaded && !conversation.newer) conversation.put(message);
    this.changed("list", "thread");
    if (isNew && !isOwn) this.#delivered(conversation);
    if (isNew) this.dispatchEvent(new CustomEvent("arrived", { detail: { conversation, message } }));
  }

  #updated(conversation, change) {
    if (!conversation?.entry) return;
    conversation.heard(change.seq);
    conversation.put({ ...change, seq: change.messageSeq }, true);
    this.changed("list", "thread");
  }

  #deleted(conversation, { id, seq, messageSeq, deletedAt, version }) {
    if (!conversation?.entry) return;
    conversation.heard(seq);
    const known = conversation.byId.get(id) ?? (conversation.entry.lastMessage?.id === id ? conversation.entry.lastMessage : null);
    if (known) {
      const tombstone = { ...known, body: "", deletedAt, version, reactions: [] };
      delete tombstone.attachmentId;
      conversation.put(tombstone, true);
    }
    // One unread message less, perhaps.
    if (messageSeq > conversation.readSeq && conversation.unread > 0) {
      this.#soon(`fetch ${conversation.id}`, 200, () => this.#fetchKnown(conversation.id));
    }
    this.changed("list", "thread");
  }

  #reacted(conversation, { id, seq, userId, emoji, total, added }) {
    if (!conversation?.entry) return;
    conversation.heard(seq);
    this.setReaction(conversation, id, { emoji, total, seq }, userId === this.me.id ? added : null);
  }

  setReaction(conversation, id, reaction, own) {
    conversation.react(id, reaction, own);
    this.changed("thread");
  }

  #typing(conversation, { userId, username, isTyping }) {
    if (!conversation || userId === this.me.id) return;
    clearTimeout(conversation.typing.get(userId)?.timer);
    conversation.typing.delete(userId);
    if (isTyping) {
      // The server says when it is over; this is for when that gets lost.
      const timer = setTimeout(() => {
        conversation.typing.delete(userId);
        this.changed("typing", "list");
      }, 8000);
      conversation.typing.set(userId, { name: this.nameOf(userId, username), timer });
    }
    this.changed("typing", "list");
  }

  #receipt(conversation, { userId, seq }, field) {
    if (!conversation) return;
    const member = conversation.members?.get(userId);
    if (!member || member[field] >= seq) return;
    member[field] = seq;
    if (field === "readSeq") member.deliveredSeq = Math.max(member.deliveredSeq ?? 0, seq);
    this.changed("thread");
  }

  #participants(conversation, { conversationId, userId }, name) {
    if (userId === this.me.id) {
      if (name === "participant:left") this.forget(conversationId);
      else this.#soon(`fetch ${conversationId}`, 0, () => this.#fetchKnown(conversationId));
    } else if (conversation?.members) {
      this.#soon(`members ${conversationId}`, 100, () => this.loadMembers(conversation));
    }
  }

  // Presence: only what is asked for after a connect holds.

  #watchPeers() {
    const peers = [];
    for (const { entry } of this.conversations.values()) if (entry?.peer) peers.push(entry.peer.userId);
    if (peers.length > 0) this.#watch({ userIds: peers.slice(0, 500) });
  }

  #watchMembers(conversation) {
    if (!conversation.isDirect && conversation.joined) this.#watch({ conversationId: conversation.id }, conversation);
  }

  #watch(what, conversation) {
    this.#socket.emit("presence:subscribe", what).then((answer) => {
      if (conversation) conversation.online = answer.online;
      this.#present(answer.statuses ?? []);
      this.changed("thread");
    }, (error) => error.code === "rate_limited" && this.#soon("watch", 5000, () => this.#watchPeers()));
  }

  #present(statuses) {
    for (const status of statuses) {
      const known = this.presence.get(status.userId);
      if (!known || known.version <= status.version) this.presence.set(status.userId, status);
    }
    this.changed("list", "presence");
  }

  // A conversation's messages.

  /** Opens it: its messages, at the end or around a seq, and who is in it. */
  async show(conversation, around = null) {
    this.open = conversation;
    conversation.newFrom = 0;
    this.changed("thread", "list", "open");
    if (!conversation.loaded || conversation.newer || around) await this.load(conversation, around);
    const first = conversation.messages.find(({ seq, senderId }) => seq > conversation.readSeq && senderId !== this.me.id);
    if (conversation.unread > 0 && first) conversation.newFrom = first.seq;
    this.changed("thread");
    if (!conversation.members) await this.loadMembers(conversation);
    this.#watchMembers(conversation);
  }

  load(conversation, around = null) {
    const query = { limit: PAGE };
    if (around) query.beforeSeq = around + PAGE / 2;
    return this.#page(conversation, query, (page) => {
      conversation.empty();
      conversation.older = page.older ?? null;
      conversation.newer = around ? page.newer ?? null : null;
      conversation.loaded = true;
    });
  }

  loadOlder(conversation) {
    if (!conversation.older) return null;
    return this.#page(conversation, { limit: PAGE, cursor: conversation.older }, (page) => (conversation.older = page.older ?? null));
  }

  loadNewer(conversation) {
    if (!conversation.newer) return null;
    return this.#page(conversation, { limit: PAGE, cursor: conversation.newer }, (page) => (conversation.newer = page.newer ?? null));
  }

  #page(conversation, query, before) {
    conversation.loading ??= this.#session.get(`/api/conversations/${conversation.id}/messages`, query).then((page) => {
      before(page);
      for (const message of page.messages) {
        message.asOf = page.lastSeq;
        conversation.put(message);
      }
      // Heard by reading. Where the room is joined its events say the same again.
      if (!conversation.joined) conversation.cursor = Math.max(conversation.cursor, page.lastSeq);
    }).catch((error) => {
      conversation.restsUntil = Date.now() + PAUSE;
      throw error;
    }).finally(() => {
      conversation.loading = null;
      this.changed("thread");
    });
    this.changed("thread");
    return conversation.loading;
  }

  /** What a request has answered about a message. */
  put(message) {
    const conversation = this.conversations.get(message.conversationId);
    if (!conversation?.entry) return;
    // Through the same door as the event, which comes before or after; the place in the log is the event's to say.
    if (conversation.byId.has(message.id) || !conversation.newer) conversation.put(message);
    const { entry } = conversation;
    if (!entry.lastMessage || entry.lastMessage.seq < message.seq) entry.lastMessage = message;
    this.changed("list", "thread");
  }

  async loadMembers(conversation) {
    const { participants, next } = await this.#session.get(`/api/conversations/${conversation.id}/participants`, { limit: 200 });
    conversation.members = new Map(participants.map((one) => [one.userId, one]));
    conversation.hasMoreMembers = Boolean(next);
    for (const { userId, displayName } of participants) this.#names.set(userId, displayName);
    this.changed("thread", "list");
  }

  nameOf(userId, username = null) {
    if (userId === this.me.id) return this.me.displayName;
    return this.#names.get(userId) ?? username ?? "Somebody";
  }

  // Cursors.

  #delivered(conversation) {
    this.#soon(`delivered ${conversation.id}`, 500, async () => {
      const last = conversation.entry?.lastMessage;
      const seq = conversation.cursor;
      if (!last || seq <= conversation.deliveredSeq || last.senderId === this.me.id || !this.#socket.connected) return;
      conversation.deliveredSeq = seq;
      await this.#socket.emit("message:delivered", { conversationId: conversation.id, seq });
    });
  }

  /** Everything that was heard is on the screen. */
  read(conversation) {
    const last = conversation.messages.at(-1);
    if (!last || conversation.newer || last.seq <= conversation.readSeq) return;
    conversation.unread = conversation.mentions = 0;
    this.changed("list");
    this.#soon(`read ${conversation.id}`, 250, async () => {
      const seq = conversation.messages.at(-1)?.seq ?? 0;
      if (seq <= conversation.readSeq) return;
      const before = conversation.readSeq;
      conversation.readSeq = seq;
      conversation.deliveredSeq = Math.max(conversation.deliveredSeq, seq);
      try {
        if (this.#socket.connected) await this.#socket.emit("message:read", { conversationId: conversation.id, seq });
        else await this.#session.request("POST", "/api/messages/read", { body: { conversationId: conversation.id, seq } });
      } catch (error) {
        conversation.readSeq = before;
        throw error;
      }
    });
  }
}
