// The table of faults and that of checks fit each other, and the conditions of the daemon.

import { expect, test } from "bun:test";
import { declaredConditions } from "../../src/daemon/agents.ts";
import { allChecks } from "../../src/doctor/checks/all-checks.ts";
import { type FaultCode, faultOf, faults } from "../../src/doctor/faults.ts";
import { agents } from "../../tools/gen/agents.ts";

const codes = Object.keys(faults) as FaultCode[];
const declared = declaredConditions(agents);
const checks = Object.values(allChecks).flat();

test("every condition of the daemon has a row in src/doctor/faults.ts, and every other row says what it is", () => {
  expect(Object.keys(declared).filter((code) => !Object.hasOwn(faults, code))).toEqual([]);
  expect(codes.filter((code) => (faultOf(code).title === undefined) === (declared[code] === undefined))).toEqual([]);
});

test("every check has an id of its own, and every fault is one of a check's or a daemon's condition", () => {
  const ids = checks.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)]);
  const found = new Set(checks.filter(({ id }) => id !== "daemon-conditions").flatMap((check) => check.codes));
  expect(codes.filter((code) => !found.has(code) && declared[code] === undefined)).toEqual([]);
});
