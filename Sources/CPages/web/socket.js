// Socket.IO 5 inside Engine.IO 4 over one WebSocket: connect, events both ways, acknowledgements, heartbeat, and coming
// back by itself. No polling, no binary, one namespace: what this page needs.

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;

/** What the server refused or did not answer: `code` and `message` as it says them. */
export class Refusal extends Error {
  constructor({ code = "unavailable", message = "No answer." } = {}) {
    super(message);
    this.code = code;
  }
}

/**
 * Events: `connect`, `disconnect`, `refused` (detail: Refusal), and `event` (detail: {name, data}).
 * `credentials` is asked before every connect for the payload of CONNECT; when it throws, `refused` is said, and it is
 * tried again later unless the error is `final`.
 */
export class Socket extends EventTarget {
  #credentials;
  #socket = null;
  #acks = new Map();
  #count = 0;
  #failures = 0;
  #wanted = false;
  #retry = 0;
  #watch = 0;
  #patience = 45_000;
  connected = false;

  constructor(credentials) {
    super();
    this.#credentials = credentials;
    // A phone that wakes up, a network that is back: now, and not when the pause is over.
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#hurry());
  }

  open() {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#start();
  }

  close() {
    this.#wanted = false;
    clearTimeout(this.#retry);
    this.#lost("closed");
  }

  /** The acknowledgement's payload. Throws Refusal where it says `ok: false`, or none came. */
  emit(name, data, within = 10_000) {
    if (!this.connected) return Promise.reject(new Refusal({ message: "Not connected." }));
    const id = this.#count++;
    this.#socket.send(`42${id}${JSON.stringify([name, data])}`);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(id, { ok: false, error: {} }), within);
      this.#acks.set(id, { resolve, reject, timer });
    });
  }

  async #start() {
    let auth;
    try {
      auth = await this.#credentials();
    } catch (error) {
      this.dispatchEvent(new CustomEvent("refused", { detail: error }));
      if (error.final) this.#wanted = false;
      return this.#later();
    }
    if (!this.#wanted || this.#socket) return;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/socket.io/?EIO=4&transport=websocket`);
    this.#socket = socket;
    this.#alive();
    socket.onmessage = ({ data }) => socket === this.#socket && this.#packet(data, auth);
    socket.onclose = socket.onerror = () => socket === this.#socket && this.#lost("transport");
  }

  #packet(packet, auth) {
    if (typeof packet !== "string") return;
    this.#alive();
    switch (packet[0]) {
      case "0": {
        const { pingInterval, pingTimeout } = JSON.parse(packet.slice(1));
        this.#patience = pingInterval + pingTimeout;
        this.#socket.send(`40${JSON.stringify(auth)}`);
        break;
      }
      case "1": this.#lost("transport"); break;
      case "2": this.#socket.send("3"); break;
      case "4": this.#message(packet.slice(1)); break;
    }
  }

  #message(packet) {
    const type = packet[0];
    const at = packet.slice(1).search(/[[{]/) + 1;
    const payload = at > 0 ? JSON.parse(packet.slice(at)) : undefined;
    switch (type) {
      case "0":
        this.connected = true;
        this.#failures = 0;
        this.dispatchEvent(new Event("connect"));
        break;
      case "1": this.#lost("server"); break;
      case "2": {
        const [name, data] = payload;
        this.dispatchEvent(new CustomEvent("event", { detail: { name, data } }));
        break;
      }
      case "3": this.#settle(Number(packet.slice(1, at)), payload[0]); break;
      case "4": {
        const refusal = new Refusal({ code: payload?.data?.code, message: payload?.message });
        this.dispatchEvent(new CustomEvent("refused", { detail: refusal }));
        this.#lost("refused");
        break;
      }
    }
  }

  #settle(id, answer) {
    const ack = this.#acks.get(id);
    if (!ack) return;
    this.#acks.delete(id);
    clearTimeout(ack.timer);
    if (answer?.ok === false) ack.reject(new Refusal(answer.error));
    else ack.resolve(answer);
  }

  /** The server pings; when it has been silent for longer than it promised, the line is dead. */
  #alive() {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => this.#lost("silence"), this.#patience);
  }

  #lost(reason) {
    clearTimeout(this.#watch);
    const socket = this.#socket;
    this.#socket = null;
    if (socket) socket.close();
    for (const id of [...this.#acks.keys()]) this.#settle(id, { ok: false, error: {} });
    if (this.connected) {
      this.connected = false;
      this.dispatchEvent(new CustomEvent("disconnect", { detail: reason }));
    }
    this.#later();
  }

  #later() {
    if (!this.#wanted) return;
    clearTimeout(this.#retry);
    // Half of the pause is by chance, so that a restart is not followed by everybody at once.
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#failures++) * (0.5 + Math.random() / 2);
    this.#retry = setTimeout(() => this.#start(), pause);
  }

  #hurry() {
    if (!this.#wanted || this.#socket) return;
    clearTimeout(this.#retry);
    this.#start();
  }
}
