// Turns what the schema found into sentences for the operator: where it stands, the value, what is wrong, what to write.

import type * as z from "zod/mini";
import { clip } from "../cidr/addr.ts";
import type { ConfigIssue } from "../sys/errors.ts";
import type { ConfigOrigin } from "./config.ts";
import { configKeys, configSections } from "./keys.ts";
import { locate, nameOf } from "./layers.ts";
import { suggest } from "./suggest.ts";
import type { Located } from "./yaml-file.ts";

export interface Found {
  readonly document: Located | undefined;
  readonly file: string;
  readonly origins: ReadonlyMap<string, ConfigOrigin>;
}

/** One issue for each thing wrong; a key that is unknown beside another unknown key is one of its own. */
export function toConfigIssues(issues: readonly z.core.$ZodIssue[], found: Found): readonly ConfigIssue[] {
  return issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") return [place(issue.path, describe(issue), found)];
    return issue.keys.map((key) => place([...issue.path, key], unknownKey(issue.path.map(String), key), found));
  });
}

/** The issue with its place: the line in the file, or the variable or flag that brought the value. */
export function place(path: readonly PropertyKey[], message: string, { document, file, origins }: Found): ConfigIssue {
  const key = path.map(String).join(".");
  const leaf = configKeys.find((known) => key === known.key || key.startsWith(`${known.key}.`));
  const origin = leaf === undefined ? undefined : origins.get(leaf.key);
  const name = origin === undefined ? undefined : nameOf(origin);
  if (name !== undefined) return { path: key, message: `${name}: ${message}` };
  if (document === undefined) return { path: key, message };
  return { path: key, message, file, line: locate(document, path).located.line };
}

/** A sentence that begins with the value; what is wrong with it is said in the schema. */
function describe(issue: z.core.$ZodIssue): string {
  if (issue.input === "") return "is empty; give it a value, or leave it out for the default";
  const value = show(issue.input);
  if (issue.code === "invalid_type" && issue.expected === "object")
    return `${value} stands where a map of keys belongs`;
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

/** A value as it would be written, cut to a length fit for a line. */
export function show(value: unknown): string {
  return value === undefined ? "nothing" : clip(JSON.stringify(value));
}
