// The schema of the configuration file: the keys, what they take, their defaults and their meaning. The JSON Schema, the
// reference page, the environment variables and the chart's `config:` come from here and nowhere else.
// Messages continue a sentence that begins with the value.

// The small form of zod: the same schemas in half the start-up time of the fluent one.
import * as z from "zod/mini";
import { normalizeNodeName } from "../spec/node-name-rule.ts";
import { cniVersions } from "../spec/versions.ts";
import type { Config } from "./config.ts";
import { defaultConfig } from "./defaults.ts";
import { claim } from "./sections/claim-section.ts";
import { headscale } from "./sections/headscale-section.ts";
import { mesh } from "./sections/mesh-section.ts";
import { nodeObject } from "./sections/node-object-section.ts";
import { dir, documentation, key, noMap, read, section, text, textOrList, yesOrNo } from "./sections/schema-parts.ts";
import { tailscale } from "./sections/tailscale-section.ts";
import {
  readCidrs,
  readDurationMs,
  readListenText,
  readNodeCidrs,
  readNodeLocal,
  readNodeName,
  readPerNode,
  readPlugins,
  readPodCIDRs,
} from "./values.ts";

const textOrNumber = z.union([text, z.int()], { error: "is not a prefix length; write for example /24" });

const nodeKey = z.string().check((context) => {
  const name = readNodeName(context.value);
  const message = name.kind === "fault" ? name.why : name.value === undefined ? "is not a node name" : undefined;
  if (message !== undefined) context.issues.push({ code: "custom", message, input: context.value });
});

const cidrsByNode = z.record(nodeKey, read(textOrList, readNodeCidrs)).check(({ value, issues }) => {
  const names = new Set<string>();
  for (const written of Object.keys(value)) {
    const message = "names a node a second time; node names are in lower case";
    if (names.has(normalizeNodeName(written)))
      issues.push({ code: "custom", message, path: [written], input: written });
    names.add(normalizeNodeName(written));
  }
});

const nodeLocal = z.union([text, z.array(text), cidrsByNode], {
  error: "is neither a CIDR, a list of CIDRs nor a map from node name to CIDRs",
});

const perNode = z.union(
  [textOrNumber, z.strictObject({ ipv4: z.optional(textOrNumber), ipv6: z.optional(textOrNumber) })],
  { error: "is neither a prefix length nor a map with ipv4 and ipv6; write for example /24" },
);

const mtu = z
  .int({ error: "is not a whole number; write for example 1280" })
  .check(
    z.minimum(576, { error: "is less than 576, what IPv4 needs; write a number from 576 to 65535" }),
    z.maximum(65_535, { error: "is more than 65535; write a number from 576 to 65535" }),
  );

/** One plugin of a conflist: a program's name and whatever else it takes. */
const chainedPlugin = z.looseObject(
  {
    type: z
      .string({ error: "stands where the name of a plugin belongs; write for example type: portmap" })
      .check(z.regex(/^[^/\s]+$/, { error: "is not a plugin's name; write the program's name without a folder" })),
  },
  { error: "is not a plugin; write for example {type: portmap}" },
);

const plugins = z.union([z.array(chainedPlugin), z.literal("")], {
  error: "is not a list of plugins, each with a type; write for example [{type: portmap}]",
});

const podCIDR = section("Where the addresses of pods come from.", {
  nodeLocal: key(
    z.optional(read(nodeLocal, readNodeLocal)),
    "PodCIDR of this node, above every other source: a CIDR, one of each family, or a map from node name to those. A node that the map does not name asks the next source.",
    "10.244.1.0/24",
    "10.244.1.0/24,fd00:10:244:1::/64",
    { "worker-1": "10.244.1.0/24", "worker-2": "10.244.2.0/24" },
  ),
  base: key(
    z.optional(read(textOrList, readPodCIDRs)),
    "The cluster's CIDR, one of each family. When nothing names this node's own, a block of it is chosen by the node's name.",
    "10.244.0.0/16",
    "10.244.0.0/16,fd00:10:244::/48",
  ),
  perNode: key(
    z.prefault(read(perNode, readPerNode), ""),
    "Prefix length of one node's block of `base`. Empty: what the cluster's files say, else /24 and /64.",
    "/24",
    24,
    "/24,/64",
    { ipv4: 24, ipv6: 64 },
  ),
  nodeObject: z.prefault(nodeObject, {}),
  claim: z.prefault(claim, {}),
});

const network = section("Addresses and the pod network.", {
  podCIDR: z.prefault(podCIDR, {}),
  serviceCIDR: key(
    z.prefault(read(textOrList, readCidrs), ""),
    "The cluster's service CIDR, one of each family: a PodCIDR that overlaps it is refused.",
    "10.96.0.0/12",
  ),
  mtu: key(
    z._default(mtu, defaultConfig.network.bridge.mtuBytes),
    "MTU of the bridge and the pods, in bytes. IPv6 needs at least 1280.",
    1280,
  ),
  masquerade: key(
    z._default(z.enum(["bridge", "daemon", "none"]), defaultConfig.network.masquerade),
    "Who gives traffic from pods to outside of the pod network the node's address: the bridge plugin (`ipMasq`), the daemon, or nobody.",
    "bridge",
  ),
});

const cni = section("The CNI configuration that is written for the container runtime.", {
  cniVersion: key(
    z._default(z.enum(cniVersions), "0.4.0"),
    "CNI spec version of the conflist. Every plugin in it must know the version.",
    "1.0.0",
  ),
  type: key(
    z._default(z.enum(["bridge", "headcni"]), defaultConfig.cni.type),
    "First plugin of the conflist: `bridge` itself, or the `headcni` plugin, which calls it.",
    "headcni",
  ),
  plugins: key(
    z.prefault(read(plugins, readPlugins), []),
    "Plugins chained after the first one, put into the conflist as they stand.",
    [{ type: "portmap", capabilities: { portMappings: true } }],
  ),
  confDir: key(
    z.prefault(dir, defaultConfig.cni.confDir),
    "Folder in which the container runtime looks for CNI configurations.",
    "/var/lib/rancher/k3s/agent/etc/cni/net.d",
  ),
  binDir: key(
    z.prefault(dir, defaultConfig.cni.binDir),
    "Folder in which the container runtime looks for CNI plugins.",
    "/usr/lib/cni",
  ),
  otherConfigs: key(
    z._default(z.enum(["moveAside", "keep"]), defaultConfig.cni.otherConfigs),
    "What happens to other CNIs' configurations that the runtime would prefer: move them aside (`headcni conflist restore` puts them back), or keep them and say so.",
    "keep",
  ),
  delegateTimeout: key(
    z.prefault(
      read(z.union([text, z.int()], { error: "is not a time; write for example 30s" }), readDurationMs),
      `${defaultConfig.cni.delegateTimeoutMs / 1000}s`,
    ),
    "How long the `headcni` plugin waits for the plugin it calls before it kills it: seconds, or a time with a unit.",
    "500ms",
    "2m",
    45,
  ),
});

const logging = section("The daemon's log, on standard error.", {
  level: key(
    z._default(z.enum(["debug", "info", "warn", "error"]), defaultConfig.logging.level),
    "Least severe lines that are written.",
    "debug",
  ),
  format: key(
    z._default(z.enum(["auto", "json", "pretty"]), defaultConfig.logging.format),
    "`json` lines, `pretty` ones, or `auto`: pretty on a terminal, else json.",
    "json",
  ),
});

const monitoring = section("The daemon's status server: /healthz, /readyz, /status, /metrics.", {
  enabled: key(z._default(yesOrNo, defaultConfig.monitoring.enabled), "Whether the status server runs.", false),
  listen: key(
    z.prefault(read(text, readListenText), defaultConfig.monitoring.listen),
    "Address and port the status server listens on; port 0 takes a free one. Anything but loopback lets others on the network read the node's status.",
    "127.0.0.1:9465",
    "[::1]:9465",
  ),
});

export const configSchema = z.strictObject(
  {
    nodeName: key(
      z.optional(read(text, readNodeName)),
      "Name of this node as kubectl get nodes shows it, where HeadCNI does not find that itself (docs/reference/node-name.md).",
      "worker-1",
    ),
    // A section that is left out is an empty one: its keys have their defaults.
    network: z.prefault(network, {}),
    cni: z.prefault(cni, {}),
    tailscale: z.prefault(tailscale, {}),
    headscale: z.prefault(headscale, {}),
    mesh: z.prefault(mesh, {}),
    logging: z.prefault(logging, {}),
    monitoring: z.prefault(monitoring, {}),
  },
  { error: noMap },
);
documentation.add(configSchema, {
  title: "HeadCNI configuration",
  description: "The keys of /etc/headcni/config.yaml.",
});

/** The parsed file as the rest of the code sees it. */
export function toConfig({ network, cni, tailscale, headscale, ...rest }: z.output<typeof configSchema>): Config {
  const { mtu: mtuBytes, ...otherNetwork } = network;
  const bridge = { mtuBytes, ipMasq: network.masquerade === "bridge" };
  const { delegateTimeout: delegateTimeoutMs, ...otherCni } = cni;
  const { timeout: timeoutMs, settle: settleMs } = network.podCIDR.claim;
  const podCIDR = {
    ...defaultConfig.network.podCIDR,
    ...network.podCIDR,
    claim: { timeoutMs, settleMs },
    nodeObject: { ...defaultConfig.network.podCIDR.nodeObject, ...network.podCIDR.nodeObject },
  };
  const { pollInterval: pollIntervalMs, reclaimAfter: reclaimAfterMs, ...otherHeadscale } = headscale;
  return {
    ...rest,
    nodeName: rest.nodeName,
    network: { ...otherNetwork, podCIDR, bridge },
    cni: { ...otherCni, delegateTimeoutMs },
    tailscale: { enabled: undefined, ...tailscale, login: { ...defaultConfig.tailscale.login, ...tailscale.login } },
    headscale: { ...defaultConfig.headscale, ...otherHeadscale, pollIntervalMs, reclaimAfterMs },
  };
}
