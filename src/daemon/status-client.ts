// Asks a running daemon for its status, and says in words why that fails.

import { loadConfig } from "../config/load.ts";
import { readListen } from "../config/values.ts";
import { expected, HeadcniError } from "../sys/errors.ts";
import { isProcess } from "../sys/process/process.ts";
import type { System } from "../sys/system.ts";
import { readHolder } from "./instance-lock.ts";
import { type StatusDocument, statusAddressFile } from "./status.ts";

export interface StatusWhere {
  /** `host:port`; wins over the configuration. */
  readonly address?: string | undefined;
  /** Path of the configuration file. */
  readonly config?: string | undefined;
}

const timeoutMs = 5000;

/**
 * Where the daemon listens: as asked, else as the running daemon noted, else as the node's configuration says.
 * @throws HeadcniError HC_USAGE for an address that is none, HC_DAEMON_NOT_RUNNING when the configuration turns the server off
 */
async function statusAddress(system: System, { address, config }: StatusWhere): Promise<string> {
  if (address !== undefined) {
    const listen = readListen(address);
    if (listen.kind === "fault")
      throw new HeadcniError("HC_USAGE", `Cannot use --address ${address}: it ${listen.why}`);
    return address;
  }
  const noted = new TextDecoder().decode(system.files.readIfPresent(statusAddressFile, 1024)).trim();
  if (noted !== "") return noted;
  const { monitoring } = (await loadConfig(system, { path: config, toleratesConflicts: true })).config;
  if (monitoring.enabled) return monitoring.listen;
  throw new HeadcniError("HC_DAEMON_NOT_RUNNING", "Cannot ask the daemon: its status server is turned off", {
    hint: "set monitoring.enabled to true, or look into the daemon's log",
  });
}

/**
 * The document of /status of this node's daemon, which an address of one's own choice need not be.
 * @throws HeadcniError HC_DAEMON_NOT_RUNNING when nothing, or something else, answers there
 */
export async function nodeStatus(system: System, where: StatusWhere): Promise<StatusDocument> {
  const address = await statusAddress(system, where);
  const status = await fetchStatus(system, address);
  // Two roots of one machine can ask for the same port: the daemon that does not get it notes no address.
  const holder = where.address === undefined ? readOwnHolder(system) : "";
  // A daemon that cannot write its run directory leaves the number of one before it there.
  if (holder === "" || holder === String(status.pid) || !isProcess(holder)) return status;
  throw new HeadcniError(
    "HC_DAEMON_NOT_RUNNING",
    `Cannot ask the daemon on ${address}: another one answers there (process ${status.pid}), not this node's (process ${holder})`,
    { hint: "give each a monitoring.listen of its own; --address asks whatever answers there" },
  );
}

/** Empty also for a user who may not read it. */
function readOwnHolder(system: System): string {
  try {
    return readHolder(system);
  } catch (error) {
    expected(error);
    return "";
  }
}

/**
 * The document of /status.
 * @throws HeadcniError HC_DAEMON_NOT_RUNNING when nothing, or something else, answers there
 */
async function fetchStatus({ http }: Pick<System, "http">, address: string): Promise<StatusDocument> {
  const refuse = (why: string, hint: string, cause?: unknown): HeadcniError =>
    new HeadcniError("HC_DAEMON_NOT_RUNNING", `Cannot ask the daemon on ${address}: ${why}`, { hint, cause });
  let body: string;
  try {
    using daemon = await http.connect({ kind: "tcp", origin: `http://${address}` });
    // Whatever its status: a node that is not ready says so in the document.
    body = (await daemon.request({ path: "/status", timeoutMs })).text;
  } catch (error) {
    expected(error);
    throw refuse(
      "it does not run, or listens elsewhere",
      "start headcni-daemon; its log says where status is served",
      error,
    );
  }
  try {
    const { decodeStatus } = await import("./status-schema.ts");
    const status = decodeStatus(JSON.parse(body));
    if (status !== undefined) return status;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw refuse("what answers there is not headcni-daemon", "name the daemon's address with --address");
}
