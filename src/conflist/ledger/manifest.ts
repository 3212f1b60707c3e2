// What HeadCNI remembers of a configuration directory, and its form on the disk: one JSON file with what was moved aside and
// how it looked, which bytes at our name were HeadCNI's own, and which earlier versions are kept. Pure.

import { conflistFileName } from "../../node-state/names.ts";
import { octal } from "../../sys/fs/octal.ts";
import { isJsonObject, type JsonObject, type JsonValue, printJson } from "../../sys/json.ts";
import { fault, ok, type Result } from "../../sys/result.ts";

/** What a file was: enough to put it back, and to tell whether it has changed since. */
export interface FileRecord {
  readonly name: string;
  readonly kind: "file" | "symlink" | "other";
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since the epoch. */
  readonly mtimeNs: bigint;
  /** Of a regular file's content; undefined when it is too large to be a configuration. */
  readonly sha256: string | undefined;
  /** Where a symbolic link points. */
  readonly target: string | undefined;
  /** Name of a copy of the content among the backups. */
  readonly copy: string | undefined;
  /** When it was recorded, ISO 8601. */
  readonly at: string;
}

/**
 * What a file that lies aside is to the installation in force:
 * - `original`: what had its name before; a restore gives it back
 * - `later`: came to the name while HeadCNI's file was in force
 * - `leftover`: of an installation that is over, or of unknown origin; it stays where and as it is
 */
export const asideRoles = ["original", "later", "leftover"] as const;
export type AsideRole = (typeof asideRoles)[number];

/**
 * `planned` is written before the move, so that a crash between the two is understood. `left` is what a restore that is over
 * could not bring back: another restore tries again, the next installation has nothing to do with it.
 */
export const asideStates = ["planned", "aside", "left"] as const;
export type AsideState = (typeof asideStates)[number];

/** A file that lies, or is about to lie, under a name no runtime reads. */
export interface AsideRecord extends FileRecord {
  readonly aside: string;
  readonly role: AsideRole;
  readonly state: AsideState;
}

/** Whether the entry is what was at HeadCNI's own name before it. */
export function isOurOriginal({ name, role }: AsideRecord): boolean {
  return name === conflistFileName && role === "original";
}

/** Content that was replaced, or that an operator asked to keep. */
export interface VersionRecord extends FileRecord {
  readonly writtenBy: "headcni" | "other";
}

/** All that is remembered of one directory. */
export interface DirRecord {
  /** SHA-256 of what HeadCNI wrote, or was about to write, at our name; newest last. Empty: not installed here. */
  readonly written: readonly string[];
  readonly aside: readonly AsideRecord[];
  readonly versions: readonly VersionRecord[];
}

export const emptyRecord: DirRecord = { written: [], aside: [], versions: [] };

export function isSameRecord(a: DirRecord, b: DirRecord): boolean {
  return a === b || printJson(encodeDir(a)) === printJson(encodeDir(b));
}

/** Directory path → what is remembered of it. */
export type Manifest = ReadonlyMap<string, DirRecord>;

const formatVersion = 1;

export function encodeManifest(manifest: Manifest): JsonObject {
  const dirs = [...manifest].map(([dir, record]): [string, JsonObject] => [dir, encodeDir(record)]);
  return { version: formatVersion, folders: Object.fromEntries(dirs) };
}

function encodeDir({ written, aside, versions }: DirRecord): JsonObject {
  return { written, aside: aside.map(encodeAside), versions: versions.map(encodeVersion) };
}

export function encodeAside(entry: AsideRecord): JsonObject {
  return { ...encodeFile(entry), aside: entry.aside, role: entry.role, state: entry.state };
}

export function encodeVersion(entry: VersionRecord): JsonObject {
  return { ...encodeFile(entry), writtenBy: entry.writtenBy };
}

/** A record as JSON: mode in octal, nanoseconds as text because a JSON number cannot hold them. */
function encodeFile({ name, kind, mode, uid, gid, mtimeNs, sha256, target, copy, at }: FileRecord): JsonObject {
  return { name, kind, mode: octal(mode), uid, gid, mtimeNs: String(mtimeNs), sha256, target, copy, at };
}

/** The manifest in a file's text, or the end of a sentence that says why it is none. Unknown keys are passed over. */
export function decodeManifest(text: string): Result<Manifest> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return fault("is not JSON");
  }
  if (!isJsonObject(json) || !isJsonObject(json.folders)) return fault("is not a manifest of HeadCNI");
  if (json.version !== formatVersion)
    return fault(`has version ${JSON.stringify(json.version)}, this HeadCNI reads ${formatVersion}`);
  const manifest = new Map<string, DirRecord>();
  for (const [dir, value] of Object.entries(json.folders)) {
    if (!isJsonObject(value)) return fault(`says nothing usable of ${dir}`);
    const names = new Set<string>();
    const aside = decodeList(value.aside, (item) => decodeAside(item, names));
    const versions = decodeList(value.versions, decodeVersion);
    if (aside === undefined || versions === undefined) return fault(`has an entry of ${dir} that cannot be read`);
    const written = (Array.isArray(value.written) ? value.written : []).filter((item) => typeof item === "string");
    manifest.set(dir, { written, aside, versions });
  }
  return ok(manifest);
}

/** Undefined when one entry cannot be read: half a manifest would restore half a directory and call it whole. */
function decodeList<T>(value: JsonValue | undefined, decode: (item: JsonObject) => T | undefined): T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const items = value.map((item: JsonValue) => (isJsonObject(item) ? decode(item) : undefined));
  const usable = items.filter((item) => item !== undefined);
  return usable.length === items.length ? usable : undefined;
}

/** @param names those of the entries before it; this one's is added */
function decodeAside(json: JsonObject, names: Set<string>): AsideRecord | undefined {
  const file = decodeFile(json);
  if (file === undefined || !isFileName(json.aside)) return undefined;
  const state = asideStates.find((known) => known === json.state);
  // Manifests of earlier versions name no role: there the first of a name is the original.
  const unnamed = names.has(file.name) ? "later" : "original";
  const role = asideRoles.find((known) => known === (json.role ?? unnamed));
  names.add(file.name);
  return state === undefined || role === undefined ? undefined : { ...file, aside: json.aside, role, state };
}

function decodeVersion(json: JsonObject): VersionRecord | undefined {
  const file = decodeFile(json);
  return file === undefined ? undefined : { ...file, writtenBy: json.writtenBy === "headcni" ? "headcni" : "other" };
}

function decodeFile(json: JsonObject): FileRecord | undefined {
  const { name, kind, mode, uid, gid, mtimeNs, sha256, target, copy, at } = json;
  if (!isFileName(name) || (kind !== "file" && kind !== "symlink" && kind !== "other")) return undefined;
  if (typeof mode !== "string" || !/^[0-7]{1,5}$/.test(mode)) return undefined;
  if (typeof mtimeNs !== "string" || !/^-?\d{1,20}$/.test(mtimeNs)) return undefined;
  if (typeof uid !== "number" || typeof gid !== "number" || (copy !== undefined && !isFileName(copy))) return undefined;
  return {
    name,
    kind,
    mode: Number.parseInt(mode, 8),
    uid,
    gid,
    mtimeNs: BigInt(mtimeNs),
    sha256: typeof sha256 === "string" ? sha256 : undefined,
    target: typeof target === "string" ? target : undefined,
    copy,
    at: typeof at === "string" ? at : "",
  };
}

/** A name in a directory and nothing that leads out of it. */
function isFileName(value: JsonValue | undefined): value is string {
  return typeof value === "string" && value !== "" && !value.includes("/") && value !== "." && value !== "..";
}
