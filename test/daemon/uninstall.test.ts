// What `headcni uninstall` leaves while pods live: the conflist, unless another CNI can take them down.

import { expect, test } from "bun:test";
import { conflistPath, headcni, runDaemonOnce } from "../harness/headcni.ts";
import { createNode } from "../harness/node.ts";
import { configFile } from "./daemon.ts";
import { addPod } from "./pods.ts";

const half = '{"cniVersion": "0.3.1", "name": "old", "plugins": [';
const bridge = '{"cniVersion":"1.0.0","name":"next","plugins":[{"type":"bridge"}]}';

test.each([
  ["loopback alone", "99-loopback.conf", '{"cniVersion":"0.2.0","name":"lo","type":"loopback"}', true],
  ["a broken file behind ours", "99-old.conflist", half, true],
  ["a broken file that comes back", "05-old.conflist", half, true],
  ["the next CNI's behind ours", "99-next.conflist", bridge, false],
  ["another CNI's that comes back", "05-next.conflist", bridge, false],
])("beside %s", async (_what, name, content, stays) => {
  const files = {
    [configFile]: "network:\n  podCIDR:\n    nodeLocal: 10.77.1.0/24\n",
    [`/etc/cni/net.d/${name}`]: content,
  };
  await using node = await createNode({ files });
  await runDaemonOnce(node);
  await addPod(node, "pod-a");
  const { exitCode, stdout } = await node.run([headcni, "uninstall"]);
  expect(exitCode).toBe(1);
  expect(stdout.includes("by which 1 pod of this node is taken down: no other CNI's")).toBe(stays);
  expect(node.exists(conflistPath)).toBe(stays);
});
