// Turns the faults that the schema found into sentences for the operator: where it stands, the value, what is wrong, what to
// write; with "did you mean" for names that are nearly known.

import editDistance from "damerau-levenshtein";
import type * as z from "zod/mini";
import { clip } from "../cidr/addr.ts";
import type { ConfigIssue } from "../sys/errors.ts";
import type { Env } from "../sys/machine.ts";
import type { KeyFinding } from "./checks.ts";
import type { ConfigOrigin } from "./config.ts";
import { type ConfigKey, configKeys, configSections } from "./keys.ts";
import { locate, nameOf } from "./layers.ts";
import type { Located } from "./yaml-file.ts";

/** Where values came from. */
interface ConfigSources {
  readonly document: Located | undefined;
  readonly file: string;
  readonly origins: ReadonlyMap<string, ConfigOrigin>;
}

/**
 * One finding for each thing wrong. A key that is unknown beside another unknown key is one of its own, and so is each wrong
 * entry of a map or list.
 */
export function toFindings(issues: readonly z.core.$ZodIssue[]): readonly KeyFinding[] {
  return issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((name) => ({
        path: [...issue.path, name],
        message: unknownKey(issue.path.map(String), name),
      }));
    }
    return entryIssues(issue) ?? [{ path: issue.path, message: describe(issue) }];
  });
}

/** The faults inside of a value that may be text, a list or a map; undefined when it is none of these. */
function entryIssues(issue: z.core.$ZodIssue): readonly KeyFinding[] | undefined {
  if (issue.code !== "invalid_union") return undefined;
  const inside = issue.errors.find((option) => option.every(({ path }) => path.length > 0));
  return inside && toFindings(inside.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })));
}

/** The finding with its place: the line in the file, or the variable or flag that set the value. */
export function place({ path, message }: KeyFinding, { document, file, origins }: ConfigSources): ConfigIssue {
  const key = printPath(path);
  const leaf = leafOf(path);
  const origin = origins.get(key) ?? (leaf === undefined ? undefined : origins.get(leaf.key));
  const name = origin === undefined ? undefined : nameOf(origin);
  if (name !== undefined) return { path: key, message: `${name}: ${message}` };
  if (document === undefined) return { path: key, message };
  const line =
    origins.get(key) === origin && origin?.source === "file" ? origin.line : locate(document, path).located.line;
  return { path: key, message, file, line };
}

/** The key a path leads to or into. */
function leafOf(path: readonly PropertyKey[]): ConfigKey | undefined {
  return configKeys.find((known) => known.path.every((name, at) => path[at] === name));
}

/** The path as messages name it: `network.podCIDR.nodeLocal.worker-1`, `cni.plugins[0].type`. */
function printPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((above, name) => {
    if (typeof name === "number") return `${above}[${name}]`;
    return above === "" ? String(name) : `${above}.${String(name)}`;
  }, "");
}

/** A sentence that begins with the value; the schema has the rest of it. */
function describe(issue: z.core.$ZodIssue): string {
  const isEntry = issue.path.length > (leafOf(issue.path)?.path.length ?? issue.path.length);
  if (issue.input === "" && !isEntry) return "is empty; give it a value, or leave it out for the default";
  const value = show(issue.input);
  if (issue.code === "invalid_key") return `${value} ${issue.issues[0]?.message}`;
  if (issue.code !== "invalid_value") return `${value} ${issue.message}`;
  const choices = issue.values.map(String);
  const meant = suggest(String(issue.input), choices);
  return `${value} is not one of ${choices.join(", ")}${meant === undefined ? "" : `; did you mean ${meant}?`}`;
}

function unknownKey(section: readonly string[], key: string): string {
  const siblings = childrenOf(section);
  const meant = suggest(key, siblings);
  if (meant !== undefined) return `unknown key; did you mean ${[...section, meant].join(".")}?`;
  const elsewhere = [...configKeys.map(({ path }) => path), ...configSections].find(
    (path) => path.at(-1)?.toLowerCase() === key.toLowerCase(),
  );
  if (elsewhere !== undefined) return `unknown key here; did you mean ${elsewhere.join(".")}?`;
  return siblings.length === 0 ? "unknown key" : `unknown key; known here: ${siblings.join(", ")}`;
}

/** The names a section, or a value that is a map, takes. */
function childrenOf(section: readonly string[]): readonly string[] {
  if (section.join(".") === "network.podCIDR.perNode") return ["ipv4", "ipv6"];
  const below = [...configSections, ...configKeys.map(({ path }) => path)];
  return below
    .filter((path) => path.length === section.length + 1 && section.every((name, at) => path[at] === name))
    .flatMap((path) => path.slice(-1));
}

/** A value as it would be written, cut to a length fit for a line. Of a map the keys alone: it may hold a secret. */
function show(value: unknown): string {
  return value === undefined ? "nothing" : clip(shape(value));
}

function shape(value: unknown): string {
  if (typeof value === "number") return yamlNumber(value);
  if (Array.isArray(value)) return `[${value.map(shape).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.keys(value)
    .map((name) => `${JSON.stringify(name)}:…`)
    .join(",")}}`;
}

/** YAML has words for these, JSON has none. */
function yamlNumber(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  return Number.isFinite(value) ? String(value) : value > 0 ? ".inf" : "-.inf";
}

/**
 * Warnings of variables that are nearly one of ours. Others that begin with HEADCNI_ are ignored: Kubernetes itself sets
 * HEADCNI_SERVICE_HOST and the like in the pods of a cluster with a Service named headcni.
 */
export function strayVariables(env: Env): readonly ConfigIssue[] {
  const ours = [...configKeys.map(({ variable }) => variable), "HEADCNI_CONFIG"];
  return Object.keys(env).flatMap((variable) => {
    if (!variable.startsWith("HEADCNI_") || ours.includes(variable)) return [];
    const meant = suggest(
      variable.slice(8),
      ours.map((name) => name.slice(8)),
    );
    return meant === undefined ? [] : [{ path: variable, message: `unknown variable; did you mean HEADCNI_${meant}?` }];
  });
}

/** "Did you mean": the nearest of `words`, ignoring case, when it is near enough to be a typing error; else undefined. */
export function suggest(word: string, words: Iterable<string>): string | undefined {
  const asked = word.toLowerCase();
  if (asked.length > 60) return undefined;
  let best: { word: string; distance: number } | undefined;
  for (const candidate of words) {
    const distance = editDistance(asked, candidate.toLowerCase()).steps;
    const isNear = distance <= Math.max(1, Math.floor(Math.min(asked.length, candidate.length) / 3));
    if (isNear && (best === undefined || distance < best.distance)) best = { word: candidate, distance };
  }
  return best?.word;
}
