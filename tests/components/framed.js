// Answers, for test_javascript.py, which cells the frames of a place cover: [channel, row, column] by panel.

import { readFileSync } from "node:fs";

import { frames, reached } from "../../ui/components/shared/reads.js";

const { panels, questions } = JSON.parse(readFileSync(0, "utf8"));
const declared = new Map(Object.entries(panels));
const covered = ({ channel, box: [top, left, height, width] }) =>
  Array.from({ length: height * width }, (_, i) => [channel, top + Math.floor(i / width), left + (i % width)]);
const answers = questions.map(({ start, place: [channel, row, column], forward }) => {
  const found = reached(declared, start, { channels: [channel], rows: [row], columns: [column] }, forward);
  return Object.fromEntries([...found].map(([name, cells]) => [name, cells.flatMap((one) => frames(one, declared.get(name).shape).flatMap(covered))]));
});
console.log(JSON.stringify(answers));
