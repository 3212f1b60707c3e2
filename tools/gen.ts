// Writes docs/reference from the tables and schemas in the source: `make gen`. Prints what it changed.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { referenceFolder, referencePages } from "./gen/pages.ts";

mkdirSync(referenceFolder, { recursive: true });
for (const [name, text] of referencePages()) {
  const path = `${referenceFolder}/${name}`;
  if (tryRead(path) === text) continue;
  writeFileSync(path, text);
  console.log(`wrote docs/reference/${name}`);
}

function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // A page that was never written is written now.
    return undefined;
  }
}
