// tailscaled's refusals in words.

import { expect, test } from "bun:test";
import { HttpError } from "../../sys/net/http-error.ts";
import { describeRefusal } from "./api-refusal.ts";

const said = (answer: string): string => {
  const target = { kind: "unix", socketPath: "/run/t.sock" } as const;
  const why = `it answered 400: ${answer}`;
  return describeRefusal(new HttpError({ failure: "status", method: "PATCH", path: "/x", target, why, status: 400 }));
};

test.each([
  ['{"Error":"has non-address bits set"}', "has non-address bits set"],
  ['{"error":"no matching peer"}', "no matching peer"],
  ["netip.ParsePrefix(\"banana\"): no '/'", "netip.ParsePrefix(\"banana\"): no '/'"],
  ['{"Error":"cut short…', '{"Error":"cut short…'],
  ['{"other":1}', '{"other":1}'],
  ['{"Error":"bad key tskey-auth-abc123"}', "bad key [redacted]"],
])("%p", (answer, expected) => {
  expect(said(answer)).toBe(`Cannot PATCH /x of /run/t.sock: it answered 400: ${expected}`);
});
