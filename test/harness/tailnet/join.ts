// Puts a node onto a real tailnet without anything of HeadCNI: what `tailscale up` does, for tests that need a tailnet which is there
// already.

import { waitUntil } from "../../../src/sys/testing.ts";
import type { Node } from "../node.ts";
import type { Headscale } from "./headscale.ts";
import { localApi, postLocalApi } from "./tailscaled.ts";

export interface JoinOptions {
  readonly headscale: Pick<Headscale, "url" | "authKey">;
  /** @default none */
  readonly advertiseRoutes?: readonly string[];
  /** @default false, as tailscaled's own on Linux */
  readonly acceptRoutes?: boolean;
}

/** Resolves when the control server counts the node as online; gives its IPv4 address on the tailnet. */
export async function joinTailnet(node: Node, options: JoinOptions): Promise<string> {
  const { headscale, advertiseRoutes = [], acceptRoutes = false } = options;
  const { Config: _, ...prefs } = JSON.parse(await localApi(node, "/localapi/v0/prefs"));
  const wanted = {
    ControlURL: headscale.url,
    WantRunning: true,
    LoggedOut: false,
    Hostname: node.name,
    RouteAll: acceptRoutes,
    AdvertiseRoutes: advertiseRoutes,
  };
  await postLocalApi(node, "/localapi/v0/start", {
    AuthKey: await headscale.authKey(),
    UpdatePrefs: { ...prefs, ...wanted },
  });
  await postLocalApi(node, "/localapi/v0/login-interactive", {});
  let address = "";
  await waitUntil(
    `${node.name} is on the tailnet`,
    async () => {
      const { Self, TailscaleIPs } = JSON.parse(await localApi(node, "/localapi/v0/status?peers=false"));
      address = TailscaleIPs?.[0] ?? "";
      return Self?.InNetworkMap === true && Self.Online === true && address !== "";
    },
    20_000,
  );
  return address;
}
