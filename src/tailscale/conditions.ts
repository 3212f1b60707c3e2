// What can be wrong between this node and its tailnet. All are warnings: the node's own pods have their network without it. Pure.

import { asSentence, conditionsOf, type Failure, kind } from "../agent/conditions.ts";
import type { TailnetDamage } from "../tailnet/tailnet-damage.ts";
import { oldestVersion } from "./local-api/tailscale-version.ts";

/** A restart of tailscaled takes about 3 s, and is no bad state. */
const restartMs = 10_000;

const harmless = { severity: "warning", impactsConnectivity: false } as const;

export const tailscaleConditions = {
  TailscaledAbsent: kind<{ readonly socket: string; readonly why: string }>({
    ...harmless,
    title: "No tailscaled answers on this node",
    visibleAfterMs: restartMs,
    text: ({ socket, why }) =>
      `Pods of this node reach no other node's, for tailscaled does not answer: ${why}. Start it (systemctl start tailscaled), ` +
      `or set tailscale.socket, which is ${socket}, to where its socket is; without a tailnet set tailscale.enabled to false`,
  }),
  TailscaleAccessDenied: kind<{ readonly why: string }>({
    ...harmless,
    title: "tailscaled lets the daemon change nothing",
    text: ({ why }) =>
      `${why}. tailscaled takes changes from root and from its operator alone: run headcni-daemon as root in the host's user namespace, ` +
      "or name its user (tailscale set --operator=USER)",
  }),
  TailscaleCallRefused: kind<{ readonly why: string }>({
    ...harmless,
    title: "tailscaled refuses a call that HeadCNI needs",
    visibleAfterMs: restartMs,
    text: ({ why }) =>
      `What this node offers and accepts is not looked after while tailscaled, which is there, refuses this: ${why}. Look at its log ` +
      "(journalctl -u tailscaled); it is tried again by itself",
  }),
  TailscaleStopped: kind<object>({
    ...harmless,
    title: "tailscaled is stopped",
    visibleAfterMs: restartMs,
    text: () => "Pods of this node reach no other node's: tailscaled was told to stop. Run tailscale up",
  }),
  /** `isRunning`: tailscaled still calls itself so, and a plain `tailscale up` would do nothing. */
  TailscaleNeedsLogin: kind<{ readonly why: string; readonly isRunning: boolean }>({
    ...harmless,
    title: "tailscaled is not logged in",
    visibleAfterMs: restartMs,
    text: ({ why, isRunning }) =>
      `Pods of this node reach no other node's: ${why}. Run tailscale up ${isRunning ? "--force-reauth " : ""}--login-server=URL, or set ` +
      "tailscale.login.server and tailscale.login.authKeyFile",
  }),
  TailscaleLoginRefused: kind<{ readonly server: string; readonly why: string; readonly file: string }>({
    ...harmless,
    title: "The control server does not let this node in",
    // tailscaled goes on saying why the last key was refused until it has an answer for the new one.
    visibleAfterMs: 3000,
    text: ({ server, why, file }) =>
      `${server} refuses the key in ${file}: ${why}. Make a new key (headscale preauthkeys create) and write it there; it is tried as ` +
      "soon as the file changes, and now and then",
  }),
  TailscaleKeyUnusable: kind<Failure>({
    ...harmless,
    title: "The key to log in with cannot be read",
    text: ({ why, hint }) => `This node cannot join the tailnet. ${why}. ${asSentence(hint ?? "put the file there")}`,
  }),
  TailscaleControlUnreachable: kind<{ readonly server: string; readonly why: string; readonly isJoined: boolean }>({
    ...harmless,
    title: "The control server is out of reach",
    visibleAfterMs: 15_000,
    text: ({ server, why, isJoined }) =>
      (isJoined
        ? "Pods still reach each other for as long as the control server counts this node as online; new nodes and routes are not seen"
        : "Pods of this node reach no other node's") +
      `: ${why}. Look whether ${server} runs and whether this node reaches it; it is tried again by itself`,
  }),
  TailscaleStatefulFiltering: kind<{ readonly why: string }>({
    ...harmless,
    title: "tailscaled drops what other nodes' pods send",
    text: ({ why }) =>
      `Stateful filtering is on and cannot be turned off: ${why}. Run tailscale set --stateful-filtering=false, and look for a policy ` +
      "that forces it",
  }),
  TailscaleShieldsUp: kind<object>({
    ...harmless,
    title: "tailscaled refuses what other nodes send",
    text: () =>
      "Other nodes reach no pod of this node, while its own pods reach theirs: shields are up, so tailscaled refuses what other nodes send. " +
      "Run tailscale set --shields-up=false",
  }),
  TailscalePrefsRefused: kind<{ readonly prefs: readonly string[] }>({
    ...harmless,
    title: "tailscaled does not take what pods need",
    text: ({ prefs }) =>
      `${prefs.join("; ")}. Look for a policy or another program that sets the same; it is tried again by itself`,
  }),
  TailscalePrefsNotRecorded: kind<Failure>({
    ...harmless,
    title: "What HeadCNI changes in tailscaled cannot be recorded",
    text: ({ why, hint }) =>
      `Nothing is changed in tailscaled's prefs, for it could not be taken back: ${why}. ` +
      asSentence(hint ?? "make the folder writable; it is tried again by itself"),
  }),
  TailscaleTooOld: kind<{ readonly version: string }>({
    ...harmless,
    title: "tailscaled is older than HeadCNI knows",
    text: ({ version }) => `It is ${version}; ${oldestVersion} is the oldest that was tried. Update it`,
  }),
  TailscaleWithoutTun: kind<object>({
    ...harmless,
    title: "tailscaled has no network device",
    text: () =>
      "Pods of this node reach no other node's: tailscaled runs with --tun=userspace-networking. Start it with a device " +
      "(--tun=tailscale0), which needs /dev/net/tun and NET_ADMIN",
  }),
  TailscaledsCompete: kind<{ readonly sockets: readonly string[] }>({
    ...harmless,
    title: "Two tailscaled share this network namespace",
    text: ({ sockets }) =>
      `Programs listen on ${sockets.join(" and ")}. Each takes the other's rules and routes away: stop one of them, or give it a network ` +
      "namespace or --tun=userspace-networking",
  }),
  TailscaledDamaged: kind<TailnetDamage>({
    ...harmless,
    title: "Something removes what tailscaled has in the kernel",
    impactsConnectivity: true,
    text: ({ hasLostChains, lostRoutes, lostAddresses }) => {
      const gone = [...lostRoutes, ...lostAddresses];
      const routes = gone.length === 0 ? [] : [`the routes to ${gone.join(", ")} in table 52`];
      const lost = [...(hasLostChains ? ["its chains (ts-forward) in iptables"] : []), ...routes].join(" and ");
      const tried =
        hasLostChains || lostRoutes.length > 0
          ? "having it write them anew did not last"
          : "nothing brings back routes to peers' own addresses but taking the node off the tailnet for a moment, which tailscale.mayReconnect allows";
      return (
        `tailscaled has lost ${lost}, and does not put them back itself; ${tried}. Restart it ` +
        "(systemctl restart tailscaled), and find what removes them (nft monitor, ip monitor route)"
      );
    },
  }),
} as const;

export const condition = conditionsOf(tailscaleConditions);
