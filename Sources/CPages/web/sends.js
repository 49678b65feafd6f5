// Messages on their way. They are on the screen at once, go out one after another for each conversation, and bear an
// idempotency key, so a request whose answer got lost is repeated without a second message. What is not sent outlives a
// reload of the tab.
import { Problem, memory } from "./session.js";

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 15_000;
const tab = () => sessionStorage;

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Sends {
  #session;
  #store;
  #queues = new Map();
  #running = new Set();
  #wake = new Set();
  /** Set once it is known that the server takes files. */
  attachments = null;

  constructor(session, store, socket) {
    this.#session = session;
    this.#store = store;
    // Whatever says that the server is there ends all pauses.
    socket.addEventListener("connect", () => this.#hurry());
    addEventListener("online", () => this.#hurry());
  }

  get #name() { return `chat.sends.${this.#store.me.id}`; }

  /** What the tab had not sent before its reload. */
  restore() {
    let kept = [];
    try { kept = JSON.parse(memory.get(tab, this.#name) ?? "[]"); } catch { /* Nothing that we wrote. */ }
    for (const send of kept) {
      this.#queue(send.conversationId).push(send);
      this.#run(send.conversationId);
    }
  }

  /** On their way, the oldest first. An `arrived` one is in the history already, but its answer is not here yet. */
  of(conversation) {
    return (this.#queues.get(conversation.id) ?? []).filter(({ arrived }) => !arrived);
  }

  get isEmpty() { return [...this.#queues.values()].every((queue) => queue.length === 0); }

  /** What a reload would lose. */
  get hasFiles() { return [...this.#queues.values()].flat().some(({ file }) => file); }

  /** `file` is uploaded first. */
  add(conversation, { body, replyTo, file = null, preview = null }) {
    const send = {
      key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`, conversationId: conversation.id,
      body, replyTo, file, preview, type: file ? (file.type.startsWith("image/") ? "image" : "file") : "text",
      at: new Date().toISOString(), error: null,
    };
    this.#queue(conversation.id).push(send);
    this.#keep();
    this.#store.changed("thread", "sent");
    this.#run(conversation.id);
  }

  retry(send) {
    send.error = null;
    this.#store.changed("thread");
    this.#run(send.conversationId);
  }

  drop(send) {
    const queue = this.#queue(send.conversationId);
    const at = queue.indexOf(send);
    if (at >= 0) queue.splice(at, 1);
    if (send.preview) URL.revokeObjectURL(send.preview);
    this.#keep();
    this.#store.changed("thread");
  }

  /** The event came before the answer: the bubble must not be there twice. */
  arrived(conversation, message) {
    const send = this.#queue(conversation.id).find((one) => !one.arrived && one.body === message.body && one.isUnderWay);
    if (send) send.arrived = true;
  }

  #queue(id) {
    let queue = this.#queues.get(id);
    if (!queue) this.#queues.set(id, (queue = []));
    return queue;
  }

  #keep() {
    const all = [...this.#queues.values()].flat().filter(({ file }) => !file)
      .map(({ key, conversationId, body, replyTo, type, at, error }) => ({ key, conversationId, body, replyTo, type, at, error }));
    memory.set(tab, this.#name, all.length > 0 ? JSON.stringify(all) : null);
  }

  async #run(id) {
    if (this.#running.has(id)) return;
    this.#running.add(id);
    let failures = 0;
    try {
      for (let send = this.#next(id); send; send = this.#next(id)) {
        try {
          send.isUnderWay = true;
          const message = await this.#post(send);
          failures = 0;
          this.drop(send);
          this.#store.put(message);
        } catch (error) {
          const problem = error instanceof Problem ? error : new Problem(0, { detail: error.message, code: "failed" });
          if (problem.final) return;
          if (problem.isRetriable && problem.code !== "failed") {
            send.isWaiting = true;
            this.#store.changed("thread");
            const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures++);
            await this.#pause(Math.max(pause, (problem.retryAfter ?? 0) * 1000));
            send.isWaiting = false;
          } else {
            send.error = problem.advice;
            send.isUnderWay = send.arrived = false;
            this.#keep();
            this.#store.changed("thread");
          }
        }
      }
    } finally {
      this.#running.delete(id);
    }
  }

  #next(id) {
    return this.#queue(id).find(({ error }) => !error);
  }

  async #post(send) {
    const { conversationId, body, replyTo, type, key } = send;
    if (send.file && !send.attachmentId) send.attachmentId = await this.#upload(send);
    const message = { conversationId, body, type };
    if (replyTo) message.replyTo = replyTo;
    if (send.attachmentId) message.attachmentId = send.attachmentId;
    return this.#session.request("POST", "/api/messages", { body: message, headers: { "Idempotency-Key": key } });
  }

  async #upload(send) {
    if (!this.attachments) throw new Problem(404, { detail: "Files cannot be sent here." });
    return this.attachments.upload(send);
  }

  #pause(milliseconds) {
    return Promise.race([sleep(milliseconds), new Promise((resolve) => this.#wake.add(resolve))]);
  }

  #hurry() {
    for (const resolve of this.#wake) resolve();
    this.#wake.clear();
  }
}
