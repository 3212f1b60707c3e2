// `make demo`: three nodes in networks of their own, joined by a tailnet until their pods talk. Takes everything down again when it ends, when it fails and on Ctrl-C, and looks whether the machine is as it was.

import { hostChanges, hostState } from "../test/harness/host-state.ts";
import { createMachines } from "./demo/machines.ts";
import { bad, good, note } from "./demo/show.ts";
import { tell } from "./demo/story.ts";

console.log(
  "HeadCNI: three Kubernetes nodes in different networks, from the files on their disks to pods that talk to each other.",
);
note("A node is a network namespace with a disk in memory. What you read below happens there, for real.");

const before = await hostState();
const startedAt = performance.now();
const machines = await createMachines();
const interrupted = Promise.withResolvers<never>();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => interrupted.reject(new Error(`Stopped by ${signal}`)));
}

let failure: unknown;
try {
  await Promise.race([tell(machines), interrupted.promise]);
} catch (error) {
  failure = error;
  console.log();
  bad(error instanceof Error ? error.message : String(error));
}
await machines[Symbol.asyncDispose]();

const changes = await hostChanges(before);
if (changes.length === 0)
  good("this machine is as it was: devices, routes, firewall, CNI folders, mounts, cgroups, processes");
else bad(`The demo has left something on this machine:\n   ${changes.join("\n   ")}`);
if (failure === undefined) console.log(`\nDone in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`);
process.exit(failure === undefined && changes.length === 0 ? 0 : 1);
