// What can still be read, line by line, in text that is no valid YAML: templates, unit files, broken or enormous files. Only
// what stands unambiguous on its own line counts; the caller marks such findings.

import { type Claim, type Claims, splitItems } from "./claims.ts";
import { claimFlags, claimPassedOn, isPassedOn } from "./flags.ts";
import { claimRangeKey, isNodeKey } from "./range-keys.ts";
import { isCommentLine, type KeyLine, readKeyLine, type ScanContext, scanContext } from "./scan-context.ts";
import { shellWords } from "./shell-words.ts";

const program = "kube-controller-manager|kube-apiserver|kube-proxy|kubelet|hyperkube|kubeadm|k3s|rke2";
const programWord = new RegExp(`(?:^|[\\s/"'=])(?:${program})(?=[\\s"']|$)`);
const ownLineFlag = /^[ \t]*(?:- +)?["'[]*--[A-Za-z]/;
const assignedFlags = /^[ \t]*(?:export +|Environment=)?["']?[A-Z][A-Z0-9_]*=["']?--[A-Za-z]/;
/** The beginning of a variable's value that is a command line of several lines. */
const assignedName = /^[ \t]*(?:export +|Environment=)?["']?[A-Z][A-Z0-9_]*=["']?(?=[ \t]*(?:--|\\$))/;
const assignment = /^[ \t]*(?:export +|Environment=)?["']?[A-Z][A-Z0-9_]*=(.*)$/;
/** A longer line is data, or a whole file on one line: nothing in it stands on its own. */
const maxLineLength = 2000;
/** A megabyte of configuration has some thirty thousand. */
const maxLines = 300_000;

export interface LineScanOptions {
  /** The line of the file the text begins at. */
  readonly firstLine: number;
  /** Who the node is, where text about Node objects has to be told apart. */
  readonly nodeName: string | undefined;
}

export interface ScanResult {
  /** What was claimed. */
  readonly found: readonly Claim[];
  /** Whether the text has the form of YAML or JSON, broken as it may be. */
  readonly isYaml: boolean;
}

/** Claims the flags and keys that stand on lines of their own. */
export function scanLines(text: string, claims: Claims, options: LineScanOptions): ScanResult {
  const all = text.split("\n", maxLines + 1);
  if (all.length > maxLines) {
    all.pop();
    claims.remark(`is too long: only ${maxLines} lines were read`, options.firstLine + maxLines);
  }
  const lines = all.some((line) => line.length > maxLineLength)
    ? all.map((line) => (line.length > maxLineLength ? "" : line))
    : all;
  const context = scanContext(lines, options.nodeName);
  const before = claims.claims.length;
  if (!context.isForeign) {
    // What documentation tells its reader to run is an example.
    if (!context.isProse) scanCommands(lines, claims, { firstLine: options.firstLine, context });
    for (const [index, line] of lines.entries()) {
      const found = isCommentLine(line) ? undefined : readKeyLine(line);
      if (found !== undefined) scanKey(found, options.firstLine + index, { claims, context });
    }
  }
  return { found: claims.claims.slice(before), isYaml: context.isYaml };
}

/** Longest command line of a unit file, in lines. */
const maxCommandLines = 300;

/** Command lines: of one line, or of several that end in a backslash. */
function scanCommands(
  lines: readonly string[],
  claims: Claims,
  { firstLine, context }: { readonly firstLine: number; readonly context: ScanContext },
): void {
  for (let index = 0; index < lines.length; index++) {
    const begin = index;
    while (lines[index]?.endsWith("\\") === true && index - begin < maxCommandLines) index += 1;
    const command = lines.slice(begin, index + 1);
    const line = firstLine + begin;
    if (!command.some((part) => part.includes("--"))) continue;
    if (command.length === 1) {
      const [text = ""] = command;
      if (!isCommentLine(text)) scanFlags({ text, next: lines[index + 1] ?? "", line, context }, claims);
    } else if (command.some(beginsCommand)) {
      const text = command.map((part) => (isCommentLine(part) ? "\\" : part.replace(assignedName, "")));
      const words = shellWords(text.join("\n"), line).flatMap((word) =>
        /\s/.test(word.text) ? shellWords(word.text, word.line) : [word],
      );
      claimFlags(claims, words, { hasKubelet: context.hasKubelet });
    }
  }
}

/** Whether a line's flags are a program's: they begin it, or are a variable's value, or the program stands before them. */
export function beginsCommand(line: string): boolean {
  return ownLineFlag.test(line) || assignedFlags.test(line) || programWord.test(line);
}

interface FlagLine {
  readonly text: string;
  readonly next: string;
  readonly line: number;
  readonly context: ScanContext;
}

function scanFlags({ text, next, line, context }: FlagLine, claims: Claims): void {
  if (!beginsCommand(text)) return;
  const words = shellWords(commandOf(text), line, "first").flatMap((word) =>
    /\s/.test(word.text) ? shellWords(word.text, line, "first") : [word],
  );
  // A flag whose value is the next item of a list.
  const value = /^[ \t]*- +["']?([0-9A-Fa-f.:/,]+)["']?[ \t]*$/.exec(next)?.[1];
  if (words.length === 1 && value !== undefined) words.push({ text: value, line: line + 1, isBreak: false });
  claimFlags(claims, words, { hasKubelet: context.hasKubelet });
}

/** The command line in a line: without list mark, brackets and commas of YAML or JSON, variable name, final backslash. */
function commandOf(line: string): string {
  const bare = (assignment.exec(line)?.[1] ?? line).replace(/^[ \t]*(?:- +)?\[?/, "");
  let end = bare.length;
  while (end > 0 && "],\\ \t".includes(bare[end - 1] ?? "")) end -= 1;
  return bare.slice(0, end);
}

function scanKey(
  { key, value }: KeyLine,
  line: number,
  into: { readonly claims: Claims; readonly context: ScanContext },
) {
  const { claims, context } = into;
  if (isPassedOn(key) && context.isYaml && !context.isProse && /^["']?[\w-]+=/.test(value)) {
    claimPassedOn(claims, key, { text: value.replace(/^(["'])(.*)\1$/, "$2"), line });
    return;
  }
  // Only a whole value counts, not one with anything else on its line.
  if (!/^(["']?)[0-9A-Fa-f.:/, ]+\1$/.test(value)) return;
  if (!isNodeKey(key)) claimRangeKey(claims, key, splitItems(value, line));
  else if (context.nodeKeys !== undefined && context.isYaml && !context.isProse) {
    claims.add({ meaning: context.nodeKeys, key, items: splitItems(value, line) });
  }
}
