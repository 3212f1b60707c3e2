// The API server that a kubeconfig's current context names, and the user it is asked as: a token or a client certificate. What would
// run a program (exec, auth-provider), ask through another server, or trust without looking is refused by name.

import { splitDocuments } from "../podcidr/text/documents.ts";
import { child, itemsOf, type Tree, textAt } from "../podcidr/text/tree.ts";
import { expected } from "../sys/errors.ts";
import type { Files } from "../sys/fs/files.ts";
import { dirname, join } from "../sys/fs/path.ts";
import type { ClientIdentity } from "../sys/net/http.ts";
import { fault, ok, type Result } from "../sys/result.ts";
import { readOwnersText, readSecret, refuseOpenFile, Secret } from "../sys/secret.ts";
import type { ApiServer, NoApiServer } from "./api-server.ts";

const maxBytes = 1 << 20;

/** @param path as the configuration names it */
export function kubeconfigServer(files: Files, path: string): Result<ApiServer, NoApiServer> {
  const refuse = (why: string, hint: string) => fault({ why: `${path} cannot be used: ${why}`, hint });
  try {
    const text = new TextDecoder().decode(files.read(path, maxBytes));
    const config = splitDocuments(text).flatMap(({ tree }) => tree ?? [])[0];
    const context = named(config, "contexts", textAt(config, "current-context"));
    const cluster = child(named(config, "clusters", textAt(context, "context", "cluster")), "cluster");
    const user = child(named(config, "users", textAt(context, "context", "user")), "user");
    if (cluster === undefined || user === undefined) {
      return refuse(
        "its current-context names no cluster and user of it",
        "set one with kubectl config use-context NAME",
      );
    }
    const unknown = refusedKey(cluster, user);
    if (unknown !== undefined) {
      return refuse(
        `HeadCNI does not take ${unknown}`,
        "name one with a token, or with a client certificate, and the CA",
      );
    }
    const at = (written: string): string => (written.startsWith("/") ? written : join(dirname(path), written));
    const read: Entry = { files, path, at };
    const as = identify(read, user);
    if (as.options.bearer === undefined && as.options.identity === undefined) {
      return refuse("its user has neither a token nor a client certificate with its key", "name one that has");
    }
    return ok({ target: targetOf(read, cluster), ...as });
  } catch (error) {
    expected(error);
    return fault({ why: error.message, hint: error.hint ?? "name a kubeconfig that this node has" });
  }
}

interface Entry {
  readonly files: Files;
  readonly path: string;
  /** A path in it, which is relative to its own directory. */
  at(written: string): string;
}

function targetOf({ path, at }: Entry, cluster: Tree): ApiServer["target"] {
  const data = textAt(cluster, "certificate-authority-data");
  const file = textAt(cluster, "certificate-authority");
  const origin = (textAt(cluster, "server") ?? "").replace(/\/+$/, "");
  if (data !== undefined) return { kind: "tcp", origin, caFile: path, ca: decode(data) };
  return { kind: "tcp", origin, ...(file !== undefined && { caFile: at(file) }) };
}

/** @throws HeadcniError for a file that cannot be read, or that others can read too */
function identify({ files, path, at }: Entry, user: Tree): Pick<ApiServer, "options" | "shown"> {
  const token = textAt(user, "token");
  const tokenFile = textAt(user, "tokenFile");
  if (tokenFile !== undefined) {
    return { options: { bearer: readSecret(files, at(tokenFile)) }, shown: `the token in ${at(tokenFile)}` };
  }
  if (token !== undefined) {
    refuseOpenFile(files, path);
    return { options: { bearer: new Secret(token.trim()) }, shown: `the token in ${path}` };
  }
  const { identity, from } = certificateOf({ files, path, at }, user);
  return { options: { identity }, shown: `the certificate in ${from}` };
}

/** The data counts where both are there, as kubectl has it. */
function certificateOf(
  { files, path, at }: Entry,
  user: Tree,
): { readonly identity: ClientIdentity | undefined; readonly from: string } {
  const [certificate, key] = ["client-certificate", "client-key"].map((name) => ({
    data: textAt(user, `${name}-data`),
    file: textAt(user, name),
  }));
  const certificateText = (): string | undefined => {
    if (certificate?.data !== undefined) return decode(certificate.data);
    return certificate?.file === undefined
      ? undefined
      : new TextDecoder().decode(files.read(at(certificate.file), maxBytes));
  };
  const keyText = (): string | undefined => {
    if (key?.data === undefined) return key?.file === undefined ? undefined : readOwnersText(files, at(key.file));
    refuseOpenFile(files, path);
    return decode(key.data);
  };
  const [pem, keyPem] = [certificateText(), keyText()];
  const from = certificate?.file === undefined || certificate.data !== undefined ? path : at(certificate.file);
  return {
    identity: pem === undefined || keyPem === undefined ? undefined : { certificate: pem, key: new Secret(keyPem) },
    from,
  };
}

/** What in the two would be left out, or must not be followed. */
function refusedKey(cluster: Tree, user: Tree): string | undefined {
  const server = textAt(cluster, "server") ?? "";
  if (!server.startsWith("https://")) return "a server that is not https://";
  if (textAt(cluster, "insecure-skip-tls-verify") === "true") return "insecure-skip-tls-verify";
  const others = ["proxy-url", "tls-server-name"].filter((key) => child(cluster, key) !== undefined);
  const users = ["exec", "auth-provider", "username", "as"].filter((key) => child(user, key) !== undefined);
  return [...others, ...users][0];
}

function named(config: Tree | undefined, list: string, name: string | undefined): Tree | undefined {
  return name === undefined ? undefined : itemsOf(child(config, list)).find((item) => textAt(item, "name") === name);
}

/** Undefined for what is no base64. */
function decode(base64: string): string | undefined {
  const text = base64.replaceAll(/\s/g, "");
  const isBase64 = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
  return isBase64 ? new TextDecoder().decode(Uint8Array.fromBase64(text)) : undefined;
}
