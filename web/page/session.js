// A tab's session with the gateway: it connects, resumes and calls, and knows nothing of the page.
//
// The client's rules of the protocol all stand here:
// 1. The highest `pos` is kept; an event that is not above it is dropped.
// 2. From `live` on each `seq` is one more than the last; if not, the tab reconnects with `pos`.
// 3. After `fresh` or `resync` a snapshot is owed. Until one is applied no position is presented
//    and events are held; it replaces the state, then the held events above it follow.
// 4. State comes from snapshots and events alone: an answer only settles its call.
// 5. After each `live`, once the state is whole, `presence.list` is asked; it may fail.
//
// `app` hears `replace(snapshot)`, `apply(event)`, `present(list)` and `status(status)`.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
const LONGEST_ASKED_WAIT_MS = 300_000;
/** A connection that was live for so long ends the series of waits. */
const STABLE_MS = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;
const CALL_TIMEOUT_MS = 15_000;
/** With one more event waiting for a snapshot the tab starts over. */
const MAX_HELD_EVENTS = 20_000;

const TERMINAL = new Map([
  [4004, "the token was refused"],
  [4012, "this page is too old for the gateway"],
  [4014, "the token was revoked"],
]);
const RATE_LIMITED = -32010;
const UNAVAILABLE = -32050;
const LOST = { code: 0, message: "the connection was lost" };

const realClock = {
  now: () => Date.now(),
  random: () => Math.random(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** A call failed. `isLost`: there is no answer, and it may have been carried out. */
export class CallError extends Error {
  constructor({ code, message, data }) {
    super(message);
    this.code = code;
    this.data = data ?? {};
  }

  get isLost() {
    return this.code === LOST.code;
  }

  get isPassing() {
    return this.code === UNAVAILABLE || this.code === RATE_LIMITED;
  }
}

export class Session {
  pos = null;
  seq = null;
  status = { phase: "connecting" };

  #url;
  #token;
  #app;
  #open;
  #clock;
  #socket = null;
  #held = []; // Events that wait for the snapshot that is owed; null when none is.
  #floor = null; // Where holding began, once `live` told it.
  #liveSince = null;
  #failures = 0;
  #leaveAt = 0;
  #silence = CONNECT_TIMEOUT_MS;
  #visibility = "visible";
  #calls = new Map();
  #lastCall = 0;
  #timers = new Map();
  #waiters = [];

  constructor({ url, token, app, clock = realClock, open = (...to) => new WebSocket(...to) }) {
    this.#url = url;
    this.#token = token;
    this.#app = app;
    this.#clock = clock;
    this.#open = open;
  }

  start() {
    const from = this.#held ? "" : `?pos=${this.pos}`;
    const socket = this.#open(this.#url + from, ["antiphon.v1", `bearer.${base64url(this.#token)}`]);
    socket.onmessage = ({ data }) => socket === this.#socket && this.#receive(JSON.parse(data));
    socket.onclose = ({ code }) => socket === this.#socket && this.#ended(code);
    this.#socket = socket;
    this.#silence = CONNECT_TIMEOUT_MS;
    this.#expectSound();
    this.#show({ phase: "connecting" });
  }

  stop(why = "") {
    this.#disconnect();
    this.#show({ phase: "closed", why });
  }

  setVisibility(state) {
    this.#visibility = state;
    this.#say({ type: "visibility", state });
  }

  /** One call on this connection. */
  call(method, params = {}) {
    const id = ++this.#lastCall;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#after(`call ${id}`, CALL_TIMEOUT_MS, () => this.#lose(id));
      if (!this.#say({ jsonrpc: "2.0", id, method, params })) this.#lose(id);
    });
  }

  /** A call that is repeated, unchanged, while the server is away; it ends with the connection. */
  async ask(method, params) {
    const socket = this.#socket;
    for (;;) {
      try {
        return await this.call(method, params);
      } catch (error) {
        if (!error.isPassing) throw error;
        await this.#pause(error.data.retry_after_ms ?? FIRST_WAIT_MS);
        if (socket !== this.#socket) throw new CallError(LOST);
      }
    }
  }

  /** A call that is repeated, unchanged, until it has an answer. A mutation needs its
   *  `idempotency_key` in `params`, so that it has one effect all the same. */
  async insist(method, params) {
    for (;;) {
      try {
        return await this.ask(method, params);
      } catch (error) {
        if (!error.isLost) throw error;
        await this.#untilLive();
      }
    }
  }

  #receive(frame) {
    this.#expectSound();
    if (frame.jsonrpc) this.#answered(frame);
    else if (frame.type === "hello") this.#greeted(frame);
    else if (frame.type === "live") this.#wentLive(frame);
    else if (frame.type === "ping") this.#pinged(frame);
    else if (frame.type === "going_away") this.#asksToLeave(frame);
    else if (frame.type.includes(".")) this.#event(frame);
    this.#show({});
  }

  #greeted({ resumed, reason, ping_interval_ms, pong_timeout_ms }) {
    this.#silence = ping_interval_ms + pong_timeout_ms;
    this.seq = null;
    if (this.#held || resumed === "fresh" || resumed === "resync") {
      this.#held = [];
      this.#floor = null;
      this.pos = null;
    }
    this.#say({ type: "visibility", state: this.#visibility });
    this.#show({ resumed, reason, replayed: null });
  }

  #wentLive({ seq, pos, replayed }) {
    this.seq = seq;
    this.#raise(pos);
    this.#liveSince ??= this.#clock.now();
    this.#show({ replayed });
    if (!this.#held) this.#whole();
    else if (this.#floor === null) this.#loadSnapshot(pos);
  }

  async #loadSnapshot(floor) {
    this.#floor = floor;
    const socket = this.#socket;
    const failed = (error) => socket === this.#socket && this.#lacksSnapshot(error);
    const snapshot = await this.ask("state.snapshot").catch(failed);
    if (!snapshot) return;
    if (snapshot.pos < floor) return this.#reconnect();
    const held = this.#held.filter((event) => event.pos > snapshot.pos);
    this.#held = null;
    this.#raise(snapshot.pos);
    this.#app.replace(snapshot);
    for (const event of held) this.#app.apply(event);
    this.#whole();
  }

  /** The next connection asks again. One without a state does not end the series of waits. */
  #lacksSnapshot({ message }) {
    this.#liveSince = null;
    this.#reconnect(`no snapshot: ${message}`);
  }

  async #whole() {
    this.#show({ phase: "live", why: "" });
    for (const wake of this.#waiters.splice(0)) wake();
    const listed = await this.ask("presence.list").catch(() => null);
    if (listed) this.#app.present(listed.presence);
  }

  #pinged({ pos }) {
    this.#raise(pos);
    this.#say({ type: "pong" });
  }

  #asksToLeave({ reconnect_after_ms }) {
    const wait = Math.min(reconnect_after_ms, LONGEST_ASKED_WAIT_MS);
    this.#leaveAt = this.#clock.now() + wait;
    this.#after("leave", wait, () => this.#reconnect());
  }

  #event(event) {
    if (event.pos === undefined) {
      if (!this.#held) this.#app.apply(event);
      return;
    }
    if (this.seq !== null) {
      if (event.seq !== undefined && event.seq !== this.seq + 1) return this.#reconnect();
      this.seq = event.seq ?? null; // Unnumbered: caught up from the log, until another `live`.
    }
    if (this.pos !== null && event.pos <= this.pos) return;
    if (this.#held?.length === MAX_HELD_EVENTS) return this.#reconnect();
    this.#raise(event.pos);
    if (this.#held) this.#held.push(event);
    else this.#app.apply(event);
  }

  #raise(pos) {
    this.pos = Math.max(this.pos ?? pos, pos);
  }

  #answered({ id, result, error }) {
    const call = this.#calls.get(id);
    if (!call) return;
    this.#calls.delete(id);
    this.#cancel(`call ${id}`);
    if (error) call.reject(new CallError(error));
    else call.resolve(result);
  }

  #lose(id) {
    this.#answered({ id, error: LOST });
  }

  #reconnect(why) {
    this.#ended(1000, why);
  }

  #ended(code, why = "") {
    this.#disconnect();
    if (TERMINAL.has(code)) return this.stop(TERMINAL.get(code));
    const wait = Math.max(this.#nextWait(), this.#leaveAt - this.#clock.now());
    this.#after("wait", wait, () => this.start());
    this.#show({ phase: "waiting", until: this.#clock.now() + wait, why });
  }

  /** Exponential, with full jitter: the tabs of a gateway that died come back spread out. */
  #nextWait() {
    const wasStable = this.#liveSince !== null && this.#clock.now() - this.#liveSince >= STABLE_MS;
    if (wasStable) this.#failures = 0;
    this.#liveSince = null;
    const bound = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures++);
    return bound * this.#clock.random();
  }

  #disconnect() {
    const socket = this.#socket;
    this.#socket = null;
    this.seq = null;
    socket?.close();
    for (const id of [...this.#calls.keys()]) this.#lose(id);
    for (const name of [...this.#timers.keys()]) this.#cancel(name);
  }

  #say(frame) {
    const isOpen = this.#socket?.readyState === 1;
    if (isOpen) this.#socket.send(JSON.stringify(frame));
    return isOpen;
  }

  #show(change) {
    this.status = { ...this.status, ...change, pos: this.pos, seq: this.seq };
    this.#app.status(this.status);
  }

  #expectSound() {
    this.#after("silence", this.#silence, () => this.#reconnect());
  }

  #untilLive() {
    if (this.status.phase === "live") return Promise.resolve();
    return new Promise((wake) => this.#waiters.push(wake));
  }

  #pause(ms) {
    return new Promise((wake) => this.#clock.after(ms * (1 + this.#clock.random()), wake));
  }

  #after(name, ms, run) {
    this.#cancel(name);
    this.#timers.set(name, this.#clock.after(ms, run));
  }

  #cancel(name) {
    this.#timers.get(name)?.();
    this.#timers.delete(name);
  }
}

function base64url(text) {
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
