import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { fakeClock, type TempRoot, tempRoot, testSystem } from "../sys/testing.ts";
import { readProcesses } from "./processes.ts";

function start(root: TempRoot, id: number, argv: readonly string[], network = "net:[1]"): void {
  root.write(`/proc/${id}/cmdline`, argv.map((word) => `${word}\0`).join(""));
  fs.mkdirSync(`${root.path}/proc/${id}/ns`, { recursive: true });
  fs.symlinkSync(network, `${root.path}/proc/${id}/ns/net`);
}

function found(root: TempRoot, system = testSystem(root)): readonly string[] {
  return [...readProcesses(system)].flatMap(([name, { given }]) =>
    given.map(
      ({ name: flag, values }) => `${name} ${flag} ${values.map(({ value, file }) => `${value} ${file}`).join()}`,
    ),
  );
}

describe("readProcesses()", () => {
  test("gives the flags that are known, and nothing else of a command line", () => {
    using root = tempRoot();
    start(root, 1, ["/sbin/init"]);
    start(root, 20, ["/usr/bin/kubelet", "--token=secret", "--pod-cidr", "10.1.2.0/24", "--hostname-override=a"]);
    start(root, 21, ["kube-controller-manager", "--cluster-cidr=10.1.0.0/16", "--root-ca-file=secret"]);
    start(root, 22, ["/bin/sh", "-c", "kubelet --pod-cidr=10.9.9.0/24"]);
    start(root, 23, ["", "kubelet"]);
    const system = testSystem(root);
    expect(found(root, system)).toEqual([
      "kubelet pod-cidr 10.1.2.0/24 /proc/20/cmdline",
      "kubelet hostname-override a /proc/20/cmdline",
      "kube-controller-manager cluster-cidr 10.1.0.0/16 /proc/21/cmdline",
    ]);
    expect(JSON.stringify([...readProcesses(system)])).not.toContain("secret");
  });

  test("gives what k3s and RKE2 were started with, while they show it", () => {
    using root = tempRoot();
    start(root, 1, ["/sbin/init"]);
    start(root, 20, ["/usr/local/bin/k3s", "kubectl", "--data-dir=/no"]);
    start(root, 21, ["/usr/local/bin/k3s", "agent", "--token", "secret", "-d", "/srv"]);
    start(root, 22, ["/usr/local/bin/rke2 server"]);
    expect(found(root)).toEqual(["k3s data-dir /srv /proc/21/cmdline"]);
    expect(readProcesses(testSystem(root)).get("k3s")?.role).toBe("agent");
  });

  test.each<[string, Readonly<Record<string, string>>, boolean]>([
    [
      "the kubelet's unit",
      { "/usr/lib/systemd/system/kubelet.service": "[Service]\nExecStart=/usr/bin/kubelet\n" },
      false,
    ],
    ["kubeadm's flags", { "/var/lib/kubelet/kubeadm-flags.env": "A=--v=2\n" }, false],
    ["k3s' unit", { "/etc/systemd/system/k3s.service": "[Service]\nExecStart=/usr/local/bin/k3s server\n" }, false],
    ["a unit with a script", { "/etc/systemd/system/k3s.service": "[Service]\nExecStart=/opt/start\n" }, true],
    ["configuration alone", { "/etc/rancher/k3s/config.yaml": "{}\n" }, true],
  ])("are looked at beside %s: %p", (_, files, expected) => {
    using root = tempRoot();
    for (const [path, text] of Object.entries(files)) root.write(path, text);
    start(root, 1, ["/sbin/init"]);
    start(root, 20, ["/usr/bin/kubelet", "--hostname-override=a"]);
    expect(readProcesses(testSystem(root)).has("kubelet")).toBe(expected);
  });

  test("takes none in another network: a node that is a container of this machine", () => {
    using root = tempRoot();
    start(root, 1, ["/sbin/init"]);
    start(root, 20, ["/usr/bin/kubelet", "--pod-cidr=10.1.2.0/24"], "net:[2]");
    expect(found(root)).toEqual([]);
    start(root, 30, ["/usr/bin/kubelet", "--pod-cidr=10.1.3.0/24"]);
    expect(found(root)).toEqual(["kubelet pod-cidr 10.1.3.0/24 /proc/30/cmdline"]);
  });

  test("takes the process of the lowest id, and those of a root without links", () => {
    using root = tempRoot();
    root.write("/proc/9/cmdline", "kubelet\0--pod-cidr=10.1.2.0/24\0");
    root.write("/proc/10/cmdline", "kubelet\0--pod-cidr=10.1.3.0/24\0");
    expect(found(root)).toEqual(["kubelet pod-cidr 10.1.2.0/24 /proc/9/cmdline"]);
  });

  test("is the same object while the processes are the same, and looks for others each minute", async () => {
    using root = tempRoot();
    const clock = fakeClock();
    const system = testSystem(root, { clock });
    start(root, 1, ["/sbin/init"]);
    const none = readProcesses(system);
    start(root, 20, ["kubelet", "--hostname-override=a"]);
    expect(readProcesses(system)).toBe(none);
    await clock.advance(60_000);
    const one = readProcesses(system);
    expect([one.has("kubelet"), readProcesses(system) === one]).toEqual([true, true]);
    await clock.advance(60_000);
    expect(readProcesses(system)).toBe(one);
    root.write("/proc/20/cmdline", "kubelet\0--hostname-override=b\0");
    expect(found(root, system)).toEqual(["kubelet hostname-override b /proc/20/cmdline"]);
  });
});
