// What the page holds, over a session that the test plays.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Chat } from "../page/chat.js";

const ME = 1;
const OTHER = 2;
const settled = () => new Promise(setImmediate);

function snapshot(pos, unread = 0) {
  const channels = [{ id: 1, workspace_id: 1, kind: "public", name: "general", revision: 1 }];
  const reads = [{ channel_id: 1, last_read_id: null, unread, mentions: 0 }];
  return { pos, user: { id: ME }, channels, reads, users: [], presence: [] };
}

function message(id, author_id = OTHER, body = `message ${id}`, revision = 1) {
  return { id, channel_id: 1, author_id, body, thread_id: null, created_at: id, revision, mentions: [], mentions_everyone: false };
}

function deleted(pos, { id, ...message }) {
  return { type: "message.deleted", pos, data: { ...message, message_id: id } };
}

const created = (pos, message, nonce) => ({ type: "message.created", pos, data: { message, nonce } });

/** A chat, and the calls it makes, each to be answered by the test. */
async function chatWith(messages, pos = 100) {
  const calls = [];
  const insist = (method, params) =>
    new Promise((resolve, reject) => calls.push({ method, params, resolve, reject }));
  const chat = new Chat(() => ({ insist, call: insist }), () => {});
  const take = async (method, result) => {
    const i = calls.findIndex((call) => call.method === method);
    const [call] = calls.splice(i, 1);
    if (result instanceof Error) call.reject(result);
    else call.resolve(result);
    await settled();
    return call;
  };
  chat.replace(snapshot(pos));
  if (messages) await take("message.list", { messages, has_more: false, pos });
  return { chat, calls, take, bodies: () => [...chat.messages.values()].map(({ body }) => body) };
}

test("a snapshot replaces what was there", async () => {
  const { chat, take, bodies } = await chatWith([message(1), message(2)]);
  chat.apply(created(101, message(3)));
  chat.replace(snapshot(200));
  assert.equal(chat.reads.get(1).unread, 0);
  await take("message.list", { messages: [message(2), message(9)], has_more: false, pos: 200 });
  assert.deepEqual(bodies(), ["message 2", "message 9"]);
});

test("a list that was asked for before a snapshot is not shown after it", async () => {
  const { chat, calls, take, bodies } = await chatWith();
  chat.replace(snapshot(200));
  await take("message.list", { messages: [message(1)], has_more: false, pos: 100 });
  assert.deepEqual(bodies(), []);
  assert.equal(calls.length, 1);
});

test("what comes while the list is on its way is neither lost nor doubled", async () => {
  const { chat, take, bodies } = await chatWith();
  chat.apply(created(101, message(5)));
  chat.apply(created(102, message(6)));
  chat.apply(deleted(103, message(4)));
  await take("message.list", { messages: [message(4), message(5)], has_more: false, pos: 101 });
  assert.deepEqual(bodies(), ["message 5", "message 6"]);
});

test("of two copies the lower revision loses, and one that is not held stays away", async () => {
  const { chat, bodies } = await chatWith([message(1, OTHER, "third", 3)]);
  chat.apply({ type: "message.updated", pos: 101, data: { message: message(1, OTHER, "second", 2) } });
  chat.apply({ type: "message.updated", pos: 102, data: { message: message(8, OTHER, "unknown", 2) } });
  assert.deepEqual(bodies(), ["third"]);
  chat.apply({ type: "message.updated", pos: 103, data: { message: message(1, OTHER, "fourth", 4) } });
  assert.deepEqual(bodies(), ["fourth"]);
});

test("a sent message stands pending until its event, and once after it", async () => {
  const { chat, take, bodies } = await chatWith([]);
  chat.send("Hello");
  assert.equal(chat.outbox.length, 1);
  const { params } = await take("message.send", { message: message(1, ME, "Hello") });
  assert.deepEqual(bodies(), [], "the answer is no state");
  assert.equal(chat.outbox.length, 1);
  chat.apply(created(101, message(1, ME, "Hello"), params.idempotency_key));
  assert.deepEqual(bodies(), ["Hello"]);
  assert.equal(chat.outbox.length, 0);
});

test("its event may come before its answer", async () => {
  const { chat, calls, take, bodies } = await chatWith([]);
  chat.send("Hello");
  chat.apply(created(101, message(1, ME, "Hello"), calls[0].params.idempotency_key));
  await take("message.send", { message: message(1, ME, "Hello") });
  assert.deepEqual(bodies(), ["Hello"]);
  assert.equal(chat.outbox.length, 0);
});

test("one whose event went down with a resync is not shown twice", async () => {
  const { chat, take, bodies } = await chatWith([]);
  chat.send("Hello");
  chat.replace(snapshot(200));
  await take("message.list", { messages: [message(1, ME, "Hello")], has_more: false, pos: 200 });
  await take("message.send", { message: message(1, ME, "Hello") });
  assert.deepEqual(bodies(), ["Hello"]);
  assert.equal(chat.outbox.length, 0);
});

test("messages leave one after the other, each with a key of its own", async () => {
  const { chat, calls, take } = await chatWith([]);
  for (const body of ["a", "b"]) chat.send(body);
  assert.deepEqual(calls.map(({ params }) => params.body), ["a"]);
  const first = await take("message.send", { message: message(1, ME, "a") });
  assert.deepEqual(calls.map(({ params }) => params.body), ["b"]);
  assert.notEqual(first.params.idempotency_key, calls[0].params.idempotency_key);
});

test("a refused message stays until it is discarded, and does not hold up the next", async () => {
  const { chat, calls, take } = await chatWith([]);
  for (const body of ["a", "b"]) chat.send(body);
  await take("message.send", new Error("no"));
  assert.equal(chat.outbox[0].state, "failed");
  assert.deepEqual(calls.map(({ params }) => params.body), ["b"]);
  chat.discard(chat.outbox[0]);
  assert.deepEqual(chat.outbox.map(({ body }) => body), ["b"]);
});

test("what was sent, edited and deleted in one burst stays deleted", async () => {
  const { chat, bodies } = await chatWith([]);
  chat.apply(created(101, message(1)));
  chat.apply({ type: "message.updated", pos: 102, data: { message: message(1, OTHER, "edited", 2) } });
  chat.apply(deleted(103, message(1, OTHER, "edited", 2)));
  assert.deepEqual(bodies(), []);
});

test("somebody the snapshot did not name is fetched, once", async () => {
  const { chat, calls, take } = await chatWith([message(1, 77)]);
  assert.equal(chat.nameOf(77), "…");
  assert.equal(chat.nameOf(77), "…");
  assert.equal(calls.filter(({ method }) => method === "user.get").length, 1);
  await take("user.get", { user: { id: 77, display_name: "Zoe" } });
  assert.equal(chat.nameOf(77), "Zoe");
});

test("unread counts what others wrote, until it is seen", async () => {
  const { chat, calls } = await chatWith([]);
  chat.apply(created(101, message(1)));
  chat.apply(created(102, message(2, ME)));
  chat.apply(created(103, message(3)));
  chat.apply(deleted(104, message(1)));
  assert.equal(chat.reads.get(1).unread, 1);
  chat.sees();
  chat.sees();
  assert.deepEqual(calls.map(({ method, params }) => [method, params.message_id]), [["read.mark", 3]]);
});

test("a reply is neither shown among the messages nor counted", async () => {
  const { chat, bodies } = await chatWith([message(1)]);
  const reply = { ...message(2), thread_id: 1, mentions: [ME] };
  chat.apply(created(101, reply));
  assert.deepEqual(bodies(), ["message 1"]);
  assert.equal(chat.reads.get(1).unread, 0);
  const replied = { message_id: 1, channel_id: 1, reply_count: 1, last_reply_id: 2, last_reply_at: 2, revision: 2 };
  chat.apply({ type: "message.replied", pos: 102, data: replied });
  chat.apply(created(103, message(3)));
  chat.apply(deleted(104, reply));
  assert.deepEqual(bodies(), ["message 1", "message 3"]);
  assert.equal(chat.reads.get(1).unread, 1);
});

test("mentions are counted among the unread, by name or with everybody, once", async () => {
  const { chat } = await chatWith([]);
  const both = { ...message(1), mentions: [ME], mentions_everyone: true };
  chat.apply(created(101, both));
  chat.apply(created(102, { ...message(2), mentions: [OTHER] }));
  chat.apply(created(103, { ...message(3), mentions: [ME] }));
  chat.apply(created(104, { ...message(4, ME), mentions_everyone: true }));
  assert.deepEqual(chat.reads.get(1), { channel_id: 1, last_read_id: null, unread: 3, mentions: 2 });
  chat.apply(deleted(105, both));
  assert.deepEqual(chat.reads.get(1), { channel_id: 1, last_read_id: null, unread: 2, mentions: 1 });
});

test("a badge that was missing is there after a reconnect, because a snapshot replaces and does not merge", async () => {
  const { chat } = await chatWith([]);
  chat.replace(snapshot(200, 5));
  assert.equal(chat.reads.get(1).unread, 5);
  chat.replace(snapshot(300));
  assert.equal(chat.reads.get(1).unread, 0);
});

test("what is marked in one channel does not hold up another, though ids are common to all", async () => {
  const { chat, calls, take } = await chatWith([]);
  const channel = { id: 2, workspace_id: 1, kind: "public", name: "random", revision: 1 };
  chat.apply({ type: "channel.added", pos: 101, data: { channel } });
  const read = { channel_id: 2, last_read_id: null, unread: 1, mentions: 0 };
  chat.apply({ type: "read.updated", pos: 102, data: { read } });
  chat.apply(created(103, message(50)));
  chat.sees();
  await take("read.mark", {});
  chat.open(2);
  await take("message.list", { messages: [{ ...message(40), channel_id: 2 }], has_more: false, pos: 103 });
  chat.sees();
  assert.deepEqual(calls.map(({ params }) => [params.channel_id, params.message_id]), [[2, 40]]);
});

test("a mark that failed is made again when it is next seen, one that did not is not", async () => {
  const { chat, calls, take } = await chatWith([]);
  chat.apply(created(101, message(1)));
  chat.sees();
  await take("read.mark", new Error("no"));
  assert.equal(calls.length, 0);
  chat.sees();
  assert.deepEqual(calls.map(({ params }) => params.message_id), [1]);
  await take("read.mark", {});
  chat.sees();
  assert.equal(calls.length, 0);
});

test("a mark that an older one's failure finds in its place stays", async () => {
  const { chat, calls, take } = await chatWith([]);
  chat.apply(created(101, message(1)));
  chat.sees();
  chat.apply(created(102, message(2)));
  chat.sees();
  await take("read.mark", new Error("no"));
  chat.sees();
  assert.deepEqual(calls.map(({ params }) => params.message_id), [2]);
});

test("after a snapshot that still counts a message as unread it is marked again", async () => {
  const { chat, calls, take } = await chatWith([]);
  chat.apply(created(101, message(1)));
  chat.sees();
  await take("read.mark", {});
  chat.replace(snapshot(200, 1));
  await take("message.list", { messages: [message(1)], has_more: false, pos: 200 });
  chat.sees();
  assert.deepEqual(calls.map(({ params }) => params.message_id), [1]);
});

test("typing ends with its author's message, and an older start stays away", async () => {
  const { chat } = await chatWith([]);
  const started = (at) => ({ type: "typing.started", ts: at, data: { channel_id: 1, user_id: OTHER, started_at: at, expires_at: at + 60 } });
  chat.apply(started(10));
  assert.deepEqual(chat.typists(), [OTHER]);
  chat.apply(created(101, message(20)));
  chat.apply(started(15));
  assert.deepEqual(chat.typists(), []);
});

test("an older presence does not replace a newer one", async () => {
  const { chat } = await chatWith([]);
  chat.apply({ type: "presence.changed", data: { user_id: OTHER, state: "online", revision: 5 } });
  chat.present([{ user_id: OTHER, state: "offline", revision: 4 }]);
  assert.equal(chat.presence.get(OTHER).state, "online");
});

test("a new name is shown, of oneself too, and an older copy of it is not", async () => {
  const { chat } = await chatWith([]);
  const renamed = (pos, id, revision) => {
    const user = { id, display_name: `${id} at ${revision}`, revision };
    chat.apply({ type: "user.updated", pos, data: { user } });
  };
  renamed(101, ME, 3);
  renamed(102, OTHER, 2);
  renamed(103, ME, 2);
  assert.deepEqual([chat.me.display_name, chat.nameOf(ME), chat.nameOf(OTHER)], ["1 at 3", "1 at 3", "2 at 2"]);
});

test("who comes is shown as they are called, and who left is asked for again", async () => {
  const { chat, calls, take } = await chatWith([]);
  const zoe = (revision) => ({ id: OTHER, display_name: `Zoe ${revision}`, revision });
  const joined = (pos, user) => chat.apply({ type: "workspace.member_joined", pos, data: { workspace_id: 1, user_id: user.id, role: "member", user } });
  const asks = () => calls.filter(({ method }) => method === "user.get").length;
  joined(101, zoe(1));
  assert.equal(chat.nameOf(OTHER), "Zoe 1");
  chat.apply({ type: "workspace.member_left", pos: 102, data: { workspace_id: 1, user_id: OTHER, role: "member", reason: "left" } });
  assert.deepEqual([chat.nameOf(OTHER), asks()], ["…", 1]);
  await take("user.get", { user: zoe(2) });
  joined(103, zoe(3));
  assert.equal(chat.nameOf(OTHER), "Zoe 3");
  chat.apply({ type: "workspace.removed", pos: 104, data: { workspace_id: 1, reason: "left" } });
  assert.deepEqual([chat.nameOf(OTHER), asks(), chat.users.has(ME)], ["…", 1, true]);
});

test("a channel that is archived leaves, and comes back with a new name", async () => {
  const { chat, calls } = await chatWith([message(1)]);
  const channel = { id: 1, workspace_id: 1, kind: "public", name: "hall", revision: 3 };
  chat.apply({ type: "channel.removed", pos: 101, data: { channel_id: 1, reason: "archived" } });
  assert.deepEqual([chat.current, chat.channels.size, chat.messages.size], [null, 0, 0]);
  chat.apply({ type: "channel.added", pos: 102, data: { channel } });
  chat.apply({ type: "channel.updated", pos: 103, data: { channel: { ...channel, name: "old", revision: 2 } } });
  assert.deepEqual([chat.current, chat.channels.get(1).name], [1, "hall"]);
  assert.equal(calls.at(-1).method, "message.list");
});
