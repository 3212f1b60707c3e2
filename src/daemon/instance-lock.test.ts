import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { type TempRoot, tempRoot, testSystem } from "../sys/testing.ts";
import { lockFile, takeInstanceLock } from "./instance-lock.ts";

test("takeInstanceLock() lets one in, names it to the other, and lets the next in after it", () => {
  using root = tempRoot();
  const system = testSystem(root);
  root.write(lockFile, "99999 left by a daemon that was killed\n");
  {
    using _held = takeInstanceLock(system, { pid: 42 });
    expect(root.read(lockFile)).toBe("42\n");
    expect(() => takeInstanceLock(system, { pid: 43 })).toThrow(
      "Cannot start: another headcni-daemon runs on this node (process 42)",
    );
  }
  using _next = takeInstanceLock(system, { pid: 44 });
  expect(root.read(lockFile)).toBe("44\n");
});

const lost: readonly (readonly [string, (root: TempRoot) => void])[] = [
  ["removed", (root) => fs.rmSync(root.path + lockFile)],
  ["replaced by another file", (root) => replace(root)],
  ["removed with its folder", (root) => fs.rmSync(`${root.path}/run/headcni`, { recursive: true })],
  ["moved away with its folder", (root) => fs.renameSync(`${root.path}/run/headcni`, `${root.path}/run/old`)],
];

function replace(root: TempRoot): void {
  root.write(`${lockFile}.new`, "");
  fs.renameSync(`${root.path}${lockFile}.new`, root.path + lockFile);
}

test.each(lost)("a lock whose name was %s takes it back when nobody has it", (_, lose) => {
  using root = tempRoot();
  const system = testSystem(root);
  using lock = takeInstanceLock(system, { pid: 42 });
  expect(lock.keep()).toBe(false);
  lose(root);
  expect(lock.keep()).toBe(true);
  expect(lock.keep()).toBe(false);
  expect(root.read(lockFile)).toBe("42\n");
  expect(() => takeInstanceLock(system, { pid: 43 })).toThrow("process 42");
});

test.each(lost)("a lock whose name was %s says that another daemon has the node now", (_, lose) => {
  using root = tempRoot();
  const system = testSystem(root);
  using first = takeInstanceLock(system, { pid: 42 });
  lose(root);
  using second = takeInstanceLock(system, { pid: 43 });
  expect(() => first.keep()).toThrow(
    "/run/headcni/daemon.lock was removed or replaced, and another headcni-daemon has this node now (process 43)",
  );
  expect(second.keep()).toBe(false);
  expect(root.read(lockFile)).toBe("43\n");
});

test("of two locks that have both lost their name one gets it", () => {
  using root = tempRoot();
  const system = testSystem(root);
  using first = takeInstanceLock(system, { pid: 42 });
  fs.rmSync(root.path + lockFile);
  using second = takeInstanceLock(system, { pid: 43 });
  fs.rmSync(root.path + lockFile);
  expect(first.keep()).toBe(true);
  expect(() => second.keep()).toThrow("process 42");
});

test("a lock that cannot be looked for stays held, and the daemon goes on", () => {
  using root = tempRoot();
  const system = testSystem(root);
  using lock = takeInstanceLock(system, { pid: 42 });
  fs.rmSync(`${root.path}/run/headcni`, { recursive: true });
  root.write("/run/headcni", "a file");
  expect(lock.keep()).toBe(false);
  fs.rmSync(`${root.path}/run/headcni`);
  expect(lock.keep()).toBe(true);
});
