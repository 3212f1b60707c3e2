import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tempRoot } from "../testing.ts";
import { setFileOrigin } from "./file-metadata.ts";

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, mode: undefined };

describe("setFileOrigin()", () => {
  test.each([
    ["an odd nanosecond of today", 1_790_000_000_123_456_789n],
    ["the epoch", 0n],
    ["before the epoch", -1_500_000_001n],
    ["a whole second", 1_700_000_000_000_000_000n],
  ])("sets the modification time to the nanosecond: %s", (_, mtimeNs) => {
    using root = tempRoot();
    root.write("/file", "x");
    setFileOrigin(`${root.path}/file`, { ...owner, mtimeNs });
    expect(fs.statSync(`${root.path}/file`, { bigint: true }).mtimeNs).toBe(mtimeNs);
  });

  test("sets the link, not what it points at", () => {
    using root = tempRoot();
    root.write("/target", "x");
    const before = fs.statSync(`${root.path}/target`, { bigint: true }).mtimeNs;
    fs.symlinkSync("target", `${root.path}/link`);
    setFileOrigin(`${root.path}/link`, { ...owner, mtimeNs: 1_000_000_007n });
    expect(fs.lstatSync(`${root.path}/link`, { bigint: true }).mtimeNs).toBe(1_000_000_007n);
    expect(fs.statSync(`${root.path}/target`, { bigint: true }).mtimeNs).toBe(before);
  });

  test("gives every permission bit, set-user-ID too", () => {
    using root = tempRoot();
    root.write("/file", "x");
    setFileOrigin(`${root.path}/file`, { ...owner, mode: 0o4751, mtimeNs: 0n });
    expect(fs.statSync(`${root.path}/file`).mode & 0o7777).toBe(0o4751);
  });

  test("says which path it cannot set", () => {
    using root = tempRoot();
    expect(() => setFileOrigin(`${root.path}/none`, { ...owner, mtimeNs: 0n })).toThrow(`${root.path}/none`);
  });
});
