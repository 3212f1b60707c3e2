// What tests of the node's name share: certificates as a kubelet has them, and readings of a node that has nothing.

import type { Setting } from "../programs/program-settings.ts";
import { ok } from "../sys/result.ts";
import type { CertificateFacts } from "./der.ts";
import type { NodeReadings } from "./readings.ts";

/** A cluster's authority signed them, made with openssl 3: an EC key, valid until 2051; an RSA key, until 2081. */
export const certificates = {
  "worker-7.example": `-----BEGIN CERTIFICATE-----
MIIBTzCB9gIUcYHDnGnVNRrRXGE/Y+sEiDoRTf4wCgYIKoZIzj0EAwIwFTETMBEG
A1UEAwwKa3ViZXJuZXRlczAgFw0yNjExMjYxNzExMDVaGA8yMDUxMDcxODE3MTEw
NVowPjEVMBMGA1UECgwMc3lzdGVtOm5vZGVzMSUwIwYDVQQDDBxzeXN0ZW06bm9k
ZTp3b3JrZXItNy5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEv2r8
pskCpP3UWK13ExcJneiPCD6bZ2/L0MA0r6jGjSmww61J1LFB3DZlDhfBRaoFmlRc
in2EEGOQJVk6zf/ZVjAKBggqhkjOPQQDAgNIADBFAiEA46AceyqciLSdKm1gu6o8
VcbfztEfE4wje1t4gSk3kQUCICECXNAEmJBiOn9MfJGPPaDSgw4W0FOlkrSn7+AE
b9PX
-----END CERTIFICATE-----
`,
  "worker-8": `-----BEGIN CERTIFICATE-----
MIICEzCCAbkCFGug6S4flNTQzH35dvBkg2NV8IB9MAoGCCqGSM49BAMCMBUxEzAR
BgNVBAMMCmt1YmVybmV0ZXMwIBcNMjYxMTI2MTcxMTA2WhgPMjA4MTA4MjkxNzEx
MDZaMDYxFTATBgNVBAoMDHN5c3RlbTpub2RlczEdMBsGA1UEAwwUc3lzdGVtOm5v
ZGU6d29ya2VyLTgwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQDNonYR
O8QvcYTDpHdboeFmQam3BkD/n5sJUmvMbNkNFho1aMvqZp69sYF9yShRti9rM8C4
btPIuD4zTQjTccYh7+z+AX/qQpNbaMyLvqD4/IkvqDcu7hVr289MKwg5cczgLMhY
efSbUGZITap5ZSAmiGL8KA/PeYs+xPLAMEKXnDDXpNw6Xlz69zRol36BXatjP5k4
W833r/DY0z/2I0iR9rsCHO0zDYmVulo/kE1qac/dO9DnSYMHwmi35GzCdgx1Ng4G
UnVByRhO0xSHflCiPfAJKPaiIXaAyUgFleusSuuFJumMtgSmlJNhceAB0/2BKKhu
4fCkdWRb9FTTJduZAgMBAAEwCgYIKoZIzj0EAwIDSAAwRQIhAPrXq7haQOZbK0Oy
HGIwKE9ch85vGSGPezKdXTyPJeIaAiAU0K29cgEZ+vSH9ah+J8zf0qD2q2ASu7z+
mjF8yYGeGg==
-----END CERTIFICATE-----
`,
} as const;

/** What a node says, by path, and by program and name as `k3s node-name`, `k3s kubelet-arg hostname-override`. */
export interface NodeParts extends Partial<Omit<NodeReadings, "settings" | "text" | "certificate">> {
  readonly settings?: Readonly<Record<string, string | Setting>>;
  readonly texts?: Readonly<Record<string, string>>;
  readonly certificates?: Readonly<Record<string, CertificateFacts>>;
}

/** Readings of a node that says what `parts` say, and has the kernel's host name `kernel`. */
export function readingsOf({ settings = {}, texts = {}, certificates: known = {}, ...parts }: NodeParts): NodeReadings {
  const look = (key: string): Setting | undefined => {
    const value = settings[key];
    return typeof value === "string" ? { value, file: `/settings/${key.replaceAll(" ", "/")}`, line: 1 } : value;
  };
  return {
    flag: undefined,
    env: undefined,
    config: undefined,
    kernelName: () => "kernel",
    isThisMachine: true,
    nowMs: Date.UTC(2026, 0, 1),
    ...parts,
    settings: (program) => ({
      one: (name) => look(`${program} ${name}`),
      passedOn: (list, flag) => look(`${program} ${list} ${flag}`),
    }),
    text: (path) => ok(texts[path]),
    certificate: (path) => ok(known[path]),
  };
}
