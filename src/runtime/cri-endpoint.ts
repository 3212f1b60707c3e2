// The CRI socket that the kubelet of this node is set to use: by k3s or RKE2, or by the kubelet's own flags and files. Its built-in
// default is no evidence and not among them.

import type { KubeletSettings } from "../programs/kubelet-settings.ts";
import type { Setting } from "../programs/program-settings.ts";
import type { RancherSettings } from "../programs/rancher-settings.ts";
import type { Place } from "../programs/word.ts";

/** A socket's path on the node, without scheme, `/run` for `/var/run`, and the place that names it. */
export interface CriEndpoint extends Place {
  readonly path: string;
}

const flag = "container-runtime-endpoint";

/** What k3s or RKE2 were given instead of their own containerd. */
export function rancherEndpoint(programs: readonly RancherSettings[]): CriEndpoint | undefined {
  return programs.map(({ settings }) => toEndpoint(settings.one(flag))).find((endpoint) => endpoint !== undefined);
}

/** What the kubelet was given. */
export function kubeletEndpoint({ settings }: KubeletSettings): CriEndpoint | undefined {
  return toEndpoint(settings.one(flag));
}

function toEndpoint(setting: Setting | undefined): CriEndpoint | undefined {
  if (setting === undefined || setting.value === "") return undefined;
  const { value, file, line } = setting;
  return { path: value.replace(/^unix:(\/\/)?/, "").replace(/^\/var\/run\//, "/run/"), file, line };
}
