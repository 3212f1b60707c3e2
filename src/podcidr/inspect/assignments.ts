// Variables that are set in text: shell and environment files, units, INI, TOML, Nix, variables of Terraform. Their names have no
// rules, so that only those with one meaning anywhere count, and only where a whole range stands behind them.

import { isCommentLine, readKeyLine, withoutComment } from "../readers/line-context.ts";
import type { Reader, TextLines } from "../readers/reader.ts";
import { plainPodKeys } from "../readers/settings.ts";
import { isPodKey, plainKey, type RangeName, rangeKey } from "../readers/vocabulary.ts";
import { maxValues, type StatedValue, type Statements } from "../statements.ts";
import { looksLikeAddress } from "../usable.ts";

export const assignments: Reader = {
  format: "variables in text",
  finds: {},
  lines(text, statements) {
    if (!text.lines.some((line) => sourceMark.test(line))) stateAssignments(text, statements);
  },
};

interface Assignment {
  readonly key: string;
  readonly values: readonly StatedValue[];
}

/** `export X=…`, `Environment="X=…"`, `x = "…"`, `x.y = "…";`, `X ?= …` */
const assignment =
  /^[ \t]*(?:(?:export|readonly|local|declare|typeset)[ \t]+(?:-\w+[ \t]+)*|Environment[ \t]*=[ \t]*)?["']?(?:[A-Za-z][\w-]*\.)*([A-Za-z][\w-]*)["']?[ \t]*[:?]?=[ \t]*(\S.*)$/;
/** Names that are variables alone: of CoreOS' installation, and of those that were made after it. */
const variables: ReadonlyMap<string, RangeName> = new Map([
  ["podnetwork", { meaning: "cluster" }],
  ["serviceiprange", { meaning: "service" }],
]);
/** Python, Java, Rust, C# and their like: what is set there is a default or a test's. */
const sourceMark =
  /^(?:from [\w.]+ )?import [\w.*{]|^[ \t]*(?:async )?(?:def|fn) \w+\(|^[ \t]*(?:pub |public |private )+\w|^using [\w.]+;/;

function stateAssignments({ lines, lineOf }: TextLines, statements: Statements): void {
  const pods: Assignment[] = [];
  for (const [index, line] of lines.entries()) {
    const found = line.includes("=") ? readAssignment(line, lineOf(index)) : readPodKey(line, lineOf(index));
    if (found === undefined) continue;
    const known = meaningOf(found.key);
    if (known === undefined) pods.push(found);
    else statements.add({ ...known, ...found });
  }
  // As in a map: the pod range beside a service range is the cluster's, and elsewhere anybody's.
  const meanings = new Set(statements.list.map(({ meaning }) => meaning));
  const isCluster = meanings.has("service") && !meanings.has("cluster");
  for (const { key, values } of pods) {
    if (isCluster) statements.add({ meaning: "cluster", key, values });
    else statements.add({ meaning: "node", key, values, by: "anybody" });
  }
}

function meaningOf(key: string): RangeName | undefined {
  return rangeKey(key) ?? variables.get(plainKey(key));
}

/** A variable that is set to ranges or to a length, and to nothing else. */
function readAssignment(line: string, at: number): Assignment | undefined {
  const [, key = "", rest = ""] = assignment.exec(line) ?? [];
  if (meaningOf(key) === undefined && !plainPodKeys.has(plainKey(key))) return undefined;
  return rangesIn(withoutComment(rest), { key, at });
}

/** A key of the pod range in a document that is broken elsewhere, in another spelling than the API's, which is read before. */
function readPodKey(line: string, at: number): Assignment | undefined {
  const found = line.includes(":") && !isCommentLine(line) ? readKeyLine(line) : undefined;
  if (found === undefined || isPodKey(found.key) || !plainPodKeys.has(plainKey(found.key))) return undefined;
  return rangesIn(found.value, { key: found.key, at });
}

function rangesIn(text: string, { key, at }: { readonly key: string; readonly at: number }): Assignment | undefined {
  const list = text.replace(/[ \t;,]+$/, "");
  const pieces = list.replace(/^\[(.*)\]$/, "$1").split(",");
  const texts = pieces.map((piece) => piece.replace(/^["'\s]+|["'\s]+$/g, "")).filter((text) => text !== "");
  if (!texts.every((text) => looksLikeAddress(text) || /^\/?\d{1,3}$/.test(text))) return undefined;
  return { key, values: texts.slice(0, maxValues).map((text) => ({ text, line: at })) };
}
