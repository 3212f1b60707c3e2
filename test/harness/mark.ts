// What all that descends from a test run carries, so that it can be told from whatever else happens on the machine meanwhile: a word in
// the environment of its processes, and in the names of its nodes.

/** The variable of the environment. `Bun.spawn` hands it on where it is given `env: process.env`: by default it gives what this process was started with. */
export const markVariable = "HEADCNI_TEST_MARK";

/** This run's: its parent's, or else one of its own. */
export const mark = process.env[markVariable] ?? crypto.getRandomValues(new Uint8Array(4)).toHex();
process.env[markVariable] = mark;

/** What the folders in /tmp, cgroups and mounts of this run's nodes begin with. */
export const nodePrefix = `headcni-node-${mark}-`;
