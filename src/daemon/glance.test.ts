import { expect, test } from "bun:test";
import { chownSync, renameSync } from "node:fs";
import type { Wakeups } from "../agent/trigger.ts";
import { waitUntil } from "../sys/testing.ts";
import { glancing } from "./glance.ts";
import { conflistPath, fakeNode } from "./testing.ts";

test("glancing() notices what no watch told of, and nothing else", async () => {
  using node = fakeNode();
  node.root.write(conflistPath, "{}");
  const woken: string[] = [];
  const wakeups: Wakeups = { wake: (reason) => void woken.push(reason), next: async () => [] };
  const stop = new AbortController();
  const running = glancing(node.system, wakeups, () => conflistPath).run(stop.signal);
  const look = async () => {
    await waitUntil("it sleeps", () => node.clock.sleeping === 1);
    await node.clock.advance(1000);
    return woken.splice(0);
  };
  expect(await look()).toEqual([]);
  node.root.write(conflistPath, "{ }");
  expect(await look()).toEqual(["/etc/cni/net.d"]);
  chownSync(`${node.root.path}${conflistPath}`, 1000, 1000);
  expect(await look()).toEqual(["/etc/cni/net.d"]);
  renameSync(`${node.root.path}/etc/cni/net.d`, `${node.root.path}/etc/cni/gone`);
  expect(await look()).toEqual(["/etc/cni/net.d"]);
  expect(await look()).toEqual([]);
  stop.abort();
  await running;
});
