import { describe, expect, test } from "bun:test";
import { createWakeups } from "../agent/trigger.ts";
import { defaultConfig } from "../config/defaults.ts";
import type { WatchFolder } from "../sys/fs/watch.ts";
import { answerOf, fakeNode } from "./testing.ts";
import { createWatches, type WatchTarget, watchTargets } from "./watches.ts";

const config = {
  config: defaultConfig,
  file: undefined,
  hostFile: "/elsewhere/config.yaml",
  origins: new Map(),
  warnings: [],
};

describe("watchTargets()", () => {
  const targets = watchTargets({ config, answer: answerOf("hash", ["10.1.0.0/24"]) }, "/mnt/node");
  const target = (folder: string) => targets.find((candidate) => candidate.folder === folder);

  test.each([
    ["the runtime's folder", "/etc/cni/net.d", undefined],
    ["the plugins", "/opt/cni/bin", undefined],
    ["the leases", "/var/lib/cni/networks/headcni", undefined],
    ["the configuration, a ConfigMap perhaps", "/elsewhere", undefined],
    ["flannel's file", "/run/flannel", ["subnet.env"]],
    ["static pods", "/etc/kubernetes/manifests", ["kube-controller-manager.yaml", "kube-apiserver.yaml"]],
    ["k3s' pieces of configuration", "/etc/rancher/k3s/config.yaml.d", undefined],
  ])("hears of %s", (_name, folder, names) => {
    expect(target(folder)).toBeDefined();
    expect(target(folder)?.names === undefined ? undefined : [...(target(folder)?.names ?? [])]).toEqual(names);
  });

  test.each([
    ["/mnt/node/etc/headcni/config.yaml", "/mnt/node", "/etc/headcni", false],
    ["/etc/headcni/config.yaml", "/", "/etc/headcni", false],
    ["/mnt/other/config.yaml", "/mnt/node", "/mnt/other", true],
    ["/mnt/node2/config.yaml", "/mnt/node", "/mnt/node2", true],
  ])("looks for a configuration at %s, with %s for the node's root, in %s", (hostFile, root, folder, isOutside) => {
    const found = watchTargets({ config: { ...config, hostFile }, answer: answerOf("hash", ["10.1.0.0/24"]) }, root);
    expect(found).toContainEqual({ folder, names: undefined, withinMs: 250, isOutside });
  });

  test("looks at the conflist soonest, and names each folder once", () => {
    expect(target("/etc/cni/net.d")?.withinMs).toBeLessThan(100);
    expect(new Set(targets.map(({ folder }) => folder)).size).toBe(targets.length);
  });
});

describe("createWatches()", () => {
  const target = (folder: string, names?: string[]): WatchTarget => ({
    folder,
    names: names === undefined ? undefined : new Set(names),
    withinMs: 50,
    isOutside: false,
  });

  test("starts and stops only what differs, and passes over names that do not matter", async () => {
    using node = fakeNode();
    const open = new Map<string, (name: string | undefined) => void>();
    const watch: WatchFolder = (path, onChange, signal) => {
      expect(open.has(path)).toBe(false);
      open.set(path, onChange);
      signal.addEventListener("abort", () => open.delete(path));
    };
    const wakeups = createWakeups(node.clock);
    const watches = createWatches({ ...node.system, watch }, wakeups);
    watches.update([target("/a"), target("/b", ["x"])]);
    watches.update([target("/b", ["x"]), target("/c")]);
    expect([...open.keys()]).toEqual(["/b", "/c"]);
    open.get("/b")?.("y");
    open.get("/c")?.("y");
    const next = wakeups.next(1000, new AbortController().signal);
    await node.clock.advance(50);
    expect(await next).toEqual(["/c"]);
    open.get("/b")?.(undefined);
    const then = wakeups.next(1000, new AbortController().signal);
    await node.clock.advance(50);
    expect(await then).toEqual(["/b"]);
    watches.close();
    expect(open.size).toBe(0);
  });
});
