// Command-line flags of Kubernetes programs that carry CIDRs, wherever such a command line stands: containers, kubeadm's
// extraArgs, k3s' `*-arg` lists, unit files. pflag's rules: `--name=value` or `--name value`, `_` for `-`, the last one counts.

import { maxValues, type StatedValue, type Statements, splitValues } from "../statements.ts";
import { type ShellWord, shellWords } from "../text/shell-words.ts";
import { child, entriesOf, type FileLines, itemsOf, type Tree, textAt } from "../text/tree.ts";
import { looksLikeAddress } from "../usable.ts";
import { flagMeaning, isOwnFlag, isPassedOn, plainKey, podKeys, rangeKey } from "./vocabulary.ts";

/** The API server's command line, the longest there is, has a tenth of this. */
const maxCommandItems = 1000;

export interface FlagOptions {
  /** Put before the flag's name in the finding's key, e.g. `kubelet-arg `. */
  readonly prefix?: string;
  /** Whether `--pod-cidr` is the kubelet's here: other programs mean other things by it. @default true */
  readonly hasKubelet?: boolean;
  /** Whether the words may be any program's: then only flags no other program has count, where a CIDR or number follows. */
  readonly isAnyProgram?: boolean;
}

/** k3d says which nodes an argument is for: `--k3s-arg "--cluster-cidr=10.42.0.0/16@server:0"`. */
const nodeFilter = /(\/\d{1,3})@[\w:;*-]+$/;
/** minikube's, Helm's and kops': keys of a configuration, `kubeadm.pod-network-cidr=10.244.0.0/16`. */
const setFlags: ReadonlySet<string> = new Set(["extra-config", "set", "set-string"]);
const setKey = /(?:^|,)(?:[\w-]+\.)*([\w-]+)=(\{[^}]*\}|[^,]*)/g;
/** What stands behind these is text: printed, compared, or looked for. */
const textCommand =
  /^(?:echo|printf|[ef]?grep|sed|awk|test|\[\[?|die|fail|fatal|error|warn|usage|assert\w*|\w*log(?:ger|_\w+)?)$/;
/** What may stand before the program of a command. */
const beforeProgram = /^(?:if|elif|while|until|then|else|do|!|sudo|time|exec|\{|\(|[-+@>$]+|[A-Za-z_]\w*=\S*)$/;

/** States what the flags of one command line say; of a repeated flag the last. */
export function stateFlags(statements: Statements, words: readonly ShellWord[], options: FlagOptions = {}): void {
  const found = new Map<string, StatedValue>();
  let isAtBegin = true;
  let isText = false;
  for (let index = 0; index < words.length; index++) {
    const word = words[index];
    if (word === undefined || word.isBreak) {
      isAtBegin = true;
      isText = false;
      continue;
    }
    if (isAtBegin && !beforeProgram.test(word.text)) {
      isAtBegin = false;
      isText = textCommand.test(word.text);
    }
    if (isText) continue;
    const match = /^--([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(word.text);
    if (match === null) continue;
    const name = (match[1] ?? "").replaceAll("_", "-");
    const setsKeys = setFlags.has(name);
    if (!setsKeys && !isPassedOn(name) && flagMeaning(name) === undefined) continue;
    if (options.isAnyProgram === true && !setsKeys && !isOwnFlag(name) && name !== "service-cidr") continue;
    let value: StatedValue | undefined = match[2] === undefined ? undefined : { text: match[2], line: word.line };
    if (value === undefined) {
      const next = words[index + 1];
      if (next === undefined || next.isBreak || next.text.startsWith("-")) continue;
      value = next;
      index += 1;
    }
    value = { ...value, text: value.text.replace(nodeFilter, "$1") };
    if (setsKeys) stateSetKeys(statements, value);
    else if (isPassedOn(name)) statePassedOn(statements, name, value);
    else if (options.isAnyProgram !== true || isPlainValue(value.text)) found.set(name, value);
  }
  // Other programs have this one too; beside a flag of Kubernetes' alone it is Kubernetes'.
  if (options.isAnyProgram === true && ![...found.keys()].some(isOwnFlag)) return;
  for (const [name, value] of found) stateFlag(statements, name, value, options);
}

/** States keys of one meaning that a flag sets; whose `podCIDR` is, nothing there says. */
function stateSetKeys(statements: Statements, { text, line }: StatedValue): void {
  for (const [, key = "", value = ""] of text.slice(0, 4096).matchAll(setKey)) {
    const known = rangeKey(key) ?? flagMeaning(key);
    const values = splitValues(value.replace(/^\{(.*)\}$/, "$1"), line).filter((item) => isPlainValue(item.text));
    if (podKeys.some((name) => plainKey(name) === plainKey(key))) {
      statements.add({ meaning: "node", key, values, by: "anybody" });
    } else if (known !== undefined) statements.add({ ...known, key, values });
  }
}

/** CIDRs or a number, and nothing that would have to be filled in. */
export function isPlainValue(text: string): boolean {
  const values = splitValues(text, 0);
  return values.length > 0 && values.every((value) => looksLikeAddress(value.text) || /^\d{1,3}$/.test(value.text));
}

/** The values as the program gets them: no shell is between, and what quotes it finds are part of the value. */
function exactValues({ text, line }: StatedValue): readonly StatedValue[] {
  const pieces = text.slice(0, 4096).split(",");
  return pieces.flatMap((piece) => (piece.trim() === "" ? [] : [{ text: piece.trim(), line }])).slice(0, maxValues);
}

/** States one flag by its bare name, as kubeadm's `extraArgs` and k3s' config files give it. Unknown names state nothing. */
export function stateFlag(statements: Statements, name: string, value: StatedValue, options: FlagOptions = {}): void {
  const flag = name.replace(/^--/, "").replaceAll("_", "-");
  const known = flagMeaning(flag);
  if (known === undefined || (known.meaning === "node" && options.hasKubelet === false)) return;
  statements.add({
    ...known,
    key: `${options.prefix ?? "--"}${flag}`,
    values: options.isAnyProgram === true ? splitValues(value.text, value.line) : exactValues(value),
    by: "flag",
  });
}

/** `extraArgs` as a map (up to kubeadm's v1beta3) or a list of name and value (v1beta4); `prefix` names their place. */
export function stateExtraArgs(statements: Statements, tree: Tree | undefined, prefix: string): void {
  const options = { prefix, hasKubelet: prefix.includes("kubelet") };
  const values = new Map<string, Tree | undefined>();
  for (const { key, value } of entriesOf(tree)) values.set(key, itemsOf(value).at(-1));
  if (tree?.kind === "list") {
    for (const item of tree.items) values.set(textAt(item, "name") ?? "", child(item, "value"));
  }
  for (const [name, value] of values) {
    if (value?.kind !== "scalar" || value.text === undefined) continue;
    stateFlag(statements, name, { text: value.text, line: value.line }, options);
  }
}

/** `kubelet-arg: pod-cidr=…`, `--kube-controller-manager-arg=node-cidr-mask-size=25`: the value is `name=value` itself. */
export function statePassedOn(statements: Statements, argName: string, item: StatedValue): void {
  const equals = item.text.indexOf("=");
  if (equals < 0) return;
  const value = { text: item.text.slice(equals + 1), line: item.line };
  const isKubelet = argName === "kubelet-arg";
  stateFlag(statements, item.text.slice(0, equals).trim(), value, { prefix: `${argName} `, hasKubelet: isKubelet });
}

/** A shell, whose arguments are scripts; also one that is called through its path. */
const shell = /^(?:\S*\/)?(?:ba|da|a|k|z)?sh$/;
/** What a shell takes away from a word, and a program that is started without one does not. */
const shellMarks = /["';]/;

/** The words of a container's `command` and `args`: no shell reads them unless one is called. */
export function containerWords(container: Tree): readonly ShellWord[] {
  const items = ["command", "args"].flatMap((key) => itemsOf(child(container, key)).slice(0, maxCommandItems));
  const firstScript = items.findIndex((item) => item.kind === "scalar" && shell.test(item.text?.trim() ?? ""));
  return items.flatMap((item, at) => {
    const isScript = firstScript >= 0 && at > firstScript;
    const text = item.kind === "scalar" ? (item.text?.trim() ?? "") : "";
    const isWord = !isScript && shellMarks.test(text) && (/^["']?--/.test(text) || !/\s/.test(text));
    return isWord ? [{ text, line: item.line, isBreak: false }] : wordsOfItem(item);
  });
}

/**
 * The words of a `command` or `args` value of which it is not known what starts it: a list of items, an item with spaces being a
 * command line or script of its own, or one string.
 */
export function commandWords(tree: Tree | undefined): readonly ShellWord[] {
  return itemsOf(tree).slice(0, maxCommandItems).flatMap(wordsOfItem);
}

function wordsOfItem(item: Tree): readonly ShellWord[] {
  if (item.kind !== "scalar" || item.text === undefined) return [];
  const text = item.text.trim();
  if (!/\s/.test(text)) return [{ text: unquoteWord(text), line: item.line, isBreak: false }];
  // `--flag="a b"` as one item is one word to the program; only `--flag a`, several flags and scripts are taken apart.
  if (item.bodyLine !== undefined) return shellWords(item.text, item.bodyLine);
  const words = shellWords(item.text, item.line, "first");
  const inFile = item.unfolded ?? item.spread;
  return inFile === undefined ? words : onTheirLines(words, inFile);
}

/** The words of a text that YAML folded into one line, each with the line it stands on. */
function onTheirLines(words: readonly ShellWord[], { text, line }: FileLines): readonly ShellWord[] {
  const lines = text.split("\n");
  let at = 0;
  return words.map((word) => {
    const found = lines.findIndex((part, index) => index >= at && part.includes(word.text));
    if (found < 0 || word.isBreak) return word;
    at = found;
    return { ...word, line: line + found };
  });
}

/** Quotes that YAML left in the word, as in `- --cluster-cidr="10.244.0.0/16"` or `- '"--x"'`. */
function unquoteWord(text: string): string {
  return text.replace(/^(["'])(.*)\1$/s, "$2");
}
