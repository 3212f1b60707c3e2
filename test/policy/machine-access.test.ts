// Only `src/sys` touches the machine: clock, timers, environment, files, processes, network. Everything else is handed a
// System, which is why a test can own all of it.

import { expect, test } from "bun:test";
import { codeOf, sourceFiles } from "./source.ts";

/** What reaches the machine, and where it belongs instead. */
const doors: readonly (readonly [RegExp, string])[] = [
  [/(?<![/\w.])process\.env\b/, "system.env"],
  [/(?<![/\w.])process\.(?!env\b)/, "src/sys/process/process.ts or src/sys/process/stdio.ts"],
  [/\bDate\.now\b|\bnew Date\(\)|\bperformance\./, "system.clock"],
  [/\bset(Timeout|Interval|Immediate)\b/, "system.clock.sleep"],
  [/\bBun\.serve\b/, "src/sys/net/http-server.ts"],
  [/\bBun\./, "src/sys"],
  [/\b(from |import\(|require\()"(node|bun):/, "src/sys: files, exec, watch"],
  [/\bfetch\(/, "system.http"],
  [/\bMath\.random\b|\bcrypto\./, "system.random, src/sys"],
  [/\bconsole\./, "the log, or the context of a command"],
];

/** Files that may, each with the reason. */
const exceptions: Readonly<Record<string, { readonly allows: RegExp; readonly because: string }>> = {
  "src/main.ts": {
    allows: /\bprocess\.(env\.CNI_COMMAND|argv0|argv|exit)\b/g,
    because: "the first lines of the program: it looks at how it was called before anything is loaded",
  },
  "src/version.ts": { allows: /\bBun\.version\b|\bprocess\.(platform|arch)\b/g, because: "constants of the build" },
};

test("src reaches the machine only through src/sys", () => {
  const wrong = sourceFiles("src", "product")
    .filter((path) => !path.startsWith("src/sys/"))
    .flatMap((path) => {
      const allows = exceptions[path]?.allows;
      const code = allows === undefined ? codeOf(path) : codeOf(path).replaceAll(allows, "");
      return doors.flatMap(([pattern, instead]) => {
        const found = pattern.exec(code)?.[0];
        return found === undefined ? [] : [`${path} uses ${found}: use ${instead}`];
      });
    });
  expect(wrong).toEqual([]);
});

test("the C library is opened in one place", () => {
  const openers = sourceFiles("src", "product").filter((path) => /\bdlopen\b/.test(codeOf(path)));
  expect(openers).toEqual(["src/sys/process/libc.ts"]);
});

test("every exception is still needed", () => {
  const stale = Object.entries(exceptions).filter(
    ([path, { allows }]) => !sourceFiles("src").includes(path) || codeOf(path).search(allows) < 0,
  );
  expect(stale.map(([path]) => path)).toEqual([]);
});

test("only the HTTP client reveals a secret: by its hand it goes to the server and nowhere else", () => {
  const allowed = ["src/sys/secret.ts", "src/sys/net/http-attempt.ts", "src/sys/net/http-transport.ts"];
  const wrong = sourceFiles("src", "product").filter((path) => /\breveal\b/.test(codeOf(path)));
  expect(wrong.filter((path) => !allowed.includes(path))).toEqual([]);
});

test("nothing starts a shell or loads code that was put together while running", () => {
  const wrong = sourceFiles("src", "product").filter((path) =>
    /\beval\(|\bnew Function\(|\bBun\.\$|\bexecSync\b|\bshell: true\b/.test(codeOf(path)),
  );
  expect(wrong).toEqual([]);
});
