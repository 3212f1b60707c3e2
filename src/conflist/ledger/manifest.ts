// What HeadCNI remembers of a configuration directory, as it stands on the disk: one JSON file with what was moved aside and how it
// looked, which bytes at our name were HeadCNI's own, and which earlier versions are kept. Pure.

import { shortName } from "../../node-state/aside-name.ts";
import { conflistFileName } from "../../node-state/names.ts";
import { isJsonObject, type JsonObject, type JsonValue, printJson } from "../../sys/json.ts";
import { fault, ok, type Result } from "../../sys/result.ts";

/** What a file was: enough to put it back, and to tell whether it has changed since. */
export type FileRecord = {
  readonly name: string;
  readonly kind: "file" | "symlink" | "other";
  /** Permission bits, octal. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since the epoch: as text, because a JSON number cannot hold them. */
  readonly mtimeNs: string;
  /** Of a regular file's content; undefined when it is too large to be a configuration. */
  readonly sha256?: string | undefined;
  /** Where a symbolic link points. */
  readonly target?: string | undefined;
  /** Name of a copy of the content among the backups. */
  readonly copy?: string | undefined;
  /** When it was recorded, ISO 8601. */
  readonly at: string;
};

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

/** A file that lies, or is about to lie, under a name no runtime reads. */
export type AsideRecord = FileRecord & {
  readonly aside: string;
  readonly role: AsideRole;
  readonly state: (typeof asideStates)[number];
};

/** Content that was replaced, or that an operator asked to keep. */
export type VersionRecord = FileRecord & { readonly writtenBy: "headcni" | "other" };

/** All that is remembered of one directory. */
export type DirRecord = {
  /** SHA-256 of what HeadCNI wrote, or was about to write, at our name; newest last. Empty: not installed here. */
  readonly written: readonly string[];
  readonly aside: readonly AsideRecord[];
  readonly versions: readonly VersionRecord[];
};

/** Directory path → what is remembered of it. */
export type Manifest = ReadonlyMap<string, DirRecord>;

export const emptyRecord: DirRecord = { written: [], aside: [], versions: [] };

export function isSameRecord(a: DirRecord, b: DirRecord): boolean {
  return a === b || printJson(a) === printJson(b);
}

/** Whether the entry is what was at HeadCNI's own name before it. */
export function isOurOriginal({ name, role }: AsideRecord): boolean {
  return name === conflistFileName && role === "original";
}

/** Whether two files of a name are the same to a runtime: content and permission bits, or, links, where they point. */
export function isSameContent(a: FileRecord, b: FileRecord): boolean {
  if (a.kind === "symlink" || b.kind === "symlink") return a.kind === b.kind && a.target === b.target;
  return a.sha256 !== undefined && a.sha256 === b.sha256 && a.mode === b.mode;
}

/** Whether the record alone could bring the file back: by its copy, or, a link, by its target. */
export function isCopied({ copy, target }: FileRecord): boolean {
  return copy !== undefined || target !== undefined;
}

/** The record of a file of which a copy is kept: `10-calico.conflist.1f2e3d4c5b6a`, the name for people, the hash for us. */
export function withCopy<Of extends FileRecord>(file: Of): Of {
  const { name, sha256 } = file;
  return sha256 === undefined ? file : { ...file, copy: `${shortName(name)}.${sha256.slice(0, 12)}` };
}

/** How many of our own hashes are remembered, to tell our file from an edited one. */
const keptHashes = 20;
/** How many versions of a name are kept of those HeadCNI wrote, and as many of those that others did. */
const keptVersions = 5;

/** The record that knows this content as HeadCNI's own. */
export function withHash(record: DirRecord, sha256: string): DirRecord {
  const written = [...record.written.filter((other) => other !== sha256), sha256];
  return { ...record, written: written.slice(-keptHashes) };
}

/**
 * Adds a version to the earlier ones, newest last; the same content is kept once. Of a file without a copy nothing is kept. Bounded,
 * because another agent that rewrites a file for ever must not fill the disk.
 */
export function addVersion(record: DirRecord, file: FileRecord): DirRecord {
  if (!isCopied(file)) return record;
  const { name, kind, mode, uid, gid, mtimeNs, sha256, target, copy, at } = file;
  const isOurs = name === conflistFileName && sha256 !== undefined && record.written.includes(sha256);
  const writtenBy = isOurs ? "headcni" : "other";
  const version = { name, kind, mode, uid, gid, mtimeNs, sha256, target, copy, at, writtenBy } as const;
  const others = record.versions.filter((other) => other.name !== name || !isSameContent(other, file));
  const ofSameKind = others.filter((other) => other.name === name && other.writtenBy === writtenBy);
  const tooOld = new Set(ofSameKind.slice(0, -(keptVersions - 1)));
  return { ...record, versions: [...others.filter((other) => !tooOld.has(other)), version] };
}

const formatVersion = 1;

export function encodeManifest(manifest: Manifest): JsonObject {
  return { version: formatVersion, folders: Object.fromEntries(manifest) };
}

/** The manifest in a file's text, or the end of a sentence that says why it is none. */
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
    const { written, aside, versions } = value;
    // Half a manifest would restore half a directory and call it whole.
    if (!isListOf(written, isText) || !isListOf(aside, isAside) || !isListOf(versions, isVersion))
      return fault(`has an entry of ${dir} that cannot be read`);
    manifest.set(dir, { written, aside, versions });
  }
  return ok(manifest);
}

/** A name in a directory and nothing that leads out of it. */
const fileName = /^(?!\.{0,2}$)[^/]*$/s;
const anyText = /^/;

/** What the fields of an entry hold; further ones are passed over. */
const fileFields: Readonly<Record<keyof FileRecord, RegExp | "number">> = {
  name: fileName,
  kind: /^(file|symlink|other)$/,
  mode: /^[0-7]{1,5}$/,
  uid: "number",
  gid: "number",
  mtimeNs: /^-?\d{1,20}$/,
  sha256: anyText,
  target: anyText,
  copy: fileName,
  at: anyText,
};
const optionalFields: ReadonlySet<string> = new Set(["sha256", "target", "copy"]);
const roles = new RegExp(`^(${asideRoles.join("|")})$`);
const states = new RegExp(`^(${asideStates.join("|")})$`);

function holds(fields: Readonly<Record<string, RegExp | "number">>, entry: JsonValue): boolean {
  if (!isJsonObject(entry)) return false;
  return Object.entries(fields).every(([field, holding]) => {
    const value = entry[field];
    if (value === undefined) return optionalFields.has(field);
    return holding === "number" ? typeof value === "number" : isText(value) && holding.test(value);
  });
}

const isText = (value: JsonValue): value is string => typeof value === "string";
const isAside = (entry: JsonValue): entry is AsideRecord =>
  holds({ ...fileFields, aside: fileName, role: roles, state: states }, entry);
const isVersion = (entry: JsonValue): entry is VersionRecord =>
  holds({ ...fileFields, writtenBy: /^(headcni|other)$/ }, entry);

function isListOf<T extends JsonValue>(
  value: JsonValue | undefined,
  isItem: (item: JsonValue) => item is T,
): value is readonly T[] {
  return Array.isArray(value) && value.every(isItem);
}
