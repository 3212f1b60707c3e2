// What can still be read, line by line, in text that is no valid YAML: templates, unit files, broken or enormous files. Only
// what stands unambiguous on its own line counts; every such finding carries a remark that it was read so.

import type { Claims, Meaning } from "./claims.ts";
import { splitItems } from "./claims.ts";
import { claimFlags, claimPassedOn } from "./flags.ts";
import { shellWords } from "./shell-words.ts";

/** Keys whose meaning does not depend on where they stand. */
const keyMeanings: Readonly<Record<string, Meaning>> = {
  podSubnet: "cluster",
  clusterCIDR: "cluster",
  "cluster-cidr": "cluster",
  serviceSubnet: "service",
  "service-cidr": "service",
  "service-cluster-ip-range": "service",
  "node-cidr-mask-size": "mask",
  podCIDR: "node",
  "pod-cidr": "node",
};
const keyLine = /^[ \t]*(?:- )?(["']?)([A-Za-z][\w-]*)\1[ \t]*:[ \t]+(.*)$/;
const programWord =
  /(?:^|[\s/"'=])(?:kube-controller-manager|kube-apiserver|kube-proxy|kubelet|hyperkube|kubeadm|k3s|rke2)(?=[\s"']|$)/;
const ownLineFlag = /^[ \t]*(?:- +)?["'[]*--[A-Za-z]/;
const assignedFlags = /^[ \t]*(?:export +|Environment=)?["']?[A-Z][A-Z0-9_]*=["']?--[A-Za-z]/;
/** A longer line is data or a whole file on one line: nothing in it stands on its own. */
const maxLineLength = 4000;

export interface LineScanOptions {
  /** The line of the file the text begins at. */
  readonly firstLine: number;
  /** Who the node is, where text about Node objects has to be told apart. */
  readonly nodeName: string | undefined;
}

export interface ScanResult {
  /** Whether anything was claimed. */
  readonly found: boolean;
  /** Whether the text has the form of YAML or JSON, broken as it may be. */
  readonly isYaml: boolean;
}

/** Claims the flags and keys that stand on lines of their own. */
export function scanLines(text: string, claims: Claims, options: LineScanOptions): ScanResult {
  const lines = text.split("\n");
  const isYaml = isMostlyYaml(lines);
  if (isKubeconfig(text) || isProse(text)) return { found: false, isYaml };
  const before = claims.claims.length;
  const nodeKeys = nodeKeyMeaning(text, options.nodeName);
  // cri-dockerd and others have a --pod-cidr too, and installers give them the cluster's.
  const hasKubelet = /\b(kubelet|KUBELET\w*|hyperkube|k3s|rke2)\b/.test(text);
  for (const [index, raw] of lines.entries()) {
    const line = options.firstLine + index;
    if (raw.length > maxLineLength || /^\s*(#|\/\/|;)/.test(raw)) continue;
    if (raw.includes("--")) scanFlags({ raw, next: lines[index + 1], line, hasKubelet }, claims);
    // Outside of YAML, `podCIDR: …` can be a program's text.
    const match = isYaml ? keyLine.exec(raw) : null;
    if (match !== null) scanKey({ key: match[2] ?? "", text: match[3] ?? "", line, nodeKeys }, claims);
  }
  for (const claim of claims.claims.slice(before)) {
    claims.remark(`${claim.key} was read by its line alone`, claim.items[0]?.line);
  }
  return { found: claims.claims.length > before, isYaml };
}

function isKubeconfig(text: string): boolean {
  const hasKind = /^\s*["']?kind["']?:\s*["']?Config["']?,?\s*$/m.test(text);
  return hasKind && /client-key|certificate-authority|current-context/.test(text);
}

/** Documentation shows examples: nothing in it is said of this node. */
function isProse(text: string): boolean {
  return (
    /^[ \t>]*(```|~~~)/m.test(text) || /\[[^\]\n]*\]\(https?:/.test(text) || /^\s*<(!doctype|html|\?xml)/i.test(text)
  );
}

/** Whether at least half of the lines have the form of YAML or JSON, or are a template's own. */
function isMostlyYaml(lines: readonly string[]): boolean {
  const form =
    /^\s*(?:- )*(?:"[^"]*"|'[^']*'|[\w.$/{}-]+)\s*:(?:\s|$)|^\s*-(?:\s|$)|^\s*[\][{}]+,?\s*$|^(?:---|\.\.\.)|^\s*\{[{%]/;
  const said = lines.slice(0, 5000).filter((line) => line.length <= maxLineLength && !/^\s*(?:#.*)?$/.test(line));
  return said.filter((line) => form.test(line)).length * 2 >= said.length;
}

interface ScannedLine {
  readonly raw: string;
  readonly next: string | undefined;
  readonly line: number;
  readonly hasKubelet: boolean;
}

function scanFlags({ raw, next, line, hasKubelet }: ScannedLine, claims: Claims): void {
  if (!ownLineFlag.test(raw) && !assignedFlags.test(raw) && !programWord.test(raw)) return;
  // JSON and YAML leave brackets, quotes and commas round a flag.
  const text = raw
    .replace(/^[ \t]*(?:- +)?/, "")
    .replace(/^\[/, "")
    .replace(/[\],\s\\]+$/, "");
  const assigned = /^(?:export +|Environment=)?["']?[A-Z][A-Z0-9_]*=(.*)$/.exec(text);
  const words = [...shellWords(assigned?.[1] ?? text, line, "first")].flatMap((word) =>
    /\s/.test(word.text) ? shellWords(word.text, line, "first") : [word],
  );
  const value = /^\s*- +["']?([0-9A-Fa-f.:/,]+)["']?\s*$/.exec(next ?? "");
  if (words.length === 1 && value !== null) words.push({ text: value[1] ?? "", line: line + 1, isBreak: false });
  claimFlags(claims, words, { hasKubelet });
}

interface ScannedKey {
  readonly key: string;
  readonly text: string;
  readonly line: number;
  readonly nodeKeys: Meaning | undefined;
}

function scanKey({ key, text, line, nodeKeys }: ScannedKey, claims: Claims): void {
  const value = text
    .replace(/\s+#.*$/, "")
    .replace(/,\s*$/, "")
    .trim();
  if (key.endsWith("-arg") && /^["']?[\w-]+=/.test(value)) {
    claimPassedOn(claims, key, { text: value.replace(/^(["'])(.*)\1$/, "$2"), line });
    return;
  }
  const known = Object.hasOwn(keyMeanings, key) ? keyMeanings[key] : undefined;
  const meaning = known === "node" ? nodeKeys : known;
  // Only a whole value counts, not one with anything else on its line.
  if (meaning === undefined || !/^(["']?)[0-9A-Fa-f.:/, ]+\1$/.test(value)) return;
  claims.add({ meaning, key, items: splitItems(value, line) });
}

/** What `podCIDR` means in this text: nothing in other vendors' objects or among several nodes, the cluster's in an installer's. */
function nodeKeyMeaning(text: string, nodeName: string | undefined): Meaning | undefined {
  if (/^\s*["']?apiVersion["']?:\s*["']?(kops|k0s|k0sctl)[./]/m.test(text)) return "cluster";
  if (/^\s*["']?apiVersion["']?:\s*["']?(crd\.projectcalico\.org|projectcalico\.org|cilium\.io)\//m.test(text))
    return undefined;
  const hasService = /^\s*["']?(service-cidr|serviceCIDR)["']?\s*:/m.test(text);
  if (hasService && !/^\s*["']?(cluster-cidr|clusterCIDR)["']?\s*:/m.test(text)) return "cluster";
  const nodes = text.match(/^\s*(- )?["']?kind["']?:\s*["']?Node["']?,?\s*$/gm)?.length ?? 0;
  if (nodes === 0) return "node";
  if (nodes > 1) return undefined;
  if (nodeName === undefined) return "node";
  const names = [...text.matchAll(/^\s*["']?name["']?:\s*["']?([\w.-]+)["']?,?\s*$/gm)].map((match) => match[1]);
  return names.includes(nodeName) ? "node" : undefined;
}
