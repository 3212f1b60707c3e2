import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { createConditionStore } from "../agent/condition-store.ts";
import type { NodeRuntime } from "../runtime/ask-runtimes.ts";
import { HeadcniError } from "../sys/errors.ts";
import { fakeClock, memoryLog, type TempRoot, tempRoot, testSystem, waitUntil } from "../sys/testing.ts";
import { createLeaseAgent } from "./agent.ts";
import { leaseDir } from "./lease.ts";

const minuteMs = 60_000;
const savedCall = "/var/lib/headcni/cni/headcni@gone@eth0.json";

function writeLease(root: TempRoot, address: string, containerId: string): void {
  root.write(`${leaseDir}/${address}`, `${containerId}\r\neth0`);
  // Long before the fake clock's time: no lease is spared for being young.
  fs.utimesSync(`${root.path}${leaseDir}/${address}`, 0, 0);
}

function setUp(root: TempRoot, runtime: NodeRuntime) {
  const clock = fakeClock();
  const log = memoryLog();
  const freed: number[] = [];
  let asked = 0;
  const runtimes = () => {
    asked += 1;
    return Promise.resolve([runtime]);
  };
  const system = testSystem(root, { clock, log });
  const conditions = createConditionStore(system);
  const agent = createLeaseAgent(system, {
    conditions,
    runtimes,
    record: (_kind, value) => void freed.push(value),
  });
  const stop = new AbortController();
  const end = agent.run(stop.signal, Promise.resolve());
  const finish = async (): Promise<void> => {
    stop.abort();
    await end;
  };
  return { agent, clock, log, conditions, freed, finish, asked: () => asked };
}

const knowsAlive: NodeRuntime = { name: "/run/one.sock", listContainerIds: () => Promise.resolve(new Set(["alive"])) };

describe("createLeaseAgent()", () => {
  test("frees what the runtime does not know a minute after the start, and again every ten", async () => {
    using root = tempRoot();
    writeLease(root, "10.1.0.2", "alive");
    writeLease(root, "10.1.0.3", "gone");
    root.write(savedCall, "{}");
    fs.utimesSync(`${root.path}${savedCall}`, 0, 0);
    const at = setUp(root, knowsAlive);
    expect(root.exists(`${leaseDir}/10.1.0.3`)).toBe(true);
    await at.clock.advance(minuteMs);
    await waitUntil("the first sweep", () => at.freed.length === 1);
    expect(root.exists(`${leaseDir}/10.1.0.2`)).toBe(true);
    expect(root.exists(`${leaseDir}/10.1.0.3`)).toBe(false);
    expect(root.exists(savedCall)).toBe(false);
    writeLease(root, "10.1.0.4", "gone-too");
    await at.clock.advance(10 * minuteMs);
    await waitUntil("the second sweep", () => at.freed.length === 2);
    expect(at.freed).toEqual([1, 1]);
    expect(at.agent.status().document).toMatchObject({ lastSweep: { freed: 1, kept: 1 } });
    expect(root.exists(`${leaseDir}/10.1.0.4`)).toBe(false);
    await at.finish();
  });

  test("frees a lease from the future once it has seen it for ten minutes: the time was set back", async () => {
    using root = tempRoot();
    writeLease(root, "10.1.0.2", "gone");
    const inAYear = Date.UTC(2027, 0, 1) / 1000;
    fs.utimesSync(`${root.path}${leaseDir}/10.1.0.2`, inAYear, inAYear);
    const at = setUp(root, knowsAlive);
    await at.clock.advance(minuteMs);
    await waitUntil("the first sweep", () => at.freed.length === 1);
    expect(root.exists(`${leaseDir}/10.1.0.2`)).toBe(true);
    // Given out anew meanwhile: it is young again.
    fs.utimesSync(`${root.path}${leaseDir}/10.1.0.2`, inAYear + 1, inAYear + 1);
    await at.clock.advance(10 * minuteMs);
    await waitUntil("the second sweep", () => at.freed.length === 2);
    expect(root.exists(`${leaseDir}/10.1.0.2`)).toBe(true);
    await at.clock.advance(10 * minuteMs);
    await waitUntil("the third sweep", () => at.freed.length === 3);
    expect(root.exists(`${leaseDir}/10.1.0.2`)).toBe(false);
    await at.finish();
  });

  test("bothers no runtime on a node without leases", async () => {
    using root = tempRoot();
    const at = setUp(root, knowsAlive);
    await at.clock.advance(minuteMs);
    await at.finish();
    expect(at.asked()).toBe(0);
  });

  test("does not end the daemon when a sweep meets what nobody thought of, and says so once", async () => {
    using root = tempRoot();
    writeLease(root, "10.1.0.3", "gone");
    const at = setUp(root, { name: "/run/one.sock", listContainerIds: () => Promise.resolve(undefined as never) });
    await at.clock.advance(minuteMs);
    await at.clock.advance(10 * minuteMs);
    await at.finish();
    expect(at.log.entries).toMatchObject([
      { level: "error", message: expect.stringContaining("The lease sweep failed: ") },
    ]);
  });

  test("does not advise to remove a socket that a process serves", async () => {
    using root = tempRoot();
    writeLease(root, "10.1.0.3", "gone");
    const refused = new HeadcniError("HC_CRI_FAILED", "it does not serve CRI v1", { details: { isDeserted: false } });
    const at = setUp(root, { name: "/run/one.sock", listContainerIds: () => Promise.reject(refused) });
    await at.clock.advance(minuteMs);
    expect(at.conditions.list()).toMatchObject([
      { code: "LeasesNotFreed", text: expect.not.stringContaining("remove") },
    ]);
    await at.finish();
  });

  test("frees nothing and says which socket is dead, and goes on within a minute of its removal", async () => {
    using root = tempRoot();
    writeLease(root, "10.1.0.3", "gone");
    let refuses = true;
    const refused = new HeadcniError("HC_CRI_UNREACHABLE", "connection refused", { details: { isDeserted: true } });
    const at = setUp(root, {
      name: "/run/crio/crio.sock",
      listContainerIds: () => (refuses ? Promise.reject(refused) : Promise.resolve(new Set())),
    });
    await at.clock.advance(minuteMs);
    await at.clock.advance(minuteMs);
    expect(root.exists(`${leaseDir}/10.1.0.3`)).toBe(true);
    const text =
      "/run/crio/crio.sock does not answer: connection refused, and it alone knows which of its pods live. Start that runtime; " +
      "if it is gone for good and all its pods with it, remove /run/crio/crio.sock. It is asked again by itself";
    expect(at.conditions.list()).toMatchObject([{ code: "LeasesNotFreed", severity: "warning", text }]);
    expect(at.log.entries.map(({ message }) => message)).toEqual([text]);
    refuses = false;
    await at.clock.advance(minuteMs);
    await waitUntil("the lease is freed", () => !root.exists(`${leaseDir}/10.1.0.3`));
    expect(at.conditions.list()).toEqual([]);
    await at.finish();
  });
});
