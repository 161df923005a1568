/** Several ways to one machine, tried like happy eyeballs (RFC 8305): one after the other with a short head start each, first one wins. */

export interface RaceOptions {
  /** Head start of each way before the next is tried too. Default 250 ms. */
  readonly staggerMs?: number
  readonly signal?: AbortSignal
}

/**
 * The first result of `attempt` over `items`, best first. The losers' signals are aborted, and what they still yield goes to
 * `discard`. Rejects with the first failure's reason when all failed, at once when `signal` aborts.
 */
export async function raceStaggered<T, R>(
  items: readonly T[],
  attempt: { readonly start: (item: T, signal: AbortSignal) => Promise<R>; readonly discard: (result: R) => void },
  options: RaceOptions = {},
): Promise<R> {
  const controller = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, controller.signal]) : controller.signal
  const failures: Error[] = []
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise<R>((resolve, reject) => {
      let next = 0
      let won = false
      const startNext = (): void => {
        clearTimeout(timer)
        const item = items[next++]
        if (item === undefined || won || signal.aborted) return
        attempt.start(item, signal).then(
          (result) => {
            if (won || signal.aborted) {
              attempt.discard(result)
              return
            }
            won = true
            resolve(result)
          },
          (error: unknown) => {
            const failure = error instanceof Error ? error : new Error(String(error))
            failures.push(failure)
            if (failures.length === items.length) reject(failures[0] ?? failure)
            else startNext()
          },
        )
        timer = setTimeout(startNext, options.staggerMs ?? 250)
      }
      if (items.length === 0) reject(new Error('no way to it is known'))
      else if (signal.aborted) reject(signal.reason as Error)
      else {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error)
        })
        startNext()
      }
    })
  } finally {
    clearTimeout(timer)
    controller.abort()
  }
}
