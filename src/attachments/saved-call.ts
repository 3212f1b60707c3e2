// The saved call of an attachment, one small file: what its ADD asked of the delegate, so that DEL and CHECK ask the same even when
// the node's settings have changed since. Type, JSON form and the name of the file. Pure; on the plugin's start-up path.

import { maxSavedCallBytes, pluginName } from "../node-state/names.ts";
import { isProgramName } from "../spec/program-name.ts";
import { type CniVersion, isSupportedVersion } from "../spec/versions.ts";
import { join } from "../sys/fs/path.ts";
import { sha256Hex } from "../sys/fs/sha256.ts";
import { isJsonObject, type JsonObject, tryParseJsonObject } from "../sys/json.ts";
import { fault, ok, type Result } from "../sys/result.ts";
import type { AttachmentKey } from "./attachment.ts";

const suffix = ".json";
/** NAME_MAX is 255 bytes, of which a temporary file's name needs some. */
const maxNameLength = 200;

/** What is saved. */
export interface SavedCall {
  /** The version the delegate answered in: older than the config's when the delegate is. */
  readonly cniVersion: CniVersion;
  readonly delegate: JsonObject;
}

/** What a file says. */
export interface SavedCallContent {
  readonly key: AttachmentKey;
  /** Undefined for one that no delegate may be asked with, e.g. of another program's form. */
  readonly call: SavedCall | undefined;
  /** The delegate's `ipam`, also of a call that is not to be used. */
  readonly ipam: unknown;
}

/**
 * The file of an attachment. Neither a network nor a container ID may hold "@", so the parts cannot run into each other; names too
 * long for a file become a hash, told apart by the "@" no other name starts with.
 */
export function savedCallPath(dataDir: string, { network, containerId, ifname }: AttachmentKey): string {
  const name = `${network}@${containerId}@${ifname}`;
  const isShort = new TextEncoder().encode(name).length <= maxNameLength;
  return join(dataDir, (isShort ? name : `@${sha256Hex(name)}`) + suffix);
}

/** What a file's name says: the attachment, or that only the content can say it (`hashed`). Undefined for no saved call's name. */
export function parseSavedCallName(
  name: string,
):
  | { readonly kind: "named"; readonly network: string; readonly key: AttachmentKey | undefined }
  | { readonly kind: "hashed" }
  | undefined {
  if (!name.endsWith(suffix)) return undefined;
  if (name.startsWith("@")) return { kind: "hashed" };
  // Only an interface's name may hold "@".
  const [, network, containerId, ifname] = /^([^@]+)@([^@]+)@(.+)\.json$/.exec(name) ?? [];
  if (network === undefined || containerId === undefined || ifname === undefined) {
    return { kind: "named", network: name.split("@")[0] ?? "", key: undefined };
  }
  return { kind: "named", network, key: { network, containerId, ifname } };
}

/** The file's text; a fault for a call that is too long to be saved. */
export function encodeSavedCall(key: AttachmentKey, call: SavedCall): Result<string> {
  // Not indented: deep nesting would make that quadratic in the length of what the runtime sent.
  const text = `${JSON.stringify({ version: 1, ...key, ...call })}\n`;
  const isLong = text.length * 3 > maxSavedCallBytes && new TextEncoder().encode(text).length > maxSavedCallBytes;
  return isLong ? fault(`is larger than ${maxSavedCallBytes} bytes`) : ok(text);
}

/** What a file's bytes say; undefined when they name no attachment: torn by a power loss, or another program's. */
export function decodeSavedCall(bytes: Uint8Array): SavedCallContent | undefined {
  const json = tryParseJsonObject(new TextDecoder().decode(bytes));
  if (json === undefined) return undefined;
  const { network, containerId, ifname, delegate } = json;
  if (typeof network !== "string" || typeof containerId !== "string" || typeof ifname !== "string") return undefined;
  const ipam = isJsonObject(delegate) ? delegate.ipam : undefined;
  return { key: { network, containerId, ifname }, call: decodeCall(json), ipam };
}

function decodeCall({ version, cniVersion, delegate }: JsonObject): SavedCall | undefined {
  if (version !== 1 || !isSupportedVersion(cniVersion) || !isJsonObject(delegate)) return undefined;
  if (!isProgramName(delegate.type) || delegate.type === pluginName) return undefined;
  return { cniVersion, delegate };
}
