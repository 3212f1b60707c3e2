// What is declared once is used, shown and documented: error codes, conditions, generated pages, links between documents.

import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { posix } from "node:path";
import { conditionCodes } from "../../src/daemon/conditions.ts";
import { errorCodes } from "../../src/sys/error-codes.ts";
import { referencePages } from "../../tools/gen/pages.ts";
import { checkout, repositoryFiles, sourceFiles, textOf } from "./source.ts";

const product = sourceFiles("src", "product");
const usedIn = (word: string, declaredIn: string): boolean =>
  product.some((path) => path !== declaredIn && textOf(path).includes(`"${word}"`));

test("every error code is thrown somewhere", () => {
  expect(Object.keys(errorCodes).filter((code) => !usedIn(code, "src/sys/error-codes.ts"))).toEqual([]);
});

test("every condition can come up", () => {
  expect(conditionCodes.filter((code) => !usedIn(code, "src/daemon/conditions.ts"))).toEqual([]);
});

describe("docs/reference", () => {
  const pages = referencePages();

  test("holds exactly what is generated", () => {
    const present = repositoryFiles
      .filter((path) => path.startsWith("docs/reference/"))
      .map((path) => posix.basename(path));
    expect(present).toEqual([...pages.keys()].toSorted());
  });

  test.each([...pages.keys()])("%s is fresh", (name) => {
    const isFresh = textOf(`docs/reference/${name}`) === pages.get(name);
    expect(isFresh ? "fresh" : `stale: run \`make gen\` and commit docs/reference/${name}`).toBe("fresh");
  });

  test("names every error code, condition and metric", () => {
    for (const code of Object.keys(errorCodes)) expect(pages.get("errors.md")).toContain(`\`${code}\``);
    for (const code of conditionCodes) expect(pages.get("conditions.md")).toContain(`\`${code}\``);
  });
});

test("links between documents lead somewhere", () => {
  const broken = repositoryFiles
    .filter((path) => path.endsWith(".md"))
    .flatMap((path) =>
      [...textOf(path).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].flatMap(([, target = ""]) => {
        if (/^[a-z]+:/.test(target)) return [];
        const file = posix.join(posix.dirname(path), target);
        return existsSync(`${checkout}${file}`) ? [] : [`${path} links to ${target}`];
      }),
    );
  expect(broken).toEqual([]);
});
