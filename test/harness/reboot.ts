// The power button of a node: every process dies at once, and what lives in memory on a real node is gone: /run, network
// namespaces, devices, firewall rules. What lies on its disk stays.

import { waitUntil } from "../../src/sys/testing.ts";
import type { Node } from "./node.ts";

/** Ends everything on the node but the node itself. */
export async function reboot(node: Node): Promise<void> {
  // To every process but the sender and pid 1.
  await node.must(["sh", "-c", "kill -KILL -1"]);
  const mounts = (await node.must(["cat", "/proc/mounts"])).split("\n").map((line) => line.split(" ")[1] ?? "");
  const pods = mounts.filter((path) => /^\/(run|var\/lib\/containerd)\//.test(path));
  for (const path of pods.reverse()) await node.must(["umount", "--lazy", path]);
  await node.must(["sh", "-c", "rm -rf /run/* && nft flush ruleset && ip link del headcni0"]);
  await waitUntil("the devices of the pods are gone", async () => !(await node.must(["ip", "link"])).includes("veth"));
}
