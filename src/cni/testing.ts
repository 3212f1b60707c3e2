// The plugin's system in memory: files in a temporary root, standard input as text, and delegates that are functions.

import { savedCallPath } from "../attachments/saved-call.ts";
import { savedCallsDir } from "../node-state/names.ts";
import { HeadcniError } from "../sys/errors.ts";
import { basename } from "../sys/fs/path.ts";
import { isJsonObject, type JsonObject } from "../sys/json.ts";
import type { Exec, ExecResult } from "../sys/process/exec.ts";
import type { StdinRead } from "../sys/process/stream-stdio.ts";
import { type TempRoot, testSystem } from "../sys/testing.ts";
import { dispatch } from "./dispatch.ts";
import type { PluginOutput, PluginSystem } from "./plugin-system.ts";

/** One start of a delegate, as it saw it. */
export interface DelegateStart {
  readonly type: string;
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
  readonly config: JsonObject;
  readonly heldFd: number | undefined;
}

/** What a fake delegate does: a result or error to print, or how it ends otherwise. */
export type DelegateReply = Partial<ExecResult> | { readonly startError: string };

export interface FakePlugin {
  readonly system: PluginSystem;
  readonly starts: readonly DelegateStart[];
  /** What went to standard error. */
  warnings(): string;
  run(): Promise<PluginOutput>;
}

export interface FakePluginOptions {
  readonly root: TempRoot;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: JsonObject | string | StdinRead;
  readonly reply?: (start: DelegateStart) => DelegateReply;
}

const attachmentEnv = {
  CNI_CONTAINERID: "c1",
  CNI_NETNS: "/run/netns/c1",
  CNI_IFNAME: "eth0",
  CNI_PATH: "/opt/cni/bin",
} as const;

/** A configuration that needs nothing of the node. */
export const selfContained = {
  cniVersion: "1.0.0",
  name: "headcni",
  type: "headcni",
  delegate: { ipam: { type: "host-local", subnet: "10.1.0.0/24" } },
} as const satisfies JsonObject;

export const goodResult = {
  cniVersion: "1.0.0",
  interfaces: [{ name: "eth0", sandbox: "/run/netns/c1" }],
  ips: [{ address: "10.1.0.2/24", gateway: "10.1.0.1", interface: 0 }],
} as const satisfies JsonObject;

/** What a delegate of the given versions prints for VERSION. */
export function versionReply(...supportedVersions: readonly string[]): DelegateReply {
  return { stdout: JSON.stringify({ cniVersion: supportedVersions.at(-1), supportedVersions }) };
}

export function errorReply(code: number, msg = "refused"): DelegateReply {
  return { exitCode: 1, stdout: JSON.stringify({ cniVersion: "1.0.0", code, msg }) };
}

/** A call of the plugin whose delegates, `bridge` and `host-local`, exist and answer `reply`; a result without one. */
export function fakePlugin({ root, env = {}, stdin = selfContained, reply }: FakePluginOptions): FakePlugin {
  for (const name of ["bridge", "host-local"]) root.write(`/opt/cni/bin/${name}`, "", 0o755);
  const starts: DelegateStart[] = [];
  let warned = "";
  const exec: Exec = {
    run: (argv, options = {}) => {
      const { env = {}, heldFd, stdin } = options;
      // iptables, with nothing in its tables.
      if (stdin === undefined) return Promise.resolve(ended);
      const start = {
        type: basename(argv[0] ?? ""),
        command: env.CNI_COMMAND ?? "",
        env,
        config: JSON.parse(String(stdin)) as JsonObject,
        heldFd,
      };
      starts.push(start);
      const answer = reply?.(start) ?? (start.command === "ADD" ? { stdout: JSON.stringify(goodResult) } : {});
      if (!("startError" in answer)) return Promise.resolve({ ...ended, ...answer });
      const cause = Object.assign(new Error(answer.startError), { code: answer.startError });
      return Promise.reject(new HeadcniError("HC_EXEC_FAILED", `Cannot start ${argv[0]}`, { cause }));
    },
  };
  const { files, clock } = testSystem(root);
  const system: PluginSystem = {
    files,
    clock,
    exec,
    env: { CNI_COMMAND: "ADD", ...attachmentEnv, ...env },
    readStdin: () => Promise.resolve(stdinRead(stdin)),
    warn: (text) => {
      warned += text;
    },
  };
  return { system, starts, warnings: () => warned, run: () => dispatch(system) };
}

/** Where the call of `attachmentEnv` and `selfContained` is saved. */
export const savedPath = savedCallPath(savedCallsDir, { network: "headcni", containerId: "c1", ifname: "eth0" });

/** Replies by command; what is not named succeeds. */
export function replies(byCommand: Readonly<Record<string, DelegateReply>>) {
  return ({ command }: DelegateStart): DelegateReply => byCommand[command] ?? {};
}

/** What was started, in order: `bridge ADD 1.0.0`. */
export function commandsOf(starts: readonly DelegateStart[]): string[] {
  return starts.map(({ type, command, config }) => `${type} ${command} ${config.cniVersion}`);
}

/** The JSON object on standard output. */
export function errorOf({ stdout }: PluginOutput): JsonObject {
  const json: unknown = JSON.parse(stdout);
  if (!isJsonObject(json)) throw new Error(`Not an object: ${stdout}`);
  return json;
}

const ended: ExecResult = {
  exitCode: 0,
  signal: null,
  stdout: "",
  stderr: "",
  timedOut: false,
  outputTooLong: false,
};

function stdinRead(stdin: JsonObject | string | StdinRead): StdinRead {
  if (typeof stdin === "string") return { ended: "end", text: stdin };
  return isStdinRead(stdin) ? stdin : { ended: "end", text: JSON.stringify(stdin) };
}

function isStdinRead(stdin: JsonObject | StdinRead): stdin is StdinRead {
  return typeof stdin.ended === "string" && typeof stdin.text === "string";
}
