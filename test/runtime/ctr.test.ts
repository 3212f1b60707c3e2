// `ctr run --cni`: the runtime's own debugging tool. It calls the plugins itself, with the folder and file names that it has
// built in, and deletes with no network namespace named.

import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { startContainerd } from "../harness/containerd.ts";
import { runDaemonOnce } from "../harness/headcni.ts";
import { testImage } from "../harness/image.ts";
import { leftovers, noLeftovers } from "../harness/leftovers.ts";
import { createNode, type Node } from "../harness/node.ts";
import { conflistKinds, nodeFiles } from "./kinds.ts";

describe.each(conflistKinds)("ctr run --cni with $name", (kind) => {
  test("connects containers and frees what they had", async () => {
    await using node = await createNode({ files: nodeFiles(kind) });
    await startContainerd(node);
    await runDaemonOnce(node);
    const server = await node.spawn(ctrRun(node, "server", ["sh", "-c", "echo hello | nc -l -p 80"]));
    await waitUntil("the server has an address", () => node.list(leaseFolder).some(isLease));
    const [address = ""] = node.list(leaseFolder).filter(isLease);
    const ask = `until nc -w 2 ${address} 80 </dev/null; do sleep 0.1; done`;
    expect(await node.must(ctrRun(node, "client", ["sh", "-c", ask]), { timeoutMs: 20_000 })).toBe("hello\n");
    expect(await server.exited).toBe(0);
    const found = await leftovers(node, ["rules"]);
    expect({ ...found, rules: noLeftovers.rules }).toEqual(noLeftovers);
    // bridge learns from the namespace which address's rules to remove, and ctr names none. Our plugin finds them by the
    // container's name, so with bridge alone they stay, for these two alone.
    const chains = found.rules.filter((rule) => rule.startsWith(":"));
    expect(chains).toHaveLength(kind.leavesRules ? 2 : 0);
    expect(found.rules.filter((rule) => !rule.startsWith(":") && !/"k8s.io-(server|client)\\""/.test(rule))).toEqual(
      [],
    );
  });
});

const leaseFolder = "/var/lib/cni/networks/headcni";
const isLease = (name: string): boolean => /^\d/.test(name);

function ctrRun(node: Node, name: string, command: readonly string[]): string[] {
  const flags = ["--rm", "--cni", "--snapshotter", "native", "--cgroup", `${node.cgroup}/${name}`];
  return ["ctr", "-n", "k8s.io", "run", ...flags, testImage, name, ...command];
}
