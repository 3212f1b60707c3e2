// How files look: an opening comment, a length one can read, no test that is switched off, nothing of the machine they were
// written on.

import { describe, expect, test } from "bun:test";
import { isTestFile, repositoryFiles, sourceFiles, textOf } from "./source.ts";

const code = ["src", "test", "tools", "bench"].flatMap((folder) => sourceFiles(folder));

test("every source file opens with a comment that says what it owns", () => {
  const silent = code.filter((path) => !isTestFile(path) && !/^(#!.*\n)?\/\/ \S/.test(textOf(path)));
  expect(silent).toEqual([]);
});

describe("no file is longer than one can read:", () => {
  const lines = (path: string): number => textOf(path).split("\n").length - 1;
  /** Longer ones, each with the reason why it is one file. */
  const long: Readonly<Record<string, string>> = {};

  test("300 lines for code", () => {
    const wrong = code.filter((path) => !isTestFile(path) && lines(path) > 300 && long[path] === undefined);
    expect(wrong.map((path) => `${path}: ${lines(path)} lines; split it, or say in this test why it is one`)).toEqual(
      [],
    );
  });

  test("700 for tests, which are tables", () => {
    const wrong = code.filter((path) => isTestFile(path) && lines(path) > 700 && long[path] === undefined);
    expect(wrong.map((path) => `${path}: ${lines(path)} lines`)).toEqual([]);
  });
});

test("no test is switched off, alone, or left for later", () => {
  const off = /\b(test|it|describe)\.(skip|only|todo|failing|skipIf|todoIf|if)\b/;
  expect(code.filter((path) => off.test(textOf(path)))).toEqual([]);
});

test("every expectation of a promise is waited for: it would hold nothing otherwise", () => {
  const loose = /^\s*expect\(.*\)\.(rejects|resolves)\b/m;
  expect(code.filter((path) => loose.test(textOf(path)))).toEqual([]);
});

test("nothing is left for later in comments", () => {
  const words = new RegExp(
    `\\b(${["TO-DO", "FIX-ME", "X-XX", "for- now"].map((word) => word.replace("-", "")).join("|")})\\b`,
  );
  expect(code.filter((path) => words.test(textOf(path)))).toEqual([]);
});

test("identifiers of the product are made of the field's words", () => {
  const own = /(?<![a-z])(judg(e|es|ed|ing|ement)|rivals?|told|worlds?|wish(es)?|glances?|narrates?)(?![a-z])/i;
  const prose = /\/\*[\s\S]*?\*\/|\/\/.*|"(\\.|[^"\\\n])*"|`(\\.|[^`\\])*`/g;
  const found = sourceFiles("src", "product").flatMap((path) => {
    const names =
      textOf(path)
        .replaceAll(prose, "")
        .match(/[A-Za-z_]\w*/g) ?? [];
    const wrong = names.filter((name) => own.test(name.replaceAll(/(?=[A-Z])/g, " ")));
    return wrong.map((name) => `${path}: ${name}`);
  });
  expect(found).toEqual([]);
});

test("types are not talked out of their job", () => {
  const talk = new RegExp(["@ts-(ignore|nocheck|expect-error)", "\\bas[ ]any\\b", "biome[-]ignore"].join("|"));
  expect(code.filter((path) => talk.test(textOf(path)))).toEqual([]);
});

test("no file names the machine it was written on or a package registry", () => {
  const parts = [
    ["/work", "/"],
    ["/root", "/"],
    ["/home", "/"],
    ["registry", ".npmjs"],
    ["proxy", ".golang"],
    ["deb", ".debian.org"],
    ["pypi", ".org"],
  ];
  const words = parts.map((pair) => pair.join(""));
  const wrong = repositoryFiles
    .filter((path) => !/\/(fixtures|testdata)\//.test(path))
    .flatMap((path) => {
      const text = textOf(path);
      return words.filter((word) => text.includes(word)).map((word) => `${path} names ${word}`);
    });
  expect(wrong).toEqual([]);
});
