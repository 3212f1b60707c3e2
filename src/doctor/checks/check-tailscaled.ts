// The node's tailscaled: there, logged in, told what pods need, reached directly, its key and the clock.

import type { Condition } from "../../agent/conditions.ts";
import { isGuess } from "../../podcidr/answer.ts";
import { expected } from "../../sys/errors.ts";
import { redactText } from "../../sys/redact.ts";
import { condition } from "../../tailscale/conditions.ts";
import { prefsConditions, programConditions, stateConditions } from "../../tailscale/findings.ts";
import { plainVersion } from "../../tailscale/local-api/tailscale-version.ts";
import { type Check, type Fault, type Finding, faultsOr, notChecked, well } from "../check.ts";
import { count, faultsOf, isForbidden } from "../evidence.ts";
import type { Examination } from "../examination.ts";

const programCodes = [
  "TailscaledAbsent",
  "TailscaleCallRefused",
  "TailscaleTooOld",
  "TailscaleWithoutTun",
  "TailscaledsCompete",
] as const;
const stateCodes = ["TailscaleStopped", "TailscaleNeedsLogin", "TailscaleControlUnreachable"] as const;
const prefsCodes = ["TailscalePrefsRefused", "TailscaleStatefulFiltering", "TailscaleShieldsUp"] as const;
const dayMs = 24 * 3600_000;
/** Headscale and Tailscale renew nothing by themselves: a week is enough to do it by hand. */
const soonMs = 7 * dayMs;

export const tailscaledChecks: readonly Check[] = [
  { id: "tailscaled", title: "tailscaled answers", codes: programCodes, look: lookAtProgram },
  { id: "tailscale-login", title: "It is connected to the control server", codes: stateCodes, look: lookAtState },
  {
    id: "tailscale-key",
    title: "This node's key does not expire soon",
    codes: ["TailscaleKeyExpired", "TailscaleKeyExpires"],
    look: lookAtKey,
  },
  {
    id: "tailscale-prefs",
    title: "It accepts routes, and drops nothing that other nodes' pods send",
    codes: prefsCodes,
    look: lookAtPrefs,
  },
  {
    id: "route-advertised",
    title: "This node's PodCIDR is offered to the tailnet",
    codes: ["RouteNotAdvertised"],
    look: lookAtRoutes,
  },
  {
    id: "direct-paths",
    title: "Other nodes are reached directly (UDP)",
    codes: ["RelayedOnly"],
    look: lookAtPaths,
  },
];

async function lookAtProgram(node: Examination): Promise<Finding> {
  const { tailscale } = (await node.config()).config;
  const { socket, enabled } = tailscale;
  if (enabled === false) return notChecked("tailscale.enabled is false");
  try {
    const { status, sockets } = await node.tailnet();
    const faults = faultsOf(programConditions(status, sockets), programCodes);
    return faultsOr(faults, `tailscaled ${plainVersion(status.version)} at ${socket}`);
  } catch (error) {
    expected(error);
    const why = error.details?.why;
    if (typeof why !== "string") throw error;
    if (isForbidden(node.system, why)) return notChecked(`${why}: run it as root`);
    const isRefusal = error.details?.isRefusal === true;
    const raised = isRefusal
      ? condition("TailscaleCallRefused", { why })
      : condition("TailscaledAbsent", { socket, why });
    return { kind: "faults", faults: [...faultsOf([raised], programCodes)] };
  }
}

async function lookAtState(node: Examination): Promise<Finding> {
  const { status, prefs, tailnet } = await node.tailnet();
  const why = "why" in tailnet ? redactText(tailnet.why) : "";
  const isRunning = status.backendState === "Running";
  const raised: readonly Condition[] =
    tailnet.kind === "needs-login"
      ? [condition("TailscaleNeedsLogin", { why, isRunning })]
      : stateConditions(tailnet, status, prefs.controlURL);
  const faults = faultsOf(raised, stateCodes).map((fault): Fault => {
    if (prefs.controlURL === "") return fault;
    if (fault.code === "TailscaleControlUnreachable") return { ...fault, remedy: `curl -v ${prefs.controlURL}/health` };
    return fault.code === "TailscaleNeedsLogin"
      ? { ...fault, remedy: `tailscale up ${isRunning ? "--force-reauth " : ""}--login-server=${prefs.controlURL}` }
      : fault;
  });
  const self = "self" in tailnet ? `${tailnet.self.name}, ${tailnet.self.addresses.join(", ")}` : "";
  return faultsOr(faults, `connected to ${prefs.controlURL} as ${self}`);
}

async function lookAtKey(node: Examination): Promise<Finding> {
  const { status } = await node.tailnet();
  const endsMs = status.self?.keyExpiresAtMs;
  if (!status.hasNodeKey && endsMs === undefined) return notChecked("this node has no key yet");
  if (endsMs === undefined) return well("it never expires");
  const leftMs = endsMs - node.system.clock.now();
  const when = new Date(endsMs).toISOString();
  if (leftMs <= 0)
    return { kind: "faults", faults: [{ code: "TailscaleKeyExpired", evidence: `it expired at ${when}` }] };
  const evidence = `it expires at ${when}: then this node leaves the tailnet`;
  return faultsOr(leftMs < soonMs ? [{ code: "TailscaleKeyExpires", evidence }] : [], `it expires at ${when}`);
}

async function lookAtPrefs(node: Examination): Promise<Finding> {
  const { prefs } = await node.tailnet();
  const faults: Fault[] = [];
  if (!prefs.routeAll) {
    const evidence = "RouteAll is off: tailscaled takes no route of another node, so this node has none to their pods";
    faults.push({ code: "TailscalePrefsRefused", evidence });
  }
  if (prefs.noStatefulFiltering === false) {
    const evidence = "stateful filtering is on, which drops what other nodes' pods send";
    faults.push({ code: "TailscaleStatefulFiltering", evidence });
  }
  faults.push(...faultsOf(prefsConditions(prefs), prefsCodes));
  return faultsOr(faults, "RouteAll is on, stateful filtering and shields are off");
}

async function lookAtRoutes(node: Examination): Promise<Finding> {
  const [{ prefs }, { plan }] = await Promise.all([node.tailnet(), node.node()]);
  const { podCIDRs, source } = plan.adoption.effective;
  const missing = podCIDRs.list.filter((podCIDR) => !prefs.advertiseRoutes.includes(podCIDR.toString()));
  if (missing.length > 0 && isGuess(source)) return notChecked("the daemon offers a guess as the claim to it says");
  const all = [...prefs.advertiseRoutes, ...missing.map(String)].join(",");
  const evidence = `${missing.join(", ")} is not among the routes tailscaled offers (${prefs.advertiseRoutes.join(", ") || "none"}), so no other node reaches this node's pods`;
  const remedy = `tailscale set --advertise-routes=${all}`;
  return faultsOr(
    missing.length === 0 ? [] : [{ code: "RouteNotAdvertised", evidence, remedy }],
    `${podCIDRs} is; whether it is approved only a packet tells (see Mesh)`,
  );
}

/** Others are pinged before, so that those that can be reached directly are. */
async function lookAtPaths(node: Examination): Promise<Finding> {
  const { mesh } = await node.mesh();
  const paths = mesh.nodes.filter(({ isSelf, isOnline }) => !isSelf && isOnline).map(({ path }) => path);
  const direct = paths.filter(({ kind }) => kind === "direct").length;
  const relayed = paths.filter(({ kind }) => kind === "relay").length;
  if (direct + relayed === 0) return notChecked("no path to another node is in use");
  const evidence = `${count(relayed, "node")} reached by a relay, none directly: UDP seems to be blocked here, or on all other nodes`;
  return faultsOr(direct === 0 ? [{ code: "RelayedOnly", evidence }] : [], `${direct} directly, ${relayed} by a relay`);
}
