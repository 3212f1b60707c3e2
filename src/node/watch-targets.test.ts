import { describe, expect, test } from "bun:test";
import { defaultConfig } from "../config/defaults.ts";
import { watchTargets } from "./watch-targets.ts";

describe("watchTargets()", () => {
  const targets = watchTargets(defaultConfig, { nodeName: "node-1" });
  const target = (dir: string) => targets.find((candidate) => candidate.dir === dir);

  test.each([
    ["the runtime's directory", "/etc/cni/net.d", undefined],
    ["the plugins", "/opt/cni/bin", undefined],
    ["the leases", "/var/lib/cni/networks/headcni", undefined],
    ["flannel's file", "/run/flannel", ["subnet.env"]],
    ["static pods", "/etc/kubernetes/manifests", ["kube-controller-manager.yaml", "kube-apiserver.yaml"]],
    ["the kubelet's pieces of configuration", "/etc/kubernetes/kubelet.conf.d", undefined],
    ["k3s' pieces of configuration", "/etc/rancher/k3s/config.yaml.d", undefined],
  ])("hears of %s", (_name, dir, names) => {
    expect(target(dir)).toBeDefined();
    expect(target(dir)?.names === undefined ? undefined : [...(target(dir)?.names ?? [])]).toEqual(names);
  });

  test("looks at the conflist soonest, and names each directory once", () => {
    expect(target("/etc/cni/net.d")?.withinMs).toBeLessThan(100);
    expect(new Set(targets.map(({ dir }) => dir)).size).toBe(targets.length);
  });
});
