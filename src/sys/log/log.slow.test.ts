// What a log line holds: every form of it, errors with their causes, and values that would break a line or a terminal.

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { HeadcniError } from "../errors.ts";
import { memoryLog } from "../testing.ts";
import { createJsonLog } from "./json-log.ts";
import { createPlainLog, type Log, type LogLevel } from "./log.ts";

const cause = Object.assign(new Error("open failed"), { code: "ENOENT" });
const failure = new HeadcniError("HC_FILE_READ", "Cannot read /x", {
  cause,
  hint: "create it",
  details: { path: "/x" },
});
const circular: Record<string, unknown> = { name: "loop" };
circular.self = circular;

/** What one call writes, with the plain or the JSON log. */
function plain(say: (log: Log) => void, level?: LogLevel): string {
  const lines: string[] = [];
  say(createPlainLog((line) => lines.push(line), level));
  return lines.join("");
}
function jsonLines(say: (log: Log) => void): string[] {
  const lines: string[] = [];
  say(
    createJsonLog(
      (line) => lines.push(line),
      () => 0,
      "debug",
    ),
  );
  return lines;
}
const json = (say: (log: Log) => void): unknown[] => jsonLines(say).map((line) => JSON.parse(line));

describe("createPlainLog()", () => {
  test.each<[string, (log: Log) => void, string]>([
    ["a message alone", (log) => log.info("ConfigDoubted", "Wrote the file"), "info: Wrote the file\n"],
    ["a warning by its whole name", (log) => log.warn("ConfigDoubted", "Careful"), "warning: Careful\n"],
    [
      "fields, without those that are undefined",
      (log) => log.error("ConfigDoubted", "No", { file: "/a b", n: 3, u: undefined, list: ["x"] }),
      'error: No (file=/a b n=3 list=["x"])\n',
    ],
    [
      "an error with its causes",
      (log) => log.error("ConfigDoubted", "No", { error: failure }),
      "error: No (error=Cannot read /x: open failed)\n",
    ],
    [
      "values no JSON has",
      (log) => log.info("ConfigDoubted", "Odd", { big: 1n, circular, none: null }),
      'info: Odd (big=1 circular={"name":"loop","self":"[Circular]"} none=null)\n',
    ],
    [
      "line breaks and escapes as text",
      (log) => log.warn("ConfigDoubted", "a\nb", { value: "\x1b[31mred\u202e" }),
      "warning: a\\u{a}b (value=\\u{1b}[31mred\\u{202e})\n",
    ],
  ])("writes %s", (_name, say, expected) => {
    expect(plain(say, "debug")).toBe(expected);
  });

  test("drops lines under its level, warn by default", () => {
    const sayAll = (log: Log) => {
      log.debug("1");
      log.info("ConfigDoubted", "2");
      log.warn("ConfigDoubted", "3");
      log.error("ConfigDoubted", "4");
    };
    expect(plain(sayAll, "error")).toBe("error: 4\n");
    expect(plain(sayAll)).toBe("warning: 3\nerror: 4\n");
  });
});

describe("createJsonLog()", () => {
  test("writes one object a line, with level, time, code and message", () => {
    expect(json((log) => log.warn("ConfigDoubted", "a\nb", { file: "/x", big: 1n, circular }))).toEqual([
      {
        level: "warn",
        time: "1970-01-01T00:00:00.000Z",
        code: "ConfigDoubted",
        file: "/x",
        big: 1,
        circular: { name: "loop", self: "[Circular]" },
        msg: "a\nb",
      },
    ]);
  });

  test("shows a value that stands twice without holding itself", () => {
    const shared = { a: 1 };
    expect(json((log) => log.info("ConfigDoubted", "Twice", { one: shared, two: [shared, { shared }] }))).toEqual([
      expect.objectContaining({ one: { a: 1 }, two: [{ a: 1 }, { shared: { a: 1 } }] }),
    ]);
  });
});

/** What the same calls give as the daemon's log, from a process of its own. */
async function daemonLog(
  format: "json" | "pretty",
  env: Record<string, string> = {},
  stderr: "pipe" | number = "pipe",
) {
  const child = Bun.spawn([process.execPath, `${import.meta.dir}/log.fixture.ts`, format], {
    stdin: "ignore",
    stdout: "ignore",
    stderr,
    env: { PATH: process.env.PATH ?? "", ...env },
  });
  const text =
    stderr === "pipe" && child.stderr instanceof ReadableStream ? await new Response(child.stderr).text() : "";
  return { text, exitCode: await child.exited };
}

describe("createPinoLog()", () => {
  test("writes what createJsonLog() writes, field for field, in the same order", async () => {
    const { text, exitCode } = await daemonLog("json");
    expect(exitCode).toBe(0);
    const { say } = await import("./log.fixture.ts");
    const shape = (line: string): string =>
      line.replace(/"time":"[^"]*"/, '"time":""').replace(/"stack":"(?:[^"\\]|\\.)*"/g, '"stack":""');
    expect(text.trim().split("\n").map(shape)).toEqual(jsonLines(say).map((line) => shape(line.trim())));
    expect(text).toContain('"code":"PartEnded"');
    expect(text).toContain('"code":"HC_FILE_READ"');
  });

  test("is pretty without colour in a pipe, and keeps strangers' control characters out", async () => {
    const { text, exitCode } = await daemonLog("pretty");
    expect(exitCode).toBe(0);
    expect(text).toContain("ERROR: Cannot go on");
    expect(text).toContain('code: "PartEnded"');
    expect(text).toContain("open failed");
    expect(text).not.toContain("\x1b");
  });

  test.each(["json", "pretty"] as const)(
    "does not end the process when its %s lines cannot be written",
    async (format) => {
      using full = openFull();
      expect((await daemonLog(format, {}, full.fd)).exitCode).toBe(0);
    },
  );
});

/** /dev/full: every write fails with "no space left". */
function openFull(): { fd: number } & Disposable {
  const fd = fs.openSync("/dev/full", "w");
  return { fd, [Symbol.dispose]: () => fs.closeSync(fd) };
}

test("memoryLog() keeps every line with its fields", () => {
  const log = memoryLog();
  log.debug("one");
  log.error("ConfigDoubted", "two", { n: 1 });
  expect(log.entries).toEqual([
    { level: "debug", code: undefined, message: "one", fields: {} },
    { level: "error", code: "ConfigDoubted", message: "two", fields: { n: 1 } },
  ]);
});
