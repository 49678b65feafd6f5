// Drives Chromium by its DevTools protocol over a pipe: descriptors 3 and 4, messages that end in a zero byte.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Browser {
  static async start() {
    const browser = new Browser();
    browser.folder = mkdtempSync(join(tmpdir(), "chatd-browser-"));
    browser.process = spawn(
      process.env.CHROMIUM ?? "chromium",
      [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
        // A name that is no loopback address to the browser: pages there are no secure context.
        "--host-resolver-rules=MAP chat.test 127.0.0.1",
        `--user-data-dir=${browser.folder}`, "--remote-debugging-pipe", "about:blank",
      ],
      { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"], env: { ...process.env, HOME: browser.folder } },
    );
    browser.exit = new Promise((resolve) => browser.process.once("exit", resolve));
    let rest = "";
    browser.process.stdio[4].setEncoding("utf8").on("data", (text) => {
      const parts = (rest + text).split("\0");
      rest = parts.pop();
      for (const part of parts) browser.received(JSON.parse(part));
    });
    return browser;
  }

  waiting = new Map();
  pages = new Map();
  count = 0;

  send(method, params = {}, sessionId = undefined) {
    const id = (this.count += 1);
    this.process.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + "\0");
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${method} within 30 s`)), 30_000);
      this.waiting.set(id, { resolve, reject, timer, method });
    });
  }

  received(message) {
    const waiting = this.waiting.get(message.id);
    if (waiting) {
      this.waiting.delete(message.id);
      clearTimeout(waiting.timer);
      if (message.error) waiting.reject(new Error(`${waiting.method}: ${message.error.message}`));
      else waiting.resolve(message.result);
    } else {
      this.pages.get(message.sessionId)?.happened(message);
    }
  }

  // A page with storage of its own, as another person's browser would have.
  async page({ width = 1200, height = 900, mobile = false } = {}) {
    const { browserContextId } = await this.send("Target.createBrowserContext");
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank", browserContextId });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, sessionId);
    this.pages.set(sessionId, page);
    await page.send("Page.enable");
    await page.send("Runtime.enable");
    await page.send("Log.enable");
    await page.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile });
    return page;
  }

  async close() {
    this.process.kill("SIGTERM");
    const slow = setTimeout(() => this.process.kill("SIGKILL"), 5000);
    await this.exit;
    clearTimeout(slow);
    // Its children may write for a moment yet.
    for (let attempts = 50; attempts > 0; attempts -= 1) {
      try {
        return rmSync(this.folder, { recursive: true, force: true });
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }
}

export class Page {
  // What the page complained about: errors of scripts, refused loads, violations of its policy.
  complaints = [];

  constructor(browser, session) {
    this.browser = browser;
    this.session = session;
  }

  send(method, params) {
    return this.browser.send(method, params, this.session);
  }

  happened({ method, params }) {
    if (method === "Runtime.exceptionThrown") {
      this.complaints.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    } else if (method === "Log.entryAdded" && params.entry.level === "error") {
      this.complaints.push(`${params.entry.text} ${params.entry.url ?? ""}`);
    }
  }

  async open(url) {
    const { errorText } = await this.send("Page.navigate", { url });
    if (errorText) throw new Error(`${url}: ${errorText}`);
    await this.until(() => document.readyState === "complete");
  }

  // The value of a function in the page; arguments are JSON.
  async run(body, ...args) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression: `(${body})(...${JSON.stringify(args)})`,
      awaitPromise: true,
      returnByValue: true,
      userGesture: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  // Waits until the function says something true, and returns that.
  async until(body, ...args) {
    const deadline = Date.now() + 15_000;
    for (;;) {
      const value = await this.run(body, ...args).catch((error) => {
        // A page that is being left has no context for a moment.
        if (!/context|navigated/i.test(error.message)) throw error;
      });
      if (value) return value;
      if (Date.now() > deadline) throw new Error(`not within 15 s: ${body}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  // Writes into the element as a person would: with the events that frameworks and forms listen to.
  async fill(selector, text) {
    await this.run((selector) => {
      const element = document.querySelector(selector);
      element.scrollIntoView({ block: "center" });
      element.focus();
      element.select?.();
    }, selector);
    await this.send("Input.insertText", { text });
    await this.run((selector) => document.querySelector(selector).dispatchEvent(new Event("change")), selector);
  }

  // Clicks with the mouse where the element is, so that what covers it or is invisible cannot be clicked.
  // Clicks the element once it has come to rest: a list that grows just then would take it away from under the pointer.
  async click(selector) {
    const at = await this.until(async (selector) => {
      const element = document.querySelector(selector);
      if (!element) throw new Error(`there is no ${selector}`);
      element.scrollIntoView({ block: "center" });
      const place = () => {
        const box = element.getBoundingClientRect();
        return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
      };
      const before = place();
      await new Promise((resolve) => setTimeout(resolve, 50));
      const now = place();
      return element.isConnected && before.x === now.x && before.y === now.y && now;
    }, selector);
    for (const type of ["mousePressed", "mouseReleased"]) {
      await this.send("Input.dispatchMouseEvent", { type, ...at, button: "left", clickCount: 1 });
    }
  }

  async screenshot(path) {
    const { data } = await this.send("Page.captureScreenshot", { format: "png" });
    writeFileSync(path, Buffer.from(data, "base64"));
  }
}
