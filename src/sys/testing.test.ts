import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { removeOpenRoots, removeOrphanedRoots, tempRoot } from "./testing.ts";

test("removeOrphanedRoots() removes what a process that was killed has left, and nothing of one that lives", async () => {
  using own = tempRoot();
  const script = `
    const { tempRoot } = await import(${JSON.stringify(`${import.meta.dir}/testing.ts`)});
    console.log(tempRoot().path);
    setInterval(() => undefined, 1000);
  `;
  const owner = Bun.spawn([process.execPath, "-e", script], { stdin: "ignore", stdout: "pipe" });
  const said = await owner.stdout.getReader().read();
  const path = new TextDecoder().decode(said.value).trim();
  removeOrphanedRoots();
  expect([fs.existsSync(path), fs.existsSync(own.path)]).toEqual([true, true]);
  owner.kill("SIGKILL");
  await owner.exited;
  removeOrphanedRoots();
  expect([fs.existsSync(path), fs.existsSync(own.path)]).toEqual([false, true]);
});

test("removeOpenRoots() removes and names what a test forgot", () => {
  const root = tempRoot();
  const left = removeOpenRoots().map(({ message }) => message);
  expect(left).toContain(`A test made ${root.path} and did not remove it`);
  expect(fs.existsSync(root.path)).toBe(false);
  expect(removeOpenRoots()).toEqual([]);
});
