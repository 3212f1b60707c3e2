// The machine, as one value. Whatever acts on the machine takes a System first, so that a test can hand it
// another clock, root, environment or exec, and nothing else in the code reaches around it.

import { createWatchDir, type WatchDir } from "./fs/watch.ts";
import { type Log, silentLog } from "./log/log.ts";
import { createMachine, type Machine } from "./machine.ts";
import type { TryConnect } from "./net/connect.ts";
import type { Http } from "./net/http.ts";
import { type FollowProgram, followProgram } from "./process/follow.ts";

export interface System extends Machine {
  /** In [0, 1), for what need not be unpredictable: jitter. */
  readonly random: () => number;
  readonly log: Log;
  readonly watch: WatchDir;
  readonly follow: FollowProgram;
  readonly http: Http;
  readonly tryConnect: TryConnect;
}

export interface SystemOptions {
  /** Folder that plays the node's "/". @default "/" */
  readonly root?: string | undefined;
  readonly log?: Log | undefined;
}

/** The real machine. */
export function createSystem(options: SystemOptions = {}): System {
  const machine = createMachine(options.root);
  const log = options.log ?? silentLog;
  return {
    ...machine,
    random: Math.random,
    log,
    watch: createWatchDir(machine.files, log),
    follow: followProgram,
    http: lazyHttp(machine),
    tryConnect: async (options, signal) => (await import("./net/connect.ts")).tryConnect(options, signal),
  };
}

/** The client is a tenth of what every start would load, and few commands ask a server. */
function lazyHttp(machine: Machine): Http {
  return {
    connect: async (target, options) => (await import("./net/http-client.ts")).connectHttp(machine, target, options),
  };
}
