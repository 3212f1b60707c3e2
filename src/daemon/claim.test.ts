import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { memoryLog, tempRoot, testSystem } from "../sys/testing.ts";
import { claimNode } from "./claim.ts";

test("claimNode() lets one in for a root, names it to the other, and lets the next in after it", () => {
  using root = tempRoot();
  using other = tempRoot();
  const system = testSystem(root);
  {
    using held = claimNode(system, "Cannot start");
    expect(held.isHeld).toBe(true);
    expect(() => claimNode(system, "Cannot start")).toThrow(
      `Cannot start: another headcni-daemon runs on this node (process ${process.pid})`,
    );
    using _ofAnotherNode = claimNode(testSystem(other), "Cannot start");
  }
  using _next = claimNode(system, "Cannot start");
});

test("claimNode() knows the same root by another path", () => {
  using root = tempRoot();
  using other = tempRoot();
  fs.symlinkSync(root.path, `${other.path}/link`);
  using _held = claimNode(testSystem(root), "Cannot start");
  expect(() => claimNode(testSystem({ ...other, path: `${other.path}/link` }), "Cannot restore")).toThrow(
    "Cannot restore",
  );
});

test("claimNode() is not kept out by a name that another user holds", async () => {
  using root = tempRoot();
  const log = memoryLog();
  const info = fs.statSync(root.path);
  const hold = `Bun.listen({ unix: "\\0headcni-daemon:${info.dev}:${info.ino}", socket: { data() {} } }); console.log("held")`;
  const user = process.geteuid?.() === 0 ? ["setpriv", "--reuid", "1000", "--clear-groups"] : [];
  const holder = Bun.spawn([...user, process.execPath, "-e", hold], { stdin: "ignore", stdout: "pipe" });
  await holder.stdout.getReader().read();
  try {
    if (user.length === 0) expect(() => claimNode(testSystem(root, { log }), "Cannot start")).toThrow();
    else expect(claimNode(testSystem(root, { log }), "Cannot start").isHeld).toBe(false);
  } finally {
    holder.kill("SIGKILL");
    await holder.exited;
  }
});
