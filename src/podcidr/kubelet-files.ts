// Where this node's kubelet reads its configuration from: what the command of its service says, else the usual places.

import { createServices, flagValue, type Word } from "../runtime/service-command.ts";
import { expected } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";

export interface KubeletFiles {
  /** `--config` */
  readonly config: string;
  /**
   * `--config-dir`: files with `.conf` at the end, at any depth, each over the ones before it in order of name and over `config`
   * (https://kubernetes.io/docs/tasks/administer-cluster/kubelet-config-file/). undefined when the kubelet reads none.
   */
  readonly configDir: string | undefined;
}

/** Where kubeadm puts them, and the directory Kubernetes' documentation names. */
export const usualKubeletFiles: KubeletFiles = {
  config: "/var/lib/kubelet/config.yaml",
  configDir: "/etc/kubernetes/kubelet.conf.d",
};

/** Without a unit the kubelet is started by something else: the usual places are the best guess. */
export function kubeletFiles(system: System): KubeletFiles {
  const words = kubeletWords(system);
  if (words.length === 0) return usualKubeletFiles;
  return {
    config: absolute(flagValue(words, "--config")) ?? usualKubeletFiles.config,
    configDir: absolute(flagValue(words, "--config-dir")),
  };
}

function kubeletWords(system: System): readonly Word[] {
  try {
    return createServices(system)("kubelet.service").words;
  } catch (error) {
    // Units that must not be looked at: as if there were none.
    expected(error);
    system.log.debug(`Did not look for the kubelet's unit: ${error.message}`);
    return [];
  }
}

/** A path that needs nothing put in. */
function absolute(word: Word | undefined): string | undefined {
  if (word === undefined || !/^(?:\/[^/$%]+)+\/?$/.test(word.text)) return undefined;
  return word.text.replace(/\/$/, "");
}
