// Facts on this process, and signals that are handled only as long as somebody wants to.

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { waitUntil } from "../testing.ts";
import { onSignals, processId, processUsage } from "./process.ts";

describe("processUsage()", () => {
  test("says what the kernel says", () => {
    const usage = processUsage();
    expect(usage.residentBytes).toBeGreaterThan(usage.anonymousBytes);
    expect(usage.anonymousBytes).toBeGreaterThan(1 << 20);
    expect(usage.cpuSeconds).toBeGreaterThan(0);
    expect(processId).toBe(process.pid);
  });

  test("counts descriptors, its own not among them", () => {
    const before = processUsage().openFiles;
    const fd = fs.openSync("/dev/null", "r");
    expect(processUsage().openFiles).toBe(before + 1);
    fs.closeSync(fd);
    expect(processUsage().openFiles).toBe(before);
  });
});

test("onSignals() hears of the signals until it is called off, and of no others", async () => {
  const heard: string[] = [];
  const end = new AbortController();
  const before = process.listenerCount("SIGHUP");
  onSignals(["SIGHUP", "SIGTERM"], (name) => heard.push(name), end.signal);
  process.kill(process.pid, "SIGHUP");
  await waitUntil("SIGHUP is heard of", () => heard.length === 1);
  process.kill(process.pid, "SIGTERM");
  await waitUntil("SIGTERM is heard of", () => heard.length === 2);
  expect(heard).toEqual(["SIGHUP", "SIGTERM"]);
  end.abort();
  expect(process.listenerCount("SIGHUP")).toBe(before);
});
