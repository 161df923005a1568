/** How a peer is started. Everything else it remembers in its data folder. */

export interface PeerOptions {
  /** Absolute path of the data folder: identity, ring, settings, records, copies. One process per folder. */
  readonly dataFolder: string
  /** Address that the peer's UDP and TCP servers bind to. Default: all interfaces. */
  readonly host?: string
  /** Port of both servers; 0 or absent = the last one used, else any free. */
  readonly port?: number
  /**
   * Ways (`host:port`, IPv4 or IPv6 in brackets) told to the others instead of those of this machine's adapters, best first: for a
   * machine behind a forwarded port. Absent or empty = the adapters' own. Anything else is AppError('bad-argument').
   */
  readonly announce?: readonly string[]
  /** Name of this machine; absent = the one of the settings. */
  readonly machineName?: string
  /** Watched shared folder; null = none; absent = the one of the settings. */
  readonly sharedFolder?: string | null
  /** Folder of requested files; absent = the one of the settings. */
  readonly downloadsFolder?: string
  /** Copies of each file, when this start founds a ring. 1 to 8, default 3. Joined rings keep their founder's number. */
  readonly copies?: number
  /** Seconds before missing copies are made again when more than one is left; absent = the setting. */
  readonly repairDelaySeconds?: number
  /** Announce the ring on the local network and look for others; absent = the setting. */
  readonly discovery?: boolean
  /** Invite link to join by when this data folder has no ring yet, or only a ring of one without files. */
  readonly join?: string
  /** Fixed parameters instead of the default ring's: the classroom ring. */
  readonly classroom?: ClassroomOptions
  /** Where log lines go: a file in the data folder (default), standard error, or nowhere. */
  readonly log?: 'file' | 'stderr' | 'none'
}

/** The textbook ring: ids chosen by hand, everyone on loopback at port 12000 + id. */
export interface ClassroomOptions {
  readonly id: number
  /** First and second successor given by hand, or null when joining. */
  readonly successors: readonly [number, number] | null
  /** A peer to join through, or null when initialised by hand. */
  readonly knownPeer: number | null
  readonly pingIntervalMs: number
}
