// The page in a real browser, before a real server and gateway that crash.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { House, Person } from "./house.js";

describe("two people, each at a page", { timeout: 60_000 }, () => {
  let house, ada, ben;

  before(async () => {
    house = await House.open();
    ada = await Person.join(house, 1);
    ben = await Person.join(house, 2);
    for (const { page } of [ada, ben]) await page.evaluate(() => (window.neverReloaded = true));
  });

  after(() => house?.close());

  test("what one says the other sees, both ways", async () => {
    await ada.say("Good morning, Ben");
    await ben.sees("Good morning, Ben");
    await ben.say("Good morning, Ada");
    await ada.sees("Good morning, Ada");
  });

  test("what looks like markup is text", async () => {
    await ada.say("<img src=x onerror=alert(1)> & <b>bold</b>");
    await ben.sees("<img src=x onerror=alert(1)> & <b>bold</b>");
    assert.equal(await ben.page.locator("#messages img, #messages .text b").count(), 0);
  });

  test("a message can be edited and deleted by its author alone", async () => {
    await ada.say("Helo");
    const atBen = ben.page.locator("#messages li", { hasText: "Helo" });
    await atBen.waitFor();
    assert.equal(await atBen.locator(".actions button").count(), 0);
    await ada.sees("Helo");
    await ada.settled("Helo", 1);
    await ada.page.press("#text", "ArrowUp");
    await ada.say("Hello");
    await ben.sees("Hello");
    ada.page.once("dialog", (dialog) => dialog.accept());
    const atAda = ada.page.locator("#messages li", { hasText: "Hello" });
    await atAda.hover();
    await atAda.getByText("Delete").click();
    await ben.page.locator("#messages li", { hasText: "Hello" }).waitFor({ state: "detached" });
  });

  test("a message in another channel is counted until it is read there", async () => {
    const badge = ben.page.locator("#channels li", { hasText: "random" }).locator(".badge");
    await ada.page.getByRole("button", { name: "# random" }).click();
    await ada.say("Over here");
    await badge.getByText("1", { exact: true }).waitFor();
    await ben.page.getByRole("button", { name: "# random" }).click();
    await ben.sees("Over here");
    for (const { page } of [ben, ada]) await page.getByRole("button", { name: "# general" }).click();
    await badge.waitFor({ state: "hidden" });
    await until(async () => {
      const { reads } = await house.call("state.snapshot", {}, 2);
      return reads.every(({ unread }) => unread === 0);
    });
  });

  test("typing shows until the message comes", async () => {
    const typing = ben.page.locator("#typing", { hasText: "Ada is typing…" });
    await until(async () => {
      await ada.page.press("#text", "m");
      return typing.isVisible();
    });
    await ada.say("Thinking aloud");
    await ben.sees("Thinking aloud");
    await typing.waitFor({ state: "detached" });
  });

  test("presence shows who comes, hides and goes", async () => {
    const cleo = (state) => ada.page.locator(`#people [data-state="${state}"]`, { hasText: "Cleo" });
    await cleo("offline").waitFor();
    const { page } = await Person.join(house, 3);
    await cleo("online").waitFor();
    await page.evaluate(() => {
      Object.defineProperty(document, "visibilityState", { value: "hidden" });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await cleo("away").waitFor();
  });

  for (const broken of [["server"], ["gateway"], ["server", "gateway"]]) {
    const names = broken.join(" and ");
    test(`when the ${names} is killed nothing is lost, doubled or out of order`, async () => {
      const word = `[${names}]`;
      const said = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `${word} ${n}`);
      for (const text of said.slice(0, 4)) await ada.say(text);
      await Promise.all(broken.map((name) => house.kill(name)));
      for (const text of said.slice(4)) await ada.say(text);
      await ada.page.locator("#messages .pending", { hasText: said[7] }).waitFor();
      for (const name of broken) house.start(name);
      const shown = await Promise.all([ada, ben].map((person) => person.settled(word, said.length)));
      const { messages } = await house.call("message.list", { channel_id: 1, limit: 200 });
      const kept = messages.filter(({ body }) => body.includes(word));
      const truth = kept.map(({ id, body }) => ({ id: String(id), body }));
      assert.deepEqual(truth.map(({ body }) => body), said);
      assert.deepEqual(shown, [truth, truth]);
      for (const person of [ada, ben]) {
        await person.isLive();
        assert.ok(await person.page.evaluate(() => window.neverReloaded));
      }
      await ben.say(`${word} and back`);
      await ada.sees(`${word} and back`);
    });
  }

  test("a message whose answer is lost is sent again, and stands there once", async () => {
    const page = await house.browser.newPage();
    let lost = 0;
    await page.routeWebSocket(/\/ws\/user/, (tab) => {
      const gateway = tab.connectToServer();
      gateway.onMessage((text) => {
        const { jsonrpc, result } = JSON.parse(text);
        if (!jsonrpc || !result?.message || lost++) return tab.send(text);
        gateway.close({ code: 1000 });
        tab.close({ code: 4000 });
      });
    });
    await page.goto(`${house.url}/#3`);
    const cleo = new Person(page);
    await cleo.isLive();
    await cleo.say("Only once");
    await cleo.settled("Only once", 1);
    await cleo.say("Then this");
    const shown = await Promise.all([cleo, ada, ben].map((person) => person.sees("Then this").then(() => person.messages())));
    for (const messages of shown) {
      assert.equal(messages.filter(({ body }) => body === "Only once").length, 1);
    }
    assert.ok(lost >= 2, "one answer was lost, and came when it was asked for again");
    await page.close();
  });

  test("what came while the gateway was gone is replayed, and the page says so", async () => {
    await house.kill("gateway");
    for (const body of ["missed 1", "missed 2", "missed 3"]) {
      await house.callDirectly("message.send", { channel_id: 1, body }, 3);
    }
    house.start("gateway");
    for (const person of [ada, ben]) {
      const shown = await person.settled("missed", 3);
      assert.deepEqual(shown.map(({ body }) => body), ["missed 1", "missed 2", "missed 3"]);
      await person.page.getByText("resume: log · 3 replayed").waitFor();
    }
  });

  test("a page of another origin cannot open the socket", async () => {
    const { server, url } = await elsewhere();
    try {
      const page = await house.browser.newPage();
      const to = `ws://${house.listen}/ws/user/me`;
      await page.goto(url);
      assert.deepEqual((await page.evaluate(dial, to)).frames, []);
      await page.goto(house.url);
      assert.deepEqual((await page.evaluate(dial, to)).frames, ["hello"]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

/** Runs in a page: opens the socket as the page does, and tells what came first. */
function dial(to) {
  return new Promise((tell) => {
    const socket = new WebSocket(to, ["antiphon.v1", `bearer.${btoa("dev:1").replaceAll("=", "")}`]);
    socket.onmessage = ({ data }) => tell({ frames: [JSON.parse(data).type] });
    socket.onclose = ({ code }) => tell({ frames: [], code });
  });
}

async function elsewhere() {
  const server = createServer((_, answer) => answer.end("<!doctype html><title>Elsewhere</title>"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, url: `http://127.0.0.1:${server.address().port}/` };
}

async function until(holds) {
  while (!(await holds())) await new Promise((wake) => setTimeout(wake, 20));
}
