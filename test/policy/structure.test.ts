// The floor plan: rooms of a size one can see over, no circles, one name for one file. What imports what is in layers.test.ts.

import { describe, expect, test } from "bun:test";
import { posix } from "node:path";
import { circlesOf } from "./circles.ts";
import { layers } from "./layers.ts";
import { folderOf, importsOf, isTestFile, sourceFiles } from "./source.ts";

const files = sourceFiles("src", "product");
const directories = [...new Set(files.map(posix.dirname))];
const product = new Set(files);
const imports = new Map(
  files.map((path) => [
    path,
    importsOf(path).flatMap(({ file }) => (file !== undefined && product.has(file) ? [file] : [])),
  ]),
);
const importedBy = (path: string): readonly string[] => imports.get(path) ?? [];

/** The directories side by side that an import goes between: `src/a/b/x.ts` → `src/a/c/d/y.ts` is `src/a/b` → `src/a/c`. */
function arrowBetween(from: string, to: string): readonly string[] {
  const a = posix.dirname(from).split("/");
  const b = posix.dirname(to).split("/");
  const at = a.findIndex((name, index) => name !== b[index]);
  if (at < 0 || at >= b.length) return [];
  return [a.slice(0, at + 1).join("/"), b.slice(0, at + 1).join("/")];
}

test("a directory has at most 15 product files", () => {
  const counts = directories.map((directory) => {
    return { directory, count: files.filter((path) => posix.dirname(path) === directory).length };
  });
  const large = counts.filter(({ count }) => count > 15);
  expect(large.map(({ directory, count }) => `${directory}: ${count} files; give a wing of it a name`)).toEqual([]);
});

describe("there is no circle", () => {
  test("of files, types included", () => {
    expect(circlesOf(files, importedBy).map((circle) => circle.join(" → "))).toEqual([]);
  });

  // A directory and its own subdirectories are one room: the files above put the wings together, and hold what wings share.
  test("of directories side by side", () => {
    const arrows = files.flatMap((from) => importedBy(from).map((to) => arrowBetween(from, to)));
    const nodes = [...new Set(arrows.flat())];
    const circles = circlesOf(nodes, (node) => arrows.flatMap(([from, to = ""]) => (from === node ? [to] : [])));
    // Until text knows no reader.
    const moving = ["src/podcidr/readers ↔ src/podcidr/text"];
    expect(circles.map((circle) => circle.join(" ↔ ")).filter((circle) => !moving.includes(circle))).toEqual([]);
  });

  test("in the table of layers: each stands below what it may import", () => {
    const names = Object.keys(layers);
    const wrong = names.flatMap((name, index) =>
      (layers[name]?.uses ?? [])
        .filter(
          (used) =>
            !names.slice(0, index).includes(used.includes("/") && !names.includes(used) ? folderOf(used) : used),
        )
        .map((used) => `${name} stands above ${used}`),
    );
    expect(wrong).toEqual([]);
  });
});

test("no file name stands twice in src, but those of what every part has", () => {
  const everywhere = ["agent", "conditions", "status", "metrics", "testing"];
  const all = sourceFiles("src").filter((path) => !isTestFile(path) || path.endsWith("/testing.ts"));
  const nameOf = (path: string): string => posix.basename(path, ".ts");
  const twice = all.filter(
    (path) =>
      !everywhere.includes(nameOf(path)) && all.some((other) => other !== path && nameOf(other) === nameOf(path)),
  );
  expect(twice).toEqual([]);
});
