// The control server, as far as it can be asked without a key.

import { expected } from "../../sys/errors.ts";
import { type Check, type Finding, faultsOr, notChecked } from "../check.ts";
import type { Examination } from "../examination.ts";

/** TLS, and keys that expire, tolerate this much. */
const mostMs = 30_000;
const timeoutMs = 5000;

export const headscaleChecks: readonly Check[] = [
  {
    id: "control-clock",
    title: "The clock is that of the control server",
    codes: ["ClockSkewed"],
    look: lookAtClock,
  },
];

async function lookAtClock(node: Examination): Promise<Finding> {
  const { prefs } = await node.tailnet();
  if (prefs.controlURL === "") return notChecked("tailscaled has no control server");
  try {
    using server = await node.system.http.connect({ kind: "tcp", origin: new URL(prefs.controlURL).origin });
    const { headers } = await server.request({ path: "/health", timeoutMs, signal: node.signal });
    const saidMs = Date.parse(headers.date ?? "");
    if (Number.isNaN(saidMs)) return notChecked(`${prefs.controlURL} does not say what time it is`);
    const skewMs = node.system.clock.now() - saidMs;
    const words = `this node is ${Math.abs(Math.round(skewMs / 1000))} s ${skewMs > 0 ? "ahead of" : "behind"} ${prefs.controlURL}`;
    return faultsOr(Math.abs(skewMs) > mostMs ? [{ code: "ClockSkewed", evidence: words }] : [], words);
  } catch (error) {
    expected(error);
    return notChecked(error.message);
  }
}
