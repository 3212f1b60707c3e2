// The lock between processes: one holder, and none once the holder is dead, however it died.

import { afterEach, beforeEach, expect, test } from "bun:test";
import * as fs from "node:fs";
import { HeadcniError } from "../errors.ts";
import { type TempRoot, tempRoot, waitUntil } from "../testing.ts";
import { tryLockFile } from "./flock.ts";

let root: TempRoot;
beforeEach(() => {
  root = tempRoot();
});
afterEach(() => root[Symbol.dispose]());

/** Another process that takes the lock, says so, and holds it. */
async function holder(path: string): Promise<Bun.Subprocess<"ignore", "pipe", "inherit">> {
  const script = `
    import { tryLockFile } from ${JSON.stringify(`${import.meta.dir}/flock.ts`)};
    const lock = tryLockFile(${JSON.stringify(path)});
    console.log(lock === undefined ? "busy" : "held");
    setInterval(() => lock, 1000);`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stdin: "ignore", stderr: "inherit" });
  for await (const chunk of child.stdout) {
    expect(new TextDecoder().decode(chunk)).toBe("held\n");
    break;
  }
  return child;
}

test("tryLockFile() gives the lock to one at a time, and again after it is given back", () => {
  const path = `${root.path}/lock`;
  const first = tryLockFile(path);
  expect(first).toBeDefined();
  expect(tryLockFile(path)).toBeUndefined();
  first?.[Symbol.dispose]();
  using again = tryLockFile(path);
  expect(again).toBeDefined();
});

test("tryLockFile() makes the file private and leaves its content be", () => {
  using lock = tryLockFile(`${root.path}/lock`);
  expect(lock).toBeDefined();
  expect(fs.statSync(`${root.path}/lock`).mode & 0o777).toBe(0o600);
  root.write("/kept", "content");
  using other = tryLockFile(`${root.path}/kept`);
  expect(other).toBeDefined();
  expect(root.read("/kept")).toBe("content");
});

test("tryLockFile() keeps out another process, until that is killed", async () => {
  const path = `${root.path}/lock`;
  const child = await holder(path);
  expect(tryLockFile(path)).toBeUndefined();
  child.kill("SIGKILL");
  await child.exited;
  using lock = tryLockFile(path);
  expect(lock).toBeDefined();
});

test("tryLockFile() does not pass the lock on to programs that are started meanwhile", async () => {
  const path = `${root.path}/lock`;
  const lock = tryLockFile(path);
  const child = Bun.spawn(["sleep", "30"], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  lock?.[Symbol.dispose]();
  await waitUntil("the lock is free", () => {
    using again = tryLockFile(path);
    return again !== undefined;
  });
  child.kill("SIGKILL");
  await child.exited;
});

test("tryLockFile() locks a folder, as host-local's newer versions do", () => {
  using lock = tryLockFile(root.path);
  expect(lock).toBeDefined();
  expect(tryLockFile(root.path)).toBeUndefined();
});

test("tryLockFile() leaves no descriptor open when somebody else holds the lock", () => {
  const path = `${root.path}/lock`;
  using lock = tryLockFile(path);
  expect(lock).toBeDefined();
  const open = () => fs.readdirSync("/proc/self/fd").length;
  const before = open();
  for (let round = 0; round < 20; round++) tryLockFile(path);
  expect(open()).toBe(before);
});

test("tryLockFile() says when the file cannot be opened", () => {
  const failing = () => tryLockFile(`${root.path}/missing/lock`);
  expect(failing).toThrow(HeadcniError);
  expect(failing).toThrow(`Cannot open the lock ${root.path}/missing/lock: does not exist`);
});
