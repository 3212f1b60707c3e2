// Pods for the daemon's tests: network namespaces in the node, wired by the real plugins with the conflist that is in force.

import { conflistPath } from "../harness/headcni.ts";
import type { Node } from "../harness/node.ts";

const delegates = "/opt/cni/bin";

/** Calls the conflist's first plugin as a runtime would. @throws Error with the plugin's answer when it fails */
async function callPlugin(node: Node, command: "ADD" | "DEL", pod: string): Promise<string> {
  const { cniVersion, name, plugins } = JSON.parse(node.read(conflistPath));
  const [first] = plugins;
  return node.must([`${delegates}/${first.type}`], {
    stdin: JSON.stringify({ cniVersion, name, ...first }),
    env: {
      CNI_COMMAND: command,
      CNI_CONTAINERID: pod,
      CNI_NETNS: `/run/netns/${pod}`,
      CNI_IFNAME: "eth0",
      CNI_PATH: delegates,
    },
  });
}

/** Starts a pod and gives its address. */
export async function addPod(node: Node, pod: string): Promise<string> {
  await node.must(["ip", "netns", "add", pod]);
  const { ips } = JSON.parse(await callPlugin(node, "ADD", pod));
  return ips[0].address;
}

export async function removePod(node: Node, pod: string): Promise<void> {
  await callPlugin(node, "DEL", pod);
  await node.must(["ip", "netns", "del", pod]);
}
