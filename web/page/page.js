// The page: it draws what the chat holds and tells it what the user does. A first face for the
// gateway; all text of users goes in as text.

import { Chat } from "/chat.js";
import { Session } from "/session.js";

const $ = (selector) => document.querySelector(selector);
const SAME_BREATH_MS = 300_000;
const PRESENCE = { online: "online", away: "away", dnd: "do not disturb", invisible: "invisible", offline: "offline" };

let session = null;
let chat = null;
let editing = null;
let drawnChannel = null;
let isDrawing = false;

// Who this tab is: `#2` or `?as=2`, else what was chosen in it before.

function become(id) {
  sessionStorage.setItem("as", id);
  if (asked() !== id) history.replaceState(null, "", `/#${id}`);
  session?.stop();
  const url = `${location.origin.replace("http", "ws")}/ws/user/me`;
  chat = new Chat((app) => (session = new Session({ url, token: `dev:${id}`, app })), draw);
  stopEditing();
  for (const button of $("#who").children) button.ariaPressed = String(button.dataset.id === id);
  for (const part of ["#side", "main", "#status"]) $(part).hidden = false;
  $("#welcome").hidden = true;
  session.setVisibility(document.visibilityState);
  session.start();
}

function asked() {
  const id = location.hash.slice(1) || new URLSearchParams(location.search).get("as");
  return /^[123]$/.test(id) ? id : null;
}

// What the user does.

$("#who").onclick = ({ target }) => target.dataset.id && become(target.dataset.id);
$("#earlier").onclick = () => chat.earlier();
$("#editing button").onclick = stopEditing;
$("#text").oninput = ({ target }) => target.value.trim() && editing === null && chat.types();
$("#text").onkeydown = (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
  else if (event.key === "Escape") stopEditing();
  else if (event.key === "ArrowUp" && !event.target.value) editLast(event);
};
$("#composer").onsubmit = submit;
window.onhashchange = () => asked() && become(asked());
document.onvisibilitychange = () => {
  session?.setVisibility(document.visibilityState);
  draw();
};

function submit(event) {
  event.preventDefault();
  const body = $("#text").value.trim();
  if (!body || !chat?.me) return;
  if (editing === null) chat.send(body);
  else chat.edit(editing, body).catch(complain);
  stopEditing();
  $("#scroll").scrollTop = $("#scroll").scrollHeight;
}

function edit(message) {
  editing = message.id;
  $("#text").value = message.body;
  $("#text").focus();
  draw();
}

function editLast(event) {
  const own = [...chat.messages.values()].filter(({ author_id }) => author_id === chat.me?.id);
  if (!own.length) return;
  event.preventDefault();
  edit(own.at(-1));
}

function stopEditing() {
  editing = null;
  $("#text").value = "";
  draw();
}

function remove(message) {
  if (confirm("Delete this message?")) chat.remove(message.id).catch(complain);
}

function complain(error) {
  alert(error.message);
}

// Drawing: once for all changes of a moment, each thing in the element it had.

function draw() {
  if (isDrawing) return;
  isDrawing = true;
  queueMicrotask(() => {
    isDrawing = false;
    if (chat) drawAll();
  });
}

function drawAll() {
  drawStatus();
  if (!chat.me) return;
  sync($("#channels"), [...chat.channels.values()], ({ id }) => id, drawChannel);
  sync($("#people"), [...chat.users.values()], ({ id }) => id, drawPerson);
  drawMessages();
  drawComposer();
  const unread = [...chat.reads.values()].reduce((sum, read) => sum + read.unread, 0);
  document.title = `${unread ? `(${unread}) ` : ""}${chat.me.display_name} · Antiphon`;
  if (document.visibilityState === "visible") chat.sees();
}

function drawStatus() {
  const { phase, until, why, resumed, reason, replayed, pos, seq } = session.status;
  const seconds = Math.max(0, Math.ceil((until - Date.now()) / 1000));
  const after = why ? ` (${why})` : "";
  const words = { live: "live", connecting: `connecting…${after}`, waiting: `reconnecting in ${seconds} s${after}` };
  $("#status").dataset.phase = phase;
  $("#status").dataset.resumed = resumed ?? "";
  setText($("#status strong"), words[phase] ?? `closed: ${why}`);
  const outcome = [resumed, reason && `(${reason})`, replayed > 0 && `· ${replayed} replayed`];
  setText($("#resumed"), resumed ? `resume: ${outcome.filter(Boolean).join(" ")}` : "");
  setText($("#place"), pos === null ? "" : `pos ${pos}${seq === null ? "" : ` · seq ${seq}`}`);
}

function drawChannel(item, channel) {
  const button = item.firstElementChild;
  const { unread, mentions } = chat.reads.get(channel.id) ?? { unread: 0, mentions: 0 };
  const isCurrent = channel.id === chat.current;
  const badge = button.querySelector(".badge");
  setText(button.querySelector(".name"), titleOf(channel));
  setText(badge, `${mentions ? "@ " : ""}${unread > 99 ? "99+" : unread}`);
  badge.ariaLabel = `${unread} unread, ${mentions} mention you`;
  badge.hidden = unread === 0 || isCurrent;
  button.ariaCurrent = String(isCurrent);
  button.onclick = () => {
    stopEditing();
    chat.open(channel.id);
  };
}

function drawPerson(item, user) {
  const { state = "offline", status_text = "" } = chat.presence.get(user.id) ?? {};
  item.dataset.state = state;
  item.title = [PRESENCE[state], status_text].filter(Boolean).join(": ");
  item.querySelector(".dot").ariaLabel = PRESENCE[state];
  setText(item.querySelector(".name"), user.id === chat.me.id ? `${user.display_name} (you)` : user.display_name);
}

function drawMessages() {
  const scroll = $("#scroll");
  const isNew = drawnChannel !== chat.current;
  const isAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40;
  const fromEnd = scroll.scrollHeight - scroll.scrollTop;
  const isAtStart = scroll.scrollTop < 40;
  drawnChannel = chat.current;
  const pending = chat.outbox.filter(({ channelId }) => channelId === chat.current);
  const items = [...chat.messages.values(), ...pending.map(asMessage)];
  const first = $("#messages").firstElementChild?.dataset.key;
  sync($("#messages"), items, keyOf, (item, message, i) => drawMessage(item, message, items[i - 1]));
  $("#earlier").hidden = !chat.hasEarlier;
  $("#empty").hidden = !chat.isLoaded || items.length > 0;
  const grewAbove = first !== $("#messages").firstElementChild?.dataset.key;
  if (isNew || isAtEnd) scroll.scrollTop = scroll.scrollHeight;
  else if (isAtStart && grewAbove) scroll.scrollTop = scroll.scrollHeight - fromEnd;
}

function asMessage(entry) {
  return { entry, body: entry.body, author_id: chat.me.id, created_at: Date.now() };
}

function keyOf({ id, entry }) {
  return entry ? entry.key : id;
}

function drawMessage(item, message, before) {
  const { id, entry, author_id, body, created_at, edited_at } = message;
  const goesOn = before?.author_id === author_id && created_at - before.created_at < SAME_BREATH_MS;
  const name = chat.nameOf(author_id);
  const at = new Date(created_at);
  item.classList.toggle("goes-on", goesOn);
  item.classList.toggle("pending", Boolean(entry));
  item.classList.toggle("failed", entry?.state === "failed");
  item.classList.toggle("edited-now", editing !== null && editing === id);
  const avatar = item.querySelector(".avatar");
  avatar.dataset.person = author_id % 6;
  setText(avatar, name.slice(0, 1));
  setText(item.querySelector("b"), name);
  setText(item.querySelector("time"), at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  item.querySelector("time").dateTime = at.toISOString();
  setText(item.querySelector(".text"), body);
  setText(item.querySelector(".note"), noteOf(entry, edited_at));
  drawActions(item.querySelector(".actions"), message);
}

function noteOf(entry, editedAt) {
  if (entry?.state === "failed") return `not sent: ${entry.error}`;
  if (entry) return session.status.phase === "live" ? "sending…" : "waiting for the connection";
  return editedAt ? "edited" : "";
}

function drawActions(place, message) {
  const { entry, author_id } = message;
  const actions = [];
  if (entry?.state === "failed") actions.push(["Discard", () => chat.discard(entry)]);
  if (!entry && author_id === chat.me.id) {
    actions.push(["Edit", () => edit(message)], ["Delete", () => remove(message)]);
  }
  sync(place, actions, ([word]) => word, (button, [word, run]) => {
    button.type = "button";
    button.onclick = run;
    setText(button, word);
  });
}

function drawComposer() {
  const channel = chat.channels.get(chat.current);
  const typists = chat.typists().map((id) => chat.nameOf(id));
  const verb = typists.length > 1 ? "are" : "is";
  setText($("#title"), channel ? titleOf(channel) : "No channel");
  setText($("#typing"), typists.length ? `${typists.join(" and ")} ${verb} typing…` : "");
  $("#text").placeholder = channel ? `Message ${titleOf(channel)}` : "";
  $("#text").disabled = !channel;
  $("#editing").hidden = editing === null;
  setText($("#composer [type=submit]"), editing === null ? "Send" : "Save");
}

function titleOf({ kind, name, member_ids }) {
  if (kind !== "dm") return `# ${name}`;
  return member_ids.filter((id) => id !== chat.me.id).map((id) => chat.nameOf(id)).join(", ");
}

const TEMPLATES = { channels: "#a-channel", people: "#a-person", messages: "#a-message" };

function sync(list, items, keyOf, update) {
  const held = new Map([...list.children].map((node) => [node.dataset.key, node]));
  const keys = items.map((item) => String(keyOf(item)));
  for (const [key, node] of held) if (!keys.includes(key)) node.remove();
  items.forEach((item, i) => {
    const node = held.get(keys[i]) ?? make(TEMPLATES[list.id]);
    node.dataset.key = keys[i];
    update(node, item, i);
    if (list.children[i] !== node) list.insertBefore(node, list.children[i] ?? null);
  });
}

function make(template) {
  if (!template) return document.createElement("button");
  return $(template).content.firstElementChild.cloneNode(true);
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

setInterval(() => session?.status.phase === "waiting" && drawStatus(), 250);
const chosen = asked() ?? sessionStorage.getItem("as");
if (chosen) become(chosen);
