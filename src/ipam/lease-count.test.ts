import { describe, expect, test } from "bun:test";
import { utimesSync } from "node:fs";
import { createFiles } from "../sys/fs/files.ts";
import { tempRoot } from "../sys/testing.ts";
import { leaseDir } from "./lease.ts";
import { countLeases } from "./lease-count.ts";

const bootSeconds = 1_700_000_000;

describe("countLeases()", () => {
  test("counts attachments, not files, and nothing that is no address", () => {
    using root = tempRoot();
    root.write(`${leaseDir}/10.1.0.2`, "aaa\r\neth0");
    root.write(`${leaseDir}/fd00::2`, "aaa\r\neth0");
    root.write(`${leaseDir}/10.1.0.3`, "bbb\r\neth0");
    root.write(`${leaseDir}/10.1.0.4`, "bbb\r\nnet1");
    root.write(`${leaseDir}/lock`, "");
    root.write(`${leaseDir}/last_reserved_ip.0`, "10.1.0.4");
    expect(countLeases(createFiles(root.path))).toBe(3);
  });

  test("takes leases from before the start of the machine, and empty ones, for nobody's", () => {
    using root = tempRoot();
    root.write("/proc/stat", `cpu 1 2 3\nbtime ${bootSeconds}\nprocesses 5\n`);
    const at = { "10.1.0.2": bootSeconds - 60, "10.1.0.3": bootSeconds + 60, "10.1.0.4": bootSeconds + 61 };
    for (const [name, seconds] of Object.entries(at)) {
      root.write(`${leaseDir}/${name}`, name.endsWith("4") ? "" : `${name}\r\neth0`);
      utimesSync(`${root.path}${leaseDir}/${name}`, seconds, seconds);
    }
    expect(countLeases(createFiles(root.path))).toBe(1);
  });

  test("finds none without the folder", () => {
    using root = tempRoot();
    expect(countLeases(createFiles(root.path))).toBe(0);
  });
});
