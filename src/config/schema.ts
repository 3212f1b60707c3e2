// The schema of the configuration file: the keys, what they take, their defaults and their meaning. The JSON Schema, the
// reference page, the environment variables and the chart's `config:` come from here and nowhere else.
// Messages continue a sentence that begins with the value.

import * as z from "zod";
import type { Prefix } from "../cidr/prefix.ts";
import type { JsonObject, JsonValue } from "../conflist/json.ts";
import { cniVersions } from "../conflist/structure.ts";
import type { Config, NodeLocal } from "./config.ts";
import { defaultConfig } from "./defaults.ts";
import { Problem, readCidrs, readDurationMs, readListen, readPerNode } from "./values.ts";

/** A key with its documentation: what it means, and how it is written. */
const key = <Schema extends z.ZodType>(
  schema: Schema,
  description: string,
  ...examples: readonly JsonValue[]
): Schema => schema.meta({ description, examples });

/** Runs a reader of `values.ts` as a zod transform: its problem becomes the key's issue. */
const read =
  <In, Out>(reader: (value: In) => Out | Problem) =>
  (value: In, context: z.core.$RefinementCtx<In>): Out => {
    const result = reader(value);
    if (!(result instanceof Problem)) return result;
    context.addIssue({ code: "custom", message: result.text, path: [...result.path] });
    return z.NEVER;
  };

const text = z.string({ error: "is not text; put it in quotes" });
const flag = z.boolean({ error: "is neither true nor false" });
const textOrNumber = z.union([text, z.int()]);
const textOrList = z.union([text, z.array(text)], { error: "is neither a CIDR nor a list of CIDRs" });
const cidrs = textOrList.transform(read(readCidrs));
const absolutePath = text.regex(/^\/(?!.*(^|\/)\.\.?(\/|$))/, {
  error: "is not an absolute path without . and ..; write for example /etc/cni/net.d",
});

/** Kubernetes' rule for the names of nodes (an RFC 1123 subdomain), or nothing. */
const nodeName = text
  .max(253, { error: "is longer than 253 characters" })
  .regex(/^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)?$/, {
    error: "is not a node name; write lower case letters, digits, - and .",
  })
  .transform((name) => (name === "" ? undefined : name));

const nodeLocal = z
  .union([text, z.array(text), z.record(z.string(), textOrList)], {
    error: "is neither a CIDR, a list of CIDRs nor a map from node name to CIDRs",
  })
  .transform(read(readNodeLocal));

const base = cidrs.transform((prefixes) => (prefixes.length === 0 ? undefined : prefixes));

const perNode = z
  .union([textOrNumber, z.strictObject({ ipv4: textOrNumber.optional(), ipv6: textOrNumber.optional() })], {
    error: "is neither a prefix length nor a map with ipv4 and ipv6; write for example /24",
  })
  .transform(read(readPerNode));

const mtu = z
  .int({ error: "is not a whole number; write for example 1280" })
  .min(576, { error: "is less than 576, what IPv4 needs; write a number from 576 to 65535" })
  .max(65_535, { error: "is more than 65535; write a number from 576 to 65535" });

/** One plugin of a conflist: a program's name and whatever else it takes. */
const chainedPlugin = z
  .looseObject({
    type: text.regex(/^[^/\s]+$/, { error: "is not a plugin's name; write the program's name without a folder" }),
  })
  .transform((plugin) => plugin as JsonObject);

const plugins = z.union([z.array(chainedPlugin), z.literal("").transform((): JsonObject[] => [])], {
  error: "is not a list of plugins, each with a type; write for example [{type: portmap}]",
});

const podCIDR = z
  .strictObject({
    nodeLocal: key(
      nodeLocal.optional(),
      "PodCIDR of this node, above every other source: a CIDR, one of each family, or a map from node name to those. A node that the map does not name asks the next source.",
      "10.244.1.0/24",
      "10.244.1.0/24,fd00:10:244:1::/64",
      { "worker-1": "10.244.1.0/24", "worker-2": "10.244.2.0/24" },
    ),
    base: key(
      base.optional(),
      "The cluster's CIDR, one of each family. When nothing names this node's own, a block of it is chosen by the node's name.",
      "10.244.0.0/16",
      "10.244.0.0/16,fd00:10:244::/48",
    ),
    perNode: key(
      perNode.prefault(""),
      "Prefix length of one node's block of `base`. Empty: what the cluster's files say, else /24 and /64.",
      "/24",
      24,
      "/24,/64",
      { ipv4: 24, ipv6: 64 },
    ),
  })
  .meta({ description: "Where the addresses of pods come from." });

const network = z
  .strictObject({
    podCIDR: podCIDR.prefault({}),
    serviceCIDR: key(
      cidrs.prefault(""),
      "The cluster's service CIDR, one of each family: a PodCIDR that overlaps it is refused.",
      "10.96.0.0/12",
    ),
    mtu: key(
      mtu.default(defaultConfig.network.mtuBytes),
      "MTU of the bridge and the pods, in bytes. IPv6 needs at least 1280.",
      1280,
    ),
    masquerade: key(
      z.enum(["bridge", "daemon", "none"]).default(defaultConfig.network.masquerade),
      "Who gives traffic from pods to outside of the pod network the node's address: the bridge plugin (`ipMasq`), the daemon, or nobody.",
      "bridge",
    ),
  })
  .meta({ description: "Addresses and the pod network." });

const cni = z
  .strictObject({
    cniVersion: key(
      z.enum(cniVersions).default("0.4.0"),
      "CNI spec version of the conflist. Every plugin in it must know the version.",
      "1.0.0",
    ),
    type: key(
      z.enum(["bridge", "headcni"]).default(defaultConfig.cni.type),
      "First plugin of the conflist: `bridge` itself, or the `headcni` plugin, which calls it.",
      "headcni",
    ),
    plugins: key(plugins.prefault([]), "Plugins chained after the first one, put into the conflist as they stand.", [
      { type: "portmap", capabilities: { portMappings: true } },
    ]),
    confDir: key(
      absolutePath.default(defaultConfig.cni.confDir),
      "Folder in which the container runtime looks for CNI configurations.",
      "/var/lib/rancher/k3s/agent/etc/cni/net.d",
    ),
    binDir: key(
      absolutePath.default(defaultConfig.cni.binDir),
      "Folder in which the container runtime looks for CNI plugins.",
      "/usr/lib/cni",
    ),
    otherConfigs: key(
      z.enum(["moveAside", "keep"]).default(defaultConfig.cni.otherConfigs),
      "What happens to other CNIs' configurations that the runtime would prefer: move them aside (`headcni conflist restore` puts them back), or keep them and say so.",
      "keep",
    ),
    delegateTimeout: key(
      z
        .union([text, z.int()], { error: "is not a time; write for example 30s" })
        .transform(read(readDurationMs))
        .prefault(`${defaultConfig.cni.delegateTimeoutMs / 1000}s`),
      "How long the `headcni` plugin waits for the plugin it calls before it kills it: seconds, or a time with a unit.",
      "500ms",
      "2m",
      45,
    ),
  })
  .meta({ description: "The CNI configuration that is written for the container runtime." });

const logging = z
  .strictObject({
    level: key(
      z.enum(["debug", "info", "warn", "error"]).default(defaultConfig.logging.level),
      "Least severe lines that are written.",
      "debug",
    ),
    format: key(
      z.enum(["auto", "json", "pretty"]).default(defaultConfig.logging.format),
      "`json` lines, `pretty` ones, or `auto`: pretty on a terminal, else json.",
      "json",
    ),
  })
  .meta({ description: "The daemon's log, on standard error." });

const monitoring = z
  .strictObject({
    enabled: key(flag.default(defaultConfig.monitoring.enabled), "Whether the status server runs.", false),
    listen: key(
      text.transform(read(checkListen)).prefault(defaultConfig.monitoring.listen),
      "Address and port the status server listens on; port 0 takes a free one. Anything but loopback lets others on the network read the node's status.",
      "127.0.0.1:9465",
      "[::1]:9465",
    ),
  })
  .meta({ description: "The daemon's status server: /healthz, /readyz, /status, /metrics." });

export const configSchema = z
  .strictObject({
    nodeName: key(
      nodeName.optional(),
      "Kubernetes name of this node, when it is not what the machine calls itself.",
      "worker-1",
    ),
    network: network.prefault({}),
    cni: cni.prefault({}),
    logging: logging.prefault({}),
    monitoring: monitoring.prefault({}),
  })
  .meta({ title: "HeadCNI configuration", description: "The keys of /etc/headcni/config.yaml." });

/** The parsed file as the rest of the code sees it. */
export function toConfig({ network, cni, ...rest }: z.output<typeof configSchema>): Config {
  const { mtu: mtuBytes, ...otherNetwork } = network;
  const { delegateTimeout: delegateTimeoutMs, ...otherCni } = cni;
  return {
    ...rest,
    nodeName: rest.nodeName,
    network: { ...otherNetwork, podCIDR: { nodeLocal: undefined, base: undefined, ...network.podCIDR }, mtuBytes },
    cni: { ...otherCni, delegateTimeoutMs },
  };
}

function checkListen(value: string): string | Problem {
  const listen = readListen(value);
  return listen instanceof Problem ? listen : value.trim();
}

function readNodeLocal(value: string | string[] | Record<string, string | string[]>): NodeLocal | undefined | Problem {
  if (typeof value === "string" || Array.isArray(value)) {
    const podCIDRs = readCidrs(value);
    if (podCIDRs instanceof Problem) return podCIDRs;
    return podCIDRs.length === 0 ? undefined : { kind: "any", podCIDRs };
  }
  const byNode = new Map<string, readonly Prefix[]>();
  for (const [name, texts] of Object.entries(value)) {
    const podCIDRs = readCidrs(texts);
    if (podCIDRs instanceof Problem) return new Problem(podCIDRs.text, [name]);
    if (podCIDRs.length === 0)
      return new Problem("names a node without a CIDR; write one, or leave the node out", [name]);
    byNode.set(name, podCIDRs);
  }
  return { kind: "byNode", podCIDRs: byNode };
}
