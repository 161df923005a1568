/** Every wait of the ring that is not a parameter of it, with its reason. Milliseconds. */

export const timing = {
  /** An answer on a network never comes later than this if it comes at all; and never judge faster than a busy machine answers. */
  answerMinMs: 200,
  answerMaxMs: 2_000,
  /** Before a round trip was measured: who is slower than that is under suspicion for long enough to be heard. */
  answerUnknownMs: 500,
  /** An answer over a stream may need a connection first. */
  streamAnswerMinMs: 500,
  streamAnswerMaxMs: 2_000,
  streamAnswerUnknownMs: 1_000,
  /** A suspect that another watcher suspects too. */
  agreedSuspicionMs: 2_000,
  /** A suspect with one watcher. */
  soleSuspicionMs: 4_000,
  /** A suspect of whom no verdict came: look ourselves. */
  staleSuspicionMs: 10_000,
  /** A tick so late means that this machine slept or hung: what it thought of others then is void. */
  lateTickMs: 5_000,
  /** A tick so late means that this machine stood still: silence of others in that time says nothing. Three ticks. */
  stillTickMs: 300,
  /** A tick so late means that this machine is busy: it waits twice as long for others, for the time below. */
  busyTickMs: 1_000,
  busyForMs: 10_000,
  /**
   * Between two tries of some contact that died. Halves of a ring that lost each other, each with as many remembered that are gone
   * for good, are to be one again within a minute; it costs a machine 0.3 kbit/s while somebody is away.
   */
  deadRetryMs: 5_000,
  /** Between two tries of some members of an earlier run, until each was tried once. */
  untriedMs: 1_000,
  /** So long, at most, a peer that was started again takes nobody in but whom it remembers: its ring comes first. */
  seekMs: 10_000,
  /** While alone: somebody remembered may be back any moment. */
  aloneRetryMs: 2_000,
  /** How long the dead are remembered and tried: 7 days. */
  rememberDeadMs: 7 * 24 * 3_600_000,
  /** Beside an interval, so long lists of others may still name a peer that was seen to die: until its other watchers saw it. */
  staleListsMs: 10_000,
  /** Full comparison of the views with a random member, whatever the digests say: those of 32 bits may be equal by chance. */
  viewExchangeMs: 600_000,
  /** Views that hold a part of the ring only always differ: they are compared at most so often. */
  viewPartialMs: 30_000,
  /** The head is asked for its lists so often even when its digest says that nothing changed. */
  stabiliseMs: 60_000,
  /** Views that differ are compared at most so often: most differences are news still travelling. */
  viewMismatchMs: 3_000,
  /**
   * While this peer has news to pass on, so much for each member that a comparison tells of, but at least as long as without and so
   * seldom: with steady change there always is some, and a view with gaps must fill.
   */
  viewBusyMsPerMember: 100,
  viewBusyMs: 10_000,
  /** A join that was not answered: in the forwarded form it crosses the whole ring. */
  joinAnswerMs: 3_000,
  /** "Not ready": ask again. */
  joinAgainMs: 400,
  /** A person waits for a join so long. */
  joinMs: 20_000,
  /** A forwarded look-up that was not answered is sent again. */
  forwardedAnswerMs: 3_000,
  /** A look-up that finds nobody new to ask waits for the ring to repair itself. */
  lookupAgainMs: 500,
  /** A file's owner is found by then, or the look-up failed. */
  lookupMs: 15_000,
  /** After a loss, news of the new list waits so long for the new head's answer, to be told once. */
  settleMs: 1_500,
  /** Tables above their cap are pruned so often. */
  pruneMs: 10_000,
} as const

/** Numbers of things, with their reasons. */
export const counts = {
  /** Neighbours asked to probe a silent peer. */
  indirectProbes: 3,
  /** Contacts kept beside neighbours and fingers in a table above its cap. */
  pinned: 64,
  /** Fingers in each octave of distance. */
  fingersPerOctave: 16,
  /** Members greeted by a joiner at once, so that a small ring knows it within a round trip. */
  greeted: 16,
  /** While nothing happens, one round of so many pings more than the head: keeps a calm ring below 7 kbit/s a machine. */
  calmRounds: 3,
  /** Random members pinged each interval while there is news to pass on. */
  gossipTargets: 2,
  /** Members of an earlier run tried at once. */
  triedAtOnce: 4,
  /** Intervals for which it counts that a peer says it is our predecessor: it says so in each, over a network. */
  claimIntervals: 3.5,
  /** Peers that one join asks before it starts again. */
  joinHops: 32,
} as const
