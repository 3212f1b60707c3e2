import { expect, test } from "bun:test";
import { tempRoot, testSystem } from "../sys/testing.ts";
import { lockFile, takeInstanceLock } from "./instance-lock.ts";

test("takeInstanceLock() lets one in, names it to the other, and lets the next in after it", () => {
  using root = tempRoot();
  const system = testSystem(root);
  root.write(lockFile, "99999 left by a daemon that was killed\n");
  {
    using _held = takeInstanceLock(system, 42);
    expect(root.read(lockFile)).toBe("42\n");
    expect(() => takeInstanceLock(system, 43)).toThrow(
      "Cannot start: another headcni-daemon runs on this node (process 42)",
    );
  }
  using _next = takeInstanceLock(system, 44);
  expect(root.read(lockFile)).toBe("44\n");
});
