// The configuration a runtime hands to the plugin on standard input: the specification's own keys, and ours. Decoded by hand:
// a schema library would cost more than the rest of the start.

import { defaultDelegateTimeoutMs, pluginName, savedCallsDir } from "../node-state/names.ts";
import { nodeStateFiles } from "../node-state/node-state-file.ts";
import { programNameProblem } from "../spec/program-name.ts";
import { type CniVersion, cniVersions, isSupportedVersion } from "../spec/versions.ts";
import { describeError } from "../sys/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue, parseJsonExactly } from "../sys/json.ts";
import { CniError, cniCodes } from "./cni-error.ts";
import { namePattern } from "./environment.ts";

const maxTimeoutSeconds = 3600;

export interface NetworkConfig {
  readonly cniVersion: CniVersion;
  /** The network's name. */
  readonly name: string;
  /** The document as it came. */
  readonly json: JsonObject;
  /** What the operator says of the delegate; empty when the configuration does not. */
  readonly delegate: JsonObject;
  readonly dataDir: string;
  readonly delegateTimeoutMs: number;
  /** Where the node's state is read: the daemon's files, unless the configuration names another one. */
  readonly nodeStateFiles: readonly string[];
}

/** As deep as Go's decoder goes, which every delegate reads it with. */
const maxDepth = 10_000;

/** What every answer needs first, decoded before the rest. */
export interface ConfigHead {
  readonly json: JsonObject;
  readonly name: string;
  /** As written; "0.1.0" where nothing is, which is what the specification says of silence. */
  readonly cniVersion: string;
}

/** @throws CniError 6 when it is no JSON object, 7 when the network's name is missing or not one. */
export function decodeHead(text: string): ConfigHead {
  let json: unknown;
  try {
    json = parseJsonExactly(text);
  } catch (error) {
    const what = text.trim() === "" ? "there is none on standard input" : describeError(error);
    throw new CniError(cniCodes.cannotDecode, `Cannot decode the network config: ${what}`);
  }
  if (!isJsonObject(json)) {
    throw new CniError(cniCodes.cannotDecode, "Cannot decode the network config: it is not a JSON object");
  }
  if (isNestedDeeper(text, maxDepth)) {
    throw new CniError(cniCodes.cannotDecode, `Cannot decode the network config: it is nested deeper than ${maxDepth}`);
  }
  const name = optionalString(json, "name");
  if (name === "") throw new CniError(cniCodes.invalidConfig, "missing network name");
  if (!namePattern.test(name)) {
    throw new CniError(cniCodes.invalidConfig, "invalid characters found in network name", name);
  }
  return { json, name, cniVersion: optionalString(json, "cniVersion") || "0.1.0" };
}

/** @throws CniError 1 for a version we do not speak, 7 naming the key that is wrong. */
export function decodeConfig({ json, name, cniVersion }: ConfigHead): NetworkConfig {
  if (!isSupportedVersion(cniVersion)) {
    const details = `config is "${cniVersion}", plugin supports ${JSON.stringify(cniVersions)}`;
    throw new CniError(cniCodes.incompatibleVersion, "incompatible CNI versions", details);
  }
  if (optionalString(json, "type") === "") throw invalid("type", "is missing");
  const stateFile = absolutePathAt(json, "nodeStateFile");
  return {
    cniVersion,
    name,
    json,
    delegate: decodeDelegate(json.delegate),
    dataDir: absolutePathAt(json, "dataDir") ?? savedCallsDir,
    delegateTimeoutMs: decodeTimeout(json.delegateTimeoutSeconds),
    nodeStateFiles: stateFile === undefined ? nodeStateFiles : [stateFile],
  };
}

/** Whether JSON nests objects and lists deeper than `limit`. */
function isNestedDeeper(text: string, limit: number): boolean {
  // Each level has a bracket at its beginning and one at its end.
  if (text.length <= 2 * limit) return false;
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === "\\" && isInString) at += 1;
    else if (char === '"') isInString = !isInString;
    else if (isInString) continue;
    else if (char === "{" || char === "[") depth += 1;
    else if (char === "}" || char === "]") depth -= 1;
    if (depth > limit) return true;
  }
  return false;
}

function decodeDelegate(delegate: JsonValue | undefined): JsonObject {
  if (delegate === undefined || delegate === null) return {};
  if (!isJsonObject(delegate)) throw invalid("delegate", "is not an object");
  const { type, ipam } = delegate;
  const typeProblem = type === undefined ? undefined : programNameProblem(type);
  if (typeProblem !== undefined) throw invalid("delegate.type", typeProblem);
  if (type === pluginName) throw invalid("delegate.type", `is ${pluginName}: the plugin cannot delegate to itself`);
  if (ipam !== undefined && !isJsonObject(ipam)) throw invalid("delegate.ipam", "is not an object");
  const ipamProblem = ipam?.type === undefined ? undefined : programNameProblem(ipam.type);
  if (ipamProblem !== undefined) throw invalid("delegate.ipam.type", ipamProblem);
  return delegate;
}

function decodeTimeout(seconds: JsonValue | undefined): number {
  if (seconds === undefined || seconds === null) return defaultDelegateTimeoutMs;
  if (typeof seconds === "number" && seconds > 0 && seconds <= maxTimeoutSeconds) return seconds * 1000;
  throw invalid(
    "delegateTimeoutSeconds",
    `is ${JSON.stringify(seconds)}, not a number of seconds up to ${maxTimeoutSeconds}`,
  );
}

/** A string that may be missing (then ""); any other type cannot be decoded, as in every plugin written in Go. */
function optionalString(json: JsonObject, key: string): string {
  const value = json[key];
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  throw new CniError(cniCodes.cannotDecode, `Cannot decode the network config: ${key} is not a string`);
}

function absolutePathAt(json: JsonObject, key: string): string | undefined {
  const value = optionalString(json, key);
  if (value === "") return undefined;
  if (value.startsWith("/") && !value.includes("\0")) return value;
  throw invalid(key, `is "${value}", not an absolute path`);
}

function invalid(key: string, problem: string): CniError {
  return new CniError(cniCodes.invalidConfig, `Invalid network config: ${key} ${problem}`);
}
