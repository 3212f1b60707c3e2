// What can be read in a document of no known kind: a compose file that runs the control plane, a values file with `extraArgs`, a
// cloud-init file with units and whole documents in its strings. Names of Kubernetes' own flags and keys mean the same anywhere.

import { commandWords, stateExtraArgs, stateFlags } from "../readers/flags.ts";
import { beginsCommand, stateCommandLine } from "../readers/line-scan.ts";
import { documentType, type ReadContext, type Reader } from "../readers/reader.ts";
import {
  lastEntries,
  readBareKeys,
  settingsKind,
  stateBesides,
  statePodRange,
  stateRangeEntry,
} from "../readers/settings.ts";
import type { Statements } from "../statements.ts";
import { has, itemsOf, type Tree, type TreeEntry, type TreeMap, type TreeScalar } from "../text/tree.ts";
import { stateEmbedded } from "./embedded.ts";

/** Takes every document, so it stands last among the readers. */
export const anyDocument: Reader = {
  format: "any other document",
  finds: {},
  object(tree, context, { group }) {
    // A values file can have a key `kind` that means something else.
    if (documentType(tree).kind !== "" && !has(tree, "apiVersion")) return undefined;
    if (!context.isShared && !foreignGroups.test(group)) readAnyDocument(tree, context);
    return "object";
  },
  plain(tree, context) {
    const before = context.statements.list.length;
    readBareKeys(tree, context);
    readAnyDocument(tree, context);
    return settingsKind(tree, context.statements.list.length > before);
  },
};

/** Whose objects have keys that look like Kubernetes' own and mean other things, or describe keys. */
const foreignGroups = /(?:^|\.)(?:projectcalico\.org|cilium\.io|apiextensions\.k8s\.io)$/;
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
 * States keys of one meaning at any depth, the arguments under `extraArgs`, flags in lists and strings, and what the documents
 * and scripts in strings of several lines say.
 */
function readAnyDocument(tree: Tree, context: ReadContext): void {
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
      if (isFlags) stateCommand(here, context.statements);
      pending.push(...here.items.filter((item) => !isFlags || item.kind !== "scalar").toReversed());
      continue;
    }
    maps.push(here);
    const last = new Set(lastEntries(here));
    for (const entry of here.entries) if (!last.has(entry)) overridden.add(entry);
    keys.push(...last);
    const rest = [...last].filter(({ key, value }) => !passedOver.has(key) && !isCommandEntry(key, value));
    pending.push(...rest.map(({ value }) => value).toReversed());
  }
  for (const entry of keys) if (!overridden.has(entry)) readEntry(entry, context);
  for (const map of maps) stateBesides(map, context.statements, stateKeyGroups);
}

/** States what only several keys together say. */
function stateKeyGroups(found: Statements, map: TreeMap): void {
  stateEmbedded(found, map);
  statePodRange(found, map);
}

function isCommandEntry(key: string, value: Tree): boolean {
  return (
    commandKeys.has(key) && value.kind === "scalar" && value.bodyLine === undefined && value.unfolded === undefined
  );
}

function readEntry(entry: TreeEntry, { statements }: ReadContext): void {
  const { key, value } = entry;
  if (isCommandEntry(key, value)) stateCommand(value, statements);
  if (extraArgsKey.test(key)) {
    stateExtraArgs(statements, value, /kubelet/i.test(key) ? "kubeletExtraArgs." : "extraArgs.");
  } else stateRangeEntry(entry, statements);
}

/** A string: a script, a unit or a document when it is a block or has several lines, else perhaps a command line. */
function readString(scalar: TreeScalar, context: ReadContext): void {
  const { text, line, bodyLine, unfolded } = scalar;
  if (text === undefined) return;
  // A folded block is one long line to YAML; in the file it has one flag on a line.
  if (unfolded !== undefined) {
    context.nested({ text: unfolded.text, line: unfolded.line, bodyLine: unfolded.line, isFile: true });
  } else if (bodyLine !== undefined || text.trim().includes("\n"))
    context.nested({ text, line, bodyLine, isFile: true });
  else if (beginsCommand(text)) stateCommand(scalar, context.statements);
  else if (text.includes("--")) {
    stateCommandLine(context.statements, text, { line, lineMode: "first", isCommand: false });
  }
}

function isFlagList(tree: Tree): boolean {
  return itemsOf(tree).some((item) => item.kind === "scalar" && item.text?.startsWith("--") === true);
}

function stateCommand(tree: Tree, statements: Statements): void {
  const words = commandWords(tree);
  const hasKubelet = words.some((word) => /(^|\/)(kubelet|k3s|rke2)$/.test(word.text));
  stateFlags(statements, words, { hasKubelet });
}
