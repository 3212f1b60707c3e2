// What is declared once is used, shown and documented: error codes, conditions, generated pages, links between documents.

import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { posix } from "node:path";
import { declaredConditions } from "../../src/daemon/agents.ts";
import { errorCodes } from "../../src/sys/error-codes.ts";
import { logAreas } from "../../src/sys/log/log-codes.ts";
import { agents } from "../../tools/gen/agents.ts";
import { otherGeneratedFiles, referencePages } from "../../tools/gen/pages.ts";
import { checkout, repositoryFiles, sourceFiles, textOf } from "./source.ts";

const product = sourceFiles("src", "product");
const usedIn = (word: string, declaredIn: string): boolean =>
  product.some((path) => path !== declaredIn && textOf(path).includes(`"${word}"`));

test("every error code is thrown somewhere", () => {
  expect(Object.keys(errorCodes).filter((code) => !usedIn(code, "src/sys/error-codes.ts"))).toEqual([]);
});

// That each line but those for developers has one of these codes is held by the log's type.
const logCodes = Object.values(logAreas).flatMap((codes) => Object.keys(codes));

test("every code of the log is one of a line", () => {
  expect(logCodes.filter((code) => !usedIn(code, "src/sys/log/log-codes.ts"))).toEqual([]);
});

test("every code of the log is declared once", () => {
  expect(logCodes.filter((code, at) => logCodes.indexOf(code) !== at)).toEqual([]);
});

const declared = declaredConditions(agents);
const conditionCodes = Object.keys(declared);

test("every condition can come up", () => {
  // Tables declare codes as keys, without quotes.
  expect(conditionCodes.filter((code) => !usedIn(code, ""))).toEqual([]);
});

test("every condition is declared once", () => {
  const all = agents.flatMap(({ conditions }) => Object.keys(conditions));
  expect(all.filter((code, at) => all.indexOf(code) !== at)).toEqual([]);
});

describe("a condition that is hidden while its cause holds", () => {
  const causes = Object.entries(declared).flatMap(([code, { dependsOn = [] }]) =>
    dependsOn.map((cause) => ({ code, cause })),
  );

  test("has a cause that is declared and at least as severe: readiness must not be lost with it", () => {
    const isWorse = (code: string, cause: string): boolean => {
      const [own, other] = [declared[code], declared[cause]];
      if (own === undefined || other === undefined) return true;
      const isHarmless = own.impactsConnectivity && !other.impactsConnectivity;
      return isHarmless || (own.severity === "error" && other.severity !== "error");
    };
    expect(causes.filter(({ code, cause }) => isWorse(code, cause))).toEqual([]);
  });

  test("is not its own cause over others: all of them would be hidden", () => {
    const causesOf = (code: string): readonly string[] => declared[code]?.dependsOn ?? [];
    const reaches = (from: string, to: string, seen: readonly string[] = []): boolean =>
      causesOf(from).some((next) => next === to || (!seen.includes(next) && reaches(next, to, [...seen, next])));
    expect(conditionCodes.filter((code) => reaches(code, code))).toEqual([]);
  });
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

  test.each([...otherGeneratedFiles()])("beside it, %s is fresh", (path, text) => {
    expect(textOf(path) === text ? "fresh" : `stale: run \`make gen\` and commit ${path}`).toBe("fresh");
  });

  test("names every error code, log code and condition", () => {
    for (const code of logCodes) expect(pages.get("log-codes.md")).toContain(`\`${code}\``);
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
