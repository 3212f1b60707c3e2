// Copies of an executable: whole, executable, and never in the way of one that runs.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { type TempRoot, tempRoot } from "../testing.ts";
import { copyExecutable, hasSameContent, ownExecutable } from "./executable.ts";

let root: TempRoot;
const at = (name: string): string => `${root.path}/${name}`;
beforeEach(() => {
  root = tempRoot();
});
afterEach(() => root[Symbol.dispose]());

test("ownExecutable() is undefined when run from source", () => {
  expect(ownExecutable()).toBeUndefined();
});

describe("copyExecutable()", () => {
  test("makes a copy that starts, whatever the source's mode, and leaves nothing else", () => {
    root.write("/source", "#!/bin/sh\necho started\n", 0o400);
    copyExecutable(at("source"), at("target"));
    expect(fs.statSync(at("target")).mode & 0o7777).toBe(0o755);
    expect(Bun.spawnSync([at("target")]).stdout.toString()).toBe("started\n");
    expect(fs.readdirSync(root.path).toSorted()).toEqual(["source", "target"]);
  });

  test("replaces a program while it runs, and a link without following it", async () => {
    fs.copyFileSync("/bin/sleep", at("program"));
    const running = Bun.spawn([at("program"), "30"], { stdout: "ignore", stderr: "ignore" });
    root.write("/new", "#!/bin/sh\n");
    copyExecutable(at("new"), at("program"));
    expect(root.read("/program")).toBe("#!/bin/sh\n");
    expect(running.exitCode).toBeNull();
    running.kill("SIGKILL");
    await running.exited;
    root.write("/kept", "kept");
    fs.symlinkSync("kept", at("link"));
    copyExecutable(at("new"), at("link"));
    expect([root.read("/kept"), root.read("/link")]).toEqual(["kept", "#!/bin/sh\n"]);
  });

  test("leaves no temporary file when it fails", () => {
    root.write("/source", "x");
    fs.mkdirSync(at("target"));
    expect(() => copyExecutable(at("source"), at("target"))).toThrow();
    expect(() => copyExecutable(at("missing"), at("other"))).toThrow(expect.objectContaining({ code: "ENOENT" }));
    expect(fs.readdirSync(root.path).toSorted()).toEqual(["source", "target"]);
  });
});

test("hasSameContent() compares bytes, over more than one chunk", () => {
  const large = new Uint8Array((2 << 20) + 7).fill(1);
  root.write("/a", large);
  root.write("/b", large);
  root.write("/c", large.with(-1, 2));
  root.write("/short", "1");
  root.write("/empty", "");
  expect(hasSameContent(at("a"), at("b"))).toBe(true);
  expect([hasSameContent(at("a"), at("c")), hasSameContent(at("a"), at("short"))]).toEqual([false, false]);
  expect([hasSameContent(at("a"), at("missing")), hasSameContent(at("missing"), at("a"))]).toEqual([false, false]);
  expect(hasSameContent(at("empty"), at("empty"))).toBe(true);
});
