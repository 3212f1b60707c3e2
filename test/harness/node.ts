// A node for tests, the demo and the bench: network, mount, pid, uts and ipc namespaces with a root in memory (node.sh says
// what is in it). Nothing of it is on the host: when it is disposed, or its owner dies, all of it is gone.

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "../../src/sys/fs/path.ts";
import { type ExecOptions, type ExecResult, realExec } from "../../src/sys/process/exec.ts";
import { waitUntil } from "../../src/sys/testing.ts";

import { mark, markVariable, nodePrefix } from "./mark.ts";

/** The checkout; it is at the same place in every node, read-only. */
export const checkout = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

export interface NodeOptions {
  /** Host name inside. @default "node-1" */
  readonly name?: string | undefined;
  /** Files to begin with, by absolute path in the node. */
  readonly files?: Readonly<Record<string, string>> | undefined;
  /** For the node to come up. It takes milliseconds, but a kernel that takes many networks down makes no new one meanwhile. @default 60000 */
  readonly startDeadlineMs?: number | undefined;
}

export interface SpawnOptions {
  /** Added to the node's environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Node path that gets standard output and error. @default "/var/log/<program>.log" */
  readonly log?: string | undefined;
}

/** A program that goes on in the node. */
export interface NodeProcess {
  /** As this machine sees it: for /proc and signals. */
  readonly pid: number;
  /** Exit code, or 128 plus the signal's number. */
  readonly exited: Promise<number>;
  /** What it printed so far. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after `deadlineMs`; gives the exit code. @default 20,000 */
  stop(deadlineMs?: number): Promise<number>;
}

export interface Node extends AsyncDisposable {
  readonly name: string;
  /** The node's pid 1, as this machine sees it. */
  readonly pid: number;
  /** Parent of every cgroup made on behalf of the node: containers go under it, so that it can be removed. */
  readonly cgroup: string;
  /** Where a node's path can be reached from here. Absolute links in the node are not followed inside it. */
  path(path: string): string;
  write(path: string, content: string | Uint8Array): void;
  read(path: string): string;
  exists(path: string): boolean;
  /** Names in a folder; none when it does not exist. */
  list(path: string): string[];
  /** Runs a program to its end. `env` is added to PATH, HOME and LANG. A failure is a result. */
  run(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** As `run`, giving standard output. @throws Error with the command and what it printed when it fails. */
  must(argv: readonly string[], options?: ExecOptions): Promise<string>;
  spawn(argv: readonly string[], options?: SpawnOptions): Promise<NodeProcess>;
}

const baseEnv = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  LANG: "C.UTF-8",
  [markVariable]: mark,
};
/** For the node to go, before its processes are killed. */
const endDeadlineMs = 15_000;

/**
 * Makes one: `await using node = await createNode({ name: "n1" })`.
 * @throws Error with what the kernel refused, e.g. without root.
 */
export async function createNode(options: NodeOptions = {}): Promise<Node> {
  const { name = "node-1", startDeadlineMs = 60_000 } = options;
  const state = fs.mkdtempSync(join(tmpdir(), nodePrefix));
  fs.mkdirSync(join(state, "root"));
  const keeper = Bun.spawn([join(import.meta.dir, "node.sh"), "keep", state, checkout, name], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    env: baseEnv,
    // Its own session: a Ctrl-C at the terminal reaches the owner alone.
    detached: true,
  });
  // The whole group, with what it has started so far.
  const killAll = (): boolean => process.kill(-keeper.pid, "SIGKILL");
  const pid = Number(/^ready (\d+)$/.exec(await within(startDeadlineMs, firstLine(keeper.stdout), killAll))?.[1]);
  if (!Number.isInteger(pid)) {
    await keeper.exited;
    const why = keeper.signalCode === "SIGKILL" ? `it was not there after ${startDeadlineMs} ms` : "";
    removeIfThere(join(state, "root"));
    removeIfThere(state);
    throw new Error(`Cannot make the node ${name}: ${(await keeper.stderr.text()).trim()}${why}`);
  }
  const end = async (): Promise<void> => {
    await keeper.stdin.end();
    const exitCode = await within(endDeadlineMs, keeper.exited, () => process.kill(pid, "SIGKILL"));
    const complaint = (await keeper.stderr.text()).trim();
    if (exitCode !== 0 || complaint !== "") throw new Error(`Node ${name} ended with ${exitCode}: ${complaint}`);
  };
  const node = new NamespacedNode(name, pid, basename(state), end);
  for (const [path, content] of Object.entries(options.files ?? {})) node.write(path, content);
  return node;
}

class NamespacedNode implements Node {
  readonly name: string;
  readonly pid: number;
  readonly cgroup: string;
  readonly #end: () => Promise<void>;

  constructor(name: string, pid: number, cgroup: string, end: () => Promise<void>) {
    this.name = name;
    this.pid = pid;
    this.cgroup = `/${cgroup}`;
    this.#end = end;
  }

  path(path: string): string {
    return `/proc/${this.pid}/root${path}`;
  }

  write(path: string, content: string | Uint8Array): void {
    fs.mkdirSync(this.path(dirname(path)), { recursive: true });
    fs.writeFileSync(this.path(path), content);
  }

  read(path: string): string {
    return fs.readFileSync(this.path(path), "utf8");
  }

  exists(path: string): boolean {
    return fs.existsSync(this.path(path));
  }

  list(path: string): string[] {
    return this.exists(path) ? fs.readdirSync(this.path(path)).sort() : [];
  }

  run(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    return realExec.run(this.#enter(argv), { ...options, env: { ...baseEnv, ...options.env } });
  }

  async must(argv: readonly string[], options: ExecOptions = {}): Promise<string> {
    const { exitCode, signal, stdout, stderr, timedOut } = await this.run(argv, options);
    if (exitCode === 0) return stdout;
    const how = timedOut ? "did not end in time" : `ended with ${signal ?? exitCode}`;
    throw new Error(`On ${this.name}, ${argv.join(" ")} ${how}: ${`${stderr}\n${stdout}`.trim()}`);
  }

  async spawn(argv: readonly string[], options: SpawnOptions = {}): Promise<NodeProcess> {
    const log = options.log ?? `/var/log/${basename(argv[0] ?? "")}.log`;
    const output = fs.openSync(this.path(log), "a");
    const outer = Bun.spawn(this.#enter(argv), {
      stdin: "ignore",
      stdout: output,
      stderr: output,
      env: { ...baseEnv, ...options.env },
      detached: true,
    });
    fs.closeSync(output);
    // nsenter stays outside the pid namespace and waits for its one child: the program.
    let pid = 0;
    await waitUntil(`${argv[0]} starts on ${this.name}`, () => {
      pid = Number.parseInt(childrenOf(outer.pid), 10);
      return pid > 0 || outer.exitCode !== null;
    });
    const { exited } = outer;
    const kill = (signal: NodeJS.Signals): void => {
      if (outer.exitCode === null && outer.signalCode === null && pid > 0) process.kill(pid, signal);
    };
    return {
      pid,
      exited,
      kill,
      output: () => this.read(log),
      stop: async (deadlineMs = 20_000) => {
        kill("SIGTERM");
        return within(deadlineMs, exited, () => kill("SIGKILL"));
      },
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#end();
  }

  /** The command line that runs `argv` in the node and kills it when its parent here dies. */
  #enter(argv: readonly string[]): string[] {
    const namespaces = ["--net", "--mount", "--pid", "--uts", "--ipc", "--root", "--wd"];
    const die = ["setpriv", "--pdeathsig", "KILL", "--"];
    return ["nsenter", `--target=${this.pid}`, ...namespaces, "--", ...die, ...argv];
  }
}

/** What `promise` gives; past the deadline `giveUp` is called, which is to make it settle. */
async function within<T>(deadlineMs: number, promise: Promise<T>, giveUp: () => void): Promise<T> {
  const late = setTimeout(giveUp, deadlineMs);
  try {
    return await promise;
  } finally {
    clearTimeout(late);
  }
}

/** A folder that a keeper which was killed could not take with it. */
function removeIfThere(path: string): void {
  if (fs.existsSync(path)) fs.rmdirSync(path);
}

function childrenOf(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  } catch {
    // It has ended already.
    return "";
  }
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  let text = "";
  while (!text.includes("\n")) {
    const next = await reader.read();
    if (next.done) break;
    text += Buffer.from(next.value).toString();
  }
  reader.releaseLock();
  return text.split("\n", 1)[0] ?? "";
}
