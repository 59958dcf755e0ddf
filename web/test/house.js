// A server and a gateway as two processes over a new data folder, and a browser before them.
// Whatever happens to a test, `close` or the end of this process ends them.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM_BIN ?? "/usr/bin/chromium";
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-lcd-text", // Grey edges: the same picture wherever it is taken, and a smaller one.
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const START_WITHIN_MS = 15_000;
const WAIT_AT_MOST_MS = 15_000;

export class House {
  #bin = process.env.ANTIPHON_BIN;
  #data = mkdtempSync(join(tmpdir(), "antiphon-page-"));
  #children = new Map();
  #logs = [];

  static async open() {
    if (!process.env.ANTIPHON_BIN) throw new Error("set ANTIPHON_BIN to the antiphon binary under test");
    const house = new House();
    process.once("exit", () => house.#end());
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
    house.listen = `127.0.0.1:${await freePort()}`;
    house.url = `http://${house.listen}`;
    house.start("server");
    house.start("gateway");
    house.browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
    await house.#ready();
    return house;
  }

  start(name) {
    const args = {
      server: ["server", "--dev", "--data", this.#data],
      gateway: ["gateway", "--dev", "--server", join(this.#data, "run"), "--listen", this.listen],
    };
    const child = spawn(this.#bin, args[name], { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text) => this.#logs.push(`${name}: ${text}`));
    }
    this.#children.set(name, child);
  }

  /** As `kill -9` does. */
  async kill(name) {
    const child = this.#children.get(name);
    this.#children.delete(name);
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  async call(method, params, as = 1) {
    const answer = await fetch(`${this.url}/rpc`, {
      method: "POST",
      headers: { authorization: `Bearer dev:${as}`, "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    const { result, error } = await answer.json();
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  /** A call past the gateway, on the server's own socket. */
  async callDirectly(method, params, as) {
    const socket = join(this.#data, "run", "rpc.sock");
    const args = ["call", method, JSON.stringify(params), "--as", String(as), "--socket", socket];
    await promisify(execFile)(this.#bin, args);
  }

  logs() {
    return this.#logs.join("");
  }

  async close() {
    await this.browser?.close();
    await Promise.all([...this.#children.keys()].map((name) => this.kill(name)));
    this.#end();
  }

  async #ready() {
    const until = Date.now() + START_WITHIN_MS;
    for (;;) {
      const answer = await fetch(`${this.url}/readyz`).catch(() => null);
      if (answer?.ok) return;
      if (Date.now() > until) throw new Error(`not ready:\n${this.logs()}`);
      await new Promise((wake) => setTimeout(wake, 20));
    }
  }

  #end() {
    for (const child of this.#children.values()) child.kill("SIGKILL");
    this.#children.clear();
    rmSync(this.#data, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** A person at the page. */
export class Person {
  constructor(page) {
    this.page = page;
  }

  static async join(house, id, options = {}) {
    const page = await house.browser.newPage(options);
    page.setDefaultTimeout(WAIT_AT_MOST_MS);
    await page.goto(`${house.url}/#${id}`);
    const person = new Person(page);
    await person.isLive();
    return person;
  }

  isLive() {
    return this.page.locator('#status[data-phase="live"]').waitFor();
  }

  async say(text) {
    await this.page.fill("#text", text);
    await this.page.press("#text", "Enter");
  }

  sees(text) {
    return this.page.locator("#messages .text", { hasText: text }).first().waitFor();
  }

  /** The messages that contain `word` as they stand on the page, none of them pending. */
  async settled(word, count) {
    const enough = ([word, count]) => {
      const shown = [...document.querySelectorAll("#messages > li")];
      const fit = shown.filter((item) => item.querySelector(".text").textContent.includes(word));
      return fit.length >= count && !shown.some((item) => item.classList.contains("pending"));
    };
    await this.page.waitForFunction(enough, [word, count]);
    return (await this.messages()).filter(({ body }) => body.includes(word));
  }

  messages() {
    const read = (items) =>
      items.map((item) => ({ id: item.dataset.key, body: item.querySelector(".text").textContent }));
    return this.page.$$eval("#messages > li", read);
  }
}
