import { describe, expect, test } from "bun:test";
import { createLatest } from "../agent/latest.ts";
import { fakeMonitor } from "../kernel/testing.ts";
import { createSystem } from "../sys/system.ts";
import { fakeClock } from "../sys/testing.ts";
import { isOfDataplane, watchDrift } from "./drift.ts";

describe("isOfDataplane()", () => {
  test.each([
    ["delete rule inet headcni keepsource handle 7", true],
    ["add element inet headcni pods4 { 10.1.3.0/24 }", true],
    ["delete table inet headcni", true],
    ["delete rule ip filter FORWARD handle 12", true],
    ["add chain ip6 filter FORWARD { type filter hook forward priority filter; policy drop; }", true],
    ["add table inet firewalld", true],
    ["add chain inet filter forward { type filter hook forward priority filter; policy drop; }", true],
    ['add rule inet fw fwd iifname "headcni0" accept', true],
    ["add rule ip nat ts-postrouting meta mark & 0x00ff0000 == 0x00040000 counter masquerade", true],
    ["delete rule ip nat KUBE-SEP-1 handle 12", false],
    ["add chain ip nat KUBE-SVC-2", false],
    ["add rule ip filter KUBE-FORWARD ct state invalid drop", false],
    ["# new generation 12 by process 345 (nft)", false],
  ])("of %p: %p", (line, isOurs) => {
    expect(isOfDataplane(line, "stdout")).toBe(isOurs);
  });

  test("of events that were lost", () => {
    expect(isOfDataplane("# ERROR: We lost some netlink events!", "stderr")).toBe(true);
  });
});

async function watch(isHoldingFirst: boolean) {
  const clock = fakeClock();
  const program = fakeMonitor();
  const isHolding = createLatest(isHoldingFirst);
  const stop = new AbortController();
  const seen = { changes: 0 };
  const onChange = (): void => {
    seen.changes += 1;
  };
  const system = { ...createSystem(), clock, follow: program.follow };
  const ended = watchDrift(system, { isHolding, onChange, onListening: () => undefined }, stop.signal);
  await clock.advance(0);
  return { clock, program, isHolding, stop, seen, ended };
}

describe("watchDrift()", () => {
  test("listens while there is something to hold", async () => {
    const { clock, program, isHolding, stop, ended } = await watch(false);
    expect(program.starts).toEqual([]);
    isHolding.set(true);
    await clock.advance(0);
    expect(program.starts.toSorted()).toEqual(["ip -o monitor address route rule", "nft monitor"]);
    isHolding.set(false);
    await clock.advance(600_000);
    expect(program.starts.length).toBe(2);
    isHolding.set(true);
    await clock.advance(0);
    expect(program.starts.length).toBe(4);
    stop.abort();
    await ended;
  });

  test("tells of a rule that went", async () => {
    const { clock, program, stop, seen, ended } = await watch(true);
    program.print("delete rule inet headcni keepsource handle 7");
    await clock.advance(200);
    expect(seen.changes).toBeGreaterThan(0);
    stop.abort();
    await ended;
  });
});
