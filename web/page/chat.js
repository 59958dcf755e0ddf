// What the page shows: a snapshot, the events after it, the messages of one channel, and what was
// sent but has not come back as an event yet. Without DOM.

const TYPING_EVERY_MS = 3_000;

export class Chat {
  me = null;
  channels = new Map();
  reads = new Map();
  users = new Map();
  presence = new Map();
  messages = new Map(); // Of the current channel; in id order.
  outbox = []; // {key, channelId, body, state: waiting | sent | failed, error, messageId}
  current = null;
  isLoaded = false;
  hasEarlier = false;

  #session;
  #changed;
  #typing = new Map(); // `channel/user` to {since, until}; until is 0 when a message ended it.
  #loads = new Set(); // Lists on their way, each with the events that came meanwhile.
  #listedAt = 0; // The position that the messages were listed at.
  #lastTyped = -TYPING_EVERY_MS;
  #marking = new Map(); // Channel to the message that it was last marked at.
  #isSending = false;
  #fetching = new Set();

  constructor(connect, changed) {
    this.#session = connect(this);
    this.#changed = changed;
  }

  // What the session tells.

  status() {
    this.#changed();
  }

  replace(snapshot) {
    this.me = snapshot.user;
    this.channels = byKey(snapshot.channels, "id");
    this.reads = byKey(snapshot.reads, "channel_id");
    this.users = byKey(snapshot.users, "id");
    this.presence = byKey(snapshot.presence, "user_id");
    this.#typing.clear();
    this.#loads.clear();
    this.#marking.clear();
    this.#open(this.channels.has(this.current) ? this.current : this.#firstChannel());
  }

  present(list) {
    for (const presence of list) this.#putPresence(presence);
    this.#changed();
  }

  apply(event) {
    const { type, data } = event;
    if (type === "channel.added" || type === "channel.updated") this.#putChannel(data.channel);
    else if (type === "channel.removed") this.#dropChannel(data.channel_id);
    else if (type === "workspace.removed") this.#dropWorkspace(data.workspace_id);
    else if (type === "user.updated" || type === "workspace.member_joined") this.#putUser(data.user);
    else if (type === "workspace.member_left") this.users.delete(data.user_id);
    else if (type === "read.updated") this.#putRead(data.read);
    else if (type === "presence.changed") this.#putPresence(data);
    else if (type === "typing.started") this.#startedTyping(event);
    else if (type.startsWith("message.")) this.#message(event);
    this.#changed();
  }

  // What the user does.

  open(channelId) {
    if (channelId !== this.current) this.#open(channelId);
  }

  earlier() {
    return this.#load(this.messages.keys().next().value);
  }

  send(body) {
    const entry = { key: crypto.randomUUID(), channelId: this.current, body, state: "waiting" };
    this.outbox.push(entry);
    this.#sendAll();
    this.#changed();
  }

  discard(entry) {
    this.outbox = this.outbox.filter((other) => other !== entry);
    this.#changed();
  }

  edit(messageId, body) {
    return this.#mutate("message.update", { message_id: messageId, body });
  }

  remove(messageId) {
    return this.#mutate("message.delete", { message_id: messageId });
  }

  /** The user types; the others hear of it at most every three seconds. */
  types() {
    if (performance.now() - this.#lastTyped < TYPING_EVERY_MS) return;
    this.#lastTyped = performance.now();
    this.#session.call("typing.relay", { channel_id: this.current }).catch(() => {});
  }

  /** The user sees the current channel's newest message. A mark that failed is made again when the
   *  channel is next seen. */
  sees() {
    const channelId = this.current;
    const newest = [...this.messages.keys()].at(-1) ?? 0;
    const isMarked = newest <= (this.#marking.get(channelId) ?? 0);
    if (!this.isLoaded || !this.reads.get(channelId)?.unread || isMarked) return;
    this.#marking.set(channelId, newest);
    const params = { channel_id: channelId, message_id: newest };
    this.#mutate("read.mark", params).catch(() => this.#unmark(channelId, newest));
  }

  typists() {
    const now = performance.now();
    const isHere = ([key, { until }]) => key.startsWith(`${this.current}/`) && until > now;
    return [...this.#typing].filter(isHere).map(([key]) => Number(key.split("/")[1]));
  }

  nameOf(userId) {
    const user = this.users.get(userId);
    if (!user) this.#fetchUser(userId);
    return user?.display_name ?? "…";
  }

  // Channels and people.

  #firstChannel() {
    return this.channels.keys().next().value ?? null;
  }

  #putChannel(channel) {
    const held = this.channels.get(channel.id);
    if (!held || held.revision <= channel.revision) this.channels.set(channel.id, channel);
    if (this.current === null) this.#open(channel.id);
  }

  #dropChannel(id) {
    this.channels.delete(id);
    this.reads.delete(id);
    this.#marking.delete(id);
    if (id === this.current) this.#open(this.#firstChannel());
  }

  #dropWorkspace(id) {
    for (const channel of [...this.channels.values()]) {
      if (channel.workspace_id === id) this.#dropChannel(channel.id);
    }
    // Of a stranger's new name one does not hear: whoever is met again is fetched.
    this.users = new Map([[this.me.id, this.me]]);
  }

  #putRead(read) {
    if (this.channels.has(read.channel_id)) this.reads.set(read.channel_id, read);
  }

  #unmark(channelId, messageId) {
    if (this.#marking.get(channelId) === messageId) this.#marking.delete(channelId);
  }

  #putUser(user) {
    if (this.users.get(user.id)?.revision > user.revision) return;
    this.users.set(user.id, user);
    if (user.id === this.me.id) this.me = user;
  }

  #putPresence(presence) {
    const held = this.presence.get(presence.user_id);
    if (!held || held.revision <= presence.revision) this.presence.set(presence.user_id, presence);
  }

  async #fetchUser(userId) {
    if (this.#fetching.has(userId)) return;
    this.#fetching.add(userId);
    try {
      const { user } = await this.#session.insist("user.get", { user_id: userId });
      this.#putUser(user);
      this.#changed();
    } finally {
      this.#fetching.delete(userId);
    }
  }

  /** Times are the server's, so only their difference counts here. */
  #startedTyping({ ts, data }) {
    const key = `${data.channel_id}/${data.user_id}`;
    if (this.#typing.get(key)?.since >= data.started_at) return;
    const left = data.expires_at - ts;
    this.#typing.set(key, { since: data.started_at, until: performance.now() + left });
    setTimeout(this.#changed, left + 1);
  }

  // Messages.

  #open(channelId) {
    this.current = channelId;
    this.messages = new Map();
    this.isLoaded = false;
    this.hasEarlier = false;
    this.#changed();
    if (channelId !== null) this.#load();
  }

  /** The newest messages, or those before one. What came while the list was on its way is applied
   *  on top of it, if it is not in it. */
  async #load(before) {
    const load = { channelId: this.current, events: [] };
    this.#loads.add(load);
    const params = { channel_id: this.current, ...(before && { before_id: before }) };
    const list = await this.#session.insist("message.list", params);
    if (!this.#loads.delete(load) || load.channelId !== this.current) return;
    this.messages = byKey([...list.messages, ...this.messages.values()].sort(byId), "id");
    this.hasEarlier = list.has_more;
    if (!before) {
      this.isLoaded = true;
      this.#listedAt = list.pos;
      this.outbox = this.outbox.filter(({ state }) => state !== "sent");
    }
    for (const event of load.events) if (event.pos > list.pos) this.#toMessages(event);
    this.#changed();
  }

  #message(event) {
    const { type, data } = event;
    if (type === "message.created") {
      const { message, nonce } = data;
      const key = `${message.channel_id}/${message.author_id}`;
      this.#typing.set(key, { since: message.created_at, until: 0 });
      this.#count(message, message.id, 1);
      this.outbox = this.outbox.filter((entry) => entry.key !== nonce);
    } else if (type === "message.deleted") {
      this.#count(data, data.message_id, -1);
    }
    for (const load of this.#loads) load.events.push(event);
    if (this.isLoaded && event.pos > this.#listedAt) this.#toMessages(event);
  }

  #toMessages({ type, data }) {
    const { message } = data;
    if ((message ?? data).channel_id !== this.current || message?.thread_id) return;
    if (type === "message.created") this.messages.set(message.id, message);
    else if (type === "message.deleted") this.messages.delete(data.message_id);
    else if (type === "message.updated") {
      if (this.messages.get(message.id)?.revision < message.revision) this.messages.set(message.id, message);
    }
  }

  /** Replies belong to threads, which are not shown. */
  #count({ channel_id, author_id, thread_id, mentions, mentions_everyone }, messageId, step) {
    const read = this.reads.get(channel_id);
    const counts = read && author_id !== this.me.id && !thread_id;
    if (!counts || messageId <= (read.last_read_id ?? 0)) return;
    const isMention = mentions_everyone || mentions.includes(this.me.id);
    const moved = (count) => Math.max(0, count + step);
    this.reads.set(channel_id, {
      ...read,
      unread: moved(read.unread),
      mentions: isMention ? moved(read.mentions) : read.mentions,
    });
  }

  #mutate(method, params) {
    return this.#session.insist(method, { ...params, idempotency_key: crypto.randomUUID() });
  }

  /** One after the other, so that they arrive in the order they were written in. */
  async #sendAll() {
    if (this.#isSending) return;
    this.#isSending = true;
    for (let entry; (entry = this.outbox.find(({ state }) => state === "waiting")); ) {
      await this.#sendOne(entry);
      this.#changed();
    }
    this.#isSending = false;
  }

  async #sendOne(entry) {
    const params = { channel_id: entry.channelId, body: entry.body, idempotency_key: entry.key };
    try {
      const { message } = await this.#session.insist("message.send", params);
      this.#settle(entry, message.id);
    } catch (error) {
      entry.state = "failed";
      entry.error = error.message;
    }
  }

  /** It stays until its event comes, unless that is already part of what is shown. */
  #settle(entry, messageId) {
    entry.state = "sent";
    const newest = [...this.messages.keys()].at(-1) ?? 0;
    const isShown = entry.channelId !== this.current || messageId <= newest;
    if (isShown) this.outbox = this.outbox.filter((other) => other !== entry);
  }
}

function byId(a, b) {
  return a.id - b.id;
}

function byKey(values, key) {
  return new Map(values.map((value) => [value[key], value]));
}
