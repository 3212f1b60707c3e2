// What tests and demo could leave on the machine itself, as text that can be compared: what carries their mark, and what has one of
// HeadCNI's names in the machine's own folders, devices, routes and firewall. Whatever other programs do meanwhile is none of it.

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { realExec } from "../../src/sys/process/exec.ts";
import { orphanedRoots, waitUntil } from "../../src/sys/testing.ts";
import { isOwnMark, mark, nodePrefix } from "./mark.ts";

/** What was seen, one line an item, by what it is. */
export type HostState = ReadonlyMap<string, readonly string[]>;

/** Where a runtime and the daemon work on a node. */
const folders = [
  "/etc/cni",
  "/opt/cni",
  "/var/lib/cni",
  "/etc/headcni",
  "/run/headcni",
  "/var/lib/headcni",
  "/run/netns",
];
/** `headcni0`, `10-headcni.conflist`, the table `headcni`, a chain with the comment `name: "headcni"`. */
const ours = /headcni/;
/** Priorities of the rules that keep pods' traffic off other tables. */
const ourRules = /^52(00|80|81):/;

/** Looks at the machine. What changes by itself (counters, lifetimes) is left out. */
export async function hostState(): Promise<HostState> {
  const list = async (argv: readonly string[], isOurs: RegExp): Promise<string[]> =>
    (await lines(argv)).filter((line) => isOurs.test(line));
  return new Map<string, readonly string[]>([
    ["devices", await list(["ip", "-oneline", "link"], ours)],
    ["addresses", await list(["ip", "-oneline", "address"], ours)],
    ["routes", await list(["ip", "route", "show", "table", "all"], ours)],
    ["IPv6 routes", await list(["ip", "-6", "route", "show", "table", "all"], ours)],
    ["routing rules", [...(await list(["ip", "rule"], ourRules)), ...(await list(["ip", "-6", "rule"], ourRules))]],
    ["nftables", await list(["nft", "list", "ruleset"], ours)],
    ["folders", folders.flatMap(tree).filter((line) => ours.test(line))],
    ["nodes", fs.readdirSync(tmpdir()).filter((name) => name.startsWith(nodePrefix))],
    ["temporary roots", orphanedRoots().filter((name) => name.includes(mark))],
    ["mounts", mounts().filter((line) => line.includes(nodePrefix))],
    ["cgroups", cgroups().filter((name) => name.includes(nodePrefix))],
    ["processes", descendants()],
  ]);
}

/**
 * Waits a little for what the kernel takes down late. Gives a sentence for each difference that stays; none is good.
 * @param deadlineMs how long to wait
 */
export async function hostChanges(before: HostState, deadlineMs = 20_000): Promise<string[]> {
  let changes: string[] = [];
  const compare = async (): Promise<boolean> => {
    changes = differences(before, await hostState());
    return changes.length === 0;
  };
  // Past the deadline the differences say it all.
  await waitUntil("the host is as it was", compare, deadlineMs).catch(() => undefined);
  return changes;
}

function differences(before: HostState, after: HostState): string[] {
  return [...before].flatMap(([name, old]) => {
    const now = after.get(name) ?? [];
    const come = now.filter((line) => !old.includes(line)).map((line) => `${name}: there is now "${line}"`);
    // What was being tested, or was left by an earlier test, may end.
    const mayGo = name === "processes" || name === "nodes" || name === "cgroups" || name === "temporary roots";
    const gone = old.filter((line) => !mayGo && !now.includes(line));
    return [...come, ...gone.map((line) => `${name}: there is no longer "${line}"`)];
  });
}

async function lines(argv: readonly string[]): Promise<string[]> {
  const { exitCode, stdout, stderr } = await realExec.run(argv);
  if (exitCode !== 0) throw new Error(`${argv.join(" ")} ended with ${exitCode}: ${stderr.trim()}`);
  return stdout
    .split("\n")
    .map((line) =>
      line.replace(/ (expires \d+sec|packets \d+ bytes \d+|valid_lft \w+|preferred_lft \w+)/g, "").trimEnd(),
    )
    .filter((line) => line !== "");
}

/** A folder's entries with type, mode, size and time; nothing when it is not there, or goes meanwhile. */
function tree(path: string): string[] {
  try {
    const stats = fs.lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return [];
    const line = `${path} ${stats.mode.toString(8)} ${stats.size} ${stats.mtimeMs}`;
    return stats.isDirectory() ? [line, ...fs.readdirSync(path).flatMap((name) => tree(`${path}/${name}`))] : [line];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function mounts(): string[] {
  return fs
    .readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ").slice(0, 3).join(" "));
}

/** Those of the root and one below: cgroup v1 has a hierarchy each. */
function cgroups(): string[] {
  const root = "/sys/fs/cgroup";
  const hierarchies = ["", ...foldersIn(root).map((name) => `/${name}`)];
  return hierarchies.flatMap((hierarchy) => foldersIn(`${root}${hierarchy}`).map((name) => `${hierarchy}/${name}`));
}

function foldersIn(path: string): string[] {
  try {
    return fs
      .readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch (error) {
    // It has gone since it was listed.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/**
 * Processes that were started by this run and have not ended: by the mark in their environment, which what they start inherits, and,
 * for containers, which get an environment of their own, by the cgroup of their node. This process and those it runs in are not among them.
 */
function descendants(): string[] {
  const own = new Set(ancestors(process.pid));
  return foldersIn("/proc")
    .filter((name) => /^\d+$/.test(name) && !own.has(Number(name)))
    .filter((pid) => {
      const environment = readIfThere(`/proc/${pid}/environ`).split("\0");
      return environment.some(isOwnMark) || readIfThere(`/proc/${pid}/cgroup`).includes(nodePrefix);
    })
    .map((pid) => `${pid} ${readIfThere(`/proc/${pid}/comm`).trim()}`);
}

function ancestors(pid: number): number[] {
  const parent = Number(/^PPid:\s*(\d+)$/m.exec(readIfThere(`/proc/${pid}/status`))?.[1] ?? 0);
  return parent === 0 ? [pid] : [pid, ...ancestors(parent)];
}

function readIfThere(path: string): string {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    // The process has ended.
    return "";
  }
}
