// An attachment: one interface of one container on one network. What leases and saved calls belong to.

export interface Attachment {
  readonly containerId: string;
  readonly ifname: string;
}

export interface AttachmentKey extends Attachment {
  /** The CNI network's name. */
  readonly network: string;
}
