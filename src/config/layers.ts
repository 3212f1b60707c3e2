// Lays the environment and the flags over the file, and records the origin of each key.

import { clip } from "../cidr/addr.ts";
import { normalizeNodeName } from "../spec/node-name-rule.ts";
import type { ConfigIssue } from "../sys/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../sys/json.ts";
import type { Env } from "../sys/machine.ts";
import { fault, ok, type Result } from "../sys/result.ts";
import type { ConfigOrigin } from "./config.ts";
import { type ConfigKey, configKeys, configSections } from "./keys.ts";
import type { Located } from "./yaml-file.ts";

/** A command-line flag that sets a key. */
export interface ConfigFlag {
  readonly flag: string;
  readonly key: string;
  readonly value: string;
}

export interface Layers {
  /** The file's document; undefined without a file. */
  readonly document: Located | undefined;
  readonly file: string;
  readonly env: Env;
  readonly flags: readonly ConfigFlag[];
}

interface MergedLayers {
  /** What goes through the schema. */
  readonly input: JsonValue;
  readonly origins: ReadonlyMap<string, ConfigOrigin>;
  /** Texts that are not JSON where they should be. */
  readonly issues: readonly ConfigIssue[];
}

export function mergeLayers({ document, file, env, flags }: Layers): MergedLayers {
  const issues: ConfigIssue[] = [];
  const origins = new Map<string, ConfigOrigin>();
  let input = document === undefined ? {} : plain(document, []);
  const put = ({ key, path, kind }: ConfigKey, text: string, origin: ConfigOrigin): void => {
    const value = readText(text, kind);
    if (value.kind === "fault") {
      issues.push({ path: key, message: `${nameOf(origin)}: ${clip(text.trim())} ${value.why}` });
      // The file's value below it does not count either.
      input = without(input, [path]);
    } else input = setAt(input, path, value.value);
    origins.set(key, origin);
  };
  for (const leaf of configKeys) {
    const inFile = document === undefined ? undefined : locate(document, leaf.path);
    if (inFile?.isWhole === true && !isNull(inFile.located)) {
      origins.set(leaf.key, { source: "file", file, line: inFile.located.line });
    }
    const text = env[leaf.variable];
    if (text !== undefined) put(leaf, text, { source: "env", variable: leaf.variable });
    for (const { flag, key, value } of flags) if (key === leaf.key) put(leaf, value, { source: "flag", flag });
    if (origins.get(leaf.key)?.source !== "file" || inFile?.located.kind !== "map") continue;
    for (const [name, { line }] of inFile.located.entries) {
      origins.set(`${leaf.key}.${normalizeNodeName(name)}`, { source: "file", file, line });
    }
  }
  return { input, origins, issues };
}

/** The deepest value of the document on the way to `path`, and whether it is the value at `path` itself. */
export function locate(document: Located, path: readonly PropertyKey[]): { located: Located; isWhole: boolean } {
  let located = document;
  for (const name of path) {
    const child = childOf(located, name);
    if (child === undefined) return { located, isWhole: false };
    located = child;
  }
  return { located, isWhole: true };
}

function childOf(located: Located, name: PropertyKey): Located | undefined {
  switch (located.kind) {
    case "map":
      return located.entries.get(String(name));
    case "list":
      return located.items[Number(name)];
    case "scalar":
      return undefined;
  }
}

function isNull(located: Located): boolean {
  return located.kind === "scalar" && located.value === null;
}

/** The variable or flag a value came from; undefined for the file, which has lines instead. */
export function nameOf(origin: ConfigOrigin): string | undefined {
  if (origin.source === "env") return origin.variable;
  return origin.source === "flag" ? origin.flag : undefined;
}

/** The document without lines. A known key with nothing after its colon is unset, as in Kubernetes' own files. */
function plain(located: Located, path: readonly string[]): JsonValue {
  if (located.kind === "scalar") return located.value;
  if (located.kind === "list") return located.items.map((item) => plain(item, [...path, "[]"]));
  const set = [...located.entries].filter(([name, child]) => !isNull(child) || !isKnown([...path, name]));
  return Object.fromEntries(set.map(([name, child]) => [name, plain(child, [...path, name])]));
}

const known: ReadonlySet<string> = new Set([...configSections, ...configKeys.map(({ path }) => path)].map(String));

function isKnown(path: readonly string[]): boolean {
  return known.has(String(path));
}

/** A copy of `input` without the values at these paths: a whole list for one of its items, everything for an empty path. */
export function without(input: JsonValue, paths: readonly (readonly PropertyKey[])[]): JsonValue {
  return isJsonObject(input) && paths.every((path) => path.length > 0) ? withoutIn(input, paths) : {};
}

function withoutIn(map: JsonObject, paths: readonly (readonly PropertyKey[])[]): JsonObject {
  const below = Map.groupBy(paths, ([name]) => String(name));
  return Object.fromEntries(
    Object.entries(map).flatMap(([name, value]) => {
      const inner = below.get(name)?.map(([, ...rest]) => rest);
      if (inner === undefined) return [[name, value]];
      return inner.some((path) => path.length === 0) || !isJsonObject(value) ? [] : [[name, withoutIn(value, inner)]];
    }),
  );
}

/** A copy of `input` with the value set. A section that is not a map stays as it is: the schema names the fault. */
function setAt(input: JsonValue, [name, ...rest]: readonly string[], value: JsonValue): JsonValue {
  if (name === undefined) return value;
  if (!isJsonObject(input)) return input;
  return { ...input, [name]: setAt(input[name] ?? {}, rest, value) };
}

/** Text from the environment or a flag as the key's kind of value. Text that begins like JSON must be JSON. */
function readText(text: string, kind: ConfigKey["kind"]): Result<JsonValue> {
  const trimmed = text.trim();
  if (kind === "number" && /^-?\d+$/.test(trimmed)) return ok(Number(trimmed));
  if (kind === "boolean" && (trimmed === "true" || trimmed === "false")) return ok(trimmed === "true");
  if (kind !== "structure" || !/^[[{]/.test(trimmed)) return ok(trimmed);
  try {
    const value: JsonValue = JSON.parse(trimmed);
    return ok(value);
  } catch (error) {
    if (error instanceof SyntaxError) return fault('is not valid JSON; write for example ["a"] or {"a": "b"}');
    throw error;
  }
}
