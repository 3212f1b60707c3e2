// Pods that tell a caller which address it came from: the one question a tailnet's rules are about.

import { waitUntil } from "../../../src/sys/testing.ts";
import { addPod, removePod } from "../../daemon/pods.ts";
import type { Node, NodeProcess } from "../node.ts";

const port = 8080;
const page = "/srv/who/cgi-bin/who";

export interface WhoPod {
  readonly node: Node;
  readonly name: string;
  /** Without a length. */
  readonly address: string;
  /** "" where the node has no IPv6 PodCIDR. */
  readonly addressV6: string;
  readonly server: NodeProcess;
  /** Which address `to` saw of this pod; "" when it did not answer. */
  asks(to: Pick<WhoPod, "address">): Promise<string>;
}

/** A pod by the node's conflist, as a runtime would make it. */
export async function startWhoPod(node: Node, name: string): Promise<WhoPod> {
  const [address = ""] = (await addPod(node, name)).split("/");
  await node.must(["ip", "-netns", name, "link", "set", "lo", "up"]);
  const listed = await node.must(["ip", "-netns", name, "-6", "-o", "addr", "show", "dev", "eth0", "scope", "global"]);
  const addressV6 = / inet6 ([0-9a-f:]+)/.exec(listed)?.[1] ?? "";
  node.write(page, '#!/bin/sh\nprintf "Content-Type: text/plain\\r\\n\\r\\n%s" "$REMOTE_ADDR"\n');
  await node.must(["chmod", "755", page]);
  const inside = ["ip", "netns", "exec", name, "busybox"];
  const server = await node.spawn([...inside, "httpd", "-f", "-p", String(port), "-h", "/srv/who"], {
    log: `/var/log/${name}.log`,
  });
  const asks = (to: Pick<WhoPod, "address">): Promise<string> => ask(node, [...inside], to.address);
  await waitUntil(`${name} answers`, async () => (await asks({ address })) !== "");
  return { node, name, address, addressV6, server, asks };
}

/** Ends a pod, as a runtime would. */
export async function stopWhoPod({ node, name, server }: WhoPod): Promise<void> {
  await server.stop();
  await removePod(node, name);
}

/** Which address a pod saw of the node itself. */
export function nodeAsks(node: Node, to: Pick<WhoPod, "address">): Promise<string> {
  return ask(node, ["busybox"], to.address);
}

async function ask(node: Node, busybox: readonly string[], address: string): Promise<string> {
  // Not busybox's wget: a static one dies when it looks up a name, also of an address.
  const { stdout } = await node.run([...busybox, "nc", "-w", "3", address, String(port)], {
    stdin: "GET /cgi-bin/who HTTP/1.0\r\n\r\n",
    timeoutMs: 5000,
  });
  return addressIn(stdout);
}

/** What the server answered, without its headers and without how busybox writes an IPv4 address; "" for no answer. */
export function addressIn(response: string): string {
  return (response.split("\r\n\r\n")[1] ?? "").trim().replace(/^\[(::ffff:)?|\]$/g, "");
}
