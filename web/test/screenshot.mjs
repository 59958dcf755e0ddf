// Takes the README's picture: two people side by side, just after the gateway was killed.

import { mkdirSync, writeFileSync } from "node:fs";
import { crc32, deflateSync } from "node:zlib";
import { House, Person } from "./house.js";

const SIZE = { width: 640, height: 800 };
const GAP = 16;
const TARGET = new URL("../../docs/two-tabs.png", import.meta.url);

const LOOKS = { 1: { colorScheme: "light" }, 2: { colorScheme: "dark" }, 3: {} };

const BEFORE = [
  [2, "What happens to us when the gateway dies?"],
  [1, "Nothing is lost. A tab knows its position, comes back with it and is told what it missed."],
  [1, "Shall I kill -9 it while you write?"],
  [2, "Please do. I'll keep sending."],
];
const MEANWHILE = ["Is it gone already?", "My page says: reconnecting"];
const PENDING = "Still here";
const AFTER = [
  [1, "Gone and back. Everything came, once and in order."],
  [2, "And no reload. Now the server?"],
];

const house = await House.open();
try {
  const people = {};
  for (const id of [1, 2, 3]) people[id] = await Person.join(house, id, { viewport: SIZE, locale: "en-GB", ...LOOKS[id] });
  const talk = async (lines) => {
    for (const [id, text] of lines) {
      await people[id].say(text);
      for (const person of Object.values(people)) await person.sees(text);
    }
  };
  await talk(BEFORE);
  await house.kill("gateway");
  await people[2].say(PENDING);
  for (const body of MEANWHILE) {
    await house.callDirectly("message.send", { channel_id: 1, body }, 3);
  }
  house.start("gateway");
  for (const person of Object.values(people)) await person.settled(PENDING, 1);
  await talk(AFTER);
  await people[3].page.getByRole("button", { name: "# random" }).click();
  await people[3].say("Lunch at noon?");
  const [ada, ben] = [people[1].page, people[2].page];
  for (const page of [ada, ben]) await page.locator(".badge:visible").waitFor();
  while (!(await ben.locator("#typing", { hasText: "Ada is typing…" }).isVisible())) {
    await ada.fill("#text", "Now the server, then bo");
  }
  const shots = await Promise.all([ada, ben].map((page) => page.screenshot()));
  mkdirSync(new URL(".", TARGET), { recursive: true });
  writeFileSync(TARGET, await sideBySide(shots.map((shot) => shot.toString("base64"))));
} finally {
  await house.close();
}

/** The shots in one picture, as rows of red, green and blue. */
async function sideBySide(shots) {
  const page = await house.browser.newPage();
  const join = async ([shots, width, height, gap]) => {
    const images = shots.map((shot) => Object.assign(new Image(), { src: `data:image/png;base64,${shot}` }));
    await Promise.all(images.map((image) => image.decode()));
    const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width + gap, height });
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, height);
    images.forEach((image, i) => context.drawImage(image, i * (width + gap), 0));
    const { data } = context.getImageData(0, 0, canvas.width, height);
    const blob = new Blob([data.filter((_, i) => i % 4 < 3)]);
    const bytes = await new Promise((done) => {
      const reader = Object.assign(new FileReader(), { onload: () => done(reader.result) });
      reader.readAsDataURL(blob);
    });
    return bytes.split(",")[1];
  };
  const pixels = await page.evaluate(join, [shots, SIZE.width, SIZE.height, GAP]);
  return png(Buffer.from(pixels, "base64"), 2 * SIZE.width + GAP, SIZE.height);
}

/** Without row filters, which flat areas and text do not gain from: half the browser's size. */
function png(pixels, width, height) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const rows = Array.from({ length: height }, (_, y) => pixels.subarray(y * width * 3, (y + 1) * width * 3));
  const body = deflateSync(Buffer.concat(rows.flatMap((row) => [Buffer.of(0), row])), { level: 9 });
  const signature = Buffer.from("89504e470d0a1a0a", "hex");
  return Buffer.concat([signature, ...chunk("IHDR", head), ...chunk("IDAT", body), ...chunk("IEND", Buffer.of())]);
}

function chunk(name, data) {
  const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  const named = Buffer.concat([Buffer.from(name), data]);
  size.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(named));
  return [size, named, sum];
}
