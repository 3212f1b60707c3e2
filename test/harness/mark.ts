// What all that descends from a test run carries, so that it can be told from whatever else happens on the machine meanwhile: a word in
// the environment of its processes, and in the names of its nodes.

/** The variable of the environment. `Bun.spawn` hands it on where it is given `env: process.env`: by default it gives what this process was started with. */
export const markVariable = "HEADCNI_TEST_MARK";

/** Files that run side by side are told apart by the number of their worker, which what they start inherits too. */
const worker = process.env.BUN_TEST_WORKER_ID;
const given = process.env[markVariable] ?? crypto.getRandomValues(new Uint8Array(4)).toHex();

/** This run's: its parent's, or else one of its own; in a worker one that begins so. */
export const mark = worker === undefined || given.endsWith(`-${worker}`) ? given : `${given}-${worker}`;
process.env[markVariable] = mark;

/** Whether an entry of an environment, `NAME=value`, is this run's mark or that of one of its workers. */
export function isOwnMark(entry: string): boolean {
  return entry === `${markVariable}=${mark}` || entry.startsWith(`${markVariable}=${mark}-`);
}

/** What the folders in /tmp, cgroups and mounts of this run's nodes begin with. */
export const nodePrefix = `headcni-node-${mark}-`;
