// A test harness in a page: cases run one by one, for they measure time; each line of stdout tells one result, and the exit
// code is the number of failures. Usage of a suite: `node suite.mjs URL NODE_MODULES`.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

export { assert };
export const [base, modules] = process.argv.slice(2);
export const require = createRequire((modules ?? ".") + "/");
export const { WebSocket } = require("ws");
export const wsBase = base.replace("http", "ws");

const cases = [];
export const test = (name, body) => cases.push({ name, body });

export async function run() {
  let failures = 0;
  const one = async ({ name, body }) => {
    const deadline = timeout(20_000, name);
    try {
      await Promise.race([body(), deadline.promise]);
      console.log(`ok ${name}`);
    } catch (error) {
      failures += 1;
      console.log(`not ok ${name}: ${error?.stack ?? error}`.replaceAll("\n", " | ").substring(0, 600));
    } finally {
      deadline.cancel();
    }
  };
  for (const each of cases) await one(each);
  console.log(`# ${cases.length} cases, ${failures} failures`);
  process.exit(failures === 0 ? 0 : 1);
}

function timeout(ms, name) {
  let timer;
  const promise = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end within ${ms} ms`)), ms);
  });
  return { promise, cancel: () => clearTimeout(timer) };
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const once = (emitter, event) => new Promise((resolve) => emitter.once(event, (...args) => resolve(args)));

// A WebSocket whose messages are awaited one by one, none is lost between.
export class Peer {
  constructor(url, options) {
    this.socket = new WebSocket(url, options);
    this.socket.binaryType = "nodebuffer";
    this.messages = [];
    this.waiting = [];
    this.socket.on("message", (data, isBinary) => {
      const message = isBinary ? data : data.toString();
      const next = this.waiting.shift();
      if (next) next(message);
      else this.messages.push(message);
    });
    this.closed = new Promise((resolve) => {
      this.socket.on("close", (code) => resolve(code));
      this.socket.on("error", (error) => (this.error = error));
    });
    this.open = once(this.socket, "open");
  }
  next() {
    if (this.messages.length) return Promise.resolve(this.messages.shift());
    return Promise.race([
      new Promise((resolve) => this.waiting.push(resolve)),
      this.closed.then((code) => {
        throw new Error(`closed with ${code} while a message was awaited`);
      }),
    ]);
  }
  send(data) {
    this.socket.send(data);
  }
  close() {
    this.socket.close();
  }
}
