// A reboot: host-local's leases lie on the disk and stay, the pods they were for are gone.

import { expect, test } from "bun:test";
import { startContainerd } from "../harness/containerd.ts";
import { connectPods } from "../harness/cri.ts";
import { runDaemonOnce } from "../harness/headcni.ts";
import { leftovers, noLeftovers } from "../harness/leftovers.ts";
import { createNode } from "../harness/node.ts";
import { reboot } from "../harness/reboot.ts";
import { cniTypes, nodeOfType } from "./kinds.ts";

test.each(cniTypes)(
  "after a reboot, pods of type %s are removed with their leases, and new ones run",
  async (type) => {
    await using node = await createNode({ files: nodeOfType(type) });
    await runDaemonOnce(node);
    await startContainerd(node);
    using runtime = connectPods(node);
    const old = await Promise.all(["a", "b"].map((name) => runtime.runPod({ name })));
    await reboot(node);
    await runDaemonOnce(node);
    await startContainerd(node);
    expect((await leftovers(node)).leases).toEqual(old.flatMap(({ addresses }) => addresses).sort());
    // What a kubelet does first: it finds its sandboxes dead, and makes new ones.
    await Promise.all(old.map((pod) => pod.remove()));
    expect(await leftovers(node)).toEqual(noLeftovers);
    const pod = await runtime.runPod({ name: "c" });
    expect((await leftovers(node)).leases).toEqual([...pod.addresses]);
  },
  60_000,
);
