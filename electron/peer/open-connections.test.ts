import { describe, expect, it } from 'vitest'
import { ManualTimers } from '../../tests/fakes/manual-timers.ts'
import { OpenConnections } from './open-connections.ts'
import { IdentifierSpace } from './protocol/identifier.ts'

const id = new IdentifierSpace(8).fromBigInt(7n)
const at = (way: string) => ({ id, ways: [way] })

/** Time stands still until the test lets the waits end. */
class Bench {
  readonly #timers = new ManualTimers()
  readonly open = new OpenConnections(this.#timers)

  connect(way: string) {
    const connection = {
      activity: 0,
      destroyed: false,
      closed: (): void => undefined,
      destroy() {
        this.destroyed = true
        this.closed()
      },
      onClose(listener: () => void) {
        this.closed = listener
        return () => undefined
      },
    }
    this.open.add(connection, at(way))
    return connection
  }

  endWaits(): void {
    this.#timers.advance(10_000)
  }

  get waits(): number {
    return this.#timers.waiting
  }
}

describe('open connections', () => {
  it('are given up when their machine is elsewhere and they are silent', () => {
    const bench = new Bench()
    const [silent, busy] = [bench.connect('10.0.0.1:1'), bench.connect('10.0.0.1:1')]
    bench.open.look([at('10.0.0.1:1')])
    expect(bench.waits).toBe(0)
    bench.open.look([at('10.0.0.2:1')])
    const later = bench.connect('10.0.0.2:1')
    busy.activity++
    bench.endWaits()
    expect([silent.destroyed, busy.destroyed, later.destroyed]).toEqual([true, false, false])
    bench.endWaits()
    expect([busy.destroyed, later.destroyed]).toEqual([true, false])
    bench.open.look([at('10.0.0.2:1')])
    expect(bench.waits).toBe(0)
  })

  it('stand with the place they were opened to, though they were at rest meanwhile', () => {
    const bench = new Bench()
    const connection = bench.connect('10.0.0.1:1')
    bench.open.add(connection, at('10.0.0.2:1'))
    bench.open.look([at('10.0.0.2:1')])
    bench.endWaits()
    expect(connection.destroyed).toBe(true)
  })

  it('end at once with the death of their machine', () => {
    const bench = new Bench()
    const connection = bench.connect('10.0.0.1:1')
    bench.open.hangUp(id)
    expect(connection.destroyed).toBe(true)
  })
})
