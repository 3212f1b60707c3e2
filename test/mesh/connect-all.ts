// A program for a node: connects from its first argument to each of the others, and prints what came of it.

import { tryConnect } from "../../src/sys/net/connect.ts";

const [from = "", ...targets] = process.argv.slice(2);
const signal = new AbortController().signal;
for (const to of targets) {
  const outcome = await tryConnect({ from, to, port: 9, timeoutMs: 500 }, signal);
  console.log(`${to} ${outcome.kind}`);
}
