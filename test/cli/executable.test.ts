// The compiled executable as a process: the names it is called by, exit codes, pipes, and a working directory that wants
// to run code in it.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { tempRoot } from "../../src/sys/testing.ts";
import { headcni, headcniDaemon } from "../harness/headcni.ts";
import { checkout } from "../harness/node.ts";

const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };

function run(argv: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...argv], {
    cwd: options.cwd ?? "/",
    env: options.env ?? env,
    stdin: "ignore",
    timeout: 20_000,
  });
  return { exitCode, stdout: String(stdout), stderr: String(stderr) };
}

const shell = (script: string) => run(["bash", "-o", "pipefail", "-c", script], { env: { ...env, headcni } });

describe("headcni", () => {
  test("says version, commit and runtime, under both of its names", () => {
    for (const program of [headcni, headcniDaemon]) {
      const { exitCode, stdout, stderr } = run([program, "--version"]);
      expect([exitCode, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(
        /^headcni \d+\.\d+\.\d+ \(commit (unknown|[0-9a-f]{12}(-dirty)?), bun 1\.4\.5, linux\/(x64|arm64)\)\n$/,
      );
    }
  });

  test("holds nothing of the directory it was built in: from another one it is the same, byte for byte", () => {
    expect(readFileSync(headcni).includes(checkout)).toBe(false);
  });

  test("is the daemon under that name, through any path or link", () => {
    using folder = tempRoot();
    const link = `${folder.path}/headcni-daemon`;
    Bun.spawnSync(["ln", "-s", headcni, link]);
    expect(run([link, "--help"]).stdout).toStartWith("Usage: headcni-daemon [options]\n");
    expect(run(["./headcni-daemon", "--help"], { cwd: folder.path }).stdout).toStartWith(
      "Usage: headcni-daemon [options]\n",
    );
  });

  test.each<[string, string[], number, RegExp]>([
    ["a wrong command line", ["config", "explian"], 2, /^error: unknown command 'explian'\n/],
    [
      "a root that is no folder",
      ["config", "explain", "--root", "/no/such"],
      2,
      /^error: Cannot use --root "\/no\/such": it is not a folder\n/,
    ],
    [
      "a configuration that is not there",
      ["config", "explain", "--config", "/no/such.yaml"],
      3,
      /^error: Cannot read the configuration \/no\/such\.yaml, named by --config: it does not exist\nhint: /,
    ],
  ])("ends with its own code for %s", (_name, args, exitCode, stderr) => {
    const result = run([headcni, ...args]);
    expect([result.exitCode, result.stdout]).toEqual([exitCode, ""]);
    expect(result.stderr).toMatch(stderr);
  });

  test("lists everything that is wrong with a configuration, with its lines", () => {
    using node = tempRoot();
    node.write(
      "/etc/headcni/config.yaml",
      "network:\n  mtu: 9\n  maskerade: none\ncni:\n  type: bridge\n  type: headcni\n",
    );
    const twice = run([headcni, "config", "validate", "--root", node.path]);
    expect([twice.exitCode, twice.stderr.split("\n")[1]]).toEqual([
      3,
      "  /etc/headcni/config.yaml:6: this key stands twice; keep one",
    ]);
    node.write("/etc/headcni/config.yaml", "network:\n  mtu: 9\n  maskerade: none\n");
    const { exitCode, stderr } = run([headcni, "config", "validate", "--root", node.path]);
    expect(exitCode).toBe(3);
    expect(stderr.split("\n").slice(0, 3)).toEqual([
      "error: Cannot use the configuration: it has 2 problems",
      "  /etc/headcni/config.yaml:2: network.mtu: 9 is less than 576, what IPv4 needs; write a number from 576 to 65535",
      "  /etc/headcni/config.yaml:3: network.maskerade: unknown key; did you mean network.masquerade?",
    ]);
  });
});

describe("headcni's output", () => {
  test("reaches a slow reader whole", () => {
    const { exitCode, stdout } = shell('"$headcni" config schema | (sleep 0.3; cat)');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ title: "HeadCNI configuration" });
  });

  test("may be cut off by its reader without an error", () => {
    const { exitCode, stdout, stderr } = shell('"$headcni" config schema | head -n 1');
    expect([exitCode, stdout, stderr]).toEqual([0, "{\n", ""]);
  });

  test("to a full disk is an error that says so", () => {
    const { exitCode, stderr } = shell('"$headcni" config schema > /dev/full');
    expect(exitCode).toBe(4);
    expect(stderr).toStartWith("error: Cannot write standard output: no space left on the device\n");
  });

  test("has colours on a terminal alone, and none with NO_COLOR; there its tables fit", () => {
    const onTerminal = (columns: number, before = "") =>
      shell(`script -qec "stty cols ${columns}; ${before} $headcni config explain --root /" /dev/null`).stdout;
    expect(onTerminal(80)).toContain("\x1b[1mKEY\x1b[0m");
    const plain = onTerminal(80, "NO_COLOR=1");
    expect(plain).not.toContain("\x1b");
    expect(Math.max(...plain.split("\r\n").map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(shell('"$headcni" config explain | cat').stdout).not.toContain("\x1b");
  });

  test("says on a terminal that it is busy, and takes that away", () => {
    const { stdout } = shell('script -qec "timeout 10 $headcni status --wait 2 --address 127.0.0.1:1" /dev/null');
    expect(stdout).toContain("\r\x1b[Kheadcni status: 1 s");
    expect(stdout).toContain("\r\x1b[Kerror: ");
    expect(shell('"$headcni" status --wait 2 --address 127.0.0.1:1').stderr).toStartWith("error: ");
  });
});

describe("headcni in a hostile working directory", () => {
  test("runs no code and reads no environment from there", () => {
    using folder = tempRoot();
    folder.write("/bunfig.toml", 'preload = ["./preload.ts"]\n');
    folder.write("/preload.ts", 'console.log("preloaded"); process.exit(99);\n');
    folder.write("/.env", "HEADCNI_NETWORK_MTU=1400\nCNI_COMMAND=VERSION\n");
    folder.write("/package.json", "{ not json");
    folder.write("/tsconfig.json", "{ not json");
    const { exitCode, stdout, stderr } = run([headcni, "config", "explain", "-o", "json", "--root", folder.path], {
      cwd: folder.path,
    });
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout).values).toContainEqual({ key: "network.mtu", value: 1280, source: "default" });
  });
});
