// A folder that plays a node for the compiled `headcni conflist …`: plugins, a PodCIDR by the environment, and the few
// questions every test here asks of it.

import * as fs from "node:fs";
import { runtimeOrder } from "../../src/spec/runtime-order.ts";
import { type TempRoot, tempRoot } from "../../src/sys/testing.ts";
import { headcni } from "../harness/headcni.ts";

export const confDir = "/etc/cni/net.d";
export const conflist = `${confDir}/10-headcni.conflist`;
export const backups = "/var/lib/headcni/backups";
/** Two PodCIDRs to change between: each change is an installation. */
export const podCIDRs = ["10.244.1.0/24", "10.244.2.0/24"] as const;

const plugins = ["bridge", "host-local", "portmap"];

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface FolderNode extends TempRoot {
  /** Runs `headcni conflist ARGS --root …` in the environment of PodCIDR number `at`. */
  conflist(args: readonly string[], at?: 0 | 1): RunResult;
  /** Runs a shell script with $root, $headcni and $conf set; `unshare` gives it mounts of its own. */
  shell(script: string, options?: { readonly unshare: boolean }): RunResult;
  /** The command line and environment that `conflist` uses, for tests that start it themselves. */
  command(args: readonly string[], at?: 0 | 1): { readonly argv: string[]; readonly env: Record<string, string> };
  /** Names in the configuration folder, sorted. */
  names(): string[];
}

/** Makes one, with the real plugins in /opt/cni/bin. */
export function folderNode(): FolderNode {
  const root = tempRoot();
  fs.mkdirSync(`${root.path}/opt/cni/bin`, { recursive: true });
  for (const plugin of plugins) fs.copyFileSync(`/usr/lib/cni/${plugin}`, `${root.path}/opt/cni/bin/${plugin}`);
  fs.mkdirSync(`${root.path}${confDir}`, { recursive: true });
  const command: FolderNode["command"] = (args, at = 0) => ({
    argv: [headcni, "conflist", ...args, "--root", root.path],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", NODE_POD_CIDR: podCIDRs[at], NODE_NAME: "node-1" },
  });
  const run = (argv: readonly string[], env: Record<string, string>): RunResult => {
    const { exitCode, stdout, stderr } = Bun.spawnSync([...argv], { env, stdin: "ignore", timeout: 30_000 });
    return { exitCode, stdout: String(stdout), stderr: String(stderr) };
  };
  return {
    ...root,
    command,
    conflist: (args, at) => {
      const { argv, env } = command(args, at);
      return run(argv, env);
    },
    shell: (script, { unshare } = { unshare: false }) => {
      const { env } = command([]);
      const shell = ["bash", "-c", script];
      return run(unshare ? ["unshare", "--mount", "--propagation", "private", ...shell] : shell, {
        ...env,
        root: root.path,
        conf: `${root.path}${confDir}`,
        headcni,
      });
    },
    names: () => fs.readdirSync(`${root.path}${confDir}`).toSorted(),
    [Symbol.dispose]: () => root[Symbol.dispose](),
  };
}

/** The bytes a runtime would read first, by libcni's order; undefined when there is no configuration at all. */
export function readAsRuntime(hostConfDir: string): string | undefined {
  // Between the listing and the reading a file may be replaced or moved: a runtime looks again, and so does this.
  for (let attempt = 0; attempt < 100; attempt++) {
    const [first] = runtimeOrder(fs.readdirSync(hostConfDir));
    if (first === undefined) return undefined;
    try {
      return fs.readFileSync(`${hostConfDir}/${first}`, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  throw new Error(`The first configuration of ${hostConfDir} vanished a hundred times between listing and reading`);
}
