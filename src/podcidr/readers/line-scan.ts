// What can still be read, line by line, in text that is no valid YAML: templates, unit files, broken or enormous files. Only
// what stands unambiguous on its own line counts; the caller marks such findings.

import { type StatedValue, type Statement, type Statements, splitValues } from "../statements.ts";
import { type ShellWord, shellWords } from "../text/shell-words.ts";
import { withVariables } from "../text/variables.ts";
import { isPlainValue, stateFlags, statePassedOn } from "./flags.ts";
import { stateRangeKey } from "./key-paths.ts";
import { isCommentLine, type KeyLine, type LineContext, lineContext, readKeyLine } from "./line-context.ts";
import type { Reader, TextLines } from "./reader.ts";
import { isPassedOn, isPodKey, rangeKey } from "./vocabulary.ts";

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

/** A line that begins a list of ranges, and an item of one. */
const listKey = /^[ \t]*(?:- )?["']?([A-Za-z][\w-]*)["']?[ \t]*:[ \t]*(?:#.*)?$/;
const listItem = /^[ \t]*- +(["']?)([0-9A-Fa-f.:/]+)\1[ \t]*(?:#.*)?$/;
const templateLine = /^[ \t]*(?:\{[{%][^\n]*[}%]\}[ \t]*)?$/;
/** flannel's configuration as it is put into etcd: `etcdctl set /coreos.com/network/config '{"Network": "…"}'`. */
const etcdNetwork = /coreos\.com\/network\/config\b.{0,2000}?\\?"Network\\?"\s*:\s*\\?"([0-9./]+)\\?"/s;

export interface LineScanOptions {
  /** The line of the file the text begins at. */
  readonly firstLine: number;
  /** Whether all of the text stands on that line, its line ends being written as escapes. @default false */
  readonly isOneLine?: boolean;
  /** What else reads the lines, after what stands on each by itself was stated. */
  readonly readers?: readonly Pick<Reader, "lines">[];
  /** Whether it is a shell's script, or a part of one. @default false */
  readonly isShell?: boolean;
  /** This node's name, to tell it from other nodes in text about Node objects. */
  readonly nodeName: string | undefined;
}

export interface ScanResult {
  /** What was stated. */
  readonly found: readonly Statement[];
  /** Whether the text has the form of YAML or JSON, broken as it may be. */
  readonly isYaml: boolean;
}

/** A text being scanned. */
interface Scan extends TextLines {
  readonly statements: Statements;
  readonly context: LineContext;
  readonly isOneLine: boolean;
}

/** States the flags and keys that stand on lines of their own. */
export function scanLines(text: string, statements: Statements, options: LineScanOptions): ScanResult {
  const { firstLine, isOneLine = false, isShell = false } = options;
  const all = text.split("\n", maxLines + 1);
  if (all.length > maxLines) {
    all.pop();
    statements.remark(`is too long: only ${maxLines} lines were read`, firstLine + maxLines);
  }
  const lines = all.some((line) => line.length > maxLineLength)
    ? all.map((line) => (line.length > maxLineLength ? "" : line))
    : all;
  const context = lineContext(lines, { nodeName: options.nodeName, isShell });
  const lineOf = (index: number): number => (isOneLine ? firstLine : firstLine + index);
  // What documentation tells its reader to run is an example.
  const scan: Scan = {
    lines: context.isProse ? lines : withVariables(lines, isPlainValue),
    statements,
    context,
    lineOf,
    isOneLine,
  };
  const before = statements.list.length;
  if (!context.isForeign) {
    if (!context.isProse) scanCommands(scan);
    for (const [index, line] of scan.lines.entries()) {
      if (isCommentLine(line)) continue;
      const found = readKeyLine(line);
      if (found !== undefined) scanKey(scan, found, lineOf(index));
      scanList(scan, index);
    }
    if (!context.isProse) for (const reader of options.readers ?? []) reader.lines?.(scan, statements);
  }
  return { found: statements.list.slice(before), isYaml: context.isYaml && !context.isCode };
}

/** Longest command line of a unit file, in lines. */
const maxCommandLines = 300;

/** Command lines: of one line, or of several that end in a backslash. */
function scanCommands(scan: Scan): void {
  const { lines, statements } = scan;
  for (let index = 0; index < lines.length; index++) {
    const begin = index;
    while (lines[index]?.endsWith("\\") === true && index - begin < maxCommandLines) index += 1;
    const command = lines.slice(begin, index + 1);
    scanEtcd(scan, command, begin);
    if (!command.some((part) => part.includes("--"))) continue;
    if (command.length === 1) {
      const [text = ""] = command;
      if (!isCommentLine(text)) scanFlags(scan, { text, next: lines[index + 1] ?? "", index: begin });
    } else {
      const text = command.map((part) => (isCommentLine(part) ? "\\" : part.replace(assignedName, "")));
      stateCommandLine(statements, text.join("\n"), {
        line: scan.lineOf(begin),
        lineMode: scan.isOneLine ? "first" : "each",
        isCommand: beginsCommand(command.find((part) => !isCommentLine(part)) ?? ""),
      });
    }
  }
}

function scanEtcd({ statements, lineOf }: Scan, command: readonly string[], begin: number): void {
  const said = command.filter((line) => !isCommentLine(line)).join("\n");
  const network = said.includes("coreos.com/network/config") ? etcdNetwork.exec(said)?.[1] : undefined;
  if (network === undefined) return;
  const line = lineOf(begin + command.findIndex((part) => part.includes("Network") && part.includes(network)));
  statements.add({ meaning: "cluster", key: "Network", values: splitValues(network, line) });
}

/** Whether a line's flags are a program's: they begin it, or are a variable's value, or the program stands before them. */
export function beginsCommand(line: string): boolean {
  return ownLineFlag.test(line) || assignedFlags.test(line) || programWord.test(line);
}

export interface CommandLine {
  readonly line: number;
  readonly lineMode: "each" | "first";
  /** Whether it is a known program's; in any other only flags of one meaning count. */
  readonly isCommand: boolean;
}

/** States the flags of a command line, quoted parts of several words taken apart. */
export function stateCommandLine(statements: Statements, text: string, options: CommandLine): void {
  const { line, lineMode, isCommand } = options;
  const words = commandLineWords(text, line, lineMode);
  // `INSTALL_K3S_EXEC="server --service-cidr=…" sh -`: k3s by any sign of it.
  const isK3s = /k3s|rke2/i.test(text);
  const hasKubelet = /kubelet|hyperkube/i.test(text);
  stateFlags(statements, words, { hasKubelet, isAnyProgram: !isCommand && !isK3s });
}

/** The words of a command line, those inside of quotes too. */
function commandLineWords(text: string, line: number, lineMode: CommandLine["lineMode"]): ShellWord[] {
  return shellWords(text, line, lineMode).flatMap((word) =>
    /\s/.test(word.text) ? shellWords(word.text, word.line, "first") : [word],
  );
}

interface FlagLine {
  readonly text: string;
  readonly next: string;
  readonly index: number;
}

function scanFlags(scan: Scan, { text, next, index }: FlagLine): void {
  const { statements, context, lineOf } = scan;
  const line = lineOf(index);
  if (!beginsCommand(text)) {
    stateCommandLine(statements, text, { line, lineMode: "first", isCommand: false });
    return;
  }
  const words = commandLineWords(commandOf(text), line, "first");
  // A flag whose value is the next item of a list.
  const value = /^[ \t]*- +["']?([0-9A-Fa-f.:/,]+)["']?[ \t]*$/.exec(next)?.[1];
  if (words.length === 1 && value !== undefined) words.push({ text: value, line: lineOf(index + 1), isBreak: false });
  // An item of a list has its program elsewhere.
  const hasKubelet = ownLineFlag.test(text) ? context.hasKubelet : /kubelet|hyperkube/i.test(text);
  stateFlags(statements, words, { hasKubelet });
}

/** The command line in a line: without list mark, brackets and commas of YAML or JSON, variable name, final backslash. */
function commandOf(line: string): string {
  const bare = (assignment.exec(line)?.[1] ?? line).replace(/^[ \t]*(?:- +)?\[?/, "");
  let end = bare.length;
  while (end > 0 && "],\\ \t".includes(bare[end - 1] ?? "")) end -= 1;
  return bare.slice(0, end);
}

function scanKey({ statements, context }: Scan, { key, value }: KeyLine, line: number): void {
  if (isPassedOn(key) && context.isYaml && !context.isProse && /^["']?[\w-]+=/.test(value)) {
    statePassedOn(statements, key, { text: value.replace(/^(["'])(.*)\1$/, "$2"), line });
    return;
  }
  // Only a whole value counts, not one with anything else on its line.
  if (!/^(["']?)[0-9A-Fa-f.:/, ]+\1$/.test(value)) return;
  if (!isPodKey(key)) stateRangeKey(statements, key, splitValues(value, line));
  else if (context.nodeKeys !== undefined && context.isYaml && !context.isProse) {
    statements.add({ meaning: context.nodeKeys, key, values: splitValues(value, line) });
  }
}

/** A key of one meaning without a value, and the items of its list below; templates between them are passed over. */
function scanList({ lines, statements, lineOf }: Scan, index: number): void {
  const key = listKey.exec(lines[index] ?? "")?.[1];
  if (key === undefined) return;
  const owner = key === "cidrBlocks" ? listKey.exec(lines[index - 1] ?? "")?.[1] : undefined;
  const meaning = owner === "pods" ? "cluster" : owner === "services" ? "service" : rangeKey(key)?.meaning;
  if (meaning === undefined || meaning === "mask") return;
  const values: StatedValue[] = [];
  for (let at = index + 1; at < lines.length && values.length < 64; at++) {
    const line = lines[at] ?? "";
    const text = listItem.exec(line)?.[2];
    if (text !== undefined) values.push({ text, line: lineOf(at) });
    else if (!templateLine.test(line) && !isCommentLine(line)) break;
  }
  statements.add({ meaning, key: owner === undefined ? key : `${owner}.${key}`, values });
}
