// The client's rules, one by one, over a socket and a clock that the test holds.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Session } from "../page/session.js";

class Clock {
  time = 0;
  #timers = new Set();
  now = () => this.time;
  random = () => 1;
  after = (ms, run) => {
    const timer = { at: this.time + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  advance(ms) {
    const end = this.time + ms;
    for (let next; (next = this.#next(end)); ) {
      this.#timers.delete(next);
      this.time = next.at;
      next.run();
    }
    this.time = end;
  }

  #next(end) {
    return [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
  }
}

/** A gateway as the tab sees it, and an app that writes down what it is told. */
class Stage {
  clock = new Clock();
  sockets = [];
  told = [];

  constructor() {
    const app = {
      replace: ({ pos }) => this.told.push(`snapshot ${pos}`),
      apply: ({ pos, type }) => this.told.push(pos === undefined ? type : `event ${pos}`),
      present: () => this.told.push("presence"),
      status: () => {},
    };
    const open = (url, protocols) => {
      const socket = { url, protocols, sent: [], readyState: 1, send: (text) => socket.sent.push(JSON.parse(text)) };
      socket.close = () => (socket.readyState = 3);
      this.sockets.push(socket);
      return socket;
    };
    this.session = new Session({ url: "ws://x/ws/user/me", token: "dev:1", app, clock: this.clock, open });
    this.session.start();
  }

  get socket() {
    return this.sockets.at(-1);
  }

  async say(...frames) {
    for (const frame of frames) this.socket.onmessage({ data: JSON.stringify(frame) });
    await settled();
  }

  begin(resumed, pos, seq) {
    return this.say(hello(resumed), { type: "live", pos, seq, replayed: 0 });
  }

  /** Answers the newest call of the method. */
  async answer(method, outcome) {
    const { id } = this.calls(method).at(-1);
    await this.say({ jsonrpc: "2.0", id, ...outcome });
  }

  calls(method) {
    return this.socket.sent.filter((frame) => frame.method === method);
  }

  async close(code) {
    this.socket.onclose({ code });
    await settled();
  }

  /** A tab whose state is whole at `pos`. */
  static async whole(pos = 100, seq = 10) {
    const stage = new Stage();
    await stage.begin("fresh", pos, seq);
    await stage.answer("state.snapshot", { result: { pos } });
    await stage.answer("presence.list", { result: { presence: [] } });
    stage.told = [];
    return stage;
  }
}

const settled = () => new Promise(setImmediate);
const hello = (resumed) => ({ type: "hello", resumed, reason: null, ping_interval_ms: 25_000, pong_timeout_ms: 10_000 });
const event = (pos, seq) => ({ type: "message.created", pos, ...(seq && { seq }), data: {} });

describe("the rules", () => {
  test("1: an event that is not above the highest position is dropped", async () => {
    const stage = await Stage.whole(100, 10);
    await stage.say(event(101, 11), event(101, 12), event(99, 13), event(102, 14));
    assert.deepEqual(stage.told, ["event 101", "event 102"]);
    await stage.say({ type: "ping", pos: 110 }, event(105, 15), event(111, 16));
    assert.deepEqual(stage.told, ["event 101", "event 102", "event 111"]);
    assert.deepEqual(stage.socket.sent.at(-1), { type: "pong" });
  });

  test("2: a missing number makes the tab reconnect with its position, the odd event unapplied", async () => {
    const stage = await Stage.whole(100, 10);
    await stage.say(event(101, 11), event(103, 13));
    assert.deepEqual(stage.told, ["event 101"]);
    assert.equal(stage.socket.readyState, 3);
    stage.clock.advance(500);
    assert.equal(stage.sockets.length, 2);
    assert.match(stage.socket.url, /\?pos=101$/);
  });

  test("2: hello forgets the number, and counting begins again with live", async () => {
    const stage = await Stage.whole(100, 10);
    await stage.close(1012);
    stage.clock.advance(500);
    await stage.say(hello("ring"), event(101, 70), event(103, 72), { type: "live", pos: 103, seq: 72, replayed: 2 });
    assert.deepEqual(stage.told, ["event 101", "event 103"]);
    await stage.say(event(104, 74));
    stage.clock.advance(1000);
    assert.equal(stage.sockets.length, 3);
  });

  test("2: a tab that fell behind counts again from the live that ends its catching up", async () => {
    const stage = await Stage.whole(100, 10);
    await stage.say(event(101, 11), event(102), event(103), event(104, 20));
    await stage.say({ type: "live", pos: 104, seq: 20, replayed: 3 }, event(105, 21));
    const all = [101, 102, 103, 104, 105].map((pos) => `event ${pos}`);
    assert.deepEqual(stage.told, all);
    assert.equal(stage.socket.readyState, 1);
  });

  test("3: after resync events are held, the snapshot replaces, and those above it follow", async () => {
    const stage = await Stage.whole(100, 10);
    await stage.close(1012);
    stage.clock.advance(500);
    await stage.begin("resync", 50, 7);
    await stage.say(event(51, 8), event(52, 9), { type: "typing.started", data: {} }, event(53, 10));
    assert.deepEqual(stage.told, []);
    await stage.answer("state.snapshot", { result: { pos: 52 } });
    assert.deepEqual(stage.told, ["snapshot 52", "event 53"]);
    await stage.say(event(54, 11));
    assert.deepEqual(stage.told.at(-1), "event 54");
  });

  test("3: no position is presented while a snapshot is owed, whatever later hellos say", async () => {
    const stage = new Stage();
    await stage.begin("fresh", 100, 10);
    await stage.say(event(101, 11));
    await stage.close(1006);
    stage.clock.advance(500);
    assert.equal(stage.socket.url, "ws://x/ws/user/me");
    await stage.begin("ring", 200, 20);
    await stage.say(event(201, 21));
    await stage.answer("state.snapshot", { result: { pos: 200 } });
    assert.deepEqual(stage.told, ["snapshot 200", "event 201"]);
    await stage.close(1006);
    stage.clock.advance(1000);
    assert.match(stage.socket.url, /\?pos=201$/);
  });

  test("4: an answer settles its call and is no state", async () => {
    const stage = await Stage.whole();
    const call = stage.session.call("message.send", {});
    await stage.answer("message.send", { result: { message: { id: 7 } } });
    assert.deepEqual(await call, { message: { id: 7 } });
    assert.deepEqual(stage.told, []);
    assert.equal(stage.session.pos, 100);
  });

  test("5: presence is asked for after each live", async () => {
    const stage = await Stage.whole();
    await stage.say({ type: "live", pos: 101, seq: 10, replayed: 0 });
    assert.equal(stage.calls("presence.list").length, 2);
    await stage.close(1006);
    stage.clock.advance(500);
    await stage.begin("ring", 101, 10);
    assert.equal(stage.calls("presence.list").length, 1);
    await stage.answer("presence.list", { result: { presence: [] } });
    assert.deepEqual(stage.told, ["presence"]);
  });
});

describe("coming back", () => {
  test("the token goes in a subprotocol, never in the URL", () => {
    const { socket } = new Stage();
    assert.deepEqual(socket.protocols, ["antiphon.v1", "bearer.ZGV2OjE"]);
    assert.equal(socket.url, "ws://x/ws/user/me");
  });

  test("the waits double from half a second to ten", async () => {
    const stage = new Stage();
    const waits = [];
    for (let i = 0; i < 7; i++) {
      await stage.close(1006);
      waits.push(stage.session.status.until - stage.clock.now());
      stage.clock.advance(waits.at(-1));
    }
    assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    assert.equal(stage.sockets.length, 8);
  });

  test("a gateway that goes away says when to come back", async () => {
    const stage = await Stage.whole();
    await stage.say({ type: "going_away", reconnect_after_ms: 7000 }, event(101, 11));
    await stage.close(1012);
    stage.clock.advance(6999);
    assert.equal(stage.sockets.length, 1);
    stage.clock.advance(1);
    assert.match(stage.socket.url, /\?pos=101$/);
  });

  test("after a terminal close it stays away, after any other it comes back", async () => {
    for (const [code, comesBack] of [[4004, false], [4012, false], [4014, false], [4009, true], [1013, true]]) {
      const stage = await Stage.whole();
      await stage.close(code);
      stage.clock.advance(60_000);
      assert.equal(stage.sockets.length > 1, comesBack, `${code}`);
    }
  });

  test("a connection on which nothing is heard is given up", async () => {
    const stage = await Stage.whole();
    stage.clock.advance(34_999);
    assert.equal(stage.socket.readyState, 1);
    stage.clock.advance(1);
    assert.equal(stage.socket.readyState, 3);
  });

  test("a snapshot that is refused is shown, and asked for again after growing waits", async () => {
    const stage = new Stage();
    const waits = [];
    for (const code of [-32603, -32013, -32603]) {
      await stage.begin("fresh", 100, 10);
      stage.clock.advance(11_000);
      await stage.answer("state.snapshot", { error: { code, message: "broken" } });
      const { phase, why, until } = stage.session.status;
      assert.deepEqual([phase, why], ["waiting", "no snapshot: broken"]);
      waits.push(until - stage.clock.now());
      stage.clock.advance(waits.at(-1));
      assert.equal(stage.socket.url, "ws://x/ws/user/me");
    }
    assert.deepEqual(waits, [500, 1000, 2000]);
    await stage.begin("fresh", 100, 10);
    await stage.answer("state.snapshot", { result: { pos: 100 } });
    assert.deepEqual(stage.told, ["snapshot 100"]);
    assert.deepEqual([stage.session.status.phase, stage.session.status.why], ["live", ""]);
  });

  test("a snapshot that is never answered is asked for again, though the connection lives", async () => {
    const stage = new Stage();
    await stage.begin("fresh", 100, 10);
    stage.clock.advance(15_000);
    await settled();
    assert.equal(stage.session.status.phase, "waiting");
    stage.clock.advance(500);
    await stage.begin("fresh", 100, 10);
    assert.equal(stage.calls("state.snapshot").length, 1);
  });

  test("a snapshot whose connection was lost does not end the next connection", async () => {
    const stage = new Stage();
    await stage.begin("fresh", 100, 10);
    stage.socket.onclose({ code: 1006 });
    stage.clock.advance(500);
    await stage.begin("fresh", 100, 10);
    assert.equal(stage.sockets.length, 2);
    assert.equal(stage.socket.readyState, 1);
  });

  test("a presence list that is refused ends nothing, and is asked for again after the next live", async () => {
    const stage = await Stage.whole();
    await stage.say({ type: "live", pos: 100, seq: 10, replayed: 0 });
    await stage.answer("presence.list", { error: { code: -32603, message: "broken" } });
    assert.equal(stage.session.status.phase, "live");
    assert.equal(stage.socket.readyState, 1);
    assert.deepEqual(stage.told, []);
    await stage.say({ type: "live", pos: 100, seq: 10, replayed: 0 });
    await stage.answer("presence.list", { result: { presence: [] } });
    assert.deepEqual(stage.told, ["presence"]);
  });

  test("the gateway is told again whether the tab is visible", async () => {
    const stage = await Stage.whole();
    stage.session.setVisibility("hidden");
    await stage.close(1006);
    stage.clock.advance(500);
    await stage.say(hello("ring"));
    assert.deepEqual(stage.socket.sent, [{ type: "visibility", state: "hidden" }]);
  });
});

describe("a mutation that must arrive", () => {
  const params = { channel_id: 1, body: "Hello", idempotency_key: "k" };
  const unavailable = { error: { code: -32050, message: "away", data: { retry_after_ms: 100, indeterminate: true } } };

  test("is repeated unchanged while the server is away and after the connection was lost", async () => {
    const stage = await Stage.whole();
    const sent = stage.session.insist("message.send", params);
    await stage.answer("message.send", unavailable);
    stage.clock.advance(200);
    await settled();
    assert.deepEqual(stage.calls("message.send").map((call) => call.params), [params, params]);
    await stage.close(1006);
    stage.clock.advance(500);
    await stage.begin("ring", 100, 10);
    await stage.answer("message.send", { result: "done" });
    assert.equal(await sent, "done");
    assert.deepEqual(stage.calls("message.send").map((call) => call.params), [params]);
  });

  test("ends with the first answer that is final", async () => {
    const stage = await Stage.whole();
    const refused = assert.rejects(stage.session.insist("message.send", params), /too large/);
    await stage.answer("message.send", { error: { code: -32013, message: "too large" } });
    await refused;
  });
});
