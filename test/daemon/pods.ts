// Pods for the daemon's tests: network namespaces in the node, wired by the real plugins with the conflist that is in force.

import { conflistPath } from "../harness/headcni.ts";
import type { Node } from "../harness/node.ts";

/** Where a runtime looks for plugins, in its order. */
const usualDirs: readonly string[] = ["/opt/cni/bin"];

interface PluginCall {
  readonly command: "ADD" | "DEL";
  readonly pod: string;
  readonly binDirs: readonly string[];
}

/** Calls the conflist's first plugin as a runtime would. @throws Error with the plugin's answer when it fails */
async function callPlugin(node: Node, { command, pod, binDirs }: PluginCall): Promise<string> {
  const { cniVersion, name, plugins } = JSON.parse(node.read(conflistPath));
  const [first] = plugins;
  // Listed, since it may be a link that leads elsewhere in the node.
  const dir = binDirs.find((each) => node.list(each).includes(first.type)) ?? binDirs[0];
  return node.must([`${dir}/${first.type}`], {
    stdin: JSON.stringify({ cniVersion, name, ...first }),
    env: {
      CNI_COMMAND: command,
      CNI_CONTAINERID: pod,
      CNI_NETNS: `/run/netns/${pod}`,
      CNI_IFNAME: "eth0",
      CNI_PATH: binDirs.join(":"),
    },
  });
}

/** Starts a pod and gives its address. */
export async function addPod(node: Node, pod: string, binDirs = usualDirs): Promise<string> {
  await node.must(["ip", "netns", "add", pod]);
  const { ips } = JSON.parse(await callPlugin(node, { command: "ADD", pod, binDirs }));
  return ips[0].address;
}

export async function removePod(node: Node, pod: string, binDirs = usualDirs): Promise<void> {
  await callPlugin(node, { command: "DEL", pod, binDirs });
  await node.must(["ip", "netns", "del", pod]);
}
