// The section `tailscale` of the configuration.

import * as z from "zod/mini";
import { defaultConfig } from "../defaults.ts";
import { readFilePath, readHostName, readServerUrl, readTags } from "../values.ts";
import { dir, key, read, section, text, yesOrNo } from "./schema-parts.ts";

const textOrTags = z.union([text, z.array(text)], { error: "is neither a tag nor a list of tags" });

const login = section("How HeadCNI logs tailscaled in, where it is not logged in. Without keys it never does.", {
  server: key(
    z.optional(read(text, readServerUrl)),
    "The control server: Headscale's `server_url`, or `https://controlplane.tailscale.com`. Goes with `authKeyFile`.",
    "https://headscale.example.com",
  ),
  authKeyFile: key(
    z.optional(read(text, readFilePath)),
    "File that holds a pre-authentication key on one line, readable for its owner alone (mode 0600).",
    "/etc/headcni/authkey",
  ),
  hostname: key(
    z.optional(read(text, readHostName)),
    "Name of this node on the tailnet. Without it, tailscaled takes the machine's.",
    "worker-1",
  ),
});

export const tailscale = section("The node's tailscaled, over whose tailnet pods reach pods of other nodes.", {
  enabled: key(
    z.optional(yesOrNo),
    "Whether tailscaled is used. Unset: where its socket is there. `true`: and it is said when it is not. `false`: what HeadCNI has set in it is taken back.",
    true,
  ),
  socket: key(
    z.prefault(dir, defaultConfig.tailscale.socket),
    "Path of tailscaled's socket.",
    "/run/tailscale/tailscaled.sock",
  ),
  mayReconnect: key(
    z.prefault(yesOrNo, defaultConfig.tailscale.mayReconnect),
    "Whether the node may be taken off the tailnet, for half a second, where something has removed routes to other nodes' own addresses: nothing less has tailscaled write them anew.",
    true,
  ),
  nodeTags: key(
    z.prefault(read(textOrTags, readTags), ""),
    "Tags that the cluster's nodes have on the tailnet. Peers with one of them are nodes of the cluster; without any, those are that serve a route inside the cluster's CIDR.",
    "tag:k8s-node",
    ["tag:k8s-node", "tag:k8s-server"],
  ),
  login: z.prefault(login, {}),
});
