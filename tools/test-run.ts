// One run of `bun test`, and what its JUnit report says of it.

import { readFileSync, rmSync } from "node:fs";

export interface TestRun {
  readonly passed: number;
  readonly failed: number;
  /** Names of tests that did not run. */
  readonly skipped: readonly string[];
  readonly failures: readonly TestFailure[];
}

export interface TestFailure {
  /** Relative to the project's folder; undefined for what no test can be blamed for: a file that does not load, a crash. */
  readonly file: string | undefined;
  /** Where, its name, and the first lines of why. */
  readonly text: string;
}

/** Lines of a failure's message that are kept. */
const maxMessageLines = 24;

/**
 * Runs tests in the project's folder. What no report has counts as one failure: an end without a failed test (a crash), and errors
 * outside of tests (a file that does not load), also beside tests that failed.
 */
export async function runTests(root: string, report: string, args: readonly string[]): Promise<TestRun> {
  rmSync(report, { force: true });
  const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
  const run = Bun.spawn([process.execPath, "test", "--timeout", "120000", ...reporter, ...args], {
    cwd: root,
    // With the mark by which what the tests leave is told from what others do.
    env: process.env,
    stdio: ["ignore", "inherit", "pipe"],
  });
  const errors = await passOn(run.stderr);
  const exitCode = await run.exited;
  const result = readReport(report);
  if (exitCode === 0 || (result.failed > 0 && errors === 0)) return result;
  const what = errors === 0 ? "no failed test" : `${errors} error${errors === 1 ? "" : "s"} outside of tests`;
  const text = `bun test ${args.join(" ")} ended with ${exitCode} and ${what}`;
  console.log(`(fail) ${text}`);
  return { ...result, failed: result.failed + 1, failures: [...result.failures, { file: undefined, text }] };
}

/** Writes what a run says to standard error. @returns how many errors outside of tests its last lines count: the report has none of them */
async function passOn(stderr: ReadableStream<Uint8Array>): Promise<number> {
  const decoder = new TextDecoder();
  let last = "";
  for await (const chunk of stderr) {
    process.stderr.write(chunk);
    last = (last + decoder.decode(chunk, { stream: true })).slice(-2000);
  }
  return Number(/^ (\d+) errors?$/m.exec(last)?.[1] ?? 0);
}

function readReport(path: string): TestRun {
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
      toFailure(match[1] ?? "", match[2] ?? "", unescapeXml(match[3] ?? "")),
    ),
  };
}

/** From the attributes of JUnit's `testcase` and `failure`: `FILE:LINE: GROUP > NAME`, the message, and where it was. */
function toFailure(test: string, failure: string, text: string): TestFailure {
  const read = (attributes: string, name: string): string =>
    unescapeXml(new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes)?.[1] ?? "");
  const file = read(test, "file");
  const isCrash = read(test, "name") === "(worker crashed)";
  const name = [read(test, "classname"), read(test, "name")].filter((part) => part !== "").join(" > ");
  const lines = read(failure, "message").trimEnd().split("\n");
  const shown = lines.length <= maxMessageLines ? lines : [...lines.slice(0, maxMessageLines), "…"];
  const frames = text.split("\n").filter((line) => /^\s+at /.test(line));
  const told = [...shown, ...frames].map((line) => `  ${line}`.trimEnd());
  return { file: isCrash ? undefined : file, text: [`${file}:${read(test, "line")}: ${name}`, ...told].join("\n") };
}

function unescapeXml(text: string): string {
  const named: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return named[name] ?? whole;
    return String.fromCodePoint(decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal));
  });
}
