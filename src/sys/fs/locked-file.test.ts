import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { realExec } from "../process/exec.ts";
import { tempRoot, waitUntil } from "../testing.ts";
import { createLockedFile, type LockAttempt, type LockedFile, tryLockExisting } from "./locked-file.ts";

function lockOf(attempt: LockAttempt): LockedFile {
  if (attempt.kind !== "locked") throw new Error(`Not locked: ${attempt.kind}`);
  return attempt.file;
}

describe("createLockedFile()", () => {
  test("writes a file of mode 0600 that is locked from its first moment", () => {
    using root = tempRoot();
    const path = `${root.path}/call.json`;
    {
      using _file = createLockedFile(path, "hello");
      expect(fs.readFileSync(path, "utf8")).toBe("hello");
      expect(fs.statSync(path).mode & 0o777).toBe(0o600);
      expect(tryLockExisting(path, 10).kind).toBe("held");
      expect(fs.readdirSync(root.path)).toEqual(["call.json"]);
    }
    using again = lockOf(tryLockExisting(path, 3));
    expect(new TextDecoder().decode(again.bytes)).toBe("hel");
  });

  test("replaces what stood there, a link not followed", () => {
    using root = tempRoot();
    root.write("/target", "precious");
    fs.symlinkSync("target", `${root.path}/link`);
    using _file = createLockedFile(`${root.path}/link`, "new");
    expect(root.read("/target")).toBe("precious");
    expect(root.read("/link")).toBe("new");
  });

  test("leaves nothing behind when it fails", () => {
    using root = tempRoot();
    fs.mkdirSync(`${root.path}/folder`);
    expect(() => createLockedFile(`${root.path}/folder`, "x")).toThrow();
    expect(fs.readdirSync(root.path)).toEqual(["folder"]);
    expect(() => createLockedFile(`${root.path}/missing/x`, "x")).toThrow("ENOENT");
  });
});

describe("tryLockExisting()", () => {
  test("finds nothing where there is no regular file", () => {
    using root = tempRoot();
    fs.mkdirSync(`${root.path}/folder`);
    fs.symlinkSync("folder", `${root.path}/link`);
    for (const name of ["missing", "missing/below", "folder", "link"]) {
      expect(tryLockExisting(`${root.path}/${name}`, 10).kind).toBe("absent");
    }
  });

  test("says held when the name has passed to another file", () => {
    using root = tempRoot();
    const path = `${root.path}/call.json`;
    using old = createLockedFile(path, "old");
    using _new = createLockedFile(path, "new");
    expect(tryLockExisting(path, 10).kind).toBe("held");
    expect(old.fd).toBeNumber();
  });
});

describe("realExec with heldFd", () => {
  test("keeps the lock until the last process the child started has ended", async () => {
    using root = tempRoot();
    const path = `${root.path}/call.json`;
    const stop = `${root.path}/stop`;
    const file = createLockedFile(path, "x");
    const script = `(until [ -e ${stop} ]; do sleep 0.01; done) >/dev/null 2>&1 & echo started`;
    const { stdout } = await realExec.run(["/bin/sh", "-c", script], { heldFd: file.fd });
    expect(stdout).toBe("started\n");
    file[Symbol.dispose]();
    expect(tryLockExisting(path, 10).kind).toBe("held");
    fs.writeFileSync(stop, "");
    await waitUntil("the lock is free", () => {
      const free = tryLockExisting(path, 10);
      if (free.kind !== "locked") return false;
      free.file[Symbol.dispose]();
      return true;
    });
  });
});
