// What the tests of the mesh share: a node that joins a tailnet by its daemon, and what that says of the mesh.

import type { MeshDocument } from "../../src/mesh/document.ts";
import { decodeMesh } from "../../src/mesh/document-schema.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { bootDaemon, configFile } from "../daemon/daemon.ts";
import { headcni } from "../harness/headcni.ts";
import type { Node, NodeProcess } from "../harness/node.ts";

export interface Control {
  readonly url: string;
  readonly key: string;
}

/** Node `n1` with 10.244.1.0/24, and so on; its tailscaled runs already. */
export async function bootMeshNode(node: Node, { url, key }: Control): Promise<NodeProcess> {
  const keyFile = "/etc/headcni/authkey";
  node.write(keyFile, key);
  await node.must(["chmod", "600", keyFile]);
  const config = {
    network: { podCIDR: { nodeLocal: `10.244.${node.name.slice(1)}.0/24`, base: "10.244.0.0/16" } },
    tailscale: { login: { server: url, authKeyFile: keyFile, hostname: node.name } },
  };
  node.write(configFile, JSON.stringify(config));
  return await bootDaemon(node);
}

export async function meshOf(node: Node): Promise<MeshDocument> {
  const { stdout } = await node.run([headcni, "mesh", "-o", "json"]);
  return decodeMesh(stdout === "" ? undefined : JSON.parse(stdout)) ?? { nodes: [], conflicts: [] };
}

/** `n1 live, n2 silent`, the node that was asked first. */
export async function routesOf(node: Node): Promise<string> {
  return (await meshOf(node)).nodes.map(({ name, route }) => `${name} ${route}`).join(", ");
}

/** Waits for routes, with a daemon that is told to look now and then: by itself it asks peers that answer once a minute. */
export async function becomes(node: Node, daemon: NodeProcess, routes: string): Promise<void> {
  let looks = 0;
  const isSo = async (): Promise<boolean> => {
    looks += 1;
    if (looks % 20 === 1) daemon.kill("SIGHUP");
    return (await routesOf(node)) === routes;
  };
  await waitUntil(routes, isSo, 60_000).catch(async (error: Error) => {
    throw new Error(`${error.message}; it is ${await routesOf(node)}`);
  });
}
