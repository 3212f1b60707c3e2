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
  return [...readProcesses(system)].flatMap(([name, told]) =>
    told.map(
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
