// What Kubernetes takes for a node's name. Pure.

/** The longest name, in characters. */
export const maxNodeNameLength = 253;

/** An RFC 1123 subdomain. */
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** A node's name as the kubelet takes it, whatever was written: in lower case and without spaces around it. */
export function normalizeNodeName(written: string): string {
  return written.trim().toLowerCase();
}

/** Whether Kubernetes would take a normalized name; the empty one is none. */
export function isNodeName(name: string): boolean {
  return name.length <= maxNodeNameLength && subdomain.test(name);
}
