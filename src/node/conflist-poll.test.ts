import { expect, test } from "bun:test";
import { chownSync, renameSync } from "node:fs";
import { fakeClock, tempRoot, testSystem, waitUntil } from "../sys/testing.ts";
import { pollConflist } from "./conflist-poll.ts";

const conflistPath = "/etc/cni/net.d/10-headcni.conflist";

test("pollConflist() notices what no watch told of, and nothing else", async () => {
  using root = tempRoot();
  root.write(conflistPath, "{}");
  const clock = fakeClock();
  const woken: string[] = [];
  const trigger = { wake: (reason: string) => void woken.push(reason) };
  const stop = new AbortController();
  const system = testSystem(root, { clock });
  const running = pollConflist(system, { trigger, path: () => conflistPath }, stop.signal);
  const look = async () => {
    await waitUntil("it sleeps", () => clock.sleeping === 1);
    await clock.advance(1000);
    return woken.splice(0);
  };
  expect(await look()).toEqual([]);
  root.write(conflistPath, "{ }");
  expect(await look()).toEqual(["/etc/cni/net.d"]);
  chownSync(`${root.path}${conflistPath}`, 1000, 1000);
  expect(await look()).toEqual(["/etc/cni/net.d"]);
  renameSync(`${root.path}/etc/cni/net.d`, `${root.path}/etc/cni/gone`);
  expect(await look()).toEqual(["/etc/cni/net.d"]);
  expect(await look()).toEqual([]);
  stop.abort();
  await running;
});
