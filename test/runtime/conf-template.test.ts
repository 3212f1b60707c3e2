// containerd writes a CNI configuration from the PodCIDR that a kubelet tells it, by the template of docs/podcidr.md, and HeadCNI takes
// the range from there: no API server is asked.

import { expect, test } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { startContainerd } from "../harness/containerd.ts";
import { connectPods } from "../harness/cri.ts";
import { conflistPath, headcni, runDaemonOnce } from "../harness/headcni.ts";
import { createNode } from "../harness/node.ts";
import { pageBlocks } from "../harness/page.ts";

const confTemplate = "/etc/cni/headcni.conflist.template";
const rendered = "/etc/cni/net.d/10-containerd-net.conflist";

test("HeadCNI takes the PodCIDRs that containerd was told", async () => {
  const template = pageBlocks("docs/podcidr.md").find(({ text }) => text.includes(".PodCIDRRanges"))?.text ?? "";
  await using node = await createNode({ files: { [confTemplate]: template } });
  await startContainerd(node, { confTemplate });
  using runtime = connectPods(node);
  await runtime.setPodCIDR("10.244.7.0/24,fd00:244:0:7::/64");
  await waitUntil("containerd has written it", () => node.exists(rendered));

  await runDaemonOnce(node);
  const subnets = JSON.parse(node.read(conflistPath)).plugins[0].ipam.ranges.flat();
  expect(subnets).toEqual([{ subnet: "10.244.7.0/24" }, { subnet: "fd00:244:0:7::/64" }]);
  // Moved aside, it goes on saying it.
  const answer = JSON.parse((await node.run([headcni, "podcidr", "-o", "json"])).stdout);
  expect(answer).toMatchObject({ authoritative: true, source: "file", file: `${rendered}.headcni-aside` });
  await waitUntil("containerd uses ours", async () => (await runtime.network()).isReady);
  const pod = await runtime.runPod({ name: "pod-1" });
  expect(pod.addresses).toEqual(["10.244.7.2", "fd00:244:0:7::2"]);
  await pod.remove();
});
