// One daemon a network namespace. The bridge, the firewall rules and the status port are the namespace's, so two daemons that see
// different files, two pods for example, would undo each other's work. A name that the kernel keeps for the namespace tells them.

import { HeadcniError } from "../sys/errors.ts";
import { claimAbstractName } from "../sys/net/abstract-socket.ts";
import type { System } from "../sys/system.ts";

export interface NodeClaim extends Disposable {
  /** False where this host allows no such name: then the locked file alone keeps a second daemon out. */
  readonly isHeld: boolean;
}

/** What cannot be done beside a running daemon: `Cannot start`. */
export type Refused = `Cannot ${string}`;

/**
 * Claims this network namespace for the daemon of this root. A directory that plays a node has a name of its own.
 * @throws HeadcniError HC_DAEMON_RUNNING when a daemon has it
 */
export function claimNode({ files, log }: System, refused: Refused): NodeClaim {
  const name = claimName(files);
  const claim = claimAbstractName(name);
  switch (claim.kind) {
    case "held":
      return { isHeld: true, [Symbol.dispose]: () => claim[Symbol.dispose]() };
    case "refused":
      log.debug(`The name @${name} cannot be held: ${claim.why}`);
      return unheld;
    case "taken":
      // Any user can hold a name. Root's alone, or this process's own, is a daemon's.
      if (claim.uid !== undefined && claim.uid !== 0 && claim.uid !== files.owner.uid) {
        log.warn(
          "DaemonNameHeldByOther",
          `The name @${name} is held by user ${claim.uid}, which is no headcni-daemon's`,
          {
            hint: `find and end that process: ss -xlp | grep ${name}`,
          },
        );
        return unheld;
      }
  }
  const holder = claim.pid === 0 ? "in another container" : `process ${claim.pid}`;
  throw new HeadcniError("HC_DAEMON_RUNNING", `${refused}: another headcni-daemon runs on this node (${holder})`, {
    hint: `run one daemon a node: stop that one first; on the node, \`ss -xlp | grep ${name}\` names its process`,
    details: { pid: claim.pid },
  });
}

const unheld: NodeClaim = { isHeld: false, [Symbol.dispose]: () => undefined };

/** The same for every mount namespace that sees the same root. */
function claimName(files: System["files"]): string {
  const info = files.root === "/" ? undefined : files.stat("/");
  return info === undefined ? "headcni-daemon" : `headcni-daemon:${info.device}:${info.inode}`;
}
