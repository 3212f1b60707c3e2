// Writes docs/reference and the chart's schema from the tables and schemas in the source: `make gen`. Prints what it changed.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { otherGeneratedFiles, referenceFolder, referencePages } from "./gen/pages.ts";

const checkout = new URL("..", import.meta.url).pathname;
const pages = [...referencePages()].map(([name, text]) => [`docs/reference/${name}`, text] as const);
mkdirSync(referenceFolder, { recursive: true });
for (const [name, text] of [...pages, ...otherGeneratedFiles()]) {
  const path = `${checkout}${name}`;
  if (tryRead(path) === text) continue;
  writeFileSync(path, text);
  console.log(`wrote ${name}`);
}

function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // A page that was never written is written now.
    return undefined;
  }
}
