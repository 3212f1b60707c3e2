// What HeadCNI remembers of a configuration folder it works in, as one JSON file: what it moved aside and how that looked,
// which bytes at our name were its own, which earlier versions are kept. The form and its reading; pure.

import { conflistFileName } from "../../node-state/names.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../sys/json.ts";

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
 * - `leftover`: of an installation that is over, or nobody's that is known; it stays where and as it is
 */
export type AsideRole = "original" | "later" | "leftover";

/** A file that lies, or is about to lie, under a name no runtime reads. */
export interface AsideRecord extends FileRecord {
  readonly aside: string;
  readonly role: AsideRole;
  /**
   * `planned` is written before the move, so that a crash between the two is understood. `left` is what a restore that is
   * over could not bring back: another restore tries again, the next installation has nothing to do with it.
   */
  readonly state: "planned" | "aside" | "left";
}

/** Whether the entry is what was at HeadCNI's own name before it. */
export function isOurOriginal({ name, role }: AsideRecord): boolean {
  return name === conflistFileName && role === "original";
}

/** Content that was replaced, or that somebody asked to keep. */
export interface VersionRecord extends FileRecord {
  readonly writtenBy: "headcni" | "other";
}

/** All that is remembered of one folder. */
export interface FolderRecord {
  /** SHA-256 of what HeadCNI wrote, or was about to write, at our name; newest last. Empty: never installed here. */
  readonly written: readonly string[];
  readonly aside: readonly AsideRecord[];
  readonly versions: readonly VersionRecord[];
}

export const emptyRecord: FolderRecord = { written: [], aside: [], versions: [] };

export function isEmptyRecord(record: FolderRecord): boolean {
  return record.written.length === 0 && record.aside.length === 0 && record.versions.length === 0;
}

/** The record once HeadCNI is out of the folder: what still lies aside could not be brought back. */
export function endOfInstallation(record: FolderRecord): FolderRecord {
  const aside = record.aside.map((entry) =>
    entry.role === "leftover" || entry.state === "left" ? entry : { ...entry, state: "left" as const },
  );
  return { ...record, written: [], aside };
}

/** Folder path → what is remembered of it. */
export type Manifest = ReadonlyMap<string, FolderRecord>;

const formatVersion = 1;

export function encodeManifest(manifest: Manifest): JsonObject {
  const folders = [...manifest].map(([folder, record]): [string, JsonObject] => [
    folder,
    {
      written: record.written,
      aside: record.aside.map(encodeAside),
      versions: record.versions.map((entry) => ({ ...encodeFile(entry), writtenBy: entry.writtenBy })),
    },
  ]);
  return { version: formatVersion, folders: Object.fromEntries(folders) };
}

export function encodeAside(entry: AsideRecord): JsonObject {
  return { ...encodeFile(entry), aside: entry.aside, role: entry.role, state: entry.state };
}

/** A record as JSON: mode in octal, nanoseconds as text because a JSON number cannot hold them. */
export function encodeFile(record: FileRecord): JsonObject {
  const { name, kind, mode, uid, gid, mtimeNs, sha256, target, copy, at } = record;
  return {
    name,
    kind,
    mode: mode.toString(8).padStart(4, "0"),
    uid,
    gid,
    mtimeNs: String(mtimeNs),
    sha256,
    target,
    copy,
    at,
  };
}

/** The manifest in a file's text, or the end of a sentence that says why it is none. Unknown keys are passed over. */
export function decodeManifest(text: string): Manifest | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return "is not JSON";
  }
  if (!isJsonObject(json) || !isJsonObject(json.folders)) return "is not a manifest of HeadCNI";
  if (json.version !== formatVersion)
    return `has version ${JSON.stringify(json.version)}, this HeadCNI reads ${formatVersion}`;
  const manifest = new Map<string, FolderRecord>();
  for (const [folder, value] of Object.entries(json.folders)) {
    if (!isJsonObject(value)) return `says nothing usable of ${folder}`;
    const names = new Set<string>();
    const aside = decodeList(value.aside, (item) => decodeAside(item, names));
    const versions = decodeList(value.versions, decodeVersion);
    if (aside === undefined || versions === undefined) return `has an entry of ${folder} that cannot be read`;
    const written = (Array.isArray(value.written) ? value.written : []).filter((item) => typeof item === "string");
    manifest.set(folder, { written, aside, versions });
  }
  return manifest;
}

/** Undefined when one entry cannot be read: half a manifest would restore half a folder and call it whole. */
function decodeList<T>(value: JsonValue | undefined, decode: (item: JsonObject) => T | undefined): T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const items = value.map((item: JsonValue) => (isJsonObject(item) ? decode(item) : undefined));
  const usable = items.filter((item) => item !== undefined);
  return usable.length === items.length ? usable : undefined;
}

/** @param names those of the entries before it; this one's is added */
function decodeAside(json: JsonObject, names: Set<string>): AsideRecord | undefined {
  const file = decodeFile(json);
  const { aside, state } = json;
  if (file === undefined || !isFileName(aside)) return undefined;
  if (state !== "planned" && state !== "aside" && state !== "left") return undefined;
  // Manifests of earlier versions name no role: there the first of a name is the original.
  const { role = names.has(file.name) ? "later" : "original" } = json;
  names.add(file.name);
  if (role !== "original" && role !== "later" && role !== "leftover") return undefined;
  return { ...file, aside, role, state };
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

/** A name in a folder and nothing that leads out of it. */
function isFileName(value: JsonValue | undefined): value is string {
  return typeof value === "string" && value !== "" && !value.includes("/") && value !== "." && value !== "..";
}
