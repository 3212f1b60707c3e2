// Files that are locked from their first moment: by whom, until when, and what somebody else sees meanwhile.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { createLockedFile, tryLockExisting } from "./locked-file.ts";
import { type TempRoot, tempRoot, waitUntil } from "./testing.ts";

let root: TempRoot;
let path: string;
beforeEach(() => {
  root = tempRoot();
  path = `${root.path}/file`;
});
afterEach(() => root[Symbol.dispose]());

const openFiles = () => fs.readdirSync("/proc/self/fd").length;
const textOf = (locked: ReturnType<typeof tryLockExisting>) =>
  locked === undefined || locked === "held" ? locked : new TextDecoder().decode(locked.bytes);

describe("createLockedFile()", () => {
  test("puts a private file there that is locked until it lets go", () => {
    const locked = createLockedFile(path, "content");
    expect([root.read("/file"), fs.statSync(path).mode & 0o777, fs.readdirSync(root.path)]).toEqual([
      "content",
      0o600,
      ["file"],
    ]);
    expect(tryLockExisting(path, 100)).toBe("held");
    locked[Symbol.dispose]();
    using again = [tryLockExisting(path, 100)].find((found) => found !== undefined && found !== "held");
    expect(textOf(again)).toBe("content");
  });

  test("replaces what stood there, also while somebody holds that", () => {
    using first = createLockedFile(path, "first");
    using second = createLockedFile(path, "second");
    expect([first.bytes.length, second.bytes.length, root.read("/file")]).toEqual([5, 6, "second"]);
  });

  test("leaves nothing behind when it fails", () => {
    fs.mkdirSync(path);
    const before = openFiles();
    expect(() => createLockedFile(path, "x")).toThrow(expect.objectContaining({ code: "EISDIR" }));
    expect(() => createLockedFile(`${root.path}/missing/file`, "x")).toThrow(
      expect.objectContaining({ code: "ENOENT" }),
    );
    expect([openFiles(), fs.readdirSync(root.path)]).toEqual([before, ["file"]]);
  });

  test("stays locked as long as a child that was handed it lives", async () => {
    const locked = createLockedFile(path, "x");
    const child = Bun.spawn(["sleep", "30"], { stdio: ["ignore", "ignore", "ignore", locked.fd] });
    locked[Symbol.dispose]();
    expect(tryLockExisting(path, 100)).toBe("held");
    child.kill("SIGKILL");
    await child.exited;
    await waitUntil("the lock is free", () => textOf(tryLockExisting(path, 100)) === "x");
  });
});

describe("tryLockExisting()", () => {
  test.each<[string, () => void]>([
    ["nothing there", () => undefined],
    [
      "a file in a folder's place",
      () => {
        path = `${root.path}/a/b`;
        root.write("/a", "");
      },
    ],
    [
      "a symbolic link",
      () => {
        root.write("/target", "");
        fs.symlinkSync("target", path);
      },
    ],
    ["a folder", () => fs.mkdirSync(path)],
    ["a FIFO", () => void Bun.spawnSync(["mkfifo", path])],
  ])("is undefined for %s, and leaves no descriptor open", (_name, prepare) => {
    prepare();
    const before = openFiles();
    expect(tryLockExisting(path, 100)).toBeUndefined();
    expect(openFiles()).toBe(before);
  });

  test("reads no more than it may", () => {
    root.write("/file", "0123456789");
    using locked = [tryLockExisting(path, 4)].find((found) => found !== undefined && found !== "held");
    expect(textOf(locked)).toBe("0123");
  });
});
