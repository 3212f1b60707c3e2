// Reads the configuration folder over and over as a runtime does, in a process of its own, until its standard input ends.
//   bun reader.ts FOLDER CONTENT...
// Prints one JSON line: how often it read each of the contents it was told to expect, and what else it saw.

import { readAsRuntime } from "./folder-node.ts";

const [folder = "", ...expected] = process.argv.slice(2);
const counts = new Map(expected.map((content) => [content, 0]));
const wrong: string[] = [];
let isOver = false;

process.stdin.on("end", () => {
  isOver = true;
});
process.stdin.resume();

while (!isOver && wrong.length < 10) {
  for (let read = 0; read < 200; read++) {
    const content = readAsRuntime(folder);
    const count = content === undefined ? undefined : counts.get(content);
    if (content === undefined || count === undefined) wrong.push(content ?? "no configuration at all");
    else counts.set(content, count + 1);
  }
  await new Promise((resolve) => setImmediate(resolve));
}
console.log(JSON.stringify({ counts: [...counts.values()], wrong }));
