import { afterEach, describe, expect, test } from "bun:test";
import { fakeClock, memoryLog } from "../sys/testing.ts";
import { monitorKernel, monitorProgram } from "./monitor.ts";
import { fakeMonitor } from "./testing.ts";

let stop = new AbortController();
afterEach(() => stop.abort());

async function listen(parts: { isMissing?: boolean } = {}) {
  stop = new AbortController();
  const clock = fakeClock();
  const log = memoryLog();
  const program = Object.assign(fakeMonitor(), parts);
  const seen = { changes: 0 };
  const onChange = (): void => {
    seen.changes += 1;
  };
  const system = { clock, log, follow: program.follow, random: () => 1 };
  const ended = monitorKernel(system, { objects: ["address", "route"], onChange }, stop.signal);
  await clock.advance(0);
  return { clock, log, program, seen, ended };
}

const changed = "2: eth0    inet 192.0.2.7/24 scope global eth0\\       valid_lft forever preferred_lft forever";

describe("monitorKernel()", () => {
  test.each([
    ["an address that comes", changed],
    ["an address that goes", `Deleted ${changed}`],
    ["an IPv6 address", "2: eth0    inet6 2001:db8::7/64 scope global \\       valid_lft forever"],
    ["a route", "198.51.100.0/24 via 192.0.2.1 dev eth0 proto static"],
    ["a default route over a link-local gateway", "default via fe80::1 dev eth0 proto ra metric 1024"],
    ["a route that leads nowhere", "blackhole 10.78.0.0/16 table 52"],
    ["a rule", "5200:\tfrom all to 10.1.0.0/16 lookup main"],
  ])("tells of %s", async (_name, line) => {
    const { clock, program, seen } = await listen();
    program.print(line);
    await clock.advance(150);
    expect(seen.changes).toBe(1);
  });

  test.each([
    ["3: veth1    inet6 fe80::858:5dff:fee8:b604/64 scope link tentative \\       valid_lft forever"],
    ["Deleted 3: veth1    inet6 fe80::858:5dff:fee8:b604/64 scope link \\       valid_lft forever"],
    ["fe80::/64 dev veth1 proto kernel metric 256 pref medium"],
    ["Deleted fe80::/64 dev veth1 proto kernel metric 256 pref medium"],
    ["local fe80::1 dev veth1 table local proto kernel metric 0 pref medium"],
    ["multicast ff00::/8 dev veth1 table local proto kernel metric 256 pref medium"],
  ])("is silent about what a pod's veth brings: %s", async (line) => {
    const { clock, program, seen } = await listen();
    program.print(line);
    await clock.advance(60_000);
    expect(seen.changes).toBe(0);
  });

  test("tells once of a burst, and more rarely of a state that never rests", async () => {
    const { clock, program, seen } = await listen();
    for (let line = 0; line < 1000; line++) program.print(changed);
    await clock.advance(150);
    expect(seen.changes).toBe(1);
    for (let tenth = 0; tenth < 600; tenth++) {
      program.print(changed);
      await clock.advance(100);
    }
    expect(seen.changes).toBeLessThan(20);
    await clock.advance(60_000);
    const before = seen.changes;
    program.print(changed);
    await clock.advance(150);
    expect(seen.changes).toBe(before + 1);
  });

  test("tells when the kernel lost events", async () => {
    const { clock, program, seen } = await listen();
    program.print("netlink receive error No buffer space available (105)", "stderr");
    await clock.advance(150);
    expect(seen.changes).toBe(1);
  });

  test("starts anew what has ended, and tells that something may have been missed", async () => {
    const { clock, log, program, seen } = await listen();
    await clock.advance(3_600_000);
    program.end({ kind: "killed", signal: "SIGKILL" });
    await clock.advance(0);
    await clock.advance(1000);
    expect(program.starts).toEqual(Array(2).fill("ip -o monitor address route"));
    await clock.advance(150);
    expect(seen.changes).toBe(1);
    expect(log.entries).toEqual([]);
  });

  test("says once that it cannot listen, and tries again less and less often", async () => {
    const { clock, log, program, seen } = await listen({ isMissing: true });
    await clock.advance(3_600_000);
    expect(log.entries.map(({ level, message }) => `${level} ${message}`)).toEqual([
      "warn Cannot listen to changes of addresses and routes: Cannot start ip: does not exist",
    ]);
    expect(program.starts.length).toBeLessThan(22);
    expect(seen.changes).toBe(0);
    program.isMissing = false;
    await clock.advance(300_000);
    program.print(changed);
    await clock.advance(150);
    expect(seen.changes).toBe(1);
  });

  test("says what an ip without monitor said", async () => {
    const { clock, log, program } = await listen();
    for (let start = 0; start < 3; start++) {
      program.print("BusyBox v1.36.1 multi-call binary.", "stderr");
      program.end({ kind: "exited", exitCode: 1 });
      await clock.advance(10_000);
    }
    expect(log.entries.map(({ message }) => message)).toEqual([
      "Cannot listen to changes of addresses and routes: ip -o monitor address route ended with 1: BusyBox v1.36.1 multi-call binary.",
    ]);
  });

  test("ends with its signal", async () => {
    const { ended } = await listen();
    stop.abort();
    expect(await ended).toBeUndefined();
  });
});

test("monitorProgram() stops a program that prints more than it tells, looks instead, and starts it again after a while", async () => {
  stop = new AbortController();
  const clock = fakeClock();
  const program = fakeMonitor();
  const seen = { changes: 0 };
  const system = { clock, log: memoryLog(), follow: program.follow, random: () => 1 };
  const options = {
    argv: ["nft", "monitor"],
    subject: "firewall rules",
    heeds: (line: string) => line.includes("ours"),
    onChange: () => {
      seen.changes += 1;
    },
    allowance: { lines: 100, linesPerSecond: 10, restMs: 60_000 },
  };
  void monitorProgram(system, options, stop.signal);
  await clock.advance(0);
  for (let second = 0; second < 60; second++) {
    for (let line = 0; line < 10; line++) program.print("another's");
    await clock.advance(1000);
  }
  expect(program.starts.length).toBe(1);
  for (let line = 0; line < 101; line++) program.print("another's");
  await clock.advance(0);
  await clock.advance(1000);
  expect(seen.changes).toBe(1);
  await clock.advance(58_000);
  expect(program.starts.length).toBe(1);
  await clock.advance(2000);
  expect(program.starts.length).toBe(2);
  expect(seen.changes).toBe(2);
  program.print("ours");
  await clock.advance(0);
  await clock.advance(5000);
  expect(seen.changes).toBe(3);
});
