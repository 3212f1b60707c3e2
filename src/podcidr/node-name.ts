// Which node this is. The name is what Kubernetes calls the node: it picks the entry of a map, the Node object of a list, a
// file's name, and the block of level 4.

import { isNodeName, normalizeNodeName } from "../spec/node-name-rule.ts";
import { ConfigError } from "../sys/errors.ts";
import { machineHostname } from "../sys/hostname.ts";
import type { System } from "../sys/system.ts";

export interface NodeNameOptions {
  /** `--node-name`. */
  readonly flag?: string | undefined;
  /** `nodeName` of the configuration file. */
  readonly config?: string | undefined;
}

/**
 * The node's name: flag, environment NODE_NAME, configuration, /etc/hostname, the kernel's host name; the first that is not
 * empty. Trimmed and lower-cased as the kubelet does.
 * @throws ConfigError HC_NODE_NAME when it is not an RFC 1123 subdomain of at most 253 characters.
 */
export function resolveNodeName(system: System, options: NodeNameOptions): string {
  const { name, from } = findName(system, options);
  if (isNodeName(name)) return name;
  const shown = name.length > 80 ? `${name.slice(0, 80)}…` : name;
  const what = name === "" ? "no name is set anywhere" : `"${shown}" from ${from} is not a Kubernetes node name`;
  throw new ConfigError("HC_NODE_NAME", `Cannot tell this node's name: ${what}`, [], {
    hint: "set --node-name or NODE_NAME to the name kubectl get nodes shows: lower-case letters, digits, - and .",
  });
}

function findName(system: System, options: NodeNameOptions): { readonly name: string; readonly from: string } {
  const candidates: readonly (readonly [string, () => string | undefined])[] = [
    ["--node-name", () => options.flag],
    ["environment NODE_NAME", () => system.env.NODE_NAME],
    ["configuration nodeName", () => options.config],
    ["/etc/hostname", () => hostnameFile(system)],
    ["the kernel's host name", machineHostname],
  ];
  for (const [from, read] of candidates) {
    const name = normalizeNodeName(read() ?? "");
    if (name !== "") return { name, from };
  }
  return { name: "", from: "" };
}

/** The name in /etc/hostname: its first line that is no comment (hostname(5)). */
function hostnameFile(system: System): string | undefined {
  try {
    const bytes = system.files.readIfPresent("/etc/hostname", 4096);
    const lines = bytes === undefined ? [] : new TextDecoder().decode(bytes).split("\n");
    return lines.map((line) => line.trim()).find((line) => line !== "" && !line.startsWith("#"));
  } catch {
    // Unreadable: the kernel knows the name too.
    return undefined;
  }
}
