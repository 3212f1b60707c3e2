// podman with its CNI backend: it reads the same folder, finds the network by name and calls the plugins itself.

import { describe, expect, test } from "bun:test";
import { runDaemonOnce } from "../harness/headcni.ts";
import { ociArchive, testImage, testImageArchive } from "../harness/image.ts";
import { leftovers, noLeftovers } from "../harness/leftovers.ts";
import { createNode, type Node } from "../harness/node.ts";
import { conflistKinds, nodeFiles, podCIDR } from "./kinds.ts";

// podman would otherwise look for systemd, overlay mounts and netavark.
const podmanFiles = {
  "/etc/containers/containers.conf": `[network]
network_backend = "cni"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
`,
  "/etc/containers/storage.conf": `[storage]
driver = "vfs"
runroot = "/run/containers/storage"
graphroot = "/var/lib/containers/storage"
`,
};

describe.each(conflistKinds)("podman with $name", (kind) => {
  test("connects containers and frees what they had", async () => {
    await using node = await createNode({ files: { ...nodeFiles(kind), ...podmanFiles } });
    await runDaemonOnce(node);
    node.write(testImageArchive, ociArchive());
    await node.must(["podman", "load", "--input", testImageArchive], { timeoutMs: 30_000 });
    await run(node, ["--detach", "--name", "server"], ["nc", "-ll", "-p", "80", "-e", "hostname"]);
    const networks = "{{range .NetworkSettings.Networks}}{{.IPAddress}}/{{.IPPrefixLen}}{{end}}";
    const address = (await node.must(["podman", "inspect", "server", "--format", networks])).trim();
    expect(address).toBe(podCIDR.replace(/0\/24$/, "2/24"));
    const ask = `until nc -w 2 ${address.replace(/\/.*/, "")} 80 </dev/null; do sleep 0.1; done`;
    const id = await node.must(["podman", "inspect", "server", "--format", "{{.Id}}"]);
    expect(await run(node, ["--rm"], ["sh", "-c", ask])).toBe(`${id.slice(0, 12)}\n`);
    await node.must(["podman", "rm", "--force", "--time", "0", "server"]);
    expect(await leftovers(node)).toEqual(noLeftovers);
  });
});

/** `podman run` in our network, giving what the container printed, or its id when it is detached. */
function run(node: Node, flags: readonly string[], command: readonly string[]): Promise<string> {
  const always = ["--network", "headcni", "--cgroup-parent", node.cgroup];
  return node.must(["podman", "run", ...always, ...flags, testImage, ...command], { timeoutMs: 30_000 });
}
