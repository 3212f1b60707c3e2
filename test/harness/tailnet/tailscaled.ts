// A real tailscaled in a node, with the kernel's TUN device. It is not logged in: that is what a test is about.

import { waitUntil } from "../../../src/sys/testing.ts";
import type { Node, NodeProcess } from "../node.ts";
import { install } from "./programs.ts";

export const tailscaleSocket = "/run/tailscale/tailscaled.sock";

/** Nothing of the vendor's is asked: logs, port mapping, and the relay over plain HTTP, since the lab's control has no certificate. */
const env = { TS_NO_LOGS_NO_SUPPORT: "true", TS_DEBUG_USE_DERP_HTTP: "true", TS_DISABLE_PORTMAPPER: "true" };

/** Starts it, also again after it was killed, and waits for its socket. */
export async function startTailscaled(node: Node, program: string): Promise<NodeProcess> {
  if (!node.exists("/dev/net/tun")) {
    await node.must(["sh", "-c", "mkdir -p /dev/net && mknod /dev/net/tun c 10 200 && mkdir -p /var/lib/tailscale"]);
  }
  const tailscaled = node.exists("/opt/tailnet/tailscaled") ? "/opt/tailnet/tailscaled" : install(node, program);
  const process = await node.spawn(
    [tailscaled, "--state=/var/lib/tailscale/tailscaled.state", `--socket=${tailscaleSocket}`, "--port=41641"],
    { env },
  );
  await waitUntil(
    "tailscaled answers",
    async () => (await localApi(node, "/localapi/v0/status?peers=false")).startsWith("{"),
    20_000,
  ).catch((error: Error) => {
    throw new Error(`${error.message}: ${process.output().slice(-2000)}`);
  });
  return process;
}

/** GET from tailscaled's LocalAPI, by a client that is not the product's; "" where nothing answers. */
export async function localApi(node: Node, path: string): Promise<string> {
  try {
    const response = await fetch(`http://local-tailscaled.sock${path}`, { unix: node.path(tailscaleSocket) });
    return await response.text();
  } catch {
    // Not there yet, or no longer.
    return "";
  }
}

/** Changes prefs as `tailscale set` does. @throws Error with what it answered when it refuses */
export async function patchPrefs(node: Node, prefs: Readonly<Record<string, unknown>>): Promise<void> {
  const marks = Object.fromEntries(Object.keys(prefs).map((name) => [`${name}Set`, true]));
  await change(node, "PATCH", { path: "/localapi/v0/prefs", body: { ...prefs, ...marks } });
}

/** POST to tailscaled's LocalAPI. @throws Error with what it answered when it refuses */
export async function postLocalApi(node: Node, path: string, body: object): Promise<void> {
  await change(node, "POST", { path, body });
}

async function change(node: Node, method: string, { path, body }: { path: string; body: object }): Promise<void> {
  const response = await fetch(`http://local-tailscaled.sock${path}`, {
    unix: node.path(tailscaleSocket),
    method,
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path} on ${node.name}: ${response.status} ${await response.text()}`);
}
