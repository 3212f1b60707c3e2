import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tryLockFile } from "../sys/fs/flock.ts";
import { tempRoot, testSystem } from "../sys/testing.ts";
import { withLeaseLock } from "./lease-lock.ts";

const folder = "/leases";

describe("withLeaseLock()", () => {
  test("holds host-local's lock file meanwhile, and lets go after", async () => {
    using root = tempRoot();
    fs.mkdirSync(`${root.path}${folder}`);
    const lockPath = `${root.path}${folder}/lock`;
    const seen = await withLeaseLock(testSystem(root), { leaseDir: folder, timeoutMs: 100 }, () =>
      tryLockFile(lockPath),
    );
    expect(seen).toBeUndefined();
    using after = tryLockFile(lockPath);
    expect(after).toBeDefined();
  });

  test("lets go when the action throws", async () => {
    using root = tempRoot();
    fs.mkdirSync(`${root.path}${folder}`);
    const failing = withLeaseLock(testSystem(root), { leaseDir: folder, timeoutMs: 100 }, () => {
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    using after = tryLockFile(`${root.path}${folder}/lock`);
    expect(after).toBeDefined();
  });

  test("waits for another holder, and gives up at the deadline, naming the file", async () => {
    using root = tempRoot();
    fs.mkdirSync(`${root.path}${folder}`);
    const system = testSystem(root);
    const other = tryLockFile(`${root.path}${folder}/lock`);
    await expect(withLeaseLock(system, { leaseDir: folder, timeoutMs: 20 }, () => "done")).rejects.toMatchObject({
      code: "HC_LEASES_LOCKED",
      message: expect.stringContaining("/leases/lock"),
    });
    const waiting = withLeaseLock(system, { leaseDir: folder, timeoutMs: 5000 }, () => "done");
    other?.[Symbol.dispose]();
    expect(await waiting).toBe("done");
  });
});
