import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { leaseDir } from "../ipam/lease.ts";
import { youngMs } from "../ipam/node-sweep.ts";
import { criSocketPaths } from "../runtime/cri/client.ts";
import { serveFakeRuntime } from "../runtime/cri/testing.ts";
import { fakeClock, type TempRoot, tempRoot, testSystem } from "../sys/testing.ts";
import { runCommandLine } from "./testing.ts";

// Stands still, so that ages are exact, and is the real time, because gRPC counts its deadlines by that.
const now = Date.now();

function run(root: TempRoot, ...args: readonly string[]) {
  return runCommandLine(() => testSystem(root, { clock: fakeClock(now) }), "ipam", ...args);
}

/** Leases of a living pod, of one that is gone, of none, each some hours old; and one of a pod that is being made. */
function writeLeases(root: TempRoot): void {
  const leases = [
    ["10.1.0.2", "alive\r\neth0", 90_061],
    ["10.1.0.3", "gone\r\neth0", 3600],
    ["10.1.0.4", "", 3600],
    ["10.1.0.5", "new\r\neth0", youngMs / 1000 - 1],
  ] as const;
  for (const [ip, text, ageSeconds] of leases) {
    root.write(`${leaseDir}/${ip}`, text);
    const at = now / 1000 - ageSeconds;
    fs.utimesSync(`${root.path}${leaseDir}/${ip}`, at, at);
  }
}

async function fakeRuntime(root: TempRoot, sandboxIds: readonly string[], failure?: string) {
  const socket = `${root.path}${criSocketPaths[0]}`;
  root.write(`${criSocketPaths[0]}.folder`, "");
  return await serveFakeRuntime(socket, { sandboxIds, failure });
}

describe("headcni ipam list", () => {
  test("shows each lease, its age and whether the runtime knows its container", async () => {
    using root = tempRoot();
    writeLeases(root);
    using _runtime = await fakeRuntime(root, ["alive"]);
    const { exitCode, stdout, stderr } = await run(root, "list");
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout).toBe(
      [
        "ADDRESS   CONTAINER             INTERFACE  AGE    KNOWN",
        "10.1.0.2  alive                 eth0       1d1h   yes",
        "10.1.0.3  gone                  eth0       1h     no",
        "10.1.0.4  (empty or torn file)  -          1h     no",
        "10.1.0.5  new                   eth0       9m59s  no",
        "",
      ].join("\n"),
    );
  });

  test("says unknown when no runtime can be asked", async () => {
    using root = tempRoot();
    writeLeases(root);
    const { exitCode, stdout, stderr } = await run(root, "list", "-o", "json");
    expect(exitCode).toBe(0);
    expect(stderr).toContain("there is no container runtime's CRI socket on this node");
    expect(JSON.parse(stdout)[0]).toEqual({
      address: "10.1.0.2",
      containerId: "alive",
      ifname: "eth0",
      ageSeconds: 90_061,
      known: "unknown",
    });
  });

  test("says so when there are none", async () => {
    using root = tempRoot();
    expect((await run(root, "list")).stdout).toBe("No address is given out\n");
  });
});

describe("headcni ipam gc", () => {
  test("frees what the runtime does not know, but nothing young", async () => {
    using root = tempRoot();
    writeLeases(root);
    using _runtime = await fakeRuntime(root, ["alive"]);
    const planned = await run(root, "gc", "--dry-run");
    expect(planned.stdout).toStartWith("Would free 10.1.0.3: container gone, which no runtime knows\n");
    expect(root.exists(`${leaseDir}/10.1.0.3`)).toBe(true);
    const { exitCode, stdout } = await run(root, "gc");
    expect(exitCode).toBe(0);
    expect(stdout).toBe(
      [
        "Freed 10.1.0.3: container gone, which no runtime knows",
        "Freed 10.1.0.4: an empty or torn file, which a power loss left",
        "Freed 2 of 4 addresses",
        "Kept 1 that no runtime knows yet: given out within the last 10 minutes",
        "",
      ].join("\n"),
    );
    expect(fs.readdirSync(`${root.path}${leaseDir}`).sort()).toEqual(["10.1.0.2", "10.1.0.5", "lock"]);
  });

  test("prints the same as JSON", async () => {
    using root = tempRoot();
    writeLeases(root);
    using _runtime = await fakeRuntime(root, ["alive"]);
    const { stdout } = await run(root, "gc", "-o", "json");
    expect(JSON.parse(stdout)).toEqual({
      dryRun: false,
      asked: [criSocketPaths[0]],
      freed: [
        { address: "10.1.0.3", containerId: "gone", ifname: "eth0", verdict: "abandoned" },
        { address: "10.1.0.4", containerId: null, ifname: null, verdict: "torn" },
      ],
      kept: [
        { address: "10.1.0.2", containerId: "alive", ifname: "eth0", verdict: "held" },
        { address: "10.1.0.5", containerId: "new", ifname: "eth0", verdict: "young" },
      ],
      removedCalls: [],
    });
  });

  test("frees nothing when a runtime refuses to answer, when its socket is dead, and when there is none", async () => {
    using root = tempRoot();
    writeLeases(root);
    const refused: string[] = [];
    {
      using _runtime = await fakeRuntime(root, [], "shutting down");
      refused.push((await run(root, "gc")).stderr);
    }
    root.write(criSocketPaths[2], "");
    const dead = await run(root, "gc");
    expect(dead.exitCode).toBe(4);
    refused.push(dead.stderr);
    for (const path of criSocketPaths) fs.rmSync(`${root.path}${path}`, { force: true });
    refused.push((await run(root, "gc")).stderr);
    for (const text of refused) expect(text).toStartWith("error: No lease is freed: ");
    expect(fs.readdirSync(`${root.path}${leaseDir}`)).toHaveLength(4);
  });
});
