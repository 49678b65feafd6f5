// What the scripts share: the API by fetch, people and conversations, and sockets of the official client.
import { io } from "socket.io-client";

export const API = process.env.CHAT_URL;
export const GATEWAYS = process.env.CHAT_GATEWAYS.split(",");

let count = 0;

export async function call(method, path, token, body, headers = {}) {
  const answer = await fetch(API + path, {
    method,
    headers: {
      "Content-Type": "application/json",
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

export async function person(name) {
  count += 1;
  const username = `${name}-${process.pid}-${Date.now().toString(36)}-${count}`;
  const session = await call("POST", "/api/auth/register", undefined, { username, password: "correct horse" });
  return { ...session.user, token: session.accessToken };
}

export async function group(admin, ...others) {
  const made = await call("POST", "/api/conversations", admin.token, {
    type: "group",
    title: "a group",
    participants: others.map((other) => other.id),
  });
  return made.id;
}

export function send(person, conversationId, body) {
  return call("POST", "/api/messages", person.token, { conversationId, body });
}

// A connected socket with everything that has come in `events`.
export async function connect(person, options = {}, gateway = 0) {
  const socket = io(GATEWAYS[gateway], {
    auth: { token: person.token },
    forceNew: true,
    reconnectionDelay: 20,
    reconnectionDelayMax: 200,
    ...options,
  });
  socket.events = [];
  socket.onAny((name, ...args) => socket.events.push({ name, args }));
  await new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
    setTimeout(() => reject(new Error("no connect within 10 s")), 10_000).unref();
  });
  return socket;
}

export function bodies(socket) {
  return socket.events.filter((event) => event.name === "message:new").map((event) => event.args[0].body);
}

export function seqs(socket) {
  return socket.events.filter((event) => event.name === "message:new").map((event) => event.args[0].seq);
}

// Waits until `condition` gives something true, and returns that.
export async function until(what, condition, limit = 15_000) {
  const deadline = Date.now() + limit;
  while (true) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`${what} did not come within ${limit} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function ask(socket, event, ...args) {
  return socket.timeout(10_000).emitWithAck(event, ...args);
}

// A script's end: the process must not be kept alive by what it forgot to close.
export async function main(body) {
  try {
    await body();
    console.log("DONE");
    process.exit(0);
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
}
