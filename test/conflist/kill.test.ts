// kill -9 at random moments of three hundred installations, while a reader looks at the folder as a runtime does. It must
// always find one whole configuration it knows, and the next run must finish what the killed one began.

import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { realClock } from "../../src/sys/clock.ts";
import { backups, confDir, conflist, type FolderNode, folderNode } from "./folder-node.ts";

const rounds = 300;
/** Another CNI's file, which comes back now and then as its agent would write it. */
const otherName = "05-other.conflist";
const otherContent = `{"cniVersion":"0.3.1","name":"other","plugins":[{"type":"other"}]}`;

/** What the end of a process, killed or not, left behind. */
type Outcome = "nothing begun" | "backed up" | "temporary file" | "written, moves missing" | "done";

test("headcni conflist install, killed anywhere, leaves a whole configuration that the next run completes", async () => {
  using node = folderNode();
  const texts = [node.conflist(["render"], 0).stdout, node.conflist(["render"], 1).stdout];
  const lifeMs = await slowest(node, "start");
  const installMs = await slowest(node, "first step");
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
  const random = seeded(seed);

  using reader = startReader(node, [...texts, otherContent]);
  const tally = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    if (round % 5 === 0) bringBackOther(node);
    const at = node.read(conflist) === texts[0] ? 1 : 0;
    const manifest = readManifest(node);
    // Every other kill aims at the installation itself, which is a small part of the process's life.
    const from = round % 2 === 0 ? "start" : "first step";
    const wasKilled = await killInstall(node, {
      at,
      from,
      delayMs: random() * (from === "start" ? lifeMs : installMs),
    });
    const outcome = outcomeOf(node, { text: texts[at] ?? "", manifest });
    const key = wasKilled ? outcome : "over before the kill";
    tally.set(key, (tally.get(key) ?? 0) + 1);
    if (outcome !== "done" && outcome !== "nothing begun") expectFinish(node, at, texts);
  }
  expectFinish(node, 0, texts);
  const { counts, wrong } = await reader.stop();

  const kills = [...tally].map(([key, count]) => `${count} ${key}`).join(", ");
  console.log(`kill -9 of ${rounds} installations of ${lifeMs.toFixed(0)} ms, seed ${seed}: ${kills}`);
  console.log(`a reader saw the two conflists ${counts[0]} and ${counts[1]} times, the other CNI's ${counts[2]} times`);
  expect(wrong).toEqual([]);
  for (const count of counts) expect(count).toBeGreaterThan(0);
  // Without these the kills would have missed what they are for.
  expect(tally.get("nothing begun") ?? 0).toBeGreaterThan(10);
  expect((tally.get("backed up") ?? 0) + (tally.get("temporary file") ?? 0)).toBeGreaterThan(5);
}, 240_000);

interface Kill {
  readonly at: 0 | 1;
  /** What the delay counts from: the process's start, or the first step it prints. */
  readonly from: "start" | "first step";
  readonly delayMs: number;
}

/** Starts an installation and kills it after the delay; false when it had ended by itself. */
async function killInstall(node: FolderNode, { at, from, delayMs }: Kill): Promise<boolean> {
  const { argv, env } = node.command(["install", "--verbose"], at);
  const child = Bun.spawn(argv, { env, stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const stderr = child.stderr.getReader();
  if (from === "first step") await stderr.read();
  await Promise.race([realClock.sleep(delayMs), child.exited]);
  child.kill("SIGKILL");
  await child.exited;
  await stderr.cancel();
  return child.signalCode === "SIGKILL";
}

/** The longest of ten installations, each with a change and a file to move, in milliseconds. */
async function slowest(node: FolderNode, from: Kill["from"]): Promise<number> {
  let longest = 0;
  for (let run = 0; run < 10; run++) {
    bringBackOther(node);
    const { argv, env } = node.command(["install", "--verbose"], run % 2 === 0 ? 0 : 1);
    let startedMs = realClock.monotonicMs();
    const child = Bun.spawn(argv, { env, stdin: "ignore", stdout: "ignore", stderr: "pipe" });
    const stderr = child.stderr.getReader();
    await stderr.read();
    if (from === "first step") startedMs = realClock.monotonicMs();
    expect(await child.exited).toBe(0);
    await stderr.cancel();
    longest = Math.max(longest, realClock.monotonicMs() - startedMs);
  }
  return longest;
}

function outcomeOf(node: FolderNode, before: { readonly text: string; readonly manifest: string }): Outcome {
  if (node.names().some((name) => name.endsWith(".tmp"))) return "temporary file";
  if (node.read(conflist) !== before.text)
    return readManifest(node) === before.manifest ? "nothing begun" : "backed up";
  const isPending = node.exists(`${confDir}/${otherName}`) || readManifest(node).includes(`"planned"`);
  return isPending ? "written, moves missing" : "done";
}

/** The next run: it ends well, ours is in force, everything is where the manifest says, nothing half done is left. */
function expectFinish(node: FolderNode, at: 0 | 1, texts: readonly string[]): void {
  const { exitCode, stderr } = node.conflist(["install"], at);
  expect([exitCode, stderr]).toEqual([0, ""]);
  expect(node.read(conflist)).toBe(texts[at] ?? "");
  expect(node.names()).toEqual([`${otherName}.headcni-aside`, `${otherName}.headcni-aside.2`, "10-headcni.conflist"]);
  expect(fs.readdirSync(`${node.path}${backups}`).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  expect(readManifest(node)).not.toContain(`"planned"`);
}

function readManifest(node: FolderNode): string {
  return node.read(`${backups}/manifest.json`);
}

function bringBackOther(node: FolderNode): void {
  const path = `${node.path}${confDir}/${otherName}`;
  fs.writeFileSync(`${path}.writing`, otherContent);
  fs.renameSync(`${path}.writing`, path);
}

function startReader(node: FolderNode, contents: readonly string[]) {
  const argv = [process.execPath, `${import.meta.dir}/reader.ts`, `${node.path}${confDir}`, ...contents];
  const child = Bun.spawn(argv, { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  return {
    stop: async (): Promise<{ readonly counts: readonly number[]; readonly wrong: readonly string[] }> => {
      await child.stdin.end();
      return JSON.parse(await new Response(child.stdout).text());
    },
    [Symbol.dispose]: () => child.kill("SIGKILL"),
  };
}

/** mulberry32: numbers in [0, 1) that a printed seed gives again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
