// The floor plan of src: what each directory holds, and what it may import, code and types. CONTRIBUTING.md shows it.

export interface Layer {
  /** For the table of CONTRIBUTING.md. */
  readonly holds: string;
  /** Directories of src, and single files of another domain. */
  readonly uses: readonly string[];
}

const base = ["sys", "cidr"];
/** What more than one domain speaks of. */
const shared = [...base, "tailnet", "spec", "node-state", "programs", "runtime", "agent", "kernel"];
/** Of all that config has, another domain sees the type of what it yields. */
const withConfig = [...shared, "src/config/config.ts"];
const domains = [
  "attachments",
  "config",
  "podcidr",
  "node-name",
  "kubernetes",
  "conflist",
  "dataplane",
  "tailscale",
  "mesh",
  "headscale",
  "claims",
  "ipam",
  "plugin-install",
];

/** From the bottom up: a directory imports only from those above it in this table. A new one is put here, at its place. */
export const layers: Readonly<Record<string, Layer>> = {
  sys: {
    holds: "the only door to the machine: files under a root, programs, clock, environment, log, HTTP",
    uses: [],
  },
  cidr: { holds: "addresses, prefixes, a node's PodCIDRs: pure", uses: ["sys"] },
  tailnet: { holds: "the tailnet as this node sees it: types that agents share", uses: base },
  "node-state": { holds: "`node.json` and the names of what HeadCNI puts on a node", uses: base },
  spec: { holds: "what CNI, its reference plugins and Kubernetes say", uses: [...base, "node-state"] },
  programs: { holds: "what k3s, RKE2 and the kubelet were told: services, files, processes", uses: base },
  runtime: { holds: "the container runtime: its configuration, CRI", uses: [...base, "programs"] },
  kernel: {
    holds: "what the kernel of this network namespace has: devices, addresses, routes; its changes",
    uses: base,
  },
  agent: { holds: "agents over latest values: what each part of the daemon is made of", uses: base },
  attachments: { holds: "the calls a runtime has made and not taken back", uses: [...base, "spec", "node-state"] },
  config: { holds: "the configuration: schema, load, check, explain", uses: shared },
  podcidr: { holds: "where a PodCIDR comes from: chain, judgement, sources, readers, `inspect`", uses: withConfig },
  "node-name": {
    holds: "what the cluster calls this node: every place that says it",
    uses: [...withConfig, "src/podcidr/text/documents.ts", "src/podcidr/text/tree.ts"],
  },
  kubernetes: {
    holds: "this node's Node object: the API server that is asked for it, the copy that is kept",
    uses: [...withConfig, "src/podcidr/text/documents.ts", "src/podcidr/text/tree.ts"],
  },
  conflist: { holds: "the conflist: render, validate, install, back up, restore", uses: withConfig },
  dataplane: { holds: "what the kernel holds for pods: table, routing rules, firewall, bridge", uses: withConfig },
  tailscale: {
    holds: "the node's tailscaled: its LocalAPI, prefs, login, what it tells of the tailnet",
    uses: withConfig,
  },
  mesh: {
    holds: "the cluster's nodes on the tailnet: who serves which PodCIDR, conflicts, routes proven by packets",
    uses: withConfig,
  },
  headscale: {
    holds: "Headscale's API in all its generations: nodes, approvals, policy",
    uses: withConfig,
  },
  claims: {
    holds: "guessed PodCIDRs on a tailnet: laying claim to them, giving way, remembering what others have",
    uses: withConfig,
  },
  ipam: { holds: "host-local's leases: read, judge, free", uses: [...withConfig, "attachments"] },
  "plugin-install": { holds: "our executable in the runtime's plugin directory", uses: shared },
  "src/version.ts": { holds: "the build's version", uses: [] },
  cni: {
    holds: "the CNI plugin: no libraries, nothing of the daemon",
    uses: [...base, "spec", "node-state", "attachments", "ipam"],
  },
  node: {
    holds: "this node's PodCIDR and what follows from it: conflist, plugin, bridge, `node.json`",
    uses: [...shared, ...domains],
  },
  daemon: {
    holds: "the agents put together, status server, metrics",
    uses: [...shared, ...domains, "node", "src/version.ts"],
  },
  doctor: {
    holds: "what is wrong with a node, and what mends it: checks as data, each asks a domain",
    uses: [...shared, ...domains, "node", "daemon", "src/version.ts"],
  },
  controller: {
    holds: "`headcni controller`: has Headscale approve the PodCIDRs of all nodes",
    uses: [...shared, ...domains, "node", "daemon", "src/version.ts"],
  },
  cli: {
    holds: "one file a command",
    uses: [...shared, ...domains, "node", "daemon", "doctor", "controller", "src/version.ts"],
  },
  "src/main.ts": { holds: "looks at how it was called", uses: ["cli", "cni", "sys"] },
};

/** What a layer may import in the words of CONTRIBUTING.md: *base*, *shared* and *domains* stand for their directories. */
export function usesInWords({ uses }: Layer): string {
  const groups = { shared, base, domains };
  let left = [...uses];
  const words: string[] = [];
  for (const [name, members] of Object.entries(groups)) {
    if (!members.every((member) => left.includes(member))) continue;
    left = left.filter((used) => !members.includes(used));
    words.push(`*${name}*`);
  }
  const rest = left.map((used) => `\`${used.replace(/^src\//, "")}\``);
  return [...words, ...rest].join(", ") || "nothing of ours";
}

/** What the CNI plugin may load, from `src/cni/plugin.ts` on. */
export const pluginLayers: readonly string[] = ["cni", ...(layers.cni?.uses ?? [])];
