// Runs the tests, two files side by side, and says at the end what no single run says: the sum, what did not run, and whether the
// machine is as it was before.
//   bun tools/test.ts PATH...

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostChanges, hostState } from "../test/harness/host-state.ts";

interface SuiteResult {
  readonly passed: number;
  readonly failed: number;
  /** Names of tests that did not run. */
  readonly skipped: readonly string[];
  /** What failed: where, its name, and the first lines of why. */
  readonly failures: readonly string[];
}

/** Lines of a failure's text that are said once more at the end. */
const maxFailureLines = 24;

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

const root = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
/** Kept after the run: a report a suite, and the sum. */
const reports = `${root}/.cache/test`;
mkdirSync(reports, { recursive: true });
const before = await hostState();
const results: SuiteResult[] = [];
const paths = process.argv.slice(2);
const apart = Object.keys(alone).filter((file) => paths.some((path) => `./${file}`.startsWith(path)));
// Each file gets modules of its own, as if it ran by itself. The longest begin, by what the last run here took.
const sideBySide = ["--parallel=2", `--timings=${reports}/timings.json`, "--update-timings"];
const others = apart.map((file) => `--path-ignore-patterns=${file}`);
results.push(await runTests("side-by-side", [...sideBySide, ...others, ...paths]));
// Each in a process of its own: the most memory a program had counts that of the process it was started from.
for (const file of apart) results.push(await runTests(file.replace(/\W+/g, "-"), [`./${file}`]));

const changes = await hostChanges(before);
const failures = changes.map((change) => `the tests left the host changed: ${change}`);
for (const failure of failures) console.log(`(fail) ${failure}`);
results.push({ passed: changes.length === 0 ? 1 : 0, failed: changes.length === 0 ? 0 : 1, skipped: [], failures });

const passed = results.reduce((sum, result) => sum + result.passed, 0);
const failed = results.reduce((sum, result) => sum + result.failed, 0);
const skipped = results.flatMap((result) => result.skipped);
console.log(changes.length === 0 ? "\nThe host is as it was before the tests." : "");
console.log(skipped.length === 0 ? "Every test ran." : `${skipped.length} did not run:\n  ${skipped.join("\n  ")}`);
// Once more, in the place where the end of a long log is looked at.
for (const failure of results.flatMap((result) => result.failures)) console.log(`\n(fail) ${failure}`);
const sum = `${passed} passed, ${failed} failed`;
writeFileSync(`${reports}/sum`, `${sum}\n`);
console.log(sum);
process.exit(failed === 0 ? 0 : 1);

/** A run that ends badly without a failed test (a crash, a file that does not load) counts as one failure. */
async function runTests(name: string, args: readonly string[]): Promise<SuiteResult> {
  const report = `${reports}/${name}.xml`;
  rmSync(report, { force: true });
  const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
  const run = Bun.spawn([process.execPath, "test", "--timeout", "120000", ...reporter, ...args], {
    cwd: root,
    // With the mark by which what the tests leave is told from what others do.
    env: process.env,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const exitCode = await run.exited;
  const result = readReport(report);
  if (exitCode === 0 || result.failed > 0) return result;
  const failure = `bun test ${args.join(" ")} ended with ${exitCode} and no failed test`;
  console.log(`(fail) ${failure}`);
  return { ...result, failed: 1, failures: [failure] };
}

function readReport(path: string): SuiteResult {
  let xml: string;
  try {
    xml = readFileSync(path, "utf8");
  } catch {
    // It ended before it wrote one; its exit code counts as the failure.
    return { passed: 0, failed: 0, skipped: [], failures: [] };
  }
  const head = /<testsuites [^>]*>/.exec(xml)?.[0] ?? "";
  const count = (name: string): number => Number(new RegExp(` ${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const skipped = [...xml.matchAll(/<testcase name="([^"]*)"[^>]*file="([^"]*)"[^>]*>\s*<skipped/g)];
  return {
    passed: count("tests") - count("failures") - count("skipped"),
    failed: count("failures"),
    skipped: skipped.map(([, name, file]) => `${file}: ${name}`),
    failures: [...xml.matchAll(/<testcase ([^>]*[^/])>\s*<failure ([^>]*)>([^<]*)/g)].map((match) =>
      failureText(match[1] ?? "", match[2] ?? "", unescapeXml(match[3] ?? "")),
    ),
  };
}

/** From the attributes of JUnit's `testcase` and `failure`: `FILE:LINE: GROUP > NAME`, the message, and where it was. */
function failureText(test: string, failure: string, text: string): string {
  const read = (attributes: string, name: string): string =>
    unescapeXml(new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes)?.[1] ?? "");
  const name = [read(test, "classname"), read(test, "name")].filter((part) => part !== "").join(" > ");
  const lines = read(failure, "message").trimEnd().split("\n");
  const shown = lines.length <= maxFailureLines ? lines : [...lines.slice(0, maxFailureLines), "…"];
  const frames = text.split("\n").filter((line) => /^\s+at /.test(line));
  const told = [...shown, ...frames].map((line) => `  ${line}`.trimEnd());
  return [`${read(test, "file")}:${read(test, "line")}: ${name}`, ...told].join("\n");
}

function unescapeXml(text: string): string {
  const named: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return named[name] ?? whole;
    return String.fromCodePoint(decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal));
  });
}
