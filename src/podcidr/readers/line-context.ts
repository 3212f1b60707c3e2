// What a text that could not be parsed is about, as far as its lines tell: whether its keys can be trusted at all, and what
// `podCIDR` would mean in it.

import type { Meaning } from "../statements.ts";
import { podKeys, rangeKey } from "./vocabulary.ts";

/** A `key: value` line, in YAML or pretty-printed JSON. */
export interface KeyLine {
  readonly key: string;
  /** Without comment, trailing comma and surrounding blanks; quotes are kept. */
  readonly value: string;
}

export interface LineContext {
  /** Whether the text has the form of YAML or JSON, broken as it may be: elsewhere `podCIDR: …` can be a program's text. */
  readonly isYaml: boolean;
  /** Whether nothing in it counts: a kubeconfig, a web page, a program's source. */
  readonly isForeign: boolean;
  /** Whether it is one of the latter two, which were never meant to be YAML, whatever their lines look like. */
  readonly isCode: boolean;
  /** Whether it is documentation or a log with documents in it: commands and `podCIDR` in there are examples. */
  readonly isProse: boolean;
  /** What `podCIDR` means; undefined when that is not known. */
  readonly nodeKeys: Meaning | undefined;
  /** Whether `--pod-cidr` can be a kubelet's. cri-dockerd and others have one too, and installers give them the cluster's. */
  readonly hasKubelet: boolean;
}

const keyPattern = /^[ \t]*(?:- )?(["']?)([A-Za-z][\w-]*)\1[ \t]*:[ \t]+(.*)$/;
const yamlForm =
  /^[ \t]*(?:- )*(?:"[^"]*"|'[^']*'|[\w.$/{}-]+)[ \t]*:(?:[ \t]|$)|^[ \t]*-(?:[ \t]|$)|^[ \t]*[\][{}]+,?[ \t]*$|^(?:---|\.\.\.)|^[ \t]*\{[{%]/;
const proseMark = /^[ \t>]*(?:```|~~~)|\]\(https?:/;
/** Both stand in each file of Go. */
const goMarks: readonly RegExp[] = [/^package [a-z]\w*$/m, /^(?:import|func|type|var|const)\b/m];
/** JavaScript and TypeScript, Vue, Terraform, patches. What looks like a key in source is a field, a default, a test. */
const sourceMarks: readonly RegExp[] = [
  /^import (?:[^\n]* from )?["']/m,
  /^export (?:default|const|async|function|class|interface|type|enum) /m,
  /^(?:const|let|var) [^\n]* = require\(/m,
  /^<(?:template|script)\b/m,
  /^(?:resource|data|module|provider|variable|output|terraform|locals)\b[^=:\n]*\{$/m,
  /^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@/m,
];
const markupMark = /^[ \t]*<(?:!doctype|html|\?xml)/i;

/** The key and value of a line that is nothing but these. */
export function readKeyLine(line: string): KeyLine | undefined {
  const match = keyPattern.exec(line);
  if (match === null) return undefined;
  const value = withoutComment(match[3] ?? "").trim();
  return { key: match[2] ?? "", value: value.endsWith(",") ? value.slice(0, -1).trimEnd() : value };
}

/** A line up to the `#` that begins a comment: one at its start or behind a blank. */
export function withoutComment(line: string): string {
  for (let at = line.indexOf("#"); at >= 0; at = line.indexOf("#", at + 1)) {
    const before = line[at - 1];
    if (before === undefined || before === " " || before === "\t") return line.slice(0, at);
  }
  return line;
}

export function isCommentLine(line: string): boolean {
  return /^[ \t]*(?:#|\/\/|;)/.test(line);
}

export interface LineContextOptions {
  readonly nodeName: string | undefined;
  /** Whether it is a shell's script, or a part of one. */
  readonly isShell: boolean;
}

/** @param lines those short enough to be read. */
export function lineContext(lines: readonly string[], { nodeName, isShell }: LineContextOptions): LineContext {
  const keys = new Map<string, Set<string>>();
  let said = 0;
  let inForm = 0;
  let nodes = 0;
  let isProse = false;
  let isMarkup = false;
  let hasKubelet = false;
  for (const line of lines) {
    isProse ||= proseMark.test(line);
    isMarkup ||= markupMark.test(line);
    if (isCommentLine(line) || line.trim() === "") continue;
    hasKubelet ||= /\b(?:kubelet|KUBELET\w*|hyperkube|k3s|rke2)\b/.test(line);
    said += 1;
    if (yamlForm.test(line)) inForm += 1;
    const found = readKeyLine(line);
    if (found === undefined) continue;
    const value = found.value.replace(/^(["'])(.*)\1$/, "$2");
    if (found.key === "kind" && value === "Node") nodes += 1;
    const values = keys.get(found.key) ?? new Set();
    if (values.size < 1000) values.add(value);
    keys.set(found.key, values);
  }
  // A script can write one among other things.
  const isKubeconfig = !isShell && (keys.get("kind")?.has("Config") === true || keys.has("current-context"));
  const isCode = isMarkup || (!isShell && isProgramSource(lines));
  return {
    isYaml: inForm * 2 >= said,
    isForeign: isKubeconfig || isCode,
    isCode,
    isProse,
    nodeKeys: nodeKeyMeaning(keys, nodes, nodeName),
    hasKubelet,
  };
}

function isProgramSource(lines: readonly string[]): boolean {
  const text = lines.slice(0, 5000).join("\n");
  return goMarks.every((mark) => mark.test(text)) || sourceMarks.some((mark) => mark.test(text));
}

function nodeKeyMeaning(
  keys: ReadonlyMap<string, ReadonlySet<string>>,
  nodes: number,
  nodeName: string | undefined,
): Meaning | undefined {
  const groups = [...(keys.get("apiVersion") ?? [])];
  // kops' and k0s' podCIDR is the cluster's, and so is one beside a service range (see kinds/k3s.ts).
  if (groups.some((group) => /^(?:kops|k0s|k0sctl)[./]/.test(group))) return "cluster";
  if (groups.some((group) => /^(?:crd\.)?(?:projectcalico\.org|cilium\.io)\//.test(group))) return undefined;
  const meanings = new Set([...keys.keys()].map((key) => rangeKey(key)?.meaning));
  if (meanings.has("service") && !meanings.has("cluster")) return "cluster";
  if (nodes > 1 || podKeys.some((key) => rangesOf(keys.get(key)) > 1)) return undefined;
  return nodes === 0 || nodeName === undefined || keys.get("name")?.has(nodeName) === true ? "node" : undefined;
}

/** How many ranges of one family a key has: several are those of several nodes, whose list need not say a kind for each. */
function rangesOf(values: ReadonlySet<string> | undefined): number {
  const ranges = [...(values ?? [])].filter((value) => /^[0-9A-Fa-f.:]+\/\d+$/.test(value));
  const ipv6 = ranges.filter((range) => range.includes(":")).length;
  return Math.max(ipv6, ranges.length - ipv6);
}
