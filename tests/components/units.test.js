// What the components' scripts can do without a browser; run by tests/components/test_javascript.py.

import assert from "node:assert/strict";
import { test } from "node:test";

import { byteColours, colourOf, isDark, isImage, limits, readTable, readableOn, stripColours, word } from "../../ui/components/shared/colours.js";
import { isStill } from "../../ui/components/shared/drag.js";
import { curve, mapsFed, mapsRead, neighbours, wayOf } from "../../ui/components/shared/graph_edges.js";
import { cornerAt, gridOf, percentOf, placeAt, rectangleBetween } from "../../ui/components/shared/grid.js";
import { Waiting, addressesFor, pack, unpack } from "../../ui/components/shared/messages.js";
import { plainName } from "../../ui/components/shared/names.js";
import { cellNumber, editedNumber, narrowNumber, readNumber, shortNumber } from "../../ui/components/shared/numbers.js";
import { frames, isWhole, reached, runs } from "../../ui/components/shared/reads.js";
import { Zoom } from "../../ui/components/shared/zoom.js";

test("numbers are written with three digits and a real minus sign", () => {
  const written = [0, 1e-7, -0.5, 1 / 3, 999.6, 1234.5, -2e-5, -5.07e-7, 12.34].map(shortNumber);
  assert.deepEqual(written, ["0", "0", "−0.5", "0.333", "1000", "1235", "−0.00002", "−0.000000507", "12.3"]);
  assert.deepEqual([0.53, -0.53, 1.5, 0, 10.02].map((one) => narrowNumber(one)), [".53", "−.53", "1.5", "0", "10"]);
  assert.deepEqual([0.531, -0.531, 1.149, 0.0066, -12.3].map((one) => narrowNumber(one, 2.5)), [".53", "−.5", "1.1", ".01", "−12"]);
  assert.deepEqual([0.004, -0.000396, 0.31, 0].map((one) => narrowNumber(one, 2.5)), ["≈0", "≈0", ".31", "0"]);
  const halves = [1.15, 1.25, 0.125, 0.5].map((one, i) => narrowNumber(Math.fround(one), i < 3 ? 2.5 : 1));
  assert.deepEqual(halves, ["1.2", "1.3", ".13", "1"]); // as by hand, though 1.15 is a hair less as a float
  const cells = [0.0666, -0.0666, 0.00678, -0.000235, 0.00001, 0.9997, -1.25, 12345].map(cellNumber);
  assert.deepEqual(cells, ["0.0666", "−.0666", ".0068", "−.0002", "≈0", "0.9997", "−1.25", "12345"]);
  assert.equal(editedNumber(-1.23456), "−1.235");
});

test("numbers are read with point or comma, either minus sign, or as a fraction", () => {
  assert.deepEqual(["0.25", "0,25", " −1 ", "-1/4", "1/0", "", "x", "1e999"].map(readNumber), [0.25, 0.25, -1, -0.25, null, null, null, null]);
});

test("a label's name is its words", () => {
  const labels = [":violet[Stride *s*]", "Kernels *K*", "**$x$** and `y`", ":material/home: Home", "5 \\* 3 \\[a\\]", "Learning rate *η* (0.01)", ""];
  assert.deepEqual(labels.map(plainName), ["Stride s", "Kernels K", "x and y", "Home", "5 * 3 [a]", "Learning rate η (0.01)", ""]);
});

test("what comes out is an image where nothing is negative, and not where all is 0", () => {
  const found = [[0, 1], [0.2, 3], [-0.1, 1], [0, 0], [-2, 0]].map(([low, high]) => isImage({ low, high }));
  assert.deepEqual(found, [true, true, false, false, false]);
});

// Red grows with the entry, so that an entry can be told from its colour.
const TABLE = Uint32Array.from({ length: 256 }, (_, i) => word(i, 0, 255 - i));
const red = (colour) => colour & 255;

test("a table is read from base64 as the canvas holds it", () => {
  const bytes = Uint8Array.from({ length: 768 }, (_, i) => (i * 7) % 256);
  const table = readTable(Buffer.from(bytes).toString("base64"));
  assert.equal(table.length, 256);
  assert.deepEqual([...new Uint8Array(table.buffer, 4 * 10, 4)], [bytes[30], bytes[31], bytes[32], 255]);
});

test("each kind of scale colours its values", () => {
  const at = (kind, value, end = 2) => colourOf({ kind, end }, value, TABLE).background;
  assert.equal(at("diverging", -2), "rgb(0 0 255)");
  assert.equal(at("diverging", 0), "rgb(128 0 127)");
  assert.equal(at("diverging", 5), "rgb(255 0 0)"); // beyond the end
  assert.equal(at("sequential", 2), "rgb(255 0 0)");
  assert.equal(at("sequential", 1), at("diverging", 1)); // equal values, equal colours
  assert.equal(at("sequential", -1), "rgb(128 0 127)");
  assert.equal(at("grey", 0.5, 1), "rgb(128 128 128)");
  assert.equal(at("grey", 1), "rgb(128 128 128)"); // white is the end
  assert.equal(at("grey", -3), "rgb(0 0 0)");
  assert.deepEqual(limits({ kind: "sequential", end: 3 }), [0, 3]);
  assert.deepEqual(limits({ kind: "diverging", end: 3 }), [-3, 3]);
  assert.deepEqual(limits({ kind: "colour", end: 3 }), [0, 3]);
});

test("a picture's bytes have the colours of the values that they stand for", () => {
  assert.equal(byteColours({ kind: "diverging", end: 2 }, [-2, 2], TABLE), TABLE);
  const grey = byteColours({ kind: "grey", end: 1 }, [-2, 2], TABLE);
  assert.equal(red(grey[100]), 0); // below 0
  assert.equal(red(grey[191]), Math.round(255 * (-2 + (4 * 191) / 255)));
  assert.equal(red(grey[255]), 255);
  assert.deepEqual([...byteColours({ kind: "grey", end: 9 }, [0, 9], TABLE)].map(red), [...Array(256).keys()]);
  const bar = [...stripColours({ kind: "sequential", end: 4 }, TABLE)].map(red);
  assert.equal(Math.min(...bar), 128); // no negative half
  assert.equal(bar[255], 255);
});

test("text can be read on its colour, and a dark theme is told from a light one", () => {
  assert.deepEqual([readableOn(255, 255, 255), readableOn(0, 0, 0), readableOn(255, 176, 0)], ["#000000", "#ffffff", "#000000"]);
  assert.deepEqual(["#0f1218", "#ffffff", "rgb(15, 18, 24)", ""].map(isDark), [true, false, true, false]);
});

test("the newest question of a kind waits, pictures before numbers", () => {
  const waiting = new Waiting();
  const question = (number) => ({ message: { number }, receive: () => {} });
  assert.equal(waiting.take(), null);
  waiting.put("look", question(1));
  waiting.put("stages", question(2));
  waiting.put("stages", question(3));
  const first = waiting.take();
  assert.deepEqual([first.op, first.question.message.number], ["stages", 3]);
  waiting.put("stages", question(4));
  waiting.putBack("stages", first.question); // lost on its way, but there is a newer one
  assert.equal(waiting.take().question.message.number, 4);
  waiting.putBack("stages", first.question);
  assert.equal(waiting.take().question.message.number, 3);
  assert.deepEqual([waiting.take().op, waiting.take()], ["look", null]);
});

test("messages carry their head and their bytes", async () => {
  const packed = await pack('{"ö": 1}', new Uint8Array([9, 8]).buffer).arrayBuffer();
  assert.deepEqual([...new Uint8Array(packed)], [0, 0, 0, 9, ...Buffer.from('{"ö": 1}'), 9, 8]);
  const head = JSON.stringify({ id: 7, stages: [{ bytes: 2, type: "image/png" }, { bytes: 3, type: "image/jpeg" }] });
  const answer = unpack(await pack(head, new Uint8Array([1, 2, 3, 4, 5]).buffer).arrayBuffer());
  const parts = await Promise.all(answer.stages.map(async ({ picture }) => [picture.type, ...new Uint8Array(await picture.arrayBuffer())]));
  assert.deepEqual(parts, [["image/png", 1, 2], ["image/jpeg", 3, 4, 5]]);
});

test("the channel is looked for at the base path and where the page came from", () => {
  const page = { protocol: "https:", host: "a.example" };
  assert.deepEqual(addressesFor("", "", page), ["wss://a.example/live"]);
  const script = "https://a.example/host/course/static/js/index.js";
  assert.deepEqual(addressesFor("course", script, page), ["wss://a.example/course/live", "wss://a.example/host/course/live"]);
  assert.deepEqual(addressesFor("x", "", { ...page, protocol: "http:" })[0], "ws://a.example/x/live");
});

test("zooming keeps the place under the hand, and never shows what is beside the picture", () => {
  const zoom = new Zoom();
  zoom.by(4, 0.25, 0.75);
  const seen = () => [zoom.x + 0.25 / zoom.level, zoom.y + 0.75 / zoom.level];
  assert.deepEqual(seen(), [0.25, 0.75]);
  zoom.by(2, 0.25, 0.75);
  assert.deepEqual([zoom.level, ...seen()], [8, 0.25, 0.75]);
  zoom.pan(1, 0);
  assert.equal(zoom.x, 0.21875 - 1 / 8);
  zoom.pan(-100, 100);
  assert.deepEqual([zoom.x, zoom.y], [7 / 8, 0]);
  zoom.by(1 / 100);
  assert.deepEqual([zoom.level, zoom.x, zoom.y], [1, 0, 0]);
  zoom.by(1000);
  assert.equal(zoom.level, 32);
});

test("a place in a mosaic is a value of one map", () => {
  const grid = gridOf({ shape: [5, 4, 6], tiles: [2, 3], scale: "diverging" });
  assert.deepEqual(placeAt(grid, (1 + 2.5 / 6) / 3, (1 + 3.5 / 4) / 2), { channel: 4, y: 3, x: 2 });
  assert.equal(placeAt(grid, 0.9, 0.9), null); // there are five maps
  assert.deepEqual(placeAt(grid, -1, 0), { channel: 0, y: 0, x: 0 });
  assert.deepEqual(gridOf({ shape: [3, 4, 6], tiles: [2, 2], scale: "colour" }), { rows: 1, columns: 1, height: 4, width: 6, count: 1 });
  const box = percentOf(grid, 4, [1, 3, 2, 3]);
  const rounded = Object.fromEntries(Object.entries(box).map(([side, percent]) => [side, Number(percent.toFixed(6))]));
  assert.deepEqual(rounded, { top: 62.5, left: 50, height: 25, width: 16.666667 });
});

test("a dragged rectangle lies between its corners, whichever was first", () => {
  const grid = { rows: 1, columns: 1, height: 40, width: 60, count: 1 };
  assert.deepEqual(cornerAt(grid, 0.5, 1.7), [40, 30]);
  assert.deepEqual(rectangleBetween([40, 30], cornerAt(grid, -0.2, 0.26)), [10, 0, 30, 30]);
  assert.ok(isStill({ x: 5, y: 5 }, { x: 8, y: 2 }, 4));
  assert.ok(!isStill({ x: 5, y: 5 }, { x: 5, y: 1 }, 4));
  assert.ok(!isStill({ x: 5, y: 5 }, { x: 5, y: 5 }, 0)); // without slop each movement counts
});

test("frames are cut off at the border, and open where they lie in the padding", () => {
  assert.deepEqual(runs([-1, 0, 1, 4, 6, 7]), [[-1, 3], [4, 1], [6, 2]]);
  const cells = { channels: [2], rows: [-1, 0, 1], columns: [3, 4, 5] };
  assert.deepEqual(frames(cells, [3, 4, 5]), [{ channel: 2, box: [0, 3, 2, 2], open: ["top", "right"] }]);
  assert.deepEqual(frames({ ...cells, rows: [-2, -1] }, [3, 4, 5]), []);
  const dilated = frames({ channels: [0], rows: [0, 2], columns: [1] }, [1, 4, 5]);
  assert.deepEqual(dilated.map(({ box }) => box), [[0, 1, 1, 1], [2, 1, 1, 1]]);
  const many = { channels: [0], rows: Array.from({ length: 50 }, (_, i) => 2 * i), columns: Array.from({ length: 50 }, (_, i) => 2 * i) };
  assert.deepEqual(frames(many, [1, 100, 100]).map(({ box }) => box), [[0, 0, 99, 99]]);
  assert.ok(isWhole({ channels: [0, 1], rows: [-1, 0, 1], columns: [0] }, [2, 2, 1]));
  assert.ok(!isWhole({ channels: [0], rows: [0, 1], columns: [0] }, [2, 2, 1]));
});

test("without a declaration nothing is framed, and declarations in a circle end", () => {
  const reads = (panel) => ({ panel, how: "same", channels: "own", transposed: false, rows: null, columns: null });
  const place = { channels: [0], rows: [1], columns: [1] };
  const alone = new Map([["a", { shape: [1, 3, 3], reads: [] }], ["b", { shape: [1, 3, 3], reads: [] }]]);
  assert.equal(reached(alone, "a", place, false).size, 0);
  const circle = new Map([["a", { shape: [1, 3, 3], reads: [reads("b")] }], ["b", { shape: [1, 3, 3], reads: [reads("a")] }]]);
  assert.ok(reached(circle, "a", place, false).has("b"));
});

const ALL = { offset: 0, span: 64, made: 64, read: 16 }; // 64 maps, each made of all of 16
const OWN = { offset: 0, span: 8, made: 1, read: 1 };
const GROUPS = { offset: 0, span: 6, made: 2, read: 4 }; // three groups: two maps made of four
const SECOND = { offset: 64, span: 32, made: 1, read: 1 }; // of a concat, behind 64 other maps

test("a map lights up the maps that it is made of, as far as they are shown", () => {
  assert.deepEqual(mapsRead({ card: "a", ...ALL }, 63, 6), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(mapsRead({ card: "a", ...OWN }, 3, 6), [3]);
  assert.deepEqual(mapsRead({ card: "a", ...OWN }, 7, 6), []);
  assert.deepEqual(mapsRead({ card: "a", ...GROUPS }, 3, 6), [4, 5]);
  assert.deepEqual(mapsRead({ card: "a", ...SECOND }, 66, 6), [2]);
  assert.deepEqual(mapsRead({ card: "a", ...SECOND }, 2, 6), []);
});

test("a map lights up the maps that it goes into", () => {
  assert.deepEqual(mapsFed({ card: "a", ...ALL }, 9, 6), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(mapsFed({ card: "a", ...GROUPS }, 5, 6), [2, 3]);
  assert.deepEqual(mapsFed({ card: "a", ...GROUPS }, 3, 6), [0, 1]);
  assert.deepEqual(mapsFed({ card: "a", ...SECOND }, 2, 6), []);
});

test("edges go straight unless a card is in the way, then along a free lane or above", () => {
  const at = (name, column, lane, ...reads) => ({ name, column, lane, reads: reads.map((card) => ({ card })) });
  const cards = [at("input", 0, 0), at("conv", 1, 0, "input"), at("short", 1, 1, "input"), at("sum", 2, 0, "conv", "input", "short")];
  assert.deepEqual(neighbours(cards, "input"), { read: [], readers: ["conv", "short", "sum"] });
  assert.deepEqual(neighbours(cards, "sum").read, ["conv", "input", "short"]);
  assert.equal(wayOf(cards, cards[0], cards[3]), "above");
  assert.equal(wayOf(cards, cards[2], cards[3]), "straight");
  const [near, far] = [at("a", 0, 1), at("b", 3, 0)];
  const middle = (...lanes) => [near, ...lanes.map((lane, i) => at(`m${i}`, 1 + i, lane)), far];
  assert.equal(wayOf(middle(0, 0), near, far), "from");
  assert.equal(wayOf(middle(1, 1), near, far), "to");
  assert.equal(wayOf(middle(0, 1), near, far), "above");
  const [from, to] = [{ left: 0, right: 90, top: 30, bottom: 200, middle: 100 }, { left: 300, right: 390, top: 30, bottom: 200, middle: 120 }];
  assert.match(curve(from, to, "straight"), /^M 90 100 C .* 300 120$/);
  assert.match(curve(from, to, "from"), /^M 90 100 L 275 100 C .* 300 120$/);
  assert.match(curve(from, to, "to"), /^M 90 100 C .* 115 120 L 300 120$/);
  const above = curve(from, to, "above").match(/-?\d+(\.\d+)?/g).map(Number).filter((_, i) => i % 2);
  assert.equal(Math.min(...above), 18);
});
