// A reboot: host-local's leases lie on the disk and stay, the pods they were for are gone.

import { expect, test } from "bun:test";
import { startContainerd } from "../harness/containerd.ts";
import { connectPods, podPort } from "../harness/cri.ts";
import { headcni, runDaemonOnce } from "../harness/headcni.ts";
import { leftovers, leftoversNow, noLeftovers } from "../harness/leftovers.ts";
import { createNode } from "../harness/node.ts";
import { reboot } from "../harness/reboot.ts";
import { cniTypes, nodeOfType } from "./kinds.ts";

test.each(cniTypes)("after a reboot, pods of type %s are removed with their leases, and new ones run", async (type) => {
  await using node = await createNode({ files: nodeOfType(type) });
  await runDaemonOnce(node);
  await startContainerd(node);
  using runtime = connectPods(node);
  const old = await Promise.all(["a", "b"].map((name) => runtime.runPod({ name })));
  await reboot(node);
  await runDaemonOnce(node);
  await startContainerd(node);
  expect((await leftoversNow(node)).leases).toEqual(old.flatMap(({ addresses }) => addresses).sort());
  // What a kubelet does first: it finds its sandboxes dead, and makes new ones.
  await Promise.all(old.map((pod) => pod.remove()));
  expect(await leftovers(node)).toEqual(noLeftovers);
  const pod = await runtime.runPod({ name: "c" });
  expect((await leftoversNow(node)).leases).toEqual([...pod.addresses]);
});

test.each(cniTypes)("headcni ipam gc frees what a runtime that forgot its pods of type %s left", async (type) => {
  await using node = await createNode({ files: nodeOfType(type) });
  await runDaemonOnce(node);
  await startContainerd(node);
  using runtime = connectPods(node);
  await Promise.all(["a", "b"].map((name) => runtime.runPod({ name })));
  const { leases: old } = await leftoversNow(node);
  await reboot(node);
  await node.must(["rm", "-r", "/var/lib/containerd"]);

  const unasked = await node.run([headcni, "ipam", "gc"]);
  expect(unasked).toMatchObject({ exitCode: 4, stdout: "" });
  expect(unasked.stderr).toContain("No lease is freed");
  expect((await leftoversNow(node)).leases).toEqual(old);

  await runDaemonOnce(node);
  await startContainerd(node);
  const pod = await runtime.runPod({ name: "c" });
  // As if all of them were old: only the runtime's word is left to tell them apart.
  await node.must([
    "sh",
    "-c",
    "touch --date '1 hour ago' /var/lib/cni/networks/headcni/* /var/lib/headcni/cni/* || :",
  ]);
  const dryRun = await node.must([headcni, "ipam", "gc", "--dry-run"]);
  expect(old.filter((address) => !dryRun.includes(`Would free ${address}:`))).toEqual([]);
  expect((await leftoversNow(node)).leases).toEqual([...old, ...pod.addresses]);
  await node.must([headcni, "ipam", "gc"]);
  expect((await leftoversNow(node)).leases).toEqual([...pod.addresses]);
  expect((await leftoversNow(node)).savedCalls).toHaveLength(type === "headcni" ? 1 : 0);
  expect((await pod.exec(["nc", "-w", "2", pod.addresses[0] ?? "", String(podPort)])).stdout).toBe("c\n");
  await pod.remove();
  expect(await leftovers(node)).toEqual(noLeftovers);
});
