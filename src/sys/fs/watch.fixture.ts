// Watches three directories with two watches of one log, and prints what was logged.
//   bun watch.fixture.ts FOLDER

import { memoryLog } from "../testing.ts";
import { createFiles } from "./files.ts";
import { createWatchDir } from "./watch.ts";

const [root = ""] = process.argv.slice(2);
const log = memoryLog();
const end = new AbortController();
for (const folders of [["/a", "/b"], ["/c"]]) {
  const watch = createWatchDir(createFiles(root), log);
  for (const folder of folders) watch(folder, () => undefined, end.signal);
}
end.abort();
console.log(JSON.stringify(log.entries.map(({ message, fields }) => ({ message, ...fields }))));
