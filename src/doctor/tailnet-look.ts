// The tailnet and the mesh as one look shows them: the node's tailscaled is asked, and nothing is set in it.

import { tryParsePrefix } from "../cidr/prefix.ts";
import type { Config } from "../config/config.ts";
import { buildMesh, type Mesh } from "../mesh/mesh.ts";
import { expected, HeadcniError } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";
import type { Tailnet } from "../tailnet/tailnet.ts";
import { competingSockets } from "../tailscale/competing-sockets.ts";
import { describeRefusal, isRefusal } from "../tailscale/local-api/api-refusal.ts";
import { connectLocalApi, type LocalApi } from "../tailscale/local-api/local-api.ts";
import type { TailscalePrefs } from "../tailscale/local-api/tailscale-prefs.ts";
import type { TailscaleStatus } from "../tailscale/local-api/tailscale-status.ts";
import { toTailnet } from "../tailscale/to-tailnet.ts";
import type { NodePlan } from "./node-plan.ts";

export interface TailnetLook {
  readonly status: TailscaleStatus;
  readonly prefs: TailscalePrefs;
  readonly tailnet: Tailnet;
  /** Of all tailscaled of this network namespace, when there is more than one. */
  readonly sockets: readonly string[];
}

export type ReadyTailnet = Extract<Tailnet, { readonly self: unknown }>;

export interface MeshLook {
  readonly tailnet: ReadyTailnet;
  readonly mesh: Mesh;
}

/**
 * Asks tailscaled. The paths to other nodes are those of this moment: they are pinged first, so that one that slept is awake.
 * @throws HeadcniError HC_DOCTOR_SKIPPED when it does not answer, with `why` in its details, or refuses, with `isRefusal` too; when the configuration wants none, without
 */
export async function examineTailnet(
  system: System,
  { enabled, socket }: Config["tailscale"],
  signal: AbortSignal,
): Promise<TailnetLook> {
  if (enabled === false) throw new HeadcniError("HC_DOCTOR_SKIPPED", "tailscale.enabled is false");
  try {
    using api = await connectLocalApi(system, socket);
    return await ask(system, api, signal);
  } catch (error) {
    expected(error);
    if (isRefusal(error)) {
      const why = describeRefusal(error);
      throw new HeadcniError("HC_DOCTOR_SKIPPED", "tailscaled refuses what it is asked", {
        details: { why, isRefusal: true },
        hint: `${why}; look at its log (journalctl -u tailscaled)`,
      });
    }
    throw new HeadcniError("HC_DOCTOR_SKIPPED", "tailscaled does not answer", {
      details: { why: error.message },
      hint: `${error.message}; start it (systemctl start tailscaled), or name its socket with tailscale.socket`,
    });
  }
}

async function ask(system: System, api: LocalApi, signal: AbortSignal): Promise<TailnetLook> {
  const [first, prefs, sockets] = await Promise.all([
    api.status(signal),
    api.prefs(signal),
    competingSockets(system, api.socket, signal),
  ]);
  const advertised = prefs.advertiseRoutes.flatMap((route) => tryParsePrefix(route) ?? []);
  const targets = first.peers
    .filter((peer) => peer.isOnline && peer.currentAddress === "" && peer.primaryRoutes.length > 0)
    .flatMap(({ addresses }) => addresses[0]?.toString() ?? [])
    .slice(0, maxPings);
  await Promise.allSettled(targets.map((address) => api.ping(address, signal)));
  const status = targets.length === 0 ? first : await api.status(signal);
  return { status, prefs, sockets, tailnet: toTailnet(status, { own: advertised }) };
}

/** A doctor is waited for. */
const maxPings = 16;

/** @throws HeadcniError HC_DOCTOR_SKIPPED without a network map */
export function meshOf({ tailnet }: TailnetLook, { plan, answer }: NodePlan, config: Config): MeshLook {
  if (!("self" in tailnet)) throw new HeadcniError("HC_DOCTOR_SKIPPED", tailnet.why);
  const { podCIDRs } = plan.adoption.effective;
  const { nodeTags } = config.tailscale;
  const mesh = buildMesh({ tailnet, own: podCIDRs, clusterCIDRs: answer.clusterCIDRs, nodeTags, previous: [] });
  return { tailnet, mesh };
}
