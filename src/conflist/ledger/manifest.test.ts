import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { octal } from "../../sys/fs/octal.ts";
import { printJson } from "../../sys/json.ts";
import { type DirRecord, decodeManifest, encodeManifest, type FileRecord, type Manifest } from "./manifest.ts";

const name = fc
  .string({ minLength: 1, maxLength: 40 })
  .filter((text) => !text.includes("/") && text !== "." && text !== "..");
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const file: fc.Arbitrary<FileRecord> = fc.record({
  name,
  kind: fc.constantFrom("file", "symlink", "other"),
  mode: fc.integer({ min: 0, max: 0o7777 }).map(octal),
  uid: fc.nat(),
  gid: fc.nat(),
  mtimeNs: fc.bigInt({ min: -(10n ** 18n), max: 4n * 10n ** 18n }).map(String),
  sha256: optional(fc.string()),
  target: optional(fc.string()),
  copy: optional(name),
  at: fc.string(),
});
const record: fc.Arbitrary<DirRecord> = fc.record({
  written: fc.array(fc.string()),
  aside: fc.array(
    fc
      .tuple(
        file,
        name,
        fc.constantFrom("original" as const, "later" as const, "leftover" as const),
        fc.constantFrom("planned" as const, "aside" as const, "left" as const),
      )
      .map(([entry, aside, role, state]) => ({ ...entry, aside, role, state })),
  ),
  versions: fc.array(
    fc
      .tuple(file, fc.constantFrom("headcni" as const, "other" as const))
      .map(([entry, writtenBy]) => ({ ...entry, writtenBy })),
  ),
});
const manifests: fc.Arbitrary<Manifest> = fc
  .array(fc.tuple(fc.constantFrom("/etc/cni/net.d", "/a", "/b/c"), record))
  .map((entries) => new Map(entries));

describe("decodeManifest()", () => {
  test("gives back what encodeManifest() wrote", () => {
    fc.assert(
      fc.property(manifests, (manifest) => {
        expect(decodeManifest(printJson(encodeManifest(manifest)))).toEqual({ kind: "ok", value: manifest });
      }),
    );
  });

  const entry = {
    name: "a.conf",
    kind: "file",
    mode: "0644",
    uid: 0,
    gid: 0,
    mtimeNs: "1",
    at: "",
    aside: "a.x",
    role: "original",
    state: "aside",
  };
  const withAside = (change: object): string =>
    JSON.stringify({ version: 1, folders: { "/c": { written: [], versions: [], aside: [{ ...entry, ...change }] } } });
  test.each([
    ["nothing", "", "is not JSON"],
    ["half a file", `{"version": 1, "fol`, "is not JSON"],
    ["another document", "[]", "is not a manifest of HeadCNI"],
    ["a later version", `{"version": 2, "folders": {}}`, "has version 2, this HeadCNI reads 1"],
    ["a folder that is no object", `{"version": 1, "folders": {"/c": 1}}`, "says nothing usable of /c"],
    ["a folder without lists", `{"version": 1, "folders": {"/c": {}}}`, "has an entry of /c that cannot be read"],
    [
      "a name that leads out of the folder",
      withAside({ name: "../../etc/passwd" }),
      "has an entry of /c that cannot be read",
    ],
    ["an aside name that does", withAside({ aside: ".." }), "has an entry of /c that cannot be read"],
    ["a copy that does", withAside({ copy: "/etc/shadow" }), "has an entry of /c that cannot be read"],
    ["a mode that is none", withAside({ mode: "rw" }), "has an entry of /c that cannot be read"],
    ["a time that is none", withAside({ mtimeNs: 1.5 }), "has an entry of /c that cannot be read"],
    ["a state it does not know", withAside({ state: "lost" }), "has an entry of /c that cannot be read"],
    ["a role it does not know", withAside({ role: "lost" }), "has an entry of /c that cannot be read"],
  ])("says why it cannot use %s", (_, text, why) => {
    expect(decodeManifest(text)).toEqual({ kind: "fault", why });
  });

  test("passes over keys it does not know", () => {
    expect(decodeManifest(withAside({ later: true })).kind).toBe("ok");
  });

  test("never throws", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(["ok", "fault"]).toContain(decodeManifest(text).kind);
      }),
    );
  });
});
