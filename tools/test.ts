// Runs the tests, two files side by side, and says at the end what no single run says: the sum, what did not run, what failed at first
// and passes by itself, and whether the machine is as it was before.
//   bun tools/test.ts PATH...

import { mkdirSync, writeFileSync } from "node:fs";
import { hostChanges, hostState } from "../test/harness/host-state.ts";
import { runTests, type TestFailure, type TestRun } from "./test-run.ts";

/** Files that run after all others, with the machine to themselves, and why. */
const alone: Readonly<Record<string, string>> = {
  "src/podcidr/sizes.slow.test.ts": "the time that the worst texts take is measured",
  "test/cni/delegates.test.ts": "a plugin that hangs must be killed in time",
  "test/daemon/boot.test.ts": "a daemon must end within a second",
  "test/daemon/drift.test.ts": "what is changed must be repaired within two seconds",
  "test/dataplane/held.test.ts": "what the kernel lost must be back within two seconds",
  "test/conflist/kill.test.ts": "a thousand starts and kills fill both processors",
  "test/mesh/real.test.ts": "round trips of packets are measured",
  "test/tailnet/claims.test.ts": "ten nodes must hear of each other in time",
  "test/podcidr/process.test.ts": "the most memory a process had is measured",
};

/** Files in which tests fail that are run again. */
const maxFilesAgain = 3;

const root = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
/** Kept after the run: a report a suite, and the sum. */
const reports = `${root}/.cache/test`;
mkdirSync(reports, { recursive: true });
const before = await hostState();
const results: TestRun[] = [];
const paths = process.argv.slice(2);
const apart = Object.keys(alone).filter((file) => paths.some((path) => `./${file}`.startsWith(path)));
// Each file gets modules of its own, as if it ran by itself. The longest begin, by what the last run here took.
const sideBySide = ["--parallel=2", `--timings=${reports}/timings.json`, "--update-timings"];
const others = apart.map((file) => `--path-ignore-patterns=${file}`);
results.push(await run("side-by-side", [...sideBySide, ...others, ...paths]));
// Each in a process of its own: the most memory a program had counts that of the process it was started from.
for (const file of apart) results.push(await runAlone(file));

const { lasting, passing } = await runAgain(results.flatMap(({ failures }) => failures));

const changes = await hostChanges(before);
const left = changes.map((change) => ({ file: undefined, text: `the tests left the host changed: ${change}` }));
for (const { text } of left) console.log(`(fail) ${text}`);
// One test more, which is asked behind all others.
const passed = results.reduce((sum, result) => sum + result.passed, changes.length === 0 ? 1 : 0) + passing.length;
const failed = results.reduce((sum, result) => sum + result.failed, changes.length === 0 ? 0 : 1) - passing.length;
const skipped = results.flatMap((result) => result.skipped);
console.log(changes.length === 0 ? "\nThe host is as it was before the tests." : "");
console.log(skipped.length === 0 ? "Every test ran." : `${skipped.length} did not run:\n  ${skipped.join("\n  ")}`);
// Once more, in the place where the end of a long log is looked at.
for (const { text } of passing) console.log(`\n(failed, and passed by itself) ${text}`);
for (const { text } of [...lasting, ...left]) console.log(`\n(fail) ${text}`);
const sum = `${passed} passed, ${failed} failed`;
writeFileSync(`${reports}/sum`, `${sum}\n`);
console.log(sum);
process.exit(failed === 0 ? 0 : 1);

function run(name: string, args: readonly string[]): Promise<TestRun> {
  return runTests(root, `${reports}/${name}.xml`, args);
}

function runAlone(file: string, name = file.replace(/\W+/g, "-")): Promise<TestRun> {
  return run(name, [`./${file}`]);
}

interface RunAgain {
  readonly lasting: readonly TestFailure[];
  /** Of files in which nothing fails by itself. */
  readonly passing: readonly TestFailure[];
}

/**
 * Whether what failed fails again, each file by itself. On a machine whose processors others use too, a test of real programs can come too
 * late to what it waits for. It is named at the end all the same: a fault that comes and goes is one to be found. A property's
 * counterexample is a fault, however rare, and many failures are no matter of time: of those none is run again.
 */
async function runAgain(failures: readonly TestFailure[]): Promise<RunAgain> {
  const files = new Set(failures.map(({ file, text }) => (text.includes("Counterexample: ") ? undefined : file)));
  if (files.size > maxFilesAgain || files.has(undefined)) return { lasting: failures, passing: [] };
  const good = new Set<string | undefined>();
  for (const file of files) {
    if (file === undefined) continue;
    console.log(`\nOnce more, by itself: ${file}`);
    const { failed, passed } = await runAlone(file, `again-${file.replace(/\W+/g, "-")}`);
    if (failed === 0 && passed > 0) good.add(file);
  }
  return {
    lasting: failures.filter(({ file }) => !good.has(file)),
    passing: failures.filter(({ file }) => good.has(file)),
  };
}
