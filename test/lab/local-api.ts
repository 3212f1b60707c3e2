// LocalAPI in front of a lab tailscaled, over a real unix socket in its node, with the answers and errors tailscaled was seen to give.

import * as fs from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { dirname } from "../../src/sys/fs/path.ts";
import { isJsonObject, type JsonObject } from "../../src/sys/json.ts";
import { tailscaleSocket } from "../harness/tailnet/tailscaled.ts";
import type { LabNode } from "./control.ts";
import type { LabTailscaled, Notify } from "./tailscaled.ts";

export interface LocalApiServer {
  stop(): Promise<void>;
}

const prefix = "/localapi/v0/";
type Handler = (body: string, url: URL) => Promise<Response> | Response;

export function serveLocalApi(lab: LabTailscaled): LocalApiServer {
  const path = lab.node.path(tailscaleSocket);
  fs.mkdirSync(dirname(path), { recursive: true });
  fs.rmSync(path, { force: true });
  const calls: Readonly<Record<string, Handler>> = {
    "GET status": (_, url) => json(statusOf(lab, url.searchParams.get("peers") !== "false")),
    "GET prefs": () => json(lab.prefs),
    "PATCH prefs": (body) => edit(lab, parse(body)),
    "POST start": async (body) => {
      const { AuthKey, UpdatePrefs } = parse(body);
      if (!isJsonObject(UpdatePrefs)) return text("no UpdatePrefs", 400);
      await lab.startWith(typeof AuthKey === "string" ? AuthKey : "", UpdatePrefs);
      return new Response(null, { status: 204 });
    },
    "POST login-interactive": async () => {
      // tailscaled answers before the control server has.
      void lab.logInInteractive();
      return new Response(null, { status: 204 });
    },
    "POST ping": (_, url) => json(pong(lab, url.searchParams.get("ip") ?? "")),
    "GET watch-ipn-bus": (_, url) =>
      new Response(bus(lab, Number(url.searchParams.get("mask"))), { headers: { "Content-Type": "application/json" } }),
    "GET check-ip-forwarding": () => json({ Warning: "" }),
  };
  // Node's server: a watch may be silent for longer than Bun's own lets a request be over a socket.
  const server = createServer((incoming, outgoing) => {
    answer(lab, calls, incoming)
      .then((response) => send(response, outgoing))
      .catch((error: unknown) => outgoing.destroy(error instanceof Error ? error : undefined));
  });
  server.requestTimeout = 0;
  server.listen(path);
  return {
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      fs.rmSync(path, { force: true });
    },
  };
}

async function answer(
  lab: LabTailscaled,
  calls: Readonly<Record<string, Handler>>,
  incoming: IncomingMessage,
): Promise<Response> {
  const { method = "GET", headers } = incoming;
  const url = new URL(incoming.url ?? "/", "http://local-tailscaled.sock");
  if (headers.origin !== undefined || headers.referer !== undefined) return text("invalid localapi request", 403);
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  const call = calls[`${method} ${url.pathname.replace(prefix, "")}`];
  const response =
    call === undefined ? text("404 page not found", 404) : await call(Buffer.concat(chunks).toString(), url);
  response.headers.set("Tailscale-Version", lab.version);
  response.headers.set("Tailscale-Cap", "142");
  return response;
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.flushHeaders();
  const reader = response.body?.getReader();
  outgoing.on("close", () => void reader?.cancel());
  for (;;) {
    const { done = true, value } = (await reader?.read()) ?? {};
    if (done || value === undefined) break;
    outgoing.write(value);
  }
  outgoing.end();
}

function parse(text: string): JsonObject {
  const body: unknown = JSON.parse(text);
  if (!isJsonObject(body)) throw new Error("The body is no object");
  return body;
}

async function edit(lab: LabTailscaled, masked: Record<string, unknown>): Promise<Response> {
  const routes = masked.AdvertiseRoutes;
  const wrong = Array.isArray(routes) ? routes.find((route) => !String(route).includes("/")) : undefined;
  if (wrong !== undefined) return text(`netip.ParsePrefix("${wrong}"): no '/'`, 400);
  if (typeof masked.NoStatefulFiltering === "string") return text("invalid opt.Bool value", 400);
  await lab.edit(masked);
  return json(lab.prefs);
}

function statusOf(lab: LabTailscaled, withPeers: boolean): object {
  const { self } = lab;
  const peers = lab.peers().map((peer) => [`nodekey:${String(peer.id).padStart(64, "0")}`, peerOf(lab, peer)]);
  return {
    Version: lab.version,
    TUN: true,
    BackendState: lab.backendState,
    ...(self === undefined ? {} : { HaveNodeKey: true }),
    AuthURL: "",
    TailscaleIPs: self?.addresses ?? null,
    Self: {
      ID: self === undefined ? "" : String(self.id),
      HostName: self?.name ?? lab.node.name,
      DNSName: self === undefined ? "" : `${self.name}.lab.internal.`,
      TailscaleIPs: self?.addresses ?? null,
      Tags: self?.tags ?? null,
      // Not to be trusted, so it never says anything here.
      PrimaryRoutes: null,
      Online: self?.isOnline ?? false,
      KeyExpiry: lab.says.keyExpiry ?? null,
      InNetworkMap: self !== undefined,
      CurAddr: "",
      Relay: "lab",
    },
    Health: lab.health,
    ...(withPeers ? { Peer: peers.length === 0 ? null : Object.fromEntries(peers) } : {}),
  };
}

function peerOf(lab: LabTailscaled, peer: LabNode): object {
  const served = lab.primaryRoutes(peer.id);
  return {
    ID: String(peer.id),
    HostName: peer.name,
    DNSName: `${peer.name}.lab.internal.`,
    TailscaleIPs: peer.addresses,
    AllowedIPs: [...peer.addresses, ...served],
    Tags: peer.tags,
    PrimaryRoutes: served.length === 0 ? null : served,
    Online: peer.isOnline,
    CurAddr: peer.isOnline && lab.says.isRelayed !== true ? `192.0.2.${peer.id}:41641` : "",
    Relay: "lab",
    Active: true,
    InEngine: true,
  };
}

/** Of nodes that have ended, too: with what they offered last. */
function netMapOf(lab: LabTailscaled, mask: number): object | null {
  if ((mask & initialNetMap) === 0 || lab.self === undefined) return null;
  const peers = lab.peers().map(({ id, name, addresses, advertised }) => ({
    ID: id,
    StableID: String(id),
    Name: `${name}.lab.internal.`,
    Addresses: addresses,
    Hostinfo: { RoutableIPs: advertised.length === 0 ? null : advertised },
  }));
  return { SelfNode: { Hostinfo: { RoutableIPs: lab.self.advertised } }, Peers: peers };
}

function pong(lab: LabTailscaled, ip: string): object {
  const peer = lab.peers().find(({ addresses }) => addresses.includes(ip));
  if (peer === undefined) return { IP: ip, Err: "no matching peer" };
  return {
    IP: ip,
    NodeIP: ip,
    NodeName: peer.name,
    LatencySeconds: 0.001,
    Endpoint: `192.0.2.${peer.id}:41641`,
    Err: "",
  };
}

/** Bit of the mask that asks for the whole network map in the first line. */
const initialNetMap = 8;

/** JSON lines; the first says what is now. */
function bus(lab: LabTailscaled, mask: number): ReadableStream<string> {
  let stop = (): void => undefined;
  return new ReadableStream<string>({
    start: (controller) => {
      const say = (notify: Notify): void => controller.enqueue(`${JSON.stringify(notify)}\n`);
      say({
        Version: lab.version,
        State: lab.backendState === "Running" ? 6 : 4,
        Prefs: lab.prefs,
        NetMap: netMapOf(lab, mask),
      });
      stop = lab.listen(say);
    },
    cancel: () => stop(),
  });
}

function json(value: unknown): Response {
  return new Response(`${JSON.stringify(value)}\n`, { headers: { "Content-Type": "application/json" } });
}

function text(message: string, status: number): Response {
  return new Response(`${message}\n`, { status });
}
