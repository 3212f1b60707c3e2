import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import type { NodeRuntime } from "../runtime/ask-runtimes.ts";
import { tryLockExisting } from "../sys/fs/locked-file.ts";
import { fakeClock, type TempRoot, tempRoot, testSystem } from "../sys/testing.ts";
import { leaseDir } from "./lease.ts";
import { listLeases, sweepNode, youngMs } from "./node-sweep.ts";

const now = Date.UTC(2026, 5, 1);
const long = now - 2 * youngMs;
const call = (id: string, network = "headcni") => `/var/lib/headcni/cni/${network}@${id}@eth0.json`;

function runtime(...ids: readonly string[]): NodeRuntime {
  return { name: "/run/one.sock", listContainerIds: () => Promise.resolve(new Set(ids)) };
}

const silent: NodeRuntime = {
  name: "/run/two.sock",
  listContainerIds: () => Promise.reject(new Error("nothing listens there")),
};

function writeAt(root: TempRoot, path: string, { text, atMs = long }: { text: string; atMs?: number }): void {
  root.write(path, text);
  fs.utimesSync(`${root.path}${path}`, atMs / 1000, atMs / 1000);
}

function writeLease(root: TempRoot, ip: string, owner: { text: string; atMs?: number }): void {
  writeAt(root, `${leaseDir}/${ip}`, owner);
}

/** What libcni keeps of an ADD. */
function writeCniResult(root: TempRoot, id: string, sandbox: string): void {
  const result = { cniVersion: "1.0.0", interfaces: [{ name: "headcni0" }, { name: "eth0", sandbox }] };
  root.write(`/var/lib/cni/results/headcni-${id}-eth0`, JSON.stringify({ kind: "cniCacheV1", result }));
}

function systemOf(root: TempRoot) {
  return testSystem(root, { clock: fakeClock(now) });
}

function leasesIn(root: TempRoot): readonly string[] {
  return (systemOf(root).files.list(leaseDir) ?? []).filter((name) => name !== "lock");
}

describe("sweepNode()", () => {
  test("frees what no runtime knows, keeps what one does", async () => {
    using root = tempRoot();
    writeLease(root, "10.1.0.2", { text: "a\r\neth0" });
    writeLease(root, "10.1.0.3", { text: "b\r\neth0" });
    writeLease(root, "10.1.0.4", { text: "gone\r\neth0" });
    writeLease(root, "10.1.0.5", { text: "" });
    const runtimes = [runtime("a"), { ...runtime("b"), name: "/run/other.sock" }];
    const report = await sweepNode(systemOf(root), { runtimes, isDryRun: false });
    expect(report.free.map(({ lease, verdict }) => [String(lease.addr), verdict])).toEqual([
      ["10.1.0.4", "abandoned"],
      ["10.1.0.5", "torn"],
    ]);
    expect(report.asked).toEqual(["/run/one.sock", "/run/other.sock"]);
    expect(leasesIn(root)).toEqual(["10.1.0.2", "10.1.0.3"]);
  });

  test.each([
    ["one runtime does not answer", [runtime("a"), silent], "/run/two.sock does not answer: nothing listens there"],
    ["there is no runtime", [], "there is no container runtime's CRI socket on this node"],
  ])("frees nothing when %s, and says so", async (_name, runtimes, why) => {
    using root = tempRoot();
    writeLease(root, "10.1.0.4", { text: "gone\r\neth0" });
    await expect(sweepNode(systemOf(root), { runtimes, isDryRun: false })).rejects.toMatchObject({
      code: "HC_RUNTIME_UNASKED",
      message: `No lease is freed: ${why}`,
    });
    expect(leasesIn(root)).toEqual(["10.1.0.4"]);
  });

  test("a dry run says the same and frees nothing", async () => {
    using root = tempRoot();
    writeLease(root, "10.1.0.4", { text: "gone\r\neth0" });
    writeAt(root, call("gone"), { text: "{}" });
    const report = await sweepNode(systemOf(root), { runtimes: [runtime()], isDryRun: true });
    expect(report.free).toHaveLength(1);
    expect(leasesIn(root)).toEqual(["10.1.0.4"]);
    expect(root.exists(call("gone"))).toBe(true);
  });

  test("keeps an address that was given out within ten minutes: its sandbox may not be listed yet", async () => {
    using root = tempRoot();
    writeLease(root, "10.1.0.4", { text: "new\r\neth0", atMs: now - youngMs });
    writeLease(root, "10.1.0.5", { text: "gone\r\neth0", atMs: now - youngMs - 1 });
    await sweepNode(systemOf(root), { runtimes: [runtime()], isDryRun: false });
    expect(leasesIn(root)).toEqual(["10.1.0.4"]);
  });

  test("keeps a container beside CRI as long as its network namespace has a name", async () => {
    using root = tempRoot();
    writeLease(root, "10.1.0.4", { text: "podman1\r\neth0" });
    writeLease(root, "10.1.0.5", { text: "podman2\r\neth0" });
    writeLease(root, "10.1.0.6", { text: "podman3" });
    root.write("/run/netns/one", "");
    writeCniResult(root, "podman1", "/run/netns/one");
    writeCniResult(root, "podman2", "/run/netns/two");
    writeCniResult(root, "podman3", "/run/netns/one");
    await sweepNode(systemOf(root), { runtimes: [runtime()], isDryRun: false });
    expect(leasesIn(root)).toEqual(["10.1.0.4", "10.1.0.6"]);
  });

  test("keeps what it cannot see to be gone: a folder of namespaces, or processes, that are not here", async () => {
    using root = tempRoot();
    writeLease(root, "10.1.0.4", { text: "hidden1\r\neth0" });
    writeLease(root, "10.1.0.5", { text: "hidden2\r\neth0" });
    writeCniResult(root, "hidden1", "/run/elsewhere/netns/one");
    writeCniResult(root, "hidden2", "/proc/77/ns/net");
    await sweepNode(systemOf(root), { runtimes: [runtime()], isDryRun: false });
    expect(leasesIn(root)).toEqual(["10.1.0.4", "10.1.0.5"]);
  });

  test("believes no note of before the machine started, unless the namespace is there: the clock was set", async () => {
    using root = tempRoot();
    writeLease(root, "10.1.0.4", { text: "podman1\r\neth0" });
    writeLease(root, "10.1.0.5", { text: "podman2\r\neth0" });
    root.write("/run/netns/two", "");
    writeCniResult(root, "podman1", "/run/not-seen-from-here/one");
    writeCniResult(root, "podman2", "/run/netns/two");
    // In ten years.
    root.write("/proc/stat", `cpu 1 2 3\nbtime ${Math.floor(Date.now() / 1000) + 315_360_000}\n`);
    await sweepNode(systemOf(root), { runtimes: [runtime()], isDryRun: false });
    expect(leasesIn(root)).toEqual(["10.1.0.5"]);
  });

  test("passes over results of libcni that are torn", async () => {
    using root = tempRoot();
    writeLease(root, "10.1.0.4", { text: "gone\r\neth0" });
    root.write("/var/lib/cni/results/headcni-gone-eth0", '{"kind":');
    await sweepNode(systemOf(root), { runtimes: [runtime()], isDryRun: false });
    expect(leasesIn(root)).toEqual([]);
  });

  test("removes saved calls of what is gone, and leaves the living, the young, the busy and other networks'", async () => {
    using root = tempRoot();
    const saved = (containerId: string, network = "headcni") =>
      JSON.stringify({ network, containerId, ifname: "eth0" });
    for (const id of ["alive", "busy", "gone"]) writeAt(root, call(id), { text: saved(id) });
    writeAt(root, call("young"), { text: saved("young"), atMs: now });
    writeAt(root, call("gone", "other"), { text: saved("gone", "other") });
    writeAt(root, call("torn"), { text: '{"netw' });
    writeAt(root, "/var/lib/headcni/cni/.headcni@killed@eth0.json.0123456789ab.tmp", { text: "" });
    const held = tryLockExisting(`${root.path}${call("busy")}`, 0);
    const report = await sweepNode(systemOf(root), { runtimes: [runtime("alive")], isDryRun: false });
    if (held.kind === "locked") held.file[Symbol.dispose]();
    expect([...report.removedCalls].sort()).toEqual([
      "/var/lib/headcni/cni/.headcni@killed@eth0.json.0123456789ab.tmp",
      call("gone"),
      call("torn"),
    ]);
    expect(systemOf(root).files.list("/var/lib/headcni/cni")).toEqual([
      "headcni@alive@eth0.json",
      "headcni@busy@eth0.json",
      "headcni@young@eth0.json",
      "other@gone@eth0.json",
    ]);
  });

  test("is not kept from freeing leases by what is no saved call; takes links away, and leaves what is not a file", async () => {
    using root = tempRoot();
    writeLease(root, "10.1.0.4", { text: "gone\r\neth0" });
    const dir = "/var/lib/headcni/cni";
    fs.mkdirSync(`${root.path}${dir}/headcni@c9@eth0.json`, { recursive: true });
    fs.mkdirSync(`${root.path}${dir}/@0123.json`);
    fs.symlinkSync("/nowhere", `${root.path}${dir}/headcni@link@eth0.json`);
    const past = new Date(now - 3_600_000);
    fs.lutimesSync(`${root.path}${dir}/headcni@link@eth0.json`, past, past);
    writeAt(root, `${dir}/headcni@long@eth0.json`, { text: "x".repeat((1 << 20) + 1) });
    const report = await sweepNode(systemOf(root), { runtimes: [runtime()], isDryRun: false });
    expect(leasesIn(root)).toEqual([]);
    expect(report.removedCalls).toEqual([`${dir}/headcni@link@eth0.json`, `${dir}/headcni@long@eth0.json`]);
    expect(systemOf(root).files.list(dir)).toEqual(["@0123.json", "headcni@c9@eth0.json"]);
  });

  test("makes nothing in a dry run, not even host-local's lock", async () => {
    using root = tempRoot();
    writeLease(root, "10.1.0.4", { text: "gone\r\neth0" });
    const report = await sweepNode(systemOf(root), { runtimes: [runtime()], isDryRun: true });
    expect(report.free).toHaveLength(1);
    expect(systemOf(root).files.list(leaseDir)).toEqual(["10.1.0.4"]);
  });

  test("does not make folders where none are", async () => {
    using root = tempRoot();
    await sweepNode(systemOf(root), { runtimes: [runtime()], isDryRun: false });
    expect(fs.readdirSync(root.path)).toEqual([]);
  });
});

describe("listLeases()", () => {
  test("says of each lease whether its container is known", async () => {
    using root = tempRoot();
    writeLease(root, "10.1.0.2", { text: "a\r\neth0" });
    writeLease(root, "10.1.0.3", { text: "" });
    const { leases } = await listLeases(systemOf(root), [runtime("a")]);
    expect(leases.map(({ lease, isKnown }) => [String(lease.addr), isKnown])).toEqual([
      ["10.1.0.2", true],
      ["10.1.0.3", false],
    ]);
    const unasked = await listLeases(systemOf(root), [silent]);
    expect(unasked.leases.map(({ isKnown }) => isKnown)).toEqual([undefined, undefined]);
  });
});
