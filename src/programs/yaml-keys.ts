// The values of some keys at the top of a YAML file, each with its line. Files of programs are nearly always plain keys, one a line, and
// are read so; any other text goes to the `yaml` library, which costs 4 ms in a process that has not loaded it. Nothing of a file but the
// keys that were asked for leaves this module.

import type { Node } from "yaml";

/** A text, an item of a list or the whole of a value, and its line. */
export interface LinedText {
  readonly text: string;
  readonly line: number;
}

export interface YamlKey {
  /** As written: k3s' `key+` is another key than `key`. */
  readonly key: string;
  /** Each item of a list, one text for any other value; the empty text for null. */
  readonly values: readonly LinedText[];
}

/** The keys of the first document for which `isWanted`, in their order; undefined when the text is no YAML map. */
export function readYamlKeys(text: string, isWanted: (key: string) => boolean): readonly YamlKey[] | undefined {
  return readPlainKeys(text, isWanted) ?? readAnyKeys(text, isWanted);
}

const keyLine = /^([A-Za-z][\w-]*\+?):(?:[ \t]+(\S.*))?$/;
const itemLine = /^[ \t]*-[ \t]+(\S.*)$/;

/** Undefined for a text that is more than plain keys, or whose wanted keys have other values than plain ones. */
function readPlainKeys(text: string, isWanted: (key: string) => boolean): readonly YamlKey[] | undefined {
  const found: { readonly key: string; readonly values: LinedText[] }[] = [];
  /** The wanted key whose items may follow. */
  let open: { readonly line: number; readonly values: LinedText[] } | undefined;
  let hasBegun = false;
  /** Whether lines that stand further in belong to a key that is not asked for. */
  let isPassing = false;
  const close = (): void => {
    if (open?.values.length === 0) open.values.push({ text: "", line: open.line });
    open = undefined;
  };
  for (const [at, raw] of text.split("\n").entries()) {
    const content = raw.trimEnd();
    const line = at + 1;
    if (/^\s*(?:#|$)/.test(content)) continue;
    if (content === "---") {
      // What follows is another document.
      if (hasBegun) break;
      hasBegun = true;
      continue;
    }
    hasBegun = true;
    const [, key, rest] = keyLine.exec(content) ?? [];
    if (key !== undefined) {
      close();
      const values = rest === undefined ? [] : plainValues(rest, line);
      if (values === undefined && isWanted(key)) return undefined;
      isPassing = !isWanted(key);
      if (isPassing && rest !== undefined && isUnclosed(rest)) return undefined;
      if (values === undefined || isPassing) continue;
      found.push({ key, values });
      if (rest === undefined) open = { line, values };
    } else if (open === undefined) {
      if (!isPassing || !/^(?:[ \t]|- )/.test(content)) return undefined;
    } else {
      const item = itemLine.exec(content)?.[1];
      const value = item === undefined ? undefined : plainText(item);
      if (value === undefined) return undefined;
      open.values.push({ text: value, line });
    }
  }
  close();
  return found;
}

/** Whether a value may go on at the begin of the next line, where it would look like a key. */
function isUnclosed(rest: string): boolean {
  return /^[{[]/.test(rest) ? !/[}\]]$/.test(rest) : /^(?:"[^"]*|'[^']*)$/.test(rest);
}

/** A value on the line of its key. */
function plainValues(rest: string, line: number): LinedText[] | undefined {
  const list = /^\[([^[\]{}"'#&*!\\]*)\]$/.exec(rest)?.[1];
  const texts = list === undefined ? [plainText(rest)] : list.trim() === "" ? [] : list.split(",").map(plainText);
  return texts.every((text) => text !== undefined) ? texts.map((text) => ({ text, line })) : undefined;
}

/** A scalar of one line without escapes, its comment taken away; undefined for any other form. */
function plainText(written: string): string | undefined {
  const [, double, single, plain] =
    /^(?:"([^"\\]*)"|'([^']*)'|([^\s"'&*!|>{}[\]@`%?#,-][^#]*?|-?[^\s"'&*!|>{}[\]@`%?#,-][^#]*?))(?:[ \t]+#.*)?$/.exec(
      written.trim(),
    ) ?? [];
  const text = double ?? single ?? plain;
  if (plain !== undefined && /:(?:\s|$)/.test(plain)) return undefined;
  return plain === "null" || plain === "~" ? "" : text;
}

/** Loaded at its first use. */
function library(): typeof import("yaml") {
  return require("yaml") as typeof import("yaml");
}

function readAnyKeys(text: string, isWanted: (key: string) => boolean): readonly YamlKey[] | undefined {
  try {
    const { isMap, isScalar, isSeq, LineCounter, parseAllDocuments } = library();
    const lineCounter = new LineCounter();
    const documents = parseAllDocuments(text, {
      lineCounter,
      logLevel: "silent",
      prettyErrors: false,
      uniqueKeys: false,
    });
    const [first] = documents as ReturnType<typeof import("yaml").parseDocument>[];
    if (first === undefined || first.errors.length > 0 || !isMap(first.contents)) return undefined;
    const textOf = (node: unknown, line: number): readonly LinedText[] => {
      const resolved = resolve(node);
      if (isSeq(resolved)) return resolved.items.flatMap((item) => (isSeq(resolve(item)) ? [] : textOf(item, line)));
      if (!isScalar(resolved)) return [];
      const at = resolved.range?.[0];
      const { value, source } = resolved;
      const shown = typeof value === "string" ? value : value === null ? "" : (source ?? String(value));
      return [{ text: shown, line: at === undefined ? line : lineCounter.linePos(at).line }];
    };
    const resolve = (node: unknown): unknown =>
      library().isAlias(node) ? (node.resolve(first) as Node | undefined) : node;
    return first.contents.items.flatMap(({ key, value }): readonly YamlKey[] => {
      if (!isScalar(key) || typeof key.value !== "string" || !isWanted(key.value)) return [];
      const at = key.range?.[0];
      const line = at === undefined ? 1 : lineCounter.linePos(at).line;
      return [{ key: key.value, values: value === null ? [{ text: "", line }] : textOf(value, line) }];
    });
  } catch {
    // Nested so deep that the stack does not hold it: no program reads that either.
    return undefined;
  }
}
