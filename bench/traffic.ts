// The two ends of a measurement, each a process in a namespace of its own. Ends when it is told to, or has what it was started for.
//   bun bench/traffic.ts serve                     floods who connects, gives back what comes by TCP and by UDP
//   bun bench/traffic.ts receive ADDRESS SECONDS   prints the Mbit/s that came
//   bun bench/traffic.ts rtt ADDRESS COUNT         prints the milliseconds of each round trip of a byte, as JSON
//   bun bench/traffic.ts probe ADDRESS FROM        prints the time of each answer: one is asked for every 20 ms

const ports = { flood: 5101, echo: 5102, probe: 5103 } as const;
const [mode, address = "", third = ""] = process.argv.slice(2);
/** The time until a connection runs at its full rate. */
const warmUpMs = 1000;
const probeEveryMs = 20;

switch (mode) {
  case "serve":
    await serve();
    break;
  case "receive":
    console.log(await receive(Number(third) * 1000));
    break;
  case "rtt":
    console.log(JSON.stringify(await roundTrips(Number(third))));
    break;
  case "probe":
    await probe(third);
    break;
  default:
    throw new Error(`Unknown mode ${mode}: see the top of this file`);
}

async function serve(): Promise<void> {
  const hostname = "0.0.0.0";
  const chunk = new Uint8Array(1 << 18);
  const flood = (socket: { write(data: Uint8Array): number }): void => {
    while (socket.write(chunk) === chunk.length);
  };
  Bun.listen({ hostname, port: ports.flood, socket: { open: flood, drain: flood, data: () => undefined } });
  Bun.listen({
    hostname,
    port: ports.echo,
    socket: {
      open: (socket) => void socket.setNoDelay(true),
      data: (socket, data) => void socket.write(data),
    },
  });
  await Bun.udpSocket({
    hostname,
    port: ports.probe,
    socket: {
      data: (socket, data, port, from) => void socket.send(data, port, from),
      // A node whose route is gone, or that has closed its socket, is told by ICMP. Without a handler that ends the process.
      error: () => undefined,
    },
  });
  console.log("ready");
}

async function receive(forMs: number): Promise<number> {
  let bytes = 0;
  const socket = await Bun.connect({
    hostname: address,
    port: ports.flood,
    socket: {
      data: (_, data) => {
        bytes += data.length;
      },
    },
  });
  await Bun.sleep(warmUpMs);
  const [startedAt, before] = [performance.now(), bytes];
  await Bun.sleep(forMs);
  const mbits = ((bytes - before) * 8) / 1e6 / ((performance.now() - startedAt) / 1000);
  socket.terminate();
  return mbits;
}

async function roundTrips(count: number): Promise<readonly number[]> {
  const times: number[] = [];
  const byte = new Uint8Array(1);
  const { promise: done, resolve } = Promise.withResolvers<void>();
  let sentAt = 0;
  const socket = await Bun.connect({
    hostname: address,
    port: ports.echo,
    socket: {
      open: (opened) => void opened.setNoDelay(true),
      data: (open) => {
        times.push(performance.now() - sentAt);
        if (times.length === count) return resolve();
        sentAt = performance.now();
        open.write(byte);
      },
    },
  });
  sentAt = performance.now();
  socket.write(byte);
  await done;
  socket.terminate();
  return times;
}

/** Waits for the address to send from, and goes on through whatever refuses to send. */
async function probe(from: string): Promise<never> {
  const data = (): void => console.log(Date.now());
  let socket: Bun.udp.Socket<"buffer"> | undefined;
  for (;;) {
    try {
      socket ??= await Bun.udpSocket({ hostname: from, socket: { data, error: () => undefined } });
      socket.send("?", ports.probe, address);
    } catch {
      // No such address yet, or no way there at this moment: that is what is measured.
    }
    await Bun.sleep(probeEveryMs);
  }
}
