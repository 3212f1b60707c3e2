// What an operator can do about a file system that refuses a write, by what the kernel said and by what this process may do.

import { type Capability, ownPrivileges, type Privileges } from "../process/privileges.ts";

const remedies: Readonly<Record<string, string>> = {
  EROFS: "mount it writable; in a pod, mount the host's folder without readOnly",
  ENOSPC: "free space on that file system; what was there before is still in force",
  EDQUOT: "free space on that file system; what was there before is still in force",
  ESTALE: "mount that file system again",
};

/** A sentence without its capital letter and period; undefined where the kernel's word says it all. */
export function refusalHint(errno: string | undefined, privileges?: Privileges): string | undefined {
  switch (errno) {
    case undefined:
      return undefined;
    case "EACCES":
      return accessHint(privileges ?? ownPrivileges());
    case "EPERM":
      return permissionHint(privileges ?? ownPrivileges());
    default:
      return remedies[errno];
  }
}

/** EACCES: permission bits, which CAP_DAC_OVERRIDE passes over, or a security policy, which nothing passes over. */
function accessHint({ isRoot, capabilities, isOfWholeMachine }: Privileges): string {
  if (!capabilities.has("DAC_OVERRIDE"))
    return isRoot ? `${grant(["DAC_OVERRIDE"])}, or let root's own permission bits allow it (ls -ld)` : "run as root";
  if (!isOfWholeMachine) return namespaceHint;
  return "root may do this, so SELinux, AppArmor or the server of a network file system forbids it: allow HeadCNI to write there";
}

/** EPERM: somebody else's file in a sticky directory, an owner that may not be given away, or an attribute. */
function permissionHint({ isRoot, capabilities, isOfWholeMachine }: Privileges): string {
  const attribute = "check for the immutable attribute with lsattr";
  const missing = (["CHOWN", "FOWNER"] as const).filter((name) => !capabilities.has(name));
  if (missing.length > 0) return `${isRoot ? grant(missing) : "run as root"}, or ${attribute}`;
  return isOfWholeMachine ? attribute : namespaceHint;
}

const namespaceHint =
  "root of a user namespace may not do this: run it as the machine's root (in a pod: hostUsers: true), or give the folder to its user";

function grant(names: readonly Capability[]): string {
  const capabilities = names.map((name) => `CAP_${name}`).join(" and ");
  return `give it ${capabilities} (in a pod: securityContext.capabilities.add: [${names.join(", ")}])`;
}
