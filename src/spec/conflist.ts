// The form of a conflist: what the CNI specification and libcni's loader demand of the document itself. Pure. What the
// fields of single plugins mean is in `fields.ts`, whether their programs are there in `programs.ts`.

import { describeError } from "../sys/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../sys/json.ts";
import type { ConflistProblem } from "./problem.ts";
import { isProgramName } from "./program-name.ts";
import { cniVersions, isSupportedVersion } from "./versions.ts";

/** A plugin's entry and where it stands (`plugins[0]`). */
export interface PluginEntry {
  readonly path: string;
  readonly type: string;
  readonly entry: JsonObject;
}

export type ParsedConflist =
  | { readonly kind: "conflist"; readonly json: JsonObject }
  | { readonly kind: "problem"; readonly problem: ConflistProblem };

/** The document, or the one problem that keeps it from being read at all. */
export function parseConflist(text: string): ParsedConflist {
  const refuse = (message: string, hint?: string): ParsedConflist => ({
    kind: "problem",
    problem: { path: "", message, hint },
  });
  if (text.trim() === "") return refuse("is empty");
  if (text.startsWith("\uFEFF")) return refuse("starts with a byte order mark, which JSON does not allow");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const hasComments = /^\s*(#|\/\/|\/\*)/m.test(text);
    const why = describeError(error).replace(/^JSON Parse error: /, "");
    return refuse(`is not JSON: ${why}`, hasComments ? "JSON has no comments: remove them" : undefined);
  }
  return isJsonObject(json) ? { kind: "conflist", json } : refuse("is not a JSON object");
}

/** The plugins whose entries are objects with a type, in order. */
export function pluginEntries(conflist: JsonObject): readonly PluginEntry[] {
  const list: readonly JsonValue[] = Array.isArray(conflist.plugins) ? conflist.plugins : [];
  return list.flatMap((entry, index) =>
    isJsonObject(entry) && isProgramName(entry.type) ? [{ path: `plugins[${index}]`, type: entry.type, entry }] : [],
  );
}

/** Everything wrong with the document's form. */
export function* structureProblems(conflist: JsonObject): Generator<ConflistProblem> {
  yield* versionProblems(conflist);
  yield* nameProblems(conflist.name);
  for (const key of ["disableCheck", "disableGC", "loadOnlyInlinedPlugins"]) {
    const value = conflist[key];
    if (value !== undefined && typeof value !== "boolean" && value !== "true" && value !== "false") {
      yield { path: key, message: "is not true or false" };
    }
  }
  const { plugins } = conflist;
  if (!Array.isArray(plugins)) {
    const isSingle = typeof conflist.type === "string";
    yield {
      path: "plugins",
      message: plugins === undefined ? "is missing" : "is not a list",
      hint: isSingle ? "this is the configuration of a single plugin (.conf): put it into a list" : undefined,
    };
    return;
  }
  if (plugins.length === 0) yield { path: "plugins", message: "is empty: a runtime refuses the whole folder for it" };
  for (const [index, entry] of plugins.entries()) yield* entryProblems(`plugins[${index}]`, entry);
}

function* versionProblems(conflist: JsonObject): Generator<ConflistProblem> {
  const known = cniVersions.join(", ");
  const { cniVersion, cniVersions: offered } = conflist;
  if (cniVersion === undefined) {
    yield { path: "cniVersion", message: "is missing", hint: `write one of ${known}` };
  } else if (!isSupportedVersion(cniVersion)) {
    yield { path: "cniVersion", message: `is ${JSON.stringify(cniVersion)}, known are ${known}` };
  }
  if (offered !== undefined && !(Array.isArray(offered) && offered.every((item) => typeof item === "string"))) {
    yield { path: "cniVersions", message: "is not a list of versions" };
  }
}

function* nameProblems(name: JsonValue | undefined): Generator<ConflistProblem> {
  if (name === undefined || name === "") {
    yield { path: "name", message: "is missing" };
  } else if (typeof name !== "string" || !/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) {
    const message = `is ${JSON.stringify(name)}: a letter or digit, then letters, digits, "_", "." and "-" are allowed`;
    yield { path: "name", message };
  }
}

function* entryProblems(path: string, entry: JsonValue): Generator<ConflistProblem> {
  if (!isJsonObject(entry)) {
    yield { path, message: "is not an object" };
    return;
  }
  const problem = typeProblem(entry.type);
  if (problem !== undefined) yield { path: `${path}.type`, message: problem };
  const { capabilities, ipam } = entry;
  if (capabilities !== undefined && !isJsonObject(capabilities)) {
    yield { path: `${path}.capabilities`, message: "is not an object" };
  }
  for (const [name, value] of Object.entries(isJsonObject(capabilities) ? capabilities : {})) {
    if (typeof value !== "boolean") yield { path: `${path}.capabilities.${name}`, message: "is not true or false" };
  }
  for (const key of ["ipam", "dns", "args", "delegate"]) {
    const value = entry[key];
    if (value !== undefined && !isJsonObject(value)) yield { path: `${path}.${key}`, message: "is not an object" };
  }
  // An empty `ipam` is how a plugin is told to give no addresses.
  if (isJsonObject(ipam) && Object.keys(ipam).length > 0) {
    const ipamProblem = typeProblem(ipam.type);
    if (ipamProblem !== undefined) yield { path: `${path}.ipam.type`, message: ipamProblem };
  }
}

/** Why a value cannot name a plugin's program. */
function typeProblem(type: JsonValue | undefined): string | undefined {
  if (type === undefined || type === "") return "is missing";
  if (typeof type !== "string") return "is not a string";
  return isProgramName(type) ? undefined : `is "${type}": a program's name without slashes is wanted`;
}
