// A secret is printed nowhere, whatever prints it, and comes only from a file that nobody else may read.

import { describe, expect, test } from "bun:test";
import { chownSync } from "node:fs";
import { format, inspect } from "node:util";
import fc from "fast-check";
import { HeadcniError } from "./errors.ts";
import { createFiles } from "./fs/files.ts";
import { createJsonLog } from "./log/json-log.ts";
import { createPlainLog } from "./log/log.ts";
import { realExec } from "./process/exec.ts";
import { readSecret, Secret } from "./secret.ts";
import { tempRoot } from "./testing.ts";

const key = fc.stringMatching(/^[\x21-\x7e]{12,60}$/);

/** Everything that turns a value into text. */
const prints: Readonly<Record<string, (secret: Secret) => string>> = {
  "String()": (secret) => String(secret),
  "a template": (secret) => `${secret}`,
  "+": (secret) => `a${secret}`,
  "join()": (secret) => [secret, secret].join(),
  "JSON.stringify()": (secret) => JSON.stringify({ secret, list: [secret] }),
  "Object.entries()": (secret) => JSON.stringify([Object.entries(secret), Object.getOwnPropertyNames(secret)]),
  spread: (secret) => JSON.stringify({ ...secret }),
  "structuredClone()": (secret) => JSON.stringify(structuredClone({ ...secret })),
  "Bun.inspect()": (secret) => Bun.inspect({ secret, deep: [[[secret]]] }, { depth: 9 }),
  "Bun.inspect() with hidden ones": (secret) => inspect({ secret }, { showHidden: true, depth: 9 }),
  "util.format()": (secret) => format("%s %o %j %O", secret, secret, secret, secret),
  "an error's message": (secret) => Bun.inspect(new Error(`wrong key ${secret}`)),
  "an error's cause": (secret) => Bun.inspect(new Error("wrong key", { cause: secret })),
  "an error's details": (secret) => Bun.inspect(new HeadcniError("HC_USAGE", "wrong key", { details: { secret } })),
  "the plain log": (secret) => logged((write) => createPlainLog(write, "debug"), secret),
  "the JSON log": (secret) => logged((write) => createJsonLog(write, () => 0, "debug"), secret),
};

function logged(create: (write: (line: string) => void) => ReturnType<typeof createPlainLog>, secret: Secret): string {
  const lines: string[] = [];
  const log = create((line) => lines.push(line));
  log.info("ConfigLoaded", `Using ${secret}`, { secret, nested: { list: [secret] } });
  const cause = new HeadcniError("HC_USAGE", `wrong ${secret}`, { details: { secret }, cause: secret });
  log.error("PartEnded", "It failed", { error: new Error(`wrong ${secret}`, { cause }) });
  return lines.join("");
}

describe("a Secret", () => {
  test.each(Object.entries(prints))("is not shown by %s", (_name, print) => {
    fc.assert(
      fc.property(key, (value) => {
        expect(print(new Secret(value))).not.toContain(value);
      }),
    );
    expect(new Secret("tskey-abc").reveal()).toBe("tskey-abc");
  });

  test("is not shown by the daemon's log, nor by console.log", async () => {
    using root = tempRoot();
    root.write(
      "/program.ts",
      `import { Secret } from ${JSON.stringify(`${import.meta.dir}/secret.ts`)};
       import { createPinoLog } from ${JSON.stringify(`${import.meta.dir}/log/pino-log.ts`)};
       const secret = new Secret(process.env.KEY ?? "");
       console.log(secret, [secret], \`\${secret}\`);
       console.error(new Error("wrong", { cause: secret }));
       for (const format of ["json", "pretty"] as const) {
         const log = await createPinoLog({ level: "debug", format });
         log.info("ConfigLoaded", "Using", { secret, list: [secret] });
         log.error("PartEnded", "Wrong", { error: Object.assign(new Error(\`wrong \${secret}\`, { cause: secret }), { secret }) });
       }`,
    );
    const { stdout, stderr, exitCode } = await realExec.run([process.execPath, `${root.path}/program.ts`], {
      env: { KEY: "tskey-abc" },
    });
    expect(exitCode).toBe(0);
    expect(stdout + stderr).toContain("[redacted]");
    expect(stdout + stderr).not.toContain("tskey-abc");
  });

  test("does not get into a program's arguments or environment", async () => {
    const secret = new Secret("tskey-abc");
    const argv = ["sh", "-c", 'echo "$0 $KEY"', `--authkey=${secret}`];
    const { stdout } = await realExec.run(argv, { env: { KEY: String(secret) } });
    expect(stdout).toBe("--authkey=[redacted] [redacted]\n");
  });

  test("redactIn() takes it out of what others say", () => {
    expect(new Secret("abc").redactIn("abc: abcd is no key")).toBe("[redacted]: [redacted]d is no key");
    expect(new Secret("").redactIn("no key")).toBe("no key");
  });
});

describe("readSecret()", () => {
  const reading = (write: (root: ReturnType<typeof tempRoot>) => void): string => {
    using root = tempRoot();
    write(root);
    try {
      return readSecret(createFiles(root.path), "/key").reveal();
    } catch (error) {
      return error instanceof HeadcniError ? `${error.code}: ${error.message}; ${error.hint}` : String(error);
    }
  };

  test.each([
    ["tskey-abc", 0o600],
    ["tskey-abc\n", 0o400],
    ["tskey-abc\r\n", 0o600],
  ])("takes %p of mode %o", (content, mode) => {
    expect(reading((root) => root.write("/key", content, mode))).toBe("tskey-abc");
  });

  test.each([
    [0o644, "0644"],
    [0o640, "0640"],
    [0o602, "0602"],
    [0o700, "0700"],
  ])("refuses mode %o, and says what to do", (mode, written) => {
    expect(reading((root) => root.write("/key", "tskey-abc", mode))).toBe(
      `HC_SECRET_FILE: Cannot use the secret in /key: its mode is ${written}, which is wider than 0600; ` +
        "chmod 0600 /key; in a Secret volume of Kubernetes set defaultMode: 0400",
    );
  });

  test.each([
    ["", "the file is empty"],
    ["\n", "the file is empty"],
    ["tskey-abc\ntskey-def\n", "it is not one line"],
    [" tskey-abc", "it is not one line"],
    ["tskey-äbc", "it is not one line"],
    ["tskey-abc\0", "it is not one line"],
    ["x".repeat(70_000), "HC_FILE_TOO_LARGE"],
  ])("refuses %p without showing it", (content, why) => {
    const message = reading((root) => root.write("/key", content, 0o600));
    expect(message).toContain(why);
    expect(message).not.toContain("tskey");
  });

  test("refuses a file of another user, and one that is not there", () => {
    const isRoot = process.geteuid?.() === 0;
    const stranger = reading((root) => {
      root.write("/key", "tskey-abc", 0o600);
      if (isRoot) chownSync(`${root.path}/key`, 12345, 0);
    });
    expect(stranger).toContain(isRoot ? "it belongs to user 12345, who is neither root nor the user" : "tskey-abc");
    expect(reading(() => undefined)).toStartWith("HC_FILE_READ: Cannot read /key: does not exist");
  });
});
