// CONTRIBUTING.md shows the floor plan as it is: a directory that is missing, gone or described otherwise fails here.

import { expect, test } from "bun:test";
import { layers, usesInWords } from "./layers.ts";
import { folderOf, repositoryFiles, sourceFiles, textOf } from "./source.ts";

const page = textOf("CONTRIBUTING.md");

test("the table of directories is the table of layers", () => {
  const rows = page.split("\n").filter((line) => /^\| `src\//.test(line));
  const wanted = Object.entries(layers).map(([name, layer]) => {
    return `| \`${name.includes("/") ? name : `src/${name}`}\` | ${layer.holds} | ${usesInWords(layer)} |`;
  });
  expect(rows).toEqual(wanted);
});

test("every directory of src has a layer, and every layer is there", () => {
  const there = new Set(sourceFiles("src").map(folderOf));
  expect(Object.keys(layers).filter((name) => !there.has(name))).toEqual([]);
  expect([...there].filter((name) => layers[name] === undefined)).toEqual([]);
});

test("every path it names exists", () => {
  const named = [...page.matchAll(/`((?:src|test|tools|docs)\/[\w./-]+)`/g)].map(([, path = ""]) => path);
  const exists = (path: string): boolean =>
    repositoryFiles.some((file) => file === path || file.startsWith(`${path.replace(/\/$/, "")}/`));
  expect(named.filter((path) => !exists(path))).toEqual([]);
});

test("it fits a screen", () => {
  expect(page.split("\n").length).toBeLessThanOrEqual(80);
});
