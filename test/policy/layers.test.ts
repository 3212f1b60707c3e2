// Imports go one way: cidr and sys know nobody, the domains know those, the daemon and the plugin know the domains, the
// command line knows them all. And what the CNI plugin loads is counted, for it is started for each pod.

import { describe, expect, test } from "bun:test";
import { layers, pluginLayers } from "./layers.ts";
import { folderOf, importsOf, packageOf, sourceFiles } from "./source.ts";

describe("every file of src", () => {
  const files = sourceFiles("src", "product");

  test("lies in a directory that has its place among the layers", () => {
    expect([...new Set(files.map(folderOf))].filter((folder) => layers[folder] === undefined)).toEqual([]);
  });

  test("imports only from its own directory and the layers below", () => {
    const wrong = files.flatMap((path) => {
      const folder = folderOf(path);
      const { uses = [] } = layers[folder] ?? {};
      return importsOf(path).flatMap(({ file }) =>
        file === undefined || folderOf(file) === folder || uses.includes(folderOf(file)) || uses.includes(file)
          ? []
          : [`${path} may not import ${file}, not even types`],
      );
    });
    expect(wrong).toEqual([]);
  });

  test("leaves guessing what a document is to `headcni podcidr inspect`", () => {
    const guesses = files.filter((path) => path.startsWith("src/podcidr/inspect/"));
    const mayGuess = new Set([...guesses, "src/cli/podcidr-command.ts"]);
    const wrong = files.flatMap((path) =>
      importsOf(path).flatMap(({ file }) =>
        file !== undefined && guesses.includes(file) && !mayGuess.has(path) ? [`${path} imports ${file}`] : [],
      ),
    );
    expect(guesses.length).toBeGreaterThan(0);
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
  /** What must not be on the way from `src/cni/plugin.ts`, and what it costs: measured on the compiled executable. */
  const banned: readonly (readonly [RegExp, string])[] = [
    [/^(?!node:|bun:|\.)/, "a package: zod, yaml, pino and commander each cost 2 to 7 ms, as much as the whole start"],
    [
      /^node:(?!fs$)/,
      "a module of Node's: node:net costs 2 ms, node:tty 1.5 ms, node:path a module load; src/sys/fs/path.ts has what is needed",
    ],
    [/^bun:(?!ffi$)/, "a module the plugin has no use for"],
    [
      /\/sys\/(log\/pino-log|net\/.*)\.ts$/,
      "the daemon's half of sys: it loads libraries, or is of no use to one call",
    ],
    [
      new RegExp(
        `/(${Object.keys(layers)
          .filter((name) => !pluginLayers.includes(name) && !name.includes("/"))
          .join("|")})/`,
      ),
      "a part of the daemon: what the plugin must know is in the node state file",
    ],
  ];
  const reached = new Map<string, string>();
  follow("src/cni/plugin.ts", "");

  function follow(path: string, from: string): void {
    if (reached.has(path)) return;
    reached.set(path, from);
    // What lies outside is one fault, not one for each file behind it.
    if (!pluginLayers.includes(folderOf(path))) return;
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

  test("stays within the directories it may use", () => {
    expect([...reached.keys()].filter((path) => !pluginLayers.includes(folderOf(path))).map(way)).toEqual([]);
  });
});

test("src/config/load.ts loads no package until there is a file or a variable to read", () => {
  const reached = new Set(["src/config/load.ts"]);
  for (const path of reached) {
    for (const { file, kind } of importsOf(path)) if (file !== undefined && kind === "static") reached.add(file);
  }
  const packages = [...reached].flatMap((path) =>
    importsOf(path).flatMap((found) => (found.kind === "static" ? (packageOf(found) ?? []) : [])),
  );
  expect(packages).toEqual([]);
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
