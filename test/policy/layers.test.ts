// Imports go one way: cidr and sys know nobody, the domains know those, the daemon and the plugin know the domains, the
// command line knows them all. And what the CNI plugin loads is counted, for it is started for each pod.

import { describe, expect, test } from "bun:test";
import { folderOf, importsOf, packageOf, sourceFiles } from "./source.ts";

interface Layer {
  /** Folders it may load code from. */
  readonly uses: readonly string[];
  /** Folders whose types it may speak of, beside those. */
  readonly speaks?: readonly string[];
}

const base = ["cidr", "sys"];
const domains = ["config", "conflist", "podcidr", "dataplane", "ipam", "cri", "plugin-install"];

/** A new folder of src is put here, at its place. */
const layers: Readonly<Record<string, Layer>> = {
  sys: { uses: [] },
  cidr: { uses: ["sys"] },
  // The conflist's words (versions, names, the JSON type) are the configuration's too.
  config: { uses: [...base, "conflist"] },
  conflist: { uses: base, speaks: ["config"] },
  podcidr: { uses: [...base, "conflist"], speaks: ["config"] },
  dataplane: { uses: [...base, "conflist"], speaks: ["config"] },
  ipam: { uses: [...base, "conflist"], speaks: ["config"] },
  cri: { uses: base },
  "plugin-install": { uses: [...base, "conflist"], speaks: ["config"] },
  cni: { uses: [...base, "conflist", "ipam"] },
  daemon: { uses: [...base, ...domains, "src/version.ts"] },
  cli: { uses: [...base, ...domains, "daemon", "src/version.ts"] },
  "src/version.ts": { uses: [] },
  "src/main.ts": { uses: ["cli", "cni", "sys"] },
};

describe("every file of src", () => {
  const files = sourceFiles("src", "product");

  test("lies in a folder that has its place among the layers", () => {
    expect([...new Set(files.map(folderOf))].filter((folder) => layers[folder] === undefined)).toEqual([]);
  });

  test("imports only from its own folder and the layers below", () => {
    const wrong = files.flatMap((path) => {
      const folder = folderOf(path);
      const { uses = [], speaks = [] } = layers[folder] ?? {};
      return importsOf(path).flatMap(({ file, kind }) => {
        if (file === undefined || folderOf(file) === folder || uses.includes(folderOf(file))) return [];
        if (kind === "type" && speaks.includes(folderOf(file))) return [];
        return [`${path} may not import ${file}${kind === "type" ? " (not even types)" : ""}`];
      });
    });
    expect(wrong).toEqual([]);
  });

  test("imports no test, fake or fixture", () => {
    const product = new Set(files);
    const wrong = files.flatMap((path) =>
      importsOf(path).flatMap(({ file }) =>
        file === undefined || product.has(file) || file.endsWith(".json") ? [] : [`${path} imports ${file}`],
      ),
    );
    expect(wrong).toEqual([]);
  });
});

describe("the CNI plugin, with all it loads,", () => {
  /** What must not be on the way from `src/cni/main.ts`, and what it costs: measured on the compiled executable. */
  const banned: readonly (readonly [RegExp, string])[] = [
    [/^(?!node:|bun:|\.)/, "a package: zod, yaml, pino and commander each cost 2 to 7 ms, as much as the whole start"],
    [
      /^node:(?!fs$)/,
      "a module of Node's: node:net costs 2 ms, node:tty 1.5 ms, node:path a module load; src/sys/path.ts has what is needed",
    ],
    [/^bun:(?!ffi$)/, "a module the plugin has no use for"],
    [/\/sys\/(pino-log|http)\.ts$/, "the daemon's half of sys: it loads libraries, or is of no use to one call"],
    [
      /\/(config|podcidr|daemon|cli|cri|dataplane|plugin-install)\//,
      "a part of the daemon: what the plugin must know is in the node state file",
    ],
  ];
  const allowedFolders = ["cni", "cidr", "conflist", "ipam", "sys"];

  const reached = new Map<string, string>();
  follow("src/cni/main.ts", "");

  function follow(path: string, from: string): void {
    if (reached.has(path)) return;
    reached.set(path, from);
    // What lies outside is one fault, not one for each file behind it.
    if (!allowedFolders.includes(folderOf(path))) return;
    for (const { file, kind } of importsOf(path)) if (file !== undefined && kind !== "type") follow(file, path);
  }

  function way(path: string): string {
    const from = reached.get(path) ?? "";
    return from === "" ? path : `${way(from)} → ${path}`;
  }

  test("imports nothing that would slow the start of a pod", () => {
    const wrong = [...reached.keys()].flatMap((path) =>
      importsOf(path).flatMap(({ specifier, kind }) => {
        const reason = kind === "type" ? undefined : banned.find(([pattern]) => pattern.test(specifier))?.[1];
        return reason === undefined ? [] : [`${way(path)} imports ${specifier}: ${reason}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test("stays within the folders it may use", () => {
    expect([...reached.keys()].filter((path) => !allowedFolders.includes(folderOf(path))).map(way)).toEqual([]);
  });
});

describe("packages", () => {
  const manifest: {
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  } = require("../../package.json");
  const namesIn = (...lists: (readonly string[])[]): Set<string> =>
    new Set(lists.flat().flatMap((path) => importsOf(path).flatMap((found) => packageOf(found) ?? [])));
  const shipped = namesIn(sourceFiles("src", "product"));

  test("that the product imports are its dependencies, and no others are", () => {
    expect([...shipped].toSorted()).toEqual(Object.keys(manifest.dependencies).toSorted());
  });

  test("that only tests and tools import are declared, too", () => {
    const others = namesIn(sourceFiles("src"), sourceFiles("test"), sourceFiles("tools"), sourceFiles("bench"));
    const declared = { ...manifest.dependencies, ...manifest.devDependencies };
    expect([...others].filter((name) => declared[name] === undefined)).toEqual([]);
  });

  test("are pinned to one version each", () => {
    const loose = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
    );
    expect(loose).toEqual([]);
  });
});
