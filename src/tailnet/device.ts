// What tailscaled calls its network device.

/** Without `--tun`, the name it has on Linux (tailscale.com/cmd/tailscaled, defaultTunName). */
export const tailscaleDevice = "tailscale0";
