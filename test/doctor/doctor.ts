// `headcni doctor` on a node, as data.

import { checkDoctorDocument } from "../../src/doctor/report-schema.ts";
import type { CheckDocument, DoctorDocument } from "../../src/doctor/run-checks.ts";
import { headcni } from "../harness/headcni.ts";
import type { Node } from "../harness/node.ts";

export async function doctorOf(node: Node): Promise<DoctorDocument> {
  const { stdout, stderr } = await node.run([headcni, "doctor", "-o", "json"], { timeoutMs: 60_000 });
  if (stdout === "") throw new Error(stderr);
  return checkDoctorDocument(JSON.parse(stdout));
}

export function faultCodes({ checks }: DoctorDocument): string[] {
  return checks.flatMap(({ faults }) => faults.map(({ code }) => code));
}

export function checkOf({ checks }: DoctorDocument, id: string): CheckDocument {
  const check = checks.find((each) => each.id === id);
  if (check === undefined) throw new Error(`The report has no check ${id}`);
  return check;
}
