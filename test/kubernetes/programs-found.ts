// Whether this run is to use a real Kubernetes: `make test-kubernetes` asks for it, and `make test` only says whether it could.

import { clusterPrograms, findKubernetes } from "../harness/kubernetes/programs.ts";

const isAsked = (process.env.HEADCNI_TEST_KUBERNETES ?? "") !== "";

/** What is to be run with, as a list for `describe.each`: none where it is not asked for. @throws Error where something is missing */
export function wantedPrograms<Name extends string>(names: readonly Name[]): readonly ReadonlyMap<Name, string>[] {
  if (!isAsked) return [];
  const found = findKubernetes(names);
  if (typeof found === "string") throw new Error(`Cannot test on a real Kubernetes: ${found}`);
  return [found];
}

const all = findKubernetes(clusterPrograms);
if (!isAsked) {
  const how = typeof all === "string" ? `not possible here (${all})` : "possible here: make test-kubernetes";
  console.log(`    on a real Kubernetes: ${how}`);
}
