// What a run of tests is taken for by `make test`: nothing that went wrong may be missed beside a test that failed.

import { expect, test } from "bun:test";
import { join } from "../../src/sys/fs/path.ts";
import { tempRoot } from "../../src/sys/testing.ts";
import { runTests } from "../../tools/test-run.ts";

const head = 'import { expect, test } from "bun:test";\n';
const failing = `${head}test("is to fail here", () => expect(1).toBe(2));\ntest("passes", () => undefined);\n`;
const files: Readonly<Record<string, string>> = {
  passing: `${head}test("passes", () => undefined);\n`,
  empty: head,
  failing,
  unloadable: `${head}throw new Error("does not load");\n`,
  crashing: `${head}test("crashes", () => process.kill(process.pid, "SIGKILL"));\n`,
};

test.each<[string, readonly string[], number, readonly (string | undefined)[]]>([
  ["one that passes, beside one without a test", ["passing", "empty"], 0, []],
  ["one that fails", ["failing", "passing"], 1, ["failing.test.ts"]],
  ["one that does not load", ["unloadable", "passing"], 1, [undefined]],
  ["one that does not load, beside one that fails", ["failing", "unloadable"], 2, ["failing.test.ts", undefined]],
])("%s", async (_, names, failed, where) => {
  using root = tempRoot();
  for (const name of names) root.write(`/${name}.test.ts`, files[name] ?? "");
  const args = ["--parallel=2", ...names.map((name) => `./${name}.test.ts`)];
  const run = await runTests(root.path, join(root.path, "report.xml"), args);
  expect([run.failed, run.failures.map(({ file }) => file)]).toEqual([failed, [...where]]);
});

test("one whose process is killed, beside one that fails", async () => {
  using root = tempRoot();
  for (const name of ["failing", "crashing"]) root.write(`/${name}.test.ts`, files[name] ?? "");
  const args = ["--parallel=2", "./failing.test.ts", "./crashing.test.ts"];
  const { failed, failures } = await runTests(root.path, join(root.path, "report.xml"), args);
  // By its worker's end, or by that of the whole run.
  expect(failures.filter(({ file }) => file === undefined)).toHaveLength(1);
  expect(failed).toBe(failures.length);
});
