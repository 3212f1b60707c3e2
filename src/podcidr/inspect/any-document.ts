// What can be told of a document of no known kind: a compose file that runs the control plane, a values file with `extraArgs`, a
// cloud-init file with units and whole documents in its strings. Names of Kubernetes' own flags and keys mean the same anywhere.

import type { ReadContext } from "../readers/context.ts";
import { claimFlags, commandWords } from "../readers/flags.ts";
import { claimRangeKey } from "../readers/key-paths.ts";
import { claimExtraArgs } from "../readers/kubeadm.ts";
import { rangeKey } from "../readers/vocabulary.ts";

import { itemsOf, type Tree, type TreeEntry, type TreeMap, type TreeScalar } from "../text/tree.ts";
import { looksLikeAddress } from "../usable.ts";
import { claimShapes } from "./embedded.ts";
import { beginsCommand, claimCommandLine } from "./line-scan.ts";
import { claimNestedPodRange } from "./pod-cidr-keys.ts";
import { type Claim, type ClaimItem, Claims, claimItems } from "./statements.ts";

const commandKeys: ReadonlySet<string> = new Set([
  "command",
  "args",
  "entrypoint",
  "cmd",
  "extraArgs",
  "extra_args",
  "arg",
]);
/** Text for people, and copies of what stands elsewhere. */
const passedOver: ReadonlySet<string> = new Set([
  "annotations",
  "description",
  "example",
  "examples",
  "managedFields",
  "message",
  "x-examples",
]);
const extraArgsKey = /^[A-Za-z-]{0,40}extra[-_]?args$/i;
const maxVisits = 20_000;

/**
 * Claims keys of one meaning at any depth, the arguments under `extraArgs`, flags in lists and strings, and what the documents
 * and scripts in strings of several lines say.
 */
export function readLoosely(tree: Tree, context: ReadContext): void {
  const seen = new Set<Tree>();
  const keys: TreeEntry[] = [];
  const maps: TreeMap[] = [];
  /** Entries of a merged map that the merging map has itself. */
  const overridden = new Set<TreeEntry>();
  const pending: Tree[] = [tree];
  for (let here = pending.pop(); here !== undefined && seen.size < maxVisits; here = pending.pop()) {
    if (seen.has(here)) continue;
    seen.add(here);
    if (here.kind === "scalar") {
      readString(here, context);
      continue;
    }
    if (here.kind === "list") {
      const isFlags = isFlagList(here);
      if (isFlags) claimCommand(here, context.claims);
      pending.push(...here.items.filter((item) => !isFlags || item.kind !== "scalar").toReversed());
      continue;
    }
    maps.push(here);
    const last = new Map(here.entries.map((entry) => [entry.key, entry]));
    for (const entry of here.entries) if (last.get(entry.key) !== entry) overridden.add(entry);
    keys.push(...last.values());
    const rest = [...last.values()].filter(({ key, value }) => !passedOver.has(key) && !isCommandEntry(key, value));
    pending.push(...rest.map(({ value }) => value).toReversed());
  }
  for (const entry of keys) if (!overridden.has(entry)) readEntry(entry, context);
  for (const map of maps) readMap(map, context);
}

/** What only the company of keys says; what was claimed already is not claimed again. */
function readMap(map: TreeMap, { claims }: ReadContext): void {
  const found = new Claims();
  claimShapes(found, map);
  claimNestedPodRange(found, map);
  for (const claim of found.claims) if (!isClaimed(claim.items, claims.claims)) claims.add(claim);
}

function isCommandEntry(key: string, value: Tree): boolean {
  return (
    commandKeys.has(key) && value.kind === "scalar" && value.bodyLine === undefined && value.unfolded === undefined
  );
}

function readEntry({ key, value }: TreeEntry, context: ReadContext): void {
  const { claims } = context;
  if (isCommandEntry(key, value)) claimCommand(value, claims);
  if (extraArgsKey.test(key)) {
    claimExtraArgs(claims, value, /kubelet/i.test(key) ? "kubeletExtraArgs." : "extraArgs.");
  } else if (rangeKey(key) !== undefined) {
    const items = claimItems(value).filter(({ text }) => looksLikeAddress(text) || /^\/?\d{1,3}$/.test(text));
    if (!isClaimed(items, claims.claims)) claimRangeKey(claims, key, items);
  }
}

/** Whether a value was claimed already, under the key's longer name. */
function isClaimed(items: readonly ClaimItem[], claims: readonly Claim[]): boolean {
  const [first] = items;
  return claims.some((claim) => claim.items.some(({ text, line }) => text === first?.text && line === first.line));
}

/** A string: a script, a unit or a document when it is a block or has several lines, else perhaps a command line. */
function readString(scalar: TreeScalar, context: ReadContext): void {
  const { text, line, bodyLine, unfolded } = scalar;
  if (text === undefined) return;
  // A folded block is one long line to YAML; who wrote it put one flag on a line.
  if (unfolded !== undefined) {
    context.nested({ text: unfolded.text, line: unfolded.line, bodyLine: unfolded.line, name: "", isFile: true });
  } else if (bodyLine !== undefined || text.trim().includes("\n"))
    context.nested({ text, line, bodyLine, name: "", isFile: true });
  else if (beginsCommand(text)) claimCommand(scalar, context.claims);
  else if (text.includes("--")) {
    claimCommandLine(context.claims, text, { line, lineMode: "first", isCommand: false });
  }
}

function isFlagList(tree: Tree): boolean {
  return itemsOf(tree).some((item) => item.kind === "scalar" && item.text?.startsWith("--") === true);
}

function claimCommand(tree: Tree, claims: Claims): void {
  const words = commandWords(tree);
  const hasKubelet = words.some((word) => /(^|\/)(kubelet|k3s|rke2)$/.test(word.text));
  claimFlags(claims, words, { hasKubelet });
}
