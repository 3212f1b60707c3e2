// Everything of the machine itself that tests and demo must leave as it was, as text that can be compared: CNI folders,
// devices, routes, firewalls, namespaces, mounts, cgroups, processes.

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { realExec } from "../../src/sys/process/exec.ts";
import { waitUntil } from "../../src/sys/testing.ts";

/** What was seen, one line an item, by what it is. */
export type HostState = ReadonlyMap<string, readonly string[]>;

const folders = [
  "/etc/cni",
  "/opt/cni",
  "/var/lib/cni",
  "/etc/headcni",
  "/run/headcni",
  "/var/lib/headcni",
  "/run/containerd",
  "/var/lib/containerd",
  "/var/lib/containers",
  "/run/netns",
];
/** Cgroups that containers are put in, ours and what runtimes take when nobody tells them. */
const cgroups = /^(headcni-.*|default|k8s\.io|libpod_parent|machine\.slice)$/;
const processes = /^(containerd.*|headcni.*|conmon|podman)$/;

/** Looks at the machine. What changes by itself (counters, lifetimes) is left out. */
export async function hostState(): Promise<HostState> {
  const commands: Record<string, readonly string[]> = {
    devices: ["ip", "-brief", "link"],
    addresses: ["ip", "-brief", "address"],
    routes: ["ip", "route", "show", "table", "all"],
    "IPv6 routes": ["ip", "-6", "route", "show", "table", "all"],
    "routing rules": ["ip", "rule"],
    "network namespaces": ["ip", "netns", "list"],
    nftables: ["nft", "list", "ruleset"],
  };
  const state = new Map<string, readonly string[]>();
  for (const [name, argv] of Object.entries(commands)) state.set(name, await lines(argv));
  state.set("folders", folders.flatMap(tree));
  state.set(
    "nodes",
    fs.readdirSync(tmpdir()).filter((name) => name.startsWith("headcni-node-")),
  );
  state.set("mounts", mounts());
  state.set("cgroups", containerCgroups());
  state.set("processes", runtimeProcesses());
  state.set(
    "forwarding",
    ["ipv4/ip_forward", "ipv6/conf/all/forwarding"].map((name) => `${name} ${readSysctl(name)}`),
  );
  return state;
}

/** Waits a little for what the kernel takes down late. Gives a sentence for each difference that stays; none is good. */
export async function hostChanges(before: HostState): Promise<string[]> {
  let changes: string[] = [];
  const compare = async (): Promise<boolean> => {
    changes = differences(before, await hostState());
    return changes.length === 0;
  };
  // Past the deadline the differences say it all.
  await waitUntil("the host is as it was", compare, 5000).catch(() => undefined);
  return changes;
}

function differences(before: HostState, after: HostState): string[] {
  return [...before].flatMap(([name, old]) => {
    const now = after.get(name) ?? [];
    const come = now.filter((line) => !old.includes(line)).map((line) => `${name}: there is now "${line}"`);
    // A process that ended was not left behind by anybody, and was not ours: it had been there before.
    const mayGo = name === "processes";
    const gone = old.filter((line) => !mayGo && !now.includes(line));
    return [...come, ...gone.map((line) => `${name}: there is no longer "${line}"`)];
  });
}

async function lines(argv: readonly string[]): Promise<string[]> {
  const { exitCode, stdout, stderr } = await realExec.run(argv);
  if (exitCode !== 0) throw new Error(`${argv.join(" ")} ended with ${exitCode}: ${stderr.trim()}`);
  return stdout
    .split("\n")
    .map((line) => line.replace(/ (expires \d+sec|packets \d+ bytes \d+)/g, "").trimEnd())
    .filter((line) => line !== "");
}

/** A folder's entries with type, mode, size and time; nothing when it is not there. */
function tree(path: string): string[] {
  const stats = fs.lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  const line = `${path} ${stats.mode.toString(8)} ${stats.size} ${stats.mtimeMs}`;
  return stats.isDirectory() ? [line, ...fs.readdirSync(path).flatMap((name) => tree(`${path}/${name}`))] : [line];
}

function mounts(): string[] {
  return fs
    .readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ").slice(0, 3).join(" "));
}

function containerCgroups(): string[] {
  const root = "/sys/fs/cgroup";
  const hierarchies = ["", ...foldersIn(root).map((name) => `/${name}`)];
  return hierarchies.flatMap((hierarchy) =>
    foldersIn(`${root}${hierarchy}`)
      .filter((name) => cgroups.test(name))
      .map((name) => `${hierarchy}/${name}`),
  );
}

function foldersIn(path: string): string[] {
  return fs
    .readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

function runtimeProcesses(): string[] {
  return foldersIn("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => `${pid} ${readIfThere(`/proc/${pid}/comm`)}`)
    .filter((line) => processes.test(line.split(" ")[1] ?? ""));
}

function readSysctl(name: string): string {
  return readIfThere(`/proc/sys/net/${name}`);
}

function readIfThere(path: string): string {
  try {
    return fs.readFileSync(path, "utf8").trim();
  } catch {
    // The process has ended, or the kernel has no IPv6.
    return "";
  }
}
